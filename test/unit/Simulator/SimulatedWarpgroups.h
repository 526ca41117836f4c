//===- SimulatedWarpgroups.h - wgmma ----------------------------*- C++ -*-===//
//
// The products of warpgroups on sm_90a, for one block of threads. Written from
// the PTX ISA, "Asynchronous Warpgroup Level Matrix Instructions": what bits of
// descriptors mean is read here anew.
//
// Products are done when they are waited for, with what is in workgroup memory
// then; that must be what was there when they were begun. Until then registers
// of sums hold NaNs, which name the sums.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDWARPGROUPS_H
#define QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDWARPGROUPS_H

#include "SharedMatrix.h"
#include <array>
#include <deque>
#include <string>
#include <vector>

namespace quantx::test {

/// A descriptor of `wgmma`: the matrix, or what is wrong with it. `window` is
/// the address of the workgroup memory.
std::string decodeWarpgroupDescriptor(uint64_t descriptor, uintptr_t window,
                                      SharedMatrix &matrix);

/// A `wgmma.mma_async` m64nNk16 to f32, with A in registers.
struct WarpgroupProduct {
  /// The place in the program.
  const char *site = nullptr;
  bool isF16 = false; ///< or bf16
  uint32_t columns = 0;
  SharedMatrix b{};
  bool adds = true;

  static constexpr uint32_t kSize = 16, kRowBytes = 32;
  /// Sums of a lane.
  uint32_t getSums() const { return columns / 2; }
};

/// Registers of the lanes of a warp: `count` of each.
struct WarpRegisters {
  static constexpr uint32_t kLanes = 32;

  explicit WarpRegisters(uint32_t count = 0)
      : count(count), words(size_t(kLanes) * count) {}

  uint32_t &at(uint32_t lane, uint32_t index) {
    return words[size_t(lane) * count + index];
  }
  uint32_t at(uint32_t lane, uint32_t index) const {
    return words[size_t(lane) * count + index];
  }

  uint32_t count;
  std::vector<uint32_t> words;
};

class Warpgroups {
public:
  /// Begins a block of so many warps.
  void reset(uint32_t numWarps);
  /// What a block may not leave behind; empty where it does not.
  std::string checkEnd() const;

  // What a warp does, all of its lanes; each returns what is wrong with it.

  void fence(uint32_t warp) { warps[warp].isFenced = true; }
  /// `words` are four of A; `sums` are those before, and then name those after.
  std::string begin(uint32_t warp, const WarpgroupProduct &product,
                    const WarpRegisters &words, WarpRegisters &sums);
  std::string commit(uint32_t warp);
  /// Waits until at most `pending` groups are under way.
  std::string wait(uint32_t warp, size_t pending);
  /// Puts sums that are there in the place of their names.
  void take(uint32_t warp, WarpRegisters &registers) const;

private:
  /// Sums, and how many products are still to be added.
  struct Sums {
    WarpRegisters values;
    uint32_t pending = 0;
  };
  struct Step {
    WarpgroupProduct product;
    WarpRegisters words;
    /// B as it was, and the number of the sums.
    std::vector<uint8_t> bytes;
    size_t sums;
  };
  struct Warp {
    bool isFenced = false;
    uint32_t numBegun = 0;
    std::vector<Sums> sums;
    std::vector<Step> begun;
    std::deque<std::vector<Step>> groups;
  };

  /// The sums that registers name, if they do so.
  static std::optional<size_t> findName(uint32_t word, uint32_t index);
  std::string findSums(Warp &warp, const WarpgroupProduct &product,
                       const WarpRegisters &registers, size_t &number);
  std::string perform(Warp &warp, const Step &step);

  std::vector<Warp> warps;
  /// What the warps of each warpgroup do, by the first of them that does it.
  std::vector<std::vector<WarpgroupProduct>> programs;
};

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDWARPGROUPS_H
