//===- HalfFloats.cpp - f16 without an instruction ------------------------===//
//
// LLVM calls a function for each f16, where the target cannot convert it. These
// formulas are few operations on the lanes of a vector. Selects are on
// integers, and no subnormal f32 that counts takes part (see FloatCodes.cpp).
//
//===----------------------------------------------------------------------===//

#include "quantx/Emit/Codes.h"
#include "quantx/Format/Mutants.h"
#include <cmath>

using namespace mlir;
using namespace quantx;

static constexpr int kMantissaShift = 23 - 10;
static constexpr int64_t kF32MantissaBits = 23;
static constexpr int64_t kOneBinade = int64_t(1) << kF32MantissaBits;
/// The difference of the biases, at the place of an f32's exponent.
static constexpr int64_t kRebias = (127 - 15) * kOneBinade;
static constexpr int kMinExponent = -14;

// All ones in the exponent need the rebias twice: 31 + 2 * 112 = 255.
Value quantx::emitExtendF16(ElementwiseBuilder &b, Value value) {
  constexpr int64_t infinity = int64_t(0x7c00) << kMantissaShift;
  constexpr int64_t quietBit = 0x00400000;
  Value bits = b.zext(b.bitcast(value, b.getBuilder().getI16Type()), 32);
  Value shifted = b.shl(b.bitAnd(bits, 0x7fff), kMantissaShift);
  Value sign = b.shl(b.bitAnd(bits, 0x8000), 16);
  Value number = b.add(shifted, kRebias);
  // On top of the smallest normal value, which is taken off again.
  Value smallest = b.f32(std::ldexp(1.0, kMinExponent), b.asF32(number));
  Value subnormal =
      b.asI32(b.sub(b.asF32(b.add(number, kOneBinade)), smallest));
  if (isPlanted(Mutant::HalfSubnormalsReadAsZero))
    subnormal = b.i32(0, subnormal);
  Value magnitude = b.select(b.less(shifted, kOneBinade), subnormal, number);
  Value zero = b.i32(0, shifted);
  Value toAllOnes =
      b.select(b.less(shifted, infinity), zero, b.i32(kRebias, shifted));
  Value quiet =
      b.select(b.greater(shifted, infinity), b.i32(quietBit, shifted), zero);
  magnitude = b.bitOr(b.add(magnitude, toAllOnes), quiet);
  return b.asF32(b.bitOr(magnitude, sign));
}

// The sum of a magnitude and 2^13 of its binades has the count of its quanta in
// the low bits, rounded to nearest even, and the exponent field at their top;
// as for small floats, the two add up to the result.
Value quantx::emitTruncateToF16(ElementwiseBuilder &b, Value value) {
  constexpr int64_t smallestNormal = (127 + kMinExponent) * kOneBinade;
  constexpr int64_t infinity = 0x7f800000;
  constexpr int64_t overflow = (127 + 16) * kOneBinade; // 65536
  constexpr int64_t quietNaN = 0x7e00;
  Value bits = b.asI32(value);
  Value magnitude = b.bitAnd(bits, 0x7fffffff);
  Value limited = b.min(magnitude, overflow);
  if (isPlanted(Mutant::HalfTiesAway))
    limited = b.bitOr(limited, b.i32(1, limited));
  Value binade = b.bitAnd(b.max(limited, smallestNormal), infinity);
  Value magic = b.add(binade, kMantissaShift * kOneBinade);
  Value sum = b.asI32(b.add(b.asF32(limited), b.asF32(magic)));
  Value code = b.add(b.add(sum, b.lshr(sum, kMantissaShift)),
                     -((smallestNormal >> kMantissaShift) +
                       kMantissaShift * (kOneBinade >> kMantissaShift)));
  Value payload = b.bitAnd(b.lshr(magnitude, kMantissaShift), 0x3ff);
  Value nan = b.bitOr(payload, b.i32(quietNaN, payload));
  code = b.select(b.greater(magnitude, infinity), nan, b.bitAnd(code, 0x7fff));
  Value sign = b.bitAnd(b.lshr(bits, 16), 0x8000);
  return b.bitcast(b.trunc(b.bitOr(code, sign), 16),
                   b.getBuilder().getF16Type());
}
