//===- SimulatedOps.h - Ops of GPUs as calls --------------------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDOPS_H
#define QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDOPS_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quantx::test {

/// The address of a buffer of the block, by its offset in the memory of all.
mlir::Value createWorkgroupPointer(mlir::ImplicitLocOpBuilder &b,
                                   int64_t offset);

/// Replaces the results of an op that allocates, frees, copies or waits for the
/// device. Returns whether it did; the op itself stays.
bool rewriteHostOp(mlir::Operation *op);

/// The same for an op in a kernel.
bool rewriteDeviceOp(mlir::Operation *op);

/// Its parts: tensor cores; those with tensor memory; those of warpgroups;
/// workgroup memory and asynchronous copies.
bool rewriteMatrixOp(mlir::Operation *op);
bool rewriteTensorOp(mlir::Operation *op);
bool rewriteWarpgroupOp(mlir::Operation *op);
bool rewriteMemoryOp(mlir::Operation *op);

/// Whether it is inline assembly with `wgmma`.
bool isWarpgroupProduct(mlir::Operation *op);

/// Whether a CPU runs an op as it is.
bool isKnownToCPU(mlir::Operation *op);

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDOPS_H
