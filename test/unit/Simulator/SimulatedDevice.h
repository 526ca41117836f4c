//===- SimulatedDevice.h - A GPU that runs blocks of fibers -----*- C++ -*-===//
//
// What compiled kernels call for what a CPU does not have: ids, barriers,
// warps, workgroup memory. Blocks run one after the other; within one, each
// thread runs until it has to wait for others.
//
// The first mistake of a kernel (an access out of bounds or misaligned, a race
// in workgroup memory, threads that wait for each other forever) stops it, and
// all launches from then on, until `takeFailure`.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDDEVICE_H
#define QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDDEVICE_H

#include "Fiber.h"
#include "SimulatedMemory.h"
#include "SimulatedTensorCore.h"
#include "SimulatedWarpgroups.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <array>
#include <deque>
#include <memory>

namespace quantx::test {

inline constexpr unsigned kLanes = 32;

/// Coordinates or sizes: x, y, z.
using Dim3 = std::array<int64_t, 3>;

/// What is known of a kernel before it is launched.
struct KernelInfo {
  /// A buffer of the block, relative to the others.
  struct Workgroup {
    size_t offset, size;
  };

  std::string name;
  std::vector<Workgroup> workgroup;
  /// Bytes of `workgroup`, the gaps between the buffers included.
  size_t workgroupSize = 0;
  /// The only block that it may be launched with, where it says so.
  std::optional<Dim3> knownBlock;
  /// Whether tensor cores read workgroup memory by themselves: fences of
  /// proxies matter.
  bool hasAsyncReads = false;
};

/// A launch, as host code asks for it.
struct LaunchSizes {
  Dim3 grid, block;
  int64_t dynamicWorkgroup;
};

/// What each lane of a warp gives to an operation of all of them, and gets.
struct WarpLane {
  /// The place in the program: equal in all lanes.
  const char *site = nullptr;
  /// The lanes that take part, this one among them: equal in all of them.
  uint32_t mask = ~0u;
  /// Does the operation for the warp, given 32 lanes, null where they do not
  /// take part. Returns what is wrong with what the lanes gave.
  std::string (*perform)(llvm::ArrayRef<WarpLane *>) = nullptr;
  /// What `perform` knows the meaning of: pointers to the lane's own values.
  const void *const *inputs = nullptr;
  void *output = nullptr;
  const void *attributes = nullptr;
};

/// The value of an input, whose type `perform` knows.
template <typename T>
const T &getInput(const WarpLane &lane, unsigned index) {
  return *static_cast<const T *>(lane.inputs[index]);
}

class SimulatedDevice {
public:
  /// The one that compiled code uses.
  static SimulatedDevice &get();

  /// The first mistake since the last call; empty if there was none.
  std::string takeFailure();
  /// Records a mistake. In a kernel it does not return.
  void fail(const std::string &what, const char *site = nullptr);

  /// Global memory. What it holds first is no value that a kernel would write
  /// by chance.
  void *allocate(size_t size, size_t alignment);
  void release(void *address);

  void launch(const KernelInfo &kernel, void (*function)(void *),
              void *parameters, size_t parametersSize,
              const LaunchSizes &sizes);

  /// Launches from now on have no more blocks along x.
  void setMostBlocks(int64_t count) { mostBlocks = count; }

  // For kernels.

  const Dim3 &getThreadId() const;
  const Dim3 &getBlockId() const { return blockId; }
  const Dim3 &getBlockSize() const { return sizes.block; }
  const Dim3 &getGridSize() const { return sizes.grid; }
  /// The index in the block; x runs fastest.
  unsigned getLinearThread() const { return unsigned(current); }
  char *getWorkgroup(size_t offset) { return workgroup + offset; }
  char *getDynamicWorkgroup();
  int64_t getDynamicWorkgroupSize() const { return sizes.dynamicWorkgroup; }

  /// Waits for all threads of the block.
  void waitForBlock(const char *site);
  /// Waits for the lanes that take part, then has the operation done for them.
  void waitForWarp(const WarpLane &lane);

  /// Accesses of the warp's threads before this are ordered before those after.
  void countWarpBarrier() { ++threads[current]->warpBarriers; }

  /// Starts a copy to workgroup memory, which ends when it is waited for: until
  /// then the destination holds no value. Of `size` bytes, those beyond
  /// `sourceSize` become 0.
  void copyAsync(char *destination, const char *source, size_t size,
                 size_t sourceSize, const char *site);
  void commitCopies();
  /// Waits until at most `pending` groups of the thread are not complete.
  void waitForCopies(size_t pending, const char *site);

  TensorCore &getTensorCore() { return tensorCore; }
  Warpgroups &getWarpgroups() { return warpgroups; }
  /// Waits until the phase of an mbarrier that has this parity is over.
  void waitForPhase(uintptr_t barrier, uint32_t parity, const char *site);
  /// What the thread has written is there for the tensor core.
  void fenceProxies() { proxies.fence(getLinearThread()); }
  /// Called before the tensor core reads workgroup memory for a thread.
  void checkAsyncRead(uintptr_t address, size_t size, const char *site);

  /// Called before each load and store of kernels and of the host's code.
  void check(const Access &access, const char *site);
  /// The bytes of a constant, which kernels may read until the launch ends.
  void addConstant(uintptr_t address, size_t size) {
    memory.add(address, size, MemorySpace::Constant);
  }

private:
  enum class State { Ready, AtBarrier, AtPhase, InWarp, Done };

  struct AsyncCopy {
    char *destination;
    const char *source;
    size_t size, sourceSize;
  };

  struct Thread {
    Fiber fiber;
    Dim3 id;
    State state;
    /// Where it waits.
    const char *site;
    WarpLane lane;
    /// An mbarrier, and the parity of the phase that it waits for.
    uintptr_t barrier;
    uint32_t parity;
    uint32_t warpBarriers;
    std::vector<AsyncCopy> started;
    std::deque<std::vector<AsyncCopy>> groups;
  };

  std::string checkLaunch(const KernelInfo &kernel) const;
  void makeWorkgroup(const KernelInfo &kernel);
  void runBlock(void (*function)(void *), void *parameters);
  void startThreads(void (*function)(void *), void *parameters);
  /// Lets each thread that can go on do so until it waits.
  void runReadyThreads();
  /// Ends the waiting of the warps and the block whose threads are all there.
  bool releaseWaiting();
  bool releaseWarp(unsigned warp);
  bool releaseLanes(unsigned warp, const WarpLane &lane);
  bool releaseBlock();
  bool releasePhases();
  bool isDone() const;
  std::string describeThread(size_t index) const;
  void reportStuck();
  void wait(State state, const char *site);
  void recordRace(const Access &access, const char *site);

  SimulatedMemory memory;
  RaceDetector races;
  ProxyFences proxies;
  TensorCore tensorCore;
  Warpgroups warpgroups;
  std::string failure;

  int64_t mostBlocks = INT64_MAX;
  const KernelInfo *kernel = nullptr;
  LaunchSizes sizes;
  Dim3 blockId;
  /// At a multiple of what addresses in descriptors wrap at, as on a GPU.
  char *workgroup = nullptr;
  /// Made once, for the largest block so far.
  std::vector<std::unique_ptr<Thread>> threads;
  size_t threadCount = 0;
  /// The thread that runs; -1 outside kernels.
  int64_t current = -1;
  uint32_t blockBarriers = 0;
};

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDDEVICE_H
