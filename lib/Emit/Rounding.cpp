//===- Rounding.cpp - Rounding a magnitude to a power-of-two grid ---------===//

#include "Rounding.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

static RoundingMode getRoundingMode(Rounding mode) {
  switch (mode) {
  case Rounding::NearestEven:
    return RoundingMode::NearestEven;
  case Rounding::NearestTowardZero:
    return RoundingMode::NearestTowardZero;
  case Rounding::Stochastic:
    return RoundingMode::Stochastic;
  }
  llvm_unreachable("unknown rounding mode");
}

RoundingSpec::RoundingSpec(Rounding mode, Value randomBits)
    : mode(getRoundingMode(mode)), randomBits(randomBits) {}

/// 2^(exponent + offset - 127) as f32, from a biased exponent.
static Value emitPowerOfTwo(ElementwiseBuilder &b, Value exponent,
                            int64_t offset) {
  return b.asF32(b.shl(b.add(exponent, offset), 23));
}

namespace {

/// A magnitude and what nearest-even rounding, which the hardware does, made of
/// it; the other modes correct it by at most one quantum.
struct NearestEven {
  Value magnitude;
  Value rounded; ///< a multiple of the quantum, as f32
  Value count;   ///< the same in quanta, as i32
  Value quantumExponent;
};

} // namespace

static Value emitAddWhere(ElementwiseBuilder &b, Value condition, int64_t step,
                          Value count) {
  Value stepped = b.add(count, step);
  return b.select(condition, stepped, count);
}

static Value emitFloor(ElementwiseBuilder &b, const NearestEven &nearest) {
  Value wentUp = b.greaterF(nearest.rounded, nearest.magnitude);
  return emitAddWhere(b, wentUp, -1, nearest.count);
}

static Value emitCeil(ElementwiseBuilder &b, const NearestEven &nearest) {
  Value wentDown = b.greaterF(nearest.magnitude, nearest.rounded);
  return emitAddWhere(b, wentDown, 1, nearest.count);
}

/// Ties go the way that `step` says: they went to the even count.
static Value emitResolveTies(ElementwiseBuilder &b, const NearestEven &nearest,
                             int64_t step) {
  Value half = emitPowerOfTwo(b, nearest.quantumExponent, -1);
  Value error = step < 0 ? b.sub(nearest.rounded, nearest.magnitude)
                         : b.sub(nearest.magnitude, nearest.rounded);
  return emitAddWhere(b, b.equalF(error, half), step, nearest.count);
}

/// The count below, and one more with the fraction's probability.
static Value emitStochastic(ElementwiseBuilder &b, const NearestEven &nearest,
                            Value randomBits) {
  Value count = nearest.count;
  Value wentUp = b.greaterF(nearest.rounded, nearest.magnitude);
  Value quantum = emitPowerOfTwo(b, nearest.quantumExponent, 0);
  Value below =
      b.select(wentUp, b.sub(nearest.rounded, quantum), nearest.rounded);
  // (magnitude - below) / quantum * 2^32: both steps are exact.
  int64_t randomBitCount = isPlanted(Mutant::ThirtyOneRandomBits) ? 31 : 32;
  Value scale = b.asF32(b.shl(
      b.sub(b.i32(127 + 127 + randomBitCount, count), nearest.quantumExponent),
      23));
  Value fraction = b.mul(b.sub(nearest.magnitude, below), scale);
  Value threshold = arith::FPToUIOp::create(
      b.getBuilder(), getTypeLike(count.getType(), b.getBuilder().getI64Type()),
      fraction);
  Value goesUp = b.lessUnsigned(b.zext(randomBits, 64), threshold);
  count = emitAddWhere(b, wentUp, -1, count);
  return emitAddWhere(b, goesUp, 1, count);
}

// Adding 2^23 quanta leaves the hardware's own rounding, nearest even, to drop
// the bits below one quantum; the count of quanta is then in the low bits.
Value quantx::emitRoundMagnitude(ElementwiseBuilder &b, Value magnitude,
                                 Value isNegative, Value quantumExponent,
                                 RoundingSpec rounding) {
  Value magic = emitPowerOfTwo(b, quantumExponent, 23);
  Value sum = b.add(magnitude, magic);
  Value count = b.sub(b.asI32(sum), b.asI32(magic));
  if (rounding.mode == RoundingMode::NearestEven)
    return count;

  NearestEven nearest{magnitude, b.sub(sum, magic), count, quantumExponent};
  switch (rounding.mode) {
  case RoundingMode::NearestEven:
    break;
  case RoundingMode::NearestTowardZero:
    return emitResolveTies(b, nearest, -1);
  case RoundingMode::NearestAway:
    return emitResolveTies(b, nearest, 1);
  case RoundingMode::Stochastic:
    return emitStochastic(b, nearest, rounding.randomBits);
  case RoundingMode::TowardZero:
    return emitFloor(b, nearest);
  case RoundingMode::Upward:
    return b.select(isNegative, emitFloor(b, nearest), emitCeil(b, nearest));
  case RoundingMode::Downward:
    return b.select(isNegative, emitCeil(b, nearest), emitFloor(b, nearest));
  }
  llvm_unreachable("unknown rounding mode");
}
