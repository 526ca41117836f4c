//===- SimulatedTensorCore.cpp - Tensor memory and tcgen05 ----------------===//

#include "SimulatedTensorCore.h"
#include "SimulatedFloats.h"
#include <cstring>

using namespace quantx::test;

/// The lanes of a warp, which are a quarter of all.
static constexpr uint32_t kWarpLanes = 32, kWarps = 4;

//===----------------------------------------------------------------------===//
// Descriptors
//===----------------------------------------------------------------------===//

std::string quantx::test::decodeDescriptor(uint64_t descriptor,
                                           uintptr_t window,
                                           SharedMatrix &matrix) {
  if (!areFieldsZero(descriptor, {{14, 2}, {30, 2}}))
    return "has bits in a reserved field of a shared memory descriptor";
  if (getField(descriptor, 46, 3) != 1 || getField(descriptor, 53, 8) != 0)
    return "has other constants in a shared memory descriptor";
  if (getField(descriptor, 49, 4) != 0)
    return "has a base offset or an absolute address, which are not known here";
  uint64_t swizzle = getField(descriptor, 61, 3);
  if (swizzle != 0 && swizzle != 2)
    return "swizzles " + std::to_string(swizzle) + ", which is not known here";
  matrix.readPlaces(descriptor, window);
  matrix.isSwizzled = swizzle == 2;
  if (matrix.isSwizzled && !matrix.isAligned())
    return "swizzles what is not at a multiple of 1024 bytes";
  return "";
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

std::string TensorProduct::check() const {
  bool isMixed = form.kind == TensorKind::MXF8F6F4;
  if (getBits(0, 4) != 0 || getBits(6, 1) != 0 || getBits(24, 3) != 0 ||
      getBits(31, 1) != 0 || (!isMixed && getBits(12, 1) != 0))
    return "has bits in a reserved field of an instruction descriptor";
  if (getBits(13, 4) != 0)
    return "negates or transposes, which is not known here";
  if (getRows() != 128 || getColumns() % 16 != 0 || getColumns() < 16 ||
      getColumns() > 128)
    return "multiplies " + std::to_string(getRows()) + " rows by " +
           std::to_string(getColumns()) + " columns";
  for (unsigned first : {7, 10}) {
    uint32_t type = getBits(first, first == 7 || isMixed ? 3 : 2);
    if (isMixed ? type == 2 || type > 5 : type != 1)
      return "has matrices of type " + std::to_string(type);
  }
  bool areE8M0 = getBits(23, 1) != 0;
  bool isValid = form.kind == TensorKind::MXF4NVF4
                     ? areE8M0 || form.block == 16
                     : areE8M0 && form.block == 32;
  if (!isValid)
    return "has scales of another type than its kind takes";
  for (unsigned first : {4, 29})
    if (getBits(first, 2) % getScales() != 0)
      return "has scales at byte " + std::to_string(getBits(first, 2)) +
             " of a word";
  return "";
}

//===----------------------------------------------------------------------===//
// Tensor memory
//===----------------------------------------------------------------------===//

void TensorCore::reset() {
  allocations.clear();
  mayAllocate = true;
  steps.clear();
  barriers.clear();
}

std::string TensorCore::checkEnd() const {
  if (!steps.empty())
    return "ends before the products that it has begun";
  if (!allocations.empty())
    return "ends with tensor memory that is not given back";
  return "";
}

std::string TensorCore::allocate(uint32_t columns, uint32_t &address) {
  if (!mayAllocate)
    return "allocates after it has given up the right to";
  if (columns < 32 || columns > kColumns || (columns & (columns - 1)) != 0)
    return "allocates " + std::to_string(columns) +
           " columns, expected a power of two from 32 to 512";
  // What nobody has written is NaN.
  if (allocations.empty())
    words.assign(size_t(kLanes) * kColumns, ~0u);
  // Not the first, so that no address is 0.
  address = allocations.empty() ? 32 : 0;
  for (auto [first, count] : allocations)
    address = first + count;
  if (columns == kColumns && allocations.empty())
    address = 0;
  if (address + columns > kColumns)
    return "waits for tensor memory that it has itself";
  allocations[address] = columns;
  return "";
}

std::string TensorCore::release(uint32_t address, uint32_t columns) {
  auto found = allocations.find(address);
  if (found == allocations.end() || found->second != columns)
    return "gives back other columns than it was given";
  if (!steps.empty())
    return "gives back tensor memory before products are done";
  allocations.erase(found);
  return "";
}

bool TensorCore::areAllocated(uint32_t address, uint32_t columns) const {
  uint32_t column = address & 0xffff;
  for (auto [first, count] : allocations)
    if (column >= first && column + columns <= first + count)
      return true;
  return false;
}

// PTX ISA, "tcgen05.cp" with .32x128b.warpx4.
std::string TensorCore::copyScales(uint32_t address,
                                   const SharedMatrix &matrix) {
  constexpr uint32_t columns = 4;
  if (address >> 16 != 0 || !areAllocated(address, columns))
    return "copies to tensor memory that it does not have";
  for (uint32_t row = 0; row < kWarpLanes; ++row)
    for (uint32_t warp = 0; warp < kWarps; ++warp)
      std::memcpy(&at(warp * kWarpLanes + row, address),
                  reinterpret_cast<const void *>(matrix.locate(row, 0)),
                  columns * sizeof(uint32_t));
  return "";
}

// PTX ISA, "tcgen05.ld": a warp reaches the lanes of its number in its four.
std::string TensorCore::load(uint32_t address, uint32_t warp, uint32_t lane,
                             uint32_t count, uint32_t *values) const {
  uint32_t firstLane = address >> 16, column = address & 0xffff;
  if (firstLane != warp % kWarps * kWarpLanes)
    return "reads lanes from " + std::to_string(firstLane) + " on in warp " +
           std::to_string(warp);
  if (!areAllocated(address, count))
    return "reads tensor memory that it does not have";
  std::memcpy(values, &words[size_t(firstLane + lane) * kColumns + column],
              count * sizeof(uint32_t));
  return "";
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// The columns of the scales of so many rows: a lane has those of four.
static uint32_t getScaleColumns(uint32_t rows) {
  return (rows + kWarpLanes - 1) / kWarpLanes;
}

std::string TensorCore::checkScales(uint32_t address, uint32_t rows) const {
  if (address >> 16 != 0 || !areAllocated(address, getScaleColumns(rows)))
    return "has scales in tensor memory that it does not have";
  return "";
}

std::string TensorCore::multiply(const TensorProduct &product) {
  if (std::string mistake = product.check(); !mistake.empty())
    return mistake;
  if (product.sums >> 16 != 0 ||
      !areAllocated(product.sums, product.getColumns()))
    return "has sums in tensor memory that it does not have";
  for (auto [address, rows] : {std::pair(product.scaleA, product.getRows()),
                               std::pair(product.scaleB, product.getColumns())})
    if (std::string mistake = checkScales(address, rows); !mistake.empty())
      return mistake;
  steps.push_back({product, 0});
  return "";
}

// PTX ISA, "Scale Factor A ID" and "Scale Factor B ID". All warps' lanes have
// the same; where they do not, there is no number.
double TensorCore::getScale(const TensorProduct &product, bool ofA,
                            uint32_t row, uint32_t index) {
  uint32_t column = (ofA ? product.scaleA : product.scaleB) + row / kWarpLanes;
  uint32_t byte = product.getBits(ofA ? 29 : 4, 2) + index;
  uint32_t word = at(row % kWarpLanes, column);
  for (uint32_t warp = 1; warp < kWarps; ++warp)
    if (at(warp * kWarpLanes + row % kWarpLanes, column) != word)
      return NAN;
  return decodeScale(uint8_t(word >> (8 * byte)), product.getBits(23, 1) != 0);
}

/// Element `index` of a row. PTX ISA, "Packing format used for matrix A and B
/// by .kind::mxf8f6f4 in Shared Memory": 16 codes of 4 or 6 bits begin 16
/// bytes, packed.
static double decodeElement(const uint8_t *row, uint32_t index, TensorKind kind,
                            uint32_t type) {
  bool isMixed = kind == TensorKind::MXF8F6F4;
  uint32_t width = !isMixed || type == 5 ? 4 : type >= 3 ? 6 : 8;
  uint32_t chunk = isMixed ? 16 : 32;
  const uint8_t *bytes = row + index / chunk * 16;
  uint32_t bit = index % chunk * width;
  uint32_t code = bytes[bit / 8] >> (bit % 8);
  if (bit % 8 + width > 8)
    code |= uint32_t(bytes[bit / 8 + 1]) << (8 - bit % 8);
  code &= (1u << width) - 1;
  if (width == 4)
    return decodeE2M1(code);
  switch (type) {
  case 0:
    return decodeFloat(code, 4, 3, /*hasInfinity=*/false);
  case 1:
    return decodeFloat(code, 5, 2, /*hasInfinity=*/true);
  case 3:
    return decodeNumber(code, 2, 3);
  default:
    return decodeNumber(code, 3, 2);
  }
}

/// The elements of all rows, with their scales.
std::vector<double> TensorCore::gather(const TensorProduct &product, bool ofA) {
  const SharedMatrix &matrix = ofA ? product.a : product.b;
  uint32_t rows = ofA ? product.getRows() : product.getColumns();
  uint32_t size = product.getSize();
  uint32_t type = product.getBits(ofA ? 7 : 10, 3);
  std::vector<double> values(size_t(rows) * size);
  for (uint32_t row = 0; row < rows; ++row) {
    uint8_t bytes[TensorProduct::kRowBytes];
    for (uint32_t offset = 0; offset < sizeof(bytes); offset += 16)
      std::memcpy(bytes + offset,
                  reinterpret_cast<const void *>(matrix.locate(row, offset)),
                  16);
    for (uint32_t i = 0; i < size; ++i)
      values[size_t(row) * size + i] =
          decodeElement(bytes, i, product.form.kind, type) *
          getScale(product, ofA, row, i / product.form.block);
  }
  return values;
}

// PTX ISA, "Data Path Layout Organization", Layout D: a row of A is a lane.
void TensorCore::perform(const TensorProduct &product) {
  std::vector<double> a = gather(product, /*ofA=*/true);
  std::vector<double> b = gather(product, /*ofA=*/false);
  uint32_t size = product.getSize();
  for (uint32_t row = 0; row < product.getRows(); ++row) {
    for (uint32_t column = 0; column < product.getColumns(); ++column) {
      uint32_t &word = at(row, product.sums + column);
      float before = 0;
      if (product.adds)
        std::memcpy(&before, &word, sizeof(before));
      double sum = before;
      for (uint32_t i = 0; i < size; ++i)
        sum += a[size_t(row) * size + i] * b[size_t(column) * size + i];
      auto after = float(sum);
      std::memcpy(&word, &after, sizeof(after));
    }
  }
}

//===----------------------------------------------------------------------===//
// mbarriers
//===----------------------------------------------------------------------===//

void TensorCore::initialize(uintptr_t barrier, uint32_t count) {
  barriers[barrier] = {count, count, 0};
}

std::string TensorCore::commit(uintptr_t barrier) {
  if (!isInitialized(barrier))
    return "arrives at what is no mbarrier";
  steps.push_back({std::nullopt, barrier});
  return "";
}

bool TensorCore::isOver(uintptr_t barrier, uint32_t parity) const {
  return barriers.at(barrier).phase % 2 != parity;
}

bool TensorCore::run() {
  bool hasArrival = false;
  for (const Step &step : steps)
    hasArrival |= !step.product;
  if (!hasArrival)
    return false;
  while (true) {
    Step step = steps.front();
    steps.pop_front();
    if (step.product) {
      perform(*step.product);
      continue;
    }
    Barrier &barrier = barriers.at(step.barrier);
    if (--barrier.pending == 0) {
      barrier.pending = barrier.count;
      ++barrier.phase;
    }
    return true;
  }
}
