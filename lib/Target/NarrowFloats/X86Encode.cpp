//===- X86Encode.cpp - Values to small floats by AVX2 and AVX-512 ---------===//

#include "X86FloatCodec.h"
#include "X86Vectors.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;
using namespace quantx::x86;

// One instruction selects bits by a mask, which LLVM does not see once it has
// cut the mask of the sign down to one bit.
Value X86FloatCodec::join(ElementwiseBuilder &b, CodeHalves halves,
                          const FloatFormat &format) const {
  if (!features.avx512)
    return emitJoinHalves(b, halves, format);
  constexpr int64_t firstSelectsSecondOrThird = 0xca;
  Value mask = b.i32(format.getMagnitudeMask(), halves.magnitude);
  Value table = arith::ConstantOp::create(
      b.getBuilder(),
      b.getBuilder().getI32IntegerAttr(firstSelectsSecondOrThird));
  return callIntrinsic(b, "llvm.x86.avx512.pternlog.d.512", mask.getType(),
                       {mask, halves.magnitude, halves.sign, table});
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

// Every boundary between codes of 4 bits is an odd number of quarters. Four
// times the value rounded down plus the same rounded up is twice that, odd
// strictly between two quarters: it indexes a table of codes. A value of 0 is
// moved off it, to have its sign.
Value X86FloatCodec::encodeByTable(ElementwiseBuilder &b, Value value,
                                   Value sign, const FloatFormat &format,
                                   bool isInRange) const {
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

  // NaN becomes the largest value. What is less than -8 needs no limit: it
  // saturates below.
  if (!isInRange) {
    Value largest = b.f32(format.getMaxFinite(), value);
    value = b.select(b.greaterF(largest, value), value, largest);
  }
  Value tiny = b.f32(0x1p-60, value);
  if (!isPlanted(Mutant::X86ZeroLosesSign))
    tiny = math::CopySignOp::create(builder, tiny, sign);
  value = b.fma(value, b.f32(4.0, value), tiny);

  constexpr int64_t lanes = 16;
  auto i32Lanes = VectorType::get(lanes, builder.getI32Type());
  auto words = VectorType::get(lanes * 2, builder.getI16Type());
  auto bytes = VectorType::get(lanes * 4, builder.getI8Type());
  auto toIntegers = [&](Value part, int32_t mode) {
    constexpr int32_t noExceptions = 8;
    Value none = b.integer(32, 0, part);
    Value all =
        arith::ConstantOp::create(builder, builder.getI16IntegerAttr(-1));
    Value rounding = arith::ConstantOp::create(
        builder, builder.getI32IntegerAttr(mode | noExceptions));
    return callIntrinsic(b, "llvm.x86.avx512.mask.cvtps2dq.512", i32Lanes,
                         {part, none, all, rounding});
  };
  constexpr int32_t down = 1, up = 2;
  SmallVector<Value> results;
  for (int64_t offset = 0; offset < getSize(value); offset += registerBytes) {
    SmallVector<Value> sums;
    for (int64_t i = offset; i < offset + registerBytes; i += 2 * lanes) {
      Value low = slice(b, value, i, lanes);
      Value high = slice(b, value, i + lanes, lanes);
      auto pack = [&](int32_t mode) {
        return callIntrinsic(b, "llvm.x86.avx512.packssdw.512", words,
                             {toIntegers(low, mode), toIntegers(high, mode)});
      };
      sums.push_back(callIntrinsic(b, "llvm.sadd.sat.v32i16", words,
                                   {pack(down), pack(up)}));
    }
    Value indices = callIntrinsic(b, "llvm.x86.avx512.packsswb.512", bytes,
                                  {sums[0], sums[1]});
    if (!isInRange)
      indices = b.max(indices, -entries / 2);
    ArrayRef<uint8_t> halves(codes);
    Value packed = callIntrinsic(b, "llvm.x86.avx512.vpermi2var.qi.512", bytes,
                                 {buildBytes(b, halves.take_front(64)), indices,
                                  buildBytes(b, halves.drop_front(64))});
    if (!isPlanted(Mutant::X86LanesInterleaved))
      packed = gatherFromLanes(b, packed, 4);
    results.push_back(packed);
  }
  return concatenate(b, results, getSize(value));
}

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
    Value codes = encodeByTable(b, flat, flat, format, /*isInRange=*/false);
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

Value X86FloatCodec::encodeInRange(ElementwiseBuilder &b, Value value,
                                   const FloatFormat &format) const {
  auto type = cast<VectorType>(value.getType());
  if (type.isScalable() || type.getNumElements() % registerBytes != 0 ||
      !type.getElementType().isF32())
    return FloatCodec::encodeInRange(b, value, format);
  // What takes its sign from elsewhere has that sign, but for zeros.
  Value sign = value;
  if (auto copySign = value.getDefiningOp<math::CopySignOp>()) {
    value = copySign.getLhs();
    sign = copySign.getRhs();
  }
  value = flatten(b, value);
  sign = flatten(b, sign);
  if (isEncodedByTable(type, format)) {
    return reshape(b, encodeByTable(b, value, sign, format, /*isInRange=*/true),
                   type);
  }
  CodeHalves halves = emitEncodeHalves(b, value, format, RoundingSpec(),
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
