//===- FloatCodec.cpp - Conversions of small floats, portably -------------===//

#include "quantx/Emit/FloatCodec.h"

using namespace mlir;
using namespace quantx;

FloatCodec::~FloatCodec() = default;

Value FloatCodec::encode(ElementwiseBuilder &b, Value value,
                         const FloatFormat &format, RoundingSpec rounding,
                         bool saturate) const {
  return emitEncodeFloat(b, b.extendToF32(value), format, rounding, saturate);
}

Value FloatCodec::decode(ElementwiseBuilder &b, Value code,
                         const FloatFormat &format, Type element) const {
  return b.truncateFromF32(emitDecodeFloat(b, code, format), element);
}

Value FloatCodec::encodeE8M0(ElementwiseBuilder &b, Value value,
                             RoundingMode mode) const {
  return emitEncodeE8M0(b, b.extendToF32(value), mode);
}

Value FloatCodec::decodeE8M0(ElementwiseBuilder &b, Value code,
                             Type element) const {
  return b.truncateFromF32(emitDecodeE8M0(b, code), element);
}
