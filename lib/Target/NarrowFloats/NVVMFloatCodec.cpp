//===- NVVMFloatCodec.cpp - Small floats on NVIDIA's GPUs -----------------===//
//
// By the instruction `cvt`, where the chip has it for a format. What that does
// otherwise than NUMERICS says is put right around it:
//
// - FP8 overflow that does not saturate;
// - NaN, which every conversion of the hardware replaces by one of its own, f16
//   to f32 included: its bits are made from those of the source. Nothing is
//   assumed of the NaN that an instruction gives, but that it is one, and a
//   quiet one in bf16.
//
// Decoding without an instruction for it goes by the fields of f16. All else,
// tensors and scalable vectors too, goes by the portable formulas.
//
//===----------------------------------------------------------------------===//

#include "NVVMCvt.h"
#include "NVVMPackedCodes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"
#include "quantx/Target/NarrowFloats/FloatCodecs.h"
#include <cmath>

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static bool hasNaN(const FloatFormat &format) {
  return format.nonFinite != NonFinite::None;
}

static FloatType getFloatType(Value value) {
  return cast<FloatType>(getElementTypeOrSelf(value));
}

/// The mantissa bits that are stored.
static unsigned getMantissaBits(FloatType type) {
  return type.getFPMantissaWidth() - 1;
}

/// The bits of each element.
static Value asInteger(ElementwiseBuilder &b, Value value) {
  unsigned width = getElementTypeOrSelf(value).getIntOrFloatBitWidth();
  return b.bitcast(value, b.getBuilder().getIntegerType(width));
}

/// A constant like `like`, which `value` must be exact in.
static Value buildFloat(ElementwiseBuilder &b, APFloat value, Value like) {
  FloatType type = getFloatType(like);
  bool losesInfo;
  value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  int64_t bits = int64_t(value.bitcastToAPInt().getZExtValue());
  return b.bitcast(b.integer(type.getWidth(), bits, like), type);
}

//===----------------------------------------------------------------------===//
// NaN
//===----------------------------------------------------------------------===//

/// `value` (f32 or f16) with the NaN of `source` where `isNaN`: integers that
/// are a sign, an exponent and `mantissaBits` bits. It is quiet, has their
/// sign, and their mantissa as the top of the payload.
static Value restoreNaN(ElementwiseBuilder &b, Value value, Value isNaN,
                        Value source, unsigned mantissaBits) {
  if (isPlanted(Mutant::NVVMNaNKept))
    return value;
  FloatType type = getFloatType(value);
  unsigned width = type.getWidth();
  Value quietNaN = asInteger(
      b, buildFloat(b, APFloat::getQNaN(type.getFloatSemantics()), value));
  // The exponent is all ones in both, and extending the sign fills the rest.
  Value shifted =
      b.shl(b.sext(source, width), getMantissaBits(type) - mantissaBits);
  Value nan = b.bitOr(shifted, quietNaN);
  return b.bitcast(b.select(isNaN, nan, asInteger(b, value)), type);
}

/// False for NaN.
static Value emitIsBeyondLargest(ElementwiseBuilder &b, Value value,
                                 const FloatFormat &format) {
  Value magnitude = math::AbsFOp::create(b.getBuilder(), value);
  return b.greaterF(magnitude,
                    buildFloat(b, APFloat(format.getMaxFinite()), value));
}

/// f32, f16 or bf16 to f32, NaN included.
static Value extendWithNaN(ElementwiseBuilder &b, Value value) {
  FloatType type = getFloatType(value);
  Value wide = b.extendToF32(value);
  if (!type.isF16())
    return wide;
  return restoreNaN(b, wide, b.isNaN(value), asInteger(b, value),
                    getMantissaBits(type));
}

/// The f32 that are exact in bf16, as such.
static Value takeBF16(ElementwiseBuilder &b, Value value) {
  Value high = b.trunc(b.lshr(b.asI32(value), 16), 16);
  return b.bitcast(high, b.getBuilder().getBF16Type());
}

//===----------------------------------------------------------------------===//
// Decoding without cvt
//===----------------------------------------------------------------------===//

/// The values (f16) of a vector of codes, of one dimension and even size, by no
/// instruction of their own: a code's fields fit in those of f16, and what is
/// left is a power of two. NaN of E4M3 becomes a number beyond the largest.
static Value decodeByHalf(ElementwiseBuilder &b, Value codes,
                          const FloatFormat &format) {
  constexpr unsigned halfMantissaBits = 10;
  constexpr int halfBias = 15;
  ImplicitLocOpBuilder &builder = b.getBuilder();
  int64_t size = cast<VectorType>(codes.getType()).getNumElements();
  // Codes in the upper bytes of f16, two of them in each i32.
  SmallVector<int64_t> indices;
  for (int64_t i = 0; i < size; ++i)
    indices.append({size + i, i});
  Value zero = b.integer(8, 0, codes);
  Value bytes = vector::ShuffleOp::create(builder, codes, zero, indices);
  Value words = vector::BitCastOp::create(
      builder, VectorType::get(size / 2, builder.getI32Type()), bytes);
  auto takeField = [&](int64_t mask, int shift) {
    Value field = b.bitAnd(words, mask * 0x01000100);
    return shift < 0 ? b.lshr(field, -shift) : b.shl(field, shift);
  };
  int shift = int(halfMantissaBits) - int(format.mantissaBits) - 8;
  Value joined = b.bitOr(takeField(format.getMagnitudeMask(), shift),
                         takeField(format.getSignMask(), 8 - int(format.bits)));
  Value value = vector::BitCastOp::create(
      builder, VectorType::get(size, builder.getF16Type()), joined);
  APFloat scale(std::ldexp(1.0, halfBias - format.bias));
  return format.bias == halfBias ? value
                                 : b.mul(value, buildFloat(b, scale, value));
}

//===----------------------------------------------------------------------===//
// Encoding FP8
//===----------------------------------------------------------------------===//

/// Whether `value` rounds, to nearest even, beyond the largest finite one, or
/// is NaN.
static Value emitOverflowsOrNaN(ElementwiseBuilder &b, Value value,
                                const FloatFormat &format) {
  APFloat bound(
      format.getMaxFinite() +
      std::ldexp(0.5, format.getMaxExponent() - int(format.mantissaBits)));
  bool tieOverflows = format.maxFiniteCode & 1;
  auto predicate =
      tieOverflows ? arith::CmpFPredicate::UGE : arith::CmpFPredicate::UGT;
  Value magnitude = math::AbsFOp::create(b.getBuilder(), value);
  return arith::CmpFOp::create(b.getBuilder(), predicate, magnitude,
                               buildFloat(b, bound, value));
}

/// The codes of what `isSpecial`, NaN or overflow of E5M2, 0 for all else. The
/// sign bit is anything.
static Value emitSpecialE5M2(ElementwiseBuilder &b, Value value,
                             Value isSpecial, const FloatFormat &format) {
  Value bits = asInteger(b, value);
  unsigned width = getFloatType(value).getWidth();
  unsigned shift = getMantissaBits(getFloatType(value)) - format.mantissaBits;
  // The codes are made where this shift puts the top of the payload: in the
  // low bits of a byte.
  int64_t byte = shift / 8;
  auto placeCode = [&](int64_t code) {
    return b.integer(width, code << (byte * 8), bits);
  };
  Value nan = b.bitOr(b.lshr(bits, shift % 8), placeCode(format.nanCode));
  Value special = b.select(b.isNaN(value), nan, placeCode(format.getInfCode()));
  special = b.select(isSpecial, special, placeCode(0));
  return takeByte(b, special, byte);
}

/// The codes of f32 or f16. What `cvt` would code otherwise, it does not see:
/// where that needs a code of its own, it sees zero, whose code is 0 but for
/// the sign; else NaN. All codes take the sign of the value: NaN from `cvt` may
/// have any.
static Value encodeF8(ElementwiseBuilder &b, Value value,
                      const FloatFormat &format, bool saturate) {
  FloatType type = getFloatType(value);
  bool hasInf = format.nonFinite == NonFinite::InfAndNan;
  Value codes;
  if (!hasInf && saturate) {
    codes = emitCvtToCodes(b, value, format);
  } else {
    Value isSpecial =
        saturate ? b.isNaN(value) : emitOverflowsOrNaN(b, value, format);
    APFloat seen = hasInf ? APFloat::getZero(type.getFloatSemantics())
                          : APFloat::getQNaN(type.getFloatSemantics());
    codes = emitCvtToCodes(
        b, b.select(isSpecial, buildFloat(b, seen, value), value), format);
    if (hasInf)
      codes = b.bitOr(codes, emitSpecialE5M2(b, value, isSpecial, format));
  }
  Value signByte = takeByte(b, value, type.getWidth() / 8 - 1);
  return b.bitOr(b.bitAnd(codes, format.getMagnitudeMask()),
                 b.bitAnd(signByte, format.getSignMask()));
}

//===----------------------------------------------------------------------===//
// The codec
//===----------------------------------------------------------------------===//

namespace {

class NVVMFloatCodec : public FloatCodec {
public:
  explicit NVVMFloatCodec(NVVMFeatures features) : features(features) {}

  Value encode(ElementwiseBuilder &b, Value value, const FloatFormat &format,
               RoundingSpec rounding, bool saturate) const override;
  Value encodePacked(ElementwiseBuilder &b, Value values,
                     const FloatFormat &format,
                     EncodedValues known) const override;
  Value decode(ElementwiseBuilder &b, Value code, const FloatFormat &format,
               Type element) const override;
  Value decodeToAnyNaN(ElementwiseBuilder &b, Value code,
                       const FloatFormat &format, Type element) const override;
  Value encodeE8M0(ElementwiseBuilder &b, Value value,
                   RoundingMode mode) const override;
  Value decodeE8M0(ElementwiseBuilder &b, Value code,
                   Type element) const override;

private:
  /// Whether values of `type` and codes of `format` convert by instructions.
  bool hasInstruction(const FloatFormat &format, Type type) const {
    return getCvtType(format, type.getContext()) && isInRegisters(type) &&
           (format.bits == 8 ? features.f8 : features.f6f4e8m0);
  }

  NVVMFeatures features;
};

} // namespace

Value NVVMFloatCodec::encode(ElementwiseBuilder &b, Value value,
                             const FloatFormat &format, RoundingSpec rounding,
                             bool saturate) const {
  if (rounding.mode != RoundingMode::NearestEven ||
      !hasInstruction(format, value.getType())) {
    value = hasNaN(format) ? extendWithNaN(b, value) : b.extendToF32(value);
    return FloatCodec::encode(b, value, format, rounding, saturate);
  }
  bool takesF16 = format.bits == 8 && getFloatType(value).isF16();
  if (!takesF16)
    value = b.extendToF32(value);
  return onEvenVector(b, value, [&](Value vector) {
    return format.bits == 8 ? encodeF8(b, vector, format, saturate)
                            : emitCvtToCodes(b, vector, format);
  });
}

Value NVVMFloatCodec::encodePacked(ElementwiseBuilder &b, Value values,
                                   const FloatFormat &format,
                                   EncodedValues known) const {
  bool hasInstruction = this->hasInstruction(format, values.getType());
  int64_t size = cast<VectorType>(values.getType()).getNumElements();
  if (hasInstruction && size % 2 == 0) {
    // NaN gets no sign, and infinity, where there is one, no code.
    if (hasNaN(format) && (!known.areNumbers || !known.saturates))
      return {};
    return emitPackedCvt(b, b.extendToF32(values), format);
  }
  if (format.bits != 4 || size % 8 != 0)
    return {};
  if (getFloatType(values).isF16())
    values = b.extendToF32(values);
  return emitPackedE2M1(b, values, format, known);
}

Value NVVMFloatCodec::decode(ElementwiseBuilder &b, Value code,
                             const FloatFormat &format, Type element) const {
  if (!getCvtType(format, element.getContext()) ||
      !isInRegisters(code.getType())) {
    Value wide = emitDecodeFloat(b, code, format);
    Value value = b.truncateFromF32(wide, element);
    return hasNaN(format) && element.isF16()
               ? restoreNaN(b, value, b.isNaN(wide), code, format.mantissaBits)
               : value;
  }
  bool hasInstruction = this->hasInstruction(format, code.getType());
  Value value = onEvenVector(b, code, [&](Value vector) {
    if (!hasInstruction)
      return decodeByHalf(b, vector, format);
    // Codes of 8 bits have no bits above them.
    Value codes =
        format.bits == 8 ? vector : b.bitAnd(vector, (1 << format.bits) - 1);
    return emitCvtFromCodes(b, codes, format);
  });
  if (!element.isF16())
    value = b.extendToF32(value);
  if (hasNaN(format)) {
    bool isNumber = !hasInstruction && format.nonFinite == NonFinite::NanOnly;
    Value isNaN =
        isNumber ? emitIsBeyondLargest(b, value, format) : b.isNaN(value);
    value = restoreNaN(b, value, isNaN, code, format.mantissaBits);
  }
  return element.isBF16() ? takeBF16(b, value) : value;
}

Value NVVMFloatCodec::decodeToAnyNaN(ElementwiseBuilder &b, Value code,
                                     const FloatFormat &format,
                                     Type element) const {
  bool isByCvt = format.bits == 8 && element.isF16() &&
                 hasInstruction(format, code.getType());
  if (!isByCvt)
    return decode(b, code, format, element);
  return onEvenVector(b, code, [&](Value vector) {
    return emitCvtFromCodes(b, vector, format);
  });
}

// The modes to the nearest one are not in hardware.
static std::optional<NVVM::FPRoundingMode> getE8M0Mode(RoundingMode mode) {
  switch (mode) {
  case RoundingMode::TowardZero:
  case RoundingMode::Downward:
    return NVVM::FPRoundingMode::RZ;
  case RoundingMode::Upward:
    return NVVM::FPRoundingMode::RP;
  default:
    return std::nullopt;
  }
}

Value NVVMFloatCodec::encodeE8M0(ElementwiseBuilder &b, Value value,
                                 RoundingMode mode) const {
  std::optional<NVVM::FPRoundingMode> direction = getE8M0Mode(mode);
  value = b.extendToF32(value);
  if (!direction || !features.f6f4e8m0 || !isInRegisters(value.getType()))
    return emitEncodeE8M0(b, value, mode);
  Value magnitude = b.asF32(b.bitAnd(b.asI32(value), 0x7fffffff));
  return onEvenVector(b, magnitude, [&](Value vector) {
    return emitCvtToE8M0(b, vector, *direction);
  });
}

Value NVVMFloatCodec::decodeE8M0(ElementwiseBuilder &b, Value code,
                                 Type element) const {
  Value value;
  if (features.f6f4e8m0 && isInRegisters(code.getType())) {
    value = onEvenVector(
        b, code, [&](Value vector) { return emitCvtFromE8M0(b, vector); });
    // Clears the payload of NaN. Powers of two have none of these bits, nor has
    // 2^-127, which is a subnormal value.
    value = b.bitcast(b.bitAnd(asInteger(b, value), 0x7fc0),
                      b.getBuilder().getBF16Type());
    if (element.isBF16())
      return value;
    value = b.extendToF32(value);
  } else {
    value = emitDecodeE8M0(b, code);
  }
  if (element.isF32())
    return value;
  if (element.isBF16())
    return takeBF16(b, value);
  constexpr int64_t quietNaN = 0x7e00;
  Value half = asInteger(b, b.truncateFromF32(value, element));
  Value nan = b.integer(16, quietNaN, half);
  return b.bitcast(b.select(b.isNaN(value), nan, half), element);
}

std::unique_ptr<FloatCodec>
quantx::createNVVMFloatCodec(NVVMFeatures features) {
  return std::make_unique<NVVMFloatCodec>(features);
}
