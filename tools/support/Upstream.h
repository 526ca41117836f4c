//===- Upstream.h - Lowering by upstream's passes ---------------*- C++ -*-===//

#ifndef QUANTX_TOOLS_SUPPORT_UPSTREAM_H
#define QUANTX_TOOLS_SUPPORT_UPSTREAM_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace quantx {

/// Runs a pass pipeline (text; upstream's passes are registered as needed) on
/// a module that our CPU pipeline takes on from there. After
/// `convert-arith-to-apfloat` the code calls LLVM's APFloat in
/// libmlir_apfloat_wrappers.so, which is loaded into this process. Fails when
/// the pipeline does, and when there is no such library.
llvm::Error lowerByUpstream(mlir::ModuleOp module, llvm::StringRef pipeline);

} // namespace quantx

#endif // QUANTX_TOOLS_SUPPORT_UPSTREAM_H
