//===- GridTiling.h - Tiling by a grid of steps -----------------*- C++ -*-===//
//
// The tiling that the quantx ops share. An op's *elements* are its expressed
// values or its codes; its iteration domain is a grid of steps over them, all
// parallel. A step is a block, and where packed codes are made or read also a
// whole number of bytes, so tiles follow block boundaries by construction.
// Where a consumer or a producer sets the tile, in elements, the tile must be
// known to lie on steps, or the op is not fused.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_TRANSFORMS_GRIDTILING_H
#define QUANTX_LIB_TRANSFORMS_GRIDTILING_H

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/TilingInterface.h"
#include "quantx/IR/QuantXOps.h"

namespace quantx {

/// A part, with strides of 1, of a tensor or an iteration domain.
struct Box {
  llvm::SmallVector<mlir::OpFoldResult> offsets, sizes;
};

/// The step of a dimension in which the grid has extent 1.
inline constexpr int64_t kWholeStep = ScaledType::kWholeDimension;

/// Builds index arithmetic at one location, folded where it can be.
struct IndexBuilder {
  mlir::OpBuilder &b;
  mlir::Location loc;

  mlir::OpFoldResult constant(int64_t value) { return b.getIndexAttr(value); }
  mlir::OpFoldResult mul(mlir::OpFoldResult value, int64_t factor);
  mlir::OpFoldResult floorDiv(mlir::OpFoldResult value, int64_t divisor);
  mlir::OpFoldResult ceilDiv(mlir::OpFoldResult value, int64_t divisor);

  /// How many of `size` elements from `offset` on lie before `end`. `size` is a
  /// multiple of `step`.
  mlir::OpFoldResult clamp(mlir::OpFoldResult size, int64_t step,
                           mlir::OpFoldResult offset, mlir::OpFoldResult end);
};

/// The elements that the steps in `grid` cover, of a tensor of `sizes`.
Box getElementsOfGrid(IndexBuilder &index, const Box &grid,
                      llvm::ArrayRef<int64_t> steps,
                      llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// Where a count of steps in `grid` was found from a number of elements of
/// `tensor`, makes that number the size of `elements`: what follows computes
/// the same tile, not one that only happens to be equal.
void useKnownSizes(const Box &grid, llvm::ArrayRef<int64_t> steps,
                   mlir::Value tensor, Box &elements);

/// The steps that `box`, which lies on them, covers.
Box getGridOfBox(IndexBuilder &index, const Box &box,
                 llvm::ArrayRef<int64_t> steps);

/// The bytes of `codes`, which begin on a byte.
Box getBytesOfCodes(IndexBuilder &index, const Box &codes, unsigned bits);

/// Whether `box` of `tensor` is known to begin on steps, and with `wholeSteps`
/// also to end on steps or at the end of the tensor.
bool isOnSteps(mlir::Value tensor, const Box &box,
               llvm::ArrayRef<int64_t> steps, bool wholeSteps);

/// The slice `box` of `source`, which `tiling` lists.
mlir::Value createSlice(IndexBuilder &index, mlir::Value source, const Box &box,
                        mlir::TilingResult &tiling);

/// Adds `op` with other operands, and results of the sizes of `result`, to
/// `tiling`.
void addTiledOp(IndexBuilder &index, mlir::Operation *op,
                mlir::ValueRange operands, const Box &result,
                mlir::TilingResult &tiling);

/// TilingInterface for `OpT`. `Model` derives from this and has, all static,
///   getSteps(op)            the steps of the grid over the elements
///   findObstacle(op)        why the op cannot be tiled, or nothing
/// and replaces the defaults below where they do not fit.
template <typename Model, typename OpT>
struct GridTiling : public mlir::TilingInterface::ExternalModel<Model, OpT> {
  using OpBuilder = mlir::OpBuilder;
  using OpFoldResult = mlir::OpFoldResult;
  using Operation = mlir::Operation;
  using Offsets = llvm::ArrayRef<OpFoldResult>;
  using OffsetLists = llvm::ArrayRef<llvm::SmallVector<OpFoldResult>>;

  //===--------------------------------------------------------------------===//
  // Defaults: operand 0 and the result have the shape of the elements.
  //===--------------------------------------------------------------------===//

  /// What tiles of the result, and of operand 0, must lie on.
  static llvm::SmallVector<int64_t> getResultSteps(OpT op) {
    return Model::getSteps(op);
  }
  static llvm::SmallVector<int64_t> getOperandSteps(OpT op) {
    return Model::getSteps(op);
  }
  static llvm::SmallVector<OpFoldResult> getElementSizes(IndexBuilder &index,
                                                         OpT op) {
    return mlir::tensor::getMixedSizes(index.b, index.loc, op->getOperand(0));
  }
  /// The result of the steps `grid`, which cover `elements`.
  static Box getResult(IndexBuilder &, OpT, const Box &grid,
                       const Box &elements) {
    return elements;
  }
  /// The elements that a tile of the result needs.
  static Box getElementsOfResult(IndexBuilder &, OpT, const Box &result) {
    return result;
  }
  /// Whether operand 0 has the shape of the elements, so that a tile of it can
  /// set theirs.
  static bool hasElementsAsOperand(OpT op) { return true; }
  /// Whether a consumer can have a tile of the result, whatever its size.
  static bool isAnyReadableFrom(OpT op, const Box &result) { return false; }

  static mlir::TilingResult build(IndexBuilder &index, OpT op,
                                  const Box &elements, const Box &result) {
    mlir::TilingResult tiling;
    mlir::Value operand =
        createSlice(index, op->getOperand(0), elements, tiling);
    addTiledOp(index, op, operand, result, tiling);
    return tiling;
  }

  //===--------------------------------------------------------------------===//
  // The domain
  //===--------------------------------------------------------------------===//

  llvm::SmallVector<mlir::utils::IteratorType>
  getLoopIteratorTypes(Operation *op) const {
    return llvm::SmallVector<mlir::utils::IteratorType>(
        Model::getSteps(mlir::cast<OpT>(op)).size(),
        mlir::utils::IteratorType::parallel);
  }

  llvm::SmallVector<mlir::Range> getIterationDomain(Operation *op,
                                                    OpBuilder &b) const {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(op);
    IndexBuilder index{b, op->getLoc()};
    auto typed = mlir::cast<OpT>(op);
    llvm::SmallVector<mlir::Range> domain;
    for (auto [size, step] : llvm::zip_equal(
             Model::getElementSizes(index, typed), Model::getSteps(typed))) {
      OpFoldResult extent =
          step == kWholeStep ? index.constant(1) : index.ceilDiv(size, step);
      domain.push_back({index.constant(0), extent, index.constant(1)});
    }
    return domain;
  }

  //===--------------------------------------------------------------------===//
  // Tiles of the domain
  //===--------------------------------------------------------------------===//

  mlir::FailureOr<mlir::TilingResult>
  getTiledImplementation(Operation *op, OpBuilder &b, Offsets offsets,
                         Offsets sizes) const {
    auto typed = mlir::cast<OpT>(op);
    if (std::optional<llvm::StringRef> obstacle = Model::findObstacle(typed))
      return op->emitOpError() << "cannot be tiled: " << *obstacle;
    IndexBuilder index{b, op->getLoc()};
    auto [elements, result] = getTile(index, typed, offsets, sizes);
    return Model::build(index, typed, elements, result);
  }

  llvm::LogicalResult
  getResultTilePosition(Operation *op, OpBuilder &b, unsigned, Offsets offsets,
                        Offsets sizes,
                        llvm::SmallVector<OpFoldResult> &resultOffsets,
                        llvm::SmallVector<OpFoldResult> &resultSizes) const {
    IndexBuilder index{b, op->getLoc()};
    Box result = getTile(index, mlir::cast<OpT>(op), offsets, sizes).second;
    resultOffsets = std::move(result.offsets);
    resultSizes = std::move(result.sizes);
    return llvm::success();
  }

  //===--------------------------------------------------------------------===//
  // Tiles that a consumer sets
  //===--------------------------------------------------------------------===//

  llvm::LogicalResult getIterationDomainTileFromResultTile(
      Operation *op, OpBuilder &b, unsigned, Offsets offsets, Offsets sizes,
      llvm::SmallVectorImpl<OpFoldResult> &domainOffsets,
      llvm::SmallVectorImpl<OpFoldResult> &domainSizes) const {
    auto typed = mlir::cast<OpT>(op);
    Box result{llvm::to_vector(offsets), llvm::to_vector(sizes)};
    llvm::SmallVector<int64_t> steps = Model::getResultSteps(typed);
    if (Model::findObstacle(typed) ||
        !isOnSteps(op->getResult(0), result, steps, /*wholeSteps=*/true))
      return llvm::failure();
    IndexBuilder index{b, op->getLoc()};
    setDomain(typed, getGridOfBox(index, result, steps), domainOffsets,
              domainSizes);
    return llvm::success();
  }

  mlir::FailureOr<mlir::TilingResult>
  generateResultTileValue(Operation *op, OpBuilder &b, unsigned resultNumber,
                          Offsets offsets, Offsets sizes) const {
    if (!isOpFusableWithConsumerSlice(op, resultNumber, offsets, sizes))
      return llvm::failure();
    auto typed = mlir::cast<OpT>(op);
    IndexBuilder index{b, op->getLoc()};
    Box result{llvm::to_vector(offsets), llvm::to_vector(sizes)};
    mlir::TilingResult tiling = Model::build(
        index, typed, Model::getElementsOfResult(index, typed, result), result);
    tiling.tiledValues = {tiling.tiledValues[resultNumber]};
    return tiling;
  }

  bool isOpFusableWithConsumerSlice(Operation *op, unsigned, Offsets offsets,
                                    Offsets sizes) const {
    auto typed = mlir::cast<OpT>(op);
    Box result{llvm::to_vector(offsets), llvm::to_vector(sizes)};
    return !Model::findObstacle(typed) &&
           (Model::isAnyReadableFrom(typed, result) ||
            isOnSteps(op->getResult(0), result, Model::getResultSteps(typed),
                      /*wholeSteps=*/true));
  }

  //===--------------------------------------------------------------------===//
  // Tiles that a producer sets
  //===--------------------------------------------------------------------===//

  llvm::LogicalResult getIterationDomainTileFromOperandTiles(
      Operation *op, OpBuilder &b, llvm::ArrayRef<unsigned> operandNumbers,
      OffsetLists offsets, OffsetLists sizes,
      llvm::SmallVectorImpl<OpFoldResult> &domainOffsets,
      llvm::SmallVectorImpl<OpFoldResult> &domainSizes) const {
    if (!isOpFusableWithProducerSlices(op, operandNumbers, offsets, sizes))
      return llvm::failure();
    IndexBuilder index{b, op->getLoc()};
    auto typed = mlir::cast<OpT>(op);
    setDomain(typed,
              getGridOfBox(index, {offsets.front(), sizes.front()},
                           Model::getOperandSteps(typed)),
              domainOffsets, domainSizes);
    return llvm::success();
  }

  mlir::FailureOr<mlir::TilingResult> getTiledImplementationFromOperandTiles(
      Operation *op, OpBuilder &b, llvm::ArrayRef<unsigned> operandNumbers,
      OffsetLists offsets, OffsetLists sizes) const {
    llvm::SmallVector<OpFoldResult> domainOffsets, domainSizes;
    if (failed(getIterationDomainTileFromOperandTiles(
            op, b, operandNumbers, offsets, sizes, domainOffsets, domainSizes)))
      return llvm::failure();
    return getTiledImplementation(op, b, domainOffsets, domainSizes);
  }

  /// Only operand 0 can set the tile.
  bool isOpFusableWithProducerSlices(Operation *op,
                                     llvm::ArrayRef<unsigned> operandNumbers,
                                     OffsetLists offsets,
                                     OffsetLists sizes) const {
    auto typed = mlir::cast<OpT>(op);
    return operandNumbers.size() == 1 && operandNumbers.front() == 0 &&
           Model::hasElementsAsOperand(typed) && !Model::findObstacle(typed) &&
           isOnSteps(op->getOperand(0), {offsets.front(), sizes.front()},
                     Model::getOperandSteps(typed), /*wholeSteps=*/true);
  }

private:
  /// The elements and the result of a tile of the domain.
  static std::pair<Box, Box> getTile(IndexBuilder &index, OpT op,
                                     Offsets offsets, Offsets sizes) {
    Box grid{llvm::to_vector(offsets), llvm::to_vector(sizes)};
    Box elements = getElementsOfGrid(index, grid, Model::getSteps(op),
                                     Model::getElementSizes(index, op));
    return {elements, Model::getResult(index, op, grid, elements)};
  }

  /// `grid` may go on with dimensions that are whole in every step.
  static void setDomain(OpT op, const Box &grid,
                        llvm::SmallVectorImpl<OpFoldResult> &offsets,
                        llvm::SmallVectorImpl<OpFoldResult> &sizes) {
    size_t rank = Model::getSteps(op).size();
    offsets.assign(grid.offsets.begin(), grid.offsets.begin() + rank);
    sizes.assign(grid.sizes.begin(), grid.sizes.begin() + rank);
  }
};

} // namespace quantx

#endif // QUANTX_LIB_TRANSFORMS_GRIDTILING_H
