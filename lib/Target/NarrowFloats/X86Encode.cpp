//===- X86Encode.cpp - Values to small floats by AVX2 and AVX-512 ---------===//

#include "X86FloatCodec.h"
#include "X86Vectors.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;
using namespace quantx::x86;

static Value buildScalar(ElementwiseBuilder &b, unsigned bits, int64_t value) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  return arith::ConstantOp::create(
      builder, builder.getIntegerAttr(builder.getIntegerType(bits), value));
}

// One instruction selects bits by a mask, which LLVM does not see once it has
// cut the mask of the sign down to one bit.
Value X86FloatCodec::join(ElementwiseBuilder &b, CodeHalves halves,
                          const FloatFormat &format) const {
  if (!features.avx512)
    return emitJoinHalves(b, halves, format);
  constexpr int64_t firstSelectsSecondOrThird = 0xca;
  Value mask = b.i32(format.getMagnitudeMask(), halves.magnitude);
  return callIntrinsic(b, "llvm.x86.avx512.pternlog.d.512", mask.getType(),
                       {mask, halves.magnitude, halves.sign,
                        buildScalar(b, 32, firstSelectsSecondOrThird)});
}

// Packing with saturation takes both operands' 128-bit lanes in turns; codes
// are far from saturating.
Value X86FloatCodec::narrow(ElementwiseBuilder &b, CodeHalves halves,
                            const FloatFormat &format) const {
  Builder &builder = b.getBuilder();
  int64_t size = getSize(halves.magnitude);
  int64_t lanes = registerBytes / 4;
  auto words = VectorType::get(lanes * 2, builder.getI16Type());
  auto bytes = VectorType::get(lanes * 4, builder.getI8Type());
  StringRef toWords = features.avx512 ? "llvm.x86.avx512.packusdw.512"
                                      : "llvm.x86.avx2.packusdw";
  StringRef toBytes = features.avx512 ? "llvm.x86.avx512.packuswb.512"
                                      : "llvm.x86.avx2.packuswb";
  SmallVector<Value> results;
  for (int64_t offset = 0; offset < size; offset += registerBytes) {
    SmallVector<Value> parts;
    for (int64_t i = offset; i < offset + registerBytes; i += lanes) {
      CodeHalves part{slice(b, halves.magnitude, i, lanes),
                      slice(b, halves.sign, i, lanes)};
      parts.push_back(join(b, part, format));
    }
    Value low = callIntrinsic(b, toWords, words, {parts[0], parts[1]});
    Value high = callIntrinsic(b, toWords, words, {parts[2], parts[3]});
    Value packed = callIntrinsic(b, toBytes, bytes, {low, high});
    if (!isPlanted(Mutant::X86LanesInterleaved))
      packed = gatherFromLanes(b, packed, 4);
    results.push_back(packed);
  }
  return concatenate(b, results, size);
}

/// Its last place is a quarter, and stays so where less than 2^20 is added.
static constexpr double kQuarters = 0x1.8p21;

/// How many quarters (i32) 16 `values` of less than 2^20 have, times `factors`
/// if that is not null: rounded down plus rounded up. That is kQuarters and the
/// value, rounded down, less kQuarters and the negated value, rounded down.
static Value countQuarters(ElementwiseBuilder &b, Value values, Value factors) {
  constexpr int32_t down = 1, noExceptions = 8;
  Value quarters = b.f32(kQuarters, values);
  Value mode = buildScalar(b, 32, down | noExceptions);
  auto call = [&](StringRef name, ValueRange operands) {
    SmallVector<Value> arguments(operands);
    arguments.push_back(mode);
    return b.asI32(callIntrinsic(b, name, values.getType(), arguments));
  };
  if (!factors) {
    return b.sub(call("llvm.x86.avx512.add.ps.512", {quarters, values}),
                 call("llvm.x86.avx512.sub.ps.512", {quarters, values}));
  }
  Value negated = arith::NegFOp::create(b.getBuilder(), values);
  StringRef multiplyAdd = "llvm.x86.avx512.vfmadd.ps.512";
  return b.sub(call(multiplyAdd, {values, factors, quarters}),
               call(multiplyAdd, {negated, factors, quarters}));
}

// Every boundary between codes of 4 bits is an odd number of quarters. Rounded
// down plus rounded up is twice that, odd strictly between two quarters: it
// indexes a table of codes.
Value X86FloatCodec::encodeQuarters(ElementwiseBuilder &b, Value values,
                                    Value factors, const FloatFormat &format,
                                    bool areInTable) const {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  constexpr int entries = 128;
  SmallVector<uint8_t> codes;
  for (int i = 0; i < entries; ++i) {
    int sum = i < entries / 2 ? i : i - entries;
    codes.push_back(quantx::encode(
        sum / 8.0f, format, RoundingMode::NearestEven, /*saturate=*/true));
  }
  if (isPlanted(Mutant::X86TableEntryWrong))
    codes[1 + 8] = 0;

  constexpr int64_t lanes = 16;
  auto words = VectorType::get(lanes * 2, builder.getI16Type());
  auto bytes = VectorType::get(lanes * 4, builder.getI8Type());
  SmallVector<Value> results;
  for (int64_t offset = 0; offset < getSize(values); offset += registerBytes) {
    SmallVector<Value> sums;
    for (int64_t i = offset; i < offset + registerBytes; i += lanes)
      sums.push_back(
          countQuarters(b, slice(b, values, i, lanes),
                        factors ? slice(b, factors, i, lanes) : Value()));
    auto pack = [&](Value low, Value high) {
      return callIntrinsic(b, "llvm.x86.avx512.packssdw.512", words,
                           {low, high});
    };
    Value indices =
        callIntrinsic(b, "llvm.x86.avx512.packsswb.512", bytes,
                      {pack(sums[0], sums[1]), pack(sums[2], sums[3])});
    if (!areInTable && !isPlanted(Mutant::X86TableWraps)) {
      indices = b.min(indices, entries / 2 - 1);
      indices = b.max(indices, -entries / 2);
    }
    ArrayRef<uint8_t> halves(codes);
    Value packed = callIntrinsic(b, "llvm.x86.avx512.vpermi2var.qi.512", bytes,
                                 {buildBytes(b, halves.take_front(64)), indices,
                                  buildBytes(b, halves.drop_front(64))});
    if (!isPlanted(Mutant::X86LanesInterleaved))
      packed = gatherFromLanes(b, packed, 4);
    results.push_back(packed);
  }
  return concatenate(b, results, getSize(values));
}

/// In each lane the larger magnitude of `value` and `tiny`, with the sign of
/// `value`: floor and ceiling of 0 would not tell it.
static Value moveOffZero(ElementwiseBuilder &b, Value value, double tiny) {
  if (isPlanted(Mutant::X86ZeroLosesSign))
    return value;
  constexpr int64_t lanes = 16;
  constexpr int32_t largerMagnitude = 3, exceptionsAsSet = 4;
  auto type = VectorType::get(lanes, b.getBuilder().getF32Type());
  SmallVector<Value> results;
  for (int64_t i = 0; i < getSize(value); i += lanes) {
    Value part = slice(b, value, i, lanes);
    results.push_back(callIntrinsic(
        b, "llvm.x86.avx512.mask.range.ps.512", type,
        {part, b.f32(tiny, part), buildScalar(b, 32, largerMagnitude), part,
         buildScalar(b, 16, -1), buildScalar(b, 32, exceptionsAsSet)}));
  }
  return concatenate(b, results, getSize(value));
}

/// The least normal number: less than a quarter under any factor.
static constexpr double kTiny = 0x1p-126;

/// Less than a quarter over any scale that kQuotientAttr has, and more than the
/// least normal number.
static constexpr double kTinyNumerator = 0x1p-64;

/// `quotient`, of kQuotientAttr, but no zero; null where it does not look so.
static Value divideOffZero(ElementwiseBuilder &b, Value quotient) {
  auto copySign = quotient.getDefiningOp<math::CopySignOp>();
  auto sum =
      copySign ? copySign.getLhs().getDefiningOp<math::FmaOp>() : math::FmaOp();
  auto product =
      sum ? sum.getC().getDefiningOp<arith::MulFOp>() : arith::MulFOp();
  if (!product || sum.getA() != copySign.getRhs() ||
      product.getLhs() != copySign.getRhs())
    return {};
  Value x = moveOffZero(b, copySign.getRhs(), kTinyNumerator);
  return b.fma(x, sum.getB(), b.mul(x, product.getRhs()));
}

/// `value` between those of the codes; the largest for NaN.
static Value limit(ElementwiseBuilder &b, Value value, double largest) {
  Value most = b.f32(largest, value), least = b.f32(-largest, value);
  value = b.select(b.greaterF(most, value), value, most);
  return b.select(b.greaterF(value, least), value, least);
}

Value X86FloatCodec::encodeByTable(ElementwiseBuilder &b, Value value,
                                   Value factor, const FloatFormat &format,
                                   EncodedValues known) const {
  bool isLimited = !known.isInRange && !known.isBounded;
  if (isLimited) {
    if (factor)
      value = b.mul(value, factor);
    value = limit(b, value, format.getMaxFinite());
    factor = {};
  }
  bool isInTable = isLimited || known.isInRange || known.isNear;
  Value numbers = known.isQuotient ? divideOffZero(b, value) : Value();
  if (!numbers)
    numbers = moveOffZero(b, value, kTiny);
  return encodeQuarters(b, numbers, factor, format, isInTable);
}

//===----------------------------------------------------------------------===//
// Encoding of products
//===----------------------------------------------------------------------===//

/// `map` of the value that each run of lanes of `spread` has, where that shows.
static Value mapSpread(ElementwiseBuilder &b, Value spread,
                       llvm::function_ref<Value(Value)> map) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  if (auto broadcast = spread.getDefiningOp<vector::BroadcastOp>()) {
    Value mapped = map(broadcast.getSource());
    auto type = cast<VectorType>(spread.getType());
    return vector::BroadcastOp::create(
        builder, type.clone(getElementTypeOrSelf(mapped)), mapped);
  }
  auto shuffle = spread.getDefiningOp<vector::ShuffleOp>();
  if (!shuffle || shuffle.getV1() != shuffle.getV2())
    return map(spread);
  Value mapped = map(shuffle.getV1());
  return vector::ShuffleOp::create(builder, mapped, mapped, shuffle.getMask());
}

// In the bits of bf16 a power of two is a difference of exponents. The
// magnitude less that of a quarter, cut to quarters of a binade, indexes a
// table. Where the boundary between two codes is a tie, it is up to the lowest
// bit of their mantissas on which side it is.
Value X86FloatCodec::encodeHalves(ElementwiseBuilder &b, Value halves,
                                  Value factor,
                                  const FloatFormat &format) const {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  constexpr int64_t lanes = 32, entries = 64;
  constexpr int64_t binade = 0x80, cut = 5, slot = 1 << cut;
  auto words = VectorType::get(lanes, builder.getI16Type());
  auto bytes = VectorType::get(lanes * 2, builder.getI8Type());
  // Of the first slot on, a quarter over the factor; all below are in slot 0.
  Value first = mapSpread(b, factor, [&](Value power) {
    Value bits = b.trunc(b.lshr(b.asI32(power), 16), 16);
    return b.sub(b.integer(16, 252 * binade - slot + 1, bits), bits);
  });
  SmallVector<uint8_t> codes = {0};
  for (int64_t i = 1; i < entries; ++i) {
    float middle = decodeBF16(uint16_t(125 * binade + (2 * i - 1) * slot / 2));
    codes.push_back(quantx::encode(middle, format, RoundingMode::NearestEven,
                                   /*saturate=*/true));
  }

  Value bits = b.bitcast(halves, builder.getI16Type());
  SmallVector<Value> results;
  for (int64_t offset = 0; offset < getSize(bits); offset += registerBytes) {
    SmallVector<Value> slots, signs;
    for (int64_t i = offset; i < offset + registerBytes; i += lanes) {
      Value part = slice(b, bits, i, lanes);
      Value above =
          callIntrinsic(b, "llvm.usub.sat.v32i16", words,
                        {b.bitAnd(part, 0x7fff), slice(b, first, i, lanes)});
      Value tiesUp = b.bitAnd(b.lshr(part, cut + 1), 1);
      if (isPlanted(Mutant::X86TiesDown))
        tiesUp = b.integer(16, 0, part);
      slots.push_back(b.lshr(b.add(above, tiesUp), cut));
      // Negative NaN becomes positive.
      signs.push_back(callIntrinsic(b, "llvm.sadd.sat.v32i16", words,
                                    {part, b.integer(16, 0x7f, part)}));
    }
    Value indices =
        callIntrinsic(b, "llvm.x86.avx512.packuswb.512", bytes, slots);
    Value limit = b.integer(8, entries - 1, indices);
    indices = arith::MinUIOp::create(builder, indices, limit);
    Value magnitude = callIntrinsic(b, "llvm.x86.avx512.permvar.qi.512", bytes,
                                    {buildBytes(b, codes), indices});
    Value sign = callIntrinsic(b, "llvm.x86.avx512.packsswb.512", bytes, signs);
    sign = b.bitAnd(b.lshr(sign, 4), format.getSignMask());
    results.push_back(gatherFromLanes(b, b.bitOr(magnitude, sign), 8));
  }
  return concatenate(b, results, getSize(bits));
}

Value X86FloatCodec::encodeProduct(ElementwiseBuilder &b, Value value,
                                   Value factor, const FloatFormat &format,
                                   EncodedValues known) const {
  auto type = dyn_cast<VectorType>(value.getType());
  if (!type || type.getRank() != 1 || !isEncodedByTable(type, format))
    return {};
  if (Value halves = findExtendedBF16(value))
    return encodeHalves(b, halves, factor, format);
  return encodeByTable(b, value, factor, format, known);
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

Value X86FloatCodec::encode(ElementwiseBuilder &b, Value value,
                            const FloatFormat &format, RoundingSpec rounding,
                            bool saturate) const {
  auto type = dyn_cast<VectorType>(value.getType());
  if (!type || type.isScalable() || type.getNumElements() % registerBytes != 0)
    return FloatCodec::encode(b, value, format, rounding, saturate);
  value = b.extendToF32(value);
  if (isEncodedByTable(type, format) &&
      rounding.mode == RoundingMode::NearestEven) {
    Value flat = flatten(b, value);
    Value codes =
        encodeByTable(b, flat, /*factor=*/{}, format, EncodedValues());
    return reshape(b, codes, type);
  }
  CodeHalves halves = emitEncodeHalves(b, value, format, rounding, saturate,
                                       /*hasFMA=*/true);
  halves = {flatten(b, halves.magnitude), flatten(b, halves.sign)};
  return reshape(b, narrow(b, halves, format), type);
}

bool X86FloatCodec::isEncodedByTable(VectorType type,
                                     const FloatFormat &format) const {
  return format.bits == 4 && features.avx512vbmi && !type.isScalable() &&
         type.getNumElements() % registerBytes == 0;
}

Value X86FloatCodec::encodeKnown(ElementwiseBuilder &b, Value value,
                                 const FloatFormat &format,
                                 EncodedValues known) const {
  auto type = cast<VectorType>(value.getType());
  bool mayOverflow = !known.isInRange && !known.saturates &&
                     format.nonFinite != NonFinite::None;
  if (type.isScalable() || type.getNumElements() % registerBytes != 0 ||
      !type.getElementType().isF32() || mayOverflow)
    return FloatCodec::encodeKnown(b, value, format, known);
  if (isEncodedByTable(type, format)) {
    Value flat = flatten(b, value);
    return reshape(b, encodeByTable(b, flat, /*factor=*/{}, format, known),
                   type);
  }
  // What takes its sign from elsewhere has that sign, but for zeros.
  Value sign = value;
  if (auto copySign = value.getDefiningOp<math::CopySignOp>()) {
    value = copySign.getLhs();
    sign = copySign.getRhs();
  }
  value = flatten(b, value);
  sign = flatten(b, sign);
  bool areNumbers = known.isBounded || format.nonFinite == NonFinite::None;
  CodeHalves halves =
      areNumbers ? emitEncodeNumberHalves(b, value, format, known.isInRange)
                 : emitEncodeHalves(b, value, format, RoundingSpec(),
                                    /*saturate=*/false, /*hasFMA=*/true);
  halves.sign = b.lshr(b.asI32(sign), 32 - int64_t(format.bits));
  return reshape(b, narrow(b, halves, format), type);
}

Value X86FloatCodec::pack(ElementwiseBuilder &b, Value codes,
                          unsigned bits) const {
  auto type = cast<VectorType>(codes.getType());
  if (bits != 4 || !features.avx512vbmi || type.isScalable() ||
      type.getRank() != 1 || type.getNumElements() % registerBytes != 0)
    return FloatCodec::pack(b, codes, bits);
  SmallVector<Value> results;
  for (int64_t offset = 0; offset < getSize(codes); offset += registerBytes)
    results.push_back(packNibbles(b, slice(b, codes, offset, registerBytes)));
  return concatenate(b, results, getSize(codes) / 2);
}

bool X86FloatCodec::truncatesToBytes(VectorType words) const {
  return features.avx512vbmi && words.getRank() == 1 && !words.isScalable() &&
         words.getNumElements() % registerBytes == 0;
}

Value X86FloatCodec::truncateToBytes(ElementwiseBuilder &b, Value words) const {
  SmallVector<Value> results;
  constexpr int64_t lanes = 16;
  for (int64_t offset = 0; offset < getSize(words); offset += registerBytes) {
    SmallVector<Value> parts;
    for (int64_t i = offset; i < offset + registerBytes; i += lanes)
      parts.push_back(slice(b, words, i, lanes));
    results.push_back(takeLowBytes(b, parts));
  }
  return concatenate(b, results, getSize(words));
}
