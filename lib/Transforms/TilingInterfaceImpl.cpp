//===- TilingInterfaceImpl.cpp - How quantx ops are tiled -----------------===//
//
// Not tiled, because a tile would change the answer: an op that chooses a
// global scale (it needs the whole tensor), one with weights (a tile's blocks
// have others than the first) and stochastic rounding (its random numbers are
// keyed by the index in the whole tensor).
//
//===----------------------------------------------------------------------===//

#include "quantx/Transforms/TilingInterfaceImpl.h"
#include "GridTiling.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/DialectRegistry.h"
#include "quantx/Transforms/Alignment.h"
#include <numeric>
#include <utility>

using namespace mlir;
using namespace quantx;

/// The steps of an op that makes scaled tensors. A whole dimension is one step:
/// the tile that writes its scale has seen, or has, all of it.
static SmallVector<int64_t> getScaledSteps(ScaledType type) {
  SmallVector<int64_t> steps = getSliceSteps(type);
  for (auto [dim, step] : llvm::enumerate(steps))
    if (type.isWholeDimension(dim))
      step = kWholeStep;
  return steps;
}

/// The last step of codes that have whole bytes of their own, and the bytes.
static SmallVector<int64_t> getCodeSteps(RankedTensorType codes,
                                         Packing packing) {
  SmallVector<int64_t> steps(codes.getRank(), 1);
  steps.back() = getCodesPerBlock(packing, codes.getElementTypeBitWidth());
  return steps;
}

static SmallVector<int64_t> getByteSteps(RankedTensorType codes,
                                         Packing packing) {
  SmallVector<int64_t> steps = getCodeSteps(codes, packing);
  steps.back() = steps.back() * codes.getElementTypeBitWidth() / 8;
  return steps;
}

static std::optional<StringRef> findRoundingObstacle(Rounding rounding) {
  if (rounding == Rounding::Stochastic)
    return "stochastic rounding depends on the index in the whole tensor";
  return std::nullopt;
}

static constexpr StringLiteral kGlobalObstacle =
    "the global scale depends on the whole tensor";

template <typename OpT>
static std::optional<StringRef> findMethodObstacle(OpT op) {
  if (op.getScaledType().hasGlobal() && !op.getGlobal())
    return kGlobalObstacle;
  if (op.getWeights())
    return "the weights are of the blocks of the whole tensor";
  return std::nullopt;
}

/// Where the parameters of `elements`, which begin on blocks, are.
static Box getScales(IndexBuilder &index, ScaledType type,
                     const Box &elements) {
  return getGridOfBox(index, elements, type.getBlockShape());
}

namespace {

struct ChooseQParamsTiling
    : public GridTiling<ChooseQParamsTiling, ChooseQParamsOp> {
  static std::optional<StringRef> findObstacle(ChooseQParamsOp op) {
    if (op.getGlobal())
      return "one of its results, the global scale, is not of a tile; a "
             "dynamic_quantize under it can be tiled";
    return findMethodObstacle(op);
  }
  static SmallVector<int64_t> getSteps(ChooseQParamsOp op) {
    return llvm::to_vector(op.getScaledType().getBlockShape());
  }

  // The results are over the grid itself.
  static SmallVector<int64_t> getResultSteps(ChooseQParamsOp op) {
    return SmallVector<int64_t>(op.getScaledType().getBlockRank(), 1);
  }
  static Box getResult(IndexBuilder &, ChooseQParamsOp, const Box &grid,
                       const Box &) {
    return grid;
  }
  static Box getElementsOfResult(IndexBuilder &index, ChooseQParamsOp op,
                                 const Box &result) {
    SmallVector<int64_t> steps = getSteps(op);
    Box elements =
        getElementsOfGrid(index, result, steps, getElementSizes(index, op));
    useKnownSizes(result, steps, op.getInput(), elements);
    return elements;
  }
};

struct QuantizeTiling : public GridTiling<QuantizeTiling, QuantizeOp> {
  static std::optional<StringRef> findObstacle(QuantizeOp op) {
    return findRoundingObstacle(op.getRounding());
  }
  static SmallVector<int64_t> getSteps(QuantizeOp op) {
    return getScaledSteps(op.getScaledType());
  }
  // The scales are given: a tile need not end on a block.
  static bool isAnyReadableFrom(QuantizeOp op, const Box &result) {
    return isOnSteps(op.getResult(), result, getSliceSteps(op.getScaledType()),
                     /*wholeSteps=*/false);
  }

  static TilingResult build(IndexBuilder &index, QuantizeOp op,
                            const Box &elements, const Box &result) {
    TilingResult tiling;
    SmallVector<Value> operands = {
        createSlice(index, op.getInput(), elements, tiling)};
    Box scales = getScales(index, op.getScaledType(), elements);
    for (Value parameter : op.getParameters()) {
      bool isGlobal =
          cast<RankedTensorType>(parameter.getType()).getRank() == 0;
      operands.push_back(
          isGlobal ? parameter : createSlice(index, parameter, scales, tiling));
    }
    addTiledOp(index, op, operands, result, tiling);
    return tiling;
  }
};

struct DynamicQuantizeTiling
    : public GridTiling<DynamicQuantizeTiling, DynamicQuantizeOp> {
  static std::optional<StringRef> findObstacle(DynamicQuantizeOp op) {
    if (std::optional<StringRef> obstacle =
            findRoundingObstacle(op.getRounding()))
      return obstacle;
    return findMethodObstacle(op);
  }
  static SmallVector<int64_t> getSteps(DynamicQuantizeOp op) {
    return getScaledSteps(op.getScaledType());
  }

  static TilingResult build(IndexBuilder &index, DynamicQuantizeOp op,
                            const Box &elements, const Box &result) {
    TilingResult tiling;
    SmallVector<Value> operands = {
        createSlice(index, op.getInput(), elements, tiling)};
    if (op.getGlobal())
      operands.push_back(op.getGlobal());
    addTiledOp(index, op, operands, result, tiling);
    return tiling;
  }
};

struct DequantizeTiling : public GridTiling<DequantizeTiling, DequantizeOp> {
  static std::optional<StringRef> findObstacle(DequantizeOp) {
    return std::nullopt;
  }
  static SmallVector<int64_t> getSteps(DequantizeOp op) {
    return getSliceSteps(op.getScaledType());
  }
  static bool isAnyReadableFrom(DequantizeOp op, const Box &result) {
    return isOnSteps(op.getResult(), result, getSteps(op),
                     /*wholeSteps=*/false);
  }
};

struct PackTiling : public GridTiling<PackTiling, PackOp> {
  static std::optional<StringRef> findObstacle(PackOp) { return std::nullopt; }
  static SmallVector<int64_t> getSteps(PackOp op) {
    return getCodeSteps(op.getCodes().getType(), op.getPacking());
  }
  static SmallVector<int64_t> getResultSteps(PackOp op) {
    return getByteSteps(op.getCodes().getType(), op.getPacking());
  }
  static Box getResult(IndexBuilder &index, PackOp op, const Box &,
                       const Box &codes) {
    return getBytesOfCodes(index, codes,
                           op.getCodes().getType().getElementTypeBitWidth());
  }
  static Box getElementsOfResult(IndexBuilder &index, PackOp op,
                                 const Box &bytes) {
    Box groups = getGridOfBox(index, bytes, getResultSteps(op));
    return getElementsOfGrid(index, groups, getSteps(op),
                             getElementSizes(index, op));
  }
};

struct UnpackTiling : public GridTiling<UnpackTiling, UnpackOp> {
  static std::optional<StringRef> findObstacle(UnpackOp) {
    return std::nullopt;
  }
  static SmallVector<int64_t> getSteps(UnpackOp op) {
    return getCodeSteps(op.getType(), op.getPacking());
  }
  static SmallVector<int64_t> getOperandSteps(UnpackOp op) {
    return getByteSteps(op.getType(), op.getPacking());
  }
  static SmallVector<OpFoldResult> getElementSizes(IndexBuilder &index,
                                                   UnpackOp op) {
    ReifiedRankedShapedTypeDims shapes;
    LogicalResult reified = op.reifyResultShapes(index.b, shapes);
    assert(succeeded(reified) && "the shape follows from the operand's");
    (void)reified;
    return shapes.front();
  }
  // Not so where the place of a code depends on how many follow it.
  static bool isAnyReadableFrom(UnpackOp op, const Box &result) {
    return op.getPacking() == Packing::Linear &&
           isOnSteps(op.getResult(), result, getSteps(op),
                     /*wholeSteps=*/false);
  }

  static TilingResult build(IndexBuilder &index, UnpackOp op, const Box &codes,
                            const Box &result) {
    TilingResult tiling;
    Box bytes =
        getBytesOfCodes(index, codes, op.getType().getElementTypeBitWidth());
    Value operand = createSlice(index, op.getBytes(), bytes, tiling);
    addTiledOp(index, op, operand, result, tiling);
    dropPadding(index, op, result, tiling.tiledValues.front());
    return tiling;
  }

private:
  /// A row of dynamic size has as many codes as its bytes hold: cuts a tile
  /// that may end within a byte to its size.
  static void dropPadding(IndexBuilder &index, UnpackOp op, const Box &result,
                          Value &codes) {
    OpFoldResult size = result.sizes.back();
    auto type = cast<RankedTensorType>(codes.getType());
    unsigned bits = type.getElementTypeBitWidth();
    if (getConstantIntValue(size) ||
        isKnownMultipleOf(size, getCodesPerByteGroup(bits)))
      return;
    SmallVector<OpFoldResult> zeros(type.getRank(), index.constant(0));
    SmallVector<OpFoldResult> ones(type.getRank(), index.constant(1));
    codes = tensor::ExtractSliceOp::create(index.b, index.loc, codes, zeros,
                                           result.sizes, ones);
  }
};

// Elements are the linear scales, in steps of a tile.
struct RelayoutScalesTiling
    : public GridTiling<RelayoutScalesTiling, RelayoutScalesOp> {
  static std::optional<StringRef> findObstacle(RelayoutScalesOp) {
    return std::nullopt;
  }
  static SmallVector<int64_t> getSteps(RelayoutScalesOp op) {
    SmallVector<int64_t> steps(op.getLinearType().getRank() - 2, 1);
    steps.push_back(RelayoutScalesOp::kTileRows);
    steps.push_back(RelayoutScalesOp::kTileColumns);
    return steps;
  }
  static SmallVector<int64_t> getResultSteps(RelayoutScalesOp op) {
    return op.makesTiles() ? getTileSteps(op) : getSteps(op);
  }
  static SmallVector<int64_t> getOperandSteps(RelayoutScalesOp op) {
    return op.makesTiles() ? getSteps(op) : getTileSteps(op);
  }
  static SmallVector<OpFoldResult> getElementSizes(IndexBuilder &index,
                                                   RelayoutScalesOp op) {
    return op.getLinearSizes(index.b, op.getScales(), op.getSizes());
  }
  static Box getResult(IndexBuilder &index, RelayoutScalesOp op,
                       const Box &grid, const Box &elements) {
    return op.makesTiles() ? getTiles(index, grid) : elements;
  }
  static Box getElementsOfResult(IndexBuilder &index, RelayoutScalesOp op,
                                 const Box &result) {
    if (!op.makesTiles())
      return result;
    SmallVector<int64_t> steps = getSteps(op);
    Box grid = result;
    grid.offsets.truncate(steps.size());
    grid.sizes.truncate(steps.size());
    Box elements =
        getElementsOfGrid(index, grid, steps, getElementSizes(index, op));
    useKnownSizes(grid, steps, op.getScales(), elements);
    return elements;
  }
  // Sizes are given: a tile need not end with a tile of the scales.
  static bool isAnyReadableFrom(RelayoutScalesOp op, const Box &result) {
    return !op.makesTiles() && isOnSteps(op.getResult(), result, getSteps(op),
                                         /*wholeSteps=*/false);
  }

  static TilingResult build(IndexBuilder &index, RelayoutScalesOp op,
                            const Box &elements, const Box &result) {
    TilingResult tiling;
    Box source =
        op.makesTiles()
            ? elements
            : getTiles(index, getGridOfBox(index, elements, getSteps(op)));
    SmallVector<Value> operands = {
        createSlice(index, op.getScales(), source, tiling)};
    if (!op.makesTiles()) {
      for (OpFoldResult size : ArrayRef(elements.sizes).take_back(2))
        if (!getConstantIntValue(size))
          operands.push_back(cast<Value>(size));
    }
    addTiledOp(index, op, operands, result, tiling);
    return tiling;
  }

private:
  static SmallVector<int64_t> getTileSteps(RelayoutScalesOp op) {
    SmallVector<int64_t> steps(op.getLinearType().getRank(), 1);
    steps.append({kWholeStep, kWholeStep});
    return steps;
  }
  static Box getTiles(IndexBuilder &index, const Box &grid) {
    Box tiles = grid;
    tiles.offsets.append(2, index.constant(0));
    tiles.sizes.push_back(index.constant(RelayoutScalesOp::kTileLines));
    tiles.sizes.push_back(index.constant(RelayoutScalesOp::kTileLineSize));
    return tiles;
  }
};

// Elements are those of the result; the sum is within a tile.
struct ScaledMatmulTiling
    : public GridTiling<ScaledMatmulTiling, ScaledMatmulOp> {
  static std::optional<StringRef> findObstacle(ScaledMatmulOp op) {
    if (op.getScaledType().isLinear())
      return std::nullopt;
    return "its weights have packing rows16";
  }
  static SmallVector<int64_t> getSteps(ScaledMatmulOp op) {
    SmallVector<int64_t> steps = getSliceSteps(op.getScaledType());
    size_t row = steps.size() - 2;
    steps.back() = std::exchange(steps[row], 1);
    if (ScaledType lhs = op.getLhsScaledType()) {
      SmallVector<int64_t> lhsSteps = getSliceSteps(lhs);
      for (size_t dim = 0; dim <= row; ++dim)
        steps[dim] = std::lcm(steps[dim], lhsSteps[dim]);
    }
    return steps;
  }
  static SmallVector<OpFoldResult> getElementSizes(IndexBuilder &index,
                                                   ScaledMatmulOp op) {
    return tensor::getMixedSizes(index.b, index.loc, op.getInit());
  }
  static bool hasElementsAsOperand(ScaledMatmulOp) { return false; }
  static bool isAnyReadableFrom(ScaledMatmulOp op, const Box &result) {
    return isOnSteps(op.getResult(), result, getSteps(op),
                     /*wholeSteps=*/false);
  }

  static TilingResult build(IndexBuilder &index, ScaledMatmulOp op,
                            const Box &elements, const Box &result) {
    TilingResult tiling;
    size_t row = elements.offsets.size() - 2, column = row + 1;
    // The rows `dim` of the tile in an operand, each of them whole.
    auto slice = [&](Value operand, size_t dim) {
      Box box = elements;
      box.offsets[row] = elements.offsets[dim];
      box.sizes[row] = elements.sizes[dim];
      box.offsets[column] = index.constant(0);
      box.sizes[column] =
          tensor::getMixedSize(index.b, index.loc, operand, column);
      return createSlice(index, operand, box, tiling);
    };
    Value lhs = slice(op.getLhs(), row);
    Value rhs = slice(op.getRhs(), column);
    Value init = createSlice(index, op.getInit(), elements, tiling);
    Operation *tiled = clone(index.b, op, init.getType(), {lhs, rhs, init});
    tiling.tiledOps = {tiled};
    tiling.tiledValues = {tiled->getResult(0)};
    return tiling;
  }
};

} // namespace

void quantx::registerTilingInterfaceExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, QuantXDialect *) {
    ChooseQParamsOp::attachInterface<ChooseQParamsTiling>(*context);
    QuantizeOp::attachInterface<QuantizeTiling>(*context);
    DynamicQuantizeOp::attachInterface<DynamicQuantizeTiling>(*context);
    DequantizeOp::attachInterface<DequantizeTiling>(*context);
    PackOp::attachInterface<PackTiling>(*context);
    UnpackOp::attachInterface<UnpackTiling>(*context);
    RelayoutScalesOp::attachInterface<RelayoutScalesTiling>(*context);
    ScaledMatmulOp::attachInterface<ScaledMatmulTiling>(*context);
    // What tiles are made of.
    context->loadDialect<affine::AffineDialect, arith::ArithDialect,
                         tensor::TensorDialect>();
  });
}
