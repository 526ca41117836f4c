//===- LowerToVector.cpp - The quantx-lower-to-vector pass ----------------===//

#include "Patterns.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "quantx/Conversion/QuantXToLinalg/QuantXToLinalg.h"
#include "quantx/Conversion/QuantXToVector/QuantXToVector.h"
#include "quantx/Conversion/QuantXToVector/TileProduct.h"
#include "quantx/IR/QuantXOps.h"
#include "quantx/Transforms/PassOptions.h"
#include "quantx/Transforms/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXLOWERTOVECTOR
#include "quantx/Conversion/QuantXToVector/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Chains
//===----------------------------------------------------------------------===//

/// Calls `isFound` on the users of `value`, through casts.
static bool anyUser(Value value, function_ref<bool(Operation *)> isFound) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (auto cast = dyn_cast<tensor::CastOp>(user))
      return anyUser(cast.getDest(), isFound);
    return isFound(user);
  });
}

/// The op that made `value`, before casts; null for a block argument.
static Operation *getSource(Value value) {
  while (auto cast = value.getDefiningOp<tensor::CastOp>())
    value = cast.getSource();
  return value.getDefiningOp();
}

/// Whether `bytes` are codes that an op here packs.
static bool isPackedHere(Value bytes) {
  Operation *source = getSource(bytes);
  if (auto parts = dyn_cast_or_null<DisassembleOp>(source))
    return bytes != parts.getPayload() || parts.getInput().getDefiningOp();
  return isa_and_nonnull<PackOp>(source);
}

static bool isInChain(QuantizeOp op) {
  return llvm::any_of(op->getUsers(), [](Operation *user) {
    auto parts = dyn_cast<DisassembleOp>(user);
    return parts && anyUser(parts.getPayload(), [](Operation *reader) {
             return isa<UnpackOp, AssembleOp>(reader);
           });
  });
}

static bool isInChain(DequantizeOp op) {
  auto assemble = op.getInput().getDefiningOp<AssembleOp>();
  return assemble && isPackedHere(assemble.getPayload());
}

bool quantx::isInChain(Operation *op) {
  return TypeSwitch<Operation *, bool>(op).Case<QuantizeOp, DequantizeOp>(
      [](auto op) { return ::isInChain(op); });
}

bool quantx::isReadElsewhere(PackOp op) {
  return anyUser(op.getResult(), llvm::IsaPred<UnpackOp, AssembleOp>);
}

bool quantx::isReadElsewhere(UnpackOp op) {
  return anyUser(op.getResult(), llvm::IsaPred<PackOp>);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

Value quantx::castShape(OpBuilder &builder, Location loc, Value value,
                        Type type) {
  if (value.getType() == type)
    return value;
  return tensor::CastOp::create(builder, loc, type, value);
}

bool quantx::isChunkSize(int64_t chunk) {
  return chunk >= 8 && chunk <= kLargestChunk && llvm::isPowerOf2_64(chunk);
}

void quantx::populateQuantXToVectorPatterns(const TypeConverter &converter,
                                            RewritePatternSet &patterns,
                                            const VectorTarget &target) {
  populateBlockPatterns(converter, patterns, target);
  populateElementChunkPatterns(converter, patterns, target);
  populatePackingChunkPatterns(converter, patterns, target.chunk);
  populateScaleLayoutChunkPatterns(converter, patterns, target.chunk);
  populateScaledMatmulChunkPatterns(converter, patterns, target);
}

namespace {

struct LowerToVectorPass
    : public quantx::impl::QuantXLowerToVectorBase<LowerToVectorPass> {
  using QuantXLowerToVectorBase::QuantXLowerToVectorBase;

  LogicalResult initialize(MLIRContext *context) override {
    if (!isChunkSize(chunk)) {
      return emitError(UnknownLoc::get(context))
             << "expected chunk of a power of two from 8 to " << kLargestChunk
             << ", got " << int64_t(chunk);
    }
    if (failed(checkOption(context, tileProductRows.getArgStr(),
                           tileProductRows, /*least=*/0)) ||
        failed(checkOption(context, sumRows.getArgStr(), sumRows, /*least=*/0)))
      return failure();
    return checkOption(context, rowStreams.getArgStr(), rowStreams,
                       /*least=*/1);
  }

  void runOnOperation() override {
    // First of all: whether an op is in a chain shows in its users.
    RewritePatternSet expand(&getContext());
    populateExpandDynamicPatterns(expand);
    walkAndApplyPatterns(getOperation(), std::move(expand));
    auto addPatterns = [&](const TypeConverter &converter,
                           RewritePatternSet &patterns) {
      populateQuantXToVectorPatterns(converter, patterns, getTarget());
    };
    // Before patterns call it, which run on functions.
    func::FuncOp requestTiles;
    if (tileProductRows > 0)
      requestTiles = declareRequestTiles(getOperation());
    if (failed(lowerQuantX(getOperation(), addPatterns)))
      return signalPassFailure();
    if (requestTiles && requestTiles.symbolKnownUseEmpty(getOperation()))
      requestTiles.erase();
  }

private:
  VectorTarget getTarget() const {
    VectorTarget target;
    target.chunk = chunk;
    target.hasFMA = hasFMA;
    target.convertsToBF16 = convertsToBF16;
    target.hasByteDots = byteDots;
    target.hasPairDots = pairDots;
    target.tileProductRows = tileProductRows;
    target.rowStreams = rowStreams;
    target.sumRows = sumRows;
    return target;
  }
};

} // namespace
