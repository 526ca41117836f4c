// What the conversions become on GPUs of NVIDIA: pairs of elements by `cvt`
// where the chip has it. NVVMFloatCodecTest shows that the bits are right.
//
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=sm_80 --canonicalize \
// RUN: | FileCheck %s --check-prefixes=CHECK,NOF8,NOF6
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=sm_90 --canonicalize \
// RUN: | FileCheck %s --check-prefixes=CHECK,F8,NOF6
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=sm_100a \
// RUN:   --canonicalize \
// RUN: | FileCheck %s --check-prefixes=CHECK,F8,F6

// Saturating is what `cvt` does; here, what overflows is NaN before it, and the
// sign, which NaN may have lost, is added after it.
//
// CHECK-LABEL: func @encode_e4m3(
// CHECK-SAME: %[[X:.*]]: vector<2xf32>)
// F8-DAG: %[[SIGN:.*]] = arith.constant dense<-128> : vector<2xi8>
// F8-DAG: %[[BOUND:.*]] = arith.constant dense<4.640000e+02> : vector<2xf32>
// F8-DAG: %[[NAN:.*]] = arith.constant dense<0x7FC00000> : vector<2xf32>
// F8: %[[MAGNITUDE:.*]] = math.absf %[[X]]
// F8: %[[OVERFLOWS:.*]] = arith.cmpf ugt, %[[MAGNITUDE]], %[[BOUND]]
// F8: %[[SEEN:.*]] = arith.select %[[OVERFLOWS]], %[[NAN]], %[[X]]
// F8: %[[ELEMENTS:.*]]:2 = vector.to_elements %[[SEEN]]
// F8: nvvm.convert.f32x2.to.f8x2 %[[ELEMENTS]]#1, %[[ELEMENTS]]#0 {{.*}}(f8E4M3FN)
// F8: %[[BYTES:.*]] = vector.bitcast %[[X]] : vector<2xf32> to vector<8xi8>
// F8: %[[TOP:.*]] = vector.shuffle %[[BYTES]], %[[BYTES]] [3, 7]
// F8: arith.andi %[[TOP]], %[[SIGN]]
// NOF8-NOT: nvvm.convert
// CHECK: return
func.func @encode_e4m3(%x: vector<2xf32>) -> vector<2xi8> {
  %y = arith.truncf %x : vector<2xf32> to vector<2xf8E4M3FN>
  %b = arith.bitcast %y : vector<2xf8E4M3FN> to vector<2xi8>
  return %b : vector<2xi8>
}

// NaN keeps its payload, and overflow is infinity: `cvt` sees zero instead.
//
// CHECK-LABEL: func @encode_e5m2(
// CHECK-SAME: %[[X:.*]]: vector<2xf16>)
// F8-DAG: %[[BOUND:.*]] = arith.constant dense<6.144000e+04> : vector<2xf16>
// F8-DAG: %[[ZERO:.*]] = arith.constant dense<0> : vector<2xi16>
// F8: %[[SPECIAL:.*]] = arith.cmpf uge, %{{.*}}, %[[BOUND]]
// F8: %[[BITS:.*]] = arith.bitcast %[[X]]
// F8: %[[SEEN:.*]] = arith.select %[[SPECIAL]], %[[ZERO]], %[[BITS]]
// F8: %[[HALVES:.*]] = arith.bitcast %[[SEEN]]
// F8: nvvm.convert.f16x2.to.f8x2 %[[HALVES]] : vector<2xf16> -> vector<2xi8>(f8E5M2)
// NOF8-NOT: nvvm.convert
// CHECK: return
func.func @encode_e5m2(%x: vector<2xf16>) -> vector<2xi8> {
  %y = arith.truncf %x : vector<2xf16> to vector<2xf8E5M2>
  %b = arith.bitcast %y : vector<2xf8E5M2> to vector<2xi8>
  return %b : vector<2xi8>
}

// NaN need not be put right where any other one will do.
//
// CHECK-LABEL: func @decode_to_any_nan(
// CHECK-SAME: %[[B:.*]]: vector<2xi8>)
// F8-NEXT: %[[HALVES:.*]] = nvvm.convert.f8x2.to.f16x2 %[[B]] : vector<2xi8>(f8E4M3FN) -> vector<2xf16>
// F8-NEXT: return %[[HALVES]]
// NOF8-NOT: nvvm.convert
// NOF8: return
func.func @decode_to_any_nan(%b: vector<2xi8>) -> vector<2xf16> {
  %x = arith.bitcast %b : vector<2xi8> to vector<2xf8E4M3FN>
  %y = arith.extf %x {quantx.any_nan} : vector<2xf8E4M3FN> to vector<2xf16>
  return %y : vector<2xf16>
}

// Without an instruction: the fields at those of f16, times a power of two.
//
// CHECK-LABEL: func @decode_e4m3(
// CHECK-SAME: %[[B:.*]]: vector<2xi8>)
// F8: %[[HALVES:.*]] = nvvm.convert.f8x2.to.f16x2 %[[B]] : vector<2xi8>(f8E4M3FN) -> vector<2xf16>
// F8: %[[VALUES:.*]] = arith.extf %[[HALVES]]
// F8: %[[ISNAN:.*]] = arith.cmpf uno, %[[VALUES]], %[[VALUES]]
// F8: arith.select %[[ISNAN]]
// NOF8-NOT: nvvm.convert
// NOF8: arith.mulf %{{.*}} : vector<2xf16>
// NOF8-NOT: nvvm.convert
// CHECK: return
func.func @decode_e4m3(%b: vector<2xi8>) -> vector<2xf32> {
  %x = arith.bitcast %b : vector<2xi8> to vector<2xf8E4M3FN>
  %y = arith.extf %x : vector<2xf8E4M3FN> to vector<2xf32>
  return %y : vector<2xf32>
}

// FP6 and FP4 need nothing around the instruction.
//
// CHECK-LABEL: func @encode_e3m2(
// CHECK-SAME: %[[X:.*]]: vector<2xf32>)
// F6-NEXT: %[[ELEMENTS:.*]]:2 = vector.to_elements %[[X]]
// F6-NEXT: nvvm.convert.f32x2.to.f6x2 %[[ELEMENTS]]#1, %[[ELEMENTS]]#0 : vector<2xi8>(f6E3M2FN)
// NOF6-NOT: nvvm.convert
// CHECK: return
func.func @encode_e3m2(%x: vector<2xf32>) -> vector<2xi6> {
  %y = arith.truncf %x : vector<2xf32> to vector<2xf6E3M2FN>
  %b = arith.bitcast %y : vector<2xf6E3M2FN> to vector<2xi6>
  return %b : vector<2xi6>
}

// CHECK-LABEL: func @encode_e2m1(
// CHECK-SAME: %[[X:.*]]: vector<2xf32>)
// F6: %[[ELEMENTS:.*]]:2 = vector.to_elements %[[X]]
// F6: nvvm.convert.f32x2.to.f4x2 %[[ELEMENTS]]#1, %[[ELEMENTS]]#0 : i8(f4E2M1FN)
// NOF6-NOT: nvvm.convert
// CHECK: return
func.func @encode_e2m1(%x: vector<2xf32>) -> vector<1xi8> {
  %y = arith.truncf %x : vector<2xf32> to vector<2xf4E2M1FN>
  %b = vector.bitcast %y : vector<2xf4E2M1FN> to vector<1xi8>
  return %b : vector<1xi8>
}

// The payload of the hardware's NaN is cleared.
//
// CHECK-LABEL: func @decode_e8m0(
// CHECK-SAME: %[[B:.*]]: vector<2xi8>)
// F6: %[[MASK:.*]] = arith.constant dense<32704> : vector<2xi16>
// F6: %[[VALUES:.*]] = nvvm.convert.f8x2.to.bf16x2 %[[B]] : vector<2xi8>(f8E8M0FNU) -> vector<2xbf16>
// F6: %[[BITS:.*]] = arith.bitcast %[[VALUES]]
// F6: arith.andi %[[BITS]], %[[MASK]]
// NOF6-NOT: nvvm.convert
// CHECK: return
func.func @decode_e8m0(%b: vector<2xi8>) -> vector<2xbf16> {
  %x = arith.bitcast %b : vector<2xi8> to vector<2xf8E8M0FNU>
  %y = arith.extf %x : vector<2xf8E8M0FNU> to vector<2xbf16>
  return %y : vector<2xbf16>
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @scalar(
// CHECK-SAME: %[[X:.*]]: i8)
// F8: %[[PAIR:.*]] = vector.broadcast %[[X]] : i8 to vector<2xi8>
// F8: nvvm.convert.f8x2.to.f16x2 %[[PAIR]]
// F8-NOT: nvvm.convert
// NOF8-NOT: nvvm.convert
// CHECK: return
func.func @scalar(%b: i8) -> f16 {
  %x = arith.bitcast %b : i8 to f8E5M2
  %y = arith.extf %x : f8E5M2 to f16
  return %y : f16
}

// What is left over is a pair with itself.
//
// CHECK-LABEL: func @odd(
// CHECK-SAME: %[[X:.*]]: vector<3xf32>)
// F6: %[[EVEN:.*]] = vector.shuffle %[[X]], %[[X]] [0, 1, 2, 2]
// F6: %[[ELEMENTS:.*]]:4 = vector.to_elements %[[EVEN]]
// F6: nvvm.convert.f32x2.to.f6x2 %[[ELEMENTS]]#1, %[[ELEMENTS]]#0
// F6: nvvm.convert.f32x2.to.f6x2 %[[ELEMENTS]]#3, %[[ELEMENTS]]#2
// F6-NOT: nvvm.convert
// NOF6-NOT: nvvm.convert
// CHECK: return
func.func @odd(%x: vector<3xf32>) -> vector<3xi6> {
  %y = arith.truncf %x : vector<3xf32> to vector<3xf6E2M3FN>
  %b = arith.bitcast %y : vector<3xf6E2M3FN> to vector<3xi6>
  return %b : vector<3xi6>
}

// CHECK-LABEL: func @two_dimensions(
// CHECK-SAME: %[[X:.*]]: vector<2x3xf32>)
// F6: vector.shape_cast %[[X]] : vector<2x3xf32> to vector<6xf32>
// F6-COUNT-3: nvvm.convert.f32x2.to.f6x2
// F6-NOT: nvvm.convert
// F6: vector.shape_cast %{{.*}} : vector<6xi8> to vector<2x3xi8>
// NOF6-NOT: nvvm.convert
// CHECK: return
func.func @two_dimensions(%x: vector<2x3xf32>) -> vector<2x3xi6> {
  %y = arith.truncf %x : vector<2x3xf32> to vector<2x3xf6E2M3FN>
  %b = arith.bitcast %y : vector<2x3xf6E2M3FN> to vector<2x3xi6>
  return %b : vector<2x3xi6>
}

// CHECK-LABEL: func @no_dimension(
// F8-COUNT-1: nvvm.convert.f32x2.to.f8x2
// F8-NOT: nvvm.convert
// NOF8-NOT: nvvm.convert
// CHECK: return
func.func @no_dimension(%x: vector<f32>) -> vector<i8> {
  %y = arith.truncf %x : vector<f32> to vector<f8E4M3FN>
  %b = arith.bitcast %y : vector<f8E4M3FN> to vector<i8>
  return %b : vector<i8>
}

// bf16 is the upper half of an f32.
//
// CHECK-LABEL: func @encode_bf16(
// F8: arith.shli
// F8: nvvm.convert.f32x2.to.f8x2
// CHECK: return
func.func @encode_bf16(%x: vector<2xbf16>) -> vector<2xi8> {
  %y = arith.truncf %x : vector<2xbf16> to vector<2xf8E4M3FN>
  %b = arith.bitcast %y : vector<2xf8E4M3FN> to vector<2xi8>
  return %b : vector<2xi8>
}

//===----------------------------------------------------------------------===//
// What the instruction does not do
//===----------------------------------------------------------------------===//

// Widening by the hardware loses the sign of NaN; what goes to E4M3 keeps it.
//
// CHECK-LABEL: func @toward_zero(
// CHECK-SAME: %[[X:.*]]: vector<2xf16>)
// CHECK-NOT: nvvm.convert
// CHECK: %[[WIDE:.*]] = arith.extf %[[X]]
// CHECK: %[[ISNAN:.*]] = arith.cmpf uno, %[[X]], %[[X]]
// CHECK: %[[NAN:.*]] = arith.ori
// CHECK: arith.select %[[ISNAN]], %[[NAN]]
// CHECK-NOT: nvvm.convert
// CHECK: return
func.func @toward_zero(%x: vector<2xf16>) -> vector<2xi8> {
  %y = arith.truncf %x toward_zero : vector<2xf16> to vector<2xf8E4M3FN>
  %b = arith.bitcast %y : vector<2xf8E4M3FN> to vector<2xi8>
  return %b : vector<2xi8>
}

// CHECK-LABEL: func @tensor(
// CHECK-NOT: nvvm.convert
// CHECK: return
func.func @tensor(%x: tensor<4xf32>) -> tensor<4xi8> {
  %y = arith.truncf %x : tensor<4xf32> to tensor<4xf8E4M3FN>
  %b = arith.bitcast %y : tensor<4xf8E4M3FN> to tensor<4xi8>
  return %b : tensor<4xi8>
}

// CHECK-LABEL: func @scalable(
// CHECK-NOT: nvvm.convert
// CHECK: return
func.func @scalable(%b: vector<[4]xi8>) -> vector<[4]xf32> {
  %x = arith.bitcast %b : vector<[4]xi8> to vector<[4]xf8E5M2>
  %y = arith.extf %x : vector<[4]xf8E5M2> to vector<[4]xf32>
  return %y : vector<[4]xf32>
}
