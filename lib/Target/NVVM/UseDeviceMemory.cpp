//===- UseDeviceMemory.cpp - Buffers in the memory of the GPU -------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantx/Target/NVVM/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXUSEDEVICEMEMORY
#include "quantx/Target/NVVM/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

/// Whether `value` is a buffer that holds a tensor: what deallocation keeps
/// account of ownership in has other elements, and what scalars are copied to
/// is on the stack.
static bool isOnDevice(Value value) {
  auto buffer = dyn_cast<BaseMemRefType>(value.getType());
  return buffer && !buffer.getElementType().isIndex() &&
         !buffer.getElementType().isInteger(1) &&
         !value.getDefiningOp<memref::AllocaOp>();
}

static bool usesDeviceMemory(Operation *op) {
  return llvm::any_of(op->getOperands(), isOnDevice) ||
         llvm::any_of(op->getResults(), isOnDevice);
}

/// Whether `op` does no more with buffers than to hand them on or to look at
/// their shapes.
static bool movesBuffers(Operation *op) {
  return isa<func::CallOp, func::ReturnOp, cf::BranchOp, cf::CondBranchOp,
             arith::SelectOp, memref::CastOp, memref::CollapseShapeOp,
             memref::DimOp, memref::ExpandShapeOp,
             memref::ExtractAlignedPointerAsIndexOp,
             memref::ExtractStridedMetadataOp, memref::GetGlobalOp,
             memref::ReinterpretCastOp, memref::SubViewOp>(op) ||
         isa<gpu::GPUDialect, scf::SCFDialect>(op->getDialect());
}

/// `op`, a memref op on a buffer of the device, as that of the gpu dialect.
static LogicalResult moveToDevice(Operation *op) {
  OpBuilder b(op);
  Location loc = op->getLoc();
  if (auto alloc = dyn_cast<memref::AllocOp>(op)) {
    auto moved = gpu::AllocOp::create(
        b, loc, alloc.getType(), /*asyncToken=*/Type(),
        /*asyncDependencies=*/ValueRange(), alloc.getDynamicSizes(),
        alloc.getSymbolOperands());
    alloc.replaceAllUsesWith(moved.getMemref());
  } else if (auto dealloc = dyn_cast<memref::DeallocOp>(op)) {
    gpu::DeallocOp::create(b, loc, /*asyncToken=*/TypeRange(),
                           /*asyncDependencies=*/ValueRange(),
                           dealloc.getMemref());
  } else if (auto copy = dyn_cast<memref::CopyOp>(op)) {
    auto isContiguous = [](Value buffer) {
      auto type = dyn_cast<MemRefType>(buffer.getType());
      return type && type.getLayout().isIdentity();
    };
    if (!isContiguous(copy.getSource()) || !isContiguous(copy.getTarget()))
      return op->emitOpError("has no GPU kernel: expected contiguous buffers");
    gpu::MemcpyOp::create(b, loc, /*asyncToken=*/TypeRange(),
                          /*asyncDependencies=*/ValueRange(), copy.getTarget(),
                          copy.getSource());
  } else {
    return op->emitOpError("has no GPU kernel: the host cannot compute on "
                           "tensors, which are in the memory of the GPU");
  }
  op->erase();
  return success();
}

namespace {

struct UseDeviceMemoryPass
    : public quantx::impl::QuantXUseDeviceMemoryBase<UseDeviceMemoryPass> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      func.walk([&](Operation *op) {
        if (op != func && usesDeviceMemory(op) && !movesBuffers(op))
          ops.push_back(op);
      });
    }
    for (Operation *op : ops)
      if (failed(moveToDevice(op)))
        return signalPassFailure();
  }
};

} // namespace
