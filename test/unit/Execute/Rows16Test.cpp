//===- Rows16Test.cpp - Weights with 16 rows side by side -----------------===//
//
// relayout both ways against the Format layer, and scaled_matmul by weights
// that the Format layer put side by side against float64.
//
//===----------------------------------------------------------------------===//

#include "Rows16Programs.h"
#include "quantx/Format/WeightLayout.h"
#include <random>

using namespace quantx;
using namespace quantx::test;

//===----------------------------------------------------------------------===//
// relayout
//===----------------------------------------------------------------------===//

namespace {
class RelayoutTest : public testing::TestWithParam<Form> {};
} // namespace

static void drawBytes(Bytes &bytes, std::mt19937 &random) {
  for (uint8_t &byte : bytes)
    byte = uint8_t(random());
}

static std::string getRelayout(const TypeSpec &type, int64_t rows,
                               int64_t columns, bool toRows16) {
  std::string from = printTensor(rows, columns, "!a");
  std::string to = printTensor(rows, columns, "!b");
  return "!a = " + printRows16(type, !toRows16) +
         "\n!b = " + printRows16(type, toRows16) +
         "\nfunc.func @f(%x: " + from + ") -> " + to + " {\n" +
         "  %r = quantx.relayout %x : " + from + " to " + to +
         "\n  return %r : " + to + "\n}\n";
}

static void expectParts(const std::vector<Array> &got, const Parts &want) {
  std::vector<TensorView> views = want.getViews();
  ASSERT_EQ(got.size(), views.size());
  for (size_t i = 0; i < views.size(); ++i) {
    EXPECT_EQ(got[i].shape, std::vector<int64_t>(views[i].shape.begin(),
                                                 views[i].shape.end()));
    EXPECT_EQ(got[i].bytes, views[i].data.vec()) << "part " << i;
  }
}

static void checkRelayout(const TypeSpec &type, int64_t rows, int64_t columns,
                          const Form &form) {
  SCOPED_TRACE(testing::Message()
               << rows << 'x' << columns << " of " << type.print());
  std::mt19937 random(1);
  Parts linear = createParts(type, rows, columns);
  for (Part &part : linear.parts)
    drawBytes(part.bytes, random);
  // Half of a last byte is padding: rubbish in what is read, zero in what is
  // written.
  Parts clean = linear;
  if (type.getBits() == 4 && columns % 2 != 0)
    for (int64_t row = 1; row <= rows; ++row)
      clean.parts[0].bytes[row * clean.parts[0].columns - 1] &= 0xf;
  Parts rows16 = clean.interleave();
  Program there(getRelayout(type, rows, columns, /*toRows16=*/true), form);
  expectParts(there.run(linear.getViews()), rows16);

  // Where there is no row, too.
  Parts dirty = rows16;
  for (size_t i = 0; i < dirty.parts.size(); ++i) {
    Part &part = dirty.parts[i];
    drawBytes(part.bytes, random);
    const Part &from = clean.parts[i];
    for (size_t row = 0; row < size_t(rows); ++row)
      for (size_t byte = 0; byte < from.getRowBytes(); ++byte)
        part.bytes[getInterleavedOffset(row, byte, from.getRowBytes(),
                                        from.unit * from.elementBytes)] =
            from.bytes[row * from.getRowBytes() + byte];
  }
  Program back(getRelayout(type, rows, columns, /*toRows16=*/false), form);
  expectParts(back.run(dirty.getViews()), clean);
}

TEST_P(RelayoutTest, EveryShape) {
  for (int64_t rows : {1, 15, 16, 17, 33})
    for (int64_t columns : {1, 7, 8, 9, 33})
      checkRelayout(mxfp4, rows, columns, GetParam());
}

TEST_P(RelayoutTest, EveryType) {
  for (const TypeSpec &type : {nvfp4, mxfp8, int8, int4})
    for (auto [rows, columns] : {std::pair{17, 33}, std::pair{32, 64}})
      checkRelayout(type, rows, columns, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Forms, RelayoutTest,
                         testing::Values(kForms[1], kForms[2]),
                         [](const testing::TestParamInfo<Form> &info) {
                           return std::string(info.param.name);
                         });

//===----------------------------------------------------------------------===//
// scaled_matmul
//===----------------------------------------------------------------------===//

static std::vector<std::pair<const char *, TypeSpec>> getWeights() {
  return {{"mxfp4", mxfp4},
          {"nvfp4", nvfp4},
          {"mxfp8", mxfp8},
          {"fp8", {"f8E4M3FN", "f32", "f32", 1, 0, false, false, "absmax"}},
          {"fp8_bf16", {"f8E5M2", "bf16", "f32", 1, 0, false, false, "absmax"}},
          {"int8", int8},
          {"mxint8", mxint8},
          {"int4_g32", int4},
          {"int4_g64_f16", {"ui4", "f16", "f16", 1, 64, false, true, "minmax"}},
          {"int4_g128", {"ui4", "f32", "f16", 1, 128, false, true, "minmax"}},
          {"int4_g24", {"i4", "f32", "bf16", 1, 24, false, false, "absmax"}},
          {"int4_row", {"ui4", "f32", "f32", 1, 0, false, true, "minmax"}}};
}

namespace {
class Rows16Test
    : public testing::TestWithParam<std::pair<const char *, TypeSpec>> {};
} // namespace

// f32, and the integers that codes are multiplied by; others are packed alike.
TEST_P(Rows16Test, Activations) {
  const auto &[name, weights] = GetParam();
  for (const Activations &activations :
       {Activations{"f32"}, Activations{"f32", int8Group32}}) {
    MatmulProgram program(weights, activations, /*rows=*/3, /*columns=*/21,
                          /*sum=*/201);
    program.check(3);
  }
}

// Several times 16 rows at once, of which the last step has some again.
TEST_P(Rows16Test, Streams) {
  const auto &[name, weights] = GetParam();
  for (const Activations &activations :
       {Activations{"f32"}, Activations{"bf16"},
        Activations{"f32", int8Group32}}) {
    MatmulProgram program(weights, activations, /*rows=*/1, /*columns=*/535,
                          /*sum=*/264);
    program.check(1);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Types, Rows16Test, testing::ValuesIn(getWeights()),
    [](const testing::TestParamInfo<std::pair<const char *, TypeSpec>> &info) {
      return std::string(info.param.first);
    });

// Each number of rows has a form; many are tiles.
TEST(Rows16SizesTest, Rows) {
  for (const TypeSpec &weights : {mxfp4, mxfp8, int4}) {
    MatmulProgram program(weights, {"f32"}, std::nullopt, /*columns=*/37,
                          /*sum=*/329);
    for (int64_t rows : {0, 1, 2, 3, 4, 5, 8, 9})
      program.check(rows);
  }
}

TEST(Rows16WaysTest, Activations) {
  for (const Activations &activations :
       {Activations{"bf16"}, Activations{"f16"}, Activations{"f32", mxfp8},
        Activations{"f32", int8}, Activations{"f32", mxint8}}) {
    MatmulProgram program(mxfp4, activations, /*rows=*/2, /*columns=*/16,
                          /*sum=*/136);
    program.check(2);
  }
}

// One more and one less than words, blocks and pieces have.
TEST(Rows16SizesTest, Sums) {
  for (int64_t sum : {1, 7, 8, 9, 31, 33, 63, 65, 127, 128, 129, 257}) {
    MatmulProgram one(mxfp4, {"f32"}, /*rows=*/1, /*columns=*/3, sum);
    one.check(1);
    MatmulProgram two(int8, {"f32"}, /*rows=*/2, /*columns=*/17, sum);
    two.check(2);
  }
}

TEST(Rows16SizesTest, Columns) {
  for (int64_t columns : {0, 1, 15, 16, 17, 32}) {
    MatmulProgram program(nvfp4, {"bf16"}, /*rows=*/1, columns, /*sum=*/80);
    program.check(1);
  }
}

// One more and one less than where several times 16 rows go at once, and than
// their steps.
TEST(Rows16SizesTest, StreamColumns) {
  for (int64_t columns : {511, 512, 513, 560, 575, 576}) {
    MatmulProgram one(int8, {"f32"}, /*rows=*/1, columns, /*sum=*/256);
    one.check(1);
    MatmulProgram four(int8, {"f32", int8}, std::nullopt, columns, /*sum=*/96);
    for (int64_t rows : {1, 3, 4})
      four.check(rows);
  }
}

// The same where integers are multiplied.
TEST(Rows16SizesTest, IntegerSums) {
  for (int64_t sum : {1, 8, 17, 63, 64, 65, 129, 200}) {
    for (const TypeSpec &weights : {mxfp4, int4, int8}) {
      MatmulProgram program(weights, {"f32", sum % 2 ? int8 : int8Group32},
                            /*rows=*/2, /*columns=*/17, sum);
      program.check(2);
    }
  }
}

// Few rows have a form for more.
TEST(Rows16SizesTest, IntegerRows) {
  for (const TypeSpec &weights : {nvfp4, int4}) {
    MatmulProgram program(weights, {"f32", int8Group32}, std::nullopt,
                          /*columns=*/33, /*sum=*/200);
    for (int64_t rows : {0, 1, 3, 5, 8, 9})
      program.check(rows);
  }
}

// By pairs of bf16, with weights that stay side by side.
TEST(Rows16SizesTest, ManyHalves) {
  for (const TypeSpec &weights : {nvfp4, int4, int8}) {
    MatmulProgram program(weights, {"bf16"}, std::nullopt, /*columns=*/33,
                          /*sum=*/224);
    for (int64_t rows : {9, 12, 25})
      program.check(rows);
  }
}

// The same of f32 and f16, in tiles of 12 rows or of 4; and a part of a piece.
TEST(Rows16SizesTest, ManyFloats) {
  for (const char *target : {"native", "x86-64-v3"}) {
    if (!getMissing(target).empty())
      continue;
    for (const TypeSpec &weights : {nvfp4, int4, int8, mxfp8}) {
      MatmulProgram program(weights, {weights.storage == "i8" ? "f16" : "f32"},
                            std::nullopt, /*columns=*/33, /*sum=*/200,
                            {target, target, std::nullopt});
      for (int64_t rows : {5, 9, 13, 25})
        program.check(rows);
    }
  }
}

// No products.
TEST(Rows16SizesTest, NoSum) {
  MatmulProgram program(mxfp4, {"f32"}, std::nullopt, /*columns=*/17,
                        /*sum=*/0);
  program.check(3);
}

TEST(Rows16WaysTest, Targets) {
  for (const char *target : {"generic", "x86-64-v3", "x86-64-v4"}) {
    if (!getMissing(target).empty())
      continue;
    for (const TypeSpec &weights : {mxfp4, mxfp8, int4}) {
      MatmulProgram program(weights, {"f32"}, /*rows=*/2, /*columns=*/19,
                            /*sum=*/75, {target, target, std::nullopt});
      program.check(2);
    }
  }
}

// Vectors too small for 16 rows, and none: what is left to linalg.
TEST(Rows16WaysTest, Linalg) {
  for (int64_t chunk : {0, 8}) {
    for (const TypeSpec &weights : {mxfp4, int8}) {
      MatmulProgram program(weights, {"f32", mxfp8}, std::nullopt,
                            /*columns=*/19, /*sum=*/75,
                            {"native", "native", chunk});
      program.check(1);
      program.check(9);
    }
  }
}

TEST(Rows16WaysTest, Threads) {
  MatmulProgram program(mxfp8, {"f32", int8}, std::nullopt, /*columns=*/300,
                        /*sum=*/96, kForms[1], /*threads=*/2);
  for (int64_t rows : {1, 5, 20})
    program.check(rows);
}
