//===- E8M0.cpp - floor, ceil, even and rceil -----------------------------===//
//
// All four are one formula on the bits of a = max |x|: the exponent, one more
// where the significand exceeds a threshold, less the element's emax.
//
//===----------------------------------------------------------------------===//

#include "Models.h"
#include "quantx/Format/Mutants.h"
#include "quantx/IR/QuantXAttrs.h"

using namespace mlir;
using namespace quantx;

static constexpr unsigned kMantissaBits = 23;
static constexpr int64_t kMantissaMask = (1 << kMantissaBits) - 1;

namespace {

/// The mantissa of a above which a rule takes the next exponent.

// Never.
int64_t getThreshold(FloorAttr, ElementTraits) {
  return kMantissaMask - isPlanted(Mutant::FloorByLog2);
}

// Beyond a power of two.
int64_t getThreshold(CeilAttr, ElementTraits) { return 0; }

// From the midpoint between the last significand of fewer bits and the next
// power of two on: that significand is odd, so the midpoint itself goes up.
int64_t getThreshold(EvenAttr, ElementTraits traits) {
  return kMantissaMask - (1 << (kMantissaBits - 1 - traits.mantissaBits)) +
         isPlanted(Mutant::EvenTieDown);
}

// a / qmax exceeds a power of two where a's significand exceeds qmax's.
int64_t getThreshold(RceilAttr, ElementTraits traits) {
  float qmax = static_cast<float>(traits.maxFinite);
  return (static_cast<int64_t>(llvm::bit_cast<uint32_t>(qmax)) &
          kMantissaMask) -
         isPlanted(Mutant::RceilAtLargest);
}

/// The E8M0 code of a block whose largest magnitude has the bits `amax`.
Value emitE8M0Code(ElementwiseBuilder &b, Value amax, int64_t threshold,
                   int maxExponent) {
  // Subnormals are made normal by 2^24, which the exponent then lacks.
  Value isSubnormal = b.less(amax, 1 << kMantissaBits);
  Value scaled = b.asI32(b.mul(b.asF32(amax), std::ldexp(1.0, 24)));
  Value bits = b.select(isSubnormal, scaled, amax);
  Value exponent = b.lshr(bits, kMantissaBits);
  if (threshold != kMantissaMask) {
    Value exceeds = b.greater(b.bitAnd(bits, kMantissaMask), threshold);
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

  // The largest element has the exponent of the largest code, or a smaller one.
  QuotientRange getQuotientRange(Attribute, ScaledType type) const {
    return type.getFloatFormat() ? QuotientRange::NearlyFits
                                 : QuotientRange::Bounded;
  }

  SmallVector<Value> buildParameters(Attribute method,
                                     BlockComputation &blocks) const {
    Value amax = reduceAmaxBits(blocks);
    ElementTraits traits = blocks.getType().getElementTraits();
    int64_t threshold = getThreshold(cast<Method>(method), traits);
    Type scaleType = blocks.getType().getScaleType();
    auto map = [&](OpBuilder &builder, Location loc,
                   ValueRange given) -> BlockComputation::Values {
      ElementwiseBuilder b(builder, loc);
      Value code = emitE8M0Code(b, given[0], threshold, traits.maxExponent);
      return {b.bitcast(b.trunc(code, 8), scaleType)};
    };
    return blocks.mapBlocks(scaleType, amax, map);
  }
};

} // namespace

Value quantx::emitFloorCode(ElementwiseBuilder &b, ScaledType type,
                            Value amaxBits) {
  ElementTraits traits = type.getElementTraits();
  return emitE8M0Code(b, amaxBits, getThreshold(FloorAttr(), traits),
                      traits.maxExponent);
}

void quantx::attachE8M0Models(MLIRContext *context) {
  FloorAttr::attachInterface<E8M0Model<FloorAttr>>(*context);
  CeilAttr::attachInterface<E8M0Model<CeilAttr>>(*context);
  EvenAttr::attachInterface<E8M0Model<EvenAttr>>(*context);
  RceilAttr::attachInterface<E8M0Model<RceilAttr>>(*context);
}
