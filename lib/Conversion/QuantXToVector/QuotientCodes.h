//===- QuotientCodes.h - Codes without divisions ----------------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_QUOTIENTCODES_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_QUOTIENTCODES_H

#include "ChunkLoops.h"
#include "quantx/IR/QuantXOps.h"

namespace quantx {

/// The codes of a quantize by the quotients of its blocks.
class QuotientCodes {
public:
  /// For `op`, whose input is read in chunks of `chunk`. `hasFMA` says that the
  /// target multiplies and adds in one instruction. Computes the quotients
  /// first where the op is small: for more blocks at once than a chunk has.
  QuotientCodes(mlir::OpBuilder &builder, QuantizeOp op,
                QuantizeOp::Adaptor operands, int64_t chunk, bool hasFMA);

  /// Whether there are any.
  bool arePossible() const { return isPossible; }

  /// The bytes of `chunk`, by the quotients of its blocks, or by `otherwise`
  /// where a block has none.
  mlir::Value emitBytes(
      mlir::ImplicitLocOpBuilder &b, const Chunk &chunk,
      llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &b)> otherwise);

private:
  void buildQuotients(mlir::OpBuilder &builder);
  void buildAreAllUsable(mlir::ImplicitLocOpBuilder &b,
                         const ChunkedRows &rows);
  BlockQuotient readQuotient(mlir::ImplicitLocOpBuilder &b, const Chunk &chunk);

  QuantizeOp op;
  QuantizeOp::Adaptor operands;
  ScaledType type;
  QuotientRange range;
  bool isPossible;
  /// Tensors, one value for each block; empty where chunks compute their own.
  BlockQuotient quotients;
  /// Whether all of these are usable (i1); null where a row has one.
  mlir::Value areAllUsable;
};

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_QUOTIENTCODES_H
