//===- WeightLayouts.cpp - The kernels of relayout ------------------------===//
//
// A kernel for the payload, and one for each kind of parameters. A thread moves
// one unit, a word of the payload or a parameter; neighbouring threads have the
// units of 16 rows that stand one behind the other, and the warps of a block go
// along the rows, so that all of a line of the cache is taken there too.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "Units.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Packing.h"
#include "quantx/Format/WeightLayout.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t kRows = kInterleavedRows;

namespace {

/// A part of a scaled tensor, linear: its last two sizes, and how many elements
/// of a row stay together.
struct PartRows {
  int64_t rows, columns, unit;
  /// The bits of the last byte of a row that are no padding, where there is
  /// padding; else 0.
  unsigned lastBits;

  int64_t getGroups() const { return llvm::divideCeil(rows, kRows); }
  int64_t getUnitsPerRow() const { return llvm::divideCeil(columns, unit); }
  /// The elements of 16 rows side by side.
  int64_t getGroupSize() const { return getUnitsPerRow() * unit * kRows; }
  /// The units of a batch.
  int64_t countUnits() const { return getGroups() * getUnitsPerRow() * kRows; }
};

/// A unit in both layouts.
struct PlacedUnit {
  Value linear, interleaved; ///< the index of the first element
  Value column;              ///< in the linear row
  Value exists;              ///< whether (i1) there is such a row
  Value count;               ///< of elements that the row has of the unit
};

/// The kernel of one part.
class PartMover {
public:
  PartMover(KernelBuilder &kernel, const PartRows &rows, bool interleaves,
            Value from, Value to)
      : b(kernel.getBody()), math(b), blockSize(kernel.getBlockSize()),
        rows(rows), interleaves(interleaves), from(from), to(to),
        bits(cast<MemRefType>(from.getType()).getElementTypeBitWidth()) {}

  void build(Value batches);

private:
  PlacedUnit find(Value number);
  void move(const PlacedUnit &unit, bool isWhole);
  Value clearPadding(const PlacedUnit &unit, Value vector);

  ImplicitLocOpBuilder &b;
  IndexMath math;
  int64_t blockSize;
  const PartRows &rows;
  bool interleaves;
  Value from, to;
  unsigned bits;
};

} // namespace

PlacedUnit PartMover::find(Value number) {
  Value lane = math.rem(number, kRows);
  Value rest = math.div(number, kRows);
  Value column = math.mul(math.rem(rest, rows.getUnitsPerRow()), rows.unit);
  rest = math.div(rest, rows.getUnitsPerRow());
  Value group = math.rem(rest, rows.getGroups());
  Value batch = math.div(rest, rows.getGroups());
  Value row = math.add(math.mul(group, kRows), lane);
  Value exists = math.less(row, math.constant(rows.rows));
  Value rowInAll = math.add(math.mul(batch, rows.rows), row);
  Value linear = math.add(math.mul(rowInAll, rows.columns), column);
  Value count = math.min(math.sub(math.constant(rows.columns), column),
                         math.constant(rows.unit));
  return {linear, math.mul(number, rows.unit), column, exists, count};
}

/// The bits of the last byte of a row that are no code become 0.
Value PartMover::clearPadding(const PlacedUnit &unit, Value vector) {
  if (rows.lastBits == 0)
    return vector;
  SmallVector<int8_t> masks(rows.unit, -1);
  masks[(rows.columns - 1) % rows.unit] = int8_t((1 << rows.lastBits) - 1);
  Value mask = arith::ConstantOp::create(
      b, DenseElementsAttr::get(cast<VectorType>(vector.getType()),
                                ArrayRef<int8_t>(masks)));
  Value cleared = arith::AndIOp::create(b, vector, mask);
  Value end = math.add(unit.column, rows.unit);
  Value isInside = math.less(end, math.constant(rows.columns));
  return math.select(isInside, vector, cleared);
}

void PartMover::move(const PlacedUnit &unit, bool isWhole) {
  Value size = math.constant(rows.unit);
  if (interleaves) {
    Value none = math.constant(0);
    Unit source{Value(), unit.column,
                isWhole ? Value() : math.select(unit.exists, unit.count, none)};
    Value vector = loadUnit(b, from, unit.linear, source, rows.unit, bits);
    Unit target{Value(), unit.column, isWhole ? Value() : size};
    storeUnit(b, clearPadding(unit, vector), to, unit.interleaved, target,
              bits);
    return;
  }
  Unit source{Value(), unit.column, isWhole ? Value() : size};
  Unit target{Value(), unit.column, isWhole ? Value() : unit.count};
  buildIf(b, unit.exists, [&] {
    Value vector = loadUnit(b, from, unit.interleaved, source, rows.unit, bits);
    storeUnit(b, vector, to, unit.linear, target, bits);
  });
}

void PartMover::build(Value batches) {
  int64_t alignment = getUnitAlignment(rows.unit, bits);
  Value starts = math.constant(rows.columns * bits / 8);
  for (Value view : {from, to})
    starts = math.bitOr(
        starts, memref::ExtractAlignedPointerAsIndexOp::create(b, view));
  Value areAligned = math.equal(math.rem(starts, alignment), 0);
  Value count = math.mul(batches, rows.countUnits());
  Value thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  buildTileLoop(b, math.ceilDiv(count, blockSize), [&](Value tile) {
    Value number = math.add(math.mul(tile, blockSize), thread);
    buildIf(b, math.less(number, count), [&] {
      PlacedUnit unit = find(number);
      Value isWhole = math.logicalAnd(math.logicalAnd(areAligned, unit.exists),
                                      math.equal(unit.count, rows.unit));
      buildIf(
          b, isWhole, [&] { move(unit, /*isWhole=*/true); },
          [&] { move(unit, /*isWhole=*/false); });
    });
  });
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

namespace {

struct RelayoutKernel : public KernelPattern<RelayoutOp> {
  using KernelPattern::KernelPattern;

  LogicalResult
  matchAndRewrite(RelayoutOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    RankedTensorType from = op.getInput().getType();
    ScaledType type = getScaledElementType(from);
    WeightLayout layout = getScaledElementType(op.getType()).getLayout();
    SmallVector<Value> parts(adaptor.getInput());
    if (type.getLayout() != layout) {
      for (auto [i, part] : llvm::enumerate(parts)) {
        // The global scale is that of all rows.
        if (cast<RankedTensorType>(part.getType()).getRank() != 0)
          part = launch(rewriter, op, getRows(from, i == 0), getName(type, i),
                        layout == WeightLayout::Rows16, part);
      }
    }
    replaceByParts(rewriter, op, *getTypeConverter(), parts);
    return success();
  }

private:
  static constexpr int64_t kBlockSize = 256;

  static PartRows getRows(RankedTensorType tensor, bool isPayload) {
    ScaledType type = getScaledElementType(tensor);
    ArrayRef<int64_t> shape = tensor.getShape();
    int64_t rows = shape[shape.size() - 2], bits = type.getStorageBits();
    if (!isPayload)
      return {rows, type.getScalesShape(shape).back(), 1, 0};
    return {rows, int64_t(getPackedSize(shape.back(), bits)), kPayloadUnit,
            unsigned(shape.back() % 8 * bits % 8)};
  }

  static StringRef getName(ScaledType type, size_t part) {
    if (part == 0)
      return "payload";
    return part == 1 ? "scales" : "zero_points";
  }

  Value launch(ConversionPatternRewriter &rewriter, RelayoutOp op,
               const PartRows &rows, StringRef name, bool interleaves,
               Value part) const {
    KernelBuilder kernel(kernels.library, rewriter, op, kBlockSize);
    ImplicitLocOpBuilder &host = kernel.getHost();
    IndexMath math = kernel.getHostMath();
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(host, op.getLoc(), part);
    Value batches = math.constant(1);
    for (OpFoldResult size : ArrayRef(sizes).drop_back(2))
      batches = math.mul(batches, math.get(size));
    sizes.truncate(sizes.size() - 2);
    sizes.push_back(
        host.getIndexAttr(interleaves ? rows.getGroups() : rows.rows));
    sizes.push_back(
        host.getIndexAttr(interleaves ? rows.getGroupSize() : rows.columns));
    Value from = kernel.addInput(name, part);
    Value to = kernel.addOutput(
        "result", cast<RankedTensorType>(part.getType()).getElementType(),
        sizes);
    PartMover(kernel, rows, interleaves, from, to)
        .build(kernel.addSize("batches", getAsOpFoldResult(batches)));
    Value units = math.mul(batches, rows.countUnits());
    return kernel.launch(math.ceilDiv(units, kBlockSize))[0];
  }
};

} // namespace

void quantx::populateWeightLayoutKernelPatterns(const TypeConverter &converter,
                                                RewritePatternSet &patterns,
                                                KernelContext &kernels) {
  patterns.add<RelayoutKernel>(converter, patterns.getContext(), kernels);
}
