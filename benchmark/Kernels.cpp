//===- Kernels.cpp - The data that is asked for ---------------------------===//

#include "Kernels.h"
#include "llvm/Support/MathExtras.h"

using namespace quantx;

llvm::Expected<std::vector<std::vector<TensorView>>>
Request::getQuantized(const TensorFormat &format, size_t rows,
                      size_t columns) const {
  size_t distinct = rows;
  size_t total = rows;
  if (setting.size == SizeClass::DRAM) {
    // Large for quantizing to be one matrix of values; the same for all cases,
    // for them to share it.
    distinct = std::max<size_t>(dramBytes / sizeof(float) / columns, 1);
    auto rowBytes = size_t(format.bits / 8 * double(columns));
    size_t enough =
        llvm::alignTo(llvm::divideCeil(dramBytes, rowBytes), distinct);
    total = std::max(enough + distinct, rows);
  }
  auto matrix = pool.getQuantized(format, distinct, columns, total);
  if (!matrix)
    return matrix.takeError();
  std::vector<std::vector<TensorView>> parts;
  size_t count = (*matrix)->getRows() / rows;
  for (size_t i = 0; i < count; ++i)
    parts.push_back((*matrix)->getRows(i * rows, rows));
  return parts;
}
