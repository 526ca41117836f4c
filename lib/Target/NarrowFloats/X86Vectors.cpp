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
