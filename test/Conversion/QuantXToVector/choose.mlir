// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector --canonicalize --cse | FileCheck %s

// What each block is reduced to, in any order, is computed for several blocks at
// once: a tree of shuffles leaves block i in lane i. So are the scales.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @groups(
// CHECK-SAME:    %[[X:.+]]: tensor<4x1024xf32>)
// CHECK:       %[[AMAX:.+]] = scf.forall (%{{.+}}, %[[BLOCK:.+]]) = (0, 0) to (4, 32) step (1, 16)
// CHECK:         %[[FIRST:.+]] = arith.muli %[[BLOCK]], %c32
// CHECK:         vector.transfer_read %[[X]][%{{.+}}, %[[FIRST]]], %{{.+}} {in_bounds = [true]} : tensor<4x1024xf32>, vector<16xf32>
// CHECK-COUNT-31: vector.transfer_read %[[X]]
// CHECK-NOT:     transfer_read
// CHECK:         vector.shuffle %{{.+}}, %{{.+}} [0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30]
// CHECK:         vector.shuffle %{{.+}}, %{{.+}} [1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31]
// CHECK:         arith.maxsi
// CHECK-COUNT-22: vector.shuffle
// CHECK:         vector.shuffle %{{.+}}, %{{.+}} [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27]
// CHECK-COUNT-5: vector.shuffle
// CHECK-NOT:     vector.shuffle
// CHECK:         %[[TREE:.+]] = arith.maxsi %{{.+}}, %{{.+}} : vector<16xi32>
// CHECK-NEXT:    %[[ALL:.+]] = arith.maxsi %[[TREE]], %{{.+}} : vector<16xi32>
// CHECK:         vector.transfer_write %[[ALL]]
// CHECK:       scf.forall
// CHECK:         vector.transfer_read %[[AMAX]]{{.+}} vector<16xi32>
// CHECK:         vector.transfer_write {{.+}} vector<16xf8E8M0FNU>
func.func @groups(%x: tensor<4x1024xf32>) -> tensor<4x32xf8E8M0FNU> {
  %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4
         : tensor<4x1024xf32> -> tensor<4x32xf8E8M0FNU>
  return %s : tensor<4x32xf8E8M0FNU>
}

// -----

// Of rows of dynamic size blocks that are whole are read without masks, 16, 8 or
// one at a time. The last block is read alone, under a mask for what it lacks of
// 32.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @rest_of_groups(
// CHECK-SAME:    %[[X:.+]]: tensor<?x?xf32>)
// CHECK:       %[[WHOLE:.+]] = arith.divui %{{.+}}, %c32 :
// CHECK:       %[[OVER16:.+]] = arith.andi %[[WHOLE]], %c15
// CHECK:       %[[END16:.+]] = arith.subi %[[WHOLE]], %[[OVER16]]
// CHECK:       scf.forall (%{{.+}}, %{{.+}}) = (0, 0) to (%{{.+}}, %[[END16]]) step (1, 16)
// CHECK-NOT:     vector.create_mask
// CHECK:         vector.transfer_read %[[X]]{{.+}} vector<16xf32>
// CHECK-NOT:     vector.create_mask
// CHECK:       %[[OVER8:.+]] = arith.andi %[[WHOLE]], %c7
// CHECK:       %[[END8:.+]] = arith.subi %[[WHOLE]], %[[OVER8]]
// CHECK:       scf.forall (%{{.+}}, %{{.+}}) = (0, %[[END16]]) to (%{{.+}}, %[[END8]]) step (1, 8)
// CHECK-NOT:     vector.create_mask
// CHECK:         vector.transfer_read %[[X]]{{.+}} vector<8xf32>
// CHECK-NOT:     vector.create_mask
// CHECK:       scf.forall (%{{.+}}, %{{.+}}) = (0, %[[END8]]) to (%{{.+}}, %[[WHOLE]]) step (1, 1)
// CHECK-NOT:     vector.create_mask
// CHECK:         vector.transfer_read %[[X]]{{.+}} vector<16xf32>
// CHECK-NOT:     vector.create_mask
// CHECK:         vector.reduction <maxsi>, %{{.+}} : vector<16xi32> into i32
// CHECK:       scf.forall (%{{.+}}, %{{.+}}) = (0, %[[WHOLE]]) to
// CHECK:         %[[FIRST:.+]] = arith.muli %{{.+}}, %c32
// CHECK:         %[[START:.+]] = arith.minui %[[FIRST]], %[[K:.+]] :
// CHECK:         %[[REST:.+]] = arith.subi %[[K]], %[[START]]
// CHECK:         %[[LANES:.+]] = arith.minui %[[REST]], %c16
// CHECK:         %[[MASK:.+]] = vector.create_mask %[[LANES]] : vector<16xi1>
// CHECK:         vector.transfer_read %[[X]][%{{.+}}, %[[FIRST]]], %{{.+}}, %[[MASK]]
func.func @rest_of_groups(%x: tensor<?x?xf32>) -> tensor<?x?xf8E8M0FNU> {
  %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4
         : tensor<?x?xf32> -> tensor<?x?xf8E8M0FNU>
  return %s : tensor<?x?xf8E8M0FNU>
}

// -----

// Blocks that are longer than rows cost what the rows have.

!long = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x1073741824>

// CHECK-LABEL: func.func @long_blocks(
// CHECK-SAME:    %[[X:.+]]: tensor<?x?xf32>, %[[Y:.+]]: tensor<3x100xf32>)
// CHECK:       %[[K:.+]] = tensor.dim %[[X]], %c1
// CHECK:         %[[END:.+]] = arith.minui %[[K]], %c1073741824
// CHECK:         scf.for %{{.+}} = %c16 to %[[END]] step %c16
// CHECK:       vector.transfer_read %[[Y]]
// CHECK:         scf.for %{{.+}} = %c8 to %c104 step %c8
func.func @long_blocks(%x: tensor<?x?xf32>, %y: tensor<3x100xf32>)
    -> (tensor<?x?xf8E8M0FNU>, tensor<3x1xf8E8M0FNU>) {
  %s = quantx.choose_qparams %x using #quantx.floor for !long
         : tensor<?x?xf32> -> tensor<?x?xf8E8M0FNU>
  %t = quantx.choose_qparams %y using #quantx.floor for !long
         : tensor<3x100xf32> -> tensor<3x1xf8E8M0FNU>
  return %s, %t : tensor<?x?xf8E8M0FNU>, tensor<3x1xf8E8M0FNU>
}

// -----

// The blocks of NVFP4 are transposed and compared together, as lanes, by errors
// in f32, whose sums may be fused.

!nvfp4 = !quantx.scaled<f4E2M1FN : bf16, f8E4M3FN per 1x16, global f32>

// CHECK-LABEL: func.func @search(
// CHECK-SAME:    %[[X:.+]]: tensor<4x64xbf16>
// CHECK:       scf.forall
// CHECK-COUNT-4: vector.transfer_read %[[X]][{{.+}} : tensor<4x64xbf16>, vector<8xbf16>
// CHECK:         vector.shuffle %{{.+}}, %{{.+}} [0, 8, 1, 9, 4, 12, 5, 13]
// CHECK:         vector.shuffle %{{.+}}, %{{.+}} [0, 1, 2, 3, 8, 9, 10, 11]
// CHECK-COUNT-4: vector.transfer_read %[[X]][{{.+}} : tensor<4x64xbf16>, vector<8xbf16>
// CHECK:         scf.while
// CHECK:           vector.reduction <or>, %{{.+}} : vector<8xi1> into i1
// CHECK-NOT:     transfer_read
// CHECK-COUNT-15:  arith.addf %{{.+}}, %{{.+}} fastmath<contract> : vector<8xf32>
// CHECK-NOT:     transfer_read
// CHECK:         math.sqrt %{{.+}} : vector<8xf32>

// The search of a block that is left has it as a vector: read once, whole, and
// every term of it is computed on all lanes. The sum of squared errors is not
// reassociated.

// CHECK:         math.cttz
// CHECK:         %[[FIRST:.+]] = arith.muli %{{.+}}, %c16
// CHECK:         %[[BLOCK:.+]] = vector.transfer_read %[[X]][%{{.+}}, %[[FIRST]]], {{.+}} : tensor<4x64xbf16>, vector<16xbf16>
// CHECK-NOT:     tensor.extract %[[X]]
// CHECK:         vector.reduction <minimumf>, %{{.+}}, %{{.+}} : vector<16xf32> into f32
// CHECK:         vector.reduction <maximumf>, %{{.+}}, %{{.+}} : vector<16xf32> into f32
// CHECK:         vector.broadcast %{{.+}} : f32 to vector<16xf32>
// CHECK:         vector.reduction <add>, %{{[0-9a-z_]+}}, %{{[0-9a-z_]+}} : vector<16xf64> into f64
// CHECK:         scf.while
// CHECK:           vector.reduction <add>, %{{[0-9a-z_]+}}, %{{[0-9a-z_]+}} : vector<16xf64> into f64
// CHECK-NOT:     scf.for{{ }}
// CHECK-NOT:     transfer_read %[[X]]
func.func @search(%x: tensor<4x64xbf16>, %g: tensor<f32>)
    -> (tensor<4x4xf8E4M3FN>, tensor<f32>) {
  %s, %h = quantx.choose_qparams %x using #quantx.optimal for !nvfp4 under %g
             : tensor<4x64xbf16> -> tensor<4x4xf8E4M3FN>, tensor<f32>
  return %s, %h : tensor<4x4xf8E4M3FN>, tensor<f32>
}

// -----

// Whole blocks of 16 halves are read two at a time: eight vectors, whose tree
// leaves the blocks in an order of its own.

!nvfp4 = !quantx.scaled<f4E2M1FN : bf16, f8E4M3FN per 1x16, global f32>

// CHECK-LABEL: func.func @two_blocks(
// CHECK-SAME:    %[[X:.+]]: tensor<4x256xbf16>
// CHECK-COUNT-8: vector.transfer_read %[[X]][{{.+}} : tensor<4x256xbf16>, vector<32xbf16>
// CHECK-NOT:     transfer_read
// CHECK-COUNT-14: vector.shuffle
// CHECK:         vector.shuffle %{{.+}}, %{{.+}} [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15]
// CHECK-NOT:     vector.shuffle
// CHECK:         vector.transfer_write
func.func @two_blocks(%x: tensor<4x256xbf16>, %g: tensor<f32>)
    -> (tensor<4x16xf8E4M3FN>, tensor<f32>) {
  %s, %h = quantx.choose_qparams %x using #quantx.absmax for !nvfp4 under %g
             : tensor<4x256xbf16> -> tensor<4x16xf8E4M3FN>, tensor<f32>
  return %s, %h : tensor<4x16xf8E4M3FN>, tensor<f32>
}

// -----

// Few blocks have another candidate: those alone are searched, lane by lane of
// the group. A sum of f32 decides; and where it is too near to 0, one that is
// exact in any order, and so reassociated.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @exact(
// CHECK:         scf.while
// CHECK:         vector.reduction <add>, {{.+}} : vector<32xf32> into f32
// CHECK:         arith.cmpf oge, %{{.+}} : vector<8xf32>
// CHECK:         scf.forall
// CHECK:         %[[WINDOWS:.+]] = vector.transfer_read {{.+}} vector<8xi32>
// CHECK-NEXT:    %[[MORE:.+]] = arith.cmpi sge, %[[WINDOWS]], %{{.+}} : vector<8xi32>
// CHECK-NEXT:    %[[NEEDED:.+]] = arith.andi %[[MORE]], %{{.+}} : vector<8xi1>
// CHECK:         %[[BYTE:.+]] = vector.bitcast %[[NEEDED]] : vector<8xi1> to vector<1xi8>
// CHECK:         scf.while
// CHECK:           math.cttz
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
// CHECK:       linalg.generic
// CHECK:         %[[NEXT:.+]] = arith.addi %[[FIRST:.+]], %c8
// CHECK:         %[[END:.+]] = arith.minui %[[NEXT]], %[[K:.+]] :
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
  %s, %z = quantx.choose_qparams %x using #quantx.optimal for !int4
             : tensor<?x?xf32> -> tensor<?x?xf32>, tensor<?x?xi4>
  return %s, %z : tensor<?x?xf32>, tensor<?x?xi4>
}

// -----

// Longer blocks than a vector are reduced by a loop over their parts.

// CHECK-LABEL: func.func @long_blocks(
// CHECK-SAME:    %[[X:.+]]: tensor<16x2048xf32>)
// CHECK:       scf.forall
// CHECK-COUNT-16: vector.transfer_read %[[X]]
// CHECK:         %[[PARTS:.+]]:16 = scf.for %{{.+}} = %c16 to %c128 step %c16
// CHECK-COUNT-16:  vector.transfer_read %[[X]]
// CHECK:         vector.shuffle %[[PARTS]]#0, %[[PARTS]]#1
// CHECK-NOT:   linalg
func.func @long_blocks(%x: tensor<16x2048xf32>) -> tensor<16x16xf32> {
  %s = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i4 : f32, f32 per 1x128>
         : tensor<16x2048xf32> -> tensor<16x16xf32>
  return %s : tensor<16x16xf32>
}

// -----

// Whole rows, and several rows: vectors whose lanes are reduced at the end. What
// is left of a row is read under a mask.

// CHECK-LABEL: func.func @wide_blocks(
// CHECK-SAME:    %[[X:.+]]: tensor<256x296xf32>)
// CHECK:         %[[ROW:.+]] = scf.for %{{.+}} = %c0 to %c256 step %c64 iter_args(%[[ACC:.+]] = %{{.+}}) -> (vector<64xi32>)
// CHECK:           vector.transfer_read %[[X]]
// CHECK:           arith.maxsi %[[ACC]], %{{.+}} : vector<64xi32>
// CHECK:         %[[MASK:.+]] = vector.constant_mask [40] : vector<64xi1>
// CHECK:         vector.transfer_read %[[X]]{{.+}}, %[[MASK]]
// CHECK:         arith.maxsi %[[ROW]], %{{.+}} : vector<64xi32>
// CHECK:         vector.reduction <maxsi>
// CHECK:         scf.for {{.+}} -> (vector<64xi32>)
// CHECK:           scf.for {{.+}} -> (vector<64xi32>)
// CHECK:         vector.reduction <maxsi>
func.func @wide_blocks(%x: tensor<256x296xf32>)
    -> (tensor<256x1xf32>, tensor<4x5xf32>) {
  %a = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i4 : f32, f32 per 1x*>
         : tensor<256x296xf32> -> tensor<256x1xf32>
  %b = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i4 : f32, f32 per 64x64>
         : tensor<256x296xf32> -> tensor<4x5xf32>
  return %a, %b : tensor<256x1xf32>, tensor<4x5xf32>
}

// -----

// Left to linalg: blocks of no power of two, of several short rows, and along
// other dimensions.

// CHECK-LABEL: func.func @other_blocks(
// CHECK-NOT:     vector
func.func @other_blocks(%x: tensor<256x288xf32>)
    -> (tensor<256x12xf32>, tensor<128x36xf32>, tensor<32x288xf32>,
        tensor<256x72xf32>) {
  %a = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i4 : f32, f32 per 1x24>
         : tensor<256x288xf32> -> tensor<256x12xf32>
  %b = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i4 : f32, f32 per 2x8>
         : tensor<256x288xf32> -> tensor<128x36xf32>
  %c = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i4 : f32, f32 per 8x1>
         : tensor<256x288xf32> -> tensor<32x288xf32>
  %d = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i4 : f32, f32 per 1x4>
         : tensor<256x288xf32> -> tensor<256x72xf32>
  return %a, %b, %c, %d
    : tensor<256x12xf32>, tensor<128x36xf32>, tensor<32x288xf32>,
      tensor<256x72xf32>
}
