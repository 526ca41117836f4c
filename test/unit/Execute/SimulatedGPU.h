//===- SimulatedGPU.h - Code for GPUs on a CPU ------------------*- C++ -*-===//
//
// Kernels for NVIDIA's GPUs run on a CPU once what the two do differently is
// replaced: each conversion by `cvt` by a call of a function that does what the
// PTX ISA says of it, and each NaN that arithmetic gives by the one of the GPU.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TEST_UNIT_EXECUTE_SIMULATEDGPU_H
#define QUANTX_TEST_UNIT_EXECUTE_SIMULATEDGPU_H

#include "mlir/IR/BuiltinOps.h"

namespace quantx::test {

/// The NaN that results are.
enum class NaNModel {
  /// What NVIDIA's GPUs give: all bits but the sign.
  Canonical,
  /// Negative, with other payloads: code that assumes less is right with these
  /// too.
  Other
};

/// Replaces what a CPU does otherwise, or cannot. Conversions by `cvt` that
/// are not known here stay, and fail to compile.
void simulateGPU(mlir::ModuleOp module, NaNModel nan);

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_EXECUTE_SIMULATEDGPU_H
