//===- BlockComputation.h - The loops a scale method may use ----*- C++ -*-===//
//
// A scale method is written once, as arith on scalars, against the few loops
// that every method needs: reduce over the elements of each block, reduce over
// the whole tensor, compute for each block. What a loop is belongs to the
// lowering (linalg, vector, GPU), which derives from this class. Terms of
// elements may be computed for several elements at once, as vectors.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_IR_BLOCKCOMPUTATION_H
#define QUANTX_IR_BLOCKCOMPUTATION_H

#include "mlir/IR/Builders.h"
#include "quantx/IR/QuantXTypes.h"

namespace quantx {

/// How the terms of elements become one value.
struct Reduction {
  enum Kind {
    /// The sum of floats, first element to last in row-major order.
    Add,
    /// The sum of floats whose order, and the rounding of products in it, does
    /// not matter.
    AddInAnyOrder,
    /// The largest of signed integers.
    MaxSigned,
    /// The least, or the largest, of floats; NaN if a term is.
    Minimum,
    Maximum
  };

  Kind kind;
  /// Where it begins. The term of an element 0 must leave it as it is: there
  /// may be such elements besides those of the block.
  mlir::TypedAttr init;
};

/// Computes a term for each reduction from an element, which is an f32 or a
/// vector of them. Terms have the shape of the element.
using TermsFn = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::OpBuilder &b, mlir::Location loc, mlir::Value element)>;

/// The elements of one block, for a search that looks at them several times.
/// Values are scalars at the place where the search is being built.
class BlockElements {
public:
  using Values = llvm::SmallVector<mlir::Value>;

  virtual ~BlockElements() = default;

  /// Reduces the terms of the elements: one value for each reduction.
  virtual Values reduce(mlir::OpBuilder &b, mlir::Location loc,
                        llvm::ArrayRef<Reduction> reductions,
                        TermsFn terms) = 0;

  /// The number of elements (index); a last block may have fewer than others.
  virtual mlir::Value getSize(mlir::OpBuilder &b, mlir::Location loc) = 0;

  /// The element, as f32, at `position` (index) of a block along one dimension.
  virtual mlir::Value getElement(mlir::OpBuilder &b, mlir::Location loc,
                                 mlir::Value position) = 0;

  /// The entry (f32) of the block's weights; only for methods that take them.
  virtual mlir::Value getWeight(mlir::OpBuilder &b, mlir::Location loc,
                                mlir::Value row, mlir::Value column) = 0;

  /// The rows, and columns, of the block's weights (index): those beyond the
  /// size of a last block count for nothing. 0 where it shows at run time that
  /// the weights do not have the shape that they must have.
  virtual mlir::Value getNumWeightRows(mlir::OpBuilder &b,
                                       mlir::Location loc) = 0;
};

/// A value that exists once for each block, or once for the whole tensor. How
/// it is represented (a tensor over the grid of blocks, a vector, a register)
/// is known only to the `BlockComputation` that made it.
class BlockComputation {
public:
  using Values = llvm::SmallVector<mlir::Value>;

  /// Computes scalars of one block from its elements, and from the scalars of
  /// the block's (or tensor's) values passed to the loop.
  using SearchFn = llvm::function_ref<Values(
      mlir::OpBuilder &b, mlir::Location loc, BlockElements &elements,
      mlir::ValueRange given)>;

  /// Computes scalars of one block (or of the tensor) from others, or vectors
  /// of several blocks from such vectors.
  using MapFn = llvm::function_ref<Values(
      mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange given)>;

  BlockComputation(ScaledType type, mlir::Location loc)
      : type(type), loc(loc) {}
  virtual ~BlockComputation() = default;

  /// The type whose parameters are being chosen.
  ScaledType getType() const { return type; }
  mlir::Location getLoc() const { return loc; }

  /// The global scale that is given, as a value of the tensor; null if it is to
  /// be chosen, or if the type has none.
  virtual mlir::Value getGivenGlobal() = 0;

  /// Reduces the terms of the elements of each block: one value a block for
  /// each reduction.
  virtual Values reduceBlocks(llvm::ArrayRef<Reduction> reductions,
                              TermsFn terms) = 0;

  /// The bits (i32) of the largest magnitude of each block as f32, those of NaN
  /// where an element is; null where `reduceBlocks` is the way to find them.
  virtual mlir::Value reduceMagnitudes() { return {}; }

  /// Computes, for each block, values of `types` from its elements, which
  /// `search` may go over any number of times, in loops of its own. `given`
  /// values of the whole tensor are broadcast.
  virtual Values searchBlocks(mlir::TypeRange types, mlir::ValueRange given,
                              SearchFn search) = 0;

  /// The same, where `search` may be given several blocks at once: elements,
  /// `given` values and what it computes are vectors then, with a block in each
  /// lane, and only `BlockElements::reduce` is there. A loop goes on while any
  /// of the blocks needs it.
  virtual Values searchGroups(mlir::TypeRange types, mlir::ValueRange given,
                              SearchFn search) {
    return searchBlocks(types, given, search);
  }

  /// Whether the elements of a block are a vector, of which twice as many of
  /// half the bits are computed at once: a first search in f32 pays then.
  virtual bool computesOnVectors() const { return false; }

  /// Whether what is computed multiplies and adds in one instruction.
  virtual bool hasFMA() const { return false; }

  /// Computes a value of each block anew where that is needed. `isNeeded` tells
  /// (i1) from `initial` and the `given` values, and `search` computes from the
  /// same and the elements; other blocks keep `initial`. For searches that few
  /// blocks need.
  virtual mlir::Value refineBlocks(mlir::Value initial, mlir::ValueRange given,
                                   MapFn isNeeded, SearchFn search) = 0;

  /// Reduces the terms of all elements, in any order: one value for the tensor
  /// for each reduction.
  virtual Values reduceTensor(llvm::ArrayRef<Reduction> reductions,
                              TermsFn terms) = 0;

  /// Computes, for each block, values of `types`.
  virtual Values mapBlocks(mlir::TypeRange types, mlir::ValueRange given,
                           MapFn map) = 0;

  /// Computes, for the whole tensor, values of `types` from values of the whole
  /// tensor.
  virtual Values mapTensor(mlir::TypeRange types, mlir::ValueRange given,
                           MapFn map) = 0;

private:
  ScaledType type;
  mlir::Location loc;
};

} // namespace quantx

#endif // QUANTX_IR_BLOCKCOMPUTATION_H
