//===- ScaledMatmul.cpp - scaled_matmul to linalg -------------------------===//
//
// One loop nest over batches, rows, columns and the sum, whose body decodes
// both elements: what is in memory is the codes.
//
//===----------------------------------------------------------------------===//

#include "CodeFinder.h"
#include "Loops.h"
#include "Lowerings.h"
#include "Patterns.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Emit/Elements.h"
#include "quantx/Format/Mutants.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

/// The element of `source` at `indices` as f32: what dequantize gives.
static Value emitDecoded(OpBuilder &builder, Location loc,
                         const ScaledSource &source, ValueRange indices) {
  ElementwiseBuilder b(builder, loc);
  Value code = source.codes.compute(builder, loc, indices);
  BlockParameters block =
      readParameters(builder, loc, source.type, source.parameters, indices);
  if (isPlanted(Mutant::MatmulValuesNotRounded))
    return emitDequantizeToF32(b, source.type, code, block);
  return b.extendToF32(emitDequantizeElement(b, source.type, code, block));
}

/// How many products a sum has. Where both sizes are dynamic, each may count
/// codes in the last byte of a row that are none.
static OpFoldResult getSumSize(OpBuilder &builder, Location loc,
                               OpFoldResult lhs, OpFoldResult rhs) {
  if (getConstantIntValue(lhs))
    return lhs;
  if (getConstantIntValue(rhs))
    return rhs;
  return affine::makeComposedFoldedAffineMin(
      builder, loc, builder.getMultiDimIdentityMap(2), {lhs, rhs});
}

Value quantx::lowerScaledMatmul(OpBuilder &builder, Location loc,
                                const MatmulLhs &lhs, const ScaledSource &rhs,
                                Value init) {
  unsigned rank = rhs.type.getBlockRank();
  unsigned row = rank - 2, column = rank - 1, sum = rank;
  // The indices in lhs, rhs and init of an iteration of the loops.
  auto select = [&](auto all, unsigned before, unsigned last) {
    auto chosen = llvm::to_vector(all.take_front(row));
    chosen.append({all[before], all[last]});
    return chosen;
  };
  SmallVector<AffineExpr> dims =
      llvm::map_to_vector(llvm::seq(rank + 1), [&](unsigned dim) {
        return builder.getAffineDimExpr(dim);
      });
  auto getMap = [&](ArrayRef<AffineExpr> results) {
    return AffineMap::get(rank + 1, 0, results, builder.getContext());
  };

  // An operand tells the loop its sizes: plain activations, else one that is
  // not read.
  auto *scaledLhs = std::get_if<ScaledSource>(&lhs);
  Value input;
  AffineMap inputMap;
  if (scaledLhs) {
    OpFoldResult size = getSumSize(builder, loc, scaledLhs->codes.sizes.back(),
                                   rhs.codes.sizes.back());
    input = tensor::EmptyOp::create(builder, loc, {size}, builder.getI8Type());
    inputMap = getMap(dims[sum]);
  } else {
    input = std::get<Value>(lhs);
    inputMap = getMap(select(ArrayRef(dims), row, sum));
  }
  SmallVector<AffineMap> maps = {inputMap,
                                 getMap(select(ArrayRef(dims), row, column))};

  auto body = [&](OpBuilder &nested, Location loc, ValueRange arguments) {
    ElementwiseBuilder b(nested, loc);
    SmallVector<Value> indices = createIndices(nested, loc, rank + 1);
    Value a = scaledLhs ? emitDecoded(nested, loc, *scaledLhs,
                                      select(ArrayRef(indices), row, sum))
                        : b.extendToF32(arguments[0]);
    Value w =
        emitDecoded(nested, loc, rhs, select(ArrayRef(indices), column, sum));
    linalg::YieldOp::create(nested, loc, b.add(arguments[1], b.mul(a, w)));
  };
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  return linalg::GenericOp::create(builder, loc, init.getType(), input, init,
                                   maps, iterators, body)
      .getResult(0);
}

namespace {

struct ScaledMatmulLowering : public OpConversionPattern<ScaledMatmulOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ScaledMatmulOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    if (!op.getScaledType().isLinear())
      return rewriter.notifyMatchFailure(op, "weights have packing rows16");
    CodeFinder finder(rewriter, loc);
    // Each code is needed many times: none is encoded anew.
    auto find = [&](Value scaled, ValueRange parts) {
      return ScaledSource{
          getScaledElementType(scaled.getType()),
          finder.findPayload(scaled, parts, /*mayEncode=*/false),
          llvm::to_vector(parts.drop_front())};
    };
    MatmulLhs lhs = adaptor.getLhs().front();
    if (op.getLhsScaledType())
      lhs = find(op.getLhs(), adaptor.getLhs());
    rewriter.replaceOp(op,
                       lowerScaledMatmul(rewriter, loc, lhs,
                                         find(op.getRhs(), adaptor.getRhs()),
                                         adaptor.getInit().front()));
    return success();
  }
};

/// Puts rows of weights one behind the other first.
struct SeparateRows : public OpConversionPattern<ScaledMatmulOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ScaledMatmulOp op, OneToNOpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getScaledType().isLinear())
      return rewriter.notifyMatchFailure(op, "weights are linear");
    ScaledType linear = op.getScaledType().withLayout(WeightLayout::Linear);
    Value rows =
        RelayoutOp::create(rewriter, op.getLoc(),
                           op.getRhs().getType().clone(linear), op.getRhs());
    rewriter.replaceOpWithNewOp<ScaledMatmulOp>(op, op.getType(), op.getLhs(),
                                                rows, op.getInit());
    return success();
  }
};

} // namespace

void quantx::populateScaledMatmulPatterns(const TypeConverter &converter,
                                          RewritePatternSet &patterns) {
  patterns.add<ScaledMatmulLowering, SeparateRows>(converter,
                                                   patterns.getContext());
}
