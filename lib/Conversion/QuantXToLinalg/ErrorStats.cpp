//===- ErrorStats.cpp - error_stats to linalg -----------------------------===//

#include "CodeFinder.h"
#include "Loops.h"
#include "Lowerings.h"
#include "Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Emit/Elements.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

/// The accumulators (sse in f64, largest error, saturated, flushed) after one
/// more element. `original` and `decoded` have the expressed type.
static SmallVector<Value> emitAccumulate(ElementwiseBuilder &b, Value original,
                                         Value decoded, Value saturates,
                                         ValueRange accumulators) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value x = b.extendToF32(original);
  Value y = b.extendToF32(decoded);
  auto toF64 = [&](Value value) -> Value {
    return arith::ExtFOp::create(builder, builder.getF64Type(), value);
  };
  Value error = b.sub(toF64(x), toF64(y));
  Value sse = b.add(accumulators[0], b.mul(error, error));
  Value magnitude = b.asF32(b.bitAnd(b.asI32(b.sub(x, y)), 0x7fffffff));
  Value maxError =
      arith::MaximumFOp::create(builder, accumulators[1], magnitude);
  Value saturated = b.add(accumulators[2], b.zext(saturates, 64));
  Value zero = b.f32(0.0, x);
  Value isNonzero =
      arith::CmpFOp::create(builder, arith::CmpFPredicate::ONE, x, zero);
  Value flushes = b.logicalAnd(isNonzero, b.equalF(y, zero));
  Value flushed = b.add(accumulators[3], b.zext(flushes, 64));
  return {sse, maxError, saturated, flushed};
}

static SmallVector<Value> createAccumulators(OpBuilder &builder, Location loc) {
  TypedAttr zeros[] = {
      builder.getF64FloatAttr(0.0), builder.getF32FloatAttr(0.0f),
      builder.getI64IntegerAttr(0), builder.getI64IntegerAttr(0)};
  SmallVector<Value> accumulators;
  for (TypedAttr zero : zeros)
    accumulators.push_back(createFilled(builder, loc, {}, zero));
  return accumulators;
}

static SmallVector<Value> readResults(OpBuilder &builder, Location loc,
                                      linalg::GenericOp generic) {
  SmallVector<Value> results;
  for (Value tensor : generic.getResults())
    results.push_back(tensor::ExtractOp::create(builder, loc, tensor));
  results[0] =
      arith::TruncFOp::create(builder, loc, builder.getF32Type(), results[0]);
  return results;
}

SmallVector<Value> quantx::lowerErrorStats(OpBuilder &builder, Location loc,
                                           ScaledType type, Value original,
                                           const CodeSource &codes,
                                           ValueRange parameters) {
  unsigned rank = type.getBlockRank();
  SmallVector<AffineMap> maps = {builder.getMultiDimIdentityMap(rank)};
  maps.append(4, AffineMap::get(rank, 0, builder.getContext()));

  auto body = [&](OpBuilder &nested, Location loc, ValueRange arguments) {
    ElementwiseBuilder b(nested, loc);
    SmallVector<Value> indices = createIndices(nested, loc, rank);
    Value code = codes.compute(nested, loc, indices);
    BlockParameters block =
        readParameters(nested, loc, type, parameters, indices);
    Value decoded = emitDequantizeElement(b, type, code, block);
    Value saturates = emitElementSaturates(b, type, arguments[0], block);
    linalg::YieldOp::create(nested, loc,
                            emitAccumulate(b, arguments[0], decoded, saturates,
                                           arguments.take_back(4)));
  };
  SmallVector<Value> outputs = createAccumulators(builder, loc);
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::reduction);
  auto generic =
      linalg::GenericOp::create(builder, loc, TypeRange(ValueRange(outputs)),
                                original, outputs, maps, iterators, body);
  return readResults(builder, loc, generic);
}

namespace {

struct ErrorStatsLowering : public OpConversionPattern<ErrorStatsOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ErrorStatsOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    CodeSource codes =
        CodeFinder(rewriter, op.getLoc())
            .findPayload(op.getQuantized(), adaptor.getQuantized());
    rewriter.replaceOp(
        op, lowerErrorStats(rewriter, op.getLoc(), op.getScaledType(),
                            adaptor.getOriginal().front(), codes,
                            adaptor.getQuantized().drop_front()));
    return success();
  }
};

} // namespace

void quantx::populateErrorStatsPatterns(const TypeConverter &converter,
                                        RewritePatternSet &patterns) {
  patterns.add<ErrorStatsLowering>(converter, patterns.getContext());
}
