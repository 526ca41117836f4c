//===- VectorAccesses.h - Where loops read and write vectors ----*- C++ -*-===//

#ifndef QUANTX_LIB_TARGET_CPU_VECTORACCESSES_H
#define QUANTX_LIB_TARGET_CPU_VECTORACCESSES_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/DenseSet.h"
#include <optional>

namespace quantx {

/// An scf.for, or the loop that an OpenMP thread runs.
struct Loop {
  mlir::Operation *op = nullptr;
  mlir::Value index, lower, upper, step;

  explicit operator bool() const { return op != nullptr; }

  /// `op` as a loop; null where it is none of one dimension.
  static Loop get(mlir::Operation *op);
  /// The innermost loop around `op`; null where there is none.
  static Loop getParent(mlir::Operation *op);
  /// Whether there is no loop in this one.
  bool isInnermost() const;
  /// The op before which stands what is to run before the loop.
  mlir::Operation *getAnchor() const;
  /// Whether `value` is the index, or computed in the loop.
  bool defines(mlir::Value value) const;
};

/// Index arithmetic as affine expressions: dimension i stands for value i of
/// those that are no sums, multiples or quotients of others. Of a loop's index
/// it is the part that varies: 0 to 4096 in steps of 64 is d0 * 64.
class IndexExprs {
public:
  explicit IndexExprs(mlir::MLIRContext *context) : context(context) {}

  mlir::AffineExpr get(mlir::Value value);
  mlir::AffineExpr get(mlir::OpFoldResult value);
  mlir::AffineExpr simplify(mlir::AffineExpr expr) const;
  llvm::ArrayRef<mlir::Value> getValues() const { return values; }

  /// Whether the loop is known to have one iteration at most.
  bool isOnce(const Loop &loop);
  /// Whether the loop's index is in `expr`.
  bool movesWith(mlir::AffineExpr expr, const Loop &loop);
  /// By how much `expr` grows from one iteration of the loop to the next. None
  /// where that is not the same for all, or not known before the loop.
  std::optional<mlir::AffineExpr> getStep(mlir::AffineExpr expr,
                                          const Loop &loop);

private:
  mlir::AffineExpr getLeaf(mlir::Value value);

  mlir::MLIRContext *context;
  llvm::SmallVector<mlir::Value> values;
};

/// A read or write of consecutive elements of a buffer.
struct VectorAccess {
  mlir::Operation *op = nullptr;
  /// As the op has them.
  mlir::TypedValue<mlir::MemRefType> base;
  llvm::SmallVector<mlir::Value> baseIndices;
  /// What `base` is a subview of, or itself.
  mlir::TypedValue<mlir::MemRefType> buffer;
  /// Of the first element, in `buffer`.
  llvm::SmallVector<mlir::AffineExpr> indices;
  mlir::VectorType vector;
  bool isWrite = false;
  bool isMasked = false;

  /// `op` as such an access, a scalar being a vector of 1; none where it is of
  /// several rows, or of elements that are not whole bytes.
  static std::optional<VectorAccess> get(mlir::Operation *op,
                                         IndexExprs &exprs);
  int64_t getElementBytes() const;
  int64_t getBytes() const;
};

/// The buffers that the ops in a loop may read and write, views of them looked
/// through.
struct TouchedBuffers {
  llvm::DenseSet<mlir::Value> read, written;

  static TouchedBuffers get(const Loop &loop);
};

} // namespace quantx

#endif // QUANTX_LIB_TARGET_CPU_VECTORACCESSES_H
