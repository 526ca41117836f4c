//===- ProtectArguments.cpp - A caller's tensors are not written into -----===//

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXPROTECTARGUMENTS
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

namespace {

struct ProtectArgumentsPass
    : public quantx::impl::QuantXProtectArgumentsBase<ProtectArgumentsPass> {
  void runOnOperation() override {
    StringRef name = bufferization::BufferizationDialect::kWritableAttrName;
    BoolAttr no = BoolAttr::get(&getContext(), false);
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (!func.isPublic() || func.isDeclaration())
        continue;
      for (BlockArgument argument : func.getArguments()) {
        unsigned index = argument.getArgNumber();
        if (isa<TensorType>(argument.getType()) &&
            !func.getArgAttr(index, name))
          func.setArgAttr(index, name, no);
      }
    }
  }
};

} // namespace
