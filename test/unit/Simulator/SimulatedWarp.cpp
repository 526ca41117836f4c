//===- SimulatedWarp.cpp - What the lanes of a warp do together -----------===//

#include "SimulatedWarp.h"
#include "SimulatedFloats.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <cstring>

using namespace quantx::test;
using llvm::ArrayRef;

template <typename T>
static const T &getAttributes(const WarpLane &lane) {
  return *static_cast<const T *>(lane.attributes);
}

//===----------------------------------------------------------------------===//
// Shuffles and votes
//===----------------------------------------------------------------------===//

/// The first lane that takes part.
static const WarpLane &getAny(ArrayRef<WarpLane *> lanes) {
  return **llvm::find_if(lanes, [](WarpLane *lane) { return lane; });
}

/// Which lane `lane` reads, if any.
static std::optional<int32_t> getSourceLane(ShuffleMode mode, int32_t lane,
                                            int32_t offset, int32_t control) {
  constexpr int32_t all = kLanes - 1;
  offset &= all;
  int32_t segment = control >> 8 & all, clamp = control & all;
  int32_t first = lane & segment;
  int32_t last = first | (clamp & ~segment);
  int32_t source = lane;
  switch (mode) {
  case ShuffleMode::Xor:
    source = lane ^ offset;
    break;
  case ShuffleMode::Down:
    source = lane + offset;
    break;
  case ShuffleMode::Up:
    source = lane - offset;
    return source >= last ? std::optional(source) : std::nullopt;
  case ShuffleMode::Idx:
    source = first | (offset & ~segment);
    break;
  }
  return source <= last ? std::optional(source) : std::nullopt;
}

/// The control operand of PTX for a width of gpu.shuffle: of the whole warp,
/// since upstream's lowering leaves other lanes out of the mask of those that
/// take part, and what these get is undefined in PTX.
static int32_t getControl(ShuffleMode mode) {
  return mode == ShuffleMode::Up ? 0 : int32_t(kLanes) - 1;
}

std::string quantx::test::performShuffle(ArrayRef<WarpLane *> lanes) {
  auto shuffle = getAttributes<Shuffle>(getAny(lanes));
  for (int32_t lane = 0; lane < int32_t(kLanes); ++lane) {
    if (!lanes[lane])
      continue;
    auto control = getInput<int32_t>(*lanes[lane], 2);
    if (shuffle.hasWidth && control != int32_t(kLanes))
      return "shuffles " + std::to_string(control) +
             " lanes, expected 32: all execute it";
    if (shuffle.hasWidth)
      control = getControl(shuffle.mode);
    std::optional<int32_t> source = getSourceLane(
        shuffle.mode, lane, getInput<int32_t>(*lanes[lane], 1), control);
    if (source && !lanes[*source])
      return "lane " + std::to_string(lane) + " reads lane " +
             std::to_string(*source) + ", which does not take part";
    auto &result = *static_cast<ShuffleResult *>(lanes[lane]->output);
    result.isValid = source.has_value();
    result.value = source || !shuffle.hasWidth
                       ? getInput<int64_t>(*lanes[source.value_or(lane)], 0)
                       : -1;
  }
  return "";
}

std::string quantx::test::performVote(ArrayRef<WarpLane *> lanes) {
  uint32_t ballot = 0;
  for (unsigned lane = 0; lane < kLanes; ++lane)
    if (lanes[lane] && getInput<int32_t>(*lanes[lane], 0) != 0)
      ballot |= 1u << lane;
  bool all = ballot == getAny(lanes).mask;
  for (WarpLane *lane : lanes) {
    if (!lane)
      continue;
    auto &result = *static_cast<uint32_t *>(lane->output);
    switch (getAttributes<VoteMode>(*lane)) {
    case VoteMode::Any:
      result = ballot != 0;
      break;
    case VoteMode::All:
      result = all;
      break;
    case VoteMode::Ballot:
      result = ballot;
      break;
    case VoteMode::Uni:
      result = all || ballot == 0;
      break;
    }
  }
  return "";
}

std::string quantx::test::performSync(ArrayRef<WarpLane *>) { return ""; }

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

std::string quantx::test::performLoadMatrix(ArrayRef<WarpLane *> lanes) {
  constexpr unsigned rows = 8;
  auto attributes = getAttributes<LoadMatrix>(*lanes.front());
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    auto *output = static_cast<uint16_t *>(lanes[lane]->output);
    for (int32_t matrix = 0; matrix < attributes.count; ++matrix) {
      for (unsigned i = 0; i < 2; ++i) {
        unsigned row = lane / 4, column = lane % 4 * 2 + i;
        if (attributes.transpose)
          std::swap(row, column);
        // Lane number 8 * matrix + row has the address of the row.
        const auto *address =
            getInput<const char *>(*lanes[matrix * rows + row], 0);
        std::memcpy(&output[2 * matrix + i], address + 2 * column,
                    sizeof(uint16_t));
      }
    }
  }
  return "";
}

static unsigned getWidth(MatrixType type) {
  switch (type) {
  case MatrixType::F16:
  case MatrixType::BF16:
    return 16;
  case MatrixType::E2M1:
    return 4;
  default:
    return 8;
  }
}

/// Element `index` of a fragment.
static double getElement(const void *fragment, unsigned index,
                         MatrixType type) {
  constexpr unsigned byteBits = 8;
  unsigned width = getWidth(type);
  uint32_t bits = 0;
  std::memcpy(&bits,
              static_cast<const char *>(fragment) + index * width / byteBits,
              (width + byteBits - 1) / byteBits);
  bits = bits >> (index * width % byteBits) & ((1u << width) - 1);
  switch (type) {
  case MatrixType::F16:
    return decodeFloat(bits, 5, 10, /*hasInfinity=*/true);
  case MatrixType::BF16:
    return decodeFloat(bits, 8, 7, /*hasInfinity=*/true);
  case MatrixType::E4M3:
    return decodeFloat(bits, 4, 3, /*hasInfinity=*/false);
  case MatrixType::E5M2:
    return decodeFloat(bits, 5, 2, /*hasInfinity=*/true);
  case MatrixType::S8:
    return int8_t(bits);
  case MatrixType::U8:
    return bits;
  case MatrixType::E2M1:
    return decodeE2M1(bits);
  }
  llvm_unreachable("unknown type");
}

namespace {

/// Which element of A (16 x k) and B (k x 8) each lane holds. A register has
/// `pack` consecutive elements along k.
struct Fragments {
  unsigned pack;

  unsigned getColumn(unsigned lane, unsigned index, unsigned reg) const {
    return lane % 4 * pack + index % pack + reg * 4 * pack;
  }
};

/// A, B: whole matrices; rows of A and columns of B are contiguous.
struct Operands {
  std::vector<double> a, b;
};

} // namespace

static constexpr unsigned kRows = 16, kColumns = 8;

static Operands gather(ArrayRef<WarpLane *> lanes,
                       const MultiplyMatrices &attributes) {
  auto k = unsigned(attributes.k);
  unsigned pack = 32 / getWidth(attributes.a);
  Fragments fragments{pack};
  Operands operands{std::vector<double>(kRows * k),
                    std::vector<double>(kColumns * k)};
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    for (unsigned i = 0; i < kRows * k / kLanes; ++i) {
      // Registers 0 and 1 have rows r and r + 8, 2 and 3 the same further on.
      unsigned reg = i / pack;
      unsigned row = lane / 4 + reg % 2 * 8;
      unsigned column = fragments.getColumn(lane, i, reg / 2);
      operands.a[row * k + column] =
          getElement(lanes[lane]->inputs[0], i, attributes.a);
    }
    for (unsigned i = 0; i < kColumns * k / kLanes; ++i) {
      unsigned row = fragments.getColumn(lane, i, i / pack);
      operands.b[lane / 4 * k + row] =
          getElement(lanes[lane]->inputs[1], i, attributes.b);
    }
  }
  return operands;
}

/// D of the products of whole matrices and C.
static void multiply(ArrayRef<WarpLane *> lanes, const Operands &operands,
                     unsigned k, bool isInteger) {
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    for (unsigned i = 0; i < 4; ++i) {
      unsigned row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
      double sum = 0;
      for (unsigned j = 0; j < k; ++j)
        sum += operands.a[row * k + j] * operands.b[column * k + j];
      const void *c = lanes[lane]->inputs[2];
      if (isInteger) {
        static_cast<int32_t *>(lanes[lane]->output)[i] =
            int32_t(static_cast<const int32_t *>(c)[i] + int64_t(sum));
      } else {
        static_cast<float *>(lanes[lane]->output)[i] =
            float(static_cast<const float *>(c)[i] + sum);
      }
    }
  }
}

std::string quantx::test::performMultiply(ArrayRef<WarpLane *> lanes) {
  auto attributes = getAttributes<MultiplyMatrices>(*lanes.front());
  bool isInteger =
      attributes.a == MatrixType::S8 || attributes.a == MatrixType::U8;
  multiply(lanes, gather(lanes, attributes), unsigned(attributes.k), isInteger);
  return "";
}

/// Scale `byte` of the word `lane` has as input `input`.
static double getScale(const WarpLane &lane, unsigned input, unsigned byte,
                       bool isE8M0) {
  return decodeScale(uint8_t(getInput<uint32_t>(lane, input) >> (8 * byte)),
                     isE8M0);
}

// PTX: of each four lanes, a pair has the scales of A, the first of it those of
// row lane / 4, the other those of the row 8 further on; one has those of
// column lane / 4 of B.
std::string quantx::test::performMultiplyScaled(ArrayRef<WarpLane *> lanes) {
  auto attributes = getAttributes<MultiplyScaled>(*lanes.front());
  auto k = unsigned(attributes.matrices.k);
  unsigned block = k / unsigned(attributes.scales);
  Operands operands = gather(lanes, attributes.matrices);
  for (unsigned row = 0; row < kRows; ++row) {
    unsigned lane = row % 8 * 4 + unsigned(attributes.threads[0]) * 2 + row / 8;
    for (unsigned j = 0; j < k; ++j)
      operands.a[row * k + j] *=
          getScale(*lanes[lane], 3, unsigned(attributes.bytes[0]) + j / block,
                   attributes.areE8M0);
  }
  for (unsigned column = 0; column < kColumns; ++column) {
    unsigned lane = column * 4 + unsigned(attributes.threads[1]);
    for (unsigned j = 0; j < k; ++j)
      operands.b[column * k + j] *=
          getScale(*lanes[lane], 4, unsigned(attributes.bytes[1]) + j / block,
                   attributes.areE8M0);
  }
  multiply(lanes, operands, k, /*isInteger=*/false);
  return "";
}
