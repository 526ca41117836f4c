//===- QuantTypes.cpp - Upstream's quantized types as scaled ones ---------===//

#include "QuantTypes.h"

using namespace mlir;
using namespace mlir::quant;
using namespace quantx;

namespace {

/// The parameters of one of upstream's types, each over the grid of blocks.
struct Parameters {
  SmallVector<int64_t> block;
  SmallVector<int64_t> grid;
  SmallVector<double> scales;
  SmallVector<int64_t> zeroPoints;
};

} // namespace

static Parameters getParameters(UniformQuantizedType type, int64_t rank) {
  return {SmallVector<int64_t>(rank, ScaledType::kWholeDimension),
          SmallVector<int64_t>(rank, 1),
          {type.getScale()},
          {type.getZeroPoint()}};
}

static Parameters getParameters(UniformQuantizedPerAxisType type,
                                int64_t rank) {
  Parameters parameters{SmallVector<int64_t>(rank, ScaledType::kWholeDimension),
                        SmallVector<int64_t>(rank, 1),
                        llvm::to_vector(type.getScales()),
                        llvm::to_vector(type.getZeroPoints())};
  parameters.block[type.getQuantizedDimension()] = 1;
  parameters.grid[type.getQuantizedDimension()] = type.getScales().size();
  return parameters;
}

static Parameters getParameters(UniformQuantizedSubChannelType type,
                                int64_t rank) {
  Parameters parameters{SmallVector<int64_t>(rank, ScaledType::kWholeDimension),
                        llvm::to_vector(type.getScales().getType().getShape()),
                        {},
                        {}};
  for (auto [dim, size] : type.getBlockSizeInfo())
    parameters.block[dim] = size;
  for (const APFloat &scale : type.getScales().getValues<APFloat>())
    parameters.scales.push_back(scale.convertToDouble());
  for (const APInt &zeroPoint : type.getZeroPoints().getValues<APInt>()) {
    parameters.zeroPoints.push_back(type.isSigned() ? zeroPoint.getSExtValue()
                                                    : zeroPoint.getZExtValue());
  }
  return parameters;
}

static std::optional<Parameters> getParameters(Type type, int64_t rank) {
  if (auto uniform = dyn_cast<UniformQuantizedType>(type))
    return getParameters(uniform, rank);
  if (auto perAxis = dyn_cast<UniformQuantizedPerAxisType>(type))
    return getParameters(perAxis, rank);
  if (auto subChannel = dyn_cast<UniformQuantizedSubChannelType>(type))
    return getParameters(subChannel, rank);
  return std::nullopt;
}

FailureOr<QuantTensor>
quantx::convertQuantTensor(RankedTensorType tensor,
                           function_ref<InFlightDiagnostic()> emitError) {
  auto quantized = cast<QuantizedType>(tensor.getElementType());
  std::optional<Parameters> parameters =
      getParameters(quantized, tensor.getRank());
  if (!parameters)
    return emitError() << "expected a type of !quant.uniform, got "
                       << quantized;
  if (tensor.getRank() == 0)
    return emitError() << "expected a tensor of rank 1 or more, got " << tensor;
  unsigned bits = quantized.getStorageTypeIntegralWidth();
  if (bits < 2 || bits > 8)
    return emitError() << "expected storage of 2 to 8 bits, got " << bits
                       << " bits in " << quantized;
  Type expressed = quantized.getExpressedType();
  if (!expressed ||
      !(expressed.isF32() || expressed.isF16() || expressed.isBF16())) {
    return emitError() << "expected an expressed type of f32, f16 or bf16 in "
                       << quantized;
  }
  // Upstream's verifiers let no scale pass that the expressed type cannot hold.
  auto scales = llvm::map_to_vector(parameters->scales,
                                    [](double scale) { return float(scale); });
  MLIRContext *context = tensor.getContext();
  auto storage = IntegerType::get(context, bits,
                                  quantized.isSigned() ? IntegerType::Signless
                                                       : IntegerType::Unsigned);
  bool hasZeroPoint =
      llvm::any_of(parameters->zeroPoints, [](int64_t z) { return z != 0; });
  auto scaleType = Float32Type::get(context);
  QuantTensor result;
  result.type = ScaledType::getChecked(
      emitError, context, Type(storage), expressed, Type(scaleType),
      ArrayRef(parameters->block),
      /*globalType=*/Type(), hasZeroPoint ? storage : Type(),
      WeightLayout::Linear);
  if (!result.type)
    return failure();
  result.scales = DenseElementsAttr::get(
      RankedTensorType::get(parameters->grid, scaleType), ArrayRef(scales));
  if (hasZeroPoint) {
    auto zeroPoints =
        llvm::map_to_vector(parameters->zeroPoints, [&](int64_t zeroPoint) {
          return APInt(bits, uint64_t(zeroPoint), quantized.isSigned(),
                       /*implicitTrunc=*/true);
        });
    result.zeroPoints = DenseElementsAttr::get(
        RankedTensorType::get(parameters->grid, storage), zeroPoints);
  }
  return result;
}
