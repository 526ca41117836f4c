//===- ScaledTensorSlices.cpp - Slices of scaled tensors in parts ---------===//
//
// A slice that begins on a block and on a byte is a slice of each part. What a
// slice is made of is checked before the conversion, on IR whose loops are
// still whole, and the patterns take only slices that passed.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "quantx/Conversion/QuantXToLinalg/QuantXToLinalg.h"
#include "quantx/Transforms/Alignment.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Which slices can be taken apart
//===----------------------------------------------------------------------===//

namespace {

/// What the checks need of extract_slice, insert_slice and
/// parallel_insert_slice.
struct SliceInfo {
  OffsetSizeAndStrideOpInterface op;
  /// The tensor that the slice is a part of, and the type of the slice.
  Value whole;
  RankedTensorType slice;
  bool isInserted;
};

} // namespace

static std::optional<SliceInfo> getSliceInfo(Operation *op) {
  if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op))
    return SliceInfo{extract, extract.getSource(), extract.getType(), false};
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return SliceInfo{insert, insert.getDest(), insert.getSourceType(), true};
  if (auto insert = dyn_cast<tensor::ParallelInsertSliceOp>(op))
    return SliceInfo{insert, insert.getDest(), insert.getSourceType(), true};
  return std::nullopt;
}

/// For diagnostics: a number, or what else `value` is.
static std::string describe(OpFoldResult value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return std::to_string(*constant);
  return "a value that is not known to be one";
}

/// `the block 32`, or what makes a step larger than the block.
static std::string describeStep(ScaledType type, unsigned dim, int64_t step) {
  int64_t block = type.getBlockShape()[dim];
  if (block == step)
    return "the block " + std::to_string(block);
  std::string text = std::to_string(step) + " (";
  if (block > 1)
    text += "whole blocks of " + std::to_string(block) + " and ";
  return text + "whole bytes of " + std::to_string(type.getStorageBits()) +
         "-bit codes)";
}

/// The slice covers dimension `dim`, which is one block, or leaves it as it is.
static LogicalResult checkWholeDimension(SliceInfo info, unsigned dim,
                                         OpFoldResult offset,
                                         OpFoldResult size) {
  if (isWholeDimension(offset, size, info.whole, dim))
    return success();
  return info.op->emitOpError()
         << "expected a slice of all of dimension " << dim
         << ", which is one block, got offset " << describe(offset)
         << " and size " << describe(size);
}

static LogicalResult checkOffset(SliceInfo info, ScaledType type, unsigned dim,
                                 OpFoldResult offset, int64_t step) {
  if (isKnownMultipleOf(offset, step))
    return success();
  return info.op->emitOpError()
         << "expected an offset that is a multiple of "
         << describeStep(type, dim, step) << " in dimension " << dim << ", got "
         << describe(offset);
}

/// What is inserted replaces whole scales and whole bytes.
static LogicalResult checkInsertedSize(SliceInfo info, ScaledType type,
                                       unsigned dim, OpFoldResult offset,
                                       OpFoldResult size, int64_t step) {
  if (endsOnStepOrEnd(offset, size, info.whole, dim, step))
    return success();
  return info.op->emitOpError()
         << "expected a size that is a multiple of "
         << describeStep(type, dim, step)
         << " or reaches the end of the tensor in dimension " << dim << ", got "
         << describe(size);
}

static LogicalResult checkDimension(SliceInfo info, ScaledType type,
                                    unsigned dim, int64_t step) {
  OpFoldResult offset = info.op.getMixedOffsets()[dim];
  OpFoldResult size = info.op.getMixedSizes()[dim];
  OpFoldResult stride = info.op.getMixedStrides()[dim];
  if (!isConstantIntValue(stride, 1)) {
    return info.op->emitOpError()
           << "expected a stride of 1 in dimension " << dim
           << " of a scaled tensor, got " << describe(stride);
  }
  if (info.isInserted && type.isWholeDimension(dim))
    return checkWholeDimension(info, dim, offset, size);
  if (failed(checkOffset(info, type, dim, offset, step)))
    return failure();
  if (!info.isInserted)
    return success();
  return checkInsertedSize(info, type, dim, offset, size, step);
}

static LogicalResult checkSlice(SliceInfo info, ScaledType type) {
  if (info.slice.getRank() != type.getBlockRank()) {
    return info.op->emitOpError()
           << "expected a slice of rank " << type.getBlockRank()
           << ", as the block has, got " << info.slice;
  }
  if (!type.isLinear()) {
    return info.op->emitOpError()
           << "expected slices of tensors without packing rows16, which "
              "quantx.relayout undoes, got "
           << info.whole.getType();
  }
  for (auto [dim, step] : llvm::enumerate(getSliceSteps(type)))
    if (failed(checkDimension(info, type, dim, step)))
      return failure();
  return success();
}

FailureOr<ScaledTensorSlices> quantx::findScaledTensorSlices(Operation *root) {
  ScaledTensorSlices slices;
  WalkResult result = root->walk([&](Operation *op) {
    std::optional<SliceInfo> info = getSliceInfo(op);
    ScaledType type =
        info ? getScaledElementType(info->whole.getType()) : ScaledType();
    if (!type)
      return WalkResult::advance();
    if (failed(checkSlice(*info, type)))
      return WalkResult::interrupt();
    slices.insert(op);
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return slices;
}

//===----------------------------------------------------------------------===//
// Slices of the parts
//===----------------------------------------------------------------------===//

namespace {
struct PartSlice {
  SmallVector<OpFoldResult> offsets, sizes, strides;
};
} // namespace

/// ceil(value * factor / divisor); static exactly where `value` is, as types
/// are. Composes nothing: the ops that compute `value` may be about to change.
static OpFoldResult scaleIndex(OpBuilder &builder, Location loc,
                               OpFoldResult value, int64_t factor,
                               int64_t divisor) {
  if (factor == divisor)
    return value;
  if (isa<Attribute>(value))
    return builder.getIndexAttr(
        llvm::divideCeil(*getConstantIntValue(value) * factor, divisor));
  AffineExpr expr = (builder.getAffineSymbolExpr(0) * factor).ceilDiv(divisor);
  return affine::AffineApplyOp::create(builder, loc, AffineMap::get(0, 1, expr),
                                       cast<Value>(value))
      .getResult();
}

SmallVector<OpFoldResult>
quantx::getPayloadIndices(OpBuilder &builder, Location loc, ScaledType type,
                          ArrayRef<OpFoldResult> values) {
  SmallVector<OpFoldResult> indices(values);
  indices.back() = scaleIndex(builder, loc, indices.back(),
                              type.getStorageBits(), /*divisor=*/8);
  return indices;
}

SmallVector<OpFoldResult>
quantx::getScalesIndices(OpBuilder &builder, Location loc, ScaledType type,
                         ArrayRef<OpFoldResult> values, int64_t whole) {
  SmallVector<OpFoldResult> indices(values);
  for (auto [dim, index] : llvm::enumerate(indices)) {
    index = type.isWholeDimension(dim)
                ? OpFoldResult(builder.getIndexAttr(whole))
                : scaleIndex(builder, loc, index, 1, type.getBlockShape()[dim]);
  }
  return indices;
}

/// The slice of each part but the global scale.
static SmallVector<PartSlice> getPartSlices(OpBuilder &builder, Location loc,
                                            ScaledType type,
                                            ArrayRef<OpFoldResult> offsets,
                                            ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> strides(offsets.size(), builder.getIndexAttr(1));
  PartSlice payload{getPayloadIndices(builder, loc, type, offsets),
                    getPayloadIndices(builder, loc, type, sizes), strides};
  PartSlice scales{getScalesIndices(builder, loc, type, offsets, 0),
                   getScalesIndices(builder, loc, type, sizes, 1), strides};
  SmallVector<PartSlice> slices = {payload, scales};
  if (type.hasZeroPoint())
    slices.push_back(scales);
  return slices;
}

/// The slices of the parts that `op`, whose operands are now `adaptor`'s, takes
/// or replaces.
template <typename OpT, typename Adaptor>
static SmallVector<PartSlice> getPartSlices(OpBuilder &builder, OpT op,
                                            Adaptor adaptor, ScaledType type) {
  auto mix = [&](ArrayRef<int64_t> statics, ArrayRef<ValueRange> dynamics) {
    SmallVector<Value> values;
    for (ValueRange range : dynamics)
      values.push_back(range.front());
    return getMixedValues(statics, values, builder);
  };
  return getPartSlices(builder, op.getLoc(), type,
                       mix(op.getStaticOffsets(), adaptor.getOffsets()),
                       mix(op.getStaticSizes(), adaptor.getSizes()));
}

namespace {

/// A pattern for `OpT`, a slice that has passed the checks.
template <typename OpT>
struct SlicePattern : public OpConversionPattern<OpT> {
  using Adaptor = typename OpConversionPattern<OpT>::OneToNOpAdaptor;

  SlicePattern(const TypeConverter &converter, MLIRContext *context,
               const ScaledTensorSlices &slices)
      : OpConversionPattern<OpT>(converter, context), slices(slices) {}

  LogicalResult
  matchAndRewrite(OpT op, Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const final {
    if (!slices.contains(op))
      return rewriter.notifyMatchFailure(
          op, "not a slice of a scaled tensor that was found to be aligned");
    rewrite(op, adaptor, rewriter);
    return success();
  }

  virtual void rewrite(OpT op, Adaptor adaptor,
                       ConversionPatternRewriter &rewriter) const = 0;

private:
  const ScaledTensorSlices &slices;
};

struct ExtractSliceParts : public SlicePattern<tensor::ExtractSliceOp> {
  using SlicePattern::SlicePattern;

  void rewrite(tensor::ExtractSliceOp op, Adaptor adaptor,
               ConversionPatternRewriter &rewriter) const final {
    ScaledType type = getScaledElementType(op.getType());
    SmallVector<Value> parts(adaptor.getSource());
    // The global scale, if any, is that of the whole.
    for (auto [part, slice] :
         llvm::zip(parts, getPartSlices(rewriter, op, adaptor, type))) {
      part = tensor::ExtractSliceOp::create(rewriter, op.getLoc(), part,
                                            slice.offsets, slice.sizes,
                                            slice.strides);
    }
    rewriter.replaceOpWithMultiple(op, {parts});
  }
};

struct InsertSliceParts : public SlicePattern<tensor::InsertSliceOp> {
  using SlicePattern::SlicePattern;

  void rewrite(tensor::InsertSliceOp op, Adaptor adaptor,
               ConversionPatternRewriter &rewriter) const final {
    ScaledType type = getScaledElementType(op.getType());
    // The global scale, if any, is that of the source.
    SmallVector<Value> parts(adaptor.getSource());
    for (auto [part, dest, slice] :
         llvm::zip(parts, adaptor.getDest(),
                   getPartSlices(rewriter, op, adaptor, type))) {
      part = tensor::InsertSliceOp::create(rewriter, op.getLoc(), part, dest,
                                           slice.offsets, slice.sizes,
                                           slice.strides);
    }
    rewriter.replaceOpWithMultiple(op, {parts});
  }
};

struct ParallelInsertSliceParts
    : public SlicePattern<tensor::ParallelInsertSliceOp> {
  using SlicePattern::SlicePattern;

  void rewrite(tensor::ParallelInsertSliceOp op, Adaptor adaptor,
               ConversionPatternRewriter &rewriter) const final {
    ScaledType type = getScaledElementType(op.getDestType());
    SmallVector<PartSlice> slices;
    {
      // Only inserts can stand in the region of the op's parent.
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPoint(op->getParentOp());
      slices = getPartSlices(rewriter, op, adaptor, type);
    }
    // Every iteration writes the same global scale, if there is one.
    if (type.hasGlobal())
      slices.emplace_back();
    for (auto [part, dest, slice] :
         llvm::zip_equal(adaptor.getSource(), adaptor.getDest(), slices)) {
      tensor::ParallelInsertSliceOp::create(rewriter, op.getLoc(), part, dest,
                                            slice.offsets, slice.sizes,
                                            slice.strides);
    }
    rewriter.eraseOp(op);
  }
};

} // namespace

void quantx::populateScaledTensorSlicesPatterns(
    const TypeConverter &converter, const ScaledTensorSlices &slices,
    RewritePatternSet &patterns) {
  patterns.add<ExtractSliceParts, InsertSliceParts, ParallelInsertSliceParts>(
      converter, patterns.getContext(), slices);
}
