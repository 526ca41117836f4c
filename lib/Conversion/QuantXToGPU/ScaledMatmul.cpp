//===- ScaledMatmul.cpp - scaled_matmul to kernels ------------------------===//

#include "MatmulKernels.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/IR/QuantXOps.h"

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

/// The result, by the kernel for its number of tokens: where that shows at run
/// time, one of several is launched then.
static Value buildMatmul(ImplicitLocOpBuilder &b,
                         const MatmulKernelContext &context,
                         const Matmul &matmul) {
  if (!suitsTensorCores(matmul))
    return buildPlainMatmul(context, matmul);
  struct Choice {
    int64_t mostTokens;
    MatmulTiling tiling;
  };
  bool isStatic = getConstantIntValue(matmul.sizes.sum).has_value();
  bool isF32 = !matmul.lhs.type &&
               getElementTypeOrSelf(matmul.lhs.parts.front()).isF32();
  // f32 multiply as three parts each, which take more registers.
  int64_t blocks = isF32 ? 2 : isStatic ? 4 : 3;
  unsigned bits = matmul.rhs.type.getStorageBits();
  SmallVector<Choice> choices = {
      {1, MatmulTiling::getOne(bits, isStatic, blocks)},
      {8, MatmulTiling::getFew(blocks)},
      {64, MatmulTiling::getSome()}};
  constexpr int64_t unlimited = std::numeric_limits<int64_t>::max();
  if (isF32)
    choices.back().mostTokens = unlimited;
  else
    choices.push_back(
        {unlimited, MatmulTiling::getMany(scalesBlockSums(matmul))});
  std::function<Value(ArrayRef<Choice>)> choose =
      [&](ArrayRef<Choice> rest) -> Value {
    int64_t mostTokens = rest.front().mostTokens;
    MatmulTiling tiling = rest.front().tiling;
    OpFoldResult tokens = matmul.sizes.tokens;
    auto build = [&]() -> SmallVector<Value> {
      return {buildTensorCoreMatmul({context.library, b, context.op}, matmul,
                                    tiling)};
    };
    if (std::optional<int64_t> constant = getConstantIntValue(tokens))
      return *constant <= mostTokens ? build()[0] : choose(rest.drop_front());
    if (rest.size() == 1)
      return build()[0];
    IndexMath math(b);
    Value suits = math.lessEqual(math.get(tokens), math.constant(mostTokens));
    auto tryNext = [&]() -> SmallVector<Value> {
      return {choose(rest.drop_front())};
    };
    return buildIfElse(b, suits, build, tryNext)[0];
  };
  return choose(choices);
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
                     kernels.hasBlockScaledMma};
    MatmulKernelContext context = {kernels.library, rewriter, op};
    Value result = buildMatmul(b, context, matmul);
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
