//===- PackedCodes.h - Loops over packed codes ------------------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PACKEDCODES_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PACKEDCODES_H

#include "mlir/IR/Builders.h"
#include "quantx/Emit/ElementwiseBuilder.h"

namespace quantx {

/// Computes the code (i8, high bits clear) at `indices`.
using CodeFn = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange indices)>;

/// The codes of a tensor of `sizes`, `bits` bits each, packed into bytes as
/// `#quantx.packing<linear>`. One loop over the bytes: no code is kept
/// unpacked.
mlir::Value buildPackedCodes(mlir::OpBuilder &builder, mlir::Location loc,
                             llvm::ArrayRef<mlir::OpFoldResult> sizes,
                             unsigned bits, CodeFn computeCode);

/// How an element loop reads packed codes: as operands of the loop. Where a
/// code may lie in two bytes, both are read.
struct PackedCodeOperands {
  llvm::SmallVector<mlir::Value> operands;
  llvm::SmallVector<mlir::AffineMap> maps;
};
PackedCodeOperands getPackedCodeOperands(mlir::Value bytes, unsigned bits);

/// The code, in the low bits of an i8 whose high bits are unspecified, of the
/// element that a linalg body with `getPackedCodeOperands` is at. `bytes` are
/// the body's arguments for those operands.
mlir::Value emitUnpackCode(ElementwiseBuilder &b, mlir::ValueRange bytes,
                           unsigned rank, unsigned bits);

/// The sizes of a scaled or code tensor `original`, of `bits` bits a code,
/// whose packed bytes are `bytes`. A dynamic last dimension is found at the op
/// that made `original`, else counts as many codes as the bytes of a row hold.
llvm::SmallVector<mlir::OpFoldResult>
getCodeSizes(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value original,
             mlir::Value bytes, unsigned bits);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PACKEDCODES_H
