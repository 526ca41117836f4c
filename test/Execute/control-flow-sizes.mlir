// Rows of an odd number of codes of 4 bits, which is dynamic, through calls,
// branches and loops, executed: none gets a code more than without.
//
// DEFINE: %{entry} =
// DEFINE: %{target} = cpu
// DEFINE: %{check} = quant-run %s --target=%{target} --entry-point=%{entry} \
// DEFINE:     --input=%t/x.npy --output=%t/y.npy && cmp %t/straight.npy %t/y.npy
//
// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/Inputs/odd_rows.py %t/x.npy
// RUN: quant-run %s --entry-point=straight --input=%t/x.npy \
// RUN:   --output=%t/straight.npy
// REDEFINE: %{entry} = call
// RUN: %{check}
// REDEFINE: %{entry} = call_public
// RUN: %{check}
// REDEFINE: %{entry} = select
// RUN: %{check}
// REDEFINE: %{entry} = if
// RUN: %{check}
// REDEFINE: %{entry} = for
// RUN: %{check}
// REDEFINE: %{entry} = while
// RUN: %{check}
// REDEFINE: %{entry} = region
// RUN: %{check}
// REDEFINE: %{entry} = branch
// RUN: %{check}
// REDEFINE: %{entry} = nested
// RUN: %{check}
// REDEFINE: %{target} = generic
// RUN: %{check}
//
// What others call has the signature that it had.
// RUN: quant-opt %s --quantx-lower-to-linalg | FileCheck %s
// CHECK-DAG: func.func private @dequantize(%{{.*}}: tensor<2x?xi8>, %{{.*}}: tensor<2x1xf32>, %{{.*}}: index) -> tensor<2x?xf32>
// CHECK-DAG: func.func @quantize(%{{.*}}: tensor<2x?xf32>) -> (tensor<2x?xi8>, tensor<2x1xf32>)
// CHECK-DAG: func.func private @quantize_0(%{{.*}}: tensor<2x?xf32>) -> (tensor<2x?xi8>, tensor<2x1xf32>, index)
// CHECK-DAG: func.func private @elsewhere(tensor<2x?xi8>, tensor<2x1xf32>)
// Bytes of 8 bits tell the size.
// CHECK-DAG: func.func private @bytes(%{{.*}}: tensor<2x?xi8>, %{{.*}}: tensor<2x1xf32>) -> tensor<2x?xf32>

!t = !quantx.scaled<i4 : f32, f32 per 1x*>
!t8 = !quantx.scaled<i8 : f32, f32 per 1x*>
!x = tensor<2x?xf32>
!q = tensor<2x?x!t>

func.func private @elsewhere(!q)

func.func private @bytes(%q: tensor<2x?x!t8>) -> !x {
  %y = quantx.dequantize %q : tensor<2x?x!t8> to !x
  return %y : !x
}

func.func @quantize(%x: !x) -> !q {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : !x to !q
  return %q : !q
}

func.func private @dequantize(%q: !q) -> !x {
  %y = quantx.dequantize %q : !q to !x
  return %y : !x
}

/// Whether the first element is positive: not known before it runs.
func.func private @choose(%x: !x) -> i1 {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %first = tensor.extract %x[%c0, %c0] : !x
  %is_positive = arith.cmpf ogt, %first, %zero : f32
  return %is_positive : i1
}

func.func @straight(%x: !x) -> !x {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : !x to !q
  %y = quantx.dequantize %q : !q to !x
  return %y : !x
}

func.func @call(%x: !x) -> !x {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : !x to !q
  %y = call @dequantize(%q) : (!q) -> !x
  return %y : !x
}

func.func @call_public(%x: !x) -> !x {
  %q = call @quantize(%x) : (!x) -> !q
  %y = quantx.dequantize %q : !q to !x
  return %y : !x
}

func.func @select(%x: !x) -> !x {
  %c = call @choose(%x) : (!x) -> i1
  %q = quantx.dynamic_quantize %x using #quantx.absmax : !x to !q
  %other = quantx.dynamic_quantize %x using #quantx.absmax<margin = 0.5> : !x to !q
  %chosen = arith.select %c, %q, %other : !q
  %y = quantx.dequantize %chosen : !q to !x
  return %y : !x
}

func.func @if(%x: !x) -> !x {
  %c = call @choose(%x) : (!x) -> i1
  %chosen = scf.if %c -> !q {
    %q = quantx.dynamic_quantize %x using #quantx.absmax : !x to !q
    scf.yield %q : !q
  } else {
    %q = quantx.dynamic_quantize %x using #quantx.absmax<margin = 0.5> : !x to !q
    scf.yield %q : !q
  }
  %y = quantx.dequantize %chosen : !q to !x
  return %y : !x
}

// What is quantized once stays what it is.
func.func @for(%x: !x) -> !x {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %q = quantx.dynamic_quantize %x using #quantx.absmax : !x to !q
  %last = scf.for %i = %c0 to %c3 step %c1 iter_args(%before = %q) -> !q {
    %y = quantx.dequantize %before : !q to !x
    %after = quantx.dynamic_quantize %y using #quantx.absmax : !x to !q
    scf.yield %after : !q
  }
  %y = quantx.dequantize %last : !q to !x
  return %y : !x
}

func.func @while(%x: !x) -> !x {
  %c = call @choose(%x) : (!x) -> i1
  %false = arith.constant false
  %q = quantx.dynamic_quantize %x using #quantx.absmax : !x to !q
  %last:2 = scf.while (%before = %q, %again = %c) : (!q, i1) -> (!q, i1) {
    scf.condition(%again) %before, %again : !q, i1
  } do {
  ^bb0(%before: !q, %again: i1):
    scf.yield %before, %false : !q, i1
  }
  %y = quantx.dequantize %last#0 : !q to !x
  return %y : !x
}

func.func @region(%x: !x) -> !x {
  %q = scf.execute_region -> !q {
    %inside = quantx.dynamic_quantize %x using #quantx.absmax : !x to !q
    scf.yield %inside : !q
  }
  %y = quantx.dequantize %q : !q to !x
  return %y : !x
}

func.func @branch(%x: !x) -> !x {
  %c = call @choose(%x) : (!x) -> i1
  %q = quantx.dynamic_quantize %x using #quantx.absmax : !x to !q
  cf.cond_br %c, ^join(%q : !q), ^other
^other:
  %other = quantx.dynamic_quantize %x using #quantx.absmax<margin = 0.5> : !x to !q
  cf.br ^join(%other : !q)
^join(%chosen: !q):
  %y = quantx.dequantize %chosen : !q to !x
  return %y : !x
}

// One within the other, and the size itself.
func.func @nested(%x: !x) -> !x {
  %c1 = arith.constant 1 : index
  %c = call @choose(%x) : (!x) -> i1
  %q = call @quantize(%x) : (!x) -> !q
  %chosen = scf.if %c -> !q {
    %same = arith.select %c, %q, %q : !q
    scf.yield %same : !q
  } else {
    scf.yield %q : !q
  }
  %y = call @dequantize(%chosen) : (!q) -> !x
  %size = tensor.dim %chosen, %c1 : !q
  %all = tensor.extract_slice %y[0, 0] [2, %size] [1, 1] : !x to !x
  return %all : !x
}
