//===- Evaluation.h - Running a function at compile time --------*- C++ -*-===//

#ifndef QUANTX_LIB_PIPELINES_EVALUATION_H
#define QUANTX_LIB_PIPELINES_EVALUATION_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace quantx {

/// Runs the only function of `module`, on quantx and plain ops, with `inputs`,
/// which are dense or resource attributes of the types of its arguments. Gives
/// the bytes of each value of its lowered form, in C order. Fails where the
/// function cannot be compiled or has other types than files can hold. The
/// module is compiled in a context of its own, and not changed.
llvm::Expected<std::vector<std::vector<uint8_t>>>
evaluate(mlir::ModuleOp module, llvm::ArrayRef<mlir::ElementsAttr> inputs);

} // namespace quantx

#endif // QUANTX_LIB_PIPELINES_EVALUATION_H
