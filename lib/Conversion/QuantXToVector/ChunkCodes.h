//===- ChunkCodes.h - The codes of a chunk, where they come from *- C++ -*-===//
//
// `pack`, `unpack`, `assemble` and `disassemble` change how codes share bytes,
// not the codes. An op that needs the codes of a chunk looks through them, as
// CodeFinder does for single codes: so a chain of such ops is one loop, whose
// codes are in registers.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_CHUNKCODES_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_CHUNKCODES_H

#include "ChunkLoops.h"
#include "mlir/Transforms/DialectConversion.h"
#include "quantx/IR/QuantXOps.h"
#include <functional>

namespace quantx {

/// Reads or computes the codes of a chunk: i8, high bits clear.
using ReadCodesFn = std::function<mlir::Value(mlir::ImplicitLocOpBuilder &b,
                                              const Chunk &chunk)>;

/// Follows the values of the program as it was before the conversion.
class ChunkCodeFinder {
public:
  /// Finds the codes of chunks of `chunk` elements for an op that is lowered
  /// where `rewriter` inserts.
  ChunkCodeFinder(mlir::ConversionPatternRewriter &rewriter, int64_t chunk)
      : rewriter(rewriter), chunk(chunk) {}

  // Null where some op on the way has no form in vectors: for rows of dynamic
  // size there is none but to read the codes or bytes asked for.

  /// The codes of `codes`, a tensor of integer codes.
  ReadCodesFn findCodes(mlir::Value codes);

  /// The codes packed in `bytes`, which have the shape and width of `codes`.
  ReadCodesFn findPacked(mlir::Value bytes, Packing packing,
                         mlir::RankedTensorType codes);

private:
  ReadCodesFn findCodes(mlir::Value codes, bool isOnlyUse);
  ReadCodesFn findPacked(mlir::Value bytes, Packing packing,
                         mlir::RankedTensorType codes, bool isOnlyUse);
  ReadCodesFn findPayload(DisassembleOp op, mlir::RankedTensorType codes,
                          bool isOnlyUse);
  ReadCodesFn readPacked(mlir::Value bytes, Packing packing,
                         mlir::RankedTensorType codes);

  mlir::ConversionPatternRewriter &rewriter;
  int64_t chunk;
};

/// The codes of `op` for a chunk of its input.
mlir::Value emitEncodedChunk(mlir::ImplicitLocOpBuilder &b, QuantizeOp op,
                             QuantizeOp::Adaptor operands, const Chunk &chunk);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_CHUNKCODES_H
