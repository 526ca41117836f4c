//===- X86Vectors.cpp - Vectors and their lanes in x86 registers ----------===//

#include "X86Vectors.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;
using namespace quantx::x86;

Value quantx::x86::callIntrinsic(ElementwiseBuilder &b, StringRef name,
                                 Type type, ValueRange arguments) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  return LLVM::CallIntrinsicOp::create(builder, type,
                                       builder.getStringAttr(name), arguments)
      .getResult(0);
}

static Value shuffle(ElementwiseBuilder &b, Value lhs, Value rhs,
                     ArrayRef<int64_t> indices) {
  return vector::ShuffleOp::create(b.getBuilder(), lhs, rhs, indices);
}

int64_t quantx::x86::getSize(Value vector) {
  return cast<VectorType>(vector.getType()).getNumElements();
}

Value quantx::x86::slice(ElementwiseBuilder &b, Value vector, int64_t offset,
                         int64_t size) {
  if (offset == 0 && size == getSize(vector))
    return vector;
  SmallVector<int64_t> indices(size, -1);
  for (int64_t i = 0; i < size && offset + i < getSize(vector); ++i)
    indices[i] = offset + i;
  return shuffle(b, vector, vector, indices);
}

Value quantx::x86::concatenate(ElementwiseBuilder &b, ArrayRef<Value> vectors,
                               int64_t size) {
  if (vectors.size() == 1)
    return slice(b, vectors.front(), 0, size);
  auto part = cast<VectorType>(vectors.front().getType());
  int64_t total = part.getNumElements() * vectors.size();
  auto type = VectorType::get(total, part.getElementType());
  Value result = arith::ConstantOp::create(b.getBuilder(),
                                           b.getBuilder().getZeroAttr(type));
  for (auto [i, vector] : llvm::enumerate(vectors)) {
    result = vector::InsertStridedSliceOp::create(
        b.getBuilder(), vector, result,
        ArrayRef<int64_t>{int64_t(i) * part.getNumElements()},
        ArrayRef<int64_t>{1});
  }
  return slice(b, result, 0, size);
}

Value quantx::x86::interleave(ElementwiseBuilder &b, Value lhs, Value rhs,
                              bool upper) {
  auto type = cast<VectorType>(lhs.getType());
  int64_t size = type.getNumElements();
  int64_t lane = 128 / type.getElementTypeBitWidth();
  SmallVector<int64_t> indices;
  for (int64_t start = 0; start < size; start += lane) {
    for (int64_t i = 0; i < lane / 2; ++i) {
      int64_t index = start + i + (upper ? lane / 2 : 0);
      indices.append({index, size + index});
    }
  }
  return shuffle(b, lhs, rhs, indices);
}

Value quantx::x86::spreadOverLanes(ElementwiseBuilder &b, Value bytes,
                                   int64_t group) {
  int64_t size = getSize(bytes);
  int64_t lanes = size / 16;
  SmallVector<int64_t> indices;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    for (int64_t j = 0; j < 16 / group; ++j)
      for (int64_t byte = 0; byte < group; ++byte)
        indices.push_back((j * lanes + lane) * group + byte);
  }
  return shuffle(b, bytes, bytes, indices);
}

Value quantx::x86::gatherFromLanes(ElementwiseBuilder &b, Value bytes,
                                   int64_t group) {
  int64_t size = getSize(bytes);
  int64_t lanes = size / 16;
  SmallVector<int64_t> indices;
  for (int64_t j = 0; j < 16 / group; ++j) {
    for (int64_t lane = 0; lane < lanes; ++lane)
      for (int64_t byte = 0; byte < group; ++byte)
        indices.push_back(lane * 16 + j * group + byte);
  }
  return shuffle(b, bytes, bytes, indices);
}

Value quantx::x86::flatten(ElementwiseBuilder &b, Value vector) {
  auto type = cast<VectorType>(vector.getType());
  if (type.getRank() == 1)
    return vector;
  auto flat = VectorType::get(type.getNumElements(), type.getElementType());
  return vector::ShapeCastOp::create(b.getBuilder(), flat, vector);
}

Value quantx::x86::reshape(ElementwiseBuilder &b, Value vector,
                           VectorType like) {
  if (like.getRank() == 1)
    return vector;
  return vector::ShapeCastOp::create(
      b.getBuilder(), like.clone(getElementTypeOrSelf(vector)), vector);
}

Value quantx::x86::buildBytes(ElementwiseBuilder &b, ArrayRef<uint8_t> bytes) {
  auto type =
      VectorType::get(int64_t(bytes.size()), b.getBuilder().getI8Type());
  return arith::ConstantOp::create(b.getBuilder(),
                                   DenseElementsAttr::get(type, bytes));
}

/// Where a shuffle of one vector to one of the same size takes its elements
/// from, if it keeps pairs of neighbours; else an empty list.
static SmallVector<int64_t> findOrderOfPairs(vector::ShuffleOp op) {
  SmallVector<int64_t> order(op ? op.getMask() : ArrayRef<int64_t>());
  if (!op || op.getV1().getType() != op.getType() || op.getV1() != op.getV2())
    return {};
  for (size_t i = 0; i + 1 < order.size(); i += 2)
    if (order[i] % 2 != 0 || order[i + 1] != order[i] + 1)
      return {};
  return order;
}

// A multiplication by 1 and 16, and an addition of neighbours. What moved the
// codes before moves the bytes, with the same instruction that closes the gaps.
Value quantx::x86::packNibbles(ElementwiseBuilder &b, Value codes) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  auto shuffled = codes.getDefiningOp<vector::ShuffleOp>();
  SmallVector<int64_t> order = findOrderOfPairs(shuffled);
  if (!order.empty())
    codes = shuffled.getV1();
  auto bytes = cast<VectorType>(codes.getType());
  SmallVector<int8_t> factors;
  SmallVector<int64_t> indices;
  for (int64_t i = 0; i < bytes.getNumElements(); i += 2) {
    factors.append({1, 16});
    indices.push_back(order.empty() ? i : order[i]);
  }
  Value weights = arith::ConstantOp::create(
      builder, DenseElementsAttr::get(bytes, ArrayRef(factors)));
  auto words =
      VectorType::get(bytes.getNumElements() / 2, builder.getI16Type());
  Value pairs = callIntrinsic(b, "llvm.x86.avx512.pmaddubs.w.512", words,
                              {codes, weights});
  Value all = vector::BitCastOp::create(builder, bytes, pairs);
  return shuffle(b, all, all, indices);
}

Value quantx::x86::takeLowBytes(ElementwiseBuilder &b, ArrayRef<Value> words) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  auto bytes = VectorType::get(64, builder.getI8Type());
  SmallVector<int8_t> indices;
  for (int i = 0; i < 64; ++i)
    indices.push_back(int8_t(i % 32 * 4));
  Value order = arith::ConstantOp::create(
      builder, DenseElementsAttr::get(bytes, ArrayRef(indices)));
  auto take = [&](Value lhs, Value rhs) {
    return callIntrinsic(b, "llvm.x86.avx512.vpermi2var.qi.512", bytes,
                         {vector::BitCastOp::create(builder, bytes, lhs), order,
                          vector::BitCastOp::create(builder, bytes, rhs)});
  };
  Value low = take(words[0], words[1]), high = take(words[2], words[3]);
  SmallVector<int64_t> halves;
  for (int64_t i = 0; i < 64; ++i)
    halves.push_back(i < 32 ? i : i + 32);
  return shuffle(b, low, high, halves);
}
