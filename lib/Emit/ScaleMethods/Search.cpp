//===- Search.cpp - What the searches for scales share --------------------===//

#include "Search.h"
#include "Models.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantx/Format/Mutants.h"
#include "quantx/Format/OptimalScale.h"

using namespace mlir;
using namespace quantx;

ElementFormat quantx::getElementFormat(ScaledType type) {
  if (const FloatFormat *format = type.getFloatFormat())
    return *format;
  return type.getIntegerFormat();
}

ExpressedFormat quantx::getExpressedFormat(ScaledType type) {
  Type expressed = type.getExpressedType();
  return expressed.isF16()    ? ExpressedFormat::F16
         : expressed.isBF16() ? ExpressedFormat::BF16
                              : ExpressedFormat::F32;
}

std::optional<size_t> quantx::getBlockSize(ScaledType type) {
  size_t size = 1;
  for (auto [dim, block] : llvm::enumerate(type.getBlockShape())) {
    if (type.isWholeDimension(dim))
      return std::nullopt;
    size *= block;
  }
  return size;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

Values quantx::emitWhile(ElementwiseBuilder &b, ValueRange init,
                         ConditionFn condition, StepFn step) {
  auto before = [&](OpBuilder &nested, Location loc, ValueRange values) {
    ElementwiseBuilder n(nested, loc);
    Value holds = condition(n, values);
    scf::ConditionOp::create(n.getBuilder(), holds, values);
  };
  auto after = [&](OpBuilder &nested, Location loc, ValueRange values) {
    ElementwiseBuilder n(nested, loc);
    Values next = step(n, values);
    scf::YieldOp::create(n.getBuilder(), next);
  };
  auto loop = scf::WhileOp::create(b.getBuilder(), init.getTypes(), init,
                                   before, after);
  return llvm::to_vector_of<Value>(loop.getResults());
}

Values quantx::emitIf(ElementwiseBuilder &b, Value condition, BranchFn ifTrue,
                      BranchFn ifFalse) {
  auto build = [](BranchFn branch) {
    return [branch](OpBuilder &nested, Location loc) {
      ElementwiseBuilder n(nested, loc);
      Values values = branch(n);
      scf::YieldOp::create(n.getBuilder(), values);
    };
  };
  auto op = scf::IfOp::create(b.getBuilder(), condition, build(ifTrue),
                              build(ifFalse));
  return llvm::to_vector_of<Value>(op.getResults());
}

//===----------------------------------------------------------------------===//
// Sums over a block
//===----------------------------------------------------------------------===//

Values quantx::emitSums(ElementwiseBuilder &b, BlockElements &elements,
                        unsigned count, SumTermsFn terms,
                        Reduction::Kind kind) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Reduction sum{kind, builder.getF64FloatAttr(0.0)};
  auto build = [&](OpBuilder &nested, Location loc, Value element) {
    ElementwiseBuilder n(nested, loc);
    return terms(n, element);
  };
  return elements.reduce(builder, builder.getLoc(),
                         SmallVector<Reduction>(count, sum), build);
}

Value quantx::emitAmaxBits(ElementwiseBuilder &b, BlockElements &elements) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Reduction largest{Reduction::MaxSigned, builder.getI32IntegerAttr(0)};
  auto terms = [](OpBuilder &nested, Location loc, Value element) -> Values {
    ElementwiseBuilder n(nested, loc);
    return {emitMagnitudeBits(n, element)};
  };
  return elements.reduce(builder, builder.getLoc(), largest, terms)[0];
}

BlockExtent quantx::emitExtent(ElementwiseBuilder &b, BlockElements &elements) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  TypedAttr zero = builder.getF32FloatAttr(0.0f);
  auto terms = [](OpBuilder &, Location, Value element) -> Values {
    return {element, element};
  };
  Values extent = elements.reduce(
      builder, builder.getLoc(),
      {{Reduction::Minimum, zero}, {Reduction::Maximum, zero}}, terms);
  return {extent[0], extent[1]};
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

BlockParameters quantx::emitParameters(ElementwiseBuilder &b,
                                       const SearchedBlock &block, Value bits,
                                       Value zeroPoint) {
  Type scaleType = block.type.getScaleType();
  BlockParameters parameters;
  parameters.scale =
      b.bitcast(b.trunc(bits, scaleType.getIntOrFloatBitWidth()), scaleType);
  if (zeroPoint)
    parameters.zeroPoint = b.trunc(zeroPoint, 8);
  parameters.global = block.global;
  return parameters;
}

Value quantx::emitScaleBits(ElementwiseBuilder &b, Value scale) {
  unsigned width = getElementTypeOrSelf(scale).getIntOrFloatBitWidth();
  return b.zext(b.bitcast(scale, b.getBuilder().getIntegerType(width)), 32);
}

Value quantx::emitBecomesInfinite(ElementwiseBuilder &b, ScaledType type,
                                  Value value) {
  double threshold = getOverflowThreshold(getExpressedFormat(type));
  return b.logicalOr(b.greaterEqualF(value, b.f64(threshold, value)),
                     b.greaterEqualF(b.f64(-threshold, value), value));
}

/// A dequantized `value` (f32) as f64; infinite where it is in the expressed
/// type.
static Value emitExpressed(ElementwiseBuilder &b, ScaledType type,
                           Value value) {
  Value y = b.extendToF64(value);
  Value infinity = b.f64(std::numeric_limits<double>::infinity(), y);
  return b.select(emitBecomesInfinite(b, type, y), infinity, y);
}

Value quantx::emitRoundTrip(ElementwiseBuilder &b, ScaledType type,
                            Value element, const BlockParameters &parameters) {
  return emitExpressed(b, type,
                       emitRoundTripToF32(b, type, element, parameters));
}

Value quantx::emitDequantizeToF64(ElementwiseBuilder &b, ScaledType type,
                                  Value code,
                                  const BlockParameters &parameters) {
  return emitExpressed(b, type, emitDequantizeToF32(b, type, code, parameters));
}

Value quantx::emitSquaredError(ElementwiseBuilder &b,
                               const SearchedBlock &block,
                               const BlockParameters &parameters) {
  auto terms = [&](ElementwiseBuilder &n, Value element) -> Values {
    Value y = emitRoundTrip(n, block.type, element, parameters);
    Value residual = n.sub(n.extendToF64(element), y);
    return {n.mul(residual, residual)};
  };
  return emitSums(b, block.elements, 1, terms)[0];
}

/// The largest or the least code, as a constant (i8).
static Value emitExtremeCode(ElementwiseBuilder &b, ScaledType type,
                             bool isLargest) {
  int64_t code;
  if (const FloatFormat *format = type.getFloatFormat()) {
    code = format->maxFiniteCode | (isLargest ? 0 : format->getSignMask());
  } else {
    IntegerFormat integer = type.getIntegerFormat();
    code = isLargest ? integer.getMaxCode() : integer.getMinCode();
  }
  ImplicitLocOpBuilder &builder = b.getBuilder();
  return arith::ConstantOp::create(
      builder, builder.getI8IntegerAttr(static_cast<int8_t>(code)));
}

Value quantx::emitExtremeValue(ElementwiseBuilder &b, ScaledType type,
                               bool isLargest, Value zeroPoint) {
  return emitCodeValue(b, type, emitExtremeCode(b, type, isLargest), zeroPoint);
}

/// What the largest, or the least, code dequantizes to (f64).
static Value emitLimit(ElementwiseBuilder &b, ScaledType type, bool isLargest,
                       const BlockParameters &parameters) {
  Value code = emitExtremeCode(b, type, isLargest);
  return b.extendToF64(emitDequantizeToF32(b, type, code, parameters));
}

Value quantx::emitClippingBound(ElementwiseBuilder &b, ScaledType type,
                                const BlockExtent &extent,
                                const BlockParameters &parameters) {
  Value above = b.sub(b.extendToF64(extent.high),
                      emitLimit(b, type, /*isLargest=*/true, parameters));
  Value below = b.sub(emitLimit(b, type, /*isLargest=*/false, parameters),
                      b.extendToF64(extent.low));
  Value zero = b.f64(0.0, above);
  Value excess = b.select(b.greaterF(below, above), below, above);
  excess = b.select(b.greaterF(excess, zero), excess, zero);
  return b.mul(excess, excess);
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

static Value emitNotEqual(ElementwiseBuilder &b, Value lhs, Value rhs) {
  return arith::CmpIOp::create(b.getBuilder(), arith::CmpIPredicate::ne, lhs,
                               rhs);
}

/// Whether `candidate` has a smaller scale, or an equal one and a smaller zero
/// point.
static Value emitIsSmaller(ElementwiseBuilder &b, const Candidate &candidate,
                           const Candidate &best) {
  Value isSmaller = b.less(candidate.bits, best.bits);
  if (!best.zeroPoint)
    return isSmaller;
  Value isEqual = b.equal(b.sub(candidate.bits, best.bits), 0);
  Value hasSmallerZero = b.less(candidate.zeroPoint, best.zeroPoint);
  return b.logicalOr(isSmaller, b.logicalAnd(isEqual, hasSmallerZero));
}

Candidate quantx::emitBetter(ElementwiseBuilder &b, const Candidate &naive,
                             const Candidate &best,
                             const Candidate &candidate) {
  Value isBetter = b.greaterF(best.error, candidate.error);
  Value isEqual = b.equalF(best.error, candidate.error);
  Value bestIsOther = emitNotEqual(b, best.bits, naive.bits);
  if (best.zeroPoint) {
    bestIsOther = b.logicalOr(bestIsOther,
                              emitNotEqual(b, best.zeroPoint, naive.zeroPoint));
  }
  Value isSmaller = isPlanted(Mutant::OptimalTieLarger)
                        ? emitIsSmaller(b, best, candidate)
                        : emitIsSmaller(b, candidate, best);
  Value winsTie = b.logicalAnd(isEqual, b.logicalAnd(bestIsOther, isSmaller));
  Value wins = b.logicalOr(isBetter, winsTie);
  Candidate better = {b.select(wins, candidate.bits, best.bits),
                      b.select(wins, candidate.error, best.error)};
  if (best.zeroPoint)
    better.zeroPoint = b.select(wins, candidate.zeroPoint, best.zeroPoint);
  return better;
}

//===----------------------------------------------------------------------===//
// Searches
//===----------------------------------------------------------------------===//

Value quantx::emitNaiveBits(ElementwiseBuilder &b, ScaledType type,
                            Value amaxBits, Value global) {
  if (isa<Float8E8M0FNUType>(type.getScaleType()))
    return emitFloorCode(b, type, amaxBits);
  return emitScaleBits(b, emitAbsmaxScale(b, type, amaxBits, global));
}

/// The bits (i32) of the NaN scale.
static Value emitNaNBits(ElementwiseBuilder &b, ScaledType type, Value like) {
  auto scaleType = cast<FloatType>(type.getScaleType());
  llvm::APFloat nan = llvm::APFloat::getQNaN(scaleType.getFloatSemantics());
  return b.i32(nan.bitcastToAPInt().getZExtValue(), like);
}

Value quantx::emitIsOrdinary(ElementwiseBuilder &b, Value amaxBits) {
  // Zero wraps around to the largest unsigned number.
  return b.lessUnsigned(b.add(amaxBits, -1), b.i32(kInfBits - 1, amaxBits));
}

/// The bits (i32) of the scale that `search`, or the naive method, chooses.
static Value emitBits(ElementwiseBuilder &b, const SearchedBlock &block,
                      Value naive, BitsFn search) {
  auto searchOrdinary = [&](ElementwiseBuilder &n) -> Values {
    return {search(n, block, naive)};
  };
  auto giveNaive = [&](ElementwiseBuilder &) -> Values { return {naive}; };
  return emitIf(b, emitIsOrdinary(b, block.amaxBits), searchOrdinary,
                giveNaive)[0];
}

Values quantx::buildSearch(BlockComputation &blocks, BitsFn search,
                           InvalidFn isInvalid) {
  ScaledType type = blocks.getType();
  Value amaxBits = reduceAmaxBits(blocks);
  Value global = type.hasGlobal() ? buildGlobalScale(blocks) : Value();
  auto getGlobal = [&](ValueRange given) {
    return global ? given.back() : Value();
  };
  Values given = {amaxBits};
  if (global)
    given.push_back(global);
  auto computeNaive = [&](OpBuilder &builder, Location loc,
                          ValueRange givenHere) -> Values {
    ElementwiseBuilder b(builder, loc);
    return {emitNaiveBits(b, type, givenHere[0], getGlobal(givenHere))};
  };
  Type i32 = IntegerType::get(type.getContext(), 32);
  Value naive = blocks.mapBlocks(i32, given, computeNaive)[0];
  given.insert(given.begin(), naive);
  auto searchBlock = [&](OpBuilder &builder, Location loc,
                         BlockElements &elements,
                         ValueRange givenHere) -> Values {
    ElementwiseBuilder b(builder, loc);
    SearchedBlock block = {type, elements, givenHere[1], getGlobal(givenHere)};
    auto searchValid = [&](ElementwiseBuilder &n) -> Values {
      return {emitBits(n, block, givenHere[0], search)};
    };
    Value bits;
    if (isInvalid) {
      auto giveNaN = [&](ElementwiseBuilder &n) -> Values {
        return {emitNaNBits(n, type, block.amaxBits)};
      };
      bits = emitIf(b, isInvalid(b, block), giveNaN, searchValid)[0];
    } else {
      bits = searchValid(b)[0];
    }
    return {emitParameters(b, block, bits).scale};
  };
  Values parameters =
      blocks.searchBlocks(type.getScaleType(), given, searchBlock);
  if (global)
    parameters.push_back(global);
  return parameters;
}
