//===- Rows16Test.cpp - Weights with 16 rows side by side -----------------===//
//
// relayout both ways against the Format layer, and scaled_matmul by weights
// that the Format layer put side by side against float64.
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"
#include "MatmulOracle.h"
#include "quantx/Format/WeightLayout.h"
#include <cmath>
#include <random>

using namespace quantx;
using namespace quantx::test;

using Bytes = std::vector<uint8_t>;

static const TypeSpec mxfp4 = {"f4E2M1FN", "f32", "f8E8M0FNU", 1,
                               32,         false, false,       "floor"};
static const TypeSpec nvfp4 = {"f4E2M1FN", "f32", "f8E4M3FN", 1,
                               16,         true,  false,      "absmax"};
static const TypeSpec mxfp8 = {"f8E4M3FN", "f32", "f8E8M0FNU", 1,
                               32,         false, false,       "floor"};
static const TypeSpec int8 = {"i8", "f32", "f32", 1, 0, false, false, "absmax"};
static const TypeSpec int8Group32 = {"i8", "f32", "f32", 1,
                                     32,   false, false, "absmax"};
static const TypeSpec mxint8 = {"i8", "f32", "f8E8M0FNU", 1,
                                32,   false, false,       "floor"};
static const TypeSpec int4 = {"ui4", "f32", "f16", 1,
                              32,    false, true,  "minmax"};

/// `type`, maybe with its rows side by side.
static std::string print(const TypeSpec &type, bool hasRows16) {
  std::string text = type.print();
  if (hasRows16)
    text.insert(text.size() - 1, ", packing rows16");
  return text;
}

static std::string printTensor(int64_t rows, int64_t columns,
                               const std::string &element) {
  return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) +
         "x" + element + ">";
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

namespace {

/// A part of a scaled tensor of some rows.
struct Part {
  ElementType type;
  size_t elementBytes;
  /// The elements that stay together side by side.
  size_t unit;
  int64_t rows, columns;
  Bytes bytes;

  size_t getRowBytes() const { return size_t(columns) * elementBytes; }

  Part interleave() const {
    Part result = *this;
    size_t bytesInUnit = unit * elementBytes;
    result.bytes.resize(
        getInterleavedSize(size_t(rows), getRowBytes(), bytesInUnit));
    interleaveRows(bytes, size_t(rows), getRowBytes(), bytesInUnit,
                   result.bytes);
    result.rows = (rows + 15) / 16;
    result.columns =
        (columns + int64_t(unit) - 1) / int64_t(unit) * int64_t(unit) * 16;
    return result;
  }

  TensorView getView() const { return viewArray(type, {rows, columns}, bytes); }
};

/// A scaled matrix by its parts.
struct Parts {
  std::vector<Part> parts;
  std::optional<float> global;

  Parts interleave() const {
    Parts result{{}, global};
    for (const Part &part : parts)
      result.parts.push_back(part.interleave());
    return result;
  }

  std::vector<TensorView> getViews() const {
    std::vector<TensorView> views;
    for (const Part &part : parts)
      views.push_back(part.getView());
    if (global) {
      TensorView view{ElementType::Float32, {}, {}};
      view.data = llvm::ArrayRef(reinterpret_cast<const uint8_t *>(&*global),
                                 sizeof(float));
      views.push_back(view);
    }
    return views;
  }
};

} // namespace

static std::pair<ElementType, size_t> getScaleType(const TypeSpec &type) {
  if (type.scale == "f32")
    return {ElementType::Float32, 4};
  if (type.scale == "f16")
    return {ElementType::Float16, 2};
  if (type.scale == "bf16")
    return {ElementType::BFloat16, 2};
  return {ElementType::UInt8, 1};
}

/// The parts of `rows` x `columns` elements, all zero.
static Parts createParts(const TypeSpec &type, int64_t rows, int64_t columns) {
  auto create = [&](ElementType element, size_t bytes, size_t unit,
                    int64_t size) {
    return Part{element, bytes, unit,
                rows,    size,  Bytes(size_t(rows * size) * bytes)};
  };
  int64_t blocks = type.blockColumns == 0
                       ? 1
                       : (columns + type.blockColumns - 1) / type.blockColumns;
  auto [scale, bytes] = getScaleType(type);
  Parts parts;
  parts.parts = {
      create(ElementType::UInt8, 1, 4, (columns * type.getBits() + 7) / 8),
      create(scale, bytes, 1, blocks)};
  if (type.hasZeroPoint)
    parts.parts.push_back(create(ElementType::UInt8, 1, 1, blocks));
  if (type.hasGlobal)
    parts.global = 1.5f;
  return parts;
}

/// The parts of `matrix`.
static Parts getParts(const TypeSpec &type, int64_t rows, int64_t columns,
                      const QuantizedMatrix &matrix) {
  Parts parts = createParts(type, rows, columns);
  parts.parts[0].bytes = matrix.payload;
  size_t scaleBytes = parts.parts[1].elementBytes;
  for (size_t i = 0; i < matrix.scales.size(); ++i)
    std::memcpy(&parts.parts[1].bytes[i * scaleBytes], &matrix.scales[i],
                scaleBytes);
  if (type.hasZeroPoint)
    for (size_t i = 0; i < matrix.zeroPoints.size(); ++i)
      parts.parts[2].bytes[i] = uint8_t(matrix.zeroPoints[i]);
  if (type.hasGlobal)
    parts.global = matrix.global;
  return parts;
}

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
  return "!a = " + print(type, !toRows16) + "\n!b = " + print(type, toRows16) +
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

namespace {

/// Activations: a plain type, or one that they are quantized to.
struct Activations {
  std::string element;
  std::optional<TypeSpec> type = std::nullopt;
};

/// acc + x * w^T for weights of N x K, as one program; M may be dynamic.
class MatmulProgram {
public:
  MatmulProgram(const TypeSpec &weights, const Activations &activations,
                std::optional<int64_t> rows, int64_t columns, int64_t sum,
                const Form &form = kForms[1], int64_t threads = 1)
      : weights(weights), activations(activations), columns(columns), sum(sum),
        program(print(rows), form.target, threads, form.chunk) {}

  void check(int64_t rows) const;

private:
  std::string print(std::optional<int64_t> rows) const;

  TypeSpec weights;
  Activations activations;
  int64_t columns, sum;
  Program program;
};

} // namespace

std::string MatmulProgram::print(std::optional<int64_t> rows) const {
  std::string m = rows ? std::to_string(*rows) : "?";
  std::string x = m + "x" + std::to_string(sum) + "x";
  std::string acc = "tensor<" + m + "x" + std::to_string(columns) + "xf32>";
  std::string w = printTensor(columns, sum, "!w");
  std::string xType = "tensor<" + x + activations.element + ">";
  std::string text = "!w = " + ::print(weights, /*hasRows16=*/true) + "\n";
  if (activations.type)
    text += "!a = " + activations.type->print() + "\n";
  text += "func.func @f(%x: " + xType + ", %w: " + w + ", %acc: " + acc +
          ") -> " + acc + " {\n";
  std::string lhs = "%x", lhsType = xType;
  if (activations.type) {
    lhs = "%a";
    lhsType = "tensor<" + x + "!a>";
    text += "  %a = quantx.dynamic_quantize %x using #quantx." +
            activations.type->method + " : " + xType + " to " + lhsType + "\n";
  }
  return text + "  %r = quantx.scaled_matmul ins(" + lhs + ", %w : " + lhsType +
         ", " + w + ") outs(%acc : " + acc + ") -> " + acc +
         "\n  return %r : " + acc + "\n}\n";
}

void MatmulProgram::check(int64_t rows) const {
  SCOPED_TRACE(testing::Message()
               << rows << 'x' << columns << 'x' << sum << " of "
               << weights.print() << " by " << activations.element);
  Matrix x = drawMatrix(rows, sum, 1, activations.element);
  Matrix y = drawMatrix(columns, sum, 2, weights.expressed);
  Matrix acc = drawMatrix(rows, columns, 3);
  QuantizedMatrix quantized = quantize(weights, columns, sum, y.values);
  Parts parts = getParts(weights, columns, sum, quantized).interleave();
  Input inputX(x, activations.element, {rows, sum});
  Input inputAcc(acc, "f32", {rows, columns});
  std::vector<TensorView> inputs = {inputX.getView()};
  for (const TensorView &view : parts.getViews())
    inputs.push_back(view);
  inputs.push_back(inputAcc.getView());
  std::vector<Array> out = program.run(inputs);
  ASSERT_EQ(out[0].shape, (std::vector<int64_t>{rows, columns}));
  Matrix a = activations.type ? getDequantized(*activations.type, x) : x;
  expectProduct(out[0], a, {columns, sum, quantized.values}, acc);
}

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

INSTANTIATE_TEST_SUITE_P(
    Types, Rows16Test, testing::ValuesIn(getWeights()),
    [](const testing::TestParamInfo<std::pair<const char *, TypeSpec>> &info) {
      return std::string(info.param.first);
    });

// Each number of rows has a form; many go by weights in rows again.
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
