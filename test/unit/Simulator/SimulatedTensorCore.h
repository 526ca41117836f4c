//===- SimulatedTensorCore.h - Tensor memory and tcgen05 --------*- C++ -*-===//
//
// The tensor core of sm_100a, for one block of threads: tensor memory, the
// instructions that work on it, and the mbarriers that they arrive at. Written
// from the PTX ISA, "TensorCore 5th Generation Family Instructions": what bits
// of descriptors mean is read here anew.
//
// What PTX leaves open is what a kernel would suffer from: a copy of scales is
// done when it begins, as no product before it is ordered before it; products
// are done when all threads wait, in their order.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDTENSORCORE_H
#define QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDTENSORCORE_H

#include "SharedMatrix.h"
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace quantx::test {

/// A shared memory descriptor: the matrix, or what is wrong with it. `window`
/// is the address of the workgroup memory.
std::string decodeDescriptor(uint64_t descriptor, uintptr_t window,
                             SharedMatrix &matrix);

enum class TensorKind : int32_t { MXF8F6F4, MXF4, MXF4NVF4 };

/// What the instruction itself says.
struct TensorMmaForm {
  TensorKind kind;
  uint32_t block; ///< elements under one scale: 16 or 32
};

/// A `tcgen05.mma` with scales.
struct TensorProduct {
  TensorMmaForm form;
  uint32_t sums; ///< addresses of tensor memory
  SharedMatrix a, b;
  uint32_t instruction; ///< descriptor
  bool adds;
  uint32_t scaleA, scaleB;

  // The fields of the instruction descriptor.

  uint32_t getBits(unsigned first, unsigned count) const {
    return instruction >> first & ((1u << count) - 1);
  }
  uint32_t getRows() const { return getBits(27, 2) << 7; }
  uint32_t getColumns() const { return getBits(17, 6) << 3; }
  /// The elements of a row, and its bytes.
  uint32_t getSize() const {
    return form.kind == TensorKind::MXF8F6F4 ? 32 : 64;
  }
  static constexpr uint32_t kRowBytes = 32;
  uint32_t getScales() const { return getSize() / form.block; }

  /// What is wrong with the instruction; empty where nothing is.
  std::string check() const;
};

class TensorCore {
public:
  static constexpr uint32_t kLanes = 128, kColumns = 512;

  /// Begins a block.
  void reset();
  /// What a block may not leave behind; empty where it does not.
  std::string checkEnd() const;

  // Of these, each returns what is wrong with it.

  std::string allocate(uint32_t columns, uint32_t &address);
  std::string release(uint32_t address, uint32_t columns);
  void relinquish() { mayAllocate = false; }
  /// 32 rows of 16 bytes to the lanes of each warp.
  std::string copyScales(uint32_t address, const SharedMatrix &matrix);
  std::string multiply(const TensorProduct &product);
  std::string commit(uintptr_t barrier);
  /// `count` columns of a lane, for a warp that may read it.
  std::string load(uint32_t address, uint32_t warp, uint32_t lane,
                   uint32_t count, uint32_t *values) const;

  // mbarriers.

  void initialize(uintptr_t barrier, uint32_t count);
  bool isInitialized(uintptr_t barrier) const {
    return barriers.count(barrier) != 0;
  }
  /// Whether the phase of that parity is over.
  bool isOver(uintptr_t barrier, uint32_t parity) const;

  /// Does what is to be done next, up to an arrival. Returns whether there was
  /// anything.
  bool run();

private:
  struct Barrier {
    uint32_t count, pending, phase;
  };
  /// A product, or an arrival.
  struct Step {
    std::optional<TensorProduct> product;
    uintptr_t barrier = 0;
  };

  uint32_t &at(uint32_t lane, uint32_t column) {
    return words[size_t(lane) * kColumns + column];
  }
  /// Whether the columns from `address` on are allocated, all of them.
  bool areAllocated(uint32_t address, uint32_t columns) const;
  std::string checkScales(uint32_t address, uint32_t rows) const;
  double getScale(const TensorProduct &product, bool ofA, uint32_t row,
                  uint32_t index);
  std::vector<double> gather(const TensorProduct &product, bool ofA);
  void perform(const TensorProduct &product);

  std::vector<uint32_t> words;
  /// First columns, and how many.
  std::map<uint32_t, uint32_t> allocations;
  bool mayAllocate = true;
  std::deque<Step> steps;
  std::map<uintptr_t, Barrier> barriers;
};

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDTENSORCORE_H
