//===- QuantXToLinalg.h - From quantx to linalg -----------------*- C++ -*-===//

#ifndef QUANTX_CONVERSION_QUANTXTOLINALG_QUANTXTOLINALG_H
#define QUANTX_CONVERSION_QUANTXTOLINALG_QUANTXTOLINALG_H

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/DialectConversion.h"

namespace quantx {

#define GEN_PASS_DECL
#include "quantx/Conversion/QuantXToLinalg/Passes.h.inc"

/// Maps tensors of `!quantx.scaled` to their parts (1:N) and tensors of small
/// integers to bytes: the lowered form, the ABI of functions.
class LoweredTypeConverter : public mlir::TypeConverter {
public:
  LoweredTypeConverter();
};

/// Patterns that lower the quantx ops that compute, given a
/// `LoweredTypeConverter`.
void populateQuantXToLinalgPatterns(const mlir::TypeConverter &converter,
                                    mlir::RewritePatternSet &patterns);

/// Patterns that take scaled tensors apart in the ops that move them whole
/// (quantx.assemble and disassemble, tensor.cast, dim and empty,
/// bufferization.alloc_tensor, arith.select and scf.forall), and that move
/// tensors of small integers, slices too, as bytes.
void populateScaledTensorPartsPatterns(const mlir::TypeConverter &converter,
                                       mlir::RewritePatternSet &patterns);

/// Makes the ops of those patterns legal on converted types only.
void addLegalMoves(const mlir::TypeConverter &converter,
                   mlir::ConversionTarget &target);

/// Slices of scaled tensors that are slices of their parts.
using ScaledTensorSlices = llvm::DenseSet<mlir::Operation *>;

/// Finds the slices (tensor.extract_slice, insert_slice and
/// parallel_insert_slice) of scaled tensors under `root`. Fails, with an error
/// at the first, where one cannot be shown to begin on a block and on a byte,
/// or to replace whole ones.
llvm::FailureOr<ScaledTensorSlices>
findScaledTensorSlices(mlir::Operation *root);

/// Patterns that take `slices`, which must outlive them, apart. An extracted
/// slice has the global scale of the whole; a tensor that a slice was inserted
/// into has that of the slice, which must be the same, or the first.
void populateScaledTensorSlicesPatterns(const mlir::TypeConverter &converter,
                                        const ScaledTensorSlices &slices,
                                        mlir::RewritePatternSet &patterns);

/// Adds patterns to those of a lowering.
using AddPatternsFn = llvm::function_ref<void(
    const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns)>;

/// Lowers all quantx ops and scaled tensors under `root`, as the pass does.
/// Patterns that `addPatterns` adds go before those of their benefit here.
llvm::LogicalResult lowerQuantX(mlir::Operation *root,
                                AddPatternsFn addPatterns = {});

/// The same without the ops that compute: takes scaled tensors apart, wherever
/// they are moved, and leaves the other quantx ops to what `addPatterns` adds.
llvm::LogicalResult lowerScaledTensors(mlir::Operation *root,
                                       AddPatternsFn addPatterns);

#define GEN_PASS_REGISTRATION
#include "quantx/Conversion/QuantXToLinalg/Passes.h.inc"

} // namespace quantx

#endif // QUANTX_CONVERSION_QUANTXTOLINALG_QUANTXTOLINALG_H
