// What carries scaled tensors carries their parts: payload, scales, zero points,
// global scale, in this order everywhere.
//
// RUN: quant-opt %s -quantx-lower-to-linalg | FileCheck %s --implicit-check-not=quantx

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>
!row = !quantx.scaled<i8 : f32, f32 per 32>
!cube = !quantx.scaled<f6E2M3FN : bf16, bf16 per 2x*x16>

// Declarations.

// CHECK: func.func private @declared(tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>, i64) -> (tensor<8x150xi8>, tensor<8x3xf16>, tensor<8x3xi8>)
func.func private @declared(tensor<8x64x!mxfp4>, i64) -> tensor<8x300x!int4>
// CHECK: func.func private @declared_global(tensor<?x?xi8>, tensor<?x?xf8E4M3FN>, tensor<f32>, f32)
func.func private @declared_global(tensor<?x?x!nvfp4>, f32)
// Any rank; a partial last block has its scale, a whole dimension one.
// CHECK: func.func private @declared_ranks(tensor<65xi8>, tensor<3xf32>, tensor<3x5x15xi8>, tensor<2x1x2xbf16>)
func.func private @declared_ranks(tensor<65x!row>, tensor<3x5x20x!cube>)
// CHECK: func.func private @declared_empty(tensor<0x32xi8>, tensor<0x2xf8E8M0FNU>, tensor<8x0xi8>, tensor<8x0xf8E8M0FNU>)
func.func private @declared_empty(tensor<0x64x!mxfp4>, tensor<8x0x!mxfp4>)

// Functions: arguments around scaled ones, results in any number, attributes.

// CHECK-LABEL: func.func @several(
// CHECK-SAME: %[[A:.*]]: i32, %[[P:.*]]: tensor<8x32xi8>, %[[S:.*]]: tensor<8x4xf8E4M3FN>, %[[G:.*]]: tensor<f32>, %[[B:.*]]: f32)
// CHECK-SAME: -> (tensor<8x32xi8>, tensor<8x4xf8E4M3FN>, tensor<f32>, i32, tensor<8x32xi8>, tensor<8x4xf8E4M3FN>, tensor<f32>, f32)
func.func @several(%a: i32, %q: tensor<8x64x!nvfp4>, %b: f32) -> (tensor<8x64x!nvfp4>, i32, tensor<8x64x!nvfp4>, f32) {
  // CHECK-NEXT: return %[[P]], %[[S]], %[[G]], %[[A]], %[[P]], %[[S]], %[[G]], %[[B]]
  return %q, %a, %q, %b : tensor<8x64x!nvfp4>, i32, tensor<8x64x!nvfp4>, f32
}

// CHECK-LABEL: func.func @calls(
// CHECK-SAME: %[[P:.*]]: tensor<8x32xi8>, %[[S:.*]]: tensor<8x2xf8E8M0FNU>, %[[N:.*]]: i64
// CHECK-NEXT: %[[R:.*]]:3 = call @declared(%[[P]], %[[S]], %[[N]]) : (tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>, i64) -> (tensor<8x150xi8>, tensor<8x3xf16>, tensor<8x3xi8>)
// CHECK-NEXT: return %[[R]]#0, %[[R]]#1, %[[R]]#2
func.func @calls(%q: tensor<8x64x!mxfp4>, %n: i64) -> tensor<8x300x!int4> {
  %r = call @declared(%q, %n) : (tensor<8x64x!mxfp4>, i64) -> tensor<8x300x!int4>
  return %r : tensor<8x300x!int4>
}

// CHECK-LABEL: func.func @recursive(
// CHECK-SAME: %[[P:.*]]: tensor<?x64xi8>, %[[S:.*]]: tensor<?x4xf8E8M0FNU>, %[[AGAIN:.*]]: i1
// CHECK: scf.if %[[AGAIN]] -> (tensor<?x64xi8>, tensor<?x4xf8E8M0FNU>)
// CHECK: %[[R:.*]]:2 = func.call @recursive(%[[P]], %[[S]],
// CHECK: scf.yield %[[R]]#0, %[[R]]#1
// CHECK: scf.yield %[[P]], %[[S]]
func.func @recursive(%q: tensor<?x128x!mxfp4>, %again: i1) -> tensor<?x128x!mxfp4> {
  %false = arith.constant false
  %r = scf.if %again -> tensor<?x128x!mxfp4> {
    %0 = func.call @recursive(%q, %false) : (tensor<?x128x!mxfp4>, i1) -> tensor<?x128x!mxfp4>
    scf.yield %0 : tensor<?x128x!mxfp4>
  } else {
    scf.yield %q : tensor<?x128x!mxfp4>
  }
  return %r : tensor<?x128x!mxfp4>
}

// Structured control flow.

// CHECK-LABEL: func.func @execute_region(
// CHECK-SAME: %[[P:.*]]: tensor<8x32xi8>, %[[S:.*]]: tensor<8x2xf8E8M0FNU>, %[[C:.*]]: i1, %[[N:.*]]: i32)
// CHECK-NEXT: %[[R:.*]]:3 = scf.execute_region -> (i32, tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>) {
// CHECK: cf.cond_br %[[C]], ^[[B:.*]](%[[P]], %[[S]] : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>),
// CHECK: ^[[B]](%[[PB:.*]]: tensor<8x32xi8>, %[[SB:.*]]: tensor<8x2xf8E8M0FNU>):
// CHECK-NEXT: scf.yield %[[N]], %[[PB]], %[[SB]]
// CHECK: scf.yield %[[N]], %[[P]], %[[S]]
// CHECK: return %[[R]]#1, %[[R]]#2
func.func @execute_region(%q: tensor<8x64x!mxfp4>, %c: i1, %n: i32) -> tensor<8x64x!mxfp4> {
  %r:2 = scf.execute_region -> (i32, tensor<8x64x!mxfp4>) {
    cf.cond_br %c, ^bb1(%q : tensor<8x64x!mxfp4>), ^bb2
  ^bb1(%b: tensor<8x64x!mxfp4>):
    scf.yield %n, %b : i32, tensor<8x64x!mxfp4>
  ^bb2:
    scf.yield %n, %q : i32, tensor<8x64x!mxfp4>
  }
  return %r#1 : tensor<8x64x!mxfp4>
}

// CHECK-LABEL: func.func @for_loop(
// CHECK-SAME: %[[P:.*]]: tensor<8x32xi8>, %[[S:.*]]: tensor<8x2xf8E8M0FNU>
// CHECK: %[[R:.*]]:3 = scf.for {{.*}} iter_args(%[[N:.*]] = %{{.*}}, %[[PI:.*]] = %[[P]], %[[SI:.*]] = %[[S]]) -> (i32, tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>)
// CHECK-NEXT: scf.yield %[[N]], %[[PI]], %[[SI]]
// CHECK: return %[[R]]#1, %[[R]]#2
func.func @for_loop(%q: tensor<8x64x!mxfp4>, %n: index, %c: i32) -> tensor<8x64x!mxfp4> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %c, %b = %q) -> (i32, tensor<8x64x!mxfp4>) {
    scf.yield %a, %b : i32, tensor<8x64x!mxfp4>
  }
  return %r#1 : tensor<8x64x!mxfp4>
}

// CHECK-LABEL: func.func @while_loop(
// CHECK-SAME: %[[P:.*]]: tensor<8x32xi8>, %[[S:.*]]: tensor<8x2xf8E8M0FNU>
// CHECK: %[[R:.*]]:2 = scf.while (%[[PI:.*]] = %[[P]], %[[SI:.*]] = %[[S]]) : (tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>) -> (tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>)
// CHECK: scf.condition(%{{.*}}) %[[PI]], %[[SI]]
// CHECK: ^bb0(%[[PB:.*]]: tensor<8x32xi8>, %[[SB:.*]]: tensor<8x2xf8E8M0FNU>):
// CHECK: scf.yield %[[PB]], %[[SB]]
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @while_loop(%q: tensor<8x64x!mxfp4>, %more: i1) -> tensor<8x64x!mxfp4> {
  %r = scf.while (%a = %q) : (tensor<8x64x!mxfp4>) -> tensor<8x64x!mxfp4> {
    scf.condition(%more) %a : tensor<8x64x!mxfp4>
  } do {
  ^bb0(%b: tensor<8x64x!mxfp4>):
    scf.yield %b : tensor<8x64x!mxfp4>
  }
  return %r : tensor<8x64x!mxfp4>
}

// CHECK-LABEL: func.func @index_switch(
// CHECK-SAME: %[[P:.*]]: tensor<8x32xi8>, %[[S:.*]]: tensor<8x2xf8E8M0FNU>
// CHECK: scf.index_switch %{{.*}} -> tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>
// CHECK: scf.yield %[[P]], %[[S]]
func.func @index_switch(%q: tensor<8x64x!mxfp4>, %i: index) -> tensor<8x64x!mxfp4> {
  %r = scf.index_switch %i -> tensor<8x64x!mxfp4>
  case 2 {
    scf.yield %q : tensor<8x64x!mxfp4>
  }
  default {
    scf.yield %q : tensor<8x64x!mxfp4>
  }
  return %r : tensor<8x64x!mxfp4>
}

// Blocks.

// CHECK-LABEL: func.func @branches(
// CHECK-SAME: %[[P:.*]]: tensor<8x32xi8>, %[[S:.*]]: tensor<8x2xf8E8M0FNU>, %[[C:.*]]: i1
// CHECK: cf.cond_br %[[C]], ^[[LEFT:.*]](%[[P]], %[[S]] : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>), ^[[RIGHT:.*]](%[[P]], %[[S]], %[[C]] : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>, i1)
// CHECK: ^[[LEFT]](%[[PL:.*]]: tensor<8x32xi8>, %[[SL:.*]]: tensor<8x2xf8E8M0FNU>):
// CHECK: cf.br ^[[RIGHT]](%[[PL]], %[[SL]], %[[C]] : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>, i1)
// CHECK: ^[[RIGHT]](%[[PR:.*]]: tensor<8x32xi8>, %[[SR:.*]]: tensor<8x2xf8E8M0FNU>, %{{.*}}: i1):
// CHECK: return %[[PR]], %[[SR]]
func.func @branches(%q: tensor<8x64x!mxfp4>, %c: i1) -> tensor<8x64x!mxfp4> {
  cf.cond_br %c, ^left(%q : tensor<8x64x!mxfp4>), ^right(%q, %c : tensor<8x64x!mxfp4>, i1)
^left(%a: tensor<8x64x!mxfp4>):
  cf.br ^right(%a, %c : tensor<8x64x!mxfp4>, i1)
^right(%b: tensor<8x64x!mxfp4>, %d: i1):
  return %b : tensor<8x64x!mxfp4>
}

// CHECK-LABEL: func.func @weighted_branch(
// CHECK: cf.cond_br %{{.*}} weights([3, 1]), ^{{.*}}(%{{.*}}, %{{.*}} : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>),
func.func @weighted_branch(%q: tensor<8x64x!mxfp4>, %r: tensor<8x64x!mxfp4>, %c: i1) -> tensor<8x64x!mxfp4> {
  cf.cond_br %c weights([3, 1]), ^end(%q : tensor<8x64x!mxfp4>), ^end(%r : tensor<8x64x!mxfp4>)
^end(%b: tensor<8x64x!mxfp4>):
  return %b : tensor<8x64x!mxfp4>
}

// CHECK-LABEL: func.func @switch(
// CHECK-SAME: %[[P:.*]]: tensor<8x32xi8>, %[[S:.*]]: tensor<8x2xf8E8M0FNU>, %[[PR:.*]]: tensor<8x32xi8>, %[[SR:.*]]: tensor<8x2xf8E8M0FNU>, %[[N:.*]]: i32
// CHECK: cf.switch %[[N]] : i32, [
// CHECK-NEXT: default: ^[[END:.*]](%[[P]], %[[S]] : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>),
// CHECK-NEXT: 1: ^[[END]](%[[PR]], %[[SR]] : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>),
// CHECK-NEXT: 5: ^[[NEXT:.*]](%[[N]], %[[PR]], %[[SR]] : i32, tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>)
// CHECK: ^[[NEXT]](%{{.*}}: i32, %{{.*}}: tensor<8x32xi8>, %{{.*}}: tensor<8x2xf8E8M0FNU>):
func.func @switch(%q: tensor<8x64x!mxfp4>, %r: tensor<8x64x!mxfp4>, %n: i32) -> tensor<8x64x!mxfp4> {
  cf.switch %n : i32, [
    default: ^end(%q : tensor<8x64x!mxfp4>),
    1: ^end(%r : tensor<8x64x!mxfp4>),
    5: ^next(%n, %r : i32, tensor<8x64x!mxfp4>)
  ]
^next(%m: i32, %a: tensor<8x64x!mxfp4>):
  cf.switch %m : i32, [
    default: ^end(%a : tensor<8x64x!mxfp4>)
  ]
^end(%b: tensor<8x64x!mxfp4>):
  return %b : tensor<8x64x!mxfp4>
}

// Ops on any tensor.

// CHECK-LABEL: func.func @select(
// CHECK-SAME: %[[C:.*]]: i1, %[[PA:.*]]: tensor<8x32xi8>, %[[SA:.*]]: tensor<8x2xf8E8M0FNU>, %[[PB:.*]]: tensor<8x32xi8>, %[[SB:.*]]: tensor<8x2xf8E8M0FNU>
// CHECK-NEXT: %[[P:.*]] = arith.select %[[C]], %[[PA]], %[[PB]] : tensor<8x32xi8>
// CHECK-NEXT: %[[S:.*]] = arith.select %[[C]], %[[SA]], %[[SB]] : tensor<8x2xf8E8M0FNU>
// CHECK-NEXT: return %[[P]], %[[S]]
func.func @select(%c: i1, %a: tensor<8x64x!mxfp4>, %b: tensor<8x64x!mxfp4>) -> tensor<8x64x!mxfp4> {
  %r = arith.select %c, %a, %b : tensor<8x64x!mxfp4>
  return %r : tensor<8x64x!mxfp4>
}

// A type that does not change its parts leaves them alone; the global scale never
// does.
// CHECK-LABEL: func.func @cast(
// CHECK-SAME: %[[P:.*]]: tensor<?x?xi8>, %[[S:.*]]: tensor<?x?xf8E4M3FN>, %[[G:.*]]: tensor<f32>
// CHECK-NEXT: %[[PC:.*]] = tensor.cast %[[P]] : tensor<?x?xi8> to tensor<8x32xi8>
// CHECK-NEXT: %[[SC:.*]] = tensor.cast %[[S]] : tensor<?x?xf8E4M3FN> to tensor<8x4xf8E4M3FN>
// CHECK-NEXT: return %[[PC]], %[[SC]], %[[G]]
func.func @cast(%q: tensor<?x?x!nvfp4>) -> tensor<8x64x!nvfp4> {
  %r = tensor.cast %q : tensor<?x?x!nvfp4> to tensor<8x64x!nvfp4>
  return %r : tensor<8x64x!nvfp4>
}

// Code without scaled tensors stays as it is, in regions too.
// CHECK-LABEL: func.func @others(
// CHECK-NEXT: %[[R:.*]] = scf.execute_region -> f32
// CHECK-NEXT: %[[A:.*]] = arith.addf
// CHECK-NEXT: scf.yield %[[A]]
// CHECK: return %[[R]]
func.func @others(%x: f32, %m: memref<4xui4>) -> f32 {
  %r = scf.execute_region -> f32 {
    %a = arith.addf %x, %x : f32
    scf.yield %a : f32
  }
  return %r : f32
}
