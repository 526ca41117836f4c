//===- MatmulPairs.cpp - Codes and floats as pairs of bf16 ----------------===//
//
// Codes of 4 bits become pairs in lanes of 32 bits: one permutation looks up 32
// of them, with whatever is above each.
//
//===----------------------------------------------------------------------===//

#include "MatmulPairs.h"
#include "MatmulIntegers.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

/// The elements of a vector of pairs.
static constexpr int64_t kPairElements = 2 * kSumLanes;

//===----------------------------------------------------------------------===//
// What is multiplied
//===----------------------------------------------------------------------===//

static Type getActivationType(const Matmul &matmul) {
  return getElementTypeOrSelf(matmul.lhs.parts.front().getType());
}

/// The pieces of an activation of `type`. Those of f16 are exact.
static int64_t countPieces(Type type) { return type.isBF16() ? 1 : 2; }

/// Whether what pieces lose is within the bound of a sum, K * 2^-24.
static bool suitsPieces(const Matmul &matmul) {
  constexpr int64_t leastSum = 256;
  Type type = getActivationType(matmul);
  std::optional<int64_t> sum = getConstantIntValue(matmul.sum.size);
  // A piece of 0 makes NaN of infinite codes.
  const FloatFormat *format = matmul.rhs.type.getFloatFormat();
  bool hasInfinity = format && format->nonFinite == NonFinite::InfAndNan;
  if (type.isF32() && (!sum || *sum < leastSum))
    return false;
  return ::countPieces(type) == 1 || !hasInfinity;
}

int64_t quantx::countPieces(const Matmul &matmul) {
  return ::countPieces(getActivationType(matmul));
}

bool quantx::havePairs(const Matmul &matmul) {
  ScaledType rhs = matmul.rhs.type;
  bool hasPairs = rhs.getStorageBits() == 4 ||
                  (rhs.getStorageBits() == 8 && rhs.getFloatFormat());
  return !matmul.lhs.type && hasPairs && scalesSums(rhs) && suitsPieces(matmul);
}

SmallVector<int64_t> quantx::getPairOrder(ScaledType weights) {
  int64_t each = getLaneElements(weights), parts = each / 2;
  SmallVector<int64_t> order;
  for (int64_t part = 0; part < parts; ++part)
    for (int64_t lane = 0; lane < kSumLanes; ++lane)
      order.append({lane * each + part, lane * each + part + parts});
  return order;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// 32 bf16 as words.
static Value asWords(ImplicitLocOpBuilder &b, Value values) {
  return vector::BitCastOp::create(
      b, VectorType::get(kSumLanes, b.getI32Type()), values);
}

/// The integers, with sign or without, in the low `bits` of lanes of 16 bits,
/// as bf16. quantx-expand-bf16-dots looks them up.
static Value convertLowBits(ImplicitLocOpBuilder &b, Value halves, int64_t bits,
                            bool isSigned) {
  Value narrow = ElementwiseBuilder(b, b.getLoc()).trunc(halves, bits);
  Type type = getTypeLike(narrow.getType(), b.getBF16Type());
  return isSigned ? Value(arith::SIToFPOp::create(b, type, narrow))
                  : Value(arith::UIToFPOp::create(b, type, narrow));
}

/// The vectors of pairs of codes of 4 bits without zero points.
static SmallVector<Value> decodeNibbles(ImplicitLocOpBuilder &b,
                                        ScaledType type, Value bytes) {
  constexpr int64_t bits = 4;
  ElementwiseBuilder arith(b, b.getLoc());
  Value halves = vector::BitCastOp::create(
      b, VectorType::get(kPairElements, b.getI16Type()), bytes);
  SmallVector<Value> pairs;
  for (int64_t shift = 0; shift < 16; shift += bits) {
    Value codes = shift == 0 ? halves : arith.lshr(halves, shift);
    if (type.getFloatFormat()) {
      Value narrow =
          arith.bitcast(arith.trunc(codes, bits), type.getStorageType());
      pairs.push_back(asWords(
          b, arith::ExtFOp::create(
                 b, getTypeLike(codes.getType(), b.getBF16Type()), narrow)));
      continue;
    }
    pairs.push_back(asWords(
        b, convertLowBits(b, codes, bits, type.getIntegerFormat().isSigned)));
  }
  return pairs;
}

/// The same of integers less `zeroPoints`, in bytes.
static SmallVector<Value> decodeDifferences(ImplicitLocOpBuilder &b,
                                            ScaledType type, Value bytes,
                                            Value zeroPoints) {
  constexpr int64_t differenceBits = 5;
  ElementwiseBuilder arith(b, b.getLoc());
  IntegerCodes codes(type);
  if (codes.offset != 0)
    zeroPoints = arith.add(zeroPoints, codes.offset);
  SmallVector<Value> differences;
  for (Value integers : codes.getUnsigned(b, bytes)) {
    differences.push_back(vector::BitCastOp::create(
        b, VectorType::get(kPairElements, b.getI16Type()),
        arith::SubIOp::create(b, integers, zeroPoints)));
  }
  // Low and high halves of bytes take turns.
  SmallVector<Value> pairs;
  for (int64_t shift : {0, 8})
    for (Value halves : differences)
      pairs.push_back(asWords(
          b, convertLowBits(b, shift ? arith.lshr(halves, shift) : halves,
                            differenceBits, /*isSigned=*/true)));
  return pairs;
}

/// The same of floats of 8 bits.
static SmallVector<Value> decodeBytes(ImplicitLocOpBuilder &b, ScaledType type,
                                      Value bytes) {
  ElementwiseBuilder arith(b, b.getLoc());
  Value codes = vector::ShuffleOp::create(b, bytes, bytes, getPairOrder(type));
  Value values =
      arith::ExtFOp::create(b, getTypeLike(codes.getType(), b.getBF16Type()),
                            arith.bitcast(codes, type.getStorageType()));
  SmallVector<Value> pairs;
  for (int64_t first = 0; first < kGroupBytes; first += kPairElements)
    pairs.push_back(asWords(b, vector::ExtractStridedSliceOp::create(
                                   b, values, first, kPairElements, 1)));
  return pairs;
}

SmallVector<Value> quantx::decodePairs(ImplicitLocOpBuilder &b, ScaledType type,
                                       Value bytes, Value zeroPoints) {
  if (type.getStorageBits() == 8)
    return decodeBytes(b, type, bytes);
  return zeroPoints ? decodeDifferences(b, type, bytes, zeroPoints)
                    : decodeNibbles(b, type, bytes);
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

/// `values`, f32, as bf16: to nearest, but no finite one to infinity.
static Value roundToBF16(ImplicitLocOpBuilder &b, Value values) {
  constexpr int64_t infinity = 0x7f80;
  ElementwiseBuilder arith(b, b.getLoc());
  Type type = getTypeLike(values.getType(), b.getBF16Type());
  Value rounded =
      arith.bitcast(arith::TruncFOp::create(b, type, values), b.getI16Type());
  Value cut = arith.trunc(arith.lshr(arith.asI32(values), 16), 16);
  Value isInfinite = arith.equal(arith.bitAnd(rounded, 0x7fff), infinity);
  return arith.bitcast(arith.select(isInfinite, cut, rounded), b.getBF16Type());
}

SmallVector<Value> quantx::splitIntoPieces(ImplicitLocOpBuilder &b,
                                           Value elements) {
  if (::countPieces(getElementTypeOrSelf(elements)) == 1)
    return {elements};
  ElementwiseBuilder arith(b, b.getLoc());
  Value values = arith.extendToF32(elements);
  Value upper = roundToBF16(b, values);
  Value nearest = arith.extendToF32(upper);
  // Nothing is left of an infinity.
  Value isInfinite =
      arith.equal(arith.bitAnd(arith.asI32(nearest), 0x7fffffff), 0x7f800000);
  Value none = arith.f32(0.0, values);
  Value rest = arith.select(isInfinite, none, arith.sub(values, nearest));
  if (isPlanted(Mutant::PairRestLost))
    rest = none;
  return {roundToBF16(b, rest), upper};
}

Value quantx::orderPairs(ImplicitLocOpBuilder &b, Value piece,
                         ArrayRef<int64_t> order) {
  Value pairs = vector::ShuffleOp::create(b, piece, piece, order);
  return vector::BitCastOp::create(
      b, VectorType::get(int64_t(order.size()) / 2, b.getI32Type()), pairs);
}
