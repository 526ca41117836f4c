//===- Call.cpp - Calling compiled functions on tensors -------------------===//

#include "quantx/Target/CPU/Call.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/MathExtras.h"

using namespace quantx;

// A memref descriptor is a sequence of 64-bit words: the allocated pointer, the
// aligned pointer, the offset, the sizes, the strides.
static constexpr size_t alignedWord = 1;
static constexpr size_t offsetWord = 2;
static constexpr size_t sizesWord = 3;

static size_t getDescriptorWords(size_t rank) { return sizesWord + 2 * rank; }

/// The strides of C order. Sizes beyond the address space, which only empty
/// arrays have, wrap around.
static llvm::SmallVector<int64_t> getStrides(llvm::ArrayRef<int64_t> shape) {
  llvm::SmallVector<int64_t> strides(shape.size());
  uint64_t stride = 1;
  for (size_t dim = shape.size(); dim-- > 0;) {
    strides[dim] = int64_t(stride);
    stride *= uint64_t(shape[dim]);
  }
  return strides;
}

static std::vector<int64_t> makeDescriptor(const TensorView &tensor) {
  auto address = int64_t(reinterpret_cast<uintptr_t>(tensor.data.data()));
  std::vector<int64_t> words = {address, address, 0};
  llvm::append_range(words, tensor.shape);
  llvm::append_range(words, getStrides(tensor.shape));
  return words;
}

Call::Call(const FunctionSignature &signature,
           llvm::ArrayRef<TensorView> inputs) {
  layOutResults(signature);
  // Nothing below may move once it is pointed to.
  pointers.reserve(1 + inputs.size());
  descriptors.reserve(inputs.size());

  // One scalar is returned by value; everything else through a pointer, which
  // comes first.
  bool returnsValue = results.size() == 1 && signature.outputs[0].isScalar;
  auto addPointer = [&](void *target) {
    pointers.push_back(target);
    arguments.push_back(&pointers.back());
  };
  if (!results.empty() && !returnsValue)
    addPointer(resultWords.data());
  for (auto [value, tensor] : llvm::zip_equal(signature.inputs, inputs)) {
    if (value.isScalar) {
      arguments.push_back(const_cast<uint8_t *>(tensor.data.data()));
      continue;
    }
    descriptors.push_back(makeDescriptor(tensor));
    addPointer(descriptors.back().data());
  }
  if (returnsValue)
    arguments.push_back(resultWords.data());
}

void Call::layOutResults(const FunctionSignature &signature) {
  size_t offset = 0;
  for (const ValueSignature &value : signature.outputs) {
    size_t size = getDescriptorWords(value.shape.size()) * sizeof(int64_t);
    size_t alignment = sizeof(int64_t);
    if (value.isScalar)
      size = alignment = getBitWidth(getElementType(value.elementType)) / 8;
    offset = llvm::alignTo(offset, alignment);
    results.push_back({&value, offset});
    offset += size;
  }
  resultWords.assign(llvm::divideCeil(offset, sizeof(int64_t)), 0);
}

void Call::run(const JITFunction &function) {
  freeResults();
  function.call(arguments);
  release = function.getMemory().release;
}

llvm::Expected<llvm::SmallVector<TensorView>> Call::getResults() const {
  llvm::SmallVector<TensorView> tensors;
  for (const ResultSlot &slot : results) {
    llvm::Expected<TensorView> tensor = getResult(slot);
    if (!tensor)
      return tensor.takeError();
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

llvm::Expected<TensorView> Call::getResult(const ResultSlot &slot) const {
  ElementType type = getElementType(slot.signature->elementType);
  unsigned elementBytes = getBitWidth(type) / 8;
  const auto *bytes = reinterpret_cast<const uint8_t *>(resultWords.data());
  if (slot.signature->isScalar)
    return TensorView{type, {}, {bytes + slot.offset, elementBytes}};

  const int64_t *words = &resultWords[slot.offset / sizeof(int64_t)];
  size_t rank = slot.signature->shape.size();
  llvm::ArrayRef<int64_t> shape(words + sizesWord, rank);
  llvm::ArrayRef<int64_t> strides(words + sizesWord + rank, rank);
  llvm::Expected<uint64_t> size = getByteSize(type, shape);
  if (!size)
    return size.takeError();
  for (auto [length, stride, expected] :
       llvm::zip_equal(shape, strides, getStrides(shape))) {
    if (*size != 0 && length != 1 && stride != expected) {
      return llvm::createStringError("the function returned " +
                                     formatTensor(type, shape) +
                                     " that is not in C order");
    }
  }
  const auto *data = reinterpret_cast<const uint8_t *>(words[alignedWord]) +
                     words[offsetWord] * elementBytes;
  return TensorView{type, llvm::SmallVector<int64_t, 4>(shape), {data, *size}};
}

void Call::freeResults() {
  if (!release)
    return;
  // Two results may be one buffer.
  llvm::SmallPtrSet<void *, 8> freed;
  for (const ResultSlot &slot : results) {
    if (slot.signature->isScalar)
      continue;
    void *allocated =
        reinterpret_cast<void *>(resultWords[slot.offset / sizeof(int64_t)]);
    if (freed.insert(allocated).second)
      release(allocated);
  }
  release = nullptr;
}
