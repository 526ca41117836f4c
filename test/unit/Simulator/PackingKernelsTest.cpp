//===- PackingKernelsTest.cpp - Kernels of pack and unpack ----------------===//
//
// pack and unpack in every layout, width and sign on the simulated GPU, on rows
// around the units and blocks, and on rows long enough that threads take whole
// units, against the Format layer and against lists of bits.
//
//===----------------------------------------------------------------------===//

#include "Execute/PackingOracle.h"
#include "SimulatedProgram.h"
#include "gtest/gtest.h"

using namespace quantx;
using namespace quantx::test;

namespace {

struct PackingCase {
  Layout layout;
  CodeType type;
};

class PackingKernelsTest : public testing::TestWithParam<PackingCase> {};

/// Rows of codes with rubbish in the bits above, and of bytes with rubbish in
/// the padding.
struct Inputs {
  Inputs(const CodeType &type, size_t columns)
      : columns(columns), rowSize(getPackedRowSize(columns, type.bits)),
        codes(drawBytes(kRows * columns, 2 * columns)),
        bytes(drawBytes(kRows * rowSize, 2 * columns + 1)) {}

  std::vector<TensorView> getViews() const {
    return {viewArray(ElementType::UInt8, {kRows, int64_t(columns)}, codes),
            viewArray(ElementType::UInt8, {kRows, int64_t(rowSize)}, bytes)};
  }

  size_t columns, rowSize;
  Bytes codes, bytes;
};

} // namespace

static std::vector<PackingCase> getCases() {
  std::vector<PackingCase> cases;
  for (bool isSigned : {true, false}) {
    for (unsigned bits = 2; bits <= 8; ++bits)
      cases.push_back({kLinear, {bits, isSigned}});
    for (const Layout &layout : {kSplitHalf, kInterleaved8})
      cases.push_back({layout, {4, isSigned}});
  }
  return cases;
}

/// Packs and unpacks rows; `columns` and `rowSize` are "?" where dynamic.
static std::string getProgram(const PackingCase &param, const std::string &rows,
                              const std::string &columns,
                              const std::string &rowSize) {
  std::string codes = printTensor(rows, columns, param.type.print());
  std::string bytes = printTensor(rows, rowSize, "i8");
  return "func.func @f(%c: " + codes + ", %b: " + bytes + ") -> (" + bytes +
         ", " + codes + ") {\n" +
         printPacking("%p", "pack", "%c", param.layout, codes, bytes) +
         printPacking("%u", "unpack", "%b", param.layout, bytes, codes) +
         "  return %p, %u : " + bytes + ", " + codes + "\n}\n";
}

/// Runs `program`, whose unpacked rows have `held` codes.
static void expectPacked(const SimulatedProgram &program,
                         const PackingCase &param, const Inputs &inputs,
                         size_t held) {
  const auto &[layout, type] = param;
  SCOPED_TRACE("columns " + std::to_string(inputs.columns));
  std::vector<Array> got = program.run(inputs.getViews());
  Bytes packed(inputs.bytes.size(), 0xA5);
  packCodes(layout.value, inputs.codes, inputs.columns, type.bits, packed);
  ASSERT_EQ(packOracle(layout.value, type, inputs.codes, inputs.columns),
            packed);
  ASSERT_EQ(got[0].bytes, packed);
  Bytes unpacked(kRows * held);
  unpackCodes(layout.value, inputs.bytes, held, type.bits, type.isSigned,
              unpacked);
  ASSERT_EQ(unpackOracle(layout.value, type, inputs.bytes, held), unpacked);
  ASSERT_EQ(got[1].bytes, unpacked);
}

// The last two have threads of two whole units: in rows that are joined and end
// in a tile, and in rows that are no whole units.
static constexpr size_t kLengths[] = {1,  2,  3,  5,  7,  8,  9,    16,  17,
                                      31, 32, 33, 49, 64, 96, 2848, 2849};

TEST_P(PackingKernelsTest, DynamicLengths) {
  SimulatedProgram program = SimulatedProgram::createForChip(
      getProgram(GetParam(), "?", "?", "?"), "sm_90");
  unsigned bits = GetParam().type.bits;
  for (size_t columns : kLengths) {
    Inputs inputs(GetParam().type, columns);
    // The padding of bytes counts as codes.
    expectPacked(program, GetParam(), inputs, inputs.rowSize * 8 / bits);
    if (HasFailure())
      return;
  }
  Bytes none;
  std::vector<Array> got =
      program.run({viewArray(ElementType::UInt8, {0, 40}, none),
                   viewArray(ElementType::UInt8, {kRows, 0}, none)});
  EXPECT_TRUE(got[0].bytes.empty());
  EXPECT_TRUE(got[1].bytes.empty());
}

// Rows of whole units, or not.
TEST_P(PackingKernelsTest, StaticLength) {
  size_t columns = GetParam().type.isSigned ? 2848 : 63;
  Inputs inputs(GetParam().type, columns);
  SimulatedProgram program = SimulatedProgram::createForChip(
      getProgram(GetParam(), std::to_string(kRows), std::to_string(columns),
                 std::to_string(inputs.rowSize)),
      "sm_90");
  expectPacked(program, GetParam(), inputs, columns);
}

static std::string formatName(const testing::TestParamInfo<PackingCase> &info) {
  return std::string(info.param.layout.name) + "_" + info.param.type.print();
}

INSTANTIATE_TEST_SUITE_P(Layouts, PackingKernelsTest,
                         testing::ValuesIn(getCases()), formatName);

// Dimensions in front of the rows, and one row alone.
TEST(PackingRanksTest, OneAndThreeDimensions) {
  SimulatedProgram program = SimulatedProgram::createForChip(
      "func.func @f(%a: tensor<?xi4>, %b: tensor<2x?x?xi6>) -> (tensor<?xi8>, "
      "tensor<2x?x?xi8>) {\n"
      "  %p = quantx.pack %a as #quantx.packing<split_half> : tensor<?xi4> to "
      "tensor<?xi8>\n"
      "  %q = quantx.pack %b as #quantx.packing<linear> : tensor<2x?x?xi6> to "
      "tensor<2x?x?xi8>\n"
      "  return %p, %q : tensor<?xi8>, tensor<2x?x?xi8>\n}\n",
      "sm_90");
  Bytes row = drawBytes(5 * 9, 1), cube = drawBytes(2 * 3 * 7, 2);
  std::vector<Array> got =
      program.run({viewArray(ElementType::UInt8, {5 * 9}, row),
                   viewArray(ElementType::UInt8, {2, 3, 7}, cube)});
  Bytes packed(23);
  packCodes(PackingLayout::SplitHalf, row, 5 * 9, 4, packed);
  EXPECT_EQ(got[0].bytes, packed);
  Bytes packedCube(2 * 3 * 6);
  packCodes(PackingLayout::Linear, cube, 7, 6, packedCube);
  EXPECT_EQ(got[1].bytes, packedCube);
  EXPECT_EQ(got[1].shape, (std::vector<int64_t>{2, 3, 6}));
}
