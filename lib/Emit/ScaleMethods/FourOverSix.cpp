//===- FourOverSix.cpp - The better of two f8E4M3FN scales ----------------===//
//
// chooseFourOverSixScale of the Format layer.
//
//===----------------------------------------------------------------------===//

#include "Models.h"
#include "Screening.h"
#include "quantx/Format/Mutants.h"
#include "quantx/IR/QuantXAttrs.h"

using namespace mlir;
using namespace quantx;

/// The scale that takes the largest magnitude to 4, as its bits (i32).
static Value emitFourBits(ElementwiseBuilder &b, const SearchedBlock &block) {
  Value amax = b.asF32(block.amaxBits);
  Value ideal = b.div(amax, b.f32(4.0, amax));
  if (block.global)
    ideal = b.div(ideal, block.global);
  return b.zext(emitRoundE4M3(b, ideal), 32);
}

static Value emitBetterOfTwo(ElementwiseBuilder &b, const SearchedBlock &block,
                             Value six) {
  auto evaluate = [&](Value bits) {
    return emitSquaredError(b, block, emitParameters(b, block, bits));
  };
  Value four = emitFourBits(b, block);
  Value isBetter = isPlanted(Mutant::FourWinsTies)
                       ? b.greaterEqualF(evaluate(six), evaluate(four))
                       : b.greaterF(evaluate(six), evaluate(four));
  return b.select(isBetter, four, six);
}

/// The better of the two by approximate errors.
static Screened emitScreenTwo(ElementwiseBuilder &b, const SearchedBlock &block,
                              Value six, Value /*isOpen*/) {
  Value four = emitFourBits(b, block);
  auto evaluate = [&](Value bits) {
    Value divisor = emitDivisor(b, block, emitScaleOfBits(b, bits));
    return emitApproximateError(b, block, divisor);
  };
  Value fourError = evaluate(four), sixError = evaluate(six);
  Value isBetter = b.greaterF(sixError, fourError);
  Value best = b.select(isBetter, fourError, sixError);
  Value other = b.select(isBetter, sixError, fourError);
  Value isSame = b.equal(b.sub(four, six), 0);
  Value isDecided = emitIsSurelyGreater(b, other, best, emitMargin(b, block));
  return {b.select(isBetter, four, six), b.logicalOr(isSame, isDecided)};
}

namespace {

struct FourOverSixModel
    : public ScaleMethodAttrInterface::ExternalModel<FourOverSixModel,
                                                     FourOverSixAttr> {
  LogicalResult
  verifySuits(Attribute method, ScaledType type,
              function_ref<InFlightDiagnostic()> emitError) const {
    if (isa<Float4E2M1FNType>(type.getStorageType()) &&
        isa<Float8E4M3FNType>(type.getScaleType()))
      return success();
    return emitError() << method
                       << " expects f4E2M1FN storage and an f8E4M3FN scale, "
                          "got "
                       << type;
  }

  QuotientRange getQuotientRange(Attribute, ScaledType) const {
    return QuotientRange::Bounded;
  }

  SmallVector<Value> buildParameters(Attribute,
                                     BlockComputation &blocks) const {
    return buildScreenedSearch(blocks, emitScreenTwo, emitBetterOfTwo);
  }
};

} // namespace

void quantx::attachFourOverSixModel(MLIRContext *context) {
  FourOverSixAttr::attachInterface<FourOverSixModel>(*context);
}
