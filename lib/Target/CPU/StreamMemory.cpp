//===- StreamMemory.cpp - Prefetch inputs, write large results past caches ===//

#include "StreamMemory.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "quantx/Target/CPU/Passes.h"
#include "quantx/Transforms/PassOptions.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXSTREAMMEMORY
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

static bool containsParallel(Operation *op) {
  return op->walk([](omp::ParallelOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

namespace {

struct StreamMemoryPass
    : public quantx::impl::QuantXStreamMemoryBase<StreamMemoryPass> {
  using QuantXStreamMemoryBase::QuantXStreamMemoryBase;

  LogicalResult initialize(MLIRContext *context) override {
    for (Option<int64_t> *option :
         {&prefetchDistance, &prefetchLimit, &nontemporalThreshold})
      if (failed(checkOption(context, option->getArgStr(), *option,
                             /*least=*/0)))
        return failure();
    return success();
  }

  void runOnOperation() override {
    SmallVector<Loop> outermost;
    getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) {
      // What threads run begins in the parallel region: each has a fence.
      Loop loop = Loop::get(op);
      if (!loop || containsParallel(op))
        return WalkResult::advance();
      outermost.push_back(loop);
      return WalkResult::skip();
    });
    IRRewriter rewriter(&getContext());
    for (const Loop &loop : outermost) {
      // Stores last: they copy loops.
      if (prefetchDistance > 0)
        prefetchStreams(rewriter, loop, prefetchDistance, prefetchLimit);
      if (nontemporalThreshold > 0)
        writePastCaches(rewriter, loop, nontemporalThreshold);
    }
  }
};

} // namespace
