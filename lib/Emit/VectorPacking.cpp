//===- VectorPacking.cpp - Packing codes in registers ---------------------===//

#include "quantx/Emit/VectorPacking.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"
#include <numeric>

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Vectors of one dimension
//===----------------------------------------------------------------------===//

static int64_t getSize(Value vector) {
  return cast<VectorType>(vector.getType()).getNumElements();
}

/// The bits of a vector of one dimension as lanes of `bits` bits.
static Value asLanes(ElementwiseBuilder &b, Value vector, unsigned bits) {
  auto type = cast<VectorType>(vector.getType());
  int64_t total = type.getNumElements() * type.getElementTypeBitWidth();
  auto lanes =
      VectorType::get(total / bits, b.getBuilder().getIntegerType(bits));
  return vector::BitCastOp::create(b.getBuilder(), lanes, vector);
}

/// The elements of `vector` at `indices`.
static Value shuffle(ElementwiseBuilder &b, Value vector,
                     ArrayRef<int64_t> indices) {
  return vector::ShuffleOp::create(b.getBuilder(), vector, vector, indices);
}

//===----------------------------------------------------------------------===//
// Groups of codes that fill whole bytes
//===----------------------------------------------------------------------===//

namespace {

/// The smallest group of codes whose bits fill whole bytes, and the lane that
/// holds it with one code a byte: 2 codes in i16 for 4 bits, 4 in i32 for 2 and
/// 6 bits, 8 in i64 for 3, 5 and 7.
struct CodeGroup {
  explicit CodeGroup(unsigned bits)
      : bits(bits), codes(8 / std::gcd(8u, bits)), bytes(codes * bits / 8) {}

  unsigned bits;
  unsigned codes;
  unsigned bytes;

  unsigned getLaneBits() const { return codes * 8; }
};

} // namespace

// Halves are merged, then halves of those: code pairs of 2n bits in i16 lanes,
// fours of 4n bits in i32, ... The unused bits between them are clear.
static Value packLanes(ElementwiseBuilder &b, Value codes, CodeGroup group) {
  for (unsigned width = 16; width <= group.getLaneBits(); width *= 2) {
    unsigned half = width / 2;
    unsigned used = group.bits * half / 8;
    Value lanes = asLanes(b, codes, width);
    if (isPlanted(Mutant::VectorNibblesSwapped) && group.bits == 4)
      lanes = b.bitOr(b.shl(lanes, half), b.lshr(lanes, half));
    // The high half, moved to where the low one ends. Where the lane is cut to
    // that afterwards, what it leaves behind does no harm.
    bool isCut = width == group.getLaneBits() && group.bytes == 1;
    if (isCut && 2 * used <= half) {
      codes = b.bitOr(lanes, b.lshr(lanes, half - used));
      continue;
    }
    Value low = b.bitAnd(lanes, (int64_t(1) << used) - 1);
    codes = b.bitOr(low, b.shl(b.lshr(lanes, half), used));
  }
  return codes;
}

static Value unpackLanes(ElementwiseBuilder &b, Value lanes, CodeGroup group) {
  for (unsigned width = group.getLaneBits(); width >= 16; width /= 2) {
    unsigned half = width / 2;
    unsigned used = group.bits * half / 8;
    lanes = asLanes(b, lanes, width);
    int64_t mask = (int64_t(1) << used) - 1;
    Value low = b.bitAnd(lanes, mask);
    Value high = b.bitAnd(b.shl(lanes, half - used), mask << half);
    if (isPlanted(Mutant::VectorNibblesSwapped) && group.bits == 4) {
      low = b.bitAnd(b.lshr(lanes, used), mask);
      high = b.bitAnd(b.shl(lanes, half), mask << half);
    }
    lanes = b.bitOr(low, high);
  }
  return lanes;
}

/// For each byte of packed groups, the byte of the lane vector that holds it.
static SmallVector<int64_t> getPackedBytes(CodeGroup group, int64_t groups) {
  SmallVector<int64_t> indices;
  for (int64_t i = 0; i < groups; ++i) {
    for (unsigned byte = 0; byte < group.bytes; ++byte)
      indices.push_back(i * group.codes + byte);
    if (isPlanted(Mutant::PackedBytesReversed))
      std::reverse(indices.end() - group.bytes, indices.end());
  }
  return indices;
}

static Value packFlat(ElementwiseBuilder &b, Value codes, unsigned bits) {
  CodeGroup group(bits);
  Value lanes = packLanes(b, codes, group);
  if (group.bytes == 1)
    return b.trunc(lanes, 8);
  SmallVector<int64_t> indices =
      getPackedBytes(group, getSize(codes) / group.codes);
  return shuffle(b, asLanes(b, lanes, 8), indices);
}

static Value unpackFlat(ElementwiseBuilder &b, Value bytes, unsigned bits,
                        llvm::function_ref<Value(Value)> widen) {
  CodeGroup group(bits);
  if (group.bytes == 1)
    return asLanes(b, unpackLanes(b, b.zext(bytes, group.getLaneBits()), group),
                   8);
  int64_t groups = getSize(bytes) / group.bytes;
  SmallVector<int64_t> indices(groups * group.codes);
  for (auto [packed, lane] : llvm::enumerate(getPackedBytes(group, groups)))
    indices[lane] = packed;
  // Bytes of a lane above the group's are cut off by the masks. LLVM finds
  // better shuffles where they come from nearby.
  for (int64_t lane = 0; lane < groups * group.codes; ++lane) {
    if (lane % group.codes >= group.bytes)
      indices[lane] = lane / group.codes * group.bytes + group.bytes - 1;
  }
  if (widen)
    bytes = widen(bytes);
  return asLanes(b, unpackLanes(b, shuffle(b, bytes, indices), group), 8);
}

//===----------------------------------------------------------------------===//
// Vectors of any shape
//===----------------------------------------------------------------------===//

bool quantx::canPackCodes(VectorType type, unsigned bits) {
  return !type.isScalable() && type.getRank() > 0 &&
         type.getShape().back() * bits % 8 == 0;
}

/// Calls `convert` on the elements of `vector` in a row, and gives the result
/// the shape of `vector` but for a last dimension of `columns`.
static Value onFlat(ElementwiseBuilder &b, Value vector, int64_t columns,
                    llvm::function_ref<Value(Value)> convert) {
  auto type = cast<VectorType>(vector.getType());
  if (type.getRank() == 1)
    return convert(vector);
  auto flat = VectorType::get(type.getNumElements(), type.getElementType());
  Value result =
      convert(vector::ShapeCastOp::create(b.getBuilder(), flat, vector));
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = columns;
  return vector::ShapeCastOp::create(
      b.getBuilder(), VectorType::get(shape, type.getElementType()), result);
}

Value quantx::emitPackCodes(ElementwiseBuilder &b, Value codes, unsigned bits) {
  auto type = cast<VectorType>(codes.getType());
  if (bits == 8)
    return codes;
  assert(canPackCodes(type, bits) && "a row must fill whole bytes");
  return onFlat(b, codes, type.getShape().back() * bits / 8,
                [&](Value flat) { return packFlat(b, flat, bits); });
}

Value quantx::emitUnpackCodes(ElementwiseBuilder &b, Value bytes, unsigned bits,
                              llvm::function_ref<Value(Value)> widen) {
  auto type = cast<VectorType>(bytes.getType());
  if (bits == 8)
    return bytes;
  assert(type.getShape().back() * 8 % bits == 0 &&
         "a row must hold a whole number of codes");
  return onFlat(b, bytes, type.getShape().back() * 8 / bits,
                [&](Value flat) { return unpackFlat(b, flat, bits, widen); });
}
