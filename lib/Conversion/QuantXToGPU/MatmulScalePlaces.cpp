//===- MatmulScalePlaces.cpp - Where scales go in matrix products ---------===//

#include "MatmulDirectLoads.h"
#include "MatmulKernels.h"
#include "MatmulStages.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace quantx;

bool quantx::canScaleSums(ScaledType type) {
  return type.getExpressedType().isF32() ||
         (type.getExpressedType().isBF16() && !type.hasGlobal() &&
          isExactInHalf(type, type.getExpressedType()));
}

/// Where the scales of an operand go; none where there is no place. A lane's
/// elements of a step are in one block, and those of all lanes are where the
/// scale multiplies their sum.
static std::optional<ScalePlace> findScalePlace(ScaledType type, Type element,
                                                bool prefersSums) {
  if (!type)
    return ScalePlace::None;
  if (!canDecodePairs(type) || !canScaleSums(type))
    return std::nullopt;
  int64_t block = type.getBlockShape().back();
  if (block == ScaledType::kWholeDimension)
    return ScalePlace::RowSums;
  bool isInStep = block % kStepSize == 0;
  if (!isInStep && (kStepSize % block != 0 || block % kLaneElements != 0))
    return std::nullopt;
  if (isInStep && prefersSums)
    return ScalePlace::BlockSums;
  if (isExactInHalf(type, element))
    return ScalePlace::Values;
  return isInStep && !type.hasGlobal() ? std::optional(ScalePlace::BlockSums)
                                       : std::nullopt;
}

Type quantx::getMultipliedType(const Matmul &matmul) {
  if (!matmul.lhs.type) {
    Type type = getElementTypeOrSelf(matmul.lhs.parts.front());
    if (type.isF16())
      return type;
  }
  return BFloat16Type::get(matmul.init.getContext());
}

/// Whether activations multiply as sums of three bf16.
static bool splitsTokens(const Matmul &matmul) {
  return !matmul.lhs.type &&
         getElementTypeOrSelf(matmul.lhs.parts.front()).isF32();
}

static bool hasInfinity(ScaledType type) {
  const FloatFormat *format = type.getFloatFormat();
  return format && format->nonFinite == NonFinite::InfAndNan;
}

/// Where the scales of an operand go whose codes are multiplied; none where
/// they are not: with the codes, in MXFP8, MXFP4 and NVFP4, and in MXFP6 if
/// `takesSix`; or onto results.
static std::optional<ScalePlace> findScalePlaceOfCodes(ScaledType type,
                                                       bool takesSix) {
  if (!type || !type.getFloatFormat() || !canScaleSums(type))
    return std::nullopt;
  int64_t block = type.getBlockShape().back();
  unsigned bits = type.getStorageBits();
  if (block == ScaledType::kWholeDimension && bits == 8)
    return ScalePlace::RowSums;
  bool isMX = isa<Float8E8M0FNUType>(type.getScaleType()) && block == 32 &&
              (bits != 6 || takesSix);
  bool isNV =
      isa<Float8E4M3FNType>(type.getScaleType()) && block == 16 && bits == 4;
  return isMX || isNV ? std::optional(ScalePlace::Codes) : std::nullopt;
}

// One instruction takes both operands: in 4 bits with the same scales, or with
// those of E8M0.
std::optional<ScalePlaces> quantx::findScalePlacesOfCodes(const Matmul &matmul,
                                                          bool canMix) {
  ScaledType lhs = matmul.lhs.type, rhs = matmul.rhs.type;
  std::optional<ScalePlace> ofLhs = findScalePlaceOfCodes(lhs, canMix);
  std::optional<ScalePlace> ofRhs = findScalePlaceOfCodes(rhs, canMix);
  if (!ofLhs || !ofRhs)
    return std::nullopt;
  bool areMixed = lhs.getStorageBits() != rhs.getStorageBits();
  if (areMixed && !canMix)
    return std::nullopt;
  auto isNV = [](ScaledType type) {
    return isa<Float8E4M3FNType>(type.getScaleType());
  };
  if (isNV(lhs) != isNV(rhs))
    return std::nullopt;
  return ScalePlaces{*ofLhs, *ofRhs, /*areCodes=*/true};
}

/// Sums take their scales with less work where few tokens share what is
/// decoded. Infinite weights would make NaN of parts that are 0.
std::optional<ScalePlaces> quantx::findScalePlaces(const Matmul &matmul,
                                                   int64_t tokenTiles) {
  constexpr int64_t fewTiles = 2;
  if (matmul.instructions.areBlockScaled)
    if (std::optional<ScalePlaces> places =
            findScalePlacesOfCodes(matmul, /*canMix=*/false))
      return places;
  Type element = getMultipliedType(matmul);
  bool areParts = splitsTokens(matmul);
  if (areParts && hasInfinity(matmul.rhs.type))
    return std::nullopt;
  std::optional<ScalePlace> lhs =
      findScalePlace(matmul.lhs.type, element, /*prefersSums=*/false);
  std::optional<ScalePlace> rhs =
      findScalePlace(matmul.rhs.type, element,
                     /*prefersSums=*/areParts || tokenTiles <= fewTiles);
  if (!lhs || !rhs || *lhs == ScalePlace::BlockSums)
    return std::nullopt;
  return ScalePlaces{*lhs, *rhs};
}

bool quantx::suitsTensorCores(const Matmul &matmul) {
  return findScalePlaces(matmul, /*tokenTiles=*/1).has_value();
}

// Parts of rows have scales of their own, or all those that are summed at once
// have one.
std::optional<ScalePlace> quantx::findFewTokensPlace(const Matmul &matmul) {
  ScaledType type = matmul.rhs.type;
  Type token = getElementTypeOrSelf(matmul.lhs.parts.front());
  if (matmul.lhs.type || token.isF32() || !canDecodePairs(type) ||
      !canScaleSums(type))
    return std::nullopt;
  int64_t block = type.getBlockShape().back(), size = getDirectSize(type);
  if (block == ScaledType::kWholeDimension)
    return ScalePlace::RowSums;
  if (block % (kDirectParts * size) == 0)
    return ScalePlace::BlockSums;
  bool isOfLoads =
      block % size == 0 || (size % block == 0 && block % kLaneElements == 0);
  return isOfLoads && isExactInHalf(type, getMultipliedType(matmul))
             ? std::optional(ScalePlace::Values)
             : std::nullopt;
}

bool quantx::suitsFewTokens(const Matmul &matmul) {
  return findFewTokensPlace(matmul).has_value();
}

bool quantx::suitsTensorMemory(const Matmul &matmul) {
  return matmul.instructions.useTensorMemory &&
         findScalePlacesOfCodes(matmul, /*canMix=*/true).has_value();
}

/// The tokens of a tile that there are registers for: where scales multiply the
/// sums of blocks, these have some of their own; addresses have where K is not
/// known, and zero points of small blocks.
static int64_t getMostTileTokens(const Matmul &matmul, ScalePlace place) {
  if (place != ScalePlace::BlockSums)
    return 256;
  ScaledType type = matmul.rhs.type;
  bool isStatic = getConstantIntValue(matmul.sizes.sum).has_value();
  bool isSmall = type.getBlockShape().back() % (2 * kStepSize) != 0;
  return isStatic && !(type.hasZeroPoint() && isSmall) ? 128 : 96;
}

// Tokens go as they are to shared memory.
std::optional<WarpgroupTiling> quantx::findWarpgroupTiling(const Matmul &matmul,
                                                           int64_t mostTokens) {
  constexpr int64_t many = std::numeric_limits<int64_t>::max();
  if (!matmul.instructions.areOfWarpgroups || matmul.lhs.type ||
      splitsTokens(matmul))
    return std::nullopt;
  std::optional<ScalePlaces> places = findScalePlaces(matmul, many);
  if (!places)
    return std::nullopt;
  int64_t most = getMostTileTokens(matmul, places->rhs);
  return WarpgroupTiling{std::min(mostTokens, most), places->rhs};
}

bool quantx::scalesBlockSums(const Matmul &matmul) {
  constexpr int64_t many = std::numeric_limits<int64_t>::max();
  return findScalePlaces(matmul, many)->rhs == ScalePlace::BlockSums;
}

//===----------------------------------------------------------------------===//
// What goes there
//===----------------------------------------------------------------------===//

bool quantx::hasScaleWord(ScalePlace place) {
  return place == ScalePlace::BlockSums || place == ScalePlace::Values ||
         place == ScalePlace::Codes;
}

SmallVector<Value> quantx::makeBlockWords(ImplicitLocOpBuilder &b,
                                          ScaledType type, Type element,
                                          ScalePlace place,
                                          const BlockParameters &parameters) {
  ElementwiseBuilder arith(b, b.getLoc());
  if (place == ScalePlace::Codes) {
    Value code = arith::BitcastOp::create(b, b.getI8Type(), parameters.scale);
    return {arith::ExtUIOp::create(b, b.getI32Type(), code)};
  }
  BlockFactors factors = emitDequantizeFactors(arith, type, parameters);
  SmallVector<Value> result;
  if (hasScaleWord(place)) {
    Value scale = arith.mul(factors.scale, getCodeUnit(type));
    if (place == ScalePlace::Values) {
      result.push_back(
          emitWordFromPair(arith, emitExactPair(arith, scale, element)));
    } else {
      result.push_back(arith.asI32(scale));
    }
  }
  if (type.hasZeroPoint())
    result.push_back(emitPairOffset(arith, type, element, factors.zeroPoint));
  return result;
}

Value quantx::loadRowFactor(ImplicitLocOpBuilder &b,
                            const KernelOperand &operand, ScalePlace place,
                            Value batch, Value row) {
  if (!operand.getType())
    return {};
  ElementwiseBuilder arith(b, b.getLoc());
  IndexMath math(b);
  Value factor = operand.loadGlobal(b);
  if (place == ScalePlace::RowSums) {
    BlockParameters parameters = operand.loadParameters(
        b, operand.locate(math, batch, row), math.constant(0));
    Value scale = arith.mul(emitDecodeScale(arith, parameters.scale),
                            getCodeUnit(operand.getType()));
    factor = factor ? arith.mul(scale, factor) : scale;
  }
  return factor;
}
