//===- Reciprocals.cpp - Products in place of divisions -------------------===//
//
// A code changes where the quotient crosses a boundary between two codes, an
// odd number of up to 9 bits times a power of two. With r the reciprocal of the
// divisor s, rounded, and d = (1 - s r) r what it lacks, both in f32, the sum
// x r + x d is on the same side of every such boundary as x / s rounded, or on
// it as that is, unless s has a special significand. docs/Rationale.md says how
// this is known.
//
//===----------------------------------------------------------------------===//

#include "quantx/Emit/Reciprocals.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

Value Reciprocal::multiply(ElementwiseBuilder &b, Value value) const {
  return b.fma(value, rounded, b.mul(value, rest));
}

Reciprocal quantx::emitReciprocal(ElementwiseBuilder &b, Value divisor) {
  Value one = b.f32(1.0, divisor);
  Value rounded = b.div(one, divisor);
  Value lacking = b.fma(b.mul(divisor, -1.0), rounded, one);
  Value rest = b.mul(lacking, rounded);
  if (isPlanted(Mutant::ReciprocalAlone))
    rest = b.mul(rest, 0.0);
  return {rounded, rest};
}

/// Bits that are set in each significand that the sum is wrong for: seven.
static constexpr int64_t kSpecialBits = 0x7ffe;

Value quantx::emitHasReciprocal(ElementwiseBuilder &b, Value divisor) {
  return b.less(b.bitAnd(b.asI32(divisor), kSpecialBits), kSpecialBits);
}

// In units of the quotient's last place and with p the odd part of the divisor,
// the quotient is an integer over p, which is half of one more than another
// only if p is even: from where rounding changes it is away by 1 / 2p. The sum
// before it is rounded errs by 2^-22.
Value quantx::emitDivideByConstant(ElementwiseBuilder &b, Value value,
                                   double divisor) {
  auto rounded = float(1.0 / divisor);
  double rest = 1.0 / divisor - double(rounded);
  return Reciprocal{b.f32(rounded, value), b.f32(rest, value)}.multiply(b,
                                                                        value);
}

Value PowerRange::contains(ElementwiseBuilder &b, Value value) const {
  auto getBits = [](int exponent) { return int64_t(127 + exponent) << 23; };
  Value bits = b.asI32(value);
  return b.logicalAnd(b.greaterEqual(bits, getBits(least)),
                      b.less(bits, getBits(end)));
}
