//===- UnswitchLoops.cpp - Branches on what a loop does not change --------===//

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXUNSWITCHLOOPS
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

static bool isInnermost(scf::ForOp loop) {
  return !loop.getBody()
              ->walk(
                  [](LoopLikeOpInterface) { return WalkResult::interrupt(); })
              .wasInterrupted();
}

/// The branch of the loop's body whose condition the loop does not change; null
/// if there is none.
static scf::IfOp findInvariantBranch(scf::ForOp loop) {
  for (auto branch : loop.getOps<scf::IfOp>())
    if (loop.isDefinedOutsideOfLoop(branch.getCondition()))
      return branch;
  return {};
}

/// Replaces `branch` by what it does where its condition is `condition`.
static void takeBranch(RewriterBase &rewriter, scf::IfOp branch,
                       bool condition) {
  Block *taken = condition ? branch.thenBlock() : branch.elseBlock();
  if (!taken) {
    rewriter.eraseOp(branch);
    return;
  }
  Operation *yield = taken->getTerminator();
  SmallVector<Value> results(yield->getOperands());
  rewriter.inlineBlockBefore(taken, branch);
  rewriter.eraseOp(yield);
  rewriter.replaceOp(branch, results);
}

/// Makes two loops of `loop`, one for each value of the condition of `branch`.
static void unswitch(RewriterBase &rewriter, scf::ForOp loop,
                     scf::IfOp branch) {
  auto buildLoop = [&](bool condition) {
    return [&, condition](OpBuilder &builder, Location loc) {
      IRMapping copies;
      Operation *copy = builder.clone(*loop, copies);
      scf::YieldOp::create(builder, loc, copy->getResults());
      auto taken = cast<scf::IfOp>(copies.lookup(branch.getOperation()));
      takeBranch(rewriter, taken, condition);
    };
  };
  rewriter.setInsertionPoint(loop);
  auto either =
      scf::IfOp::create(rewriter, loop.getLoc(), branch.getCondition(),
                        buildLoop(true), buildLoop(false));
  rewriter.replaceOp(loop, either);
}

namespace {

struct UnswitchLoopsPass
    : public quantx::impl::QuantXUnswitchLoopsBase<UnswitchLoopsPass> {
  using QuantXUnswitchLoopsBase::QuantXUnswitchLoopsBase;

  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    getOperation()->walk([&](scf::ForOp loop) {
      if (isInnermost(loop))
        loops.push_back(loop);
    });
    IRRewriter rewriter(&getContext());
    for (scf::ForOp loop : loops)
      if (scf::IfOp branch = findInvariantBranch(loop))
        unswitch(rewriter, loop, branch);
  }
};

} // namespace
