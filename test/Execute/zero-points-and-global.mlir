// Zero points under a global scale, both given: what the codes and their values are
// under scales that have the global one in them. That is a power of two, so that
// either way is exact.
//
// RUN: rm -rf %t && mkdir -p %t && cd %t
// RUN: %python %S/../Tools/Inputs/files.py make %t
// DEFINE: %{target} = cpu
//
// DEFINE: %{run} = quant-run %s --target=%{target} --input=weights.npy
// DEFINE: %{compare} = \
// DEFINE:   %{run} --entry-point=both --output=b.safetensors:codes \
// DEFINE:     --output=b.safetensors:values --output=b.safetensors:one \
// DEFINE:     --output=b.safetensors:few --output=b.safetensors:many \
// DEFINE:     --output=b.safetensors:scaled --output=b.safetensors:rows16 \
// DEFINE:   && %{run} --entry-point=folded --output=f.safetensors:codes \
// DEFINE:     --output=f.safetensors:values --output=f.safetensors:one \
// DEFINE:     --output=f.safetensors:few --output=f.safetensors:many \
// DEFINE:     --output=f.safetensors:scaled --output=f.safetensors:rows16 \
// DEFINE:   && cmp b.safetensors f.safetensors
// RUN: %{compare}
// REDEFINE: %{target} = generic
// RUN: %{compare}

!plain = !quantx.scaled<ui4 : f32, f16 per 1x32, zero_point ui4>
!both = !quantx.scaled<ui4 : f32, f16 per 1x32, global f32, zero_point ui4>
!folded = !quantx.scaled<ui4 : f32, f32 per 1x32, zero_point ui4>
!both16 = !quantx.scaled<ui4 : f32, f16 per 1x32, global f32, zero_point ui4, packing rows16>
!folded16 = !quantx.scaled<ui4 : f32, f32 per 1x32, zero_point ui4, packing rows16>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// Scales and zero points, and elements in units of a quarter.
func.func private @choose(%x: tensor<24x64xf32>)
    -> (tensor<24x64xf32>, tensor<24x2xf16>, tensor<24x2xui4>) {
  %c = arith.constant dense<1.0e+03> : tensor<24x64xf32>
  %quarter = arith.constant dense<0.25> : tensor<24x64xf32>
  %low = arith.minimumf %x, %c : tensor<24x64xf32>
  %s, %z = quantx.choose_qparams %low using #quantx.minmax for !plain
    : tensor<24x64xf32> -> tensor<24x2xf16>, tensor<24x2xui4>
  %y = arith.mulf %low, %quarter : tensor<24x64xf32>
  return %y, %s, %z : tensor<24x64xf32>, tensor<24x2xf16>, tensor<24x2xui4>
}

func.func @both(%x: tensor<24x64xf32>)
    -> (tensor<24x32xi8>, tensor<24x64xf32>, tensor<1x24xf32>, tensor<3x24xf32>,
        tensor<24x24xf32>, tensor<24x24xf32>, tensor<3x24xf32>) {
  %g = arith.constant dense<0.25> : tensor<f32>
  %y, %s, %z = call @choose(%x)
    : (tensor<24x64xf32>) -> (tensor<24x64xf32>, tensor<24x2xf16>, tensor<24x2xui4>)
  %q = quantx.quantize %y, %s, %z, %g
    : tensor<24x64xf32>, tensor<24x2xf16>, tensor<24x2xui4>, tensor<f32>
   to tensor<24x64x!both>
  %p, %ps, %pz, %pg = quantx.disassemble %q
    : tensor<24x64x!both>
   to tensor<24x32xi8>, tensor<24x2xf16>, tensor<24x2xui4>, tensor<f32>
  %values = quantx.dequantize %q : tensor<24x64x!both> to tensor<24x64xf32>
  %a1 = tensor.extract_slice %x[0, 0] [1, 64] [1, 1]
    : tensor<24x64xf32> to tensor<1x64xf32>
  %a3 = tensor.extract_slice %x[4, 0] [3, 64] [1, 1]
    : tensor<24x64xf32> to tensor<3x64xf32>
  %zero = arith.constant 0.0 : f32
  %i1 = tensor.splat %zero : tensor<1x24xf32>
  %i3 = tensor.splat %zero : tensor<3x24xf32>
  %i24 = tensor.splat %zero : tensor<24x24xf32>
  %one = quantx.scaled_matmul ins(%a1, %q : tensor<1x64xf32>, tensor<24x64x!both>)
    outs(%i1 : tensor<1x24xf32>) -> tensor<1x24xf32>
  %few = quantx.scaled_matmul ins(%a3, %q : tensor<3x64xf32>, tensor<24x64x!both>)
    outs(%i3 : tensor<3x24xf32>) -> tensor<3x24xf32>
  %many = quantx.scaled_matmul ins(%x, %q : tensor<24x64xf32>, tensor<24x64x!both>)
    outs(%i24 : tensor<24x24xf32>) -> tensor<24x24xf32>
  %a = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<24x64xf32> to tensor<24x64x!int8>
  %scaled = quantx.scaled_matmul ins(%a, %q : tensor<24x64x!int8>, tensor<24x64x!both>)
    outs(%i24 : tensor<24x24xf32>) -> tensor<24x24xf32>
  %r = quantx.relayout %q : tensor<24x64x!both> to tensor<24x64x!both16>
  %rows16 = quantx.scaled_matmul ins(%a3, %r : tensor<3x64xf32>, tensor<24x64x!both16>)
    outs(%i3 : tensor<3x24xf32>) -> tensor<3x24xf32>
  return %p, %values, %one, %few, %many, %scaled, %rows16
    : tensor<24x32xi8>, tensor<24x64xf32>, tensor<1x24xf32>, tensor<3x24xf32>,
      tensor<24x24xf32>, tensor<24x24xf32>, tensor<3x24xf32>
}

func.func @folded(%x: tensor<24x64xf32>)
    -> (tensor<24x32xi8>, tensor<24x64xf32>, tensor<1x24xf32>, tensor<3x24xf32>,
        tensor<24x24xf32>, tensor<24x24xf32>, tensor<3x24xf32>) {
  %g = arith.constant dense<0.25> : tensor<24x2xf32>
  %y, %h, %z = call @choose(%x)
    : (tensor<24x64xf32>) -> (tensor<24x64xf32>, tensor<24x2xf16>, tensor<24x2xui4>)
  %wide = arith.extf %h : tensor<24x2xf16> to tensor<24x2xf32>
  %s = arith.mulf %wide, %g : tensor<24x2xf32>
  %q = quantx.quantize %y, %s, %z
    : tensor<24x64xf32>, tensor<24x2xf32>, tensor<24x2xui4>
   to tensor<24x64x!folded>
  %p, %ps, %pz = quantx.disassemble %q
    : tensor<24x64x!folded>
   to tensor<24x32xi8>, tensor<24x2xf32>, tensor<24x2xui4>
  %values = quantx.dequantize %q : tensor<24x64x!folded> to tensor<24x64xf32>
  %a1 = tensor.extract_slice %x[0, 0] [1, 64] [1, 1]
    : tensor<24x64xf32> to tensor<1x64xf32>
  %a3 = tensor.extract_slice %x[4, 0] [3, 64] [1, 1]
    : tensor<24x64xf32> to tensor<3x64xf32>
  %zero = arith.constant 0.0 : f32
  %i1 = tensor.splat %zero : tensor<1x24xf32>
  %i3 = tensor.splat %zero : tensor<3x24xf32>
  %i24 = tensor.splat %zero : tensor<24x24xf32>
  %one = quantx.scaled_matmul ins(%a1, %q : tensor<1x64xf32>, tensor<24x64x!folded>)
    outs(%i1 : tensor<1x24xf32>) -> tensor<1x24xf32>
  %few = quantx.scaled_matmul ins(%a3, %q : tensor<3x64xf32>, tensor<24x64x!folded>)
    outs(%i3 : tensor<3x24xf32>) -> tensor<3x24xf32>
  %many = quantx.scaled_matmul ins(%x, %q : tensor<24x64xf32>, tensor<24x64x!folded>)
    outs(%i24 : tensor<24x24xf32>) -> tensor<24x24xf32>
  %a = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<24x64xf32> to tensor<24x64x!int8>
  %scaled = quantx.scaled_matmul ins(%a, %q : tensor<24x64x!int8>, tensor<24x64x!folded>)
    outs(%i24 : tensor<24x24xf32>) -> tensor<24x24xf32>
  %r = quantx.relayout %q : tensor<24x64x!folded> to tensor<24x64x!folded16>
  %rows16 = quantx.scaled_matmul ins(%a3, %r : tensor<3x64xf32>, tensor<24x64x!folded16>)
    outs(%i3 : tensor<3x24xf32>) -> tensor<3x24xf32>
  return %p, %values, %one, %few, %many, %scaled, %rows16
    : tensor<24x32xi8>, tensor<24x64xf32>, tensor<1x24xf32>, tensor<3x24xf32>,
      tensor<24x24xf32>, tensor<24x24xf32>, tensor<3x24xf32>
}
