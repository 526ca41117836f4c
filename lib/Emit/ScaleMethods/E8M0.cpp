//===- E8M0.cpp - floor, ceil, even and rceil -----------------------------===//
//
// All four are one formula on the bits of a = max |x|: the exponent, one more
// where the significand exceeds a threshold, less the element's emax.
//
//===----------------------------------------------------------------------===//

#include "Models.h"
#include "quantx/IR/QuantXAttrs.h"

using namespace mlir;
using namespace quantx;

static constexpr unsigned kMantissaBits = 23;
static constexpr int64_t kMantissaMask = (1 << kMantissaBits) - 1;

namespace {

/// How a rule reads a.
struct ExponentRule {
  /// a is rounded, ties to even, to this many mantissa bits first.
  unsigned mantissaBits = kMantissaBits;
  /// The exponent is one more where the mantissa exceeds this.
  int64_t threshold = kMantissaMask;
};

ExponentRule getRule(FloorAttr, ElementTraits) { return {}; }

ExponentRule getRule(CeilAttr, ElementTraits) { return {kMantissaBits, 0}; }

ExponentRule getRule(EvenAttr, ElementTraits traits) {
  return {traits.mantissaBits, kMantissaMask};
}

// a / qmax exceeds a power of two where a's significand exceeds qmax's.
ExponentRule getRule(RceilAttr, ElementTraits traits) {
  float qmax = static_cast<float>(traits.maxFinite);
  return {kMantissaBits,
          static_cast<int64_t>(llvm::bit_cast<uint32_t>(qmax)) & kMantissaMask};
}

/// Rounds the significand of normal f32 `bits` to fewer mantissa bits, ties to
/// even; the carry into the exponent is the right answer.
Value emitRoundSignificand(ElementwiseBuilder &b, Value bits,
                           unsigned mantissaBits) {
  unsigned dropped = kMantissaBits - mantissaBits;
  if (dropped == 0)
    return bits;
  Value isOdd = b.bitAnd(b.lshr(bits, dropped), 1);
  int64_t belowHalf = (1 << (dropped - 1)) - 1;
  Value rounded = b.add(b.add(bits, belowHalf), isOdd);
  return b.shl(b.lshr(rounded, dropped), dropped);
}

/// The E8M0 code of a block whose largest magnitude has the bits `amax`.
Value emitE8M0Code(ElementwiseBuilder &b, Value amax, const ExponentRule &rule,
                   int maxExponent) {
  // Subnormals are made normal by 2^24, which the exponent then lacks.
  Value isSubnormal = b.less(amax, 1 << kMantissaBits);
  Value scaled = b.asI32(b.mul(b.asF32(amax), std::ldexp(1.0, 24)));
  Value bits = b.select(isSubnormal, scaled, amax);
  bits = emitRoundSignificand(b, bits, rule.mantissaBits);
  Value exponent = b.lshr(bits, kMantissaBits);
  if (rule.threshold != kMantissaMask) {
    Value exceeds = b.greater(b.bitAnd(bits, kMantissaMask), rule.threshold);
    exponent = b.add(exponent, b.zext(exceeds, 32));
  }
  Value shift = b.select(isSubnormal, b.i32(24 + maxExponent, exponent),
                         b.i32(maxExponent, exponent));
  Value code = b.sub(exponent, shift);
  code = b.min(b.max(code, 0), E8M0Format::maxFiniteCode);
  Value isNonFinite = b.greaterEqual(amax, kInfBits);
  return b.select(isNonFinite, b.i32(E8M0Format::nanCode, code), code);
}

template <typename Method>
struct E8M0Model
    : public ScaleMethodAttrInterface::ExternalModel<E8M0Model<Method>,
                                                     Method> {
  LogicalResult
  verifySuits(Attribute method, ScaledType type,
              function_ref<InFlightDiagnostic()> emitError) const {
    if (isa<Float8E8M0FNUType>(type.getScaleType()) && !type.hasGlobal())
      return success();
    return emitError() << method
                       << " expects an f8E8M0FNU scale without a global scale, "
                          "got "
                       << type;
  }

  SmallVector<Value> buildParameters(Attribute method,
                                     BlockComputation &blocks) const {
    Value amax = reduceAmaxBits(blocks);
    ElementTraits traits = blocks.getType().getElementTraits();
    ExponentRule rule = getRule(cast<Method>(method), traits);
    Type scaleType = blocks.getType().getScaleType();
    auto map = [&](OpBuilder &builder, Location loc,
                   ValueRange given) -> BlockComputation::Values {
      ElementwiseBuilder b(builder, loc);
      Value code = emitE8M0Code(b, given[0], rule, traits.maxExponent);
      return {b.bitcast(b.trunc(code, 8), scaleType)};
    };
    return blocks.mapBlocks(scaleType, amax, map);
  }
};

} // namespace

void quantx::attachE8M0Models(MLIRContext *context) {
  FloorAttr::attachInterface<E8M0Model<FloorAttr>>(*context);
  CeilAttr::attachInterface<E8M0Model<CeilAttr>>(*context);
  EvenAttr::attachInterface<E8M0Model<EvenAttr>>(*context);
  RceilAttr::attachInterface<E8M0Model<RceilAttr>>(*context);
}
