//===- TensorPool.h - The data of the kernels -------------------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_TENSORPOOL_H
#define QUANTX_BENCHMARK_TENSORPOOL_H

#include "Memory.h"
#include "TensorFormats.h"
#include "quantx/IO/Tensor.h"
#include "llvm/Support/Error.h"
#include <map>
#include <vector>

namespace quantx {

/// A quantized matrix: its codes, its scales and what else belongs to it.
class QuantizedMatrix {
public:
  /// Views of the parts, of `rows` rows from `first` on. Only where blocks have
  /// one row.
  std::vector<TensorView> getRows(size_t first, size_t rows) const;

  size_t getRows() const { return size_t(parts.front().tensor.shape.front()); }

private:
  friend class TensorPool;

  struct Part {
    TensorView tensor;
    std::shared_ptr<Buffer> storage;
  };
  std::vector<Part> parts;
};

/// Makes the data that kernels run on, once for all that want the same.
class TensorPool {
public:
  /// The standard deviation of values, as weights have it.
  static constexpr float deviation = 0.02f;

  /// A matrix of normally distributed values, of f32 or bf16. From a million
  /// values on they repeat.
  TensorView getValues(ElementType type, size_t rows, size_t columns);

  /// At least `rows` rows of the quantized values, of which each `distinct`
  /// rows are the same.
  llvm::Expected<const QuantizedMatrix *>
  getQuantized(const TensorFormat &format, size_t distinct, size_t columns,
               size_t rows);

  /// Bytes for `use`, which tells apart arrays of one kernel.
  std::shared_ptr<Buffer> getBytes(unsigned use, size_t bytes);

private:
  std::map<std::string, TensorView> values;
  std::map<std::string, QuantizedMatrix> matrices;
  std::map<std::pair<unsigned, size_t>, std::shared_ptr<Buffer>> buffers;
};

} // namespace quantx

#endif // QUANTX_BENCHMARK_TENSORPOOL_H
