//===- Optimal.cpp - The scale of least squared error ---------------------===//

#include "Models.h"
#include "Search.h"
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
    if (isa<Float8E4M3FNType>(type.getScaleType())
            ? !type.hasZeroPoint()
            : isa<Float8E8M0FNUType>(type.getScaleType()) && !type.hasGlobal())
      return success();
    return emitError() << method
                       << " expects an f8E8M0FNU scale without a global scale, "
                          "or an f8E4M3FN scale without a zero point, got "
                       << type;
  }

  SmallVector<Value> buildParameters(Attribute,
                                     BlockComputation &blocks) const {
    if (isa<Float8E8M0FNUType>(blocks.getType().getScaleType()))
      return buildSearch(blocks, emitSearchE8M0);
    return buildSearch(blocks, emitSearchE4M3);
  }
};

} // namespace

void quantx::attachOptimalModel(MLIRContext *context) {
  OptimalAttr::attachInterface<OptimalModel>(*context);
}
