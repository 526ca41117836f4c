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

/// Patterns that lower quantize, dequantize, pack, unpack and relayout_scales
/// to loops over vectors of at most `chunk` elements, and choose_qparams to
/// loops over blocks that are such vectors, given a `LoweredTypeConverter`.
/// They go before those of `populateQuantXToLinalgPatterns`, which the others
/// need. From `tileProductRows` rows of activations on, if that is not 0,
/// scaled_matmul becomes products of tiles where `kRequestTiles` says so, which
/// the module declares (`declareRequestTiles`). `hasFMA` says that the target
/// multiplies and adds in one instruction, `convertsToBF16` that it converts
/// f32 that are not subnormal, `pairDots` that it multiplies pairs of bf16, as
/// `byteDots` does of bytes.
void populateQuantXToVectorPatterns(
    const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns,
    int64_t chunk, bool byteDots = false, int64_t tileProductRows = 0,
    bool hasFMA = false, bool convertsToBF16 = false, bool pairDots = false);

#define GEN_PASS_REGISTRATION
#include "quantx/Conversion/QuantXToVector/Passes.h.inc"

} // namespace quantx

#endif // QUANTX_CONVERSION_QUANTXTOVECTOR_QUANTXTOVECTOR_H
