//===- ThreadBlocks.cpp - Blocks of any shape, by a block of threads ------===//
//
// Rows, whole tensors, squares, and what is no power of two. The threads go
// over the elements of a block once for each reduction, and once to encode
// them, which then are in the cache.
//
//===----------------------------------------------------------------------===//

#include "Choose.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t kWhole = ScaledType::kWholeDimension;
static constexpr int64_t kManyThreads = 256;

int64_t quantx::getThreadBlockSize(ScaledType type) {
  constexpr int64_t fewElements = 1024;
  int64_t size = 1;
  for (int64_t block : type.getBlockShape()) {
    if (block == kWhole)
      return kManyThreads;
    size *= block;
  }
  return size <= fewElements ? kWarpSize : kManyThreads;
}

bool quantx::canEncodeThreadBlocks(ScaledType type) {
  int64_t block = type.getBlockShape().back();
  return block == kWhole || block * type.getStorageBits() % 8 == 0;
}

//===----------------------------------------------------------------------===//
// Where a block is
//===----------------------------------------------------------------------===//

namespace {

/// The rows and columns of a block.
struct BlockRegion {
  const Rows &rows;
  SmallVector<Value> extents; ///< of the block, in each dimension
  SmallVector<Value> indices; ///< of the block in the grid
  SmallVector<Value> strides; ///< in rows; of all dimensions but the last
  Value firstRow, firstColumn;

  /// The block at `index` among all.
  static BlockRegion get(ImplicitLocOpBuilder &b, const Rows &rows,
                         Value index);

  Value getColumns() const { return extents.back(); }
  Value countRows(IndexMath &math) const {
    Value count = math.constant(1);
    for (Value extent : ArrayRef(extents).drop_back())
      count = math.mul(count, extent);
    return count;
  }
  /// The row of the tensor that is number `number` of the block.
  Value findRow(IndexMath &math, Value number) const;
};

} // namespace

BlockRegion BlockRegion::get(ImplicitLocOpBuilder &b, const Rows &rows,
                             Value index) {
  IndexMath math(b);
  ArrayRef<Value> sizes = rows.getSizes();
  ArrayRef<int64_t> blocks = rows.getBlocks();
  unsigned rank = sizes.size();
  BlockRegion region = {rows,
                        SmallVector<Value>(rank),
                        SmallVector<Value>(rank),
                        SmallVector<Value>(rank - 1),
                        math.constant(0),
                        Value()};
  SmallVector<Value> starts(rank);
  Value rest = index;
  for (unsigned dim = rank; dim-- > 0;) {
    if (blocks[dim] == kWhole) {
      starts[dim] = region.indices[dim] = math.constant(0);
      region.extents[dim] = sizes[dim];
      continue;
    }
    Value count = math.ceilDiv(sizes[dim], blocks[dim]);
    region.indices[dim] = dim == 0 ? rest : math.rem(rest, count);
    rest = dim == 0 ? rest : math.div(rest, count);
    starts[dim] = math.mul(region.indices[dim], blocks[dim]);
    region.extents[dim] =
        math.min(math.constant(blocks[dim]), math.sub(sizes[dim], starts[dim]));
  }
  Value stride = math.constant(1);
  for (unsigned dim = rank - 1; dim-- > 0;) {
    region.strides[dim] = stride;
    region.firstRow = math.add(region.firstRow, math.mul(starts[dim], stride));
    stride = math.mul(stride, sizes[dim]);
  }
  region.firstColumn = starts.back();
  return region;
}

Value BlockRegion::findRow(IndexMath &math, Value number) const {
  Value row = firstRow, rest = number;
  for (unsigned dim = strides.size(); dim-- > 0;) {
    Value here = dim == 0 ? rest : math.rem(rest, extents[dim]);
    rest = dim == 0 ? rest : math.div(rest, extents[dim]);
    row = math.add(row, math.mul(here, strides[dim]));
  }
  return row;
}

//===----------------------------------------------------------------------===//
// ThreadElements
//===----------------------------------------------------------------------===//

namespace {

/// A block that all threads of a kernel's block go over together.
class ThreadElements : public PlacedElements {
public:
  ThreadElements(BlockPlace place, BlockRegion region,
                 const ThreadGroup &threads, Value areAligned, int64_t size)
      : PlacedElements(place), region(std::move(region)), threads(threads),
        areAligned(areAligned), size(size) {}

  Values reduce(OpBuilder &builder, Location loc,
                ArrayRef<Reduction> reductions, TermsFn terms) override;
  Values reduceAll(OpBuilder &builder, Location loc,
                   ArrayRef<Reduction> reductions, TermsFn terms) override {
    return reduce(builder, loc, reductions, terms);
  }
  Value reduceMagnitudes(ImplicitLocOpBuilder &b) override;

  /// Calls `build` with the units of the block that belong to this thread, in a
  /// loop with the accumulators `init`, which `build` gives anew.
  SmallVector<Value>
  loopOverUnits(ImplicitLocOpBuilder &b, ValueRange init,
                function_ref<SmallVector<Value>(const Unit &, Value elements,
                                                ValueRange accumulators)>
                    build) const;

private:
  Value load(ImplicitLocOpBuilder &b, Unit &unit) const;
  Value addInOrder(ImplicitLocOpBuilder &b, const Reduction &reduction,
                   function_ref<Value(ImplicitLocOpBuilder &, Value)> term);

  BlockRegion region;
  const ThreadGroup &threads;
  Value areAligned;
  int64_t size;
};

} // namespace

Value ThreadElements::load(ImplicitLocOpBuilder &b, Unit &unit) const {
  IndexMath math(b);
  Value input = getPlace().input;
  unsigned bits = cast<MemRefType>(input.getType()).getElementTypeBitWidth();
  Value offset = region.rows.getElement(b, unit.row, unit.column);
  Type integer = b.getIntegerType(bits);
  auto load = [&](const Unit &part) -> SmallVector<Value> {
    Value loaded = loadUnit(b, input, offset, part, size, bits);
    return {ElementwiseBuilder(b, b.getLoc()).bitcast(loaded, integer)};
  };
  Value isWhole = math.equal(unit.count, size);
  Value loaded = buildIfElse(
      b, math.logicalAnd(areAligned, isWhole),
      [&] {
        return load({unit.row, unit.column, Value()});
      },
      [&] { return load(unit); })[0];
  Type element = cast<MemRefType>(input.getType()).getElementType();
  return ElementwiseBuilder(b, b.getLoc()).bitcast(loaded, element);
}

SmallVector<Value> ThreadElements::loopOverUnits(
    ImplicitLocOpBuilder &b, ValueRange init,
    function_ref<SmallVector<Value>(const Unit &, Value, ValueRange)> build)
    const {
  IndexMath math(b);
  Value perRow = math.ceilDiv(region.getColumns(), size);
  Value total = math.mul(region.countRows(math), perRow);
  auto loop = scf::ForOp::create(b, threads.thread, total,
                                 math.constant(threads.count), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value number = loop.getInductionVar();
  Value row = region.firstRow, inRow = number;
  if (!region.strides.empty()) {
    Value rowNumber = math.div(number, perRow);
    row = region.findRow(math, rowNumber);
    inRow = math.sub(number, math.mul(rowNumber, perRow));
  }
  Value column = math.mul(inRow, size);
  Unit unit = {
      row, math.add(region.firstColumn, column),
      math.min(math.constant(size), math.sub(region.getColumns(), column))};
  Value elements = load(b, unit);
  SmallVector<Value> next = build(unit, elements, loop.getRegionIterArgs());
  if (!next.empty())
    scf::YieldOp::create(b, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// The sum of the terms, first element to last, which every thread computes.
Value ThreadElements::addInOrder(
    ImplicitLocOpBuilder &b, const Reduction &reduction,
    function_ref<Value(ImplicitLocOpBuilder &, Value)> term) {
  IndexMath math(b);
  Value zero = math.constant(0), one = math.constant(1);
  Value init = arith::ConstantOp::create(b, reduction.init);
  auto rowLoop = scf::ForOp::create(b, zero, region.countRows(math), one, init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(rowLoop.getBody());
  Value row = region.findRow(math, rowLoop.getInductionVar());
  Value first = region.rows.getElement(b, row, region.firstColumn);
  auto loop = scf::ForOp::create(b, zero, region.getColumns(), one,
                                 rowLoop.getRegionIterArgs());
  scf::YieldOp::create(b, loop.getResults());
  b.setInsertionPointToStart(loop.getBody());
  Value element = memref::LoadOp::create(
      b, getPlace().input, math.add(first, loop.getInductionVar()));
  Value wide = ElementwiseBuilder(b, b.getLoc()).extendToF32(element);
  Value sum =
      arith::AddFOp::create(b, loop.getRegionIterArgs().front(), term(b, wide));
  scf::YieldOp::create(b, sum);
  return rowLoop.getResult(0);
}

BlockElements::Values ThreadElements::reduce(OpBuilder &builder, Location loc,
                                             ArrayRef<Reduction> reductions,
                                             TermsFn terms) {
  ImplicitLocOpBuilder b(loc, builder);
  Values values;
  if (llvm::any_of(reductions, [](const Reduction &reduction) {
        return reduction.kind == Reduction::Add;
      })) {
    for (auto [i, reduction] : llvm::enumerate(reductions)) {
      auto term = [&, i = i](ImplicitLocOpBuilder &nested, Value element) {
        return terms(nested, loc, element)[i];
      };
      values.push_back(addInOrder(b, reduction, term));
    }
    return values;
  }
  SmallVector<Value> init;
  for (const Reduction &reduction : reductions) {
    auto type = VectorType::get(size, reduction.init.getType());
    init.push_back(arith::ConstantOp::create(
        b, DenseElementsAttr::get(type, Attribute(reduction.init))));
  }
  auto combine = [&](const Unit &, Value elements, ValueRange accumulators) {
    Value wide = ElementwiseBuilder(b, loc).extendToF32(elements);
    SmallVector<Value> next = terms(b, loc, wide);
    for (auto [value, reduction, accumulator] :
         llvm::zip_equal(next, reductions, accumulators))
      value = buildCombine(b, reduction.kind, accumulator, value);
    return next;
  };
  SmallVector<Value> vectors = loopOverUnits(b, init, combine);
  for (auto [vector, reduction] : llvm::zip_equal(vectors, reductions)) {
    Value value = reduceVector(b, reduction.kind, vector);
    values.push_back(threads.reduce(b, reduction.kind, value));
  }
  return values;
}

Value ThreadElements::reduceMagnitudes(ImplicitLocOpBuilder &b) {
  Type element = cast<MemRefType>(getPlace().input.getType()).getElementType();
  Value zeros = arith::ConstantOp::create(
      b, b.getZeroAttr(VectorType::get(size, element)));
  auto combine = [&](const Unit &, Value elements,
                     ValueRange largest) -> SmallVector<Value> {
    return {combineMagnitudes(b, largest.front(), elements)};
  };
  Value largest = loopOverUnits(b, zeros, combine)[0];
  return threads.reduce(b, Reduction::MaxSigned,
                        reduceMagnitudesOfVector(b, largest));
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

/// Whether units of a row of a block begin where units of the tensor's row do.
static bool beginsOnUnits(ScaledType type, int64_t size) {
  int64_t block = type.getBlockShape().back();
  return block == kWhole || block % size == 0;
}

static BlockPlace findPlace(IndexMath &math, ImplicitLocOpBuilder &b,
                            const BlockRegion &region,
                            const ChooseViews &views) {
  ArrayRef<int64_t> blocks = region.rows.getBlocks();
  unsigned dim = blocks.size() - 1;
  for (unsigned i = 0; i < blocks.size(); ++i)
    if (blocks[i] != 1)
      dim = i;
  BlockPlace place;
  place.input = views.input;
  place.start = region.rows.getElement(b, region.firstRow, region.firstColumn);
  place.size = math.mul(region.countRows(math), region.getColumns());
  place.index = region.indices[dim];
  place.stride = dim + 1 == blocks.size()
                     ? math.constant(1)
                     : math.mul(region.strides[dim], region.rows.getColumns());
  place.weights = views.weights;
  return place;
}

Value quantx::buildThreadBlocks(KernelBuilder &kernel,
                                const ChooseKernelSpec &spec,
                                const JoinedShape &shape, const Rows &rows,
                                const ChooseViews &views) {
  ScaledType type = spec.type;
  ImplicitLocOpBuilder &b = kernel.getBody();
  IndexMath math = kernel.getMath();
  int64_t size = getEncodedUnitSize(type);
  unsigned inputBits = type.getExpressedType().getIntOrFloatBitWidth();
  unsigned codeBits = type.getStorageBits();
  ThreadGroup threads = ThreadGroup::get(kernel);
  SmallVector<UnitAccess> accesses = {
      {views.input, inputBits, getUnitAlignment(size, inputBits)}};
  if (spec.encodes)
    accesses.push_back(
        {views.payload, codeBits, getUnitAlignment(size, codeBits)});
  Value areAligned =
      beginsOnUnits(type, size)
          ? emitAreAligned(b, rows, accesses)
          : Value(arith::ConstantOp::create(b, b.getBoolAttr(false)));
  auto countBlocks = [](IndexMath math, ArrayRef<Value> sizes,
                        ArrayRef<int64_t> blocks) {
    Value count = math.constant(1);
    for (auto [dimSize, block] : llvm::zip_equal(sizes, blocks))
      if (block != kWhole)
        count = math.mul(count, math.ceilDiv(dimSize, block));
    return count;
  };
  Value numBlocks = countBlocks(math, rows.getSizes(), rows.getBlocks());
  buildTileLoop(b, numBlocks, [&](Value index) {
    BlockRegion region = BlockRegion::get(b, rows, index);
    ThreadElements elements(findPlace(math, b, region, views), region, threads,
                            areAligned, size);
    KernelBlockComputation blocks(b, type, &elements, views.global);
    SmallVector<Value> parameters = spec.method.buildParameters(blocks);
    buildIf(b, math.equal(threads.thread, 0),
            [&] { storeParameters(b, views, parameters, index); });
    if (!spec.encodes)
      return;
    UnitEncoder encoder = {type,
                           spec.rounding,
                           spec.saturate,
                           views.seed,
                           /*areChosenFor=*/true,
                           spec.method.getQuotientRange(spec.type)};
    auto blockParameters = BlockParameters::get(type, parameters);
    auto encode = [&](const Unit &unit, Value values,
                      ValueRange) -> SmallVector<Value> {
      Value first = rows.getElement(b, unit.row, unit.column);
      Value bytes = encoder.encode(b, values, blockParameters, unit, first);
      Value offset = rows.getByte(b, codeBits, unit.row, unit.column);
      Value isWhole = math.logicalAnd(areAligned, math.equal(unit.count, size));
      buildIf(
          b, isWhole,
          [&] {
            storeUnit(b, bytes, views.payload, offset,
                      {unit.row, unit.column, {}}, codeBits);
          },
          [&] { storeUnit(b, bytes, views.payload, offset, unit, codeBits); });
      return {};
    };
    elements.loopOverUnits(b, {}, encode);
  });
  SmallVector<Value> hostSizes;
  IndexMath host = kernel.getHostMath();
  for (OpFoldResult dimSize : shape.sizes)
    hostSizes.push_back(host.get(dimSize));
  return countBlocks(host, hostSizes, shape.blocks);
}
