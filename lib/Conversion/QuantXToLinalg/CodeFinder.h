//===- CodeFinder.h - Codes where they come from ----------------*- C++ -*-===//
//
// `pack`, `unpack`, `assemble` and `disassemble` change how codes share bytes,
// not the codes. An op that needs codes looks through them, so that a chain of
// such ops becomes the one loop of its last op, and what is in between dead:
//
//   pack<L>(unpack<M>(bytes))                    reads bytes
//   pack<L>(unpack<linear>(payload of quantize)) encodes
//   dequantize(assemble(pack<linear>(unpack<L>(bytes)), ...))  reads bytes
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_CODEFINDER_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_CODEFINDER_H

#include "PackedCodes.h"
#include "mlir/Transforms/DialectConversion.h"
#include "quantx/IR/QuantXOps.h"
#include <optional>

namespace quantx {

/// Follows the values of the program as it was before the conversion, and
/// reads them in their lowered form. Codes are encoded anew only where the
/// quantize's payload is for the asking op alone, in the same block.
class CodeFinder {
public:
  /// Finds codes for an op that is lowered where `rewriter` inserts.
  CodeFinder(mlir::ConversionPatternRewriter &rewriter, mlir::Location loc)
      : rewriter(rewriter), loc(loc) {}

  /// The codes of `codes`, a tensor of integer codes.
  CodeSource findCodes(mlir::Value codes);

  /// The codes of `scaled`, a scaled tensor whose lowered form is `parts`;
  /// without `mayEncode` never encoded anew.
  CodeSource findPayload(mlir::Value scaled, mlir::ValueRange parts,
                         bool mayEncode = true);

private:
  // `isOnlyUse`: whether nothing else needs what is found on the way.
  CodeSource findCodes(mlir::Value codes, bool isOnlyUse);
  CodeSource findUnpacked(UnpackOp op, bool isOnlyUse);
  /// The codes that were packed into `bytes`; nothing if the bytes have to be
  /// read.
  std::optional<CodeSource> findPacked(mlir::Value bytes, Packing packing,
                                       unsigned bits, bool isOnlyUse);
  std::optional<CodeSource> findDisassembled(DisassembleOp op, unsigned bits,
                                             bool isOnlyUse);
  template <typename OpT>
  CodeSource createEncoded(OpT quantize, DisassembleOp parts);

  mlir::Value getLowered(mlir::Value value);

  mlir::ConversionPatternRewriter &rewriter;
  mlir::Location loc;
};

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_CODEFINDER_H
