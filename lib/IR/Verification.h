//===- Verification.h - What verifiers share --------------------*- C++ -*-===//

#ifndef QUANTX_LIB_IR_VERIFICATION_H
#define QUANTX_LIB_IR_VERIFICATION_H

#include "mlir/IR/Operation.h"
#include "quantx/IR/QuantXTypes.h"

namespace quantx {

/// `4x64`, for diagnostics; `scalar` for rank 0.
std::string formatSizes(llvm::ArrayRef<int64_t> shape);

/// The block has one entry for each dimension of the tensor.
llvm::LogicalResult verifyBlockRank(mlir::Operation *op,
                                    llvm::ArrayRef<int64_t> shape,
                                    ScaledType type);

/// The tensor has a layout that all ops take.
llvm::LogicalResult verifyIsLinear(mlir::Operation *op,
                                   mlir::RankedTensorType tensor);

/// The tensor has static rows and columns, if these are packed as rows16: the
/// parts do not tell where padding begins.
llvm::LogicalResult verifyHasStaticRows(mlir::Operation *op,
                                        mlir::RankedTensorType tensor);

} // namespace quantx

#endif // QUANTX_LIB_IR_VERIFICATION_H
