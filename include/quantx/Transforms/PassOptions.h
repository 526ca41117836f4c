//===- PassOptions.h - Which values an option may have ----------*- C++ -*-===//

#ifndef QUANTX_TRANSFORMS_PASSOPTIONS_H
#define QUANTX_TRANSFORMS_PASSOPTIONS_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <limits>

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace quantx {

/// Reports what is wrong with an option, and fails.
using OptionErrorFn =
    llvm::function_ref<mlir::LogicalResult(const llvm::Twine &)>;

/// Fails where the `value` of the option `name` is not from `least` to `most`,
/// and reports which values are.
mlir::LogicalResult
checkOption(OptionErrorFn emitError, llvm::StringRef name, int64_t value,
            int64_t least, int64_t most = std::numeric_limits<int64_t>::max());

/// The same for a pass, which calls it where it is initialized: before it runs
/// on anything, so that there is one error.
mlir::LogicalResult
checkOption(mlir::MLIRContext *context, llvm::StringRef name, int64_t value,
            int64_t least, int64_t most = std::numeric_limits<int64_t>::max());

} // namespace quantx

#endif // QUANTX_TRANSFORMS_PASSOPTIONS_H
