//===- OptimalE8M0.cpp - The power of two of least error ------------------===//
//
// searchE8M0 of the Format layer. Which exponents can win follows from the
// ratio of the largest magnitude to the naive scale; docs/optimal-scales.md has
// the proofs.
//
//===----------------------------------------------------------------------===//

#include "Search.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantx/Format/Mutants.h"
#include "quantx/Format/OptimalScale.h"

using namespace mlir;
using namespace quantx;

/// 2^(code - bias), or its reciprocal, as f64; no code overflows.
static Value emitPower(ElementwiseBuilder &b, Value code, bool isReciprocal) {
  constexpr int64_t bias = 1023;
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value offset = isReciprocal
                     ? b.sub(b.i32(bias + E8M0Format::bias, code), code)
                     : b.add(code, bias - E8M0Format::bias);
  return b.bitcast(b.shl(b.zext(offset, 64), 52), builder.getF64Type());
}

/// The value (f64) of the code of `element` under 2^(code - bias). Exact, and
/// never infinite.
static Value emitScaled(ElementwiseBuilder &b, const SearchedBlock &block,
                        Value element, Value code) {
  BlockParameters parameters = emitParameters(b, block, code);
  Value quantized =
      emitQuantizeElement(b, block.type, element, parameters, RoundingSpec(),
                          /*saturate=*/true);
  Value value = emitCodeValue(b, block.type, quantized, /*zeroPoint=*/{});
  return b.mul(b.extendToF64(value),
               emitPower(b, code, /*isReciprocal=*/false));
}

/// The elements of a whole block, if that is known.
static std::optional<size_t> getBlockSize(ScaledType type) {
  size_t size = 1;
  for (auto [dim, block] : llvm::enumerate(type.getBlockShape())) {
    if (type.isWholeDimension(dim))
      return std::nullopt;
    size *= block;
  }
  return size;
}

/// Whether sums of differences of errors are exact, and so the same in any
/// order: Theorem 3 of docs/optimal-scales.md.
static bool isDifferenceExact(ScaledType type) {
  std::optional<size_t> size = getBlockSize(type);
  bool isWideFloat = type.getFloatFormat() && type.getStorageBits() > 6;
  return size && *size <= 256 && !isWideFloat;
}

/// The error of the scale `code` less that of `naive`: the sum of
///   (y - z) * (y + z - 2 * x) = (x - y)^2 - (x - z)^2
/// where y and z are the values under the two. Infinite where a y becomes
/// infinite.
static Value emitDifference(ElementwiseBuilder &b, const SearchedBlock &block,
                            Value naive, Value code) {
  auto terms = [&](ElementwiseBuilder &n, Value element) -> Values {
    Value y = emitScaled(n, block, element, code);
    Value z = emitScaled(n, block, element, naive);
    Value x = n.extendToF64(element);
    Value twice = n.add(x, x);
    Value term = n.mul(n.sub(y, z), n.sub(n.add(y, z), twice));
    Value infinity = n.f64(std::numeric_limits<double>::infinity(), y);
    return {n.select(emitBecomesInfinite(n, block.type, y), infinity, term)};
  };
  Reduction::Kind kind =
      isDifferenceExact(block.type) ? Reduction::AddInAnyOrder : Reduction::Add;
  return emitSums(b, block.elements, 1, terms, kind)[0];
}

/// How many finer scales may win where the largest magnitude, clipped, has the
/// ratio `clipped` (f64) to the naive scale, in a block of `size` elements.
static Value emitCountFiner(ElementwiseBuilder &b, const ElementGrid &grid,
                            size_t size, Value clipped) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value count =
      arith::ConstantOp::create(builder, builder.getI32IntegerAttr(0));
  for (int steps = 1;; ++steps) {
    double threshold = getLowerThreshold(grid, size, steps);
    // A ratio is at least `leading` but under the smallest scale, which has no
    // finer ones.
    if (threshold <= grid.leading || isPlanted(Mutant::OptimalNeverFiner))
      return count;
    Value isBelow = b.greaterF(b.f64(threshold, clipped), clipped);
    count = b.add(count, b.zext(isBelow, 32));
  }
}

/// getLowerThreshold of the Format layer for a size (f64) known at run time,
/// and `limit` (f64), the largest value of the finer grid.
static Value emitLowerThreshold(ElementwiseBuilder &b, const ElementGrid &grid,
                                Value size, Value limit) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  auto constant = [&](double value) { return b.f64(value, limit); };
  Value fine = b.mul(limit, b.sub(constant(grid.quantum), limit));
  Value isFine = b.greaterF(limit, constant(grid.quantum / 2));
  Value gain =
      b.select(isFine, constant(grid.quantum * grid.quantum / 4), fine);
  Value gains = b.mul(b.sub(size, constant(1.0)), gain);
  Value root = math::SqrtOp::create(
      builder, b.add(gains, constant(grid.step * grid.step / 4)));
  Value byStep = b.add(limit, root);
  Value room = b.sub(constant(grid.leading), limit);
  Value byLeading =
      b.add(b.mul(b.add(constant(grid.leading), limit), constant(0.5)),
            b.div(b.mul(gains, constant(0.5)), room));
  Value isLess = b.greaterF(byStep, byLeading);
  Value isUsable = b.logicalAnd(isLess, b.greaterF(room, constant(0.0)));
  return b.mul(b.select(isUsable, byLeading, byStep), constant(1 + 0x1p-40));
}

/// emitCountFiner for a size known at run time; at most `most` (i32).
static Value emitCountFiner(ElementwiseBuilder &b, const ElementGrid &grid,
                            Value size, Value clipped, Value most) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value zero = arith::ConstantOp::create(builder, builder.getI32IntegerAttr(0));
  Value wide = arith::IndexCastOp::create(builder, builder.getI64Type(), size);
  Value sizeF64 = arith::SIToFPOp::create(builder, builder.getF64Type(), wide);
  Value half = b.f64(grid.largest / 2, clipped);
  auto condition = [&](ElementwiseBuilder &n, ValueRange values) {
    Value threshold = emitLowerThreshold(n, grid, sizeF64, values[1]);
    return n.logicalAnd(n.less(values[0], most),
                        n.greaterF(threshold, clipped));
  };
  auto step = [](ElementwiseBuilder &n, ValueRange values) -> Values {
    return {n.add(values[0], 1), n.mul(values[1], n.f64(0.5, values[1]))};
  };
  return emitWhile(b, {zero, half}, condition, step)[0];
}

Value quantx::emitSearchE8M0(ElementwiseBuilder &b, const SearchedBlock &block,
                             Value naive) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  ElementGrid grid = getElementGrid(getElementFormat(block.type));
  Value ratio = b.mul(b.extendToF64(b.asF32(block.amaxBits)),
                      emitPower(b, naive, /*isReciprocal=*/true));

  // 2 * s first, if it can win, then s / 2, s / 4, ...
  Value threshold = b.f64(getUpperThreshold(grid), ratio);
  if (isPlanted(Mutant::OptimalUpperBoundLoose))
    threshold = b.f64(2 * grid.leading, ratio);
  Value triesCoarser = b.logicalAnd(b.greaterF(ratio, threshold),
                                    b.less(naive, E8M0Format::maxFiniteCode));
  Value numCoarser = b.zext(triesCoarser, 32);
  Value top = b.f64(grid.top, ratio);
  Value clipped = b.select(b.greaterF(ratio, top), top, ratio);
  Value numFiner;
  if (std::optional<size_t> size = getBlockSize(block.type)) {
    numFiner = emitCountFiner(b, grid, *size, clipped);
    numFiner = arith::MinSIOp::create(builder, numFiner, naive);
  } else {
    Value dynamicSize = block.elements.getSize(builder, builder.getLoc());
    numFiner = emitCountFiner(b, grid, dynamicSize, clipped, naive);
  }

  Value numCandidates = b.add(numCoarser, numFiner);
  auto condition = [&](ElementwiseBuilder &n, ValueRange values) {
    return n.less(values[0], numCandidates);
  };
  auto step = [&](ElementwiseBuilder &n, ValueRange values) -> Values {
    Value i = values[0];
    Value isCoarser = n.zext(n.less(i, numCoarser), 32);
    Value distance = n.sub(n.add(i, 1), numCoarser);
    Value code = n.add(n.sub(naive, distance), isCoarser);
    Candidate candidate = {code, emitDifference(n, block, naive, code)};
    Candidate best =
        emitBetter(n, {naive, {}}, {values[1], values[2]}, candidate);
    return {n.add(i, 1), best.bits, best.error};
  };
  Value noDifference = b.f64(0.0, ratio);
  return emitWhile(b, {b.i32(0, naive), naive, noDifference}, condition,
                   step)[1];
}
