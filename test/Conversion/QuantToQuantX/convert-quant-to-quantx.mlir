// RUN: quant-opt %s -convert-quant-to-quantx -split-input-file | FileCheck %s

// Per layer: one block. Zero points where they are not 0.

// CHECK-LABEL: func.func @per_layer(
// CHECK-SAME:    %[[X:.*]]: tensor<4x8xf32>) -> tensor<4x8x!quantx.scaled<ui8 : f32, f32 per *x*, zero_point ui8>>
// CHECK-DAG:     %[[S:.*]] = arith.constant dense<5.000000e-01> : tensor<1x1xf32>
// CHECK-DAG:     %[[Z:.*]] = arith.constant dense<3> : tensor<1x1xui8>
// CHECK:         %[[Q:.*]] = quantx.quantize %[[X]], %[[S]], %[[Z]]
// CHECK:         return %[[Q]]
!u8 = !quant.uniform<u8:f32, 0.5:3>
func.func @per_layer(%x: tensor<4x8xf32>) -> tensor<4x8x!u8> {
  %q = quant.qcast %x : tensor<4x8xf32> to tensor<4x8x!u8>
  return %q : tensor<4x8x!u8>
}

// -----

// A way there and back rounds: it is not folded.

// CHECK-LABEL: func.func @round_trip(
// CHECK:         %[[Q:.*]] = quantx.quantize
// CHECK:         %[[Y:.*]] = quantx.dequantize %[[Q]]
// CHECK:         return %[[Y]]
!i8 = !quant.uniform<i8:f32, 0.5>
func.func @round_trip(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %q = quant.qcast %x : tensor<4x8xf32> to tensor<4x8x!i8>
  %y = quant.dcast %q : tensor<4x8x!i8> to tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func.func @per_axis(
// CHECK-SAME:    -> tensor<4x2x!quantx.scaled<i8 : bf16, f32 per *x1>>
// CHECK:         arith.constant dense<{{\[\[}}5.000000e-01, 2.000000e+00]]> : tensor<1x2xf32>
!axis = !quant.uniform<i8:bf16:1, {0.5, 2.0}>
func.func @per_axis(%x: tensor<4x2xbf16>) -> tensor<4x2x!axis> {
  %q = quant.qcast %x : tensor<4x2xbf16> to tensor<4x2x!axis>
  return %q : tensor<4x2x!axis>
}

// -----

// A dynamic axis has as many scales as the type, in a tensor of dynamic size.

// CHECK-LABEL: func.func @dynamic_axis(
// CHECK:         %[[S:.*]] = arith.constant dense<{{.*}}> : tensor<2x1xf32>
// CHECK:         %[[D:.*]] = tensor.cast %[[S]] : tensor<2x1xf32> to tensor<?x1xf32>
// CHECK:         quantx.quantize %{{.*}}, %[[D]]
!axis = !quant.uniform<i8:f32:0, {0.5, 2.0}>
func.func @dynamic_axis(%x: tensor<?x?xf32>) -> tensor<?x?x!axis> {
  %q = quant.qcast %x : tensor<?x?xf32> to tensor<?x?x!axis>
  return %q : tensor<?x?x!axis>
}

// -----

// CHECK-LABEL: func.func @sub_channel(
// CHECK-SAME:    -> tensor<2x4x!quantx.scaled<i4 : f32, f32 per 1x2>>
// CHECK:         arith.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00]]> : tensor<2x2xf32>
!sub = !quant.uniform<i4:f32:{0:1, 1:2}, {{1.0, 2.0}, {3.0, 4.0}}>
func.func @sub_channel(%x: tensor<2x4xf32>) -> tensor<2x4x!sub> {
  %q = quant.qcast %x : tensor<2x4xf32> to tensor<2x4x!sub>
  return %q : tensor<2x4x!sub>
}

// -----

// A limited range clamps the codes.

// CHECK-LABEL: func.func @narrow(
// CHECK:         %[[Q:.*]] = quantx.quantize
// CHECK:         %[[C:.*]], %{{.*}} = quantx.disassemble %[[Q]]
// CHECK:         %[[LOW:.*]] = tensor.splat %c-127{{.*}} : tensor<?x8xi8>
// CHECK:         %[[HIGH:.*]] = tensor.splat %c127{{.*}} : tensor<?x8xi8>
// CHECK:         %[[MAX:.*]] = arith.maxsi %[[C]], %[[LOW]]
// CHECK:         %[[MIN:.*]] = arith.minsi %[[MAX]], %[[HIGH]]
// CHECK:         quantx.assemble %[[MIN]]
!narrow = !quant.uniform<i8<-127:127>:f32, 0.5>
func.func @narrow(%x: tensor<?x8xf32>) -> tensor<?x8x!narrow> {
  %q = quant.qcast %x : tensor<?x8xf32> to tensor<?x8x!narrow>
  return %q : tensor<?x8x!narrow>
}

// -----

// CHECK-LABEL: func.func @from_storage(
// CHECK-DAG:     %[[P:.*]] = quantx.pack %{{.*}} as #quantx.packing<linear> : tensor<2x3xi4> to tensor<2x2xi8>
// CHECK-DAG:     %[[Z:.*]] = arith.constant dense<7> : tensor<1x1xui4>
// CHECK:         %[[Q:.*]] = quantx.assemble %[[P]], %{{.*}}, %[[Z]]
// CHECK:         quantx.dequantize %[[Q]]
!u4 = !quant.uniform<u4:f32, 0.5:7>
func.func @from_storage(%c: tensor<2x3xi4>) -> tensor<2x3xf32> {
  %q = quant.scast %c : tensor<2x3xi4> to tensor<2x3x!u4>
  %y = quant.dcast %q : tensor<2x3x!u4> to tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @to_storage(
// CHECK:         %[[B:.*]], %{{.*}}:2 = quantx.disassemble
// CHECK:         %[[C:.*]] = quantx.unpack %[[B]] as #quantx.packing<linear> : tensor<2x2xi8> to tensor<2x3xi4>
// CHECK:         return %[[C]]
func.func @to_storage(%q: tensor<2x3x!u4>) -> tensor<2x3xi4> {
  %d = quant.scast %q : tensor<2x3x!u4> to tensor<2x3xi4>
  return %d : tensor<2x3xi4>
}

// -----

// Through calls, branches and loops.

// CHECK-LABEL: func.func private @callee(tensor<4x!quantx.scaled<i8 : f32, f32 per *>>)
// CHECK-LABEL: func.func @carried(
// CHECK:         scf.for {{.*}} -> (tensor<4x!quantx.scaled<i8 : f32, f32 per *>>)
// CHECK:         call @callee(%{{.*}}) : (tensor<4x!quantx.scaled<i8 : f32, f32 per *>>)
// CHECK:         cf.br ^bb1(%{{.*}} : tensor<4x!quantx.scaled<i8 : f32, f32 per *>>)
!i8 = !quant.uniform<i8:f32, 0.5>
func.func private @callee(tensor<4x!i8>) -> tensor<4x!i8>
func.func @carried(%q: tensor<4x!i8>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %q) -> (tensor<4x!i8>) {
    %b = func.call @callee(%a) : (tensor<4x!i8>) -> tensor<4x!i8>
    scf.yield %b : tensor<4x!i8>
  }
  cf.br ^next(%r : tensor<4x!i8>)
^next(%last: tensor<4x!i8>):
  %y = quant.dcast %last : tensor<4x!i8> to tensor<4xf32>
  return %y : tensor<4xf32>
}
