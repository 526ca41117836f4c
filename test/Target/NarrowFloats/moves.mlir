// Between a conversion and vector.bitcast, whatever moves small floats moves
// bytes: no vector of them, nor of integers of less than a byte, is left.
//
// RUN: quant-opt %s --quantx-expand-narrow-floats --canonicalize \
// RUN: | FileCheck %s --implicit-check-not=f4E2M1FN \
// RUN:     --implicit-check-not=f6E3M2FN --implicit-check-not=xi4 \
// RUN:     --implicit-check-not=xi6

// CHECK-LABEL: func.func @shuffle_select_constant(
// CHECK: %[[ONES:.*]] = arith.constant dense<2> : vector<8xi8>
// CHECK: %[[SHUFFLED:.*]] = vector.shuffle %{{.*}} [7, 6, 5, 4, 3, 2, 1, 0] : vector<8xi8>
// CHECK: arith.select %{{.*}}, %[[SHUFFLED]], %[[ONES]] : vector<8xi1>, vector<8xi8>
// CHECK: return %{{.*}} : i32
func.func @shuffle_select_constant(%x: vector<8xf32>, %m: vector<8xi1>) -> i32 {
  %ones = arith.constant dense<1.0> : vector<8xf4E2M1FN>
  %a = arith.truncf %x : vector<8xf32> to vector<8xf4E2M1FN>
  %b = vector.shuffle %a, %a [7, 6, 5, 4, 3, 2, 1, 0]
    : vector<8xf4E2M1FN>, vector<8xf4E2M1FN>
  %c = arith.select %m, %b, %ones : vector<8xi1>, vector<8xf4E2M1FN>
  %d = vector.bitcast %c : vector<8xf4E2M1FN> to vector<1xi32>
  %e = vector.extract %d[0] : i32 from vector<1xi32>
  return %e : i32
}

// Four codes of 6 bits in three bytes: bytes 0, 1 and 2 of each i32.
//
// CHECK-LABEL: func.func @slices(
// CHECK: vector.extract_strided_slice %{{.*}} {offsets = [4], sizes = [4], strides = [1]} : vector<12xi8> to vector<4xi8>
// CHECK: vector.insert_strided_slice %{{.*}} {offsets = [8], strides = [1]} : vector<4xi8> into vector<12xi8>
// CHECK: vector.shuffle %{{.*}} [0, 1, 2, 4, 5, 6, 8, 9, 10] : vector<12xi8>
// CHECK: return %{{.*}} : vector<9xi8>
func.func @slices(%x: vector<12xf32>) -> vector<9xi8> {
  %a = arith.truncf %x : vector<12xf32> to vector<12xf6E3M2FN>
  %b = vector.extract_strided_slice %a {offsets = [4], sizes = [4], strides = [1]}
    : vector<12xf6E3M2FN> to vector<4xf6E3M2FN>
  %c = vector.insert_strided_slice %b, %a {offsets = [8], strides = [1]}
    : vector<4xf6E3M2FN> into vector<12xf6E3M2FN>
  %d = vector.bitcast %c : vector<12xf6E3M2FN> to vector<9xi8>
  return %d : vector<9xi8>
}

// CHECK-LABEL: func.func @transpose(
// CHECK: vector.transpose %{{.*}}, [1, 0] : vector<4x2xi8> to vector<2x4xi8>
// CHECK: return %{{.*}} : vector<2x2xi8>
func.func @transpose(%x: vector<4x2xf16>) -> vector<2x2xi8> {
  %a = arith.truncf %x : vector<4x2xf16> to vector<4x2xf4E2M1FN>
  %b = vector.transpose %a, [1, 0] : vector<4x2xf4E2M1FN> to vector<2x4xf4E2M1FN>
  %c = vector.bitcast %b : vector<2x4xf4E2M1FN> to vector<2x2xi8>
  return %c : vector<2x2xi8>
}

// CHECK-LABEL: func.func @branch(
// CHECK: scf.if %{{.*}} -> (vector<16xi8>) {
func.func @branch(%c: i1, %x: vector<16xf32>, %y: vector<8xi8>) -> vector<8xi8> {
  %r = scf.if %c -> vector<16xf4E2M1FN> {
    %a = arith.truncf %x : vector<16xf32> to vector<16xf4E2M1FN>
    scf.yield %a : vector<16xf4E2M1FN>
  } else {
    %b = vector.bitcast %y : vector<8xi8> to vector<16xf4E2M1FN>
    scf.yield %b : vector<16xf4E2M1FN>
  }
  %d = vector.bitcast %r : vector<16xf4E2M1FN> to vector<8xi8>
  return %d : vector<8xi8>
}
