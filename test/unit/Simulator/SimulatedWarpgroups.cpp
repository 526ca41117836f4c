//===- SimulatedWarpgroups.cpp - wgmma ------------------------------------===//

#include "SimulatedWarpgroups.h"
#include "SimulatedFloats.h"
#include <cstring>

using namespace quantx::test;

static constexpr uint32_t kLanes = WarpRegisters::kLanes, kWarpsInGroup = 4;

//===----------------------------------------------------------------------===//
// Descriptors
//===----------------------------------------------------------------------===//

// PTX ISA, "Matrix Descriptor Format": the swizzling mode 1 is that of 128
// bytes.
std::string quantx::test::decodeWarpgroupDescriptor(uint64_t descriptor,
                                                    uintptr_t window,
                                                    SharedMatrix &matrix) {
  if (!areFieldsZero(descriptor, {{14, 2}, {30, 2}, {46, 3}, {52, 10}}))
    return "has bits in a reserved field of a matrix descriptor";
  if (getField(descriptor, 49, 3) != 0)
    return "has a base offset, which is not known here";
  if (getField(descriptor, 62, 2) != 1)
    return "swizzles " + std::to_string(getField(descriptor, 62, 2)) +
           ", which is not known here";
  matrix.readPlaces(descriptor, window);
  matrix.isSwizzled = true;
  if (!matrix.isAligned())
    return "swizzles what is not at a multiple of 1024 bytes";
  return "";
}

/// The rows of B.
static std::vector<uint8_t> readMatrix(const WarpgroupProduct &product) {
  constexpr uint32_t rowBytes = WarpgroupProduct::kRowBytes, chunk = 16;
  std::vector<uint8_t> bytes(size_t(product.columns) * rowBytes);
  for (uint32_t row = 0; row < product.columns; ++row)
    for (uint32_t offset = 0; offset < rowBytes; offset += chunk)
      std::memcpy(&bytes[size_t(row) * rowBytes + offset],
                  reinterpret_cast<const void *>(product.b.locate(row, offset)),
                  chunk);
  return bytes;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// A NaN that no arithmetic makes, with a number and an index.
static constexpr uint32_t kName = 0x7fa00000, kNameMask = 0xffe00000,
                          kIndexBits = 7, kMostSums = 1 << 14;

static uint32_t makeName(size_t number, uint32_t index) {
  return kName | uint32_t(number) << kIndexBits | index;
}

std::optional<size_t> Warpgroups::findName(uint32_t word, uint32_t index) {
  if ((word & kNameMask) != kName || (word & ((1u << kIndexBits) - 1)) != index)
    return std::nullopt;
  return (word & ~kNameMask) >> kIndexBits;
}

// Sums that products are added to are still in the registers of these, all of
// them, or have been put there by others.
std::string Warpgroups::findSums(Warp &warp, const WarpgroupProduct &product,
                                 const WarpRegisters &registers,
                                 size_t &number) {
  std::optional<size_t> name =
      product.adds ? findName(registers.at(0, 0), 0) : std::nullopt;
  if (!name) {
    number = warp.sums.size();
    if (number == kMostSums)
      return "has more sums than have a name here";
    Sums sums = {WarpRegisters(product.getSums())};
    if (product.adds)
      sums.values = registers;
    warp.sums.push_back(sums);
    return "";
  }
  number = *name;
  if (number >= warp.sums.size() ||
      warp.sums[number].values.count != product.getSums())
    return "adds to sums of another shape";
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t i = 0; i < product.getSums(); ++i)
      if (registers.at(lane, i) != makeName(number, i))
        return "adds to sums that are not together";
  return "";
}

void Warpgroups::take(uint32_t warp, WarpRegisters &registers) const {
  const std::vector<Sums> &all = warps[warp].sums;
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t i = 0; i < registers.count; ++i) {
      std::optional<size_t> name = findName(registers.at(lane, i), i);
      if (name && *name < all.size() && all[*name].pending == 0)
        registers.at(lane, i) = all[*name].values.at(lane, i);
    }
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

void Warpgroups::reset(uint32_t numWarps) {
  warps.assign(numWarps, Warp());
  programs.assign((numWarps + kWarpsInGroup - 1) / kWarpsInGroup, {});
}

std::string Warpgroups::checkEnd() const {
  for (size_t i = 0; i < warps.size(); ++i) {
    const Warp &warp = warps[i];
    if (!warp.begun.empty() || !warp.groups.empty())
      return "ends before the products of warp " + std::to_string(i);
    if (warp.numBegun != programs[i / kWarpsInGroup].size())
      return "has a warp without products that its warpgroup has";
  }
  return "";
}

static bool areEqual(const WarpgroupProduct &a, const WarpgroupProduct &b) {
  return a.site == b.site && a.b.start == b.b.start && a.adds == b.adds;
}

std::string Warpgroups::begin(uint32_t number, const WarpgroupProduct &product,
                              const WarpRegisters &words, WarpRegisters &sums) {
  Warp &warp = warps[number];
  std::vector<WarpgroupProduct> &program = programs[number / kWarpsInGroup];
  if (warps.size() % kWarpsInGroup != 0)
    return "multiplies in a block of no whole warpgroups";
  if (!warp.isFenced)
    return "multiplies registers with no wgmma.fence before";
  if (warp.numBegun == program.size())
    program.push_back(product);
  if (!areEqual(program[warp.numBegun++], product))
    return "multiplies something else than a warp of its warpgroup";
  Step step = {product, words, readMatrix(product), 0};
  std::string mistake = findSums(warp, product, sums, step.sums);
  if (!mistake.empty())
    return mistake;
  ++warp.sums[step.sums].pending;
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t i = 0; i < product.getSums(); ++i)
      sums.at(lane, i) = makeName(step.sums, i);
  warp.begun.push_back(std::move(step));
  return "";
}

std::string Warpgroups::commit(uint32_t number) {
  Warp &warp = warps[number];
  warp.groups.push_back(std::move(warp.begun));
  warp.begun.clear();
  warp.isFenced = false;
  return "";
}

std::string Warpgroups::wait(uint32_t number, size_t pending) {
  Warp &warp = warps[number];
  while (warp.groups.size() > pending) {
    for (const Step &step : warp.groups.front())
      if (std::string mistake = perform(warp, step); !mistake.empty())
        return mistake;
    warp.groups.pop_front();
  }
  return "";
}

static double decodeHalf(uint32_t bits, bool isF16) {
  return isF16 ? decodeFloat(bits, 5, 10, /*hasInfinity=*/true)
               : decodeFloat(bits, 8, 7, /*hasInfinity=*/true);
}

// PTX ISA, "Register Fragments and Shared Memory Matrix Layouts" of m64nNk16: a
// warp has 16 rows of A and of D; a lane two of them, 8 apart, and two columns
// of each 8.
std::string Warpgroups::perform(Warp &warp, const Step &step) {
  const WarpgroupProduct &product = step.product;
  if (readMatrix(product) != step.bytes)
    return "has written over what a product reads that is not waited for";
  constexpr uint32_t size = WarpgroupProduct::kSize, rows = 16;
  double a[rows][size];
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t i = 0; i < 2 * step.words.count; ++i) {
      uint32_t word = i / 2;
      uint32_t bits = step.words.at(lane, word) >> (16 * (i % 2)) & 0xffff;
      a[lane / 4 + word % 2 * 8][lane % 4 * 2 + i % 2 + word / 2 * 8] =
          decodeHalf(bits, product.isF16);
    }
  std::vector<double> b(size_t(product.columns) * size);
  for (size_t i = 0; i < b.size(); ++i)
    b[i] = decodeHalf(uint32_t(step.bytes[2 * i] | step.bytes[2 * i + 1] << 8),
                      product.isF16);
  Sums &sums = warp.sums[step.sums];
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t i = 0; i < product.getSums(); ++i) {
      const double *row = a[lane / 4 + i % 4 / 2 * 8];
      const double *column =
          &b[size_t(i / 4 * 8 + lane % 4 * 2 + i % 2) * size];
      uint32_t &word = sums.values.at(lane, i);
      float value;
      std::memcpy(&value, &word, sizeof(value));
      double sum = value;
      for (uint32_t k = 0; k < size; ++k)
        sum += row[k] * column[k];
      value = float(sum);
      std::memcpy(&word, &value, sizeof(value));
    }
  --sums.pending;
  return "";
}
