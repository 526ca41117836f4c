// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector --canonicalize --cse | FileCheck %s

// A block is a vector: read once, whole, and every term of it is computed on
// all lanes. The sum of squared errors is not reassociated.

!nvfp4 = !quantx.scaled<f4E2M1FN : bf16, f8E4M3FN per 1x16, global f32>

// CHECK-LABEL: func.func @search(
// CHECK-SAME:    %[[X:.+]]: tensor<4x64xbf16>
// CHECK:       linalg.generic
// CHECK-NOT:     scf.for
// CHECK:         %[[FIRST:.+]] = arith.muli %{{.+}}, %c16
// CHECK:         %[[BLOCK:.+]] = vector.transfer_read %[[X]][%{{.+}}, %[[FIRST]]], {{.+}} : tensor<4x64xbf16>, vector<16xbf16>
// CHECK-NOT:     tensor.extract %[[X]]
// CHECK:         vector.reduction <maxsi>, %{{.+}}, %c0_i32 : vector<16xi32> into i32
// CHECK:         vector.reduction <minimumf>, %{{.+}}, %{{.+}} : vector<16xf32> into f32
// CHECK:         vector.reduction <maximumf>, %{{.+}}, %{{.+}} : vector<16xf32> into f32
// CHECK:         vector.broadcast %{{.+}} : f32 to vector<16xf32>
// CHECK:         vector.reduction <add>, %{{[0-9a-z_]+}}, %{{[0-9a-z_]+}} : vector<16xf64> into f64
// CHECK:         scf.while
// CHECK:           vector.reduction <add>, %{{[0-9a-z_]+}}, %{{[0-9a-z_]+}} : vector<16xf64> into f64
// CHECK-NOT:     scf.for
// CHECK-NOT:     transfer_read
func.func @search(%x: tensor<4x64xbf16>, %g: tensor<f32>)
    -> (tensor<4x4xf8E4M3FN>, tensor<f32>) {
  %s, %h = quantx.choose_qparams %x using #quantx.optimal for !nvfp4 under %g
             : tensor<4x64xbf16> -> tensor<4x4xf8E4M3FN>, tensor<f32>
  return %s, %h : tensor<4x4xf8E4M3FN>, tensor<f32>
}

// -----

// A sum that is exact in any order is reassociated.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @exact(
// CHECK:         vector.reduction <add>, {{.+}} fastmath<reassoc> : vector<32xf64> into f64
func.func @exact(%x: tensor<4x64xf32>) -> tensor<4x2xf8E8M0FNU> {
  %s = quantx.choose_qparams %x using #quantx.optimal for !mxfp4
         : tensor<4x64xf32> -> tensor<4x2xf8E8M0FNU>
  return %s : tensor<4x2xf8E8M0FNU>
}

// -----

// Terms of 8-bit floats are not.

!mxfp8 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @rounded(
// CHECK-NOT:     reassoc
// CHECK:         vector.reduction <add>, {{.+}} : vector<32xf64> into f64
// CHECK-NOT:     reassoc
func.func @rounded(%x: tensor<4x64xf32>) -> tensor<4x2xf8E8M0FNU> {
  %s = quantx.choose_qparams %x using #quantx.optimal for !mxfp8
         : tensor<4x64xf32> -> tensor<4x2xf8E8M0FNU>
  return %s : tensor<4x2xf8E8M0FNU>
}

// -----

// A block that may be partial is read under a mask if it is, and filled up with
// zeros.

!int4 = !quantx.scaled<i4 : f32, f32 per 1x8, zero_point i4>

// CHECK-LABEL: func.func @partial(
// CHECK-SAME:    %[[X:.+]]: tensor<?x?xf32>)
// CHECK-DAG:   %[[ZERO:.+]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG:   %[[K:.+]] = tensor.dim %[[X]], %c1
// CHECK:       linalg.generic
// CHECK:         %[[NEXT:.+]] = arith.addi %[[FIRST:.+]], %c8
// CHECK:         %[[END:.+]] = arith.minui %[[NEXT]], %[[K]]
// CHECK:         %[[COUNT:.+]] = arith.subi %[[END]], %[[FIRST]]
// CHECK:         %[[WHOLE:.+]] = arith.cmpi eq, %[[COUNT]], %c8
// CHECK:         %[[BLOCK:.+]] = scf.if %[[WHOLE]] -> (vector<8xf32>) {
// CHECK-NEXT:      %[[ALL:.+]] = vector.transfer_read %[[X]][%{{.+}}, %[[FIRST]]], %[[ZERO]] {in_bounds = [true]}
// CHECK-NEXT:      scf.yield %[[ALL]]
// CHECK-NEXT:    } else {
// CHECK-NEXT:      %[[MASK:.+]] = vector.create_mask %[[COUNT]] : vector<8xi1>
// CHECK-NEXT:      %[[SOME:.+]] = vector.transfer_read %[[X]][%{{.+}}, %[[FIRST]]], %[[ZERO]], %[[MASK]] {in_bounds = [true]}
// CHECK-NEXT:      scf.yield %[[SOME]]
// CHECK:         vector.reduction <minimumf>, %[[BLOCK]], %[[ZERO]]
// CHECK:         vector.reduction <maximumf>, %[[BLOCK]], %[[ZERO]]
func.func @partial(%x: tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?x?xi4>) {
  %s, %z = quantx.choose_qparams %x using #quantx.minmax for !int4
             : tensor<?x?xf32> -> tensor<?x?xf32>, tensor<?x?xi4>
  return %s, %z : tensor<?x?xf32>, tensor<?x?xi4>
}

// -----

// Left to linalg: blocks of no power of two, of more elements than a vector has,
// of several rows, along other dimensions, and whole rows.

// CHECK-LABEL: func.func @other_blocks(
// CHECK-NOT:     vector
func.func @other_blocks(%x: tensor<256x288xf32>)
    -> (tensor<256x12xf32>, tensor<256x3xf32>, tensor<128x36xf32>,
        tensor<32x288xf32>, tensor<256x1xf32>, tensor<256x72xf32>) {
  %a = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i4 : f32, f32 per 1x24>
         : tensor<256x288xf32> -> tensor<256x12xf32>
  %b = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i4 : f32, f32 per 1x128>
         : tensor<256x288xf32> -> tensor<256x3xf32>
  %c = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i4 : f32, f32 per 2x8>
         : tensor<256x288xf32> -> tensor<128x36xf32>
  %d = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i4 : f32, f32 per 8x1>
         : tensor<256x288xf32> -> tensor<32x288xf32>
  %e = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i4 : f32, f32 per 1x*>
         : tensor<256x288xf32> -> tensor<256x1xf32>
  %f = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i4 : f32, f32 per 1x4>
         : tensor<256x288xf32> -> tensor<256x72xf32>
  return %a, %b, %c, %d, %e, %f
    : tensor<256x12xf32>, tensor<256x3xf32>, tensor<128x36xf32>,
      tensor<32x288xf32>, tensor<256x1xf32>, tensor<256x72xf32>
}
