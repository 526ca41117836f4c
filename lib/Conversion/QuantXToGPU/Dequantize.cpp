//===- Dequantize.cpp - The kernel of dequantize --------------------------===//
//
// Each thread decodes what makes 16 bytes of values, some of these at once.
// Codes are read where they are packed, and scales once a unit where it lies in
// one block: neighbouring threads read them from the same line.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "Units.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Emit/PackedCodes.h"
#include "quantx/Emit/VectorPacking.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

/// The `size` values of packed codes.
static Value decodeUnit(ImplicitLocOpBuilder &b, ScaledType type, Value bytes,
                        ValueRange parameters, int64_t size) {
  ElementwiseBuilder arith(b, b.getLoc());
  auto ofBlocks = BlockParameters::get(type, parameters);
  bool isOneBlock = !isa<VectorType>(ofBlocks.scale.getType());
  if (isOneBlock && size == PackedDecoder::kCodes &&
      PackedDecoder::isPossible(type))
    return PackedDecoder{type}.decode(arith, bytes, ofBlocks);
  Value codes = emitUnpackCodes(arith, bytes, type.getStorageBits());
  BlockFactors factors = emitDequantizeFactors(arith, type, ofBlocks);
  return emitDequantizeElement(arith, type, codes,
                               spreadFactors(b, factors, size));
}

namespace {

struct DequantizeKernel : public KernelPattern<DequantizeOp> {
  using KernelPattern::KernelPattern;

  LogicalResult
  matchAndRewrite(DequantizeOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ScaledType type = op.getScaledType();
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, op.getLoc(), op.getInput());
    KernelBuilder kernel(kernels.library, rewriter, op, kBlockSize);
    Value payload = kernel.addInput("payload", adaptor.getInput().front());
    ParameterViews parameters =
        addParameters(kernel, type, adaptor.getInput().drop_front());
    Value values = kernel.addOutput("values", type.getExpressedType(), sizes);
    JoinedShape shape = joinDimensions(kernel.getHost(), type, sizes);
    Rows rows(kernel, shape);
    UnitLayout layout = {getUnitSize(type), kUnrolled};
    buildBody(kernel, rows, layout, {payload, parameters, values});
    Value result = kernel.launch(countTiles(kernel, shape, layout))[0];
    rewriter.replaceOp(
        op, castKernelResult(rewriter, op.getLoc(), result, op.getType()));
    return success();
  }

private:
  static constexpr int64_t kBlockSize = 128;
  static constexpr int64_t kUnrolled = 4;

  struct Views {
    Value payload;
    ParameterViews parameters;
    Value values;
  };

  static void buildBody(KernelBuilder &kernel, const Rows &rows,
                        UnitLayout layout, const Views &views) {
    ImplicitLocOpBuilder &b = kernel.getBody();
    ScaledType type = views.parameters.type;
    unsigned codeBits = type.getStorageBits();
    unsigned valueBits = type.getExpressedType().getIntOrFloatBitWidth();
    auto load = [&](const Unit &unit) {
      Value offset = rows.getByte(b, codeBits, unit.row, unit.column);
      SmallVector<Value> loaded = {
          loadUnit(b, views.payload, offset, unit, layout.size, codeBits)};
      llvm::append_range(
          loaded, loadParameters(b, views.parameters, rows, unit, layout.size));
      return loaded;
    };
    auto process = [&](const Unit &unit, ValueRange loaded) {
      Value values =
          decodeUnit(b, type, loaded.front(), loaded.drop_front(), layout.size);
      Value offset = rows.getElement(b, unit.row, unit.column);
      storeUnit(b, values, views.values, offset, unit, valueBits);
    };
    UnitAccess accesses[] = {
        {views.payload, codeBits, getUnitAlignment(layout.size, codeBits)},
        {views.values, valueBits, getUnitAlignment(layout.size, valueBits)}};
    buildUnits(kernel, rows, layout, accesses, {load, process});
  }
};

} // namespace

void quantx::populateDequantizeKernelPatterns(const TypeConverter &converter,
                                              RewritePatternSet &patterns,
                                              KernelContext &kernels) {
  patterns.add<DequantizeKernel>(converter, patterns.getContext(), kernels);
}
