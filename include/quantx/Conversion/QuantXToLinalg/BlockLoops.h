//===- BlockLoops.h - The loops of scale methods in linalg ------*- C++ -*-===//

#ifndef QUANTX_CONVERSION_QUANTXTOLINALG_BLOCKLOOPS_H
#define QUANTX_CONVERSION_QUANTXTOLINALG_BLOCKLOOPS_H

#include "quantx/IR/BlockComputation.h"

namespace quantx {

/// One block of a tensor, where a linalg.generic over the grid of blocks is
/// being built: its elements one by one, in loops.
class LinalgBlockElements : public BlockElements {
public:
  /// `weights` is the weights of all blocks, or null; `sizes` those of `input`;
  /// the block is at `blockIndices` of the grid.
  LinalgBlockElements(mlir::OpBuilder &builder, mlir::Location loc,
                      ScaledType type, mlir::Value input, mlir::Value weights,
                      llvm::ArrayRef<mlir::OpFoldResult> sizes,
                      mlir::ValueRange blockIndices);

  Values reduce(mlir::OpBuilder &builder, mlir::Location loc,
                llvm::ArrayRef<Reduction> reductions, TermsFn terms) override;
  mlir::Value getSize(mlir::OpBuilder &builder, mlir::Location loc) override;
  mlir::Value getElement(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value position) override;
  mlir::Value getWeight(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value row, mlir::Value column) override;
  mlir::Value getNumWeightRows(mlir::OpBuilder &builder,
                               mlir::Location loc) override;

protected:
  /// The elements of the block in one dimension: [first, end).
  struct Bounds {
    mlir::Value first, end;
  };

  mlir::Value getInput() const { return input; }
  llvm::ArrayRef<Bounds> getBounds() const { return bounds; }

private:
  unsigned getBlockedDimension() const;
  mlir::Value extract(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::ValueRange indices) const;

  ScaledType type;
  mlir::Value input;
  mlir::Value weights;
  llvm::SmallVector<mlir::OpFoldResult> sizes;
  llvm::SmallVector<mlir::Value> blockIndices;
  llvm::SmallVector<Bounds> bounds;
};

/// The loops of a scale method as linalg.generic: a value of a block is a
/// tensor over the grid of blocks, a value of the tensor has rank 0.
class LinalgBlockComputation : public BlockComputation {
public:
  /// Runs over `input`, a tensor of the expressed type of `type`. `weights` is
  /// the operand of methods that take weights, else null; `global` the global
  /// scale that is given, else null.
  LinalgBlockComputation(mlir::OpBuilder &builder, mlir::Location loc,
                         ScaledType type, mlir::Value input,
                         mlir::Value weights, mlir::Value global);

  mlir::Value getGivenGlobal() override { return global; }

  Values reduceBlocks(llvm::ArrayRef<Reduction> reductions,
                      TermsFn terms) override;
  Values searchBlocks(mlir::TypeRange types, mlir::ValueRange given,
                      SearchFn search) override;
  mlir::Value refineBlocks(mlir::Value initial, mlir::ValueRange given,
                           MapFn isNeeded, SearchFn search) override;
  Values reduceTensor(llvm::ArrayRef<Reduction> reductions,
                      TermsFn terms) override;
  Values mapBlocks(mlir::TypeRange types, mlir::ValueRange given,
                   MapFn map) override;
  Values mapTensor(mlir::TypeRange types, mlir::ValueRange given,
                   MapFn map) override;

protected:
  /// The elements of the block at `indices`, where a loop over the grid is
  /// being built.
  virtual std::unique_ptr<BlockElements>
  createElements(mlir::OpBuilder &b, mlir::Location loc,
                 mlir::ValueRange indices) const;

  mlir::OpBuilder &getBuilder() const { return builder; }
  mlir::Value getInput() const { return input; }
  mlir::Value getWeights() const { return weights; }
  llvm::ArrayRef<mlir::OpFoldResult> getSizes() const { return sizes; }
  /// The sizes of the grid of blocks.
  llvm::ArrayRef<mlir::OpFoldResult> getGrid() const { return grid; }

private:
  Values map(llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::TypeRange types,
             mlir::ValueRange given, MapFn map);

  mlir::OpBuilder &builder;
  mlir::Value input;
  mlir::Value weights;
  mlir::Value global;
  llvm::SmallVector<mlir::OpFoldResult> sizes;
  llvm::SmallVector<mlir::OpFoldResult> grid;
};

} // namespace quantx

#endif // QUANTX_CONVERSION_QUANTXTOLINALG_BLOCKLOOPS_H
