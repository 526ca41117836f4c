//===- Screening.cpp - Errors that are nearly right -----------------------===//

#include "Screening.h"
#include "Models.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace quantx;

/// Whether scales of `type` have approximate errors.
static bool isScreened(ScaledType type) {
  constexpr size_t mostElements = 64;
  std::optional<size_t> size = getBlockSize(type);
  return isa<Float4E2M1FNType>(type.getStorageType()) &&
         isa<Float8E4M3FNType>(type.getScaleType()) && size &&
         *size <= mostElements;
}

Value quantx::emitAny(ElementwiseBuilder &b, Value condition) {
  if (!isa<VectorType>(condition.getType()))
    return condition;
  return vector::ReductionOp::create(b.getBuilder(), vector::CombiningKind::OR,
                                     condition);
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

Value quantx::emitScaleOfBits(ElementwiseBuilder &b, Value bits) {
  const FloatFormat &format = *lookupFloatFormat("f8E4M3FN");
  constexpr int mantissaBits = 23, bias = 127;
  // With the bias of f32; subnormal scales are subnormal there too.
  Value biased = b.asF32(b.shl(bits, mantissaBits - int(format.mantissaBits)));
  return b.mul(biased, std::ldexp(1.0, bias - 1 + format.getMinExponent()));
}

Value quantx::emitDivisor(ElementwiseBuilder &b, const SearchedBlock &block,
                          Value scale) {
  return block.global ? b.mul(scale, block.global) : scale;
}

// Adding a power of two and subtracting it again leaves the two leading bits of
// a magnitude, or halves where it is below 1: a value of f4E2M1FN.
Value quantx::emitApproximateError(ElementwiseBuilder &b,
                                   const SearchedBlock &block, Value divisor) {
  constexpr double shift = 0x1p22;
  int64_t shiftBits = llvm::bit_cast<uint32_t>(float(shift));
  int64_t largestBits =
      llvm::bit_cast<uint32_t>(float(block.type.getElementTraits().maxFinite));
  Value reciprocal = b.div(b.f32(1.0, divisor), divisor);
  Value shifted = b.mul(reciprocal, shift);
  auto terms = [&](OpBuilder &nested, Location loc, Value element) -> Values {
    ElementwiseBuilder n(nested, loc);
    ElementwiseBuilder fusing = n.withFusing();
    Value x = n.asF32(n.bitAnd(n.asI32(element), 0x7fffffff));
    Value power = n.bitAnd(n.asI32(n.mul(x, shifted)), 0x7f800000);
    power = n.asF32(n.max(power, shiftBits));
    Value value = fusing.add(fusing.mul(x, reciprocal), power);
    value = n.asF32(n.min(n.asI32(n.sub(value, power)), largestBits));
    Value residual = fusing.sub(x, fusing.mul(value, divisor));
    return {fusing.mul(residual, residual)};
  };
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Reduction sum{Reduction::AddInAnyOrder, builder.getF32FloatAttr(0.0f)};
  return block.elements.reduce(builder, builder.getLoc(), sum, terms)[0];
}

Value quantx::emitMargin(ElementwiseBuilder &b, const SearchedBlock &block) {
  Value amax = b.asF32(block.amaxBits);
  if (isPlanted(Mutant::ScreeningMarginIgnored))
    return b.f32(0.0, amax);
  return b.mul(amax, getScreeningMargin(*getBlockSize(block.type)));
}

Value quantx::emitIsSurelyClipped(ElementwiseBuilder &b,
                                  const SearchedBlock &block, Value divisor,
                                  Value best, Value margin) {
  double largest = block.type.getElementTraits().maxFinite;
  Value excess = b.sub(b.asF32(block.amaxBits), b.mul(divisor, largest));
  excess = b.sub(excess, b.mul(margin, 2.0));
  Value isPositive = b.greaterF(excess, b.f32(0.0, excess));
  return b.logicalAnd(isPositive, b.greaterF(b.mul(excess, excess), best));
}

Value quantx::emitIsSurelyGreater(ElementwiseBuilder &b, Value other,
                                  Value best, Value margin) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value least = math::SqrtOp::create(builder, best);
  Value root = math::SqrtOp::create(builder, other);
  return b.greaterF(root, b.add(least, b.mul(margin, 2.0)));
}

/// Whether what is proven of approximate errors holds for `block`: no value is
/// near an end of the range of f32, or becomes infinite in the expressed type.
static Value emitIsInRange(ElementwiseBuilder &b, const SearchedBlock &block,
                           Value naive) {
  constexpr double least = 0x1p-50, most = 0x1p60, largestScale = 0x1p100;
  double overflow = getOverflowThreshold(getExpressedFormat(block.type)) / 4;
  Value amax = b.asF32(block.amaxBits);
  Value isInRange =
      b.logicalAnd(b.greaterEqualF(amax, b.f32(least, amax)),
                   b.greaterF(b.f32(std::min(most, overflow), amax), amax));
  Value divisor = emitDivisor(b, block, emitScaleOfBits(b, naive));
  Value isNear = b.greaterF(b.mul(divisor, 16.0), amax);
  Value isSmall = b.greaterF(b.f32(largestScale, divisor), divisor);
  return b.logicalAnd(isInRange, b.logicalAnd(isNear, isSmall));
}

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

namespace {

/// The two steps of a search: all blocks, then those that are undecided.
class ScreenedSearch {
public:
  explicit ScreenedSearch(ScaledType type) : type(type) {}

  /// The bits (i32) of the scale, or `undecided` and those of the naive one.
  Value screenBlocks(ElementwiseBuilder &b, const SearchedBlock &block,
                     ScreenFn screen) const {
    Value naive = emitNaiveBits(b, type, block.amaxBits, block.global);
    Value isOrdinary = emitIsOrdinary(b, block.amaxBits);
    Value isOpen = b.logicalAnd(isOrdinary, emitIsInRange(b, block, naive));
    Screened found = screen(b, block, naive, isOpen);
    Value isDecided = b.logicalAnd(isOpen, found.isDecided);
    Value bits = b.select(isDecided, found.bits,
                          b.bitOr(naive, b.i32(undecided, naive)));
    return b.select(isOrdinary, bits, naive);
  }

  static Value isUndecided(ElementwiseBuilder &b, Value bits) {
    return b.greaterEqual(bits, undecided);
  }
  static Value getNaive(ElementwiseBuilder &b, Value bits) {
    return b.bitAnd(bits, undecided - 1);
  }

private:
  static constexpr int64_t undecided = 1 << 8;

  ScaledType type;
};

} // namespace

Values quantx::buildScreenedSearch(BlockComputation &blocks, ScreenFn screen,
                                   BitsFn search) {
  ScaledType type = blocks.getType();
  if (!isScreened(type))
    return buildSearch(blocks, search);
  Values given;
  if (type.hasGlobal())
    given.push_back(buildGlobalScale(blocks));
  ScreenedSearch steps(type);
  auto getBlock = [&](ElementwiseBuilder &b, BlockElements &elements,
                      ValueRange givenHere) -> SearchedBlock {
    return {type, elements, emitAmaxBits(b, elements),
            type.hasGlobal() ? givenHere.back() : Value()};
  };
  auto screenGroup = [&](OpBuilder &builder, Location loc,
                         BlockElements &elements,
                         ValueRange givenHere) -> Values {
    ElementwiseBuilder b(builder, loc);
    return {steps.screenBlocks(b, getBlock(b, elements, givenHere), screen)};
  };
  auto isUndecided = [&](OpBuilder &builder, Location loc,
                         ValueRange givenHere) -> Values {
    ElementwiseBuilder b(builder, loc);
    return {ScreenedSearch::isUndecided(b, givenHere[0])};
  };
  auto searchBlock = [&](OpBuilder &builder, Location loc,
                         BlockElements &elements,
                         ValueRange givenHere) -> Values {
    ElementwiseBuilder b(builder, loc);
    SearchedBlock block = getBlock(b, elements, givenHere);
    return {search(b, block, ScreenedSearch::getNaive(b, givenHere[0]))};
  };
  auto toScale = [&](OpBuilder &builder, Location loc,
                     ValueRange givenHere) -> Values {
    ElementwiseBuilder b(builder, loc);
    return {b.bitcast(b.trunc(givenHere[0], 8), type.getScaleType())};
  };
  Type i32 = IntegerType::get(type.getContext(), 32);
  Value bits = blocks.searchGroups(i32, given, screenGroup)[0];
  bits = blocks.refineBlocks(bits, given, isUndecided, searchBlock);
  Values parameters = blocks.mapBlocks(type.getScaleType(), bits, toScale);
  parameters.append(given);
  return parameters;
}
