//===- WeightLayouts.cpp - relayout to linalg -----------------------------===//

#include "quantx/Conversion/QuantXToLinalg/WeightLayouts.h"
#include "Loops.h"
#include "Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Emit/IndexMath.h"
#include "quantx/Format/Mutants.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t kRows = kInterleavedRows;

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

namespace {

/// A part of a scaled tensor, linear: its last two sizes, and how many elements
/// of a row stay together.
struct PartRows {
  int64_t rows, columns, unit;
  /// The bits of the last element of a row that are no padding.
  unsigned lastBits;

  /// Where the linear part has what the interleaved one has at `indices`.
  SmallVector<Value> getLinear(ImplicitLocOpBuilder &b,
                               ValueRange indices) const;
  /// The other way round.
  SmallVector<Value> getInterleaved(ImplicitLocOpBuilder &b,
                                    ValueRange indices) const;
  /// The element of `linear` that is to be at `indices` of the interleaved
  /// part.
  Value read(ImplicitLocOpBuilder &b, Value linear, ValueRange indices) const;
};

} // namespace

SmallVector<Value> PartRows::getLinear(ImplicitLocOpBuilder &b,
                                       ValueRange indices) const {
  IndexMath math(b);
  Value place = indices.back();
  Value lane = math.rem(math.div(place, unit), kRows);
  SmallVector<Value> linear(indices.drop_back(2));
  linear.push_back(
      math.add(math.mul(indices[indices.size() - 2], kRows), lane));
  linear.push_back(math.add(math.mul(math.div(place, unit * kRows), unit),
                            math.rem(place, unit)));
  return linear;
}

SmallVector<Value> PartRows::getInterleaved(ImplicitLocOpBuilder &b,
                                            ValueRange indices) const {
  IndexMath math(b);
  Value row = indices[indices.size() - 2], column = indices.back();
  SmallVector<Value> interleaved(indices.drop_back(2));
  interleaved.push_back(math.div(row, kRows));
  Value first = math.mul(math.div(column, unit), unit * kRows);
  Value lane = math.mul(math.rem(row, kRows), unit);
  interleaved.push_back(
      math.add(math.add(first, lane), math.rem(column, unit)));
  return interleaved;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// `element` where `exists`, else zero bits. (f8E8M0FNU has no zero to write.)
static Value emitIfExists(ImplicitLocOpBuilder &b, Value exists,
                          Value element) {
  Type type = element.getType();
  Type bits = b.getIntegerType(type.getIntOrFloatBitWidth());
  Value zero = arith::ConstantIntOp::create(b, bits, 0);
  if (type != bits)
    element = arith::BitcastOp::create(b, bits, element);
  element = arith::SelectOp::create(b, exists, element, zero);
  return type == bits ? element : arith::BitcastOp::create(b, type, element);
}

/// Moves `index` below `size` where it may be beyond, and adds to `exists`,
/// null at first, that it is not. Indices go up to a multiple of `step`.
static void clampIndex(ImplicitLocOpBuilder &b, int64_t size, int64_t step,
                       Value &index, Value &exists) {
  if (size % step == 0)
    return;
  Value isInside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, index,
                                         createIndex(b, size));
  index = arith::MinUIOp::create(b, index, createIndex(b, size - 1));
  exists = exists ? arith::AndIOp::create(b, exists, isInside) : isInside;
}

Value PartRows::read(ImplicitLocOpBuilder &b, Value linear,
                     ValueRange indices) const {
  SmallVector<Value> from = getLinear(b, indices);
  Value exists;
  clampIndex(b, rows, kRows, from[from.size() - 2], exists);
  clampIndex(b, columns, unit, from.back(), exists);
  Value element = tensor::ExtractOp::create(b, linear, from);
  if (lastBits % 8 != 0) {
    Value isLast = arith::CmpIOp::create(
        b, arith::CmpIPredicate::eq, from.back(), createIndex(b, columns - 1));
    Value mask = arith::ConstantIntOp::create(b, (1 << lastBits) - 1, 8);
    Value cut = arith::AndIOp::create(b, element, mask);
    element = arith::SelectOp::create(b, isLast, cut, element);
  }
  if (isPlanted(Mutant::InterleavedPaddingKept))
    return element;
  return exists ? emitIfExists(b, exists, element) : element;
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

/// The sizes of `part` with `rows` and `columns` as the last two.
static SmallVector<OpFoldResult> getPartSizes(OpBuilder &builder, Location loc,
                                              Value part, int64_t rows,
                                              int64_t columns) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, part);
  sizes[sizes.size() - 2] = builder.getIndexAttr(rows);
  sizes.back() = builder.getIndexAttr(columns);
  return sizes;
}

static Value lowerPart(OpBuilder &builder, Location loc, const PartRows &rows,
                       WeightLayout to, Value part) {
  Type element = getElementTypeOrSelf(part);
  if (to == WeightLayout::Rows16) {
    auto read = [&](OpBuilder &nested, Location loc, ValueRange indices) {
      ImplicitLocOpBuilder b(loc, nested);
      return rows.read(b, part, indices);
    };
    int64_t numGroups = llvm::divideCeil(rows.rows, kRows);
    int64_t size = int64_t(llvm::alignTo(rows.columns, rows.unit)) * kRows;
    return buildElements(builder, loc,
                         getPartSizes(builder, loc, part, numGroups, size),
                         element, read);
  }
  auto read = [&](OpBuilder &nested, Location loc,
                  ValueRange indices) -> Value {
    ImplicitLocOpBuilder b(loc, nested);
    return tensor::ExtractOp::create(b, part, rows.getInterleaved(b, indices));
  };
  return buildElements(
      builder, loc, getPartSizes(builder, loc, part, rows.rows, rows.columns),
      element, read);
}

SmallVector<Value> quantx::lowerRelayout(OpBuilder &builder, Location loc,
                                         RankedTensorType from, WeightLayout to,
                                         ValueRange parts) {
  ScaledType type = getScaledElementType(from);
  if (type.getLayout() == to)
    return llvm::to_vector(parts);
  ArrayRef<int64_t> shape = from.getShape();
  int64_t rows = shape[shape.size() - 2], bits = type.getStorageBits();
  PartRows payload{rows, getPackedSize(shape.back(), bits), kPayloadUnit,
                   unsigned(shape.back() % 8 * bits % 8)};
  PartRows parameters{rows, type.getScalesShape(shape).back(), 1, 0};
  SmallVector<Value> results;
  for (auto [i, part] : llvm::enumerate(parts)) {
    // The global scale is that of all rows.
    bool isGlobal = cast<RankedTensorType>(part.getType()).getRank() == 0;
    results.push_back(
        isGlobal
            ? part
            : lowerPart(builder, loc, i == 0 ? payload : parameters, to, part));
  }
  return results;
}

namespace {

struct RelayoutLowering : public OpConversionPattern<RelayoutOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(RelayoutOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    WeightLayout layout = getScaledElementType(op.getType()).getLayout();
    SmallVector<Value> parts =
        lowerRelayout(rewriter, op.getLoc(), op.getInput().getType(), layout,
                      adaptor.getInput());
    SmallVector<Type> types = convertType(*getTypeConverter(), op.getType());
    for (auto [part, type] : llvm::zip_equal(parts, types))
      part = castTensor(rewriter, op.getLoc(), part, type);
    rewriter.replaceOpWithMultiple(op, {parts});
    return success();
  }
};

} // namespace

void quantx::populateWeightLayoutPatterns(const TypeConverter &converter,
                                          RewritePatternSet &patterns) {
  patterns.add<RelayoutLowering>(converter, patterns.getContext());
}
