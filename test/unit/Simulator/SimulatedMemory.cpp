//===- SimulatedMemory.cpp - What kernels may touch -----------------------===//

#include "SimulatedMemory.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include <algorithm>

using namespace quantx::test;

void SimulatedMemory::add(uintptr_t address, size_t size, MemorySpace space) {
  buffers[address] = {size, space};
}

void SimulatedMemory::clear(MemorySpace space) {
  for (auto it = buffers.begin(); it != buffers.end();)
    it = it->second.space == space ? buffers.erase(it) : std::next(it);
}

std::optional<MemorySpace> SimulatedMemory::find(const Access &access) const {
  auto next = buffers.upper_bound(access.address);
  if (next == buffers.begin())
    return std::nullopt;
  const auto &[start, buffer] = *std::prev(next);
  size_t offset = access.address - start;
  if (offset > buffer.size || access.size > buffer.size - offset)
    return std::nullopt;
  return buffer.space;
}

static llvm::StringRef getName(MemorySpace space) {
  switch (space) {
  case MemorySpace::Global:
    return "global memory";
  case MemorySpace::Workgroup:
    return "workgroup memory";
  case MemorySpace::Constant:
    return "constant memory";
  case MemorySpace::Parameters:
    return "the parameters";
  }
  llvm_unreachable("unknown memory space");
}

std::string SimulatedMemory::describeNearest(const Access &access) const {
  auto next = buffers.upper_bound(access.address);
  if (next != buffers.begin()) {
    const auto &[start, buffer] = *std::prev(next);
    return "from byte " + std::to_string(access.address - start) +
           " of a buffer of " + std::to_string(buffer.size) + " bytes in " +
           getName(buffer.space).str();
  }
  return "at no buffer";
}

std::string SimulatedMemory::check(const Access &access) const {
  std::string bytes = std::to_string(access.size) + " bytes ";
  std::string verb = access.kind == AccessKind::Read ? "reads " : "writes ";
  std::optional<MemorySpace> space = find(access);
  if (!space)
    return verb + bytes + describeNearest(access);
  if (access.kind != AccessKind::Read && *space != MemorySpace::Global &&
      *space != MemorySpace::Workgroup)
    return verb + bytes + "to " + getName(*space).str();
  if (access.address % access.alignment != 0)
    return verb + bytes + "at an address that is no multiple of " +
           std::to_string(access.alignment);
  return "";
}

//===----------------------------------------------------------------------===//
// Races
//===----------------------------------------------------------------------===//

void RaceDetector::reset(uintptr_t newStart, size_t size) {
  start = newStart;
  bytes.assign(size, Byte());
}

/// Whether nothing orders an access at `before` and one at `now`.
static bool areConcurrent(const RaceDetector::Time &before,
                          const RaceDetector::Time &now) {
  constexpr unsigned warpSize = 32;
  if (before.block != now.block || before.thread == now.thread)
    return false;
  bool isSameWarp = before.thread / warpSize == now.thread / warpSize;
  return !isSameWarp || before.warp == now.warp;
}

std::optional<unsigned> RaceDetector::record(const Access &access,
                                             const Time &time) {
  std::optional<unsigned> other;
  auto meet = [&](const Time &before) {
    if (areConcurrent(before, time))
      other = before.thread;
  };
  for (size_t i = 0; i < access.size; ++i) {
    Byte &byte = bytes[access.address - start + i];
    meet(byte.write);
    if (access.kind != AccessKind::Atomic)
      meet(byte.atomic);
    if (access.kind == AccessKind::Read) {
      if (!areConcurrent(byte.reads[0], time))
        byte.reads[0] = time;
      else
        byte.reads[1] = time;
      continue;
    }
    meet(byte.reads[0]);
    meet(byte.reads[1]);
    (access.kind == AccessKind::Write ? byte.write : byte.atomic) = time;
  }
  return other;
}

//===----------------------------------------------------------------------===//
// Proxies
//===----------------------------------------------------------------------===//

void ProxyFences::reset(uintptr_t newStart, size_t size) {
  start = newStart;
  writers.assign(size, 0);
  written.clear();
}

void ProxyFences::write(const Access &access, unsigned thread) {
  std::fill_n(writers.begin() + int64_t(access.address - start), access.size,
              uint16_t(thread + 1));
  written[thread].push_back(access);
}

void ProxyFences::fence(unsigned thread) {
  for (const Access &access : written[thread])
    for (size_t i = 0; i < access.size; ++i) {
      uint16_t &writer = writers[access.address - start + i];
      if (writer == thread + 1)
        writer = 0;
    }
  written[thread].clear();
}

std::optional<unsigned> ProxyFences::find(uintptr_t address,
                                          size_t size) const {
  for (size_t i = 0; i < size; ++i)
    if (uint16_t writer = writers[address - start + i])
      return writer - 1;
  return std::nullopt;
}
