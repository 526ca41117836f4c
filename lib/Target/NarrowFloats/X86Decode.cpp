//===- X86Decode.cpp - Small floats to values by AVX2 and AVX-512 ---------===//
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

#include "X86FloatCodec.h"
#include "X86Vectors.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/VectorPacking.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;
using namespace quantx::x86;

/// The f32 bits of the codes 0 ... count - 1.
static SmallVector<uint32_t> getValues(const FloatFormat &format,
                                       int64_t count) {
  SmallVector<uint32_t> values;
  for (int64_t code = 0; code < count; ++code)
    values.push_back(llvm::bit_cast<uint32_t>(decode(uint8_t(code), format)));
  return values;
}

/// The number that all elements of `value`, integers, are, if it is a constant.
static std::optional<APInt> getSplat(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  auto splat = constant ? dyn_cast<SplatElementsAttr>(constant.getValue())
                        : SplatElementsAttr();
  if (!splat)
    return std::nullopt;
  return splat.getSplatValue<APInt>();
}

/// `codes`, i8, with anything above their low `bits`.
static Value dropMasks(Value codes, unsigned bits) {
  while (auto masked = codes.getDefiningOp<arith::AndIOp>()) {
    std::optional<APInt> mask = getSplat(masked.getRhs());
    if (!mask || mask->countr_one() < bits)
      break;
    codes = masked.getLhs();
  }
  return codes;
}

Value X86FloatCodec::prepareCodes(Value codes, unsigned bits) const {
  constexpr unsigned indexBits = 6;
  return features.avx512vbmi && bits <= indexBits ? dropMasks(codes, bits)
                                                  : codes;
}

// With VBMI, an index is the low 6 bits of a byte, whatever is above them: the
// table is there four times. Else look-ups of 16 entries happen in every
// 128-bit lane.
Value X86FloatCodec::lookUpNibbles(ElementwiseBuilder &b, Value codes,
                                   ArrayRef<uint8_t> table) const {
  SmallVector<uint8_t> bytes;
  while (int64_t(bytes.size()) < registerBytes)
    llvm::append_range(bytes, table);
  if (features.avx512vbmi)
    return callIntrinsic(b, "llvm.x86.avx512.permvar.qi.512", codes.getType(),
                         {buildBytes(b, bytes), codes});
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
  constexpr unsigned codeBits = 4;
  codes = prepareCodes(codes, codeBits);
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

Value X86FloatCodec::truncateToBF16(ElementwiseBuilder &b, Value value) const {
  auto type = dyn_cast<VectorType>(value.getType());
  constexpr int64_t lanes = 16;
  if (!features.avx512bf16 || !type || type.isScalable() ||
      type.getNumElements() % (2 * lanes) != 0)
    return FloatCodec::truncateToBF16(b, value);
  auto halves = VectorType::get(2 * lanes, b.getBuilder().getBF16Type());
  Value flat = flatten(b, value);
  SmallVector<Value> results;
  for (int64_t i = 0; i < getSize(flat); i += 2 * lanes) {
    Value low = slice(b, flat, i, lanes);
    Value high = slice(b, flat, i + lanes, lanes);
    results.push_back(callIntrinsic(b, "llvm.x86.avx512bf16.cvtne2ps2bf16.512",
                                    halves, {high, low}));
  }
  return reshape(b, concatenate(b, results, getSize(flat)), type);
}

Value X86FloatCodec::decodeByTables(ElementwiseBuilder &b, Value codes,
                                    const FloatFormat &format,
                                    Type element) const {
  codes = prepareCodes(codes, format.bits);
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
  // Infinities are numbers under any exponent but the largest of f16.
  constexpr unsigned halfExponentBits = 5;
  bool fitsHalf = format.nonFinite == NonFinite::InfAndNan
                      ? format.exponentBits == halfExponentBits
                      : format.exponentBits <= halfExponentBits;
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

/// What a permutation by lanes takes for the values of codes of 4 bits: as many
/// as there are lanes of f32 or, from AVX-512 on, bf16.
static Value buildValues(ElementwiseBuilder &b, const FloatFormat &format,
                         int64_t lanes, Type element) {
  SmallVector<uint32_t> bits = getValues(format, std::min(lanes, int64_t(16)));
  if (isPlanted(Mutant::X86TableEntryWrong))
    bits[1] = 0;
  SmallVector<APFloat> values;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    APFloat value(llvm::bit_cast<float>(bits[lane % int64_t(bits.size())]));
    bool losesInfo;
    value.convert(cast<FloatType>(element).getFloatSemantics(),
                  APFloat::rmNearestTiesToEven, &losesInfo);
    values.push_back(value);
  }
  return arith::ConstantOp::create(
      b.getBuilder(),
      DenseElementsAttr::get(VectorType::get(lanes, element), values));
}

Value X86FloatCodec::decodeHalf(ElementwiseBuilder &b, Value codes,
                                const FloatFormat &format) const {
  auto halves = cast<VectorType>(codes.getType());
  Type bf16 = b.getBuilder().getBF16Type();
  Value table = buildValues(b, format, getSize(codes), bf16);
  Value looked =
      callIntrinsic(b, "llvm.x86.avx512.permvar.hi.512", halves,
                    {b.bitcast(table, halves.getElementType()), codes});
  return b.bitcast(looked, bf16);
}

// A permutation by lanes takes as many low bits of each index as it needs:
// codes are looked up with whatever is above them. The 8 lanes of AVX2 hold the
// magnitudes alone.
Value X86FloatCodec::decodeWord(ElementwiseBuilder &b, Value code,
                                const FloatFormat &format) const {
  auto type = dyn_cast<VectorType>(code.getType());
  int64_t bytes = type ? type.getElementTypeBitWidth() / 8 : 1;
  int64_t lanes = registerBytes / bytes;
  bool looksUp = bytes == 4 || features.avx512;
  if (!type || type.getRank() != 1 || type.isScalable() || !looksUp ||
      type.getNumElements() % lanes != 0 || format.bits != 4)
    return FloatCodec::decodeWord(b, code, format);
  auto floats = VectorType::get(lanes, b.getBuilder().getF32Type());
  SmallVector<Value> results;
  for (int64_t offset = 0; offset < getSize(code); offset += lanes) {
    Value part = slice(b, code, offset, lanes);
    if (bytes == 2) {
      results.push_back(decodeHalf(b, part, format));
      continue;
    }
    Value table = buildValues(b, format, lanes, floats.getElementType());
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
