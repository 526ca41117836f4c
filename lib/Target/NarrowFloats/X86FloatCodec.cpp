//===- X86FloatCodec.cpp - Small floats by AVX2 and AVX-512 ---------------===//
//
// Every value of every small format is exact in bf16, so a code is decoded by
// two look-ups of a byte each. The tables live in registers: 16 entries where
// byte shuffles look up nibbles, 64 and 128 with VBMI. Interleaving the bytes
// and putting zeros below makes f32.
//
// What a table cannot hold goes through f16, whose conversion to f32 is one
// instruction and takes subnormals as they are.
//
//===----------------------------------------------------------------------===//

#include "X86Vectors.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/VectorPacking.h"
#include "quantx/Format/Mutants.h"
#include "quantx/Target/NarrowFloats/FloatCodecs.h"

using namespace mlir;
using namespace quantx;
using namespace quantx::x86;

/// The elements of a vector of any shape in one dimension, and back in the
/// shape of `like`.
static Value flatten(ElementwiseBuilder &b, Value vector) {
  auto type = cast<VectorType>(vector.getType());
  if (type.getRank() == 1)
    return vector;
  auto flat = VectorType::get(type.getNumElements(), type.getElementType());
  return vector::ShapeCastOp::create(b.getBuilder(), flat, vector);
}
static Value reshape(ElementwiseBuilder &b, Value vector, VectorType like) {
  if (like.getRank() == 1)
    return vector;
  return vector::ShapeCastOp::create(
      b.getBuilder(), like.clone(getElementTypeOrSelf(vector)), vector);
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// The f32 bits of the codes 0 ... count - 1.
static SmallVector<uint32_t> getValues(const FloatFormat &format,
                                       int64_t count) {
  SmallVector<uint32_t> values;
  for (int64_t code = 0; code < count; ++code)
    values.push_back(llvm::bit_cast<uint32_t>(decode(uint8_t(code), format)));
  return values;
}

static Value buildBytes(ElementwiseBuilder &b, ArrayRef<uint8_t> bytes) {
  auto type =
      VectorType::get(int64_t(bytes.size()), b.getBuilder().getI8Type());
  return arith::ConstantOp::create(b.getBuilder(),
                                   DenseElementsAttr::get(type, bytes));
}

namespace {

class X86FloatCodec : public FloatCodec {
public:
  explicit X86FloatCodec(X86Features features)
      : features(features), registerBytes(features.avx512 ? 64 : 32) {}

  Value encode(ElementwiseBuilder &b, Value value, const FloatFormat &format,
               RoundingSpec rounding, bool saturate) const override;
  Value encodeInRange(ElementwiseBuilder &b, Value value,
                      const FloatFormat &format) const override;
  Value decode(ElementwiseBuilder &b, Value code, const FloatFormat &format,
               Type element) const override;
  Value decodeWord(ElementwiseBuilder &b, Value code,
                   const FloatFormat &format) const override;
  bool looksUp(Type type) const override;
  Value lookUp(ElementwiseBuilder &b, Value codes,
               ArrayRef<uint8_t> table) const override;
  Value unpack(ElementwiseBuilder &b, Value bytes,
               unsigned bits) const override;
  Value pack(ElementwiseBuilder &b, Value codes, unsigned bits) const override;
  bool truncatesToBytes(VectorType words) const override;
  Value truncateToBytes(ElementwiseBuilder &b, Value words) const override;

private:
  /// What a table of 16 bytes has for a register of codes of 4 bits.
  Value lookUpNibbles(ElementwiseBuilder &b, Value codes,
                      ArrayRef<uint8_t> table) const;
  /// Whether vectors of `type` are encoded by a table of bytes.
  bool isEncodedByTable(VectorType type, const FloatFormat &format) const;

  /// The codes (i8) of halves in vectors of one dimension, as long as a whole
  /// number of registers of codes.
  Value narrow(ElementwiseBuilder &b, CodeHalves halves,
               const FloatFormat &format) const;
  /// The codes (i8) of 4 bits of as many f32 as fill registers of codes, to
  /// nearest even; zeros of the sign of `sign`. Those in range are not NaN, nor
  /// far beyond the largest value.
  Value encodeByTable(ElementwiseBuilder &b, Value value, Value sign,
                      const FloatFormat &format, bool isInRange) const;
  /// A register of codes in i32.
  Value join(ElementwiseBuilder &b, CodeHalves halves,
             const FloatFormat &format) const;
  /// Whether the codes of `format` fit in a table.
  bool hasTable(const FloatFormat &format) const {
    return format.bits == 4 || features.avx512vbmi;
  }

  /// One register of codes to `element`, in order: as many registers of
  /// results as that takes.
  SmallVector<Value> decodeRegister(ElementwiseBuilder &b, Value codes,
                                    const FloatFormat &format,
                                    Type element) const;
  /// The byte at `shift` of the f32 value of each code.
  Value lookUpByte(ElementwiseBuilder &b, Value codes,
                   const FloatFormat &format, unsigned shift) const;
  /// A vector of one dimension, by tables.
  Value decodeByTables(ElementwiseBuilder &b, Value codes,
                       const FloatFormat &format, Type element) const;
  /// A vector of any shape, through f16.
  Value decodeByHalf(ElementwiseBuilder &b, Value codes,
                     const FloatFormat &format, Type element) const;

  X86Features features;
  int64_t registerBytes;
};

} // namespace

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

// Look-ups of 16 entries happen in every 128-bit lane.
Value X86FloatCodec::lookUpNibbles(ElementwiseBuilder &b, Value codes,
                                   ArrayRef<uint8_t> table) const {
  SmallVector<uint8_t> bytes;
  while (int64_t(bytes.size()) < registerBytes)
    llvm::append_range(bytes, table);
  StringRef name =
      features.avx512 ? "llvm.x86.avx512.pshuf.b.512" : "llvm.x86.avx2.pshuf.b";
  return callIntrinsic(b, name, codes.getType(),
                       {buildBytes(b, bytes), b.bitAnd(codes, 0xf)});
}

bool X86FloatCodec::looksUp(Type type) const {
  auto vector = dyn_cast<VectorType>(type);
  return vector && vector.getRank() == 1 && !vector.isScalable() &&
         vector.getNumElements() % registerBytes == 0;
}

Value X86FloatCodec::lookUp(ElementwiseBuilder &b, Value codes,
                            ArrayRef<uint8_t> table) const {
  SmallVector<Value> results;
  for (int64_t offset = 0; offset < getSize(codes); offset += registerBytes)
    results.push_back(
        lookUpNibbles(b, slice(b, codes, offset, registerBytes), table));
  return concatenate(b, results, getSize(codes));
}

Value X86FloatCodec::lookUpByte(ElementwiseBuilder &b, Value codes,
                                const FloatFormat &format,
                                unsigned shift) const {
  // A code of 8 bits brings its sign itself.
  int64_t entries = std::min(1 << format.bits, 128);
  SmallVector<uint8_t> bytes;
  for (uint32_t value : getValues(format, entries))
    bytes.push_back(uint8_t(value >> shift));
  if (isPlanted(Mutant::X86TableEntryWrong))
    bytes[1] = 0;
  Type type = codes.getType();
  if (entries == 16)
    return lookUpNibbles(b, codes, bytes);
  if (entries == 64)
    return callIntrinsic(b, "llvm.x86.avx512.permvar.qi.512", type,
                         {buildBytes(b, bytes), codes});
  ArrayRef<uint8_t> halves(bytes);
  return callIntrinsic(b, "llvm.x86.avx512.vpermi2var.qi.512", type,
                       {buildBytes(b, halves.take_front(64)), codes,
                        buildBytes(b, halves.drop_front(64))});
}

SmallVector<Value> X86FloatCodec::decodeRegister(ElementwiseBuilder &b,
                                                 Value codes,
                                                 const FloatFormat &format,
                                                 Type element) const {
  bool toBF16 = element.isBF16();
  codes = spreadOverLanes(b, codes, toBF16 ? 8 : 4);
  Value high = lookUpByte(b, codes, format, 24);
  if (format.bits == 8 && !isPlanted(Mutant::X86SignLost))
    high = b.bitOr(high, b.bitAnd(codes, format.getSignMask()));
  Value low = lookUpByte(b, codes, format, 16);

  auto words = VectorType::get(registerBytes / 2, b.getBuilder().getI16Type());
  SmallVector<Value> results;
  for (bool upper : {false, true}) {
    Value halves = vector::BitCastOp::create(b.getBuilder(), words,
                                             interleave(b, low, high, upper));
    if (toBF16) {
      results.push_back(b.bitcast(halves, element));
      continue;
    }
    auto floats = VectorType::get(registerBytes / 4, element);
    for (bool upperHalf : {false, true}) {
      Value zero = b.integer(16, 0, halves);
      results.push_back(vector::BitCastOp::create(
          b.getBuilder(), floats, interleave(b, zero, halves, upperHalf)));
    }
  }
  return results;
}

Value X86FloatCodec::decodeByTables(ElementwiseBuilder &b, Value codes,
                                    const FloatFormat &format,
                                    Type element) const {
  int64_t size = getSize(codes);
  SmallVector<Value> results;
  for (int64_t offset = 0; offset < size; offset += registerBytes) {
    llvm::append_range(results,
                       decodeRegister(b, slice(b, codes, offset, registerBytes),
                                      format, element));
  }
  int64_t lanes = getSize(results.front());
  results.truncate(llvm::divideCeil(size, lanes));
  return concatenate(b, results, size);
}

// An exponent field of up to 5 bits fits in that of f16; what is left is a
// power of two.
Value X86FloatCodec::decodeByHalf(ElementwiseBuilder &b, Value codes,
                                  const FloatFormat &format,
                                  Type element) const {
  constexpr unsigned halfMantissaBits = 10;
  constexpr int halfBias = 15;
  Value wide = b.zext(codes, 16);
  Value magnitude = b.bitAnd(wide, format.getMagnitudeMask());
  Value sign = b.shl(b.bitAnd(wide, format.getSignMask()), 16 - format.bits);
  Value bits =
      b.bitOr(b.shl(magnitude, halfMantissaBits - format.mantissaBits), sign);
  // LLVM cancels the way from f16 to f32 and back, which makes NaN quiet.
  if (element.isF16() && format.nonFinite == NonFinite::InfAndNan) {
    constexpr int64_t quietBit = 1 << (halfMantissaBits - 1);
    Value quiet = b.bitOr(bits, b.integer(16, quietBit, bits));
    bits = b.select(b.greater(magnitude, format.getInfCode()), quiet, bits);
  }
  Value half = b.bitcast(bits, b.getBuilder().getF16Type());
  Value value =
      b.mul(b.extendToF32(half), std::ldexp(1.0, halfBias - format.bias));
  if (format.nonFinite != NonFinite::NanOnly ||
      isPlanted(Mutant::X86NaNReadAsNumber))
    return b.truncateFromF32(value, element);
  // Taken as a number, the NaN code gives a value of its sign.
  uint32_t quietNaN =
      llvm::bit_cast<uint32_t>(quantx::decode(format.nanCode, format));
  Value f32Bits = b.asI32(value);
  Value nan = b.bitOr(b.bitAnd(f32Bits, 0x80000000), b.i32(quietNaN, f32Bits));
  value = b.asF32(b.select(b.equal(magnitude, format.nanCode), nan, f32Bits));
  return b.truncateFromF32(value, element);
}

Value X86FloatCodec::decode(ElementwiseBuilder &b, Value code,
                            const FloatFormat &format, Type element) const {
  auto type = dyn_cast<VectorType>(code.getType());
  bool fitsHalf = format.exponentBits <= 5;
  if (!type || type.isScalable() || type.getNumElements() < 4 ||
      !(hasTable(format) || fitsHalf))
    return FloatCodec::decode(b, code, format, element);
  if (!hasTable(format))
    return decodeByHalf(b, code, format, element);

  // f16 is reached through f32, exactly and by one instruction.
  Type direct = element.isF16() ? Type(b.getBuilder().getF32Type()) : element;
  Value value =
      reshape(b, decodeByTables(b, flatten(b, code), format, direct), type);
  return element.isF16() ? b.truncateFromF32(value, element) : value;
}

// A permutation by lanes takes as many low bits of each index as it needs:
// codes are looked up with whatever is above them. The 8 lanes of AVX2 hold the
// magnitudes alone.
Value X86FloatCodec::decodeWord(ElementwiseBuilder &b, Value code,
                                const FloatFormat &format) const {
  auto type = dyn_cast<VectorType>(code.getType());
  int64_t lanes = registerBytes / 4;
  if (!type || type.getRank() != 1 || type.isScalable() ||
      type.getNumElements() % lanes != 0 || format.bits != 4)
    return FloatCodec::decodeWord(b, code, format);
  SmallVector<float> values;
  for (uint32_t bits : getValues(format, lanes))
    values.push_back(llvm::bit_cast<float>(bits));
  if (isPlanted(Mutant::X86TableEntryWrong))
    values[1] = 0.0f;
  auto floats = VectorType::get(lanes, b.getBuilder().getF32Type());
  Value table = arith::ConstantOp::create(
      b.getBuilder(), DenseElementsAttr::get(floats, ArrayRef(values)));
  SmallVector<Value> results;
  for (int64_t offset = 0; offset < getSize(code); offset += lanes) {
    Value part = slice(b, code, offset, lanes);
    if (features.avx512) {
      results.push_back(callIntrinsic(b, "llvm.x86.avx512.permvar.sf.512",
                                      floats, {table, part}));
      continue;
    }
    Value magnitude =
        callIntrinsic(b, "llvm.x86.avx2.permps", floats, {table, part});
    Value sign = b.bitAnd(b.shl(part, 32 - int64_t(format.bits)), 0x80000000);
    results.push_back(b.asF32(b.bitOr(b.asI32(magnitude), sign)));
  }
  return concatenate(b, results, getSize(code));
}

// A shuffle of 48 bytes to 64 is two dozen instructions, one of 64 bytes is one
// or two. LLVM makes a shuffle of two, but for the freeze between them.
Value X86FloatCodec::unpack(ElementwiseBuilder &b, Value bytes,
                            unsigned bits) const {
  if (!features.avx512)
    return FloatCodec::unpack(b, bytes, bits);
  return emitUnpackCodes(b, bytes, bits, [&](Value packed) -> Value {
    int64_t size = getSize(packed);
    if (llvm::isPowerOf2_64(size))
      return packed;
    Value wide = slice(b, packed, 0, int64_t(llvm::NextPowerOf2(size)));
    return LLVM::FreezeOp::create(b.getBuilder(), wide);
  });
}

std::unique_ptr<FloatCodec> quantx::createX86FloatCodec(X86Features features) {
  return std::make_unique<X86FloatCodec>(features);
}
