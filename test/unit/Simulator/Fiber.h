//===- Fiber.h - Threads that take turns ------------------------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_FIBER_H
#define QUANTX_TEST_UNIT_SIMULATOR_FIBER_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ucontext.h>

namespace quantx::test {

/// A function with a stack of its own, which runs until it yields. All fibers
/// run in the thread of the test program, one at a time.
class Fiber {
public:
  Fiber();
  Fiber(const Fiber &) = delete;
  Fiber &operator=(const Fiber &) = delete;
  ~Fiber();

  /// Has the next `resume` call `body`. What the fiber was doing is dropped:
  /// nothing that its stack owns is destroyed.
  void start(std::function<void()> body);

  /// Goes on with the fiber until it yields or its body is done.
  void resume();

  /// Returns from `resume`; called by the body.
  void yield();

  /// Whether an address is in the fiber's stack.
  bool hasOnStack(uintptr_t address) const;

private:
  static void enter(unsigned high, unsigned low);

  char *stack;
  ucontext_t inside;
  ucontext_t outside;
  std::function<void()> body;
};

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_FIBER_H
