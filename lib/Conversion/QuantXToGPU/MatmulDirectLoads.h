//===- MatmulDirectLoads.h - Operands right to registers --------*- C++ -*-===//
//
// Lanes load parts of rows of 16 bytes from device memory to their registers.
// Where a row ends, or rows are not aligned, a lane puts a part together in
// shared memory, element by element.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULDIRECTLOADS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULDIRECTLOADS_H

#include "MatmulOperands.h"

namespace quantx {

/// The bytes of a part, and the lanes that have neighbouring parts of a row.
constexpr int64_t kDirectBytes = 16, kDirectParts = 4;

/// The elements of `type` in a part.
inline int64_t getDirectSize(ScaledType type) {
  return kDirectBytes * 8 / int64_t(type.getStorageBits());
}

/// What is known of parts.
enum class Access {
  Whole, ///< all are there, and aligned
  Rest   ///< some may be beyond the end of a row, or none are aligned
};

/// A row that a lane has parts of, and where the first one begins in it, in
/// elements or bytes.
struct LaneRow {
  OperandRow row;
  mlir::Value first;
};

/// Whether (i1) all rows of all `operands` are aligned to 16 bytes.
mlir::Value buildAreAligned(mlir::ImplicitLocOpBuilder &b,
                            llvm::ArrayRef<const KernelOperand *> operands);

/// How a thread loads parts.
struct DirectLoads {
  mlir::Value thread;
  /// Bytes of shared memory, which begin with 16 for each thread.
  mlir::Value shared;
  /// Of all operands.
  mlir::Value areAligned;

  /// The four words of the part that begins `inRow` elements or bytes behind
  /// the first one; zeros beyond the end of the row.
  llvm::SmallVector<mlir::Value> load(mlir::ImplicitLocOpBuilder &b,
                                      const KernelOperand &operand,
                                      const LaneRow &row, mlir::Value inRow,
                                      Access access) const;

private:
  llvm::SmallVector<mlir::Value> loadSlowly(mlir::ImplicitLocOpBuilder &b,
                                            const KernelOperand &operand,
                                            const LaneRow &row,
                                            mlir::Value inRow) const;
};

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULDIRECTLOADS_H
