//===- StackBuffers.cpp - Small buffers of loops on the stack -------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "quantx/Target/CPU/Passes.h"
#include "quantx/Transforms/PassOptions.h"
#include "llvm/Support/MathExtras.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXSTACKBUFFERS
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

/// The bytes of a buffer at most; null if they have no limit that shows, or
/// elements are not whole bytes.
static std::optional<int64_t> getMostBytes(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  Type element = type.getElementType();
  if (!type.getLayout().isIdentity() || !element.isIntOrFloat() ||
      element.getIntOrFloatBitWidth() % 8 != 0)
    return std::nullopt;
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  auto multiply = [&](int64_t size) {
    return !llvm::MulOverflow(bytes, size, bytes);
  };
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size) && !multiply(size))
      return std::nullopt;
  for (Value size : alloc.getDynamicSizes()) {
    FailureOr<int64_t> most = ValueBoundsConstraintSet::computeConstantBound(
        presburger::BoundType::UB, size, /*stopCondition=*/nullptr,
        /*closedUB=*/true);
    if (failed(most) || *most < 0 || !multiply(*most))
      return std::nullopt;
  }
  return bytes;
}

/// A buffer of `bytes` on the stack at `entry`, as what `alloc` makes.
static void moveToStack(RewriterBase &rewriter, memref::AllocOp alloc,
                        Block *entry, int64_t bytes) {
  rewriter.setInsertionPointToStart(entry);
  Location loc = alloc.getLoc();
  if (alloc.getType().hasStaticShape()) {
    rewriter.replaceOp(alloc,
                       memref::AllocaOp::create(rewriter, loc, alloc.getType(),
                                                alloc.getAlignmentAttr()));
    return;
  }
  auto type = MemRefType::get({bytes}, rewriter.getI8Type());
  Value most =
      memref::AllocaOp::create(rewriter, loc, type, alloc.getAlignmentAttr());
  rewriter.setInsertionPoint(alloc);
  Value begin = arith::ConstantIndexOp::create(rewriter, loc, 0);
  rewriter.replaceOpWithNewOp<memref::ViewOp>(alloc, alloc.getType(), most,
                                              begin, alloc.getDynamicSizes());
}

/// The op that frees `alloc` where it was made; null if there is none.
static memref::DeallocOp findDealloc(memref::AllocOp alloc) {
  for (Operation *user : alloc->getUsers()) {
    auto dealloc = dyn_cast<memref::DeallocOp>(user);
    if (dealloc && dealloc->getBlock() == alloc->getBlock())
      return dealloc;
  }
  return nullptr;
}

/// What each thread enters once: the start of the parallel region or of the
/// function around `op`. Null where `op` runs once for that anyway.
static Block *findEntry(Operation *op) {
  Operation *parent = op->getParentOp();
  bool isInner = false;
  while (parent && !isa<func::FuncOp, omp::ParallelOp>(parent)) {
    if (isa<scf::ForallOp, scf::ParallelOp>(parent))
      return nullptr; // Whose threads are not known yet.
    isInner = true;
    parent = parent->getParentOp();
  }
  return parent && isInner ? &parent->getRegion(0).front() : nullptr;
}

namespace {

struct StackBuffersPass
    : public quantx::impl::QuantXStackBuffersBase<StackBuffersPass> {
  using QuantXStackBuffersBase::QuantXStackBuffersBase;

  LogicalResult initialize(MLIRContext *context) override {
    return checkOption(context, maxBytes.getArgStr(), maxBytes, /*least=*/0);
  }

  void runOnOperation() override {
    SmallVector<memref::AllocOp> allocs;
    getOperation()->walk([&](memref::AllocOp op) { allocs.push_back(op); });
    IRRewriter rewriter(&getContext());
    // What is on the stack of each function or parallel region.
    DenseMap<Block *, int64_t> used;
    for (memref::AllocOp alloc : allocs) {
      std::optional<int64_t> bytes = getMostBytes(alloc);
      memref::DeallocOp dealloc = findDealloc(alloc);
      Block *entry = findEntry(alloc);
      if (!bytes || !dealloc || !entry || used[entry] + *bytes > maxBytes)
        continue;
      used[entry] += *bytes;
      rewriter.eraseOp(dealloc);
      moveToStack(rewriter, alloc, entry, *bytes);
    }
  }
};

} // namespace
