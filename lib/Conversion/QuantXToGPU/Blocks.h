//===- Blocks.h - Scale methods in kernels ----------------------*- C++ -*-===//
//
// The threads that compute the parameters of one block do so together: a value
// of a block is a register, the same in each of them.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_BLOCKS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_BLOCKS_H

#include "Kernel.h"
#include "Units.h"
#include "Warp.h"
#include "quantx/IR/BlockComputation.h"

namespace quantx {

/// The weights of all blocks, for methods that take them.
struct BlockWeights {
  mlir::Value view;
  mlir::Value rows; ///< of a block's matrix; 0 where weights are misshapen
};

/// Where a block lies in a tensor, in a kernel.
struct BlockPlace {
  mlir::Value input;  ///< view of the whole tensor
  mlir::Value start;  ///< index there of the block's first element
  mlir::Value size;   ///< how many elements it has
  mlir::Value index;  ///< of the block along its dimension
  mlir::Value stride; ///< from one element to the next
  std::optional<BlockWeights> weights;
};

/// What both kinds of blocks here have: single elements and weights are read
/// from memory, which is in the cache.
class PlacedElements : public BlockElements {
public:
  explicit PlacedElements(BlockPlace place) : place(place) {}

  mlir::Value getSize(mlir::OpBuilder &builder, mlir::Location loc) override {
    return place.size;
  }
  mlir::Value getElement(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value position) override;
  mlir::Value getWeight(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value row, mlir::Value column) override;
  mlir::Value getNumWeightRows(mlir::OpBuilder &builder,
                               mlir::Location loc) override;

  /// As `reduce`, where all threads of the warp are there.
  virtual Values reduceAll(mlir::OpBuilder &builder, mlir::Location loc,
                           llvm::ArrayRef<Reduction> reductions,
                           TermsFn terms) = 0;

  /// As `BlockComputation::reduceMagnitudes`; all threads of the warp are
  /// there.
  virtual mlir::Value reduceMagnitudes(mlir::ImplicitLocOpBuilder &b) = 0;

protected:
  const BlockPlace &getPlace() const { return place; }

private:
  BlockPlace place;
};

/// A block in the registers of some lanes of a warp, each of which has a vector
/// of neighbours, in the expressed type; what the tensor has no elements for is
/// 0.
class LaneElements : public PlacedElements {
public:
  LaneElements(BlockPlace place, mlir::Value elements, mlir::Value thread,
               int64_t lanes)
      : PlacedElements(place), elements(elements), thread(thread),
        lanes(lanes) {}

  Values reduce(mlir::OpBuilder &builder, mlir::Location loc,
                llvm::ArrayRef<Reduction> reductions, TermsFn terms) override {
    return reduce(builder, loc, reductions, terms, /*isWholeWarp=*/false);
  }
  Values reduceAll(mlir::OpBuilder &builder, mlir::Location loc,
                   llvm::ArrayRef<Reduction> reductions,
                   TermsFn terms) override {
    return reduce(builder, loc, reductions, terms, /*isWholeWarp=*/true);
  }
  mlir::Value reduceMagnitudes(mlir::ImplicitLocOpBuilder &b) override;

private:
  Values reduce(mlir::OpBuilder &builder, mlir::Location loc,
                llvm::ArrayRef<Reduction> reductions, TermsFn terms,
                bool isWholeWarp);

  mlir::Value elements;
  mlir::Value thread;
  int64_t lanes;
};

/// What a kernel before this one reduced a whole tensor to: the values of the
/// reductions of one loop.
struct ReducedTensor {
  llvm::SmallVector<mlir::Value> values;
};

/// The parameters of one block, by the method that calls this. `global` is the
/// global scale (f32) where that is given; `reduced` is what the whole tensor
/// was reduced to where it is not, or where it is one block.
class KernelBlockComputation : public BlockComputation {
public:
  KernelBlockComputation(mlir::ImplicitLocOpBuilder &b, ScaledType type,
                         PlacedElements *elements, mlir::Value global,
                         std::optional<ReducedTensor> reduced = std::nullopt)
      : BlockComputation(type, b.getLoc()), b(b), elements(elements),
        global(global), reduced(std::move(reduced)) {}

  mlir::Value getGivenGlobal() override { return global; }
  Values reduceBlocks(llvm::ArrayRef<Reduction> reductions,
                      TermsFn terms) override;
  mlir::Value reduceMagnitudes() override;
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

private:
  mlir::ImplicitLocOpBuilder &b;
  PlacedElements *elements; ///< null where the tensor is the block
  mlir::Value global;
  std::optional<ReducedTensor> reduced;
};

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_BLOCKS_H
