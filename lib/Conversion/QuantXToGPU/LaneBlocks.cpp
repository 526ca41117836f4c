//===- LaneBlocks.cpp - Blocks in the registers of lanes ------------------===//
//
// Each lane has a unit of a block: the input is read once, and all that a
// method does with a block stays in registers.
//
//===----------------------------------------------------------------------===//

#include "Choose.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace quantx;

/// The elements that a lane has of a block of `block` elements. A search for a
/// zero point too has no registers for as many as others have.
static int64_t getLaneSize(const ChooseKernelSpec &spec, int64_t block) {
  constexpr int64_t few = 8;
  int64_t size = std::min(block, getEncodedUnitSize(spec.type));
  bool takesFew = spec.type.hasZeroPoint() && isa<OptimalAttr>(spec.method) &&
                  block / few <= kWarpSize;
  return takesFew ? std::min(size, few) : size;
}

bool quantx::fitsLanes(const ChooseKernelSpec &spec, const JoinedShape &shape) {
  ArrayRef<int64_t> blocks = shape.blocks;
  int64_t block = blocks.back();
  auto isOne = [](int64_t size) { return size == 1; };
  if (!llvm::all_of(blocks.drop_back(), isOne) || block < 1 ||
      !llvm::isPowerOf2_64(block))
    return false;
  int64_t size = getLaneSize(spec, block);
  bool fillsBytes = size * spec.type.getStorageBits() % 8 == 0;
  return block / size <= kWarpSize && (fillsBytes || !spec.encodes);
}

namespace {

/// The body of a kernel whose blocks are in lanes.
class LaneBlocks {
public:
  LaneBlocks(KernelBuilder &kernel, const ChooseKernelSpec &spec,
             const Rows &rows, const ChooseViews &views)
      : b(kernel.getBody()), math(b), spec(spec), rows(rows), views(views),
        threads(kernel.getBlockSize()), block(rows.getBlockColumns()),
        size(getLaneSize(spec, block)), lanes(block / size) {}

  void build();

  /// Units that a thread takes at once: several where a method is short.
  int64_t getNumUnrolled() const {
    return isa<FloorAttr, CeilAttr, EvenAttr, RceilAttr, AbsmaxAttr,
               MinmaxAttr>(spec.method)
               ? 2
               : 1;
  }
  int64_t getLanes() const { return lanes; }

private:
  unsigned getInputBits() const {
    return spec.type.getExpressedType().getIntOrFloatBitWidth();
  }
  Value areAligned();
  Unit find(Value number);
  Unit findPartial(Value number);
  /// The elements, in the expressed type.
  Value load(const Unit &unit);
  void process(const Unit &unit, Value elements);
  void encode(const Unit &unit, Value elements, ValueRange parameters);

  ImplicitLocOpBuilder &b;
  IndexMath math;
  const ChooseKernelSpec &spec;
  const Rows &rows;
  const ChooseViews &views;
  int64_t threads, block, size, lanes;
  Value thread, unitsPerRow, numUnits;
};

} // namespace

Value LaneBlocks::areAligned() {
  unsigned bits = spec.type.getStorageBits();
  SmallVector<UnitAccess> accesses = {
      {views.input, getInputBits(), getUnitAlignment(size, getInputBits())}};
  if (spec.encodes)
    accesses.push_back({views.payload, bits, getUnitAlignment(size, bits)});
  return emitAreAligned(b, rows, accesses);
}

Unit LaneBlocks::find(Value number) {
  return UnitFinder{rows, size, unitsPerRow}.find(b, number);
}

/// The unit at `number`, of which there may be nothing.
Unit LaneBlocks::findPartial(Value number) {
  Value last = math.sub(numUnits, math.constant(1));
  Unit unit = find(math.min(number, last));
  Value isThere = math.logicalAnd(math.less(number, numUnits),
                                  math.less(unit.column, rows.getColumns()));
  Value rest =
      math.min(math.sub(rows.getColumns(), unit.column), math.constant(size));
  unit.count = math.select(isThere, rest, math.constant(0));
  return unit;
}

Value LaneBlocks::load(const Unit &unit) {
  Value offset = rows.getElement(b, unit.row, unit.column);
  return loadUnit(b, views.input, offset, unit, size, getInputBits());
}

void LaneBlocks::encode(const Unit &unit, Value elements,
                        ValueRange parameters) {
  unsigned bits = spec.type.getStorageBits();
  UnitEncoder encoder = {spec.type,
                         spec.rounding,
                         spec.saturate,
                         views.seed,
                         /*areChosenFor=*/true,
                         spec.method.getQuotientRange(spec.type)};
  Value first = rows.getElement(b, unit.row, unit.column);
  Value bytes = encoder.encode(
      b, elements, BlockParameters::get(spec.type, parameters), unit, first);
  storeUnit(b, bytes, views.payload,
            rows.getByte(b, bits, unit.row, unit.column), unit, bits);
}

void LaneBlocks::process(const Unit &unit, Value elements) {
  Value inBlock = math.rem(unit.column, block);
  Value column = math.sub(unit.column, inBlock);
  BlockPlace place;
  place.input = views.input;
  place.start = rows.getElement(b, unit.row, column);
  place.size = math.constant(block);
  if (unit.count)
    place.size = math.min(place.size, math.sub(rows.getColumns(), column));
  place.index = math.div(column, block);
  place.stride = math.constant(1);
  place.weights = views.weights;
  LaneElements laneElements(place, elements, thread, lanes);
  KernelBlockComputation blocks(b, spec.type, &laneElements, views.global);
  SmallVector<Value> parameters = spec.method.buildParameters(blocks);

  Value stores = math.equal(math.rem(thread, lanes), 0);
  if (unit.count) {
    Value isThere = math.less(math.constant(0), unit.count);
    stores = math.logicalAnd(stores, isThere);
  }
  buildIf(b, stores, [&] {
    storeParameters(b, views, parameters,
                    rows.getBlock(b, unit.row, unit.column));
  });
  if (spec.encodes)
    encode(unit, elements, parameters);
}

void LaneBlocks::build() {
  thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  unitsPerRow = math.mul(math.ceilDiv(rows.getColumns(), block), lanes);
  numUnits = math.mul(rows.getRows(), unitsPerRow);
  Value areWhole = math.equal(math.rem(rows.getColumns(), block), 0);
  areWhole = math.logicalAnd(areWhole, areAligned());

  int64_t unrolled = getNumUnrolled();
  int64_t tileSize = threads * unrolled;
  buildTileLoop(b, math.ceilDiv(numUnits, tileSize), [&](Value tile) {
    Value begin = math.mul(tile, tileSize);
    Value end = math.add(begin, tileSize);
    Value first = math.add(begin, thread);
    Value isWhole = math.logicalAnd(areWhole, math.lessEqual(end, numUnits));
    auto takeAll = [&] {
      SmallVector<Unit> units;
      SmallVector<Value> loaded;
      for (int64_t i = 0; i < unrolled; ++i) {
        units.push_back(find(math.add(first, i * threads)));
        loaded.push_back(load(units.back()));
      }
      for (auto [unit, elements] : llvm::zip_equal(units, loaded))
        process(unit, elements);
    };
    // All threads take part in each, for their neighbours.
    auto takeOne = [&](Value number) {
      Unit unit = findPartial(math.add(number, thread));
      process(unit, load(unit));
    };
    buildIf(b, isWhole, takeAll,
            [&] { buildLoop(b, begin, end, math.constant(threads), takeOne); });
  });
}

Value quantx::buildLaneBlocks(KernelBuilder &kernel,
                              const ChooseKernelSpec &spec,
                              const JoinedShape &shape, const Rows &rows,
                              const ChooseViews &views) {
  LaneBlocks blocks(kernel, spec, rows, views);
  blocks.build();
  IndexMath math = kernel.getHostMath();
  Value units =
      math.mul(math.ceilDiv(math.get(shape.sizes.back()), shape.blocks.back()),
               blocks.getLanes());
  for (OpFoldResult size : ArrayRef(shape.sizes).drop_back())
    units = math.mul(units, math.get(size));
  return math.ceilDiv(units, kernel.getBlockSize() * blocks.getNumUnrolled());
}

void quantx::storeParameters(ImplicitLocOpBuilder &b, const ChooseViews &views,
                             ValueRange parameters, Value index) {
  memref::StoreOp::create(b, parameters[0], views.scales, index);
  if (views.zeroPoints)
    memref::StoreOp::create(b, parameters[1], views.zeroPoints, index);
}
