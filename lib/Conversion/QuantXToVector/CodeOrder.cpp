//===- CodeOrder.cpp - The order of the codes of a chunk ------------------===//
//
// The layouts but `linear` order the codes of a block, which has n codes in
// h = ceil(n / 2) bytes:
//
//   split_half:    0, h, 1, h + 1, ...    codes h apart side by side
//   interleaved8:  0, 2, ..., 1, 3, ...   the even ones, from place h on the
//   odd
//
// What brings codes into one of these orders brings them back from the other.
// Where h is known this is one shuffle; the last block of a row of dynamic size
// has any h, by which lanes are moved bit by bit of it.
//
//===----------------------------------------------------------------------===//

#include "CodeOrder.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

/// The codes of a block: 1 for the linear layout, which has none.
static int64_t getBlockSize(Packing packing) {
  if (packing == Packing::Linear || isPlanted(Mutant::LayoutIgnored))
    return 1;
  return packing == Packing::SplitHalf ? 32 : 8;
}

/// The code at `place` of a block of `size` codes.
static int64_t getCode(Packing packing, int64_t place, int64_t size) {
  int64_t half = llvm::divideCeil(size, 2);
  if (packing == Packing::SplitHalf)
    return place / 2 + place % 2 * half;
  return place < half ? place * 2 : (place - half) * 2 + 1;
}

std::optional<int64_t> quantx::findChunkSize(RankedTensorType codes,
                                             Packing packing, int64_t largest) {
  int64_t rowSize = codes.getShape().back();
  int64_t chunk = getChunkSize(rowSize, largest);
  bool isOneChunk = !ShapedType::isDynamic(rowSize) && rowSize <= chunk;
  if (isOneChunk || chunk % getBlockSize(packing) == 0)
    return chunk;
  return std::nullopt;
}

static Value shuffle(ImplicitLocOpBuilder &b, Value low, Value high,
                     ArrayRef<int64_t> lanes) {
  return vector::ShuffleOp::create(b, low, high, lanes);
}

/// Reorders `codes` of which there are the first `count`.
static Value reorderFirst(ImplicitLocOpBuilder &b, Value codes, Packing packing,
                          int64_t count, bool isBack) {
  int64_t size = cast<VectorType>(codes.getType()).getNumElements();
  int64_t block = getBlockSize(packing);
  auto lanes = llvm::to_vector(llvm::seq<int64_t>(0, size));
  for (int64_t i = 0; i < count; ++i) {
    int64_t first = i / block * block;
    int64_t inBlock = std::min(block, count - first);
    int64_t lane = first + getCode(packing, i - first, inBlock);
    (isBack ? lanes[lane] : lanes[i]) = isBack ? i : lane;
  }
  return shuffle(b, codes, codes, lanes);
}

//===----------------------------------------------------------------------===//
// Blocks of dynamic size
//===----------------------------------------------------------------------===//

/// `codes` moved by `distance` lanes, at most `largest`: to higher lanes or to
/// lower ones.
static Value moveLanes(ImplicitLocOpBuilder &b, Value codes, Value distance,
                       int64_t largest, bool isUp) {
  int64_t size = cast<VectorType>(codes.getType()).getNumElements();
  for (int64_t step = 1; step <= largest; step *= 2) {
    SmallVector<int64_t> lanes(size, vector::ShuffleOp::kPoisonIndex);
    for (int64_t i = 0; i + step < size; ++i)
      (isUp ? lanes[i + step] : lanes[i]) = isUp ? i : i + step;
    Value bit = arith::AndIOp::create(b, distance, createIndex(b, step));
    Value isMoved = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, bit,
                                          createIndex(b, 0));
    codes = arith::SelectOp::create(b, isMoved, shuffle(b, codes, codes, lanes),
                                    codes);
  }
  return codes;
}

/// The codes of each block of `size`: the first ones with those from `half` on
/// between them.
static Value interleaveHalves(ImplicitLocOpBuilder &b, Value codes,
                              int64_t size, Value half) {
  Value second = moveLanes(b, codes, half, size / 2, /*isUp=*/false);
  int64_t numLanes = cast<VectorType>(codes.getType()).getNumElements();
  SmallVector<int64_t> lanes;
  for (int64_t i = 0; i < numLanes; ++i)
    lanes.push_back(i / size * size + i % size / 2 + i % 2 * numLanes);
  return shuffle(b, codes, second, lanes);
}

/// The codes of each block of `size`: the even ones, and from `half` on the odd
/// ones.
static Value separateHalves(ImplicitLocOpBuilder &b, Value codes, int64_t size,
                            Value half) {
  int64_t numLanes = cast<VectorType>(codes.getType()).getNumElements();
  SmallVector<int64_t> even, odd;
  SmallVector<int8_t> places;
  for (int64_t i = 0; i < numLanes; ++i) {
    even.push_back(i / size * size + i % size * 2 % size);
    odd.push_back(even.back() + 1);
    places.push_back(int8_t(i % size));
  }
  Value second = moveLanes(b, shuffle(b, codes, codes, odd), half, size / 2,
                           /*isUp=*/true);
  auto type = VectorType::get(numLanes, b.getI8Type());
  Value place = arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, ArrayRef<int8_t>(places)));
  half = arith::IndexCastOp::create(b, b.getI8Type(), half);
  Value isEven =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ult, place,
                            vector::BroadcastOp::create(b, type, half));
  return arith::SelectOp::create(b, isEven, shuffle(b, codes, codes, even),
                                 second);
}

/// Reorders `codes` of which there are the first `count`: whole blocks, and a
/// partial one.
static Value reorderFirst(ImplicitLocOpBuilder &b, Value codes, Packing packing,
                          Value count, bool isBack) {
  int64_t numLanes = cast<VectorType>(codes.getType()).getNumElements();
  int64_t size = getBlockSize(packing);
  Value rest = arith::AndIOp::create(b, count, createIndex(b, size - 1));
  Value half = arith::DivUIOp::create(
      b, arith::AddIOp::create(b, rest, createIndex(b, 1)), createIndex(b, 2));
  bool interleaves = (packing == Packing::SplitHalf) != isBack;
  Value partial = interleaves ? interleaveHalves(b, codes, size, half)
                              : separateHalves(b, codes, size, half);
  Value whole = reorderFirst(b, codes, packing, numLanes, isBack);
  Value isWhole = vector::CreateMaskOp::create(
      b, VectorType::get(numLanes, b.getI1Type()),
      ValueRange{arith::SubIOp::create(b, count, rest)});
  return arith::SelectOp::create(b, isWhole, whole, partial);
}

//===----------------------------------------------------------------------===//
// Chunks
//===----------------------------------------------------------------------===//

Value quantx::reorderCodes(ImplicitLocOpBuilder &b, Value codes,
                           Packing packing, const Chunk &chunk, bool isBack) {
  if (getBlockSize(packing) == 1)
    return codes;
  if (!chunk.count)
    return reorderFirst(b, codes, packing, chunk.size, isBack);
  if (std::optional<int64_t> count = getConstantIntValue(chunk.count))
    return reorderFirst(b, codes, packing, *count, isBack);
  return reorderFirst(b, codes, packing, chunk.count, isBack);
}
