//===- PackedCodes.h - Loops over packed codes ------------------*- C++ -*-===//
//
// An op that needs codes asks a `CodeSource` for one at a time, in the body of
// its own loop: the source reads it from packed bytes, from a tensor of codes,
// or encodes it from the value that it stands for. So codes are in memory where
// a program says so, and nowhere else.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PACKEDCODES_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PACKEDCODES_H

#include "Loops.h"
#include "quantx/IR/QuantXAttrs.h"
#include <functional>

namespace quantx {

/// Codes of `bits` bits, computed one by one.
struct CodeSource {
  /// Computes the code at `indices`, within `sizes`: in the low bits of an i8.
  using ComputeFn = std::function<mlir::Value(
      mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange indices)>;

  unsigned bits;
  llvm::SmallVector<mlir::OpFoldResult> sizes;
  ComputeFn compute;
  /// Whether the bits of the i8 above the code are clear; else unspecified.
  bool isZeroExtended = false;
  /// Whether a dynamic last size counts what whole bytes hold.
  bool countsBytes = false;
};

/// The codes packed in `bytes`, of which a row has the last of `sizes`.
CodeSource createPackedSource(mlir::OpBuilder &builder, mlir::Location loc,
                              mlir::Value bytes, Packing packing, unsigned bits,
                              llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// The codes in the bytes of the tensor `codes`, one each.
CodeSource createUnpackedSource(mlir::OpBuilder &builder, mlir::Location loc,
                                mlir::Value codes, unsigned bits);

/// The codes of `source` in rows of another length, as if they had been packed
/// and unpacked: `numCodes`, or where that is null as many as the bytes of a
/// packed row hold. Codes beyond those of `source` are 0.
CodeSource resizeRows(mlir::OpBuilder &builder, mlir::Location loc,
                      const CodeSource &source, mlir::OpFoldResult numCodes);

/// The codes of `source`, packed. One loop over the bytes: no code is kept
/// unpacked.
mlir::Value buildPackedCodes(mlir::OpBuilder &builder, mlir::Location loc,
                             Packing packing, const CodeSource &source);

/// The sizes of a scaled or code tensor `original`, of `bits` bits a code,
/// whose packed bytes are `bytes`. A dynamic last dimension is found at the op
/// that made `original`, else counts as many codes as the bytes of a row hold.
llvm::SmallVector<mlir::OpFoldResult>
getCodeSizes(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value original,
             mlir::Value bytes, unsigned bits);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PACKEDCODES_H
