//===- OptimalE8M0.cpp - The power of two of least error ------------------===//
//
// searchE8M0 of the Format layer. Which exponents can win follows from the
// ratio of the largest magnitude to the naive scale; docs/optimal-scales.md has
// the proofs.
//
//===----------------------------------------------------------------------===//

#include "Models.h"
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
  Value value = emitRoundToCodeValue(b, block.type, element, parameters);
  return b.mul(b.extendToF64(value),
               emitPower(b, code, /*isReciprocal=*/false));
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
  Value count = b.integer(32, 0, clipped);
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

//===----------------------------------------------------------------------===//
// The window
//===----------------------------------------------------------------------===//

namespace {

/// The exponent codes that may win (all i32): the naive one, so many above it
/// and so many below.
struct Window {
  Value naive, numCoarser, numFiner;

  /// All in one i32.
  Value pack(ElementwiseBuilder &b) const {
    return b.bitOr(naive, b.bitOr(b.shl(numCoarser, coarserBit),
                                  b.shl(numFiner, finerBit)));
  }
  static Window unpack(ElementwiseBuilder &b, Value packed) {
    constexpr int64_t coarserMask = (1 << (finerBit - coarserBit)) - 1;
    return {b.bitAnd(packed, 0xff),
            b.bitAnd(b.lshr(packed, coarserBit), coarserMask),
            b.lshr(packed, finerBit)};
  }
  /// Whether there is more than the naive code in `packed`.
  static Value hasMore(ElementwiseBuilder &b, Value packed) {
    return b.greaterEqual(packed, 1 << coarserBit);
  }

  static constexpr int64_t coarserBit = 8, finerBit = 16;
};

} // namespace

/// The window of blocks with the largest magnitudes `amaxBits`; `countFiner`
/// counts finer scales by the ratio of that, clipped, to the naive scale.
static Window
emitWindow(ElementwiseBuilder &b, ScaledType type, Value amaxBits,
           llvm::function_ref<Value(Value naive, Value clipped)> countFiner) {
  ElementGrid grid = getElementGrid(getElementFormat(type));
  Value naive = emitFloorCode(b, type, amaxBits);
  Value ratio = b.mul(b.extendToF64(b.asF32(amaxBits)),
                      emitPower(b, naive, /*isReciprocal=*/true));
  Value threshold = b.f64(getUpperThreshold(grid), ratio);
  if (isPlanted(Mutant::OptimalUpperBoundLoose))
    threshold = b.f64(2 * grid.leading, ratio);
  Value triesCoarser = b.logicalAnd(b.greaterF(ratio, threshold),
                                    b.less(naive, E8M0Format::maxFiniteCode));
  Value top = b.f64(grid.top, ratio);
  Value clipped = b.select(b.greaterF(ratio, top), top, ratio);
  Value numFiner = countFiner(naive, clipped);
  Value isOrdinary = emitIsOrdinary(b, amaxBits);
  Value none = b.i32(0, naive);
  return {naive, b.select(isOrdinary, b.zext(triesCoarser, 32), none),
          b.select(isOrdinary, numFiner, none)};
}

/// The best code of `window` for `block`: 2 * s first, if it can win, then
/// s / 2, s / 4, ...
static Value emitSearchWindow(ElementwiseBuilder &b, const SearchedBlock &block,
                              const Window &window) {
  Value numCandidates = b.add(window.numCoarser, window.numFiner);
  auto condition = [&](ElementwiseBuilder &n, ValueRange values) {
    return n.less(values[0], numCandidates);
  };
  auto step = [&](ElementwiseBuilder &n, ValueRange values) -> Values {
    Value i = values[0];
    Value isCoarser = n.zext(n.less(i, window.numCoarser), 32);
    Value distance = n.sub(n.add(i, 1), window.numCoarser);
    Value code = n.add(n.sub(window.naive, distance), isCoarser);
    Candidate candidate = {code, emitDifference(n, block, window.naive, code)};
    Candidate best =
        emitBetter(n, {window.naive, {}}, {values[1], values[2]}, candidate);
    return {n.add(i, 1), best.bits, best.error};
  };
  Value noDifference = b.f64(0.0, window.naive);
  return emitWhile(b, {b.i32(0, window.naive), window.naive, noDifference},
                   condition, step)[1];
}

//===----------------------------------------------------------------------===//
// f4E2M1FN
//===----------------------------------------------------------------------===//

// Two neighbouring scales give f4E2M1FN the same values from 2 to 6 units of
// the finer one. Below, the finer grid has the halves between integers; above,
// only the coarser one has 8. So the difference of the errors is a function of
// the magnitude that a few instructions compute: docs/optimal-scales.md,
// "Two scales of f4E2M1FN".

/// Whether that is all that can happen: at most one other candidate, and no
/// element that the coarser scale takes to 12 units.
static bool hasOneNeighbour(ScaledType type, size_t size) {
  if (!isa<Float4E2M1FNType>(type.getStorageType()))
    return false;
  ElementGrid grid = getElementGrid(getElementFormat(type));
  constexpr double coarserTakesToTwelve = 10.0;
  return getLowerThreshold(grid, size, 2) <= grid.leading &&
         2 * getLowerThreshold(grid, size, 1) <= coarserTakesToTwelve;
}

/// What an `element` (f32) adds to the error of the finer of two neighbouring
/// scales, of the reciprocal `reciprocal`, less that of the coarser one, in
/// squares of the finer one: f32, exact.
static Value emitTermOfFiner(ElementwiseBuilder &b, Value element,
                             Value reciprocal) {
  auto largerOf = [&](Value value, double least) {
    Value limit = b.f32(least, value);
    return b.select(b.greaterF(value, limit), value, limit);
  };
  auto magnitude = [&](Value value) {
    return b.asF32(b.bitAnd(b.asI32(value), 0x7fffffff));
  };
  Value units = magnitude(b.mul(element, reciprocal));
  // Less than 2: the finer error less the coarser one is 1/4 less the distance
  // to an integer, where that is negative.
  Value low = units;
  if (!isPlanted(Mutant::FineErrorUnlimited)) {
    Value limit = b.f32(1.75, units);
    low = b.select(b.greaterF(limit, units), units, limit);
  }
  Value shifter = b.f32(0x1.8p23, units);
  Value integer = b.sub(b.add(low, shifter), shifter);
  Value distance = largerOf(magnitude(b.sub(low, integer)), 0.25);
  // More than 7: (x - 6)^2 - (x - 8)^2. One of both is 0, and the quarter that
  // is added here leaves the difference exact.
  ElementwiseBuilder fusing = b.withFusing();
  Value above = fusing.add(fusing.mul(largerOf(units, 7.0), 4.0),
                           b.f32(-28.0 + 0.25, units));
  return b.sub(above, distance);
}

/// The error of the finer of two neighbouring scales less that of the coarser
/// one, in squares of the finer one: exact.
static Value emitErrorOfFiner(ElementwiseBuilder &b, const SearchedBlock &block,
                              Value finer) {
  Value reciprocal = emitDecodeE8M0Reciprocal(b, b.trunc(finer, 8));
  auto terms = [&](ElementwiseBuilder &n, Value element) -> Values {
    return {n.extendToF64(emitTermOfFiner(n, element, reciprocal))};
  };
  return emitSums(b, block.elements, 1, terms, Reduction::AddInAnyOrder)[0];
}

/// The codes (i32) below this have no scale under which the coarser of it and
/// the next takes a value to infinity in the expressed type.
static int64_t getOverflowingCode(ScaledType type) {
  double threshold = getOverflowThreshold(getExpressedFormat(type));
  int64_t code = 0;
  while (code < E8M0Format::maxFiniteCode &&
         std::ldexp(8.0, int(code) - E8M0Format::bias) < threshold)
    ++code;
  return code;
}

namespace {

/// The naive scale and its neighbour (codes, i32).
struct Neighbours {
  Value naive, other, finer;
  Value isCoarser; ///< i1: the other one is

  static Neighbours get(ElementwiseBuilder &b, const Window &window) {
    Value other =
        b.add(window.naive, b.sub(window.numCoarser, window.numFiner));
    Value isCoarser = b.greater(window.numCoarser, 0);
    return {window.naive, other, b.select(isCoarser, window.naive, other),
            isCoarser};
  }

  /// Whether finite values stay finite in the expressed type.
  Value areSafe(ElementwiseBuilder &b, ScaledType type) const {
    return b.less(finer, getOverflowingCode(type));
  }

  /// The better one, by the error (a float) of the finer one less that of the
  /// coarser one.
  Value choose(ElementwiseBuilder &b, Value difference, Value zero) const {
    Value wins = b.select(isCoarser, b.greaterF(difference, zero),
                          b.greaterF(zero, difference));
    return b.select(wins, other, naive);
  }
};

} // namespace

/// emitSearchWindow where there is one neighbour.
static Value emitSearchNeighbour(ElementwiseBuilder &b,
                                 const SearchedBlock &block,
                                 const Window &window) {
  Neighbours neighbours = Neighbours::get(b, window);
  auto compare = [&](ElementwiseBuilder &n) -> Values {
    Value difference = emitErrorOfFiner(n, block, neighbours.finer);
    return {neighbours.choose(n, difference, n.f64(0.0, difference))};
  };
  auto searchWindow = [&](ElementwiseBuilder &n) -> Values {
    return {emitSearchWindow(n, block, window)};
  };
  return emitIf(b, neighbours.areSafe(b, block.type), compare, searchWindow)[0];
}

/// How far a sum in f32 of the terms of `size` elements may be from the exact
/// one: so many additions, of so many terms of less than 12 each.
static double getMarginOfFiner(size_t size) {
  constexpr double largestTerm = 12.0, rounding = 0x1p-24;
  if (isPlanted(Mutant::ScreeningMarginIgnored))
    return 0.0;
  return double(size) * double(size) * largestTerm * rounding;
}

/// `windows` without those that a sum in f32 decides: the codes alone.
static Value buildScreeningOfNeighbours(BlockComputation &blocks, size_t size,
                                        Value windows) {
  ScaledType type = blocks.getType();
  Builder builder(type.getContext());
  auto findReciprocal = [](OpBuilder &nested, Location loc,
                           ValueRange given) -> Values {
    ElementwiseBuilder b(nested, loc);
    Value finer = Neighbours::get(b, Window::unpack(b, given[0])).finer;
    return {emitDecodeE8M0Reciprocal(b, b.trunc(finer, 8))};
  };
  auto hasMore = [](OpBuilder &nested, Location loc,
                    ValueRange given) -> Values {
    ElementwiseBuilder b(nested, loc);
    return {Window::hasMore(b, given[1])};
  };
  auto sum = [](OpBuilder &nested, Location loc, BlockElements &elements,
                ValueRange given) -> Values {
    auto terms = [&](OpBuilder &nested, Location loc, Value element) -> Values {
      ElementwiseBuilder b(nested, loc);
      return {emitTermOfFiner(b, element, given[0])};
    };
    Reduction reduction{Reduction::AddInAnyOrder, nested.getF32FloatAttr(0.0f)};
    return elements.reduce(nested, loc, reduction, terms);
  };
  auto decide = [&](OpBuilder &nested, Location loc,
                    ValueRange given) -> Values {
    ElementwiseBuilder b(nested, loc);
    Value difference = given[1];
    Neighbours neighbours = Neighbours::get(b, Window::unpack(b, given[0]));
    Value margin = b.f32(getMarginOfFiner(size), difference);
    Value magnitude = b.asF32(b.bitAnd(b.asI32(difference), 0x7fffffff));
    Value isDecided = b.logicalAnd(b.greaterEqualF(magnitude, margin),
                                   neighbours.areSafe(b, type));
    isDecided = b.logicalAnd(isDecided, Window::hasMore(b, given[0]));
    Value zero = b.f32(0.0, difference);
    return {
        b.select(isDecided, neighbours.choose(b, difference, zero), given[0])};
  };
  // Of blocks that need no sum the reciprocal stays, which nobody looks at.
  Value reciprocals =
      blocks.mapBlocks(builder.getF32Type(), windows, findReciprocal)[0];
  Value sums = blocks.refineBlocks(reciprocals, windows, hasMore, sum);
  return blocks.mapBlocks(builder.getI32Type(), {windows, sums}, decide)[0];
}

//===----------------------------------------------------------------------===//
// The method
//===----------------------------------------------------------------------===//

/// The codes (i32) for a block size that is known: the windows of all blocks,
/// then those that hold more than the naive code.
static Value buildSearchOfWindows(BlockComputation &blocks, size_t size) {
  ScaledType type = blocks.getType();
  ElementGrid grid = getElementGrid(getElementFormat(type));
  auto findWindow = [&](OpBuilder &builder, Location loc,
                        ValueRange given) -> Values {
    ElementwiseBuilder b(builder, loc);
    auto countFiner = [&](Value naive, Value clipped) -> Value {
      return arith::MinSIOp::create(
          b.getBuilder(), emitCountFiner(b, grid, size, clipped), naive);
    };
    return {emitWindow(b, type, given[0], countFiner).pack(b)};
  };
  auto hasMore = [](OpBuilder &builder, Location loc,
                    ValueRange given) -> Values {
    ElementwiseBuilder b(builder, loc);
    return {Window::hasMore(b, given[0])};
  };
  auto search = [&](OpBuilder &builder, Location loc, BlockElements &elements,
                    ValueRange given) -> Values {
    ElementwiseBuilder b(builder, loc);
    SearchedBlock block = {type, elements, /*amaxBits=*/{}};
    Window window = Window::unpack(b, given[0]);
    return {hasOneNeighbour(type, size) ? emitSearchNeighbour(b, block, window)
                                        : emitSearchWindow(b, block, window)};
  };
  Type i32 = IntegerType::get(type.getContext(), 32);
  Value windows = blocks.mapBlocks(i32, reduceAmaxBits(blocks), findWindow)[0];
  if (hasOneNeighbour(type, size) && blocks.computesOnVectors())
    windows = buildScreeningOfNeighbours(blocks, size, windows);
  return blocks.refineBlocks(windows, {}, hasMore, search);
}

/// The codes (i32) for blocks whose size shows at run time.
static Value buildSearchOfWhole(BlockComputation &blocks) {
  ScaledType type = blocks.getType();
  ElementGrid grid = getElementGrid(getElementFormat(type));
  auto search = [&](OpBuilder &builder, Location loc, BlockElements &elements,
                    ValueRange given) -> Values {
    ElementwiseBuilder b(builder, loc);
    SearchedBlock block = {type, elements, given[0]};
    Value size = elements.getSize(builder, loc);
    auto countFiner = [&](Value naive, Value clipped) {
      return emitCountFiner(b, grid, size, clipped, naive);
    };
    Window window = emitWindow(b, type, block.amaxBits, countFiner);
    return {emitSearchWindow(b, block, window)};
  };
  Type i32 = IntegerType::get(type.getContext(), 32);
  return blocks.searchBlocks(i32, reduceAmaxBits(blocks), search)[0];
}

Values quantx::buildSearchE8M0(BlockComputation &blocks) {
  std::optional<size_t> size = getBlockSize(blocks.getType());
  Value codes =
      size ? buildSearchOfWindows(blocks, *size) : buildSearchOfWhole(blocks);
  Type scaleType = blocks.getType().getScaleType();
  auto toScale = [&](OpBuilder &builder, Location loc,
                     ValueRange given) -> Values {
    ElementwiseBuilder b(builder, loc);
    return {b.bitcast(b.trunc(given[0], 8), scaleType)};
  };
  return blocks.mapBlocks(scaleType, codes, toScale);
}
