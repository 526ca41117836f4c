//===- ChooseQParams.cpp - Kernels of choose_qparams and dynamic_quantize -===//

#include "Choose.h"
#include "Patterns.h"
#include "TensorReduction.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Emit/ScaleMethods.h"

using namespace mlir;
using namespace quantx;

/// Whether the rows of the weights (index), on the host, have the shape that
/// they must have for `spec`: these, else 0.
static Value countWeightRows(ImplicitLocOpBuilder &host,
                             const ChooseKernelSpec &spec, Value weights) {
  IndexMath math(host);
  unsigned dim = *spec.type.getBlockedDimension();
  Value rows = math.get(spec.sizes[dim]);
  Value count = math.constant(1);
  if (!spec.type.isWholeDimension(dim)) {
    int64_t block = spec.type.getBlockShape()[dim];
    count = math.ceilDiv(rows, block);
    rows = math.constant(block);
  }
  Value fits;
  auto type = cast<RankedTensorType>(weights.getType());
  for (auto [index, expected] :
       llvm::enumerate(ValueRange{count, rows, rows})) {
    if (!type.isDynamicDim(index))
      continue;
    Value size = tensor::DimOp::create(host, weights, index);
    Value agrees =
        arith::CmpIOp::create(host, arith::CmpIPredicate::eq, size, expected);
    fits = fits ? math.logicalAnd(fits, agrees) : agrees;
  }
  return fits ? math.select(fits, rows, math.constant(0)) : rows;
}

/// Whether (i1) this is the first thread of the grid.
static Value isFirstThread(KernelBuilder &kernel) {
  IndexMath math = kernel.getMath();
  ImplicitLocOpBuilder &b = kernel.getBody();
  Value block = gpu::BlockIdOp::create(b, gpu::Dimension::x);
  Value thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  return math.equal(math.bitOr(block, thread), 0);
}

/// Makes the global scale, where it is to be chosen, of what the tensor was
/// reduced to, and stores it once.
static void buildGlobal(KernelBuilder &kernel, ScaledType type,
                        ChooseViews &views) {
  ImplicitLocOpBuilder &b = kernel.getBody();
  IndexMath math = kernel.getMath();
  KernelBlockComputation blocks(b, type, /*elements=*/nullptr,
                                /*global=*/Value(), views.reduced);
  views.global = buildGlobalScale(blocks);
  buildIf(b, isFirstThread(kernel), [&] {
    memref::StoreOp::create(b, views.global, views.globalResult,
                            math.constant(0));
  });
}

/// Whether the tensor is one block, which is gone over by a whole grid.
static bool isReducedByGrid(const ChooseKernelSpec &spec) {
  ScaledType type = spec.type;
  auto isWhole = [&](unsigned dim) { return type.isWholeDimension(dim); };
  return !type.hasGlobal() &&
         llvm::all_of(llvm::seq(type.getBlockRank()), isWhole) &&
         needsReductionsAlone(spec.method);
}

/// As `buildChooseKernels` of such a tensor: a kernel that reduces it, and one
/// that encodes.
static SmallVector<Value>
buildWholeTensorKernels(KernelContext &kernels, OpBuilder &builder,
                        Operation *op, const ChooseKernelSpec &spec,
                        const ChooseOperands &operands) {
  ScaledType type = spec.type;
  LaunchedReduction reduction =
      launchReduction(kernels, builder, op, type, spec.method, operands.input);
  constexpr int64_t blockSize = 128;
  KernelBuilder kernel(kernels.library, builder, op, blockSize);
  ImplicitLocOpBuilder &host = kernel.getHost(), &b = kernel.getBody();
  ChooseViews views;
  views.input = kernel.addInput("input", operands.input);
  ReducedTensor reduced = reduction.load(kernel);
  if (spec.encodes) {
    views.payload = kernel.addOutput("payload", host.getI8Type(),
                                     getPayloadSizes(host, type, spec.sizes));
  }
  SmallVector<OpFoldResult> grid = getGridSizes(host, type, spec.sizes);
  views.scales = kernel.addOutput("scales", type.getScaleType(), grid);
  if (type.hasZeroPoint())
    views.zeroPoints = kernel.addOutput("zero_points", host.getI8Type(), grid);
  JoinedShape shape = joinDimensions(host, type, spec.sizes);
  Rows rows(kernel, shape);
  if (operands.seed)
    views.seed = kernel.addScalar("seed", operands.seed);

  KernelBlockComputation blocks(b, type, /*elements=*/nullptr,
                                /*global=*/Value(), reduced);
  SmallVector<Value> parameters = spec.method.buildParameters(blocks);
  buildIf(b, isFirstThread(kernel), [&] {
    storeParameters(b, views, parameters, kernel.getMath().constant(0));
  });
  Value tiles = kernel.getHostMath().constant(1);
  if (spec.encodes) {
    UnitEncoder encoder = {type, spec.rounding, spec.saturate, views.seed};
    buildEncodeUnits(kernel, rows, encoder, views.input, views.payload,
                     [&](const Unit &) { return parameters; });
    tiles = countTiles(kernel, shape, getEncodeLayout(type));
  }
  return kernel.launch(tiles);
}

/// Builds and launches the kernels: the payload, where `spec` encodes, then the
/// parameters.
static SmallVector<Value> buildChooseKernels(KernelContext &kernels,
                                             OpBuilder &builder, Operation *op,
                                             const ChooseKernelSpec &spec,
                                             const ChooseOperands &operands) {
  if (isReducedByGrid(spec))
    return buildWholeTensorKernels(kernels, builder, op, spec, operands);
  ScaledType type = spec.type;
  ImplicitLocOpBuilder host(op->getLoc(), builder);
  std::optional<LaunchedReduction> reduction;
  if (type.hasGlobal() && !operands.global)
    reduction =
        launchGlobalReduction(kernels, builder, op, type, operands.input);
  JoinedShape shape = joinDimensions(host, type, spec.sizes,
                                     /*joinsRows=*/!operands.weights);
  bool isInLanes = fitsLanes(spec, shape);
  constexpr int64_t laneThreads = 128;
  KernelBuilder kernel(kernels.library, builder, op,
                       isInLanes ? laneThreads : getThreadBlockSize(type));
  ChooseViews views;
  views.input = kernel.addInput("input", operands.input);
  Value weights;
  if (operands.weights)
    weights = kernel.addInput("weights", operands.weights);
  if (operands.global) {
    Value view = kernel.addInput("global_scale", operands.global);
    views.global = memref::LoadOp::create(kernel.getBody(), view,
                                          kernel.getMath().constant(0));
  } else if (reduction) {
    views.reduced = reduction->load(kernel);
  }
  Type byte = host.getI8Type();
  if (spec.encodes) {
    views.payload = kernel.addOutput("payload", byte,
                                     getPayloadSizes(host, type, spec.sizes));
  }
  SmallVector<OpFoldResult> grid = getGridSizes(host, type, spec.sizes);
  views.scales = kernel.addOutput("scales", type.getScaleType(), grid);
  if (type.hasZeroPoint())
    views.zeroPoints = kernel.addOutput("zero_points", byte, grid);
  if (reduction)
    views.globalResult =
        kernel.addOutput("global_scale", host.getF32Type(), {});
  Rows rows(kernel, shape);
  if (weights) {
    Value count = countWeightRows(host, spec, operands.weights);
    views.weights = {weights,
                     kernel.addSize("weight_rows", getAsOpFoldResult(count))};
  }
  if (operands.seed)
    views.seed = kernel.addScalar("seed", operands.seed);
  if (reduction)
    buildGlobal(kernel, type, views);
  Value tiles = isInLanes ? buildLaneBlocks(kernel, spec, shape, rows, views)
                          : buildThreadBlocks(kernel, spec, shape, rows, views);
  SmallVector<Value> results = kernel.launch(tiles);
  if (operands.global)
    results.push_back(operands.global);
  return results;
}

namespace {

struct ChooseGlobalKernel : public KernelPattern<ChooseGlobalOp> {
  using KernelPattern::KernelPattern;

  LogicalResult
  matchAndRewrite(ChooseGlobalOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ScaledType type = op.getScaledType();
    LaunchedReduction reduction =
        launchGlobalReduction(kernels, rewriter, op, type, adaptor.getInput());
    KernelBuilder kernel(kernels.library, rewriter, op, kWarpSize);
    ChooseViews views;
    views.reduced = reduction.load(kernel);
    views.globalResult =
        kernel.addOutput("global_scale", rewriter.getF32Type(), {});
    buildGlobal(kernel, type, views);
    rewriter.replaceOp(op, kernel.launch(kernel.getHostMath().constant(1)));
    return success();
  }
};

struct ChooseQParamsKernel : public KernelPattern<ChooseQParamsOp> {
  using KernelPattern::KernelPattern;

  LogicalResult
  matchAndRewrite(ChooseQParamsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ScaledType type = op.getScaledType();
    ChooseKernelSpec spec = {
        type, op.getMethod(),
        tensor::getMixedSizes(rewriter, op.getLoc(), adaptor.getInput()),
        /*encodes=*/false};
    SmallVector<Value> parameters =
        buildChooseKernels(kernels, rewriter, op, spec,
                           {adaptor.getInput(), adaptor.getWeights(),
                            adaptor.getGlobal(), Value()});
    for (auto [value, result] :
         llvm::zip_equal(parameters, op.getParameters())) {
      Type resultType = getTypeConverter()->convertType(result.getType());
      value = castKernelResult(rewriter, op.getLoc(), value, resultType);
    }
    rewriter.replaceOp(op, parameters);
    return success();
  }
};

struct DynamicQuantizeKernel : public KernelPattern<DynamicQuantizeOp> {
  using KernelPattern::KernelPattern;

  LogicalResult
  matchAndRewrite(DynamicQuantizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ScaledType type = op.getScaledType();
    ChooseKernelSpec spec = {
        type,
        op.getMethod(),
        tensor::getMixedSizes(rewriter, op.getLoc(), adaptor.getInput()),
        /*encodes=*/true,
        op.getRounding(),
        op.getSaturate()};
    SmallVector<Value> parts =
        buildChooseKernels(kernels, rewriter, op, spec,
                           {adaptor.getInput(), adaptor.getWeights(),
                            adaptor.getGlobal(), adaptor.getSeed()});
    replaceByParts(rewriter, op, *getTypeConverter(), parts);
    return success();
  }
};

} // namespace

bool quantx::isOneKernel(DynamicQuantizeOp op) {
  ScaledType type = op.getScaledType();
  // What lanes hold is whole bytes too.
  return canEncodeThreadBlocks(type);
}

void quantx::populateChooseKernelPatterns(const TypeConverter &converter,
                                          RewritePatternSet &patterns,
                                          KernelContext &kernels) {
  patterns.add<ChooseGlobalKernel, ChooseQParamsKernel, DynamicQuantizeKernel>(
      converter, patterns.getContext(), kernels);
}
