//===- PackingTest.cpp - Compiled packing against lists of bits -----------===//
//
// pack and unpack in every layout, width and sign, on every row length around
// the blocks, against the Format layer and against lists of bits; and chains of
// them, which become one loop.
//
//===----------------------------------------------------------------------===//

#include "PackingOracle.h"
#include "Program.h"
#include "gtest/gtest.h"
#include <numeric>

using namespace quantx;
using namespace quantx::test;

// Beyond two of the vectors that rows are taken in.
static constexpr size_t kMaxColumns = 131;
static constexpr size_t kMaxStaticColumns = 70;

static Bytes packFormat(PackingLayout layout, const CodeType &type,
                        const Bytes &codes, size_t columns) {
  Bytes bytes(kRows * getPackedRowSize(columns, type.bits), 0xA5);
  packCodes(layout, codes, columns, type.bits, bytes);
  return bytes;
}

static Bytes unpackFormat(PackingLayout layout, const CodeType &type,
                          const Bytes &bytes, size_t columns) {
  Bytes codes(kRows * columns);
  unpackCodes(layout, bytes, columns, type.bits, type.isSigned, codes);
  return codes;
}

//===----------------------------------------------------------------------===//
// pack and unpack
//===----------------------------------------------------------------------===//

namespace {

struct PackingCase {
  Layout layout;
  CodeType type;
  Form form;
};

class PackingTest : public testing::TestWithParam<PackingCase> {};

} // namespace

static std::vector<PackingCase> getPackingCases() {
  std::vector<PackingCase> cases;
  for (const Form &form : kForms) {
    for (bool isSigned : {true, false}) {
      for (unsigned bits = 2; bits <= 8; ++bits)
        cases.push_back({kLinear, {bits, isSigned}, form});
      for (const Layout &layout : {kSplitHalf, kInterleaved8})
        cases.push_back({layout, {4, isSigned}, form});
    }
  }
  return cases;
}

/// Packs and unpacks rows of any length.
static std::string getDynamicProgram(const PackingCase &param) {
  std::string codes = printDynamicTensor(param.type.print());
  std::string bytes = printDynamicTensor("i8");
  return "func.func @f(%c: " + codes + ", %b: " + bytes + ") -> (" + bytes +
         ", " + codes + ") {\n" +
         printPacking("%p", "pack", "%c", param.layout, codes, bytes) +
         printPacking("%u", "unpack", "%b", param.layout, bytes, codes) +
         "  return %p, %u : " + bytes + ", " + codes + "\n}\n";
}

/// Packs and unpacks rows of each of `lengths`.
static std::string getStaticProgram(const PackingCase &param,
                                    llvm::ArrayRef<size_t> lengths) {
  std::string arguments, body, values, types;
  for (size_t columns : lengths) {
    std::string n = std::to_string(columns);
    std::string codes = printTensor(columns, param.type.print());
    std::string bytes =
        printTensor(getPackedRowSize(columns, param.type.bits), "i8");
    std::string comma = types.empty() ? "" : ", ";
    arguments += comma + "%c" + n + ": " + codes + ", %b" + n + ": " + bytes;
    body +=
        printPacking("%p" + n, "pack", "%c" + n, param.layout, codes, bytes) +
        printPacking("%u" + n, "unpack", "%b" + n, param.layout, bytes, codes);
    values += comma + "%p" + n + ", %u" + n;
    types += comma + bytes + ", " + codes;
  }
  return "func.func @f(" + arguments + ") -> (" + types + ") {\n" + body +
         "  return " + values + " : " + types + "\n}\n";
}

/// What to pack and unpack: rows with rubbish in the bits above the codes, and
/// in the padding.
static std::pair<Bytes, Bytes> drawInputs(const CodeType &type,
                                          size_t columns) {
  return {
      drawBytes(kRows * columns, 2 * columns),
      drawBytes(kRows * getPackedRowSize(columns, type.bits), 2 * columns + 1)};
}

static std::vector<TensorView>
viewInputs(const CodeType &type, int64_t columns,
           const std::pair<Bytes, Bytes> &inputs) {
  int64_t rowSize = getPackedRowSize(columns, type.bits);
  return {viewArray(ElementType::UInt8, {kRows, columns}, inputs.first),
          viewArray(ElementType::UInt8, {kRows, rowSize}, inputs.second)};
}

TEST_P(PackingTest, DynamicLengths) {
  const auto &[layout, type, form] = GetParam();
  Program program(getDynamicProgram(GetParam()), form);
  for (size_t columns = 1; columns <= kMaxColumns; ++columns) {
    SCOPED_TRACE("columns " + std::to_string(columns));
    std::pair<Bytes, Bytes> inputs = drawInputs(type, columns);
    std::vector<Array> got = program.run(viewInputs(type, columns, inputs));
    const auto &[codes, bytes] = inputs;
    Bytes packed = packOracle(layout.value, type, codes, columns);
    ASSERT_EQ(packFormat(layout.value, type, codes, columns), packed);
    ASSERT_EQ(got[0].bytes, packed);
    // The padding of bytes counts as codes.
    size_t held = bytes.size() / kRows * 8 / type.bits;
    Bytes unpacked = unpackOracle(layout.value, type, bytes, held);
    ASSERT_EQ(unpackFormat(layout.value, type, bytes, held), unpacked);
    ASSERT_EQ(got[1].shape, (std::vector<int64_t>{kRows, int64_t(held)}));
    ASSERT_EQ(got[1].bytes, unpacked);
  }
}

/// All lengths of signed codes on one target, else those around the blocks:
/// compiling them takes long.
static std::vector<size_t> getStaticLengths(const PackingCase &param) {
  std::vector<size_t> lengths(std::begin(kSomeLengths), std::end(kSomeLengths));
  if (param.type.isSigned && llvm::StringRef(param.form.name) == "generic") {
    lengths.resize(kMaxStaticColumns);
    std::iota(lengths.begin(), lengths.end(), 1);
  }
  return lengths;
}

TEST_P(PackingTest, StaticLengths) {
  const auto &[layout, type, form] = GetParam();
  std::vector<size_t> lengths = getStaticLengths(GetParam());
  std::vector<std::pair<Bytes, Bytes>> inputs;
  for (size_t columns : lengths)
    inputs.push_back(drawInputs(type, columns));
  std::vector<TensorView> views;
  for (auto [columns, input] : llvm::zip_equal(lengths, inputs))
    llvm::append_range(views, viewInputs(type, columns, input));
  std::vector<Array> got =
      Program(getStaticProgram(GetParam(), lengths), form).run(views);
  for (size_t i = 0; i < lengths.size(); ++i) {
    SCOPED_TRACE("columns " + std::to_string(lengths[i]));
    const auto &[codes, bytes] = inputs[i];
    ASSERT_EQ(got[2 * i].bytes,
              packOracle(layout.value, type, codes, lengths[i]));
    Bytes unpacked = unpackOracle(layout.value, type, bytes, lengths[i]);
    ASSERT_EQ(unpackFormat(layout.value, type, bytes, lengths[i]), unpacked);
    ASSERT_EQ(got[2 * i + 1].bytes, unpacked);
  }
}

// What is packed by compiled code, compiled code unpacks; the loops are not
// fused, as the bytes leave the program in between.
TEST_P(PackingTest, UnpackUndoesPack) {
  const auto &[layout, type, form] = GetParam();
  Program program(getDynamicProgram(GetParam()), form);
  for (int64_t columns = 1; columns <= int64_t(kMaxColumns); ++columns) {
    Bytes codes =
        unpackOracle(PackingLayout::Linear, type,
                     drawBytes(kRows * kMaxColumns, columns), columns);
    Bytes none(kRows);
    std::vector<Array> packed =
        program.run({viewArray(ElementType::UInt8, {kRows, columns}, codes),
                     viewArray(ElementType::UInt8, {kRows, 1}, none)});
    std::vector<Array> back = program.run(
        {viewArray(ElementType::UInt8, {kRows, columns}, codes),
         viewArray(ElementType::UInt8, packed[0].shape, packed[0].bytes)});
    // Padding comes back as codes of 0.
    size_t held = back[1].shape[1];
    for (size_t row = 0; row < kRows; ++row) {
      for (size_t column = 0; column < held; ++column) {
        uint8_t want =
            column < size_t(columns) ? codes[row * columns + column] : 0;
        ASSERT_EQ(back[1].bytes[row * held + column], want)
            << columns << " columns, row " << row << ", column " << column;
      }
    }
  }
}

static std::string formatName(const testing::TestParamInfo<PackingCase> &info) {
  return std::string(info.param.layout.name) + "_" + info.param.type.print() +
         "_" + info.param.form.name;
}

INSTANTIATE_TEST_SUITE_P(Layouts, PackingTest,
                         testing::ValuesIn(getPackingCases()), formatName);

//===----------------------------------------------------------------------===//
// Chains that become one loop
//===----------------------------------------------------------------------===//

namespace {

struct ChainCase {
  Layout from, to;
  Form form;
};

class ChainTest : public testing::TestWithParam<ChainCase> {};

} // namespace

static std::vector<ChainCase> getChainCases() {
  std::vector<ChainCase> cases;
  for (const Form &form : kForms) {
    for (const Layout &from : {kLinear, kSplitHalf, kInterleaved8})
      for (const Layout &to : {kLinear, kSplitHalf, kInterleaved8})
        cases.push_back({from, to, form});
  }
  return cases;
}

static std::string formatChain(const testing::TestParamInfo<ChainCase> &info) {
  return std::string(info.param.from.name) + "_to_" + info.param.to.name + "_" +
         info.param.form.name;
}

TEST_P(ChainTest, RepackBytes) {
  const auto &[from, to, form] = GetParam();
  CodeType type = {4, true};
  std::string arguments, body, values, types;
  std::vector<Bytes> inputs;
  std::vector<TensorView> views;
  inputs.reserve(std::size(kSomeLengths));
  for (size_t columns : kSomeLengths) {
    std::string n = std::to_string(columns);
    std::string codes = printTensor(columns, "i4");
    std::string bytes = printTensor((columns + 1) / 2, "i8");
    std::string comma = columns == 1 ? "" : ", ";
    arguments += comma + "%b" + n + ": " + bytes;
    body += printPacking("%c" + n, "unpack", "%b" + n, from, bytes, codes) +
            printPacking("%p" + n, "pack", "%c" + n, to, codes, bytes);
    values += comma + "%p" + n;
    types += comma + bytes;
    inputs.push_back(drawBytes(kRows * ((columns + 1) / 2), columns));
    views.push_back(viewArray(
        ElementType::UInt8, {kRows, int64_t(columns + 1) / 2}, inputs.back()));
  }
  std::vector<Array> got =
      Program("func.func @f(" + arguments + ") -> (" + types + ") {\n" + body +
                  "  return " + values + " : " + types + "\n}\n",
              form)
          .run(views);
  for (auto [i, columns] : llvm::enumerate(kSomeLengths)) {
    SCOPED_TRACE("columns " + std::to_string(columns));
    Bytes codes = unpackOracle(from.value, type, inputs[i], columns);
    ASSERT_EQ(got[i].bytes, packOracle(to.value, type, codes, columns));
  }
}

/// Repacks and unpacks bytes of any length, by way of one more layout.
TEST_P(ChainTest, RepackDynamicBytes) {
  const auto &[from, to, form] = GetParam();
  CodeType type = {4, false};
  std::string codes = printDynamicTensor("ui4"),
              bytes = printDynamicTensor("i8");
  Program program(
      "func.func @f(%b: " + bytes + ") -> (" + bytes + ", " + codes + ") {\n" +
          printPacking("%c", "unpack", "%b", from, bytes, codes) +
          printPacking("%p", "pack", "%c", kSplitHalf, codes, bytes) +
          printPacking("%d", "unpack", "%p", kSplitHalf, bytes, codes) +
          printPacking("%r", "pack", "%d", to, codes, bytes) +
          printPacking("%u", "unpack", "%p", kSplitHalf, bytes, codes) +
          "  return %r, %u : " + bytes + ", " + codes + "\n}\n",
      form);
  for (int64_t rowSize = 0; rowSize <= int64_t(kMaxColumns) / 2 + 1;
       ++rowSize) {
    SCOPED_TRACE("bytes " + std::to_string(rowSize));
    Bytes input = drawBytes(kRows * rowSize, rowSize);
    std::vector<Array> got =
        program.run({viewArray(ElementType::UInt8, {kRows, rowSize}, input)});
    Bytes want = unpackOracle(from.value, type, input, 2 * rowSize);
    ASSERT_EQ(got[0].bytes, packOracle(to.value, type, want, 2 * rowSize));
    ASSERT_EQ(got[1].bytes, want);
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, ChainTest, testing::ValuesIn(getChainCases()),
                         formatChain);
