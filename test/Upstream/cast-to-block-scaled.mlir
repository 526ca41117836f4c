// A tensor becomes MXFP4 and runs. TOSA has the op for it, but no way to LLVM:
// tosa-to-linalg fails on tosa.cast_to_block_scaled.
//
// RUN: split-file %s %t
//
// RUN: not mlir-opt-22 %t/upstream.mlir --tosa-to-linalg-pipeline 2>&1 \
// RUN:   | FileCheck %s --check-prefix=UPSTREAM
// UPSTREAM: error: failed to legalize operation 'tosa.cast_to_block_scaled'
//
// RUN: quant-opt %t/quantx.mlir --quantx-cpu-pipeline=target=generic \
// RUN:   | %run_main | FileCheck %s --match-full-lines --check-prefix=OURS
//
//     The scale is 2^(code - 127): 2 for a block whose largest value is 12.
//
// OURS:      128
//
//     0.5, 1, -3, 12 and 28 zeros over 2, two codes in a byte from the low bits:
//     0 (a tie) and 1, 0xB and 7.
//
// OURS-NEXT: 16
// OURS-NEXT: 123
// OURS-NEXT: 0

//--- upstream.mlir
func.func @cast(%x: tensor<1x32xf32>)
    -> (tensor<1x32xf4E2M1FN>, tensor<1x1xf8E8M0FNU>) {
  %codes, %scales = tosa.cast_to_block_scaled %x {block_size = BLOCK_SIZE_32}
    : (tensor<1x32xf32>) -> (tensor<1x32xf4E2M1FN>, tensor<1x1xf8E8M0FNU>)
  return %codes, %scales : tensor<1x32xf4E2M1FN>, tensor<1x1xf8E8M0FNU>
}

//--- quantx.mlir
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

memref.global "private" constant @inputs : memref<1x32xf32> = dense<[[
  0.5, 1.0, -3.0, 12.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
  0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
  0.0, 0.0]]>

func.func @cast(%x: tensor<1x32xf32>)
    -> (tensor<1x16xi8>, tensor<1x1xf8E8M0FNU>) {
  %q = quantx.dynamic_quantize %x using #quantx.floor
    : tensor<1x32xf32> to tensor<1x32x!mxfp4>
  %bytes, %scales = quantx.disassemble %q
    : tensor<1x32x!mxfp4> to tensor<1x16xi8>, tensor<1x1xf8E8M0FNU>
  return %bytes, %scales : tensor<1x16xi8>, tensor<1x1xf8E8M0FNU>
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %inputs = memref.get_global @inputs : memref<1x32xf32>
  %x = bufferization.to_tensor %inputs restrict
    : memref<1x32xf32> to tensor<1x32xf32>
  %bytes, %scales = func.call @cast(%x)
    : (tensor<1x32xf32>) -> (tensor<1x16xi8>, tensor<1x1xf8E8M0FNU>)
  %scale = tensor.extract %scales[%c0, %c0] : tensor<1x1xf8E8M0FNU>
  %code = arith.bitcast %scale : f8E8M0FNU to i8
  %unsigned = arith.extui %code : i8 to i32
  vector.print %unsigned : i32
  scf.for %i = %c0 to %c3 step %c1 {
    %byte = tensor.extract %bytes[%c0, %i] : tensor<1x16xi8>
    vector.print %byte : i8
  }
  return
}
