//===- QuantXToVector.h - From quantx to vector -----------------*- C++ -*-===//

#ifndef QUANTX_CONVERSION_QUANTXTOVECTOR_QUANTXTOVECTOR_H
#define QUANTX_CONVERSION_QUANTXTOVECTOR_QUANTXTOVECTOR_H

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/DialectConversion.h"

namespace quantx {

#define GEN_PASS_DECL
#include "quantx/Conversion/QuantXToVector/Passes.h.inc"

/// The elements of the longest vectors. The code for longer ones takes LLVM
/// minutes, and is no faster.
inline constexpr int64_t kLargestChunk = 1024;

/// Whether vectors can have at most `chunk` elements: a power of two from 8 to
/// `kLargestChunk`, so that codes of any width fill whole bytes.
bool isChunkSize(int64_t chunk);

/// What a target offers: by default, vectors and no more. The options of
/// `quantx-lower-to-vector` are these.
struct VectorTarget {
  /// The elements of a vector at most, so that `isChunkSize`.
  int64_t chunk = 64;
  /// Whether it multiplies and adds in one instruction. Every target with that
  /// converts f16, too.
  bool hasFMA = false;
  /// Whether it converts f32 that are not subnormal to bf16.
  bool convertsToBF16 = false;
  /// Whether it multiplies bytes as integers, by `quantx-expand-byte-dots`.
  bool hasByteDots = false;
  /// Whether it multiplies pairs of bf16 faster than f32, by
  /// `quantx-expand-bf16-dots`.
  bool hasPairDots = false;
  /// The rows of activations from which on tile registers multiply; 0 for
  /// never.
  int64_t tileProductRows = 0;
  /// How many 16 rows of weights side by side are multiplied at once, at least
  /// 1: their sums take as many registers.
  int64_t rowStreams = 1;
  /// The rows of activations whose sums by 16 rows of weights stay in vector
  /// registers; 0 for no tiles of as many rows.
  int64_t sumRows = 0;
};

/// Patterns that lower quantize, dequantize, pack, unpack and relayout_scales
/// to loops over vectors, and choose_qparams to loops over blocks that are such
/// vectors, given a `LoweredTypeConverter`. They go before those of
/// `populateQuantXToLinalgPatterns`, which the others need. With
/// `tileProductRows`, scaled_matmul becomes products of tiles where
/// `kRequestTiles` says so, which the module declares (`declareRequestTiles`).
void populateQuantXToVectorPatterns(const mlir::TypeConverter &converter,
                                    mlir::RewritePatternSet &patterns,
                                    const VectorTarget &target);

#define GEN_PASS_REGISTRATION
#include "quantx/Conversion/QuantXToVector/Passes.h.inc"

} // namespace quantx

#endif // QUANTX_CONVERSION_QUANTXTOVECTOR_QUANTXTOVECTOR_H
