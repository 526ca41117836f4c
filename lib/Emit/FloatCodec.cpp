//===- FloatCodec.cpp - Conversions of small floats, portably -------------===//

#include "quantx/Emit/FloatCodec.h"
#include "quantx/Emit/VectorPacking.h"

using namespace mlir;
using namespace quantx;

FloatCodec::~FloatCodec() = default;

Value FloatCodec::extendToF32(ElementwiseBuilder &b, Value value) const {
  bool isF16 = getElementTypeOrSelf(value).isF16();
  return isF16 && !convertsF16 ? emitExtendF16(b, value) : b.extendToF32(value);
}

Value FloatCodec::truncateFromF32(ElementwiseBuilder &b, Value value,
                                  Type element) const {
  return element.isF16() && !convertsF16 ? emitTruncateToF16(b, value)
                                         : b.truncateFromF32(value, element);
}

Value FloatCodec::encode(ElementwiseBuilder &b, Value value,
                         const FloatFormat &format, RoundingSpec rounding,
                         bool saturate) const {
  return emitEncodeFloat(b, extendToF32(b, value), format, rounding, saturate);
}

Value FloatCodec::encodeKnown(ElementwiseBuilder &b, Value value,
                              const FloatFormat &format,
                              EncodedValues known) const {
  return encode(b, value, format, RoundingSpec(), known.saturates);
}

Value FloatCodec::decode(ElementwiseBuilder &b, Value code,
                         const FloatFormat &format, Type element) const {
  return truncateFromF32(b, emitDecodeFloat(b, code, format), element);
}

Value FloatCodec::decodeWord(ElementwiseBuilder &b, Value code,
                             const FloatFormat &format) const {
  Type bf16 = b.getBuilder().getBF16Type();
  Value value = emitDecodeFloat(b, code, format);
  bool isHalf = getElementTypeOrSelf(code.getType()).isInteger(16);
  return isHalf ? truncateFromF32(b, value, bf16) : value;
}

Value FloatCodec::lookUp(ElementwiseBuilder &, Value, ArrayRef<uint8_t>) const {
  llvm_unreachable("looksUp says that there is no table");
}

Value FloatCodec::encodeE8M0(ElementwiseBuilder &b, Value value,
                             RoundingMode mode) const {
  return emitEncodeE8M0(b, extendToF32(b, value), mode);
}

Value FloatCodec::decodeE8M0(ElementwiseBuilder &b, Value code,
                             Type element) const {
  return truncateFromF32(b, emitDecodeE8M0(b, code), element);
}

Value FloatCodec::unpack(ElementwiseBuilder &b, Value bytes,
                         unsigned bits) const {
  return emitUnpackCodes(b, bytes, bits);
}

Value FloatCodec::pack(ElementwiseBuilder &b, Value codes,
                       unsigned bits) const {
  return emitPackCodes(b, codes, bits);
}

Value FloatCodec::truncateToBytes(ElementwiseBuilder &b, Value words) const {
  return b.trunc(words, 8);
}
