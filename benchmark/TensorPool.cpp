//===- TensorPool.cpp - The data of the kernels ---------------------------===//

#include "TensorPool.h"
#include "TensorKernel.h"
#include "quantx/Format/Encoding.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>
#include <random>

using namespace quantx;
using llvm::Error;
using llvm::Expected;

std::shared_ptr<Buffer> TensorPool::getBytes(unsigned use, size_t bytes) {
  std::shared_ptr<Buffer> &buffer = buffers[{use, bytes}];
  if (!buffer)
    buffer = std::make_shared<Buffer>(bytes);
  return buffer;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// Fills `data` with copies of its first `size` bytes.
static void repeat(llvm::MutableArrayRef<uint8_t> data, size_t size) {
  for (size_t done = size; done < data.size(); done += size)
    std::memcpy(&data[done], data.data(), std::min(size, data.size() - done));
}

static void fillNormal(ElementType type, llvm::MutableArrayRef<uint8_t> data) {
  constexpr size_t distinct = 1 << 20;
  size_t width = getBitWidth(type) / 8;
  size_t count = std::min(distinct, data.size() / width);
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, TensorPool::deviation);
  for (size_t i = 0; i < count; ++i) {
    float value = normal(random);
    uint16_t half =
        type == ElementType::Float16 ? encodeF16(value) : encodeBF16(value);
    if (type == ElementType::Float32)
      std::memcpy(&data[i * width], &value, width);
    else
      std::memcpy(&data[i * width], &half, width);
  }
  repeat(data, count * width);
}

TensorView TensorPool::getValues(ElementType type, size_t rows,
                                 size_t columns) {
  std::string key = llvm::formatv("{0} {1}x{2}", getName(type), rows, columns);
  auto [found, isNew] = values.try_emplace(key);
  if (isNew) {
    size_t bytes = rows * columns * getBitWidth(type) / 8;
    // The uses below are those of bandwidths.
    unsigned use = 2 + unsigned(values.size());
    std::shared_ptr<Buffer> buffer = getBytes(use, bytes);
    fillNormal(type, buffer->get());
    found->second = {type, {int64_t(rows), int64_t(columns)}, buffer->get()};
  }
  return found->second;
}

//===----------------------------------------------------------------------===//
// Quantized values
//===----------------------------------------------------------------------===//

/// Whether the part has something for each row; a global scale is of all.
static bool hasRows(const TensorView &tensor) {
  return tensor.shape.size() == 2;
}

std::vector<TensorView> QuantizedMatrix::getRows(size_t first,
                                                 size_t rows) const {
  std::vector<TensorView> views;
  for (const Part &part : parts) {
    TensorView view = part.tensor;
    if (hasRows(view)) {
      size_t rowBytes = view.data.size() / size_t(view.shape[0]);
      view.data = view.data.slice(first * rowBytes, rows * rowBytes);
      view.shape[0] = int64_t(rows);
    }
    views.push_back(std::move(view));
  }
  return views;
}

static std::string printQuantize(const TensorFormat &format, size_t columns) {
  constexpr const char *program = R"mlir(
func.func @quantize(%x: tensor<?x{0}xf32>) -> tensor<?x{0}x{1}> {{
  %q = quantx.dynamic_quantize %x using #quantx.{2}
    : tensor<?x{0}xf32> to tensor<?x{0}x{1}>
  return %q : tensor<?x{0}x{1}>
})mlir";
  return llvm::formatv(program, columns, format.getType("f32"), format.method);
}

Expected<const QuantizedMatrix *>
TensorPool::getQuantized(const TensorFormat &format, size_t distinct,
                         size_t columns, size_t rows) {
  rows = llvm::alignTo(rows, distinct);
  std::string key = llvm::formatv("{0} {1}x{2}, {3} rows", format.name, rows,
                                  columns, distinct);
  auto found = matrices.find(key);
  if (found != matrices.end())
    return &found->second;
  auto kernel = TensorKernel::create(printQuantize(format, columns), "native",
                                     /*threads=*/1);
  if (!kernel)
    return kernel.takeError();
  if (Error error = (*kernel)->addInputs(
          getValues(ElementType::Float32, distinct, columns)))
    return error;
  QuantizedMatrix matrix;
  auto keep = [&](llvm::ArrayRef<TensorView> results) {
    for (TensorView part : results) {
      size_t copies = hasRows(part) ? rows / distinct : 1;
      size_t bytes = part.data.size();
      auto storage = std::make_shared<Buffer>(bytes * copies);
      std::memcpy(storage->data(), part.data.data(), bytes);
      repeat(storage->get(), bytes);
      if (hasRows(part))
        part.shape[0] = int64_t(rows);
      part.data = storage->get();
      matrix.parts.push_back({std::move(part), std::move(storage)});
    }
  };
  if (Error error = (*kernel)->run(keep))
    return error;
  return &matrices.emplace(key, std::move(matrix)).first->second;
}
