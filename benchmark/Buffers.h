//===- Buffers.h - Memory for kernels ---------------------------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_BUFFERS_H
#define QUANTX_BENCHMARK_BUFFERS_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdlib>
#include <cstring>
#include <memory>

namespace quantx {

/// Bytes that start on a cache line, all touched.
class Buffer {
public:
  explicit Buffer(size_t size)
      : bytes(static_cast<uint8_t *>(
                  std::aligned_alloc(line, (size + line - 1) / line * line)),
              std::free),
        size(size) {
    std::memset(bytes.get(), 0, size);
  }

  uint8_t *data() const { return bytes.get(); }
  llvm::MutableArrayRef<uint8_t> get() const { return {bytes.get(), size}; }

private:
  static constexpr size_t line = 64;

  std::unique_ptr<uint8_t, void (*)(void *)> bytes;
  size_t size;
};

/// Input and output of one kernel.
struct Buffers {
  Buffers(size_t inBytes, size_t outBytes) : in(inBytes), out(outBytes) {}

  size_t getSize() const { return in.get().size() + out.get().size(); }

  Buffer in;
  Buffer out;
};

} // namespace quantx

#endif // QUANTX_BENCHMARK_BUFFERS_H
