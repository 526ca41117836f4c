//===- Quantize.cpp - The kernel of quantize under given scales -----------===//

#include "Encode.h"
#include "Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

namespace {

struct QuantizeKernel : public KernelPattern<QuantizeOp> {
  using KernelPattern::KernelPattern;

  LogicalResult
  matchAndRewrite(QuantizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ScaledType type = op.getScaledType();
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, op.getLoc(), adaptor.getInput());
    KernelBuilder kernel(kernels.library, rewriter, op, kBlockSize);
    Value input = kernel.addInput("input", adaptor.getInput());
    ParameterViews parameters =
        addParameters(kernel, type, adaptor.getParameters());
    Value payload =
        kernel.addOutput("payload", kernel.getHost().getI8Type(),
                         getPayloadSizes(kernel.getHost(), type, sizes));
    JoinedShape shape = joinDimensions(kernel.getHost(), type, sizes);
    Rows rows(kernel, shape);
    UnitEncoder encoder = {type, op.getRounding(), op.getSaturate(), Value()};
    if (Value seed = adaptor.getSeed())
      encoder.seed = kernel.addScalar("seed", seed);
    UnitLayout layout = getEncodeLayout(type);
    buildEncodeUnits(kernel, rows, encoder, input, payload,
                     [&](const Unit &unit) {
                       return loadParameters(kernel.getBody(), parameters, rows,
                                             unit, layout.size);
                     });
    SmallVector<Value> parts = kernel.launch(countTiles(kernel, shape, layout));
    llvm::append_range(parts, adaptor.getParameters());
    replaceByParts(rewriter, op, *getTypeConverter(), parts);
    return success();
  }

private:
  static constexpr int64_t kBlockSize = 128;
};

} // namespace

void quantx::populateQuantizeKernelPatterns(const TypeConverter &converter,
                                            RewritePatternSet &patterns,
                                            KernelContext &kernels) {
  patterns.add<QuantizeKernel>(converter, patterns.getContext(), kernels);
}
