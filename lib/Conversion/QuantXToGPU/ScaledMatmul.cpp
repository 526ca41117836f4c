//===- ScaledMatmul.cpp - scaled_matmul to kernels ------------------------===//

#include "MatmulKernels.h"
#include "Patterns.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/IR/QuantXOps.h"
#include <functional>

using namespace mlir;
using namespace quantx;

/// K. Where it is dynamic in two scaled operands, each may count codes in the
/// last byte of a row that are none.
static OpFoldResult getSumSize(ImplicitLocOpBuilder &b, ScaledMatmulOp op) {
  auto getSize = [&](Value operand) {
    int64_t last = cast<RankedTensorType>(operand.getType()).getRank() - 1;
    return tensor::getMixedSize(b, b.getLoc(), operand, last);
  };
  OpFoldResult lhs = getSize(op.getLhs()), rhs = getSize(op.getRhs());
  if (getConstantIntValue(rhs))
    return rhs;
  if (getConstantIntValue(lhs) || !op.getLhsScaledType())
    return lhs;
  return arith::MinUIOp::create(b, cast<Value>(lhs), cast<Value>(rhs))
      .getResult();
}

namespace {

/// A kernel, and the most tokens that it is for.
struct MatmulChoice {
  int64_t mostTokens;
  std::function<Value(const MatmulKernelContext &)> build;
};

} // namespace

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

static MatmulChoice chooseTiling(const Matmul &matmul, int64_t mostTokens,
                                 const MatmulTiling &tiling) {
  return {mostTokens, [=](const MatmulKernelContext &context) {
            return buildTensorCoreMatmul(context, matmul, tiling);
          }};
}

static MatmulChoice chooseTiling(const Matmul &matmul, int64_t mostTokens,
                                 const FewTokensTiling &tiling) {
  return {mostTokens, [=](const MatmulKernelContext &context) {
            return buildFewTokensMatmul(context, matmul, tiling);
          }};
}

static MatmulChoice chooseTiling(const Matmul &matmul, int64_t mostTokens,
                                 const WarpgroupTiling &tiling) {
  return {mostTokens, [=](const MatmulKernelContext &context) {
            return buildWarpgroupMatmul(context, matmul, tiling);
          }};
}

/// Those that are for more than 8 tokens, where warpgroups multiply. With up to
/// 256, smaller tiles than there could be give work to more multiprocessors.
static void addWarpgroupChoices(SmallVectorImpl<MatmulChoice> &choices,
                                const Matmul &matmul) {
  int64_t before = 0;
  for (auto [mostTokens, tileTokens] : {std::pair(int64_t(64), int64_t(64)),
                                        std::pair(int64_t(256), int64_t(128)),
                                        std::pair(kUnlimited, kUnlimited)}) {
    WarpgroupTiling tiling = *findWarpgroupTiling(matmul, tileTokens);
    if (tiling.tokens == before)
      choices.pop_back();
    before = tiling.tokens;
    choices.push_back(chooseTiling(matmul, mostTokens, tiling));
  }
}

/// Those that are for more than 8 tokens.
static void addChoicesOfMany(SmallVectorImpl<MatmulChoice> &choices,
                             const Matmul &matmul, bool isF32) {
  if (findWarpgroupTiling(matmul, kUnlimited))
    return addWarpgroupChoices(choices, matmul);
  choices.push_back(chooseTiling(matmul, 64, MatmulTiling::getSome()));
  if (!isF32)
    choices.push_back(chooseTiling(
        matmul, kUnlimited, MatmulTiling::getMany(scalesBlockSums(matmul))));
}

/// The kernels for more and more tokens; the last one for any number.
static SmallVector<MatmulChoice> getChoices(const Matmul &matmul) {
  SmallVector<MatmulChoice> choices;
  if (suitsTensorCores(matmul)) {
    bool isStatic = getConstantIntValue(matmul.sizes.sum).has_value();
    bool isF32 = !matmul.lhs.type &&
                 getElementTypeOrSelf(matmul.lhs.parts.front()).isF32();
    // f32 multiply as three parts each, which take more registers.
    int64_t blocks = isF32 ? 2 : isStatic ? 4 : 3;
    unsigned bits = matmul.rhs.type.getStorageBits();
    if (suitsFewTokens(matmul)) {
      bool hasZeroPoint = matmul.rhs.type.hasZeroPoint();
      choices = {chooseTiling(matmul, 1,
                              FewTokensTiling::getOne(isStatic, hasZeroPoint)),
                 chooseTiling(matmul, 8, FewTokensTiling::getFew(isStatic))};
    } else {
      choices = {
          chooseTiling(matmul, 1, MatmulTiling::getOne(bits, isStatic, blocks)),
          chooseTiling(matmul, 8, MatmulTiling::getFew(blocks))};
    }
    addChoicesOfMany(choices, matmul, isF32);
  } else if (!suitsTensorMemory(matmul)) {
    choices.push_back({kUnlimited, [=](const MatmulKernelContext &context) {
                         return buildPlainMatmul(context, matmul);
                       }});
  }
  if (suitsTensorMemory(matmul)) {
    if (!choices.empty() && choices.back().mostTokens == kUnlimited)
      choices.pop_back();
    choices.push_back({kUnlimited, [=](const MatmulKernelContext &context) {
                         return buildTensorMemoryMatmul(context, matmul);
                       }});
  }
  choices.back().mostTokens = kUnlimited;
  return choices;
}

/// The result, by the kernel for its number of tokens: where that shows at run
/// time, one of several is launched then.
static Value buildMatmul(ImplicitLocOpBuilder &b,
                         const MatmulKernelContext &context,
                         OpFoldResult tokens, ArrayRef<MatmulChoice> choices) {
  const MatmulChoice &first = choices.front();
  auto build = [&]() -> SmallVector<Value> {
    return {first.build({context.library, b, context.op})};
  };
  auto tryNext = [&]() -> SmallVector<Value> {
    return {buildMatmul(b, context, tokens, choices.drop_front())};
  };
  if (std::optional<int64_t> constant = getConstantIntValue(tokens))
    return (*constant <= first.mostTokens ? build() : tryNext())[0];
  if (choices.size() == 1)
    return build()[0];
  IndexMath math(b);
  Value suits =
      math.lessEqual(math.get(tokens), math.constant(first.mostTokens));
  return buildIfElse(b, suits, build, tryNext)[0];
}

namespace {

struct ScaledMatmulKernel : public KernelPattern<ScaledMatmulOp> {
  using KernelPattern::KernelPattern;

  LogicalResult
  matchAndRewrite(ScaledMatmulOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value init = adaptor.getInit().front();
    SmallVector<OpFoldResult> shape =
        tensor::getMixedSizes(b, b.getLoc(), init);
    Matmul matmul = {{op.getLhsScaledType(), llvm::to_vector(adaptor.getLhs())},
                     {op.getScaledType(), llvm::to_vector(adaptor.getRhs())},
                     init,
                     {SmallVector<OpFoldResult>(ArrayRef(shape).drop_back(2)),
                      shape[shape.size() - 2], shape.back(), getSumSize(b, op)},
                     kernels.instructions};
    MatmulKernelContext context = {kernels.library, rewriter, op};
    Value result =
        buildMatmul(b, context, matmul.sizes.tokens, getChoices(matmul));
    rewriter.replaceOp(op,
                       castKernelResult(b, b.getLoc(), result, op.getType()));
    return success();
  }
};

} // namespace

void quantx::populateScaledMatmulKernelPatterns(const TypeConverter &converter,
                                                RewritePatternSet &patterns,
                                                KernelContext &kernels) {
  patterns.add<ScaledMatmulKernel>(converter, patterns.getContext(), kernels);
}
