//===- StackBuffers.cpp - Small buffers of loops on the stack -------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXSTACKBUFFERS
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

/// The size of a buffer in bytes; null if it is dynamic, or not whole bytes.
static std::optional<int64_t> getByteSize(MemRefType type) {
  Type element = type.getElementType();
  if (!type.hasStaticShape() || !type.getLayout().isIdentity() ||
      !element.isIntOrFloat() || element.getIntOrFloatBitWidth() % 8 != 0)
    return std::nullopt;
  return type.getNumElements() * element.getIntOrFloatBitWidth() / 8;
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

  void runOnOperation() override {
    SmallVector<memref::AllocOp> allocs;
    getOperation()->walk([&](memref::AllocOp op) { allocs.push_back(op); });
    IRRewriter rewriter(&getContext());
    // What is on the stack of each function or parallel region.
    DenseMap<Block *, int64_t> used;
    for (memref::AllocOp alloc : allocs) {
      std::optional<int64_t> size = getByteSize(alloc.getType());
      memref::DeallocOp dealloc = findDealloc(alloc);
      Block *entry = findEntry(alloc);
      if (!size || !dealloc || !entry || used[entry] + *size > maxBytes)
        continue;
      used[entry] += *size;
      rewriter.eraseOp(dealloc);
      rewriter.setInsertionPointToStart(entry);
      rewriter.replaceOp(alloc, memref::AllocaOp::create(
                                    rewriter, alloc.getLoc(), alloc.getType(),
                                    alloc.getAlignmentAttr()));
    }
  }
};

} // namespace
