//===- MatmulOperands.h - Operands of a matmul in a kernel ------*- C++ -*-===//
//
// The op multiplies tokens (rows of `lhs`, M of them) by weights (rows of
// `rhs`, N of them), each row K long: one result for each token and each row of
// weights, an output.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULOPERANDS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULOPERANDS_H

#include "Kernel.h"
#include "quantx/Emit/Elements.h"

namespace quantx {

/// The sizes of a matmul.
template <typename Size>
struct MatmulSizes {
  llvm::SmallVector<Size> batches;
  Size tokens, outputs;
  Size sum; ///< K
};

/// An operand outside of kernels: a plain tensor, or the lowered parts of a
/// scaled one of `type`.
struct MatmulOperand {
  ScaledType type; ///< null for a plain one
  llvm::SmallVector<mlir::Value> parts;
};

/// A matmul outside of kernels.
struct Matmul {
  MatmulOperand lhs, rhs;
  mlir::Value init;
  MatmulSizes<mlir::OpFoldResult> sizes;
  MatrixInstructions instructions;
};

/// A row of an operand.
struct OperandRow {
  /// Where it begins, in elements or, of a packed one, in bytes.
  mlir::Value offset;
  /// The index of its first block; null for a plain operand.
  mlir::Value block;
};

/// An operand in a kernel: batches x rows x K.
class KernelOperand {
public:
  /// Adds its parts, called `name`, to the parameters of `kernel`.
  KernelOperand(KernelBuilder &kernel, llvm::StringRef name,
                const MatmulOperand &operand);
  /// Adds the blocks of a row, where these are not known, to the parameters.
  void addSizes(KernelBuilder &kernel, llvm::StringRef name,
                const MatmulOperand &operand,
                llvm::ArrayRef<mlir::Value> batchSizes, mlir::Value numRows,
                mlir::Value sumSize);

  ScaledType getType() const { return type; }
  /// The elements, or the bytes of codes.
  mlir::Value getData() const { return views.front(); }
  /// The type of what a row is made of: elements, or bytes.
  mlir::Type getDataType() const;
  mlir::Value getNumRows() const { return rows; }
  /// K.
  mlir::Value getSumSize() const { return sum; }
  /// The elements or bytes of a row.
  mlir::Value getRowSize(IndexMath math) const;
  /// The elements of a block along K, or `kWholeDimension`.
  int64_t getBlockSize() const { return type.getBlockShape().back(); }

  /// `batch` is the linear index of all batch dimensions.
  OperandRow locate(IndexMath math, mlir::Value batch, mlir::Value row) const;

  /// The block of the element at `position` of a row, which may be beyond its
  /// end: the last one then.
  mlir::Value findBlock(IndexMath math, const OperandRow &row,
                        mlir::Value position) const;
  /// The parameters of a block but the global scale, as they are in memory.
  llvm::SmallVector<mlir::Value> loadBlock(mlir::ImplicitLocOpBuilder &b,
                                           mlir::Value block) const;
  /// The parameters of the block of the element at `position` of a row, which
  /// may be beyond its end: the last block's then.
  BlockParameters loadParameters(mlir::ImplicitLocOpBuilder &b,
                                 const OperandRow &row,
                                 mlir::Value position) const;
  /// The global scale; null if there is none.
  mlir::Value loadGlobal(mlir::ImplicitLocOpBuilder &b) const;

  /// The element at `position` as f32.
  mlir::Value loadValue(mlir::ImplicitLocOpBuilder &b, const OperandRow &row,
                        mlir::Value position) const;

private:
  mlir::Value loadCode(mlir::ImplicitLocOpBuilder &b, const OperandRow &row,
                       mlir::Value position) const;

  ScaledType type;
  llvm::SmallVector<mlir::Value> views;
  llvm::SmallVector<mlir::Value> batches;
  mlir::Value rows, sum;
  /// Blocks along K.
  mlir::Value numBlocks;
};

/// A matmul in a kernel.
struct KernelMatmul {
  /// Adds all operands and sizes to the parameters of `kernel`.
  KernelMatmul(KernelBuilder &kernel, const Matmul &matmul);

  KernelOperand lhs, rhs;
  mlir::Value init, result;
  MatmulSizes<mlir::Value> sizes;

  /// All batches.
  mlir::Value countBatches(IndexMath math) const;
  /// Where the result, or the accumulator's value, at the indices is.
  mlir::Value getResultIndex(mlir::ImplicitLocOpBuilder &b, mlir::Value batch,
                             mlir::Value token, mlir::Value output) const;
  /// Adds `sum` to the accumulator's value at the indices: the result.
  void store(mlir::ImplicitLocOpBuilder &b, mlir::Value batch,
             mlir::Value token, mlir::Value output, mlir::Value sum) const;
};

/// A tile of the results that a block of threads computes.
struct ResultTile {
  mlir::Value batch, token, output; ///< of its first result
};

/// The tiles of `tokens` x `outputs` results, all batches' in one order.
class ResultTiles {
public:
  ResultTiles(mlir::ImplicitLocOpBuilder &b, const KernelMatmul &matmul,
              int64_t tokens, int64_t outputs);

  mlir::Value getCount() const { return count; }
  /// The one of that index.
  ResultTile get(mlir::ImplicitLocOpBuilder &b, mlir::Value index) const;

private:
  int64_t tokens, outputs; ///< of a tile
  mlir::Value rows, columns, count;
};

/// Builds a loop over the tiles, of `tokens` x `outputs`, that belong to a
/// block of threads.
void buildResultTiles(mlir::ImplicitLocOpBuilder &b, const KernelMatmul &matmul,
                      int64_t tokens, int64_t outputs,
                      llvm::function_ref<void(const ResultTile &)> build);

/// How many they are, on the host.
mlir::Value countResultTiles(KernelBuilder &kernel, const Matmul &matmul,
                             int64_t tokens, int64_t outputs);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULOPERANDS_H
