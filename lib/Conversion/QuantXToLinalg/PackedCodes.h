//===- PackedCodes.h - Loops over packed codes ------------------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PACKEDCODES_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PACKEDCODES_H

#include "Loops.h"

namespace quantx {

/// The codes of a tensor of `sizes`, which `computeCode` computes as i8 with
/// the high bits clear, `bits` bits each, packed into bytes as
/// `#quantx.packing<linear>`. One loop over the bytes: no code is kept
/// unpacked.
mlir::Value buildPackedCodes(mlir::OpBuilder &builder, mlir::Location loc,
                             llvm::ArrayRef<mlir::OpFoldResult> sizes,
                             unsigned bits, ElementFn computeCode);

/// Reads the code at `indices` of codes packed in `bytes`: in the low bits of
/// an i8 whose high bits are unspecified.
mlir::Value readCode(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value bytes, mlir::ValueRange indices,
                     unsigned bits);

/// The sizes of a scaled or code tensor `original`, of `bits` bits a code,
/// whose packed bytes are `bytes`. A dynamic last dimension is found at the op
/// that made `original`, else counts as many codes as the bytes of a row hold.
llvm::SmallVector<mlir::OpFoldResult>
getCodeSizes(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value original,
             mlir::Value bytes, unsigned bits);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PACKEDCODES_H
