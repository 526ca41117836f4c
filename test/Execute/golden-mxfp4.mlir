// The E8M0 rules against vectors computed in float64 from the definitions: every
// scale and every code, bit for bit, for each target and thread count.
//
// DEFINE: %{tasks} = \
// DEFINE:   floor_b16=mxfp4_b16_{}_floor:codes,scale \
// DEFINE:   ceil_b16=mxfp4_b16_{}_ceil:codes,scale \
// DEFINE:   even_b16=mxfp4_b16_{}_even:codes,scale \
// DEFINE:   rceil_b16=mxfp4_b16_{}_rceil:codes,scale \
// DEFINE:   floor_b32=mxfp4_b32_{}_floor:codes,scale \
// DEFINE:   ceil_b32=mxfp4_b32_{}_ceil:codes,scale \
// DEFINE:   even_b32=mxfp4_b32_{}_even:codes,scale \
// DEFINE:   rceil_b32=mxfp4_b32_{}_rceil:codes,scale
// DEFINE: %{check} = %python %S/Inputs/check_golden.py %s %{tasks}
//
// RUN: %{check} | FileCheck %s
// RUN: %{check} -- --target=generic | FileCheck %s
// RUN: %{check} -- --threads=2 | FileCheck %s
//
// CHECK: floor_b16: 34816 values equal
// CHECK-NEXT: ceil_b16: 34816 values equal
// CHECK-NEXT: even_b16: 34816 values equal
// CHECK-NEXT: rceil_b16: 34816 values equal
// CHECK-NEXT: floor_b32: 33792 values equal
// CHECK-NEXT: ceil_b32: 33792 values equal
// CHECK-NEXT: even_b32: 33792 values equal
// CHECK-NEXT: rceil_b32: 33792 values equal

!b16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x16>
!b32 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @floor_b16(%x: tensor<32x256xf32>)
    -> (tensor<32x256xui4>, tensor<32x16xf8E8M0FNU>) {
  %q = quantx.dynamic_quantize %x using #quantx.floor
    : tensor<32x256xf32> to tensor<32x256x!b16>
  %p, %s = quantx.disassemble %q
    : tensor<32x256x!b16> to tensor<32x128xi8>, tensor<32x16xf8E8M0FNU>
  %c = quantx.unpack %p as #quantx.packing<linear>
    : tensor<32x128xi8> to tensor<32x256xui4>
  return %c, %s : tensor<32x256xui4>, tensor<32x16xf8E8M0FNU>
}

func.func @ceil_b16(%x: tensor<32x256xf32>)
    -> (tensor<32x256xui4>, tensor<32x16xf8E8M0FNU>) {
  %q = quantx.dynamic_quantize %x using #quantx.ceil
    : tensor<32x256xf32> to tensor<32x256x!b16>
  %p, %s = quantx.disassemble %q
    : tensor<32x256x!b16> to tensor<32x128xi8>, tensor<32x16xf8E8M0FNU>
  %c = quantx.unpack %p as #quantx.packing<linear>
    : tensor<32x128xi8> to tensor<32x256xui4>
  return %c, %s : tensor<32x256xui4>, tensor<32x16xf8E8M0FNU>
}

func.func @even_b16(%x: tensor<32x256xf32>)
    -> (tensor<32x256xui4>, tensor<32x16xf8E8M0FNU>) {
  %q = quantx.dynamic_quantize %x using #quantx.even
    : tensor<32x256xf32> to tensor<32x256x!b16>
  %p, %s = quantx.disassemble %q
    : tensor<32x256x!b16> to tensor<32x128xi8>, tensor<32x16xf8E8M0FNU>
  %c = quantx.unpack %p as #quantx.packing<linear>
    : tensor<32x128xi8> to tensor<32x256xui4>
  return %c, %s : tensor<32x256xui4>, tensor<32x16xf8E8M0FNU>
}

func.func @rceil_b16(%x: tensor<32x256xf32>)
    -> (tensor<32x256xui4>, tensor<32x16xf8E8M0FNU>) {
  %q = quantx.dynamic_quantize %x using #quantx.rceil
    : tensor<32x256xf32> to tensor<32x256x!b16>
  %p, %s = quantx.disassemble %q
    : tensor<32x256x!b16> to tensor<32x128xi8>, tensor<32x16xf8E8M0FNU>
  %c = quantx.unpack %p as #quantx.packing<linear>
    : tensor<32x128xi8> to tensor<32x256xui4>
  return %c, %s : tensor<32x256xui4>, tensor<32x16xf8E8M0FNU>
}

func.func @floor_b32(%x: tensor<32x256xf32>)
    -> (tensor<32x256xui4>, tensor<32x8xf8E8M0FNU>) {
  %q = quantx.dynamic_quantize %x using #quantx.floor
    : tensor<32x256xf32> to tensor<32x256x!b32>
  %p, %s = quantx.disassemble %q
    : tensor<32x256x!b32> to tensor<32x128xi8>, tensor<32x8xf8E8M0FNU>
  %c = quantx.unpack %p as #quantx.packing<linear>
    : tensor<32x128xi8> to tensor<32x256xui4>
  return %c, %s : tensor<32x256xui4>, tensor<32x8xf8E8M0FNU>
}

func.func @ceil_b32(%x: tensor<32x256xf32>)
    -> (tensor<32x256xui4>, tensor<32x8xf8E8M0FNU>) {
  %q = quantx.dynamic_quantize %x using #quantx.ceil
    : tensor<32x256xf32> to tensor<32x256x!b32>
  %p, %s = quantx.disassemble %q
    : tensor<32x256x!b32> to tensor<32x128xi8>, tensor<32x8xf8E8M0FNU>
  %c = quantx.unpack %p as #quantx.packing<linear>
    : tensor<32x128xi8> to tensor<32x256xui4>
  return %c, %s : tensor<32x256xui4>, tensor<32x8xf8E8M0FNU>
}

func.func @even_b32(%x: tensor<32x256xf32>)
    -> (tensor<32x256xui4>, tensor<32x8xf8E8M0FNU>) {
  %q = quantx.dynamic_quantize %x using #quantx.even
    : tensor<32x256xf32> to tensor<32x256x!b32>
  %p, %s = quantx.disassemble %q
    : tensor<32x256x!b32> to tensor<32x128xi8>, tensor<32x8xf8E8M0FNU>
  %c = quantx.unpack %p as #quantx.packing<linear>
    : tensor<32x128xi8> to tensor<32x256xui4>
  return %c, %s : tensor<32x256xui4>, tensor<32x8xf8E8M0FNU>
}

func.func @rceil_b32(%x: tensor<32x256xf32>)
    -> (tensor<32x256xui4>, tensor<32x8xf8E8M0FNU>) {
  %q = quantx.dynamic_quantize %x using #quantx.rceil
    : tensor<32x256xf32> to tensor<32x256x!b32>
  %p, %s = quantx.disassemble %q
    : tensor<32x256x!b32> to tensor<32x128xi8>, tensor<32x8xf8E8M0FNU>
  %c = quantx.unpack %p as #quantx.packing<linear>
    : tensor<32x128xi8> to tensor<32x256xui4>
  return %c, %s : tensor<32x256xui4>, tensor<32x8xf8E8M0FNU>
}
