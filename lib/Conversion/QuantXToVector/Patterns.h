//===- Patterns.h - The patterns of this folder, by file --------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_PATTERNS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_PATTERNS_H

#include "mlir/Transforms/DialectConversion.h"
#include "quantx/Conversion/QuantXToVector/QuantXToVector.h"
#include "quantx/IR/QuantXOps.h"

namespace quantx {

void populateBlockPatterns(const mlir::TypeConverter &converter,
                           mlir::RewritePatternSet &patterns,
                           const VectorTarget &target);
void populateElementChunkPatterns(const mlir::TypeConverter &converter,
                                  mlir::RewritePatternSet &patterns,
                                  const VectorTarget &target);
void populatePackingChunkPatterns(const mlir::TypeConverter &converter,
                                  mlir::RewritePatternSet &patterns,
                                  int64_t chunk);
void populateScaleLayoutChunkPatterns(const mlir::TypeConverter &converter,
                                      mlir::RewritePatternSet &patterns,
                                      int64_t chunk);
void populateScaledMatmulChunkPatterns(const mlir::TypeConverter &converter,
                                       mlir::RewritePatternSet &patterns,
                                       const VectorTarget &target);

/// A pattern that goes before those to linalg, and makes vectors of at most
/// `chunk` elements.
template <typename Op>
struct ChunkPattern : public mlir::OpConversionPattern<Op> {
  ChunkPattern(const mlir::TypeConverter &converter, mlir::MLIRContext *context,
               int64_t chunk)
      : mlir::OpConversionPattern<Op>(converter, context, /*benefit=*/2),
        chunk(chunk) {}

  int64_t chunk;
};

/// Whether the codes of `op`, a quantize or dequantize, are packed or unpacked
/// by ops next to it.
bool isInChain(mlir::Operation *op);

/// Whether those who use what `op` makes look through it, for its codes.
bool isReadElsewhere(PackOp op);
bool isReadElsewhere(UnpackOp op);

/// `value` as `type`, which differs at most in what is static.
mlir::Value castShape(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value value, mlir::Type type);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_PATTERNS_H
