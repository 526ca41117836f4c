//===- Fiber.cpp - Threads that take turns --------------------------------===//

#include "Fiber.h"
#include "llvm/Support/ErrorHandling.h"
#include <sys/mman.h>

using namespace quantx::test;

/// Enough for what LLVM spills of a kernel, and for the simulator's messages.
static constexpr size_t kStackSize = size_t(256) << 10;
/// Stacks grow down, into pages that nobody may touch.
static constexpr size_t kGuardSize = size_t(64) << 10;

Fiber::Fiber() {
  void *pages = mmap(nullptr, kGuardSize + kStackSize, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED)
    llvm::report_fatal_error("cannot map the stack of a fiber");
  stack = static_cast<char *>(pages) + kGuardSize;
  if (mprotect(stack, kStackSize, PROT_READ | PROT_WRITE) != 0)
    llvm::report_fatal_error("cannot make the stack of a fiber accessible");
}

Fiber::~Fiber() { munmap(stack - kGuardSize, kGuardSize + kStackSize); }

void Fiber::enter(unsigned high, unsigned low) {
  auto address = uintptr_t(uint64_t(high) << 32 | low);
  auto *fiber = reinterpret_cast<Fiber *>(address);
  fiber->body();
  fiber->yield();
  llvm_unreachable("a fiber was resumed that is done");
}

void Fiber::start(std::function<void()> newBody) {
  body = std::move(newBody);
  getcontext(&inside);
  inside.uc_stack.ss_sp = stack;
  inside.uc_stack.ss_size = kStackSize;
  inside.uc_link = nullptr;
  // The arguments of a context are of type int.
  auto address = uint64_t(reinterpret_cast<uintptr_t>(this));
  makecontext(&inside, reinterpret_cast<void (*)()>(&Fiber::enter), 2,
              unsigned(address >> 32), unsigned(address));
}

void Fiber::resume() { swapcontext(&outside, &inside); }

void Fiber::yield() { swapcontext(&inside, &outside); }

bool Fiber::hasOnStack(uintptr_t address) const {
  auto start = reinterpret_cast<uintptr_t>(stack);
  return address >= start && address < start + kStackSize;
}
