//===- RowLayout.cpp - Where the codes of a row are in its bytes ----------===//

#include "RowLayout.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "quantx/Emit/IndexMath.h"
#include "quantx/Format/Mutants.h"
#include <numeric>

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Index arithmetic
//===----------------------------------------------------------------------===//

static Value add(ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
  return arith::AddIOp::create(b, lhs, rhs);
}

static Value add(ImplicitLocOpBuilder &b, Value lhs, int64_t rhs) {
  return rhs == 0 ? lhs : add(b, lhs, createIndex(b, rhs));
}

static Value sub(ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
  return arith::SubIOp::create(b, lhs, rhs);
}

static Value mul(ImplicitLocOpBuilder &b, Value lhs, int64_t rhs) {
  return rhs == 1 ? lhs : arith::MulIOp::create(b, lhs, createIndex(b, rhs));
}

static Value div(ImplicitLocOpBuilder &b, Value lhs, int64_t rhs) {
  return rhs == 1 ? lhs : arith::DivUIOp::create(b, lhs, createIndex(b, rhs));
}

/// `lhs` modulo `rhs`, a power of two.
static Value rem(ImplicitLocOpBuilder &b, Value lhs, int64_t rhs) {
  return arith::AndIOp::create(b, lhs, createIndex(b, rhs - 1));
}

static Value isLess(ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, lhs, rhs);
}

static Value select(ImplicitLocOpBuilder &b, Value condition, Value ifTrue,
                    Value ifFalse) {
  return arith::SelectOp::create(b, condition, ifTrue, ifFalse);
}

static Value toI32(ImplicitLocOpBuilder &b, Value index) {
  return arith::IndexCastOp::create(b, b.getI32Type(), index);
}

/// The low 8 bits of `word` (i32) shifted right by `amount` (index).
static Value shiftToByte(ImplicitLocOpBuilder &b, Value word, Value amount) {
  Value shifted = arith::ShRUIOp::create(b, word, toI32(b, amount));
  return arith::TruncIOp::create(b, b.getI8Type(), shifted);
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

int64_t RowLayout::getBlockBytes() const {
  return packing == Packing::SplitHalf ? 16 : 4;
}

Value RowLayout::emitBlockSize(ImplicitLocOpBuilder &b, Value block) const {
  Value whole = createIndex(b, getBlockBytes());
  std::optional<int64_t> size = getConstantIntValue(numBytes);
  if (size && *size % getBlockBytes() == 0)
    return whole;
  Value rest = sub(b, getValueOrCreateConstantIndexOp(b, b.getLoc(), numBytes),
                   mul(b, block, getBlockBytes()));
  return arith::MinUIOp::create(b, whole, rest);
}

//===----------------------------------------------------------------------===//
// The codes of a byte
//===----------------------------------------------------------------------===//

bool RowLayout::hasOwnCodesOnly() const { return 8 % bits == 0 || bits == 6; }

unsigned RowLayout::getMaxCodesPerByte() const {
  unsigned latestStart = bits - std::gcd(8u, bits);
  return (latestStart + 7) / bits + 1;
}

Value RowLayout::emitCodeIndex(ImplicitLocOpBuilder &b, Value byte,
                               unsigned i) const {
  if (packing == Packing::Linear || isPlanted(Mutant::LayoutIgnored)) {
    Value first =
        8 % bits == 0 ? mul(b, byte, 8 / bits) : div(b, mul(b, byte, 8), bits);
    return add(b, first, i);
  }
  Value block = div(b, byte, getBlockBytes());
  Value firstCode = mul(b, block, 2 * getBlockBytes());
  Value inBlock = rem(b, byte, getBlockBytes());
  if (packing == Packing::SplitHalf) {
    Value index = add(b, firstCode, inBlock);
    return i == 0 ? index : add(b, index, emitBlockSize(b, block));
  }
  Value place = add(b, mul(b, inBlock, 2), i);
  Value numEven = emitBlockSize(b, block);
  Value odd = add(b, mul(b, sub(b, place, numEven), 2), 1);
  Value inGroup = select(b, isLess(b, place, numEven), mul(b, place, 2), odd);
  if (isPlanted(Mutant::Interleaved8Inverse))
    inGroup = add(b, inBlock, mul(b, createIndex(b, i), 4));
  return add(b, firstCode, inGroup);
}

Value RowLayout::emitPart(ImplicitLocOpBuilder &b, Value code, Value index,
                          Value byte, unsigned i) const {
  ElementwiseBuilder arith(b, b.getLoc());
  if (isPlanted(Mutant::NibblesSwapped) && bits == 4)
    i = 1 - i;
  if (8 % bits == 0)
    return i == 0 ? code : arith.shl(code, i * bits);
  // The code's first bit is bit `shift` of the byte, negative when the code
  // began in the byte before: shift left by 8 more, then back.
  Value codeBit = add(b, mul(b, index, bits), 8);
  Value shift = sub(b, codeBit, mul(b, byte, 8));
  Value shifted = arith::ShLIOp::create(b, code, toI32(b, shift));
  return arith.lshr(shifted, 8);
}

//===----------------------------------------------------------------------===//
// The byte of a code
//===----------------------------------------------------------------------===//

Value RowLayout::emitRead(ImplicitLocOpBuilder &b, Value index,
                          llvm::function_ref<Value(Value)> readByte) const {
  if (bits == 8)
    return readByte(index);
  bool isLinear =
      packing == Packing::Linear || isPlanted(Mutant::LayoutIgnored);
  return isLinear ? emitReadLinear(b, index, readByte)
                  : emitReadBlock(b, index, readByte);
}

Value RowLayout::emitReadLinear(
    ImplicitLocOpBuilder &b, Value index,
    llvm::function_ref<Value(Value)> readByte) const {
  ElementwiseBuilder arith(b, b.getLoc());
  if (8 % bits == 0) {
    int64_t codesPerByte = 8 / bits;
    Value byte = readByte(div(b, index, codesPerByte));
    if (isPlanted(Mutant::NibblesSwapped) && bits == 4)
      index = add(b, index, 1);
    return shiftToByte(b, arith.zext(byte, 32),
                       mul(b, rem(b, index, codesPerByte), bits));
  }
  // Where the code ends in its first byte, the second is that byte again, and
  // what it adds lies above the code.
  Value firstBit = mul(b, index, bits);
  auto readByteOf = [&](Value bit) {
    return arith.zext(readByte(div(b, bit, 8)), 32);
  };
  Value low = readByteOf(firstBit);
  Value high = readByteOf(add(b, firstBit, bits - 1));
  return shiftToByte(b, arith.bitOr(low, arith.shl(high, 8)),
                     rem(b, firstBit, 8));
}

Value RowLayout::emitReadBlock(
    ImplicitLocOpBuilder &b, Value index,
    llvm::function_ref<Value(Value)> readByte) const {
  Value block = div(b, index, 2 * getBlockBytes());
  Value inBlock = rem(b, index, 2 * getBlockBytes());
  Value size = emitBlockSize(b, block);
  Value byte, isHigh;
  if (packing == Packing::SplitHalf) {
    Value isLow = isLess(b, inBlock, size);
    byte = select(b, isLow, inBlock, sub(b, inBlock, size));
    isHigh = select(b, isLow, createIndex(b, 0), createIndex(b, 1));
  } else {
    Value pair = div(b, inBlock, 2);
    Value isEven = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                         rem(b, inBlock, 2), createIndex(b, 0));
    Value place = select(b, isEven, pair, add(b, pair, size));
    byte = div(b, place, 2);
    isHigh = rem(b, place, 2);
  }
  Value address = add(b, mul(b, block, getBlockBytes()), byte);
  Value word = ElementwiseBuilder(b, b.getLoc()).zext(readByte(address), 32);
  return shiftToByte(b, word, mul(b, isHigh, 4));
}
