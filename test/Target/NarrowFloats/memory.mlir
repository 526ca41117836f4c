// Vectors of less than a byte an element are loaded and stored as packed bytes,
// which is what upstream's lowering to LLVM makes of them, and no vector of i4
// is there on the way. Loops carry codes.
//
// RUN: quant-opt %s --quantx-expand-narrow-floats --canonicalize \
// RUN:   | FileCheck %s --implicit-check-not='xi4>' --implicit-check-not='xi6>'
// RUN: quant-opt %s --quantx-cpu-pipeline=target=generic \
// RUN:   | mlir-runner-22 -e main --entry-point-result=void \
// RUN:       --shared-libs=%llvm_dir/lib/libmlir_c_runner_utils%shlibext \
// RUN:   | FileCheck %s --match-full-lines --check-prefix=EXECUTED

memref.global "private" constant @values : memref<16xf32> = dense<[
  0.0, -0.5, 1.0, 1.5, 2.0, 3.0, 4.0, -6.0,
  0.2, 0.3, -0.8, 5.1, 100.0, -1.3, 2.4, 3.6]>

// CHECK-LABEL: func.func @store(
// CHECK: memref.extract_aligned_pointer_as_index
// CHECK: llvm.store %{{.*}} {alignment = 1 : i64} : vector<8xi8>, !llvm.ptr
func.func @store(%x: memref<16xf32>, %codes: memref<16xf4E2M1FN>) {
  %c0 = arith.constant 0 : index
  %v = vector.load %x[%c0] : memref<16xf32>, vector<16xf32>
  %c = arith.truncf %v : vector<16xf32> to vector<16xf4E2M1FN>
  vector.store %c, %codes[%c0] : memref<16xf4E2M1FN>, vector<16xf4E2M1FN>
  return
}

// CHECK-LABEL: func.func @load(
// CHECK: llvm.load %{{.*}} {alignment = 1 : i64} : !llvm.ptr -> vector<8xi8>
// CHECK: scf.for {{.*}} -> (vector<16xi8>)
func.func @load(%codes: memref<16xf4E2M1FN>, %n: index) -> vector<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c = vector.load %codes[%c0] : memref<16xf4E2M1FN>, vector<16xf4E2M1FN>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %c) -> (vector<16xf4E2M1FN>) {
    %s = vector.shuffle %a, %a [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14]
      : vector<16xf4E2M1FN>, vector<16xf4E2M1FN>
    scf.yield %s : vector<16xf4E2M1FN>
  }
  %y = arith.extf %r : vector<16xf4E2M1FN> to vector<16xf32>
  return %y : vector<16xf32>
}

// EXECUTED: ( -0.5, 0, 1.5, 1, 3, 2, -6, 4, 0.5, 0, 6, -1, -1.5, 6, 4, 2 )
func.func @main() {
  %x = memref.get_global @values : memref<16xf32>
  %codes = memref.alloca() : memref<16xf4E2M1FN>
  call @store(%x, %codes) : (memref<16xf32>, memref<16xf4E2M1FN>) -> ()
  %c3 = arith.constant 3 : index
  %y = call @load(%codes, %c3) : (memref<16xf4E2M1FN>, index) -> vector<16xf32>
  vector.print %y : vector<16xf32>
  call @through_view(%x) : (memref<16xf32>) -> ()
  return
}

// The offset of a memref counts: what is stored through a view is in the buffer
// at its place, and the other way round.
//
// CHECK-LABEL: func.func @store_to_view(
// CHECK: memref.extract_strided_metadata
// CHECK: arith.addi %{{.*}}, %offset
func.func @store_to_view(%x: memref<16xf32>,
                         %codes: memref<16xf4E2M1FN, strided<[1], offset: ?>>) {
  %c0 = arith.constant 0 : index
  %v = vector.load %x[%c0] : memref<16xf32>, vector<16xf32>
  %c = arith.truncf %v : vector<16xf32> to vector<16xf4E2M1FN>
  vector.store %c, %codes[%c0]
    : memref<16xf4E2M1FN, strided<[1], offset: ?>>, vector<16xf4E2M1FN>
  return
}

// CHECK-LABEL: func.func @load_from_view(
// CHECK: arith.addi %{{.*}}, %offset
func.func @load_from_view(%codes: memref<16xf4E2M1FN, strided<[1], offset: ?>>)
    -> vector<16xf32> {
  %c0 = arith.constant 0 : index
  %c = vector.load %codes[%c0]
    : memref<16xf4E2M1FN, strided<[1], offset: ?>>, vector<16xf4E2M1FN>
  %y = arith.extf %c : vector<16xf4E2M1FN> to vector<16xf32>
  return %y : vector<16xf32>
}

// EXECUTED: ( 0, -0.5, 1, 1.5, 2, 3, 4, -6, 0, 0.5, -1, 6, 6, -1.5, 2, 4 )
// EXECUTED: ( 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 )
func.func @through_view(%x: memref<16xf32>) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %buffer = memref.alloca() : memref<64xf4E2M1FN>
  %ones = arith.constant dense<1.0> : vector<16xf4E2M1FN>
  %twos = arith.constant dense<2.0> : vector<16xf4E2M1FN>
  vector.store %twos, %buffer[%c0] : memref<64xf4E2M1FN>, vector<16xf4E2M1FN>
  vector.store %twos, %buffer[%c32] : memref<64xf4E2M1FN>, vector<16xf4E2M1FN>
  %static = memref.subview %buffer[32] [16] [1]
    : memref<64xf4E2M1FN> to memref<16xf4E2M1FN, strided<[1], offset: 32>>
  %view = memref.cast %static : memref<16xf4E2M1FN, strided<[1], offset: 32>>
    to memref<16xf4E2M1FN, strided<[1], offset: ?>>
  call @store_to_view(%x, %view)
    : (memref<16xf32>, memref<16xf4E2M1FN, strided<[1], offset: ?>>) -> ()
  %c = vector.load %buffer[%c32] : memref<64xf4E2M1FN>, vector<16xf4E2M1FN>
  %y = arith.extf %c : vector<16xf4E2M1FN> to vector<16xf32>
  vector.print %y : vector<16xf32>
  vector.store %ones, %buffer[%c32] : memref<64xf4E2M1FN>, vector<16xf4E2M1FN>
  %z = call @load_from_view(%view)
    : (memref<16xf4E2M1FN, strided<[1], offset: ?>>) -> vector<16xf32>
  vector.print %z : vector<16xf32>
  return
}
