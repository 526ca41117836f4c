//===- HostCalls.h - Calls of this program's functions ----------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_HOSTCALLS_H
#define QUANTX_TEST_UNIT_SIMULATOR_HOSTCALLS_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quantx::test {

/// A constant `!llvm.ptr`: an address in this process.
mlir::Value createAddress(mlir::ImplicitLocOpBuilder &b, const void *address);

/// Calls a C function of this process on values of the LLVM dialect. `result`
/// may be null; so is then what is returned.
mlir::Value createHostCall(mlir::ImplicitLocOpBuilder &b, const void *function,
                           mlir::Type result, mlir::ValueRange arguments);

template <typename Result, typename... Arguments>
mlir::Value createHostCall(mlir::ImplicitLocOpBuilder &b,
                           Result (*function)(Arguments...), mlir::Type result,
                           mlir::ValueRange arguments) {
  assert(arguments.size() == sizeof...(Arguments));
  return createHostCall(b, reinterpret_cast<const void *>(function), result,
                        arguments);
}

/// Ends the test program at an op that cannot be simulated.
[[noreturn]] void reportUnknown(mlir::Operation *op, const char *reason);

/// Where an op is in the program, as a text that lives as long as the process:
/// the same for each call on one op.
const char *getSite(mlir::Operation *op);

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_HOSTCALLS_H
