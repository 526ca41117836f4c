//===- Models.cpp - What the scale method models share --------------------===//

#include "Models.h"
#include "quantx/Emit/ScaleMethods.h"
#include "quantx/Format/Mutants.h"
#include "quantx/IR/QuantXDialect.h"

using namespace mlir;
using namespace quantx;

void quantx::registerScaleMethods(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, QuantXDialect *) {
    attachAbsmaxModel(context);
    attachMinmaxModel(context);
    attachE8M0Models(context);
    attachOptimalModel(context);
    attachFourOverSixModel(context);
    attachHessianModel(context);
  });
}

bool quantx::isWideScaleType(Type type) {
  return isa<Float32Type, Float16Type, BFloat16Type>(type);
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

Value quantx::emitMagnitudeBits(ElementwiseBuilder &b, Value element) {
  if (isPlanted(Mutant::LargestNotMagnitude))
    return b.asI32(element);
  return b.bitAnd(b.asI32(element), 0x7fffffff);
}

Value quantx::reduceAmaxBits(BlockComputation &blocks) {
  if (Value magnitudes = blocks.reduceMagnitudes())
    return magnitudes;
  Builder attrs(blocks.getType().getContext());
  auto terms = [](OpBuilder &builder, Location loc,
                  Value element) -> SmallVector<Value> {
    ElementwiseBuilder b(builder, loc);
    return {emitMagnitudeBits(b, element)};
  };
  Reduction largest{Reduction::MaxSigned, attrs.getI32IntegerAttr(0)};
  return blocks.reduceBlocks(largest, terms)[0];
}

Value quantx::reduceFiniteAmaxBits(BlockComputation &blocks) {
  Builder attrs(blocks.getType().getContext());
  auto terms = [](OpBuilder &builder, Location loc,
                  Value element) -> SmallVector<Value> {
    ElementwiseBuilder b(builder, loc);
    Value bits = emitMagnitudeBits(b, element);
    return {b.select(b.less(bits, kInfBits), bits, b.i32(0, bits))};
  };
  Reduction largest{Reduction::MaxSigned, attrs.getI32IntegerAttr(0)};
  return blocks.reduceTensor(largest, terms)[0];
}

//===----------------------------------------------------------------------===//
// Rounding scales
//===----------------------------------------------------------------------===//

/// Limits the bits of a nonnegative value of float type `type` to
/// [smallest positive, largest finite].
static Value emitLimitScaleBits(ElementwiseBuilder &b, Value bits, Type type) {
  const llvm::fltSemantics &semantics =
      cast<FloatType>(type).getFloatSemantics();
  int64_t largest =
      llvm::APFloat::getLargest(semantics).bitcastToAPInt().getZExtValue();
  return b.min(b.max(bits, 1), largest);
}

static Value asBits(ElementwiseBuilder &b, Value scale) {
  unsigned width = getElementTypeOrSelf(scale).getIntOrFloatBitWidth();
  return b.bitcast(scale, b.getBuilder().getIntegerType(width));
}

Value quantx::emitRoundScale(ElementwiseBuilder &b, Value scale, Type type) {
  Value bits = asBits(b, b.truncateFromF32(scale, type));
  return b.bitcast(emitLimitScaleBits(b, bits, type), type);
}

Value quantx::emitNextScale(ElementwiseBuilder &b, Value scale) {
  Type type = getElementTypeOrSelf(scale);
  Value bits = b.add(asBits(b, scale), 1);
  return b.bitcast(emitLimitScaleBits(b, bits, type), type);
}

Value quantx::emitSpecialScales(ElementwiseBuilder &b, Value scale,
                                Value isZero, Value isNonFinite) {
  auto type = cast<FloatType>(getElementTypeOrSelf(scale));
  auto constant = [&](const llvm::APFloat &value) {
    return b.bitcast(b.integer(type.getWidth(),
                               value.bitcastToAPInt().getZExtValue(), scale),
                     type);
  };
  const llvm::fltSemantics &semantics = type.getFloatSemantics();
  scale = b.select(isZero, constant(llvm::APFloat::getOne(semantics)), scale);
  return b.select(isNonFinite, constant(llvm::APFloat::getQNaN(semantics)),
                  scale);
}
