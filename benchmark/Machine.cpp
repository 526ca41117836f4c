//===- Machine.cpp - What the kernels run on ------------------------------===//

#include "Machine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Threading.h"
#include <cstdlib>

using namespace quantx;
using llvm::StringRef;

/// The name in /proc/cpuinfo.
static std::string getCPUName() {
  auto file = llvm::MemoryBuffer::getFileAsStream("/proc/cpuinfo");
  if (!file)
    return "unknown CPU";
  StringRef text = (*file)->getBuffer();
  StringRef name = text.split("model name").second.split(':').second;
  name = name.split('\n').first.trim();
  return name.empty() ? "unknown CPU" : name.str();
}

/// The size of the first core's unified cache of `level`, or 0. sysconf counts
/// the third level of the whole machine, of which a core has a part.
static size_t getCacheBytes(unsigned level) {
  for (unsigned index = 0;; ++index) {
    std::string folder =
        llvm::formatv("/sys/devices/system/cpu/cpu0/cache/index{0}/", index);
    auto read = [&](const char *name) -> std::string {
      auto file = llvm::MemoryBuffer::getFileAsStream(folder + name);
      return file ? (*file)->getBuffer().trim().str() : "";
    };
    std::string found = read("level");
    if (found.empty())
      return 0;
    if (found != std::to_string(level) || read("type") == "Instruction")
      continue;
    std::string text = read("size");
    StringRef size = text;
    size_t kib = 0;
    if (size.consumeInteger(10, kib) || size != "K")
      return 0;
    return kib << 10;
  }
}

Machine quantx::getMachine() {
  Machine machine;
  machine.cpu = getCPUName();
  machine.cores =
      llvm::heavyweight_hardware_concurrency().compute_thread_count();
  constexpr size_t usualL2 = 1 << 20;
  machine.l2Bytes = getCacheBytes(2);
  if (machine.l2Bytes == 0)
    machine.l2Bytes = usualL2;
  machine.l3Bytes = getCacheBytes(3);
  return machine;
}
