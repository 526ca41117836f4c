//===- NontemporalStores.cpp - Write large results past the caches --------===//
//
// A plain store reads the line that it writes to first. A non-temporal one does
// not, but it takes the line out of the caches: it is for results that are
// larger. Their size is looked at when they are made.
//
//===----------------------------------------------------------------------===//

#include "StreamMemory.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace quantx;

/// Smaller stores are not collected into lines fast enough.
static constexpr int64_t leastBytes = 16;

namespace {

/// When a buffer is written past the caches.
struct Condition {
  bool isNever = false;
  /// Null for always.
  Value value;
};

class StoreWriter {
public:
  StoreWriter(RewriterBase &rewriter, const Loop &outermost, int64_t threshold)
      : rewriter(rewriter), exprs(rewriter.getContext()), outermost(outermost),
        threshold(threshold) {}

  void run();

private:
  bool canBypass(const VectorAccess &write, const TouchedBuffers &touched);
  Condition getCondition(memref::AllocOp buffer, int64_t alignment);
  void versionLoop(Operation *loop, ArrayRef<VectorAccess> writes,
                   Value condition);
  void fence(Value condition);

  RewriterBase &rewriter;
  IndexExprs exprs;
  Loop outermost;
  int64_t threshold;
};

} // namespace

/// The alignment without which LLVM would split the store.
static int64_t getAlignment(const VectorAccess &write) {
  return std::min(write.getBytes(), kLineBytes);
}

/// Whether the loops keep the store aligned within rows that are, and nothing
/// in the nest reads what it writes.
bool StoreWriter::canBypass(const VectorAccess &write,
                            const TouchedBuffers &touched) {
  auto alloc = write.buffer.getDefiningOp<memref::AllocOp>();
  if (!alloc || alloc.getAlignment().value_or(1) % kLineBytes != 0 ||
      !alloc.getType().getLayout().isIdentity() ||
      outermost.defines(write.buffer) || touched.read.contains(write.buffer))
    return false;
  if (write.getBytes() < leastBytes || !llvm::isPowerOf2_64(write.getBytes()))
    return false;
  AffineExpr index = exprs.simplify(write.indices.back());
  int64_t divisor = index.getLargestKnownDivisor() * write.getElementBytes();
  Loop loop = Loop::getParent(write.op);
  return isa<scf::ForOp>(loop.op) && loop.isInnermost() &&
         loop.op->getNumResults() == 0 && exprs.movesWith(index, loop) &&
         divisor % getAlignment(write) == 0;
}

/// The buffer has `threshold` bytes or more, and its rows are aligned.
Condition StoreWriter::getCondition(memref::AllocOp buffer, int64_t alignment) {
  rewriter.setInsertionPointAfter(buffer);
  Location loc = buffer.getLoc();
  OpFoldResult bytes =
      rewriter.getIndexAttr(buffer.getType().getElementTypeBitWidth() / 8);
  OpFoldResult rowBytes;
  AffineExpr product =
      rewriter.getAffineSymbolExpr(0) * rewriter.getAffineSymbolExpr(1);
  SmallVector<OpFoldResult> sizes = buffer.getMixedSizes();
  for (OpFoldResult size : llvm::reverse(sizes)) {
    bytes = affine::makeComposedFoldedAffineApply(rewriter, loc, product,
                                                  {bytes, size});
    if (!rowBytes)
      rowBytes = bytes;
  }
  Condition condition;
  auto require = [&](OpFoldResult actual, arith::CmpIPredicate predicate,
                     int64_t expected) {
    Value holds = arith::CmpIOp::create(
        rewriter, loc, predicate,
        getValueOrCreateConstantIndexOp(rewriter, loc, actual),
        arith::ConstantIndexOp::create(rewriter, loc, expected));
    condition.value =
        condition.value
            ? arith::AndIOp::create(rewriter, loc, condition.value, holds)
            : holds;
  };
  if (std::optional<int64_t> constant = getConstantIntValue(bytes))
    condition.isNever |= *constant < threshold;
  else
    require(bytes, arith::CmpIPredicate::sge, threshold);
  // The only row starts where the buffer does.
  if (buffer.getType().getRank() == 1)
    return condition;
  if (std::optional<int64_t> constant = getConstantIntValue(rowBytes)) {
    condition.isNever |= *constant % alignment != 0;
  } else {
    Value mask = arith::ConstantIndexOp::create(rewriter, loc, alignment - 1);
    Value rest =
        arith::AndIOp::create(rewriter, loc, cast<Value>(rowBytes), mask);
    require(rest, arith::CmpIPredicate::eq, 0);
  }
  return condition;
}

/// Makes `writes` non-temporal where the condition holds, in a copy of the loop
/// around them.
void StoreWriter::versionLoop(Operation *loop, ArrayRef<VectorAccess> writes,
                              Value condition) {
  if (condition) {
    rewriter.setInsertionPoint(loop);
    auto version = scf::IfOp::create(rewriter, loop->getLoc(), condition,
                                     /*withElseRegion=*/true);
    rewriter.setInsertionPointToStart(version.elseBlock());
    rewriter.clone(*loop);
    rewriter.moveOpBefore(loop, version.thenBlock(),
                          version.thenBlock()->begin());
  }
  for (const VectorAccess &write : writes) {
    auto op = cast<vector::TransferWriteOp>(write.op);
    rewriter.setInsertionPoint(op);
    rewriter.replaceOpWithNewOp<vector::StoreOp>(
        op, op.getVector(), op.getBase(), op.getIndices(),
        /*nontemporal=*/true, llvm::MaybeAlign(getAlignment(write)));
  }
}

/// Orders the stores before what comes after the nest, in each thread that made
/// some.
void StoreWriter::fence(Value condition) {
  Location loc = outermost.op->getLoc();
  if (auto threads = outermost.op->getParentOfType<omp::ParallelOp>()) {
    rewriter.setInsertionPoint(threads.getRegion().back().getTerminator());
  } else {
    Operation *nest = outermost.getAnchor();
    // An outermost loop that is versioned itself.
    if (auto version = nest->getParentOfType<scf::IfOp>();
        version && version.getCondition() == condition)
      nest = version;
    rewriter.setInsertionPointAfter(nest);
  }
  auto build = [](OpBuilder &builder, Location loc) {
    LLVM::CallIntrinsicOp::create(builder, loc,
                                  builder.getStringAttr("llvm.x86.sse.sfence"),
                                  ValueRange());
  };
  if (!condition)
    return build(rewriter, loc);
  scf::IfOp::create(rewriter, loc, condition,
                    [&](OpBuilder &builder, Location loc) {
                      build(builder, loc);
                      scf::YieldOp::create(builder, loc);
                    });
}

void StoreWriter::run() {
  TouchedBuffers touched = TouchedBuffers::get(outermost);
  // By buffer, then by loop.
  llvm::MapVector<Value,
                  llvm::MapVector<Operation *, SmallVector<VectorAccess>>>
      buffers;
  llvm::SmallDenseSet<Operation *> versioned;
  outermost.op->walk([&](vector::TransferWriteOp op) {
    std::optional<VectorAccess> write = VectorAccess::get(op, exprs);
    if (write && !write->isMasked && canBypass(*write, touched))
      buffers[write->buffer][Loop::getParent(op).op].push_back(*write);
  });
  for (auto &[buffer, loops] : buffers) {
    int64_t alignment = 1;
    for (auto &[loop, writes] : loops)
      for (const VectorAccess &write : writes)
        alignment = std::max(alignment, getAlignment(write));
    Condition condition =
        getCondition(buffer.getDefiningOp<memref::AllocOp>(), alignment);
    if (condition.isNever)
      continue;
    bool isWritten = false;
    for (auto &[loop, writes] : loops) {
      // One that writes two results asks about the first.
      if (!versioned.insert(loop).second)
        continue;
      versionLoop(loop, writes, condition.value);
      isWritten = true;
    }
    if (isWritten)
      fence(condition.value);
  }
}

void quantx::writePastCaches(RewriterBase &rewriter, const Loop &outermost,
                             int64_t threshold) {
  StoreWriter(rewriter, outermost, threshold).run();
}
