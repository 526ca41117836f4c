//===- KeepOuterParallel.cpp - Threads get whole rows ---------------------===//

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXKEEPOUTERPARALLEL
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

/// Replaces `op` by a loop of which the first `numParallel` (0 or 1) dimensions
/// are parallel and the others are scf.for.
static void keepParallel(RewriterBase &rewriter, scf::ParallelOp op,
                         unsigned numParallel) {
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  auto buildInner = [&](OpBuilder &b, ValueRange outerIndices) {
    SmallVector<Value> indices(outerIndices);
    scf::LoopNest nest = scf::buildLoopNest(
        b, loc, SmallVector<Value>(op.getLowerBound().drop_front(numParallel)),
        SmallVector<Value>(op.getUpperBound().drop_front(numParallel)),
        SmallVector<Value>(op.getStep().drop_front(numParallel)));
    for (scf::ForOp loop : nest.loops)
      indices.push_back(loop.getInductionVar());
    Block *body = nest.loops.empty() ? b.getInsertionBlock()
                                     : nest.loops.back().getBody();
    rewriter.eraseOp(op.getBody()->getTerminator());
    Block::iterator before = nest.loops.empty()
                                 ? b.getInsertionPoint()
                                 : body->getTerminator()->getIterator();
    rewriter.inlineBlockBefore(op.getBody(), body, before, indices);
  };
  if (numParallel == 0) {
    buildInner(rewriter, {});
  } else {
    scf::ParallelOp::create(rewriter, loc, op.getLowerBound().take_front(1),
                            op.getUpperBound().take_front(1),
                            op.getStep().take_front(1),
                            [&](OpBuilder &b, Location, ValueRange indices) {
                              buildInner(b, indices);
                            });
  }
  rewriter.eraseOp(op);
}

namespace {

struct KeepOuterParallelPass
    : public quantx::impl::QuantXKeepOuterParallelBase<KeepOuterParallelPass> {
  void runOnOperation() override {
    // Inner loops first: they are gone when their parent is moved.
    SmallVector<scf::ParallelOp> loops;
    getOperation()->walk<WalkOrder::PostOrder>([&](scf::ParallelOp op) {
      if (op.getInitVals().empty())
        loops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (scf::ParallelOp op : loops) {
      bool isInner = op->getParentOfType<scf::ParallelOp>() != nullptr;
      if (isInner || op.getNumLoops() > 1)
        keepParallel(rewriter, op, isInner ? 0 : 1);
    }
  }
};

} // namespace
