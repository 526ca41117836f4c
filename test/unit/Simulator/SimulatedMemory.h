//===- SimulatedMemory.h - What kernels may touch ---------------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDMEMORY_H
#define QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDMEMORY_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace quantx::test {

enum class MemorySpace { Global, Workgroup, Constant, Parameters };

/// What a load or store does to each of its bytes.
enum class AccessKind { Read, Write, Atomic };

struct Access {
  uintptr_t address;
  size_t size;
  /// What the instruction assumes of the address.
  size_t alignment;
  AccessKind kind;
};

/// The buffers that exist.
class SimulatedMemory {
public:
  void add(uintptr_t address, size_t size, MemorySpace space);
  void remove(uintptr_t address) { buffers.erase(address); }
  /// Removes all buffers of `space`.
  void clear(MemorySpace space);

  /// Where an access lies: the space of the one buffer that has all its bytes.
  std::optional<MemorySpace> find(const Access &access) const;

  /// What is wrong with an access: it is not aligned, or not within a buffer.
  /// Empty where nothing is.
  std::string check(const Access &access) const;

private:
  struct Buffer {
    size_t size;
    MemorySpace space;
  };
  using Buffers = std::map<uintptr_t, Buffer>;

  std::string describeNearest(const Access &access) const;

  /// By their first addresses.
  Buffers buffers;
};

/// Finds accesses of different threads to the same byte of workgroup memory,
/// not both reads, with no barrier in between.
class RaceDetector {
public:
  /// When a thread does something. Between threads of one warp, barriers of the
  /// warp order accesses too.
  struct Time {
    uint32_t block;  ///< barriers of the block so far, from 1
    uint32_t warp;   ///< barriers of the thread's warp so far
    uint32_t thread; ///< the thread's linear index in the block
  };

  /// Starts with `size` bytes that nobody has accessed.
  void reset(uintptr_t start, size_t size);

  /// Records an access that lies in the memory; returns the thread that it
  /// races with, if there is one.
  std::optional<unsigned> record(const Access &access, const Time &time);

private:
  /// The last accesses of a byte. Those before the last barrier do not matter.
  struct Byte {
    Time write{0, 0, 0};
    Time atomic{0, 0, 0};
    /// Two readers that are not the same thread, as a writer may be one.
    Time reads[2] = {{0, 0, 0}, {0, 0, 0}};
  };

  uintptr_t start = 0;
  std::vector<Byte> bytes;
};

/// Finds what tensor cores read of workgroup memory that a thread has written
/// with no fence.proxy.async after it.
class ProxyFences {
public:
  /// Starts with `size` bytes that nobody has written.
  void reset(uintptr_t start, size_t size);
  void write(const Access &access, unsigned thread);
  /// The fence of a thread.
  void fence(unsigned thread);
  /// A thread that wrote one of the bytes without.
  std::optional<unsigned> find(uintptr_t address, size_t size) const;

private:
  uintptr_t start = 0;
  /// By byte: the thread, from 1; 0 for none.
  std::vector<uint16_t> writers;
  /// By thread: what it has written since its last fence.
  std::map<unsigned, std::vector<Access>> written;
};

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDMEMORY_H
