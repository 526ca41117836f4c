//===- VerifyBufferizable.cpp - Fail on what cannot be bufferized ---------===//

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXVERIFYBUFFERIZABLE
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

namespace {

struct VerifyBufferizablePass
    : public quantx::impl::QuantXVerifyBufferizableBase<
          VerifyBufferizablePass> {
  void runOnOperation() override {
    bool isBufferizable = true;
    getOperation().walk([&](Operation *op) {
      auto isTensor = [](Type type) { return isa<TensorType>(type); };
      bool usesTensors = llvm::any_of(op->getOperandTypes(), isTensor) ||
                         llvm::any_of(op->getResultTypes(), isTensor);
      if (!usesTensors || isa<bufferization::BufferizableOpInterface>(op))
        return;
      op->emitOpError() << "has no lowering to buffers";
      isBufferizable = false;
    });
    if (!isBufferizable)
      signalPassFailure();
  }
};

} // namespace
