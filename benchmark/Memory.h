//===- Memory.h - Memory for kernels ----------------------------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_MEMORY_H
#define QUANTX_BENCHMARK_MEMORY_H

#include "llvm/ADT/ArrayRef.h"
#include <functional>
#include <memory>

namespace quantx {

/// Has malloc keep what is freed, and use large pages where the system has
/// them, for `bytes` bytes. Kernels allocate their results; without this, most
/// of the time of a large one would be the system's, clearing new pages.
void keepFreedMemory(size_t bytes);

/// Bytes that start on a cache line, all touched; on large pages where they
/// are many.
class Buffer {
public:
  explicit Buffer(size_t size);

  uint8_t *data() const { return bytes.get(); }
  llvm::MutableArrayRef<uint8_t> get() const { return {bytes.get(), size}; }

private:
  std::unique_ptr<uint8_t, std::function<void(uint8_t *)>> bytes;
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

#endif // QUANTX_BENCHMARK_MEMORY_H
