//===- IntegerCodes.cpp - Emitted integer codes ---------------------------===//

#include "Rounding.h"
#include "quantx/Emit/Codes.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

/// round(value * 2^fractionBits) as i32, limited to a magnitude that is beyond
/// every code and zero point; 0 for NaN.
static Value emitRoundToInteger(ElementwiseBuilder &b, Value value,
                                const IntegerFormat &format,
                                RoundingSpec rounding) {
  constexpr int64_t limitBits = 0x45800000; // 4096.0
  if (isPlanted(Mutant::IntegerTruncates))
    rounding.mode = RoundingMode::TowardZero;
  value = b.mul(value, std::ldexp(1.0, format.fractionBits));
  Value bits = b.asI32(value);
  Value magnitude = b.min(b.bitAnd(bits, 0x7fffffff), limitBits);
  Value isNegative = b.less(bits, 0);
  Value count = emitRoundMagnitude(b, b.asF32(magnitude), isNegative,
                                   b.i32(127, bits), rounding);
  Value zero = b.i32(0, count);
  Value rounded = b.select(isNegative, b.sub(zero, count), count);
  return b.select(b.isNaN(value), zero, rounded);
}

static Value emitUnlimitedCode(ElementwiseBuilder &b, Value value,
                               const IntegerFormat &format, Value zeroPoint,
                               RoundingSpec rounding) {
  Value rounded = emitRoundToInteger(b, value, format, rounding);
  return zeroPoint ? b.add(rounded, zeroPoint) : rounded;
}

Value quantx::emitEncodeInteger(ElementwiseBuilder &b, Value value,
                                const IntegerFormat &format, Value zeroPoint,
                                RoundingSpec rounding) {
  Value code = emitUnlimitedCode(b, value, format, zeroPoint, rounding);
  return b.min(b.max(code, format.getMinCode()), format.getMaxCode());
}

Value quantx::emitIntegerOverflows(ElementwiseBuilder &b, Value value,
                                   const IntegerFormat &format,
                                   Value zeroPoint) {
  Value code = emitUnlimitedCode(b, value, format, zeroPoint, RoundingSpec());
  return b.bitOr(b.less(code, format.getMinCode()),
                 b.greater(code, format.getMaxCode()));
}

Value quantx::emitExtendInteger(ElementwiseBuilder &b, Value code,
                                const IntegerFormat &format) {
  if (!format.isSigned || isPlanted(Mutant::SignNotExtended))
    return b.bitAnd(b.zext(code, 32), (1 << format.bits) - 1);
  unsigned unused = 32 - format.bits;
  Value high = b.shl(b.zext(code, 32), unused);
  return arith::ShRSIOp::create(b.getBuilder(), high, b.i32(unused, high));
}

// Two operations on bytes, of which targets have no arithmetic shift.
Value quantx::emitExtendInByte(ElementwiseBuilder &b, Value code,
                               const IntegerFormat &format) {
  if (!format.isSigned || format.bits == 8 ||
      isPlanted(Mutant::SignNotExtended))
    return code;
  int64_t signBit = int64_t(1) << (format.bits - 1);
  Value sign = b.integer(8, signBit, code);
  return b.sub(b.bitXor(code, sign), sign);
}
