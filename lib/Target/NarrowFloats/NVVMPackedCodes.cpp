//===- NVVMPackedCodes.cpp - Several codes a register ---------------------===//
//
// f4E2M1FN without `cvt`. As in FloatCodes.cpp, a fused multiply-add of a
// magnitude and its binade leaves the count of quanta in the low bits of the
// sum, and the binade above; the code is the sum of both. bf16 has just enough
// bits for that, so that a register computes two.
//
// Codes go in fours: elements i and i + 4 of 8 share a register, a half each,
// with the code and the sign at the top of the half. Four of these are merged
// to a word of 8 codes in order.
//
//===----------------------------------------------------------------------===//

#include "NVVMPackedCodes.h"
#include "NVVMCvt.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/VectorPacking.h"
#include <cmath>

using namespace mlir;
using namespace quantx;

static constexpr int64_t kWordCodes = 8;

static int64_t getSize(Value vector) {
  return cast<VectorType>(vector.getType()).getNumElements();
}

/// The bits of a vector, 32 altogether.
static Value asWord(ElementwiseBuilder &b, Value vector) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  unsigned width = getElementTypeOrSelf(vector).getIntOrFloatBitWidth();
  vector = b.bitcast(vector, builder.getIntegerType(width));
  auto type = VectorType::get(1, builder.getI32Type());
  Value word = vector::BitCastOp::create(builder, type, vector);
  return vector::ExtractOp::create(builder, word, int64_t(0));
}

/// The bytes of words, in order.
static Value joinWords(ElementwiseBuilder &b, ArrayRef<Value> words) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  int64_t size = words.size();
  Value vector = vector::FromElementsOp::create(
      builder, VectorType::get(size, builder.getI32Type()), words);
  return vector::BitCastOp::create(
      builder, VectorType::get(size * 4, builder.getI8Type()), vector);
}

/// A constant like `like`, of a float type.
static Value buildFloat(ElementwiseBuilder &b, double value, Value like) {
  auto type = cast<FloatType>(getElementTypeOrSelf(like));
  APFloat constant(value);
  bool losesInfo;
  constant.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
  assert(!losesInfo);
  int64_t bits = int64_t(constant.bitcastToAPInt().getZExtValue());
  return b.bitcast(b.integer(type.getWidth(), bits, like), type);
}

/// The bits of `ifSet` where `mask` has a bit, else those of `ifClear`.
static Value mergeBits(ElementwiseBuilder &b, uint32_t mask, Value ifSet,
                       Value ifClear) {
  return b.bitOr(b.bitAnd(ifSet, mask), b.bitAnd(ifClear, ~mask));
}

//===----------------------------------------------------------------------===//
// E2M1
//===----------------------------------------------------------------------===//

namespace {

/// Values, f32 or two bf16, before they are encoded.
struct Limited {
  Value number; ///< has the sign of the code
  Value sum;    ///< the magnitude and its binade times a constant
};

/// An f32, and one that has the sign of its code where that is another.
struct SignedValue {
  Value value, sign;
};

} // namespace

/// What the binade is multiplied by: the sum with a magnitude then has a
/// quantum of the format as its last bit. Its low bits make up for the rest of
/// the exponent, modulo the codes, and are even.
static double getBinadeFactor(const FloatFormat &format, unsigned mantissaBits,
                              int bias) {
  int shift = int(mantissaBits) - int(format.mantissaBits);
  int field = bias + format.getMinExponent() + shift;
  int codes = 1 << (format.bits - 1);
  int cancel = codes - (field << format.mantissaBits) % codes;
  return std::ldexp(1.0, shift) + std::ldexp(cancel, shift - int(mantissaBits));
}

static Limited addBinade(ElementwiseBuilder &b, Value value,
                         const FloatFormat &format, EncodedValues known) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  auto type = cast<FloatType>(getElementTypeOrSelf(value));
  unsigned mantissaBits = type.getFPMantissaWidth() - 1;
  constexpr int bias = 127;
  Value largest = buildFloat(b, format.getMaxFinite(), value);
  Value smallest =
      buildFloat(b, std::ldexp(1.0, format.getMinExponent()), value);
  Limited limited;
  // NaN becomes the largest value, without its sign.
  limited.number = known.areNumbers
                       ? value
                       : arith::MinNumFOp::create(builder, value, largest);
  Value magnitude = math::AbsFOp::create(builder, limited.number);
  if (!known.isInRange)
    magnitude = arith::MinNumFOp::create(builder, magnitude, largest);
  Value binade = arith::MaxNumFOp::create(builder, magnitude, smallest);
  int64_t exponentMask = int64_t(0xff) << mantissaBits;
  Type integer = builder.getIntegerType(type.getWidth());
  binade = b.bitcast(b.bitAnd(b.bitcast(binade, integer), exponentMask), type);
  double factor = getBinadeFactor(format, mantissaBits, bias);
  limited.sum = b.fma(binade, buildFloat(b, factor, binade), magnitude);
  return limited;
}

// Codes are at bits 12 to 14 of each half of a register, below the signs; what
// else there is is anything.

/// sum + (sum >> 6), from bit 12 on: no carry comes there from below, as the
/// bits below the exponents of the sums are few.
static Value encodePair(ElementwiseBuilder &b, Value pair,
                        const FloatFormat &format, EncodedValues known) {
  Limited limited = addBinade(b, pair, format, known);
  Value sum = asWord(b, limited.sum);
  Value code = b.mul(sum, b.i32((1 << 12) + (1 << 6), sum));
  return mergeBits(b, 0x70007000, code, asWord(b, limited.number));
}

/// sum + (sum >> 22) of each, from bit 12 of its half on: of the sums only the
/// low 4 bits and the exponents are not 0.
static Value encodeTwo(ElementwiseBuilder &b, SignedValue first,
                       SignedValue second, const FloatFormat &format,
                       EncodedValues known) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  auto permute = [&](Value low, Value high, int64_t selector) -> Value {
    return NVVM::PermuteOp::create(builder, builder.getI32Type(), low, high,
                                   b.i32(selector, low),
                                   NVVM::PermuteMode::DEFAULT);
  };
  SmallVector<Value> sums, signs;
  for (const SignedValue &of : {first, second}) {
    Limited limited = addBinade(b, of.value, format, known);
    sums.push_back(b.asI32(limited.sum));
    signs.push_back(b.asI32(of.sign ? of.sign : limited.number));
  }
  Value low = permute(sums[0], sums[1], 0x5410);
  Value high = permute(sums[0], sums[1], 0x7632);
  Value code = b.add(b.shl(low, 12), b.shl(high, 6));
  return mergeBits(b, 0x70007000, code, permute(signs[0], signs[1], 0x7632));
}

/// The word of codes in four pairs.
static Value mergePairs(ElementwiseBuilder &b, ArrayRef<Value> pairs) {
  Value high = mergeBits(b, 0xf000f000, pairs[3], b.lshr(pairs[2], 4));
  Value low = mergeBits(b, 0xf000f000, pairs[1], b.lshr(pairs[0], 4));
  return mergeBits(b, 0xff00ff00, high, b.lshr(low, 8));
}

Value quantx::emitPackedE2M1(ElementwiseBuilder &b, Value values,
                             const FloatFormat &format, EncodedValues known) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  bool isBF16 = getElementTypeOrSelf(values).isBF16();
  // No sign needs to be copied that is put into the codes afterwards.
  Value signs;
  auto copied = values.getDefiningOp<math::CopySignOp>();
  if (copied && known.areNumbers) {
    values = copied.getLhs();
    signs = copied.getRhs();
  }
  auto take = [&](int64_t i) -> SignedValue {
    auto extract = [&](Value vector) -> Value {
      return vector ? vector::ExtractOp::create(builder, vector, i) : Value();
    };
    return {extract(values), extract(signs)};
  };
  // Moved as integers: on CPUs, where kernels are tested, LLVM would take bf16
  // through f32.
  Value halves = isBF16 ? b.bitcast(values, builder.getI16Type()) : Value();
  SmallVector<Value> words;
  for (int64_t word = 0; word < getSize(values); word += kWordCodes) {
    SmallVector<Value> pairs;
    for (int64_t i = word; i < word + kWordCodes / 2; ++i) {
      int64_t other = i + kWordCodes / 2;
      if (isBF16) {
        Value pair = vector::ShuffleOp::create(builder, halves, halves,
                                               ArrayRef<int64_t>{i, other});
        pair = b.bitcast(pair, builder.getBF16Type());
        pairs.push_back(encodePair(b, pair, format, known));
        continue;
      }
      pairs.push_back(encodeTwo(b, take(i), take(other), format, known));
    }
    words.push_back(mergePairs(b, pairs));
  }
  return joinWords(b, words);
}

//===----------------------------------------------------------------------===//
// cvt
//===----------------------------------------------------------------------===//

Value quantx::emitPackedCvt(ElementwiseBuilder &b, Value values,
                            const FloatFormat &format) {
  return emitPackCodes(b, emitCvtToCodes(b, values, format), format.bits);
}
