//===- InlineAllocaScopes.cpp - No scopes without stack allocations -------===//

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXINLINEALLOCASCOPES
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

static bool hasAllocas(memref::AllocaScopeOp scope) {
  return scope.walk([](memref::AllocaOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

/// Replaces `scope` by its body.
static void inlineScope(RewriterBase &rewriter, memref::AllocaScopeOp scope) {
  Block *body = &scope.getBodyRegion().front();
  Operation *terminator = body->getTerminator();
  SmallVector<Value> results(terminator->getOperands());
  rewriter.eraseOp(terminator);
  rewriter.inlineBlockBefore(body, scope);
  rewriter.replaceOp(scope, results);
}

namespace {

struct InlineAllocaScopesPass
    : public quantx::impl::QuantXInlineAllocaScopesBase<
          InlineAllocaScopesPass> {
  void runOnOperation() override {
    SmallVector<memref::AllocaScopeOp> scopes;
    getOperation()->walk([&](memref::AllocaScopeOp scope) {
      if (!hasAllocas(scope))
        scopes.push_back(scope);
    });
    IRRewriter rewriter(&getContext());
    for (memref::AllocaScopeOp scope : scopes)
      inlineScope(rewriter, scope);
  }
};

} // namespace
