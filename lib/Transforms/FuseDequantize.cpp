//===- FuseDequantize.cpp - Matmuls that decode their weights -------------===//

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "quantx/Format/Mutants.h"
#include "quantx/IR/QuantXOps.h"
#include "quantx/Transforms/Passes.h"
#include "llvm/ADT/SmallVectorExtras.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXFUSEDEQUANTIZE
#include "quantx/Transforms/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

namespace {

/// Dimensions of a loop nest, in the order in which an operand has them.
using LoopDims = SmallVector<unsigned>;

/// An operand, and the loop dimension of each of its own.
struct MappedOperand {
  Value value;
  LoopDims dims;
};

/// init + the sum over the dimension `sum` of inputs[0] * inputs[1].
struct Contraction {
  MappedOperand inputs[2], init;
  unsigned sum;
};

/// How a contraction is a scaled_matmul.
struct MatmulPlan {
  /// The scaled tensor.
  Value weights;
  MappedOperand other;
  LoopDims batches, rows;
  unsigned column;

  /// The dimensions of lhs and init, in their order, but for the last.
  LoopDims getOuter() const {
    return llvm::to_vector(llvm::concat<const unsigned>(batches, rows));
  }
};

} // namespace

/// `value` before it was extended.
static Value skipExtension(Value value) {
  auto extend = value.getDefiningOp<arith::ExtFOp>();
  return extend ? extend.getIn() : value;
}

/// Whether the body adds the product of both inputs to the output.
static bool addsProduct(Block &body) {
  if (isPlanted(Mutant::FusesAnyBody))
    return true;
  Value first = body.getArgument(0), second = body.getArgument(1),
        sum = body.getArgument(2);
  auto add = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add || (add.getLhs() != sum && add.getRhs() != sum))
    return false;
  Value product = add.getLhs() == sum ? add.getRhs() : add.getLhs();
  auto mul = product.getDefiningOp<arith::MulFOp>();
  if (!mul)
    return false;
  Value lhs = skipExtension(mul.getLhs()), rhs = skipExtension(mul.getRhs());
  return (lhs == first && rhs == second) || (lhs == second && rhs == first);
}

/// The operand, with its transpositions made part of its map; nothing where the
/// map does more than order dimensions.
static std::optional<MappedOperand> getMapped(linalg::LinalgOp op,
                                              OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (!map.isProjectedPermutation())
    return std::nullopt;
  MappedOperand mapped{operand.get(), {}};
  for (AffineExpr result : map.getResults())
    mapped.dims.push_back(cast<AffineDimExpr>(result).getPosition());
  while (auto transpose = mapped.value.getDefiningOp<linalg::TransposeOp>()) {
    if (!transpose.hasPureTensorSemantics())
      break;
    LoopDims dims(mapped.dims.size());
    for (auto [dim, source] :
         llvm::zip_equal(mapped.dims, transpose.getPermutation()))
      dims[source] = dim;
    mapped = {transpose.getInput(), dims};
  }
  return mapped;
}

/// Whether `value` has elements that widen to f32, or are f32.
static bool isWidened(Value value) {
  return isa<Float32Type, Float16Type, BFloat16Type>(
      getElementTypeOrSelf(value));
}

static std::optional<Contraction> findContraction(linalg::LinalgOp op) {
  SmallVector<unsigned> sums;
  op.getReductionDims(sums);
  if (!op.hasPureTensorSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || sums.size() != 1 ||
      op.getNumParallelLoops() + 1 != op.getNumLoops())
    return std::nullopt;
  OpOperand &lhs = *op.getDpsInputOperand(0), &rhs = *op.getDpsInputOperand(1),
            &init = *op.getDpsInitOperand(0);
  if (!getElementTypeOrSelf(init.get()).isF32() || !isWidened(lhs.get()) ||
      !isWidened(rhs.get()) || !addsProduct(*op.getBlock()))
    return std::nullopt;
  // The accumulator is written too: it counts as it is.
  std::optional<MappedOperand> first = getMapped(op, lhs),
                               second = getMapped(op, rhs);
  AffineMap initMap = op.getMatchingIndexingMap(&init);
  if (!first || !second || !initMap.isProjectedPermutation())
    return std::nullopt;
  Contraction found{{*first, *second}, {init.get(), {}}, sums.front()};
  for (AffineExpr result : initMap.getResults())
    found.init.dims.push_back(cast<AffineDimExpr>(result).getPosition());
  return found;
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

static LoopDims append(LoopDims dims, unsigned last) {
  dims.push_back(last);
  return dims;
}

/// How `contraction` is a scaled_matmul with its input number `index` for
/// weights.
static std::optional<MatmulPlan> findPlan(const Contraction &contraction,
                                          unsigned index) {
  const MappedOperand &weights = contraction.inputs[index];
  const MappedOperand &other = contraction.inputs[1 - index];
  ArrayRef<unsigned> initDims = contraction.init.dims;
  auto dequantize = weights.value.getDefiningOp<DequantizeOp>();
  ArrayRef<unsigned> dims = weights.dims;
  if (!dequantize || dims.size() < 2 || dims.back() != contraction.sum)
    return std::nullopt;
  MatmulPlan plan{dequantize.getInput(),
                  other,
                  llvm::to_vector(dims.drop_back(2)),
                  {},
                  dims[dims.size() - 2]};
  if (!llvm::is_contained(initDims, plan.column))
    return std::nullopt;
  for (unsigned dim : initDims)
    if (!llvm::is_contained(dims, dim))
      plan.rows.push_back(dim);
  // All of the other operand's dimensions are found, and those of init.
  LoopDims outer = plan.getOuter();
  bool isMatmul = outer.size() + 1 == other.dims.size() &&
                  outer.size() + 1 == initDims.size() &&
                  llvm::is_contained(other.dims, contraction.sum) &&
                  llvm::all_of(outer, [&](unsigned dim) {
                    return llvm::is_contained(other.dims, dim) &&
                           llvm::is_contained(initDims, dim);
                  });
  return isMatmul ? std::optional(plan) : std::nullopt;
}

static bool needsTransposition(const Contraction &contraction,
                               const MatmulPlan &plan) {
  LoopDims outer = plan.getOuter();
  return plan.other.dims != append(outer, contraction.sum) ||
         contraction.init.dims != append(outer, plan.column);
}

/// Whether the weights are known to be larger than what would be transposed for
/// them; a dynamic number of rows counts as small.
static bool areLarger(const Contraction &contraction, const MatmulPlan &plan) {
  auto weights = cast<RankedTensorType>(plan.weights.getType());
  ArrayRef<int64_t> sizes = weights.getShape().take_back(2);
  if (ShapedType::isDynamicShape(sizes))
    return false;
  auto init = cast<RankedTensorType>(contraction.init.value.getType());
  int64_t numRows = 1;
  for (auto [dim, size] :
       llvm::zip_equal(contraction.init.dims, init.getShape())) {
    if (!llvm::is_contained(plan.rows, dim))
      continue;
    if (ShapedType::isDynamic(size))
      return true;
    numRows *= size;
  }
  return numRows <= sizes[0] && numRows <= sizes[1];
}

/// The best plan: as things are, else with transpositions that pay.
static std::optional<MatmulPlan> findPlan(const Contraction &contraction) {
  std::optional<MatmulPlan> transposed;
  for (unsigned index : {1, 0}) {
    std::optional<MatmulPlan> plan = findPlan(contraction, index);
    if (!plan)
      continue;
    if (!needsTransposition(contraction, *plan))
      return plan;
    if (!transposed && areLarger(contraction, *plan))
      transposed = plan;
  }
  return transposed;
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

/// `value`, whose dimensions are `from`, with these in the order `to`.
static Value transposeTo(OpBuilder &builder, Location loc, Value value,
                         ArrayRef<unsigned> from, ArrayRef<unsigned> to) {
  if (from == to)
    return value;
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, value);
  SmallVector<int64_t> permutation;
  SmallVector<OpFoldResult> newSizes;
  for (unsigned dim : to) {
    permutation.push_back(llvm::find(from, dim) - from.begin());
    newSizes.push_back(sizes[permutation.back()]);
  }
  Value empty = tensor::EmptyOp::create(builder, loc, newSizes,
                                        getElementTypeOrSelf(value));
  return linalg::TransposeOp::create(builder, loc, value, empty, permutation)
      ->getResult(0);
}

/// Which dimensions of a tensor with all dimensions of rows are one of a matrix
/// for each batch, or the other way round where there is no row.
static SmallVector<ReassociationIndices> getGroups(const MatmulPlan &plan) {
  SmallVector<ReassociationIndices> groups;
  int64_t next = 0;
  for (size_t batch = 0; batch < plan.batches.size(); ++batch)
    groups.push_back({next++});
  if (plan.rows.empty()) {
    groups.push_back({next, next + 1});
    return groups;
  }
  groups.emplace_back();
  for (size_t row = 0; row < plan.rows.size(); ++row)
    groups.back().push_back(next++);
  groups.push_back({next});
  return groups;
}

/// `value`, with all dimensions of rows, as a matrix for each batch.
static Value toMatrices(OpBuilder &builder, Location loc, Value value,
                        const MatmulPlan &plan) {
  if (plan.rows.size() == 1)
    return value;
  SmallVector<ReassociationIndices> groups = getGroups(plan);
  if (!plan.rows.empty())
    return tensor::CollapseShapeOp::create(builder, loc, value, groups);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, value);
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.insert(shape.end() - 1, 1);
  sizes.insert(sizes.end() - 1, builder.getIndexAttr(1));
  return tensor::ExpandShapeOp::create(builder, loc, type.clone(shape), value,
                                       groups, sizes);
}

/// The inverse: `value` in the shape of `original`.
static Value fromMatrices(OpBuilder &builder, Location loc, Value value,
                          Value original, const MatmulPlan &plan) {
  if (plan.rows.size() == 1)
    return value;
  Type type = original.getType();
  if (plan.rows.empty()) {
    return tensor::CollapseShapeOp::create(builder, loc, type, value,
                                           getGroups(plan));
  }
  return tensor::ExpandShapeOp::create(
      builder, loc, type, value, getGroups(plan),
      tensor::getMixedSizes(builder, loc, original));
}

static Value buildMatmul(OpBuilder &builder, Location loc,
                         const Contraction &contraction,
                         const MatmulPlan &plan) {
  LoopDims outer = plan.getOuter();
  LoopDims lhsDims = append(outer, contraction.sum);
  LoopDims initDims = append(outer, plan.column);
  Value lhs = plan.other.value;
  auto scaled = lhs.getDefiningOp<DequantizeOp>();
  if (scaled && plan.other.dims == lhsDims && plan.rows.size() == 1) {
    lhs = scaled.getInput();
  } else {
    lhs = transposeTo(builder, loc, lhs, plan.other.dims, lhsDims);
    lhs = toMatrices(builder, loc, lhs, plan);
  }
  Value init = transposeTo(builder, loc, contraction.init.value,
                           contraction.init.dims, initDims);
  Value result = ScaledMatmulOp::create(builder, loc, lhs, plan.weights,
                                        toMatrices(builder, loc, init, plan));
  result = fromMatrices(builder, loc, result, init, plan);
  return transposeTo(builder, loc, result, initDims, contraction.init.dims);
}

namespace {

struct FuseDequantize : public OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Contraction> contraction = findContraction(op);
    if (!contraction)
      return rewriter.notifyMatchFailure(op, "no contraction with sums in f32");
    std::optional<MatmulPlan> plan = findPlan(*contraction);
    if (!plan) {
      return rewriter.notifyMatchFailure(
          op, "no dequantize summed along its last dimension, or too much to "
              "transpose for one");
    }
    rewriter.replaceOp(op,
                       buildMatmul(rewriter, op.getLoc(), *contraction, *plan));
    return success();
  }
};

struct FuseDequantizePass
    : public quantx::impl::QuantXFuseDequantizeBase<FuseDequantizePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateFuseDequantizePatterns(patterns);
    // What is not fused stays as it was.
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false);
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace

void quantx::populateFuseDequantizePatterns(RewritePatternSet &patterns) {
  patterns.add<FuseDequantize>(patterns.getContext());
}
