//===- AlignBuffers.cpp - Buffers begin on cache lines --------------------===//

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXALIGNBUFFERS
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

/// What upstream's bufferization aligns to.
static constexpr uint64_t kLineSize = 64;

namespace {

struct AlignBuffersPass
    : public quantx::impl::QuantXAlignBuffersBase<AlignBuffersPass> {
  void runOnOperation() override {
    getOperation()->walk([](memref::AllocOp op) {
      if (!op.getAlignment())
        op.setAlignment(kLineSize);
    });
  }
};

} // namespace
