// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector --canonicalize --cse | FileCheck %s
// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector=fma=true --canonicalize --cse | FileCheck %s --check-prefix=FMA
// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector=bf16=true --canonicalize --cse | FileCheck %s --check-prefix=BF16

// Whole chunks of 64 elements: no mask. The two scales of a chunk are decoded
// before they are spread.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @dequantize(
// CHECK-SAME:    %[[PAYLOAD:.+]]: tensor<4x64xi8>, %[[SCALES:.+]]: tensor<4x4xf8E8M0FNU>)
// CHECK-NOT:   linalg
// CHECK:       scf.forall (%[[I:.+]], %[[J:.+]]) = (0, 0) to (4, 128) step (1, 64) shared_outs(%[[ALL:.+]] = %{{.+}}) -> (tensor<4x128xf32>)
// CHECK-NOT:   mask
// CHECK:         vector.transfer_read %[[PAYLOAD]][%[[I]], %{{.+}}], {{.+}} : tensor<4x64xi8>, vector<32xi8>
// CHECK:         %[[BLOCK:.+]] = arith.divui %[[J]], %c32
// CHECK:         vector.transfer_read %[[SCALES]][%[[I]], %[[BLOCK]]], {{.+}} : tensor<4x4xf8E8M0FNU>, vector<2xf8E8M0FNU>
// CHECK:         %[[FACTORS:.+]] = arith.bitcast %{{.+}} : vector<2xi32> to vector<2xf32>
// CHECK:         vector.shuffle %[[FACTORS]], %[[FACTORS]] [0, 0, {{.+}} 0, 1, {{.+}} 1] : vector<2xf32>, vector<2xf32>
// CHECK:         %[[SLICE:.+]] = tensor.extract_slice %[[ALL]][%[[I]], %[[J]]] [1, 64] [1, 1]
// CHECK:         %[[WRITTEN:.+]] = vector.transfer_write %{{.+}}, %[[SLICE]]{{.+}} : vector<64xf32>, tensor<1x64xf32>
// CHECK:         tensor.parallel_insert_slice %[[WRITTEN]] into %[[ALL]][%[[I]], %[[J]]] [1, 64] [1, 1]
// CHECK-NOT:   scf.forall
func.func @dequantize(%q: tensor<4x128x!mxfp4>) -> tensor<4x128xf32> {
  %y = quantx.dequantize %q : tensor<4x128x!mxfp4> to tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// -----

// What is left of a row goes under masks: 36 of 100 elements, 18 bytes, 2
// scales. The bits of codes beyond the row are 0.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @rest(
// CHECK:         scf.forall (%{{.+}}) in (4) {{.+}} -> (tensor<4x50xi8>)
// CHECK-NOT:       mask
// CHECK:         scf.forall (%{{.+}}) in (4) {{.+}} -> (tensor<4x50xi8>)
// CHECK:           %[[MASK:.+]] = vector.constant_mask [36] : vector<64xi1>
// CHECK:           vector.transfer_read {{.+}}, %[[MASK]] {{.+}} vector<64xf32>
// CHECK:           arith.select %[[MASK]], %{{.+}}, %{{.+}} : vector<64xi1>, vector<64xi8>
// CHECK:           %[[BYTES:.+]] = vector.constant_mask [18] : vector<32xi1>
// CHECK:           vector.transfer_write {{.+}}, %[[BYTES]] {{.+}} : vector<32xi8>, tensor<1x18xi8>
func.func @rest(%x: tensor<4x100xf32>, %s: tensor<4x4xf8E8M0FNU>)
    -> tensor<4x100x!mxfp4> {
  %q = quantx.quantize %x, %s
         : tensor<4x100xf32>, tensor<4x4xf8E8M0FNU> to tensor<4x100x!mxfp4>
  return %q : tensor<4x100x!mxfp4>
}

// -----

// Dynamic rows: both loops, the second of at most one chunk.

!fp8 = !quantx.scaled<f8E4M3FN : bf16, f32 per 1x*>

// CHECK-LABEL: func.func @dynamic(
// CHECK-SAME:    %[[X:.+]]: tensor<?x?xbf16>, %[[S:.+]]: tensor<?x1xf32>)
// CHECK:         %[[K:.+]] = tensor.dim %[[X]], %c1
// CHECK:         %[[REST:.+]] = arith.andi %[[K]], %c63
// CHECK:         %[[WHOLE:.+]] = arith.subi %[[K]], %[[REST]]
// CHECK:         scf.forall (%[[I:.+]], %{{.+}}) = (0, 0) to (%{{.+}}, %[[WHOLE]]) step (1, 64)
// CHECK:           %[[SCALE:.+]] = tensor.extract %[[S]][%[[I]], %c0]
// CHECK:           vector.broadcast %[[SCALE]] : f32 to vector<64xf32>
// CHECK:         scf.forall (%{{.+}}, %{{.+}}) = (0, %[[WHOLE]]) to (%{{.+}}, %[[K]]) step (1, 64)
// CHECK:           vector.create_mask %[[REST]] : vector<64xi1>
// CHECK:           %[[ONE:.+]] = arith.cmpi eq, %[[REST]], %c1
// CHECK:           scf.if %[[ONE]]
// CHECK-NEXT:        vector.extract_strided_slice {{.+}} : vector<64xi8> to vector<1xi8>
// CHECK:           else
// CHECK:             vector.transfer_write {{.+}} vector<64xi8>
func.func @dynamic(%x: tensor<?x?xbf16>, %s: tensor<?x1xf32>)
    -> tensor<?x?x!fp8> {
  %q = quantx.quantize %x, %s
         : tensor<?x?xbf16>, tensor<?x1xf32> to tensor<?x?x!fp8>
  return %q : tensor<?x?x!fp8>
}

// -----

// The chunk is halved until it is of whole blocks or in one block.

!b96 = !quantx.scaled<i8 : f32, f32 per 2x96>

// CHECK-LABEL: func.func @halved(
// CHECK:         scf.forall (%[[I:.+]], %[[J:.+]]) = (0, 0) to (4, 192) step (1, 32)
// CHECK-DAG:       %[[ROW:.+]] = arith.divui %[[I]], %c2
// CHECK-DAG:       %[[COLUMN:.+]] = arith.divui %[[J]], %c96
// CHECK:           tensor.extract %{{.+}}[%[[ROW]], %[[COLUMN]]]
func.func @halved(%q: tensor<4x192x!b96>) -> tensor<4x192xf32> {
  %y = quantx.dequantize %q : tensor<4x192x!b96> to tensor<4x192xf32>
  return %y : tensor<4x192xf32>
}

// -----

// Blocks of 20 share vectors with no chunk; in rows of 20 they are the row.

!b20 = !quantx.scaled<i8 : f32, f32 per 20>

// CHECK-LABEL: func.func @odd_blocks(
// CHECK-NOT:     vector
// CHECK:         linalg.generic
// CHECK-NOT:     vector
// CHECK-LABEL: func.func @one_odd_block(
// CHECK-NOT:     linalg
// CHECK:         vector.transfer_read {{.+}} vector<32xi8>
func.func @odd_blocks(%q: tensor<80x!b20>) -> tensor<80xf32> {
  %y = quantx.dequantize %q : tensor<80x!b20> to tensor<80xf32>
  return %y : tensor<80xf32>
}
func.func @one_odd_block(%q: tensor<20x!b20>) -> tensor<20xf32> {
  %y = quantx.dequantize %q : tensor<20x!b20> to tensor<20xf32>
  return %y : tensor<20xf32>
}

// -----

// A scale and a zero point for each element.

!each = !quantx.scaled<ui4 : f32, f16 per 1x1, zero_point ui4>

// CHECK-LABEL: func.func @each(
// CHECK-DAG:       vector.transfer_read {{.+}} tensor<2x64xf16>, vector<64xf16>
// CHECK-DAG:       vector.transfer_read {{.+}} tensor<2x64xi8>, vector<64xi8>
// CHECK-NOT:       vector.shuffle
// CHECK:         return
func.func @each(%q: tensor<2x64x!each>) -> tensor<2x64xf32> {
  %y = quantx.dequantize %q : tensor<2x64x!each> to tensor<2x64xf32>
  return %y : tensor<2x64xf32>
}

// -----

// dynamic_quantize finds the scales first; random bits are those of the elements'
// indices in the tensor.

!int4 = !quantx.scaled<i4 : f32, f32 per 1x32>

// CHECK-LABEL: func.func @stochastic(
// CHECK-DAG:     %[[LANES:.+]] = arith.constant dense<[0, 1, 2, {{.+}}, 63]> : vector<64xi64>
// CHECK:         scf.forall
// CHECK:         scf.forall
// CHECK:         scf.forall (%[[I:.+]], %[[J:.+]]) =
// CHECK:           %[[ROW:.+]] = arith.muli %[[I]], %c128
// CHECK:           %[[FIRST:.+]] = arith.addi %[[ROW]], %[[J]]
// CHECK:           %[[I64:.+]] = arith.index_cast %[[FIRST]] : index to i64
// CHECK:           %[[ALL:.+]] = vector.broadcast %[[I64]] : i64 to vector<64xi64>
// CHECK:           arith.addi %[[ALL]], %[[LANES]]
func.func @stochastic(%x: tensor<4x128xf32>, %seed: i64) -> tensor<4x128x!int4> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax seed %seed
         {rounding = #quantx.rounding<stochastic>}
         : tensor<4x128xf32> to tensor<4x128x!int4>
  return %q : tensor<4x128x!int4>
}

// -----

// A small tensor: the reciprocals of 16 scales at a time, before the elements. A
// chunk whose blocks all have one multiplies by them, others look at the scales.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @row(
// CHECK-SAME:    %[[X:.+]]: tensor<1x1024xf32>, %[[S:.+]]: tensor<1x32xf8E8M0FNU>)
// CHECK:         %[[ROW:.+]] = scf.forall (%[[B:.+]]) = (0) to (32) step (16) shared_outs({{.+}}) -> (tensor<1x32xf32>)
// CHECK:           vector.transfer_read %[[S]][%c0, %[[B]]], {{.+}} vector<16xf8E8M0FNU>
// CHECK:           vector.transfer_write %{{.+}} : vector<16xf32>, tensor<1x16xf32>
// CHECK:         scf.forall (%[[J:.+]]) = (0) to (1024) step (64) {{.+}} -> (tensor<1x512xi8>)
// CHECK:           %[[PAIR:.+]] = vector.transfer_read %[[ROW]][%c0, %{{.+}}], {{.+}} : tensor<1x32xf32>, vector<2xf32>
// CHECK:           %[[ARE:.+]] = arith.cmpf ord, %[[PAIR]], %[[PAIR]]
// CHECK:           %[[ALL:.+]] = vector.reduction <and>, %[[ARE]]
// CHECK:           scf.if %[[ALL]] -> (vector<32xi8>)
// CHECK:             %[[FACTORS:.+]] = vector.shuffle %[[PAIR]], %[[PAIR]] [0, 0, {{.+}} 1, 1] : vector<2xf32>, vector<2xf32>
// CHECK:             %[[ELEMENTS:.+]] = vector.transfer_read %[[X]][%c0, %[[J]]]
// CHECK:             %[[UNITS:.+]] = arith.mulf %[[ELEMENTS]], %[[FACTORS]]
// CHECK-NEXT:        %[[FLOATS:.+]] = arith.truncf %[[UNITS]]
// CHECK-NEXT:        vector.bitcast %[[FLOATS]] : vector<64xf4E2M1FN> to vector<32xi8>
// CHECK:           } else {
// CHECK:             vector.transfer_read %[[S]]
// CHECK:         return
func.func @row(%x: tensor<1x1024xf32>, %s: tensor<1x32xf8E8M0FNU>)
    -> tensor<1x1024x!mxfp4> {
  %q = quantx.quantize %x, %s
    : tensor<1x1024xf32>, tensor<1x32xf8E8M0FNU> to tensor<1x1024x!mxfp4>
  return %q : tensor<1x1024x!mxfp4>
}

// -----

// A scale that is no power of two: by two products with multiply-add, where the
// target has that; else by division.

!fp8 = !quantx.scaled<f8E4M3FN : f32, f32 per 1x*>

// FMA-LABEL: func.func @quotient(
// FMA:         math.fma
// FMA:         scf.if
// FMA-NOT:       arith.divf
// FMA:           arith.mulf
// FMA-NEXT:      math.fma
// FMA-NEXT:      math.copysign
// FMA-NEXT:      arith.truncf {{.+}} {quantx.in_range}
// FMA:         } else {
// FMA:           arith.divf
// CHECK-LABEL: func.func @quotient(
// CHECK-NOT:     math.fma
// CHECK-NOT:     scf.if
// CHECK:         arith.divf
func.func @quotient(%x: tensor<1x1024xf32>, %s: tensor<1x1xf32>)
    -> tensor<1x1024x!fp8> {
  %q = quantx.quantize %x, %s
    : tensor<1x1024xf32>, tensor<1x1xf32> to tensor<1x1024x!fp8>
  return %q : tensor<1x1024x!fp8>
}

// -----

// By what the target has for values that are not subnormal, where the scales say
// that none is.
!fp8 = !quantx.scaled<f8E4M3FN : bf16, f16 per 1x32>

// BF16-LABEL: func.func @to_bf16(
// BF16-DAG:      %[[LEAST:.+]] = arith.constant dense<562036734> : vector<2xi32>
// BF16:          %[[BITS:.+]] = arith.bitcast %{{.+}} : vector<2xf32> to vector<2xi32>
// BF16:          %[[SIZES:.+]] = arith.addi
// BF16:          %[[ARE_NORMAL:.+]] = arith.cmpi ugt, %[[SIZES]], %[[LEAST]]
// BF16:          %[[ALL:.+]] = vector.reduction <and>, %[[ARE_NORMAL]] : vector<2xi1> into i1
// BF16:          scf.if %[[ALL]] -> (vector<64xbf16>) {
// BF16:            arith.truncf %{{.+}} {quantx.no_subnormals} : vector<64xf32> to vector<64xbf16>
// BF16:          } else {
// BF16-NOT:        no_subnormals
// BF16:            arith.shrui

// CHECK-LABEL: func.func @to_bf16(
// CHECK-NOT:     no_subnormals
func.func @to_bf16(%q: tensor<4x128x!fp8>) -> tensor<4x128xbf16> {
  %y = quantx.dequantize %q : tensor<4x128x!fp8> to tensor<4x128xbf16>
  return %y : tensor<4x128xbf16>
}
