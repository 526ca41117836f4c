//===- Units.cpp - How kernels go over the elements of a tensor -----------===//

#include "Units.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <numeric>

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

static constexpr int64_t kWhole = ScaledType::kWholeDimension;

int64_t quantx::getUnitSize(ScaledType type) {
  int64_t values = 128 / type.getExpressedType().getIntOrFloatBitWidth();
  int64_t codes = 8 / std::gcd(8u, type.getStorageBits());
  return std::max(values, codes);
}

/// Elements of whole blocks that fill whole bytes: rows of a multiple of them
/// follow on one another as one row would.
static int64_t getSeamlessColumns(int64_t block, unsigned bits) {
  int64_t codesInBytes = 8 / std::gcd(8u, bits);
  return std::lcm(block, codesInBytes);
}

static OpFoldResult multiply(ImplicitLocOpBuilder &host, OpFoldResult lhs,
                             OpFoldResult rhs) {
  std::optional<int64_t> left = getConstantIntValue(lhs);
  std::optional<int64_t> right = getConstantIntValue(rhs);
  if (left && right)
    return host.getIndexAttr(*left * *right);
  IndexMath math(host);
  return math.mul(math.get(lhs), math.get(rhs));
}

/// Joins the rows of `shape`, of two dimensions, where that can be.
static void joinRows(ImplicitLocOpBuilder &host, JoinedShape &shape,
                     int64_t seamless) {
  OpFoldResult rows = shape.sizes[0], columns = shape.sizes[1];
  OpFoldResult all = multiply(host, rows, columns);
  if (std::optional<int64_t> known = getConstantIntValue(columns)) {
    if (*known % seamless == 0) {
      shape.sizes = {all};
      shape.blocks.erase(shape.blocks.begin());
    }
    return;
  }
  IndexMath math(host);
  Value size = math.get(columns);
  Value isSeamless = math.equal(math.rem(size, seamless), 0);
  shape.sizes = {math.select(isSeamless, math.constant(1), math.get(rows)),
                 math.select(isSeamless, math.get(all), size)};
}

static JoinedShape join(ImplicitLocOpBuilder &host, unsigned bits,
                        ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> blocks,
                        bool joinsRows) {
  JoinedShape shape;
  for (auto [dim, size, block] : llvm::enumerate(sizes, blocks)) {
    bool isLast = dim + 1 == sizes.size();
    // Packed rows end on bytes, wherever the next begins.
    bool joins = !shape.sizes.empty() && shape.blocks.back() == block &&
                 (block == 1 || block == kWhole);
    std::optional<int64_t> known = getConstantIntValue(size);
    if (joins && (!isLast || (known && *known * bits % 8 == 0) || bits == 8)) {
      shape.sizes.back() = multiply(host, shape.sizes.back(), size);
      continue;
    }
    shape.sizes.push_back(size);
    shape.blocks.push_back(block);
  }
  if (joinsRows && shape.sizes.size() == 2 && shape.blocks[0] == 1 &&
      shape.blocks[1] != kWhole)
    joinRows(host, shape, getSeamlessColumns(shape.blocks[1], bits));
  return shape;
}

JoinedShape quantx::joinDimensions(ImplicitLocOpBuilder &host, ScaledType type,
                                   ArrayRef<OpFoldResult> sizes,
                                   bool joinsRows) {
  return join(host, type.getStorageBits(), sizes, type.getBlockShape(),
              joinsRows);
}

JoinedShape quantx::joinDimensions(ImplicitLocOpBuilder &host, unsigned bits,
                                   ArrayRef<OpFoldResult> sizes,
                                   int64_t block) {
  SmallVector<int64_t> blocks(sizes.size(), 1);
  blocks.back() = block;
  return join(host, bits, sizes, blocks, /*joinsRows=*/true);
}

SmallVector<OpFoldResult> quantx::getPackedSizes(ImplicitLocOpBuilder &host,
                                                 unsigned bits,
                                                 ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> packed(sizes);
  IndexMath math(host);
  if (bits != 8)
    packed.back() = getAsOpFoldResult(
        math.ceilDiv(math.mul(math.get(sizes.back()), bits), 8));
  return packed;
}

SmallVector<OpFoldResult>
quantx::getPayloadSizes(ImplicitLocOpBuilder &host, ScaledType type,
                        ArrayRef<OpFoldResult> sizes) {
  return getPackedSizes(host, type.getStorageBits(), sizes);
}

SmallVector<OpFoldResult> quantx::getGridSizes(ImplicitLocOpBuilder &host,
                                               ScaledType type,
                                               ArrayRef<OpFoldResult> sizes) {
  IndexMath math(host);
  SmallVector<OpFoldResult> grid;
  for (auto [size, block] : llvm::zip_equal(sizes, type.getBlockShape())) {
    grid.push_back(block == kWhole ? OpFoldResult(host.getIndexAttr(1))
                                   : getAsOpFoldResult(
                                         math.ceilDiv(math.get(size), block)));
  }
  return grid;
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

Rows::Rows(KernelBuilder &kernel, const JoinedShape &shape)
    : blocks(shape.blocks) {
  unsigned rank = shape.sizes.size();
  for (auto [dim, size] : llvm::enumerate(shape.sizes)) {
    std::string name = "size" + std::to_string(dim);
    if (dim + 1 == rank)
      name = "columns";
    else if (rank == 2)
      name = "rows";
    sizes.push_back(kernel.addSize(name, size));
  }
  IndexMath math = kernel.getMath();
  rows = math.constant(1);
  for (Value size : ArrayRef(sizes).drop_back())
    rows = math.mul(rows, size);
  columns = sizes.back();
}

Value Rows::getElement(ImplicitLocOpBuilder &b, Value row, Value column) const {
  IndexMath math(b);
  return math.add(math.mul(row, columns), column);
}

Value Rows::getRowBytes(ImplicitLocOpBuilder &b, unsigned bits) const {
  IndexMath math(b);
  return bits == 8 ? columns : math.ceilDiv(math.mul(columns, bits), 8);
}

Value Rows::getByte(ImplicitLocOpBuilder &b, unsigned bits, Value row,
                    Value column) const {
  IndexMath math(b);
  Value inRow = bits == 8 ? column : math.div(math.mul(column, bits), 8);
  return math.add(math.mul(row, getRowBytes(b, bits)), inRow);
}

/// Blocks in a dimension.
static Value countBlocks(IndexMath &math, Value size, int64_t block) {
  return block == kWhole ? math.constant(1) : math.ceilDiv(size, block);
}

static Value findBlock(IndexMath &math, Value index, int64_t block) {
  return block == kWhole ? math.constant(0) : math.div(index, block);
}

Value Rows::getBlocksPerRow(ImplicitLocOpBuilder &b) const {
  IndexMath math(b);
  return countBlocks(math, columns, blocks.back());
}

Value Rows::getBlock(ImplicitLocOpBuilder &b, Value row, Value column) const {
  IndexMath math(b);
  Value inRow = findBlock(math, column, blocks.back());
  if (blocks.size() == 1)
    return inRow;
  // From the last of the leading dimensions to the first.
  Value index = inRow, stride = getBlocksPerRow(b), rest = row;
  for (unsigned dim = blocks.size() - 1; dim-- > 0;) {
    Value here = dim == 0 ? rest : math.rem(rest, sizes[dim]);
    Value block = findBlock(math, here, blocks[dim]);
    index = math.add(index, math.mul(block, stride));
    if (dim == 0)
      break;
    rest = math.div(rest, sizes[dim]);
    stride = math.mul(stride, countBlocks(math, sizes[dim], blocks[dim]));
  }
  return index;
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

int64_t quantx::getUnitAlignment(int64_t size, unsigned bits) {
  constexpr int64_t largestAccess = 16;
  int64_t bytes = size * bits / 8;
  return std::min(bytes & -bytes, largestAccess);
}

/// How many bytes or elements of a view the elements of `unit` are.
static Value countInView(ImplicitLocOpBuilder &b, const Unit &unit,
                         unsigned bits) {
  IndexMath math(b);
  return bits < 8 ? math.ceilDiv(math.mul(unit.count, bits), 8) : unit.count;
}

static unsigned getElementBits(Value view) {
  return cast<MemRefType>(view.getType()).getElementTypeBitWidth();
}

/// The lanes of `type` that are loaded or stored at once: all, if they are a
/// power of two; else as many as are aligned wherever they begin.
static int64_t getPiece(VectorType type, int64_t alignment) {
  int64_t lanes = type.getNumElements();
  return llvm::isPowerOf2_64(lanes)
             ? lanes
             : alignment * 8 / type.getElementTypeBitWidth();
}

static SmallVector<int64_t> getLanes(int64_t first, int64_t count) {
  return llvm::to_vector(llvm::seq(first, first + count));
}

// Pieces are shuffles, which become LLVM's in kernels as they are.
static Value loadAligned(ImplicitLocOpBuilder &b, VectorType type, Value view,
                         Value offset, int64_t alignment) {
  IndexMath math(b);
  int64_t piece = getPiece(type, alignment);
  auto load = [&](int64_t lane) -> Value {
    return vector::LoadOp::create(
        b, VectorType::get(piece, type.getElementType()), view,
        math.add(offset, lane), /*nontemporal=*/false,
        llvm::MaybeAlign(alignment));
  };
  if (piece == type.getNumElements())
    return load(0);
  Value vector = load(0);
  for (int64_t lane = piece; lane < type.getNumElements(); lane += piece)
    vector = vector::ShuffleOp::create(b, vector, load(lane),
                                       getLanes(0, lane + piece));
  return vector;
}

static void storeAligned(ImplicitLocOpBuilder &b, Value vector, Value view,
                         Value offset, int64_t alignment) {
  IndexMath math(b);
  auto type = cast<VectorType>(vector.getType());
  int64_t piece = getPiece(type, alignment);
  for (int64_t lane = 0; lane < type.getNumElements(); lane += piece) {
    Value part = piece == type.getNumElements()
                     ? vector
                     : vector::ShuffleOp::create(b, vector, vector,
                                                 getLanes(lane, piece));
    vector::StoreOp::create(b, part, view, math.add(offset, lane),
                            /*nontemporal=*/false, llvm::MaybeAlign(alignment));
  }
}

// Values of 16-bit floats come together as integers: on CPUs, where kernels are
// tested, LLVM would take bf16 through f32.
Value quantx::loadUnit(ImplicitLocOpBuilder &b, Value view, Value offset,
                       const Unit &unit, int64_t size, unsigned bits) {
  Type element = cast<MemRefType>(view.getType()).getElementType();
  int64_t lanes = size * bits / getElementBits(view);
  auto type = VectorType::get(lanes, element);
  if (!unit.count)
    return loadAligned(b, type, view, offset, getUnitAlignment(size, bits));
  IndexMath math(b);
  Value count = countInView(b, unit, bits);
  Type integer = b.getIntegerType(element.getIntOrFloatBitWidth());
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(integer));
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    auto load = [&]() -> SmallVector<Value> {
      Value value = memref::LoadOp::create(b, view, math.add(offset, lane));
      return {ElementwiseBuilder(b, b.getLoc()).bitcast(value, integer)};
    };
    auto pad = [&]() -> SmallVector<Value> { return {zero}; };
    Value isThere = math.less(math.constant(lane), count);
    elements.push_back(buildIfElse(b, isThere, load, pad)[0]);
  }
  Value integers =
      vector::FromElementsOp::create(b, type.clone(integer), elements);
  return ElementwiseBuilder(b, b.getLoc()).bitcast(integers, element);
}

void quantx::storeUnit(ImplicitLocOpBuilder &b, Value vector, Value view,
                       Value offset, const Unit &unit, unsigned bits) {
  auto type = cast<VectorType>(vector.getType());
  if (!unit.count) {
    int64_t size = type.getNumElements() * getElementBits(view) / bits;
    storeAligned(b, vector, view, offset, getUnitAlignment(size, bits));
    return;
  }
  IndexMath math(b);
  Type element = type.getElementType();
  Value count = countInView(b, unit, bits);
  Value integers =
      ElementwiseBuilder(b, b.getLoc())
          .bitcast(vector, b.getIntegerType(element.getIntOrFloatBitWidth()));
  for (int64_t lane = 0; lane < type.getNumElements(); ++lane) {
    buildIf(b, math.less(math.constant(lane), count), [&] {
      Value integer = vector::ExtractOp::create(b, integers, lane);
      Value stored =
          ElementwiseBuilder(b, b.getLoc()).bitcast(integer, element);
      memref::StoreOp::create(b, stored, view, math.add(offset, lane));
    });
  }
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

ParameterViews quantx::addParameters(KernelBuilder &kernel, ScaledType type,
                                     ValueRange parameters) {
  ParameterViews result = {type, {}};
  BlockParameters values = BlockParameters::get(type, parameters);
  result.views.push_back(kernel.addInput("scales", values.scale));
  if (values.zeroPoint)
    result.views.push_back(kernel.addInput("zero_points", values.zeroPoint));
  if (values.global)
    result.views.push_back(kernel.addInput("global_scale", values.global));
  return result;
}

/// How many parameters the elements of a unit have, each of as many
/// neighbours.
static int64_t countParameters(const Rows &rows, int64_t size) {
  int64_t block = rows.getBlockColumns();
  if (block == kWhole || block % size == 0)
    return 1;
  return size % block == 0 ? size / block : size;
}

SmallVector<Value> quantx::loadParameters(ImplicitLocOpBuilder &b,
                                          const ParameterViews &parameters,
                                          const Rows &rows, const Unit &unit,
                                          int64_t size) {
  IndexMath math(b);
  int64_t count = countParameters(rows, size);
  SmallVector<Value> indices;
  for (int64_t i = 0; i < count; ++i) {
    Value column = math.add(unit.column, i * size / count);
    // What there are no elements for may have no parameters either.
    if (unit.count && i != 0)
      column = math.min(column, math.sub(rows.getColumns(), math.constant(1)));
    indices.push_back(rows.getBlock(b, unit.row, column));
  }
  SmallVector<Value> values;
  for (auto [i, view] : llvm::enumerate(parameters.views)) {
    bool isGlobal =
        parameters.type.hasGlobal() && i + 1 == parameters.views.size();
    SmallVector<Value> loaded;
    for (Value index : indices) {
      Value at = isGlobal ? math.constant(0) : index;
      loaded.push_back(memref::LoadOp::create(b, view, at));
    }
    auto type = VectorType::get(count, loaded[0].getType());
    values.push_back(count == 1
                         ? loaded[0]
                         : vector::FromElementsOp::create(b, type, loaded));
  }
  return values;
}

Value quantx::spreadOverUnit(ImplicitLocOpBuilder &b, Value value,
                             int64_t size) {
  auto type = dyn_cast<VectorType>(value.getType());
  if (!type)
    return vector::BroadcastOp::create(
        b, VectorType::get(size, value.getType()), value);
  int64_t neighbours = size / type.getNumElements();
  if (neighbours == 1)
    return value;
  SmallVector<int64_t> lanes;
  for (int64_t lane = 0; lane < size; ++lane)
    lanes.push_back(lane / neighbours);
  return vector::ShuffleOp::create(b, value, value, lanes);
}

BlockFactors quantx::spreadFactors(ImplicitLocOpBuilder &b,
                                   const BlockFactors &factors, int64_t size) {
  return factors.map(
      [&](Value factor) { return spreadOverUnit(b, factor, size); });
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Value quantx::emitAreAligned(ImplicitLocOpBuilder &b, const Rows &rows,
                             ArrayRef<UnitAccess> accesses) {
  IndexMath math(b);
  Value isOneRow = math.equal(rows.getRows(), 1);
  Value all;
  for (const UnitAccess &access : accesses) {
    Value start =
        memref::ExtractAlignedPointerAsIndexOp::create(b, access.view);
    Value row = access.bits <= 8 ? rows.getRowBytes(b, access.bits)
                                 : math.mul(rows.getColumns(), access.bits / 8);
    row = math.select(isOneRow, math.constant(0), row);
    Value misaligned = math.rem(math.bitOr(start, row), access.alignment);
    Value isAligned = math.equal(misaligned, 0);
    all = all ? math.logicalAnd(all, isAligned) : isAligned;
  }
  return all;
}

Unit UnitFinder::find(ImplicitLocOpBuilder &b, Value number) const {
  IndexMath math(b);
  auto inFirstRow = [&]() -> SmallVector<Value> {
    return {math.constant(0), number};
  };
  auto inAnyRow = [&]() -> SmallVector<Value> {
    Value row = math.div(number, unitsPerRow);
    return {row, math.sub(number, math.mul(row, unitsPerRow))};
  };
  SmallVector<Value> found;
  std::optional<int64_t> known = getConstantIntValue(rows.getRows());
  if (known)
    found = *known == 1 ? inFirstRow() : inAnyRow();
  else
    found = buildIfElse(b, math.equal(rows.getRows(), 1), inFirstRow, inAnyRow);
  return {found[0], math.mul(found[1], size), Value()};
}

void quantx::buildUnits(KernelBuilder &kernel, const Rows &rows,
                        UnitLayout layout, ArrayRef<UnitAccess> accesses,
                        const UnitWork &work) {
  ImplicitLocOpBuilder &b = kernel.getBody();
  IndexMath math = kernel.getMath();
  UnitFinder finder = {rows, layout.size,
                       math.ceilDiv(rows.getColumns(), layout.size)};
  int64_t threads = kernel.getBlockSize();
  Value numUnits = math.mul(rows.getRows(), finder.unitsPerRow);
  Value areAligned = emitAreAligned(b, rows, accesses);
  Value thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);

  auto takeAll = [&](ArrayRef<Unit> units) {
    SmallVector<SmallVector<Value>> loaded;
    for (const Unit &unit : units)
      loaded.push_back(work.load(unit));
    for (auto [unit, values] : llvm::zip_equal(units, loaded))
      work.process(unit, values);
  };
  auto takeOne = [&](Value number) {
    buildIf(b, math.less(number, numUnits), [&] {
      Unit unit = finder.find(b, number);
      unit.count = math.min(math.sub(rows.getColumns(), unit.column),
                            math.constant(layout.size));
      work.process(unit, work.load(unit));
    });
  };
  int64_t tileSize = threads * layout.unrolled;
  buildTileLoop(b, math.ceilDiv(numUnits, tileSize), [&](Value tile) {
    Value first = math.add(math.mul(tile, tileSize), thread);
    SmallVector<Unit> units;
    Value areWhole = areAligned;
    for (int64_t i = 0; i < layout.unrolled; ++i) {
      Value number = math.add(first, i * threads);
      units.push_back(finder.find(b, number));
      Value end = math.add(units.back().column, layout.size);
      Value isWhole = math.logicalAnd(math.less(number, numUnits),
                                      math.lessEqual(end, rows.getColumns()));
      areWhole = math.logicalAnd(areWhole, isWhole);
    }
    buildIf(
        b, areWhole, [&] { takeAll(units); },
        [&] {
          buildLoop(b, first, math.add(first, tileSize), math.constant(threads),
                    takeOne);
        });
  });
}

Value quantx::countTiles(KernelBuilder &kernel, const JoinedShape &shape,
                         UnitLayout layout) {
  IndexMath math = kernel.getHostMath();
  Value units = math.ceilDiv(math.get(shape.sizes.back()), layout.size);
  for (OpFoldResult size : ArrayRef(shape.sizes).drop_back())
    units = math.mul(units, math.get(size));
  return math.ceilDiv(units, layout.unrolled * kernel.getBlockSize());
}
