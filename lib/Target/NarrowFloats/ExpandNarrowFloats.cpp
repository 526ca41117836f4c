//===- ExpandNarrowFloats.cpp - The quantx-expand-narrow-floats pass ------===//

#include "NarrowFloats.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "quantx/Target/NarrowFloats/FloatCodecs.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXEXPANDNARROWFLOATS
#include "quantx/Target/NarrowFloats/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

bool quantx::isE8M0(Type type) {
  return isa<Float8E8M0FNUType>(getElementTypeOrSelf(type));
}

const FloatFormat *quantx::getFloatFormat(Type type) {
  auto element = dyn_cast<FloatType>(getElementTypeOrSelf(type));
  if (!element || element.getWidth() > 8)
    return nullptr;
  std::string keyword;
  llvm::raw_string_ostream(keyword) << element;
  return lookupFloatFormat(keyword);
}

bool quantx::isNarrowFloat(Type type) {
  return isE8M0(type) || getFloatFormat(type);
}

unsigned quantx::getElementBits(Type type) {
  return getElementTypeOrSelf(type).getIntOrFloatBitWidth();
}

Value quantx::toCodes(ElementwiseBuilder &b, Value value) {
  if (!isNarrowFloat(value.getType()))
    return value;
  Type integer = b.getBuilder().getIntegerType(getElementBits(value.getType()));
  return b.zext(b.bitcast(value, integer), 8);
}

Value quantx::fromCodes(ElementwiseBuilder &b, Value codes, Type element) {
  return b.bitcast(b.trunc(codes, element.getIntOrFloatBitWidth()), element);
}

NarrowFloatTypeConverter::NarrowFloatTypeConverter() {
  addConversion([](Type type) { return type; });
  addConversion([](Type type) -> std::optional<Type> {
    if (!isa<FloatType, VectorType>(type) || !isNarrowFloat(type))
      return std::nullopt;
    return getTypeLike(type, IntegerType::get(type.getContext(), 8));
  });
  addTargetMaterialization(
      [](OpBuilder &builder, Type type, ValueRange inputs, Location loc) {
        ElementwiseBuilder b(builder, loc);
        return inputs.size() == 1 ? toCodes(b, inputs[0]) : Value();
      });
  addSourceMaterialization(
      [](OpBuilder &builder, Type type, ValueRange inputs, Location loc) {
        ElementwiseBuilder b(builder, loc);
        return inputs.size() == 1
                   ? fromCodes(b, inputs[0], getElementTypeOrSelf(type))
                   : Value();
      });
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

void quantx::populateExpandNarrowFloatsPatterns(
    const NarrowFloatTypeConverter &converter, const FloatCodec &codec,
    RewritePatternSet &patterns, ConversionTarget &target) {
  populateNarrowFloatArithPatterns(converter, codec, patterns, target);
  populateNarrowFloatVectorPatterns(converter, codec, patterns, target);
  populateNarrowFloatMemoryPatterns(converter, codec, patterns, target);
  scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                       target);
}

namespace {

struct ExpandNarrowFloatsPass
    : public quantx::impl::QuantXExpandNarrowFloatsBase<
          ExpandNarrowFloatsPass> {
  using QuantXExpandNarrowFloatsBase::QuantXExpandNarrowFloatsBase;

  LogicalResult initialize(MLIRContext *context) override {
    if (llvm::Error error = createFloatCodec(target).takeError())
      return emitError(UnknownLoc::get(context))
             << llvm::toString(std::move(error));
    return success();
  }

  void runOnOperation() override {
    llvm::Expected<std::unique_ptr<FloatCodec>> codec =
        createFloatCodec(target);
    assert(codec && "expected a target that has been checked");
    NarrowFloatTypeConverter converter;
    ConversionTarget conversion(getContext());
    RewritePatternSet patterns(&getContext());
    populateExpandNarrowFloatsPatterns(converter, **codec, patterns,
                                       conversion);
    if (failed(applyPartialConversion(getOperation(), conversion,
                                      std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
