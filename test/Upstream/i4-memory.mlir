// Four-bit codes have one layout: two in a byte, the first in the low bits,
// whoever reads them. Upstream's memory of i4 has two: memref.store and
// memref.load take a byte an element, vector.load and vector.store pack, so what
// one writes the other reads as something else, without a diagnostic.
//
// RUN: split-file %s %t
//
// RUN: mlir-opt-22 %t/upstream.mlir --pass-pipeline='builtin.module(%to_llvm)' \
// RUN:   | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefixes=UPSTREAM
// RUN: quant-opt %t/quantx.mlir --quantx-cpu-pipeline=target=generic \
// RUN:   | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefixes=OURS
//
//     The codes 0 to 7, written one by one and read as a vector:
//
// UPSTREAM: ( 0, 0, 1, 0, 2, 0, 3, 0 )
// OURS:     ( 0, 1, 2, 3, 4, 5, 6, 7 )
//
//     Their bytes: 0x10, 0x32, 0x54, 0x76.
//
// OURS-NEXT: ( 16, 50, 84, 118 )

//--- upstream.mlir
memref.global "private" @codes : memref<8xi4> = dense<0>

func.func @write(%codes: memref<8xi4>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %code = arith.index_cast %i : index to i4
    memref.store %code, %codes[%i] : memref<8xi4>
  }
  return
}

func.func @read(%codes: memref<8xi4>) -> vector<8xi4> {
  %c0 = arith.constant 0 : index
  %v = vector.load %codes[%c0] : memref<8xi4>, vector<8xi4>
  return %v : vector<8xi4>
}

func.func @main() {
  %codes = memref.get_global @codes : memref<8xi4>
  func.call @write(%codes) : (memref<8xi4>) -> ()
  %v = func.call @read(%codes) : (memref<8xi4>) -> vector<8xi4>
  %wide = arith.extui %v : vector<8xi4> to vector<8xi32>
  vector.print %wide : vector<8xi32>
  return
}

//--- quantx.mlir
func.func @write() -> tensor<4xi8> {
  %codes = tensor.generate {
  ^bb0(%i: index):
    %code = arith.index_cast %i : index to i4
    tensor.yield %code : i4
  } : tensor<8xi4>
  %bytes = quantx.pack %codes as #quantx.packing<linear>
    : tensor<8xi4> to tensor<4xi8>
  return %bytes : tensor<4xi8>
}

func.func @read(%bytes: tensor<4xi8>) -> vector<8xi32> {
  %c0 = arith.constant 0 : index
  %padding = arith.constant 0 : i32
  %codes = quantx.unpack %bytes as #quantx.packing<linear>
    : tensor<4xi8> to tensor<8xi4>
  %wide = arith.extui %codes : tensor<8xi4> to tensor<8xi32>
  %v = vector.transfer_read %wide[%c0], %padding {in_bounds = [true]}
    : tensor<8xi32>, vector<8xi32>
  return %v : vector<8xi32>
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %padding = arith.constant 0 : i8
  %bytes = func.call @write() : () -> tensor<4xi8>
  %v = func.call @read(%bytes) : (tensor<4xi8>) -> vector<8xi32>
  vector.print %v : vector<8xi32>
  %raw = vector.transfer_read %bytes[%c0], %padding {in_bounds = [true]}
    : tensor<4xi8>, vector<4xi8>
  vector.print %raw : vector<4xi8>
  return
}
