//===- Optimal.cpp - The scale of least squared error ---------------------===//

#include "Models.h"
#include "Screening.h"
#include "quantx/IR/QuantXAttrs.h"

using namespace mlir;
using namespace quantx;

namespace {

struct OptimalModel
    : public ScaleMethodAttrInterface::ExternalModel<OptimalModel,
                                                     OptimalAttr> {
  LogicalResult
  verifySuits(Attribute method, ScaledType type,
              function_ref<InFlightDiagnostic()> emitError) const {
    Type scale = type.getScaleType();
    if (isa<Float8E4M3FNType>(scale)
            ? !type.hasZeroPoint()
            : (isa<Float8E8M0FNUType>(scale) || isWideScaleType(scale)) &&
                  !type.hasGlobal())
      return success();
    return emitError() << method
                       << " expects an f8E8M0FNU, f32, f16 or bf16 scale "
                          "without a global scale, or an f8E4M3FN scale "
                          "without a zero point, got "
                       << type;
  }

  // An E8M0 scale clips by more only to be exact in more elements. Other scales
  // have ends, beyond which all are as good.
  QuotientRange getQuotientRange(Attribute, ScaledType type) const {
    if (!isa<Float8E8M0FNUType>(type.getScaleType()))
      return QuotientRange::Any;
    int64_t mostElements = 1 << 16;
    for (int64_t size : type.getBlockShape()) {
      if (size == ScaledType::kWholeDimension || size > mostElements)
        return QuotientRange::Any;
      mostElements /= size;
    }
    return QuotientRange::Bounded;
  }

  SmallVector<Value> buildParameters(Attribute,
                                     BlockComputation &blocks) const {
    ScaledType type = blocks.getType();
    if (type.hasZeroPoint())
      return buildAsymmetricSearch(blocks);
    if (isa<Float8E8M0FNUType>(type.getScaleType()))
      return buildSearchE8M0(blocks);
    if (isa<Float8E4M3FNType>(type.getScaleType()))
      return buildScreenedSearch(blocks, emitScreenE4M3, emitSearchE4M3);
    return buildSearch(blocks, emitSearchWide);
  }
};

} // namespace

void quantx::attachOptimalModel(MLIRContext *context) {
  OptimalAttr::attachInterface<OptimalModel>(*context);
}
