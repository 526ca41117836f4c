//===- Rounding.cpp - Rounding a magnitude to a power-of-two grid ---------===//

#include "Rounding.h"

using namespace mlir;
using namespace quantx;

/// 2^(exponent + offset - 127) as f32, from a biased exponent.
static Value emitPowerOfTwo(ElementwiseBuilder &b, Value exponent,
                            int64_t offset) {
  return b.asF32(b.shl(b.add(exponent, offset), 23));
}

// Adding 2^23 quanta leaves the hardware's own rounding, nearest even, to drop
// the bits below one quantum; the count of quanta is then in the low bits.
Value quantx::emitRoundMagnitude(ElementwiseBuilder &b, Value magnitude,
                                 Value quantumExponent, RoundingSpec rounding) {
  Value magic = emitPowerOfTwo(b, quantumExponent, 23);
  Value sum = b.add(magnitude, magic);
  Value count = b.sub(b.asI32(sum), b.asI32(magic));
  if (rounding.mode == Rounding::NearestEven)
    return count;

  Value zero = b.i32(0, count);
  Value one = b.i32(1, count);
  Value rounded = b.sub(sum, magic);
  if (rounding.mode == Rounding::NearestTowardZero) {
    Value half = emitPowerOfTwo(b, quantumExponent, -1);
    Value tieWentUp = b.equalF(b.sub(rounded, magnitude), half);
    return b.sub(count, b.select(tieWentUp, one, zero));
  }

  // Stochastic: the count below, and one more with the fraction's probability.
  Value wentUp = b.greaterF(rounded, magnitude);
  Value quantum = emitPowerOfTwo(b, quantumExponent, 0);
  Value below = b.select(wentUp, b.sub(rounded, quantum), rounded);
  // (magnitude - below) / quantum * 2^32: both steps are exact.
  Value scale =
      b.asF32(b.shl(b.sub(b.i32(127 + 127 + 32, count), quantumExponent), 23));
  Value fraction = b.mul(b.sub(magnitude, below), scale);
  Value threshold = arith::FPToUIOp::create(
      b.getBuilder(), getTypeLike(count.getType(), b.getBuilder().getI64Type()),
      fraction);
  Value goesUp = b.lessUnsigned(b.zext(rounding.randomBits, 64), threshold);
  count = b.sub(count, b.select(wentUp, one, zero));
  return b.add(count, b.select(goesUp, one, zero));
}
