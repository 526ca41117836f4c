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

  // Null where some op on the way has no form in vectors. For dynamic shapes
  // the way is from bytes that are there, by `unpack` and `pack`: these keep
  // the number of codes.

  /// The codes of `codes`, a tensor of integer codes.
  ReadCodesFn findCodes(mlir::Value codes);

  /// The codes of the result of `op`.
  ReadCodesFn findUnpacked(UnpackOp op);

  /// The codes packed in `bytes`, which have the shape and width of `codes`.
  /// Those of dynamic shape are not found where they are packed here: there may
  /// be fewer of them than the bytes hold.
  ReadCodesFn findPacked(mlir::Value bytes, Packing packing,
                         mlir::RankedTensorType codes);

  /// The bytes, lowered, that have the sizes of those of `op`, before all that
  /// repacks them: whatever the loop over the codes makes superfluous.
  mlir::Value findBytes(UnpackOp op);

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
