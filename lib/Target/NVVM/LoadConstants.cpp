//===- LoadConstants.cpp - Copy constants on the host to buffers ----------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantx/Target/NVVM/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXLOADCONSTANTS
#include "quantx/Target/NVVM/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

static void copyConstant(memref::GetGlobalOp op) {
  OpBuilder builder(op->getContext());
  builder.setInsertionPointAfter(op);
  Value buffer = memref::AllocOp::create(builder, op.getLoc(),
                                         cast<MemRefType>(op.getType()));
  auto copy = memref::CopyOp::create(builder, op.getLoc(), op, buffer);
  op.getResult().replaceAllUsesExcept(buffer, copy);
}

namespace {

struct LoadConstantsPass
    : public quantx::impl::QuantXLoadConstantsBase<LoadConstantsPass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      func.walk([](memref::GetGlobalOp op) { copyConstant(op); });
  }
};

} // namespace
