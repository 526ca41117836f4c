//===- CarriedTensors.h - Tensors without a buffer --------------*- C++ -*-===//
//
// What has no buffer of its own (a scaled tensor, a tensor of unsigned
// integers) is *carried* through bufferization from op to op by an
// unrealized_conversion_cast of its parts, which the last reader erases.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_CARRIEDTENSORS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_CARRIEDTENSORS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/PatternMatch.h"

namespace quantx {

/// A value in its lowered form.
struct Parts {
  llvm::SmallVector<mlir::Value> values;
  /// The last size of a scaled tensor where that is dynamic; the payload alone
  /// does not tell it.
  mlir::OpFoldResult numCodes = {};
};

/// Whether `type` is a tensor that has another form when it is lowered: a
/// scaled one, or one of unsigned integers.
bool isCarried(mlir::Type type);

/// The sizes of a tensor of `type` given by `parts`.
llvm::SmallVector<mlir::OpFoldResult> getSizes(mlir::OpBuilder &builder,
                                               mlir::Location loc,
                                               mlir::RankedTensorType type,
                                               const Parts &parts);

/// The lowered form of an operand, which fails where nothing carries it.
llvm::FailureOr<Parts> getParts(mlir::OpBuilder &builder, mlir::Value value);

/// Replaces `op` by values that carry, or are, `results`.
void replaceWithParts(mlir::RewriterBase &rewriter, mlir::Operation *op,
                      llvm::ArrayRef<Parts> results);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_CARRIEDTENSORS_H
