//===- SimulatedDevice.cpp - A GPU that runs blocks of fibers -------------===//

#include "SimulatedDevice.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cstdlib>
#include <cstring>

using namespace quantx::test;

/// What nobody has written yet: a NaN in f32, bf16 and f16, and no small
/// integer.
static constexpr int kGarbage = 0xff;
/// The limits of every chip, and the workgroup memory of the largest.
static constexpr int64_t kMaxThreads = 1024;
static constexpr int64_t kMaxStaticWorkgroup = 48 << 10;
static constexpr int64_t kMaxWorkgroup = 227 << 10;

SimulatedDevice &SimulatedDevice::get() {
  static SimulatedDevice device;
  return device;
}

//===----------------------------------------------------------------------===//
// Mistakes
//===----------------------------------------------------------------------===//

static std::string format(const Dim3 &dim) {
  return "(" + std::to_string(dim[0]) + ", " + std::to_string(dim[1]) + ", " +
         std::to_string(dim[2]) + ")";
}

std::string SimulatedDevice::takeFailure() {
  std::string taken;
  std::swap(taken, failure);
  return taken;
}

void SimulatedDevice::fail(const std::string &what, const char *site) {
  if (failure.empty()) {
    std::string place = site ? std::string(site) + ": " : "";
    if (current >= 0)
      place += kernel->name + ", block " + format(blockId) + ", thread " +
               format(threads[current]->id) + ": ";
    failure = place + what;
  }
  if (current >= 0)
    threads[current]->fiber.yield();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void *SimulatedDevice::allocate(size_t size, size_t alignment) {
  size_t rounded = llvm::alignTo(std::max<size_t>(size, 1), alignment);
  void *address = std::aligned_alloc(alignment, rounded);
  std::memset(address, kGarbage, rounded);
  memory.add(reinterpret_cast<uintptr_t>(address), size, MemorySpace::Global);
  return address;
}

void SimulatedDevice::release(void *address) {
  memory.remove(reinterpret_cast<uintptr_t>(address));
  std::free(address);
}

void SimulatedDevice::check(const Access &access, const char *site) {
  if (current < 0) {
    if (memory.find(access) == MemorySpace::Global)
      fail("the host touches memory of the device", site);
    return;
  }
  if (threads[current]->fiber.hasOnStack(access.address))
    return;
  std::string mistake = memory.check(access);
  if (!mistake.empty())
    fail(mistake, site);
  if (memory.find(access) != MemorySpace::Workgroup)
    return;
  recordRace(access, site);
  if (kernel->hasAsyncReads && access.kind != AccessKind::Read)
    proxies.write(access, unsigned(current));
}

void SimulatedDevice::checkAsyncRead(uintptr_t address, size_t size,
                                     const char *site) {
  Access access = {address, size, size, AccessKind::Read};
  check(access, site);
  if (memory.find(access) != MemorySpace::Workgroup)
    fail("has the tensor core read what is no workgroup memory", site);
  if (std::optional<unsigned> writer = proxies.find(address, size))
    fail("has the tensor core read what thread " +
             format(threads[*writer]->id) +
             " has written, with no fence of proxies in between",
         site);
}

void SimulatedDevice::recordRace(const Access &access, const char *site) {
  std::optional<unsigned> other =
      races.record(access, {blockBarriers, threads[current]->warpBarriers,
                            unsigned(current)});
  if (other) {
    fail("touches the same byte of workgroup memory as thread " +
             format(threads[*other]->id) + ", with no barrier in between",
         site);
  }
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

std::string SimulatedDevice::checkLaunch(const KernelInfo &kernel) const {
  int64_t threadsOfBlock = sizes.block[0] * sizes.block[1] * sizes.block[2];
  for (const Dim3 &dims : {sizes.grid, sizes.block})
    for (int64_t size : dims)
      if (size < 1)
        return "launched with no threads: grid " + format(sizes.grid) +
               ", block " + format(sizes.block);
  if (sizes.grid[0] > INT32_MAX || sizes.grid[1] > UINT16_MAX ||
      sizes.grid[2] > UINT16_MAX)
    return "launched with a grid of " + format(sizes.grid);
  if (threadsOfBlock > kMaxThreads || threadsOfBlock % kLanes != 0)
    return "launched with a block of " + format(sizes.block) +
           ", expected whole warps of at most 1024 threads";
  if (kernel.knownBlock && *kernel.knownBlock != sizes.block)
    return "launched with a block of " + format(sizes.block) + ", expected " +
           format(*kernel.knownBlock);
  auto staticWorkgroup = int64_t(kernel.workgroupSize);
  if (staticWorkgroup > kMaxStaticWorkgroup ||
      staticWorkgroup + sizes.dynamicWorkgroup > kMaxWorkgroup)
    return "uses " + std::to_string(staticWorkgroup) + " bytes of static and " +
           std::to_string(sizes.dynamicWorkgroup) +
           " of dynamic workgroup memory";
  return "";
}

void SimulatedDevice::launch(const KernelInfo &newKernel,
                             void (*function)(void *), void *parameters,
                             size_t parametersSize,
                             const LaunchSizes &newSizes) {
  if (!failure.empty())
    return;
  kernel = &newKernel;
  sizes = newSizes;
  std::string mistake = checkLaunch(*kernel);
  if (!mistake.empty())
    return fail(kernel->name + ": " + mistake);
  sizes.grid[0] = std::min(sizes.grid[0], mostBlocks);
  memory.add(reinterpret_cast<uintptr_t>(parameters), parametersSize,
             MemorySpace::Parameters);
  // From the last on: code that counts on an order of blocks fails.
  const Dim3 &grid = sizes.grid;
  for (int64_t block = grid[0] * grid[1] * grid[2]; block-- > 0;) {
    blockId = {block % grid[0], block / grid[0] % grid[1],
               block / grid[0] / grid[1]};
    makeWorkgroup(*kernel);
    runBlock(function, parameters);
    if (!failure.empty())
      break;
  }
  // Constants too: other code may be where this was, later.
  for (MemorySpace space :
       {MemorySpace::Workgroup, MemorySpace::Parameters, MemorySpace::Constant})
    memory.clear(space);
}

/// Where the dynamic memory begins: behind the static buffers and a gap.
static size_t getDynamicOffset(const KernelInfo &kernel) {
  constexpr size_t alignment = 128;
  return llvm::alignTo(kernel.workgroupSize + alignment, alignment);
}

char *SimulatedDevice::getDynamicWorkgroup() {
  return getWorkgroup(getDynamicOffset(*kernel));
}

void SimulatedDevice::makeWorkgroup(const KernelInfo &kernel) {
  constexpr size_t window = size_t(256) << 10;
  if (!workgroup)
    workgroup = static_cast<char *>(std::aligned_alloc(window, window));
  size_t dynamicOffset = getDynamicOffset(kernel);
  size_t size = dynamicOffset + sizes.dynamicWorkgroup;
  std::memset(workgroup, kGarbage, size);
  memory.clear(MemorySpace::Workgroup);
  auto start = reinterpret_cast<uintptr_t>(workgroup);
  for (const KernelInfo::Workgroup &buffer : kernel.workgroup)
    memory.add(start + buffer.offset, buffer.size, MemorySpace::Workgroup);
  if (sizes.dynamicWorkgroup > 0)
    memory.add(start + dynamicOffset, sizes.dynamicWorkgroup,
               MemorySpace::Workgroup);
  races.reset(start, size);
  proxies.reset(start, size);
  tensorCore.reset();
}

//===----------------------------------------------------------------------===//
// Threads of a block
//===----------------------------------------------------------------------===//

const Dim3 &SimulatedDevice::getThreadId() const {
  return threads[current]->id;
}

void SimulatedDevice::startThreads(void (*function)(void *), void *parameters) {
  const Dim3 &block = sizes.block;
  threadCount = block[0] * block[1] * block[2];
  warpgroups.reset(uint32_t(threadCount / kLanes));
  while (threads.size() < threadCount)
    threads.push_back(std::make_unique<Thread>());
  for (size_t i = 0; i < threadCount; ++i) {
    Thread &thread = *threads[i];
    auto index = int64_t(i);
    thread.id = {index % block[0], index / block[0] % block[1],
                 index / block[0] / block[1]};
    thread.state = State::Ready;
    thread.warpBarriers = 0;
    thread.started.clear();
    thread.groups.clear();
    thread.fiber.start([function, parameters, &thread] {
      function(parameters);
      thread.state = State::Done;
    });
  }
}

void SimulatedDevice::runBlock(void (*function)(void *), void *parameters) {
  startThreads(function, parameters);
  blockBarriers = 1;
  while (true) {
    runReadyThreads();
    if (!failure.empty())
      return;
    if (isDone())
      break;
    if (!releaseWaiting() && !tensorCore.run())
      return reportStuck();
  }
  std::string mistake = tensorCore.checkEnd();
  if (mistake.empty())
    mistake = warpgroups.checkEnd();
  if (!mistake.empty())
    fail(kernel->name + ", block " + format(blockId) + ": " + mistake);
}

void SimulatedDevice::runReadyThreads() {
  bool fromLast = (blockId[0] + blockId[1] + blockId[2]) % 2 != 0;
  for (size_t i = 0; i < threadCount && failure.empty(); ++i) {
    size_t index = fromLast ? threadCount - 1 - i : i;
    if (threads[index]->state != State::Ready)
      continue;
    current = int64_t(index);
    threads[index]->fiber.resume();
    current = -1;
  }
}

bool SimulatedDevice::isDone() const {
  return llvm::all_of(llvm::ArrayRef(threads).take_front(threadCount),
                      [](const std::unique_ptr<Thread> &thread) {
                        return thread->state == State::Done;
                      });
}

bool SimulatedDevice::releaseWaiting() {
  bool released = releaseBlock();
  released |= releasePhases();
  for (unsigned warp = 0; warp < threadCount / kLanes; ++warp)
    released |= failure.empty() && releaseWarp(warp);
  return released;
}

bool SimulatedDevice::releaseBlock() {
  auto all = llvm::MutableArrayRef(threads).take_front(threadCount);
  if (!llvm::all_of(all, [&](const std::unique_ptr<Thread> &thread) {
        return thread->state == State::AtBarrier &&
               thread->site == all.front()->site;
      }))
    return false;
  for (std::unique_ptr<Thread> &thread : all)
    thread->state = State::Ready;
  ++blockBarriers;
  return true;
}

bool SimulatedDevice::releasePhases() {
  bool released = false;
  for (size_t i = 0; i < threadCount; ++i) {
    Thread &thread = *threads[i];
    if (thread.state != State::AtPhase ||
        !tensorCore.isOver(thread.barrier, thread.parity))
      continue;
    thread.state = State::Ready;
    released = true;
  }
  return released;
}

bool SimulatedDevice::releaseWarp(unsigned warp) {
  bool released = false;
  for (unsigned i = 0; i < kLanes && failure.empty(); ++i) {
    Thread &thread = *threads[warp * kLanes + i];
    if (thread.state == State::InWarp)
      released |= releaseLanes(warp, thread.lane);
  }
  return released;
}

bool SimulatedDevice::releaseLanes(unsigned warp, const WarpLane &lane) {
  llvm::SmallVector<WarpLane *, kLanes> lanes(kLanes, nullptr);
  for (unsigned i = 0; i < kLanes; ++i) {
    Thread &thread = *threads[warp * kLanes + i];
    if ((lane.mask >> i & 1) == 0)
      continue;
    if (thread.state != State::InWarp || thread.lane.site != lane.site ||
        thread.lane.mask != lane.mask)
      return false;
    lanes[i] = &thread.lane;
  }
  std::string mistake = lane.perform(lanes);
  if (!mistake.empty()) {
    fail(kernel->name + ", block " + format(blockId) + ", warp " +
             std::to_string(warp) + ": " + mistake,
         lane.site);
  }
  for (unsigned i = 0; i < kLanes; ++i)
    if (lanes[i])
      threads[warp * kLanes + i]->state = State::Ready;
  return true;
}

//===----------------------------------------------------------------------===//
// Waiting
//===----------------------------------------------------------------------===//

void SimulatedDevice::wait(State state, const char *site) {
  Thread &thread = *threads[current];
  thread.state = state;
  thread.site = site;
  thread.fiber.yield();
}

void SimulatedDevice::waitForBlock(const char *site) {
  wait(State::AtBarrier, site);
}

void SimulatedDevice::waitForWarp(const WarpLane &lane) {
  if ((lane.mask >> (current % kLanes) & 1) == 0)
    fail("is none of the lanes that take part", lane.site);
  threads[current]->lane = lane;
  wait(State::InWarp, lane.site);
}

void SimulatedDevice::waitForPhase(uintptr_t barrier, uint32_t parity,
                                   const char *site) {
  if (!tensorCore.isInitialized(barrier))
    fail("waits at what is no mbarrier", site);
  threads[current]->barrier = barrier;
  threads[current]->parity = parity;
  if (!tensorCore.isOver(barrier, parity))
    wait(State::AtPhase, site);
}

std::string SimulatedDevice::describeThread(size_t index) const {
  const Thread &thread = *threads[index];
  std::string text = "thread " + format(thread.id);
  switch (thread.state) {
  case State::AtBarrier:
    return text + " waits for its block at " + thread.site;
  case State::AtPhase:
    return text + " waits for an mbarrier at " + thread.site;
  case State::InWarp:
    return text + " waits for its warp at " + thread.site;
  case State::Ready:
  case State::Done:
    return text + " is done";
  }
  llvm_unreachable("unknown state");
}

/// Names two threads that wait for each other.
void SimulatedDevice::reportStuck() {
  // One that waits for its warp, if there is one: the block waits for it.
  auto find = [&](State state) {
    size_t index = 0;
    while (index < threadCount && threads[index]->state != state)
      ++index;
    return index;
  };
  size_t first = find(State::InWarp);
  for (State state : {State::AtPhase, State::AtBarrier})
    if (first == threadCount)
      first = find(state);
  auto isWithFirst = [&](size_t other) {
    const Thread &a = *threads[first], &b = *threads[other];
    if (a.state != State::InWarp)
      return a.state == b.state && a.site == b.site;
    // A lane waits for those of its mask alone.
    bool takesPart = other / kLanes == first / kLanes &&
                     (a.lane.mask >> other % kLanes & 1) != 0;
    return !takesPart || (b.state == State::InWarp && a.site == b.site &&
                          a.lane.mask == b.lane.mask);
  };
  size_t other = 0;
  while (other < threadCount && isWithFirst(other))
    ++other;
  std::string text = kernel->name + ", block " + format(blockId) +
                     ": threads diverge: " + describeThread(first);
  if (other < threadCount)
    text += ", " + describeThread(other);
  fail(text);
}

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

void SimulatedDevice::copyAsync(char *destination, const char *source,
                                size_t size, size_t sourceSize,
                                const char *site) {
  if ((size != 4 && size != 8 && size != 16) || sourceSize > size) {
    return fail("copies " + std::to_string(sourceSize) + " bytes to " +
                    std::to_string(size) +
                    " asynchronously, expected 4, 8 or 16",
                site);
  }
  check(
      {reinterpret_cast<uintptr_t>(destination), size, size, AccessKind::Write},
      site);
  // Also an address that nothing is read from has to be aligned.
  if (sourceSize > 0) {
    check({reinterpret_cast<uintptr_t>(source), sourceSize, size,
           AccessKind::Read},
          site);
  }
  std::memset(destination, kGarbage, size);
  threads[current]->started.push_back({destination, source, size, sourceSize});
}

void SimulatedDevice::commitCopies() {
  Thread &thread = *threads[current];
  thread.groups.push_back(std::move(thread.started));
  thread.started.clear();
}

void SimulatedDevice::waitForCopies(size_t pending, const char *site) {
  std::deque<std::vector<AsyncCopy>> &groups = threads[current]->groups;
  while (groups.size() > pending) {
    for (const AsyncCopy &copy : groups.front()) {
      check({reinterpret_cast<uintptr_t>(copy.destination), copy.size,
             copy.size, AccessKind::Write},
            site);
      std::memcpy(copy.destination, copy.source, copy.sourceSize);
      std::memset(copy.destination + copy.sourceSize, 0,
                  copy.size - copy.sourceSize);
    }
    groups.pop_front();
  }
}
