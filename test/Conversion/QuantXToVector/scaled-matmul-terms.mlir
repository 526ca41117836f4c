// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector=byte-dots --canonicalize --cse | FileCheck %s
// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector --canonicalize --cse | FileCheck %s --check-prefix=FLOATS

// A bf16 is three bytes: products with 12 sums of integers, of which the higher two
// terms are put together before they are floats. What loses digits is listed, and
// multiplied as floats after that.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>

// CHECK-LABEL: func.func @bf16(
// CHECK-SAME:    %[[X:.+]]: tensor<1x256xbf16>, %[[W:.+]]: tensor<2x2048xi8>
// CHECK:       %[[PACKED:.+]]:5 = scf.forall {{.+}} -> (tensor<4x1x48xi32>, tensor<4x1x6xi32>, tensor<4x1x2xf32>, tensor<4x1x64xf32>, tensor<4x1x1xi8>)
// CHECK:         vector.transfer_read %[[X]]
// CHECK:         %[[VALUES:.+]] = arith.bitcast %{{.+}} : vector<64xi32> to vector<64xf32>
// CHECK:         vector.reduction <maxsi>
// CHECK:         arith.fptosi
// CHECK-COUNT-2: vector.reduction <or>
// CHECK:         %[[ANY:.+]] = vector.broadcast %{{.+}} : i1 to vector<64xi1>
// CHECK:         arith.select %[[ANY]], %{{.+}} : vector<64xi1>, vector<64xi32>
// CHECK-COUNT-3: arith.trunci %{{.+}} : vector<64xi32> to vector<64xi8>
// CHECK:         arith.select %[[ANY]], %[[VALUES]], %{{.+}} : vector<64xi1>, vector<64xf32>
// CHECK:       %[[LIST:.+]]:2 = scf.for {{.+}} -> (tensor<4xindex>, tensor<1xindex>)
// CHECK:         tensor.extract %[[PACKED]]#4
// CHECK:       scf.forall
// CHECK:         scf.for
// CHECK-COUNT-24:  vector.contract
// CHECK:           %[[TWO:.+]] = arith.shli
// CHECK:           %[[SUM:.+]] = arith.addi %[[TWO]]
// CHECK:           arith.sitofp %[[SUM]]
// CHECK:         %[[COUNT:.+]] = tensor.extract %[[LIST]]#1
// CHECK:         scf.for %{{.+}} = %c0 to %[[COUNT]]
// CHECK:           tensor.extract %[[LIST]]#0
// CHECK:           tensor.extract %[[PACKED]]#3
// FLOATS-LABEL: func.func @bf16(
// FLOATS-NOT:     vector.contract
func.func @bf16(%x: tensor<1x256xbf16>, %w: tensor<32x256x!mxfp4>, %acc: tensor<1x32xf32>)
    -> tensor<1x32xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<1x256xbf16>, tensor<32x256x!mxfp4>)
         outs(%acc : tensor<1x32xf32>) -> tensor<1x32xf32>
  return %r : tensor<1x32xf32>
}

// -----

// Four bytes of f32; zero points are subtracted from codes, which are without sign
// with 15 more.

!int4 = !quantx.scaled<ui4 : f32, f16 per 1x64, zero_point ui4, packing rows16>

// CHECK-LABEL: func.func @f32(
// CHECK:       scf.forall {{.+}} -> (tensor<4x2x64xi32>, tensor<4x2x4xi32>,
// CHECK:         arith.muli %{{.+}}, %c-15_i32
// CHECK:       scf.forall
// CHECK:         scf.for
// CHECK:           %[[OFFSETS:.+]] = arith.subi %cst{{.*}}, %{{.+}} : vector<16xi8>
// CHECK:           %[[BYTES:.+]] = vector.shuffle %[[OFFSETS]], %[[OFFSETS]] [0, 0, 0, 0, 1, 1, 1, 1,
// CHECK:           arith.addi %{{.+}}, %[[BYTES]] : vector<64xi8>
// CHECK:           vector.contract
func.func @f32(%x: tensor<2x256xf32>, %w: tensor<32x256x!int4>, %acc: tensor<2x32xf32>)
    -> tensor<2x32xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<2x256xf32>, tensor<32x256x!int4>)
         outs(%acc : tensor<2x32xf32>) -> tensor<2x32xf32>
  return %r : tensor<2x32xf32>
}

// -----

// Too many rows for the registers, too small a K for what is lost, part of a group,
// and weights that are no integers.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
!mxfp8 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32, packing rows16>

// CHECK-LABEL: func.func @floats(
// CHECK-NOT:     vector.contract
func.func @floats(%x4: tensor<4x256xf32>, %x192: tensor<1x192xf32>, %x288: tensor<1x288xf32>,
                  %x: tensor<1x256xf32>, %w: tensor<32x256x!mxfp4>, %w192: tensor<32x192x!mxfp4>,
                  %w288: tensor<32x288x!mxfp4>, %w8: tensor<32x256x!mxfp8>,
                  %acc4: tensor<4x32xf32>, %acc: tensor<1x32xf32>)
    -> (tensor<4x32xf32>, tensor<1x32xf32>, tensor<1x32xf32>, tensor<1x32xf32>) {
  %0 = quantx.scaled_matmul ins(%x4, %w : tensor<4x256xf32>, tensor<32x256x!mxfp4>)
         outs(%acc4 : tensor<4x32xf32>) -> tensor<4x32xf32>
  %1 = quantx.scaled_matmul ins(%x192, %w192 : tensor<1x192xf32>, tensor<32x192x!mxfp4>)
         outs(%acc : tensor<1x32xf32>) -> tensor<1x32xf32>
  %2 = quantx.scaled_matmul ins(%x288, %w288 : tensor<1x288xf32>, tensor<32x288x!mxfp4>)
         outs(%acc : tensor<1x32xf32>) -> tensor<1x32xf32>
  %3 = quantx.scaled_matmul ins(%x, %w8 : tensor<1x256xf32>, tensor<32x256x!mxfp8>)
         outs(%acc : tensor<1x32xf32>) -> tensor<1x32xf32>
  return %0, %1, %2, %3 : tensor<4x32xf32>, tensor<1x32xf32>, tensor<1x32xf32>, tensor<1x32xf32>
}
