//===- QuantizeTest.cpp - Compiled code against the Format layer ----------===//
//
// Every storage, scale and expressed type, method and block shape, on shapes
// around the block and byte sizes, compiled and run: payload, scales, zero
// points, global scale and dequantized values, all bits.
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"
#include "QuantizePrograms.h"
#include "gtest/gtest.h"
#include <cassert>
#include <cstring>
#include <random>

using namespace quantx;
using namespace quantx::test;

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

/// Normal values around 1; some around 2^-8, whose f8E4M3FN scales have few
/// bits, and around 2^-20, whose f16 scales have; values over the whole range
/// of f32, subnormals too; few values, so that ties and equal magnitudes
/// abound; these and the values just below and above, where a scale changes;
/// NaN and infinities.
enum class Data { Gauss, Small, Tiny, Bits, Ties, Neighbours, NonFinite };

static float drawValue(Data kind, std::mt19937 &random) {
  static std::normal_distribution<float> gauss;
  switch (kind) {
  case Data::Gauss:
    return gauss(random);
  case Data::Small:
    return gauss(random) * 0x1p-8f;
  case Data::Tiny:
    return gauss(random) * 0x1p-20f;
  case Data::Bits: {
    float value = llvm::bit_cast<float>(uint32_t(random()));
    return std::isfinite(value) ? value : 0.0f;
  }
  case Data::Ties:
    return float(int(random() % 65) - 32) * 0.125f;
  case Data::Neighbours: {
    float tie = drawValue(Data::Ties, random);
    float step = float(int(random() % 3) - 1);
    return std::nextafter(tie, tie + step);
  }
  case Data::NonFinite:
    break;
  }
  uint32_t kindOf = random() % 64;
  if (kindOf == 0)
    return std::numeric_limits<float>::quiet_NaN();
  if (kindOf == 1)
    return -std::numeric_limits<float>::infinity();
  return kindOf < 16 ? -0.0f : gauss(random);
}

static std::vector<float> drawMatrix(Data kind, int64_t size,
                                     std::mt19937 &random) {
  std::vector<float> values(size);
  for (float &value : values)
    value = drawValue(kind, random);
  return values;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static std::vector<TypeSpec> getTypes() {
  std::vector<TypeSpec> types;
  auto add = [&](std::string storage, std::string scale, int64_t rows,
                 int64_t columns, std::string method, bool hasGlobal = false,
                 bool hasZeroPoint = false, std::string expressed = "f32") {
    types.push_back({storage, expressed, scale, rows, columns, hasGlobal,
                     hasZeroPoint, method});
  };
  const char *floats[] = {"f8E4M3FN", "f8E5M2", "f6E2M3FN", "f6E3M2FN",
                          "f4E2M1FN"};
  const char *integers[] = {"i2", "i3", "i4", "i5", "i6", "i7", "i8"};
  for (std::string storage : floats)
    for (std::string method : {"floor", "ceil", "even", "rceil"})
      add(storage, "f8E8M0FNU", 1, 32, method);
  for (std::string storage : integers) {
    add(storage, "f8E8M0FNU", 1, 32, "floor");
    add(storage, "f8E8M0FNU", 1, 16, "rceil");
    add(storage, "f8E8M0FNU", 1, 16, "even");
    add(storage, "f32", 1, 0, "absmax");
    add(storage, "f16", 1, 24, "minmax", false, true);
    add("u" + storage, "f32", 1, 0, "minmax", false, true);
    add("u" + storage, "f16", 1, 40, "minmax", false, true);
    add("u" + storage, "f32", 1, 0, "absmax");
    // Groups that do not divide a row, channels, whole tensors.
    add(storage, "f16", 1, 24, "absmax");
    add("u" + storage, "bf16", 1, 9, "minmax", false, true);
    add(storage, "f32", 0, 1, "absmax");
    add("u" + storage, "f32", 0, 1, "minmax", false, true);
    add("u" + storage, "f32", 0, 0, "minmax", false, true);
  }
  for (std::string storage : {"f8E4M3FN", "f8E5M2", "f4E2M1FN", "i8", "i4"}) {
    for (std::string scale : {"f32", "f16", "bf16"}) {
      add(storage, scale, 0, 0, "absmax");
      add(storage, scale, 1, 0, "absmax<margin = 0.75>");
      add(storage, scale, 2, 16, "absmax<pow2>");
    }
  }
  for (std::string storage : {"f4E2M1FN", "f6E3M2FN", "f8E4M3FN", "i4"}) {
    add(storage, "f8E4M3FN", 1, 16, "absmax", true);
    add(storage, "f8E4M3FN", 1, 16, "absmax");
  }
  // Powers of two: shorter than a vector of 16, of several, longer than a
  // chunk.
  add("f4E2M1FN", "f8E8M0FNU", 1, 8, "floor");
  add("f8E4M3FN", "f8E8M0FNU", 1, 64, "rceil");
  add("ui4", "f16", 1, 128, "minmax", false, true);
  add("i8", "f32", 1, 256, "absmax");
  // Blocks down the columns, over both dimensions, of odd sizes.
  add("f4E2M1FN", "f8E8M0FNU", 32, 1, "floor");
  add("f8E4M3FN", "f32", 128, 128, "absmax");
  add("f6E2M3FN", "f32", 2, 5, "absmax");
  add("i5", "bf16", 0, 3, "absmax");
  add("f4E2M1FN", "f8E4M3FN", 4, 4, "absmax", true);
  for (std::string expressed : {"f16", "bf16"}) {
    add("f4E2M1FN", "f8E8M0FNU", 1, 32, "floor", false, false, expressed);
    add("f8E4M3FN", "f32", 1, 0, "absmax", false, false, expressed);
    add("f4E2M1FN", "f8E4M3FN", 1, 16, "absmax", true, false, expressed);
    add("ui4", "f16", 1, 32, "minmax", false, true, expressed);
  }
  return types;
}

class QuantizeTest : public testing::TestWithParam<TypeSpec> {};

static void expectEqualsFormat(const TypeSpec &type, llvm::StringRef target) {
  Program program(getProgram(type), target);
  std::mt19937 random(1);
  // The last one has several groups of 16 blocks, and a rest of both.
  const int64_t shapes[][2] = {{1, 1}, {3, 33}, {5, 70}, {2, 128}, {33, 3},
                               {0, 8}, {4, 0},  {1, 31}, {2, 131}, {2, 1100}};
  for (auto [rows, columns] : shapes) {
    for (Data kind : {Data::Gauss, Data::Small, Data::Tiny, Data::Bits,
                      Data::Ties, Data::Neighbours, Data::NonFinite}) {
      std::vector<float> matrix = drawMatrix(kind, rows * columns, random);
      std::vector<Array> got = runOn(program, type, {rows, columns}, matrix, 0);
      SCOPED_TRACE(type.print() + " " + type.method + " " +
                   std::to_string(rows) + "x" + std::to_string(columns) +
                   " data " + std::to_string(int(kind)));
      expectEqual(type, quantize(type, rows, columns, matrix), got);
      if (testing::Test::HasFatalFailure())
        return;
    }
  }
}

TEST_P(QuantizeTest, EqualsFormat) { expectEqualsFormat(GetParam(), "native"); }

// Rows of several tiles, the last of them partial, and blocks of several rows;
// the scales are asked for too, or the global scale is given.
TEST(QuantizeTilesTest, EqualFormat) {
  const TypeSpec types[] = {
      {"f4E2M1FN", "f32", "f8E8M0FNU", 1, 32, false, false, "floor"},
      {"f6E2M3FN", "f32", "f8E8M0FNU", 1, 32, false, false, "even"},
      {"f4E2M1FN", "f32", "f8E4M3FN", 1, 16, true, false, "absmax"},
      {"i5", "bf16", "f16", 1, 24, false, true, "minmax"},
      {"i4", "f32", "f32", 32, 1, false, false, "absmax"},
      {"f8E4M3FN", "f32", "f32", 1, 0, false, false, "absmax"}};
  std::mt19937 random(3);
  for (const TypeSpec &type : types) {
    for (int64_t threads : {1, 2}) {
      Program program(getProgram(type), "native", threads);
      for (auto [rows, columns] : {std::pair(3, 8229), {65, 260}}) {
        SCOPED_TRACE(type.print() + " " + std::to_string(rows));
        std::vector<float> matrix =
            drawMatrix(Data::Gauss, rows * columns, random);
        std::vector<Array> got =
            runOn(program, type, {rows, columns}, matrix, 0);
        expectEqual(type, quantize(type, rows, columns, matrix), got);
        if (HasFatalFailure())
          return;
      }
    }
  }
}

/// The program of `type` for rows of `columns`.
static std::string getStaticProgram(const TypeSpec &type, int64_t columns) {
  std::string program = getProgram(type);
  const std::string dynamic = "tensor<?x?x";
  std::string fixed = "tensor<?x" + std::to_string(columns) + "x";
  for (size_t at = 0; (at = program.find(dynamic, at)) != std::string::npos;)
    program.replace(at, dynamic.size(), fixed);
  return program;
}

// One block of a tile, wherever it is, that is no product with a reciprocal.
TEST(QuantizeTilesTest, OneSpecialBlock) {
  const TypeSpec types[] = {
      {"f4E2M1FN", "f32", "f8E8M0FNU", 1, 32, false, false, "floor"},
      {"f4E2M1FN", "bf16", "f8E8M0FNU", 1, 32, false, false, "floor"},
      {"f8E4M3FN", "f32", "f8E8M0FNU", 1, 32, false, false, "rceil"},
      {"f4E2M1FN", "f32", "f8E4M3FN", 1, 16, true, false, "absmax"},
      {"f4E2M1FN", "f32", "f8E4M3FN", 1, 16, false, false, "absmax"},
      {"ui4", "f32", "f16", 1, 128, false, true, "minmax"}};
  constexpr int64_t rows = 2, columns = 2304;
  std::mt19937 random(6);
  for (const TypeSpec &type : types) {
    Program staticRows(getStaticProgram(type, columns));
    Program dynamicRows(getProgram(type));
    std::vector<float> matrix = drawMatrix(Data::Gauss, rows * columns, random);
    int64_t block = type.blockColumns;
    for (int64_t position :
         {int64_t(0), 16 * block, columns - block, rows * columns - block}) {
      // The last one is 8.4 times its f8E4M3FN scale, the smallest.
      for (float special : {0.0f, -HUGE_VALF, 0x1p-140f, 8.4f * 0x1p-9f}) {
        SCOPED_TRACE(type.print() + " at " + std::to_string(position) + " " +
                     std::to_string(special));
        std::vector<float> changed = matrix;
        std::fill_n(changed.begin() + position, block, special);
        for (const Program *program : {&staticRows, &dynamicRows}) {
          std::vector<Array> got =
              runOn(*program, type, {rows, columns}, changed, 0);
          expectEqual(type, quantize(type, rows, columns, changed), got);
        }
        if (HasFatalFailure())
          return;
      }
    }
  }
}

// Rows that end on a block are quantized as one, others are not.
TEST(QuantizeTilesTest, JoinedRows) {
  const TypeSpec types[] = {
      {"f4E2M1FN", "f32", "f8E8M0FNU", 1, 32, false, false, "floor"},
      {"f4E2M1FN", "bf16", "f8E8M0FNU", 1, 32, false, false, "optimal"},
      {"f4E2M1FN", "f32", "f8E4M3FN", 1, 16, true, false, "absmax"},
      {"f6E3M2FN", "f32", "f8E8M0FNU", 1, 8, false, false, "rceil"},
      {"ui4", "f32", "f16", 1, 128, false, true, "minmax"},
      {"i5", "f32", "f16", 1, 24, false, false, "absmax"}};
  std::mt19937 random(7);
  for (const TypeSpec &type : types) {
    Program matrices(getQuantizeProgram(type, /*isRank3=*/false));
    Program twoThreads(getQuantizeProgram(type, false), "native", 2);
    Program batches(getQuantizeProgram(type, /*isRank3=*/true));
    int64_t block = type.blockColumns;
    for (int64_t rows : {0, 2, 34}) {
      for (int64_t columns : {int64_t(0), block, 9 * block, 33 * block,
                              block - 2, block + 1, 17 * block + 4}) {
        SCOPED_TRACE(type.print() + " " + std::to_string(rows) + "x" +
                     std::to_string(columns));
        std::vector<float> matrix =
            drawMatrix(Data::Gauss, rows * columns, random);
        auto expectOf = [&](const Program &program,
                            llvm::ArrayRef<int64_t> shape) {
          std::vector<Array> got = runOn(program, type, shape, matrix, 0);
          expectEqualParts(type, quantize(type, rows, columns, matrix), got);
        };
        expectOf(matrices, {rows, columns});
        expectOf(twoThreads, {rows, columns});
        expectOf(batches, {2, rows / 2, columns});
        if (HasFatalFailure())
          return;
      }
    }
  }
}

TEST(QuantizeTilesTest, ScalesOfSeparateOps) {
  Program program(R"(
!t = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
func.func @f(%x: tensor<?x?xf32>)
    -> (tensor<?x?x!t>, tensor<?x?xf8E4M3FN>, tensor<f32>) {
  %s, %g = quantx.choose_qparams %x using #quantx.absmax for !t
    : tensor<?x?xf32> -> tensor<?x?xf8E4M3FN>, tensor<f32>
  %q = quantx.quantize %x, %s, %g
    : tensor<?x?xf32>, tensor<?x?xf8E4M3FN>, tensor<f32> to tensor<?x?x!t>
  return %q, %s, %g : tensor<?x?x!t>, tensor<?x?xf8E4M3FN>, tensor<f32>
})");
  TypeSpec type = {"f4E2M1FN", "f32", "f8E4M3FN", 1, 16, true, false, "absmax"};
  std::mt19937 random(4);
  std::vector<float> matrix = drawMatrix(Data::Gauss, 5 * 70, random);
  QuantizedMatrix want = quantize(type, 5, 70, matrix);
  std::vector<Array> got =
      program.run({viewArray(ElementType::Float32, {5, 70}, matrix)});
  EXPECT_EQ(got[0].bytes, want.payload);
  EXPECT_EQ(got[1].bytes, got[3].bytes);
  EXPECT_EQ(got[2].bytes, got[4].bytes);
  std::vector<uint8_t> scales(want.scales.begin(), want.scales.end());
  EXPECT_EQ(got[3].bytes, scales);
}

static float readFloat(const std::vector<uint8_t> &bytes) {
  float value;
  assert(bytes.size() == sizeof(value));
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

// Under a global scale that was calibrated, not chosen.
TEST(QuantizeTilesTest, GivenGlobal) {
  Program program(R"(
!t = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
func.func @f(%x: tensor<?x?xf32>, %g: tensor<f32>) -> tensor<?x?x!t> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax under %g
    : tensor<?x?xf32> to tensor<?x?x!t>
  return %q : tensor<?x?x!t>
})");
  std::mt19937 random(5);
  std::vector<float> global = {0.03125f};
  TensorView globalView = viewArray(ElementType::Float32, {}, global);
  std::vector<float> matrix = drawMatrix(Data::Gauss, 3 * 32, random);
  std::vector<Array> got = program.run(
      {viewArray(ElementType::Float32, {3, 32}, matrix), globalView});
  ElementTraits traits = getElementTraits(*lookupFloatFormat("f4E2M1FN"));
  for (int64_t block = 0; block < 6; ++block) {
    float amax = computeAbsMax(llvm::ArrayRef(matrix).slice(block * 16, 16));
    float scale =
        chooseAbsMaxScale(amax, ScaleFormat::E4M3, traits, {}, global[0]);
    EXPECT_EQ(got[1].bytes[block], encodeScale(scale, ScaleFormat::E4M3));
  }
  EXPECT_EQ(readFloat(got[2].bytes), 0.03125f);
  // No blocks: the global scale is still the given one.
  std::vector<float> none;
  got =
      program.run({viewArray(ElementType::Float32, {0, 32}, none), globalView});
  EXPECT_EQ(readFloat(got[2].bytes), 0.03125f);
}

// Where the target has no conversions of 16-bit floats: scales of these types
// are selected, rounded and stored all the same.
TEST(QuantizeGenericTest, HalfScalesEqualFormat) {
  for (std::string scale : {"f16", "bf16"}) {
    expectEqualsFormat({"ui4", "f32", scale, 1, 9, false, true, "minmax"},
                       "generic");
    expectEqualsFormat({"i8", scale, scale, 1, 24, false, false, "absmax"},
                       "generic");
  }
}

INSTANTIATE_TEST_SUITE_P(Types, QuantizeTest, testing::ValuesIn(getTypes()),
                         formatName);

//===----------------------------------------------------------------------===//
// Rounding and saturation
//===----------------------------------------------------------------------===//

class RoundingTest : public testing::TestWithParam<std::string> {};

/// Scales that make values saturate now and then; with unsigned codes, zero
/// points and groups that do not divide the row.
static TypeSpec getClippingType(const std::string &storage) {
  if (storage[0] == 'u')
    return {storage, "f32", "f16", 1, 24, false, true, "minmax"};
  return {storage, "f32", "f32", 1, 0, false, false, "absmax<margin = 0.5>"};
}

static constexpr int64_t waySeed = 0x123456789ABCDEF0;

/// One of the ways in which quantize rounds and saturates, as an attribute and
/// as an option of the reference.
struct Way {
  const char *rounding;
  RoundingMode mode;
  bool saturate;

  std::string printAttributes() const {
    return std::string(mode == RoundingMode::Stochastic ? " seed %seed" : "") +
           " {rounding = #quantx.rounding<" + rounding +
           ">, saturate = " + (saturate ? "true" : "false") + "}";
  }
  QuantizeOptions getOptions() const {
    QuantizeOptions options;
    options.rounding = mode;
    options.saturate = saturate;
    options.seed = waySeed;
    return options;
  }
};

static std::vector<Way> getWays() {
  std::vector<Way> ways;
  for (bool saturate : {true, false}) {
    ways.push_back({"nearest_even", RoundingMode::NearestEven, saturate});
    ways.push_back(
        {"nearest_toward_zero", RoundingMode::NearestTowardZero, saturate});
    ways.push_back({"stochastic", RoundingMode::Stochastic, saturate});
  }
  return ways;
}

/// The payloads of one matrix, quantized in every way, all in one function.
static std::string getEveryWayProgram(const TypeSpec &type) {
  std::string body;
  std::string names;
  std::string types;
  std::string parameters = type.hasZeroPoint ? "%s, %z" : "%s";
  std::string grid = "tensor<?x?x" + type.scale + ">";
  if (type.hasZeroPoint)
    grid += ", tensor<?x?x" + type.storage + ">";
  for (auto [i, way] : llvm::enumerate(getWays())) {
    std::string name = "%q" + std::to_string(i);
    body += "  " + name + " = quantx.quantize %x, " + parameters +
            way.printAttributes() + " : tensor<?x?xf32>, " + grid +
            " to tensor<?x?x!t>\n";
    names += (i ? ", " : "") + name;
    types += i ? ", tensor<?x?x!t>" : "tensor<?x?x!t>";
  }
  return "!t = " + type.print() +
         "\nfunc.func @f(%x: tensor<?x?xf32>, %seed: i64) -> (" + types +
         ") {\n  " + parameters + " = quantx.choose_qparams %x using #quantx." +
         type.method + " for !t : tensor<?x?xf32> -> " + grid + "\n" + body +
         "  return " + names + " : " + types + "\n}\n";
}

static void expectEveryWay(const TypeSpec &type, llvm::StringRef target,
                           int64_t threads = 1) {
  SCOPED_TRACE(type.print() + " " + target.str());
  Program program(getEveryWayProgram(type), target, threads);
  size_t parts = type.hasZeroPoint ? 3 : 2;
  std::mt19937 random(2);
  for (Data kind : {Data::Gauss, Data::Ties, Data::Bits}) {
    std::vector<float> matrix = drawMatrix(kind, 7 * 129, random);
    std::vector<Array> got = runOn(program, type, {7, 129}, matrix, waySeed);
    for (auto [i, way] : llvm::enumerate(getWays())) {
      ASSERT_EQ(got[i * parts].bytes,
                quantize(type, 7, 129, matrix, way.getOptions()).payload)
          << way.printAttributes();
    }
  }
}

TEST_P(RoundingTest, QuantizeInEveryWay) {
  TypeSpec type = getClippingType(GetParam());
  expectEveryWay(type, "generic");
  // Integers go by the same code on all of them.
  if (GetParam()[0] != 'f')
    return;
  for (const char *target : {"x86-64-v3", "x86-64-v4"}) {
    std::string missing = getMissing(target);
    if (!missing.empty())
      GTEST_SKIP() << missing;
    expectEveryWay(type, target);
  }
}

TEST(RoundingThreadsTest, ThreadsDoNotCount) {
  for (const char *storage : {"f4E2M1FN", "f8E5M2", "i8"})
    expectEveryWay(getClippingType(storage), "native", /*threads=*/2);
}

static void expectRounding(const TypeSpec &type, const std::string &attributes,
                           const QuantizeOptions &options) {
  Program program(getProgram(type, attributes));
  std::mt19937 random(2);
  for (Data kind : {Data::Gauss, Data::Ties, Data::Bits}) {
    std::vector<float> matrix = drawMatrix(kind, 7 * 129, random);
    std::vector<Array> got =
        runOn(program, type, {7, 129}, matrix, int64_t(options.seed));
    SCOPED_TRACE(type.print() + attributes);
    expectEqual(type, quantize(type, 7, 129, matrix, options), got);
  }
}

TEST_P(RoundingTest, NearestTowardZero) {
  QuantizeOptions options;
  options.rounding = RoundingMode::NearestTowardZero;
  expectRounding(getClippingType(GetParam()),
                 " {rounding = #quantx.rounding<nearest_toward_zero>}",
                 options);
}

TEST_P(RoundingTest, Stochastic) {
  QuantizeOptions options;
  options.rounding = RoundingMode::Stochastic;
  options.seed = 0x123456789ABCDEF0;
  expectRounding(getClippingType(GetParam()),
                 " seed %seed {rounding = #quantx.rounding<stochastic>}",
                 options);
}

TEST_P(RoundingTest, NotSaturating) {
  QuantizeOptions options;
  options.saturate = false;
  expectRounding(getClippingType(GetParam()), " {saturate = false}", options);
}

INSTANTIATE_TEST_SUITE_P(Storages, RoundingTest,
                         testing::Values("f8E4M3FN", "f8E5M2", "f6E2M3FN",
                                         "f6E3M2FN", "f4E2M1FN", "i2", "i3",
                                         "i4", "i5", "i6", "i7", "i8", "ui2",
                                         "ui3", "ui4", "ui5", "ui6", "ui7",
                                         "ui8"));
