// Scaled tensors through calls, branches and loops, executed: the same bits as
// without.
//
// DEFINE: %{run} = quant-run %s --input=%S/../golden/x_student.npy
//
// RUN: rm -rf %t && mkdir %t
// RUN: %{run} --entry-point=straight --output=%t/straight.npy
// RUN: %{run} --entry-point=call --output=%t/call.npy
// RUN: %{run} --entry-point=loop --output=%t/loop.npy
// RUN: %{run} --entry-point=while --output=%t/while.npy
// RUN: %{run} --entry-point=if --output=%t/if.npy
// RUN: %{run} --entry-point=branch --output=%t/branch.npy
// RUN: %{run} --entry-point=select --output=%t/select.npy
// RUN: cmp %t/straight.npy %t/call.npy
// RUN: cmp %t/straight.npy %t/loop.npy
// RUN: cmp %t/straight.npy %t/while.npy
// RUN: cmp %t/straight.npy %t/if.npy
// RUN: cmp %t/straight.npy %t/branch.npy
// RUN: cmp %t/straight.npy %t/select.npy
//
// The other way of each choice gives something else.
// RUN: %{run} --entry-point=if_not --output=%t/other.npy
// RUN: not cmp -s %t/straight.npy %t/other.npy

!t = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!x = tensor<32x256xf32>
!q = tensor<32x256x!t>

func.func private @quantize(%x: !x) -> !q {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : !x to !q
  return %q : !q
}

func.func private @double(%x: !x) -> !x {
  %y = arith.addf %x, %x : !x
  return %y : !x
}

func.func @straight(%x: !x) -> !x {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : !x to !q
  %y = quantx.dequantize %q : !q to !x
  return %y : !x
}

func.func @call(%x: !x) -> !x {
  %q = call @quantize(%x) : (!x) -> !q
  %y = quantx.dequantize %q : !q to !x
  return %y : !x
}

// Decodes and encodes again: nothing is lost the second time.
func.func @loop(%x: !x) -> !x {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %q = call @quantize(%x) : (!x) -> !q
  %last = scf.for %i = %c0 to %c3 step %c1 iter_args(%carried = %q) -> !q {
    %p, %s, %g = quantx.disassemble %carried
      : !q to tensor<32x128xi8>, tensor<32x16xf8E4M3FN>, tensor<f32>
    %y = quantx.dequantize %carried : !q to !x
    %next = quantx.quantize %y, %s, %g
      : !x, tensor<32x16xf8E4M3FN>, tensor<f32> to !q
    scf.yield %next : !q
  }
  %y = quantx.dequantize %last : !q to !x
  return %y : !x
}

func.func @while(%x: !x) -> !x {
  %true = arith.constant true
  %false = arith.constant false
  %q = call @quantize(%x) : (!x) -> !q
  %last:2 = scf.while (%go = %true, %carried = %q) : (i1, !q) -> (i1, !q) {
    scf.condition(%go) %go, %carried : i1, !q
  } do {
  ^bb0(%go: i1, %carried: !q):
    scf.yield %false, %carried : i1, !q
  }
  %y = quantx.dequantize %last#1 : !q to !x
  return %y : !x
}

func.func private @choose(%x: !x, %condition: i1) -> !x {
  %q = scf.if %condition -> !q {
    %a = func.call @quantize(%x) : (!x) -> !q
    scf.yield %a : !q
  } else {
    %d = func.call @double(%x) : (!x) -> !x
    %b = func.call @quantize(%d) : (!x) -> !q
    scf.yield %b : !q
  }
  %y = quantx.dequantize %q : !q to !x
  return %y : !x
}

func.func @if(%x: !x) -> !x {
  %c = arith.constant true
  %y = call @choose(%x, %c) : (!x, i1) -> !x
  return %y : !x
}

func.func @if_not(%x: !x) -> !x {
  %c = arith.constant false
  %y = call @choose(%x, %c) : (!x, i1) -> !x
  return %y : !x
}

// The condition is not constant, for nothing may fold: an element of x.
func.func @branch(%x: !x) -> !x {
  %c0 = arith.constant 0 : index
  %element = tensor.extract %x[%c0, %c0] : !x
  %condition = arith.cmpf ord, %element, %element : f32
  %a = call @quantize(%x) : (!x) -> !q
  cf.cond_br %condition, ^done(%a : !q), ^other
^other:
  %d = call @double(%x) : (!x) -> !x
  %b = call @quantize(%d) : (!x) -> !q
  cf.br ^done(%b : !q)
^done(%q: !q):
  %y = quantx.dequantize %q : !q to !x
  return %y : !x
}

func.func @select(%x: !x) -> !x {
  %c0 = arith.constant 0 : index
  %element = tensor.extract %x[%c0, %c0] : !x
  %condition = arith.cmpf ord, %element, %element : f32
  %a = call @quantize(%x) : (!x) -> !q
  %d = call @double(%x) : (!x) -> !x
  %b = call @quantize(%d) : (!x) -> !q
  %q = arith.select %condition, %a, %b : !q
  %y = quantx.dequantize %q : !q to !x
  return %y : !x
}
