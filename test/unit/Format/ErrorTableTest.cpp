//===- ErrorTableTest.cpp - The tables of docs/optimal-scales.md ----------===//
//
// Computes each row of the tables and looks for it in the page. A row that is
// not there is printed, to be put there.
//
//===----------------------------------------------------------------------===//

#include "Blocks.h"
#include "quantx/Format/ScaleRules.h"
#include "quantx/IO/Safetensors.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstring>

using namespace quantx;
using namespace quantx::oracle;

namespace {

const ElementFormat e2m1 = *lookupFloatFormat("f4E2M1FN");

/// A row of a table, cell after cell.
class Row {
public:
  explicit Row(llvm::StringRef name) : text(("| " + name + " |").str()) {}

  void add(const std::string &cell) { text += " " + cell + " |"; }
  void add(double value, int digits) {
    std::string cell;
    llvm::raw_string_ostream(cell) << llvm::format("%.*f", digits, value);
    add(cell);
  }

  void expectOnPage() const {
    auto page = llvm::MemoryBuffer::getFile(
        std::string(QUANTX_TEST_GOLDEN_DIR) + "/../../docs/optimal-scales.md");
    ASSERT_TRUE(bool(page));
    EXPECT_TRUE((*page)->getBuffer().contains(text + "\n"))
        << "docs/optimal-scales.md lacks the row\n"
        << text;
  }

private:
  std::string text;
};

/// The last is a layer of a language model, which the demo quantizes.
enum class Distribution { Gaussian, Laplace, Student, Weights };

std::vector<float> readWeights() {
  auto buffer = llvm::MemoryBuffer::getFile(
      std::string(QUANTX_TEST_GOLDEN_DIR) +
      "/../../examples/data/minilm-layer0.safetensors");
  EXPECT_TRUE(bool(buffer));
  Safetensors file = llvm::cantFail(Safetensors::parse(**buffer));
  TensorView view =
      llvm::cantFail(file.lookup("encoder.layer.0.intermediate.dense.weight"));
  EXPECT_EQ(view.type, ElementType::Float32);
  std::vector<float> weights(view.data.size() / sizeof(float));
  std::memcpy(weights.data(), view.data.data(), view.data.size());
  return weights;
}

std::vector<float> makeTensor(Distribution distribution, size_t size) {
  Random random(2024);
  std::vector<float> tensor;
  for (size_t i = 0; i < size; ++i) {
    double value = distribution == Distribution::Gaussian  ? random.gaussian()
                   : distribution == Distribution::Laplace ? random.laplace()
                                                           : random.student();
    tensor.push_back(float(0.02 * value));
  }
  return tensor;
}

/// What a method did to a tensor.
struct Result {
  double relativeError; ///< root of the sum of squared errors over that of x^2
  double evaluations;   ///< a block, mean
};

using Method =
    llvm::function_ref<ScaleChoice(llvm::ArrayRef<float>, const BlockFormat &)>;

Result measure(llvm::ArrayRef<float> tensor, size_t blockSize,
               const BlockFormat &format, Method method) {
  double errors = 0, squares = 0, evaluations = 0;
  for (size_t i = 0; i < tensor.size(); i += blockSize) {
    llvm::ArrayRef<float> block = tensor.slice(i, blockSize);
    ScaleChoice choice = method(block, format);
    errors += computeSquaredError(
        block, {choice.scale, choice.zeroPoint, format.global}, format);
    evaluations += choice.evaluations;
    for (float x : block) {
      squares += double(x) * double(x);
    }
  }
  return {std::sqrt(errors / squares),
          evaluations * double(blockSize) / double(tensor.size())};
}

constexpr size_t tensorSize = size_t(1) << 19;
constexpr std::pair<Distribution, size_t> columns[] = {
    {Distribution::Gaussian, 16}, {Distribution::Gaussian, 32},
    {Distribution::Laplace, 16},  {Distribution::Laplace, 32},
    {Distribution::Student, 16},  {Distribution::Student, 32},
    {Distribution::Weights, 16},  {Distribution::Weights, 32}};

const std::vector<float> &getTensor(Distribution distribution) {
  static const std::vector<float> tensors[] = {
      makeTensor(Distribution::Gaussian, tensorSize),
      makeTensor(Distribution::Laplace, tensorSize),
      makeTensor(Distribution::Student, tensorSize), readWeights()};
  return tensors[size_t(distribution)];
}

/// The results of a method in all columns, on the page as percentages.
std::vector<Result> expectRow(llvm::StringRef name, BlockFormat format,
                              Method method, bool withEvaluations = false) {
  std::vector<Result> results;
  Row row(name);
  Row counts((name + ", evaluations a block").str());
  for (auto [distribution, blockSize] : columns) {
    const std::vector<float> &tensor = getTensor(distribution);
    if (format.scale == ScaleFormat::E4M3) {
      format.global = chooseGlobalScale(computeFiniteAbsMax(tensor),
                                        getElementTraits(format.element));
    }
    results.push_back(measure(tensor, blockSize, format, method));
    row.add(100 * results.back().relativeError, 2);
    counts.add(results.back().evaluations, 2);
  }
  row.expectOnPage();
  if (withEvaluations) {
    counts.expectOnPage();
  }
  return results;
}

/// The first figures are those of an independent simulation.
TEST(ErrorTableTest, MXFP4) {
  BlockFormat format = {e2m1, ScaleFormat::E8M0};
  auto expectRule = [&](llvm::StringRef name, E8M0Rule rule) {
    return expectRow(
        name, format, [&](llvm::ArrayRef<float> block, const BlockFormat &) {
          return ScaleChoice{decodeE8M0(chooseE8M0Scale(
              computeAbsMax(block), rule, getElementTraits(e2m1)))};
        });
  };
  auto floors = expectRule("MXFP4 `floor`", E8M0Rule::Floor);
  expectRule("MXFP4 `ceil`", E8M0Rule::Ceil);
  auto evens = expectRule("MXFP4 `even`", E8M0Rule::Even);
  expectRule("MXFP4 `rceil`", E8M0Rule::Rceil);
  auto optimal = expectRow("MXFP4 `optimal`", format, chooseOptimalScale,
                           /*withEvaluations=*/true);
  EXPECT_NEAR(100 * floors[0].relativeError, 11.54, 0.04);
  EXPECT_NEAR(100 * evens[0].relativeError, 10.98, 0.04);
  EXPECT_NEAR(100 * optimal[0].relativeError, 10.96, 0.04);
}

TEST(ErrorTableTest, NVFP4) {
  BlockFormat format = {e2m1, ScaleFormat::E4M3};
  auto naive =
      expectRow("NVFP4 `absmax`", format,
                [](llvm::ArrayRef<float> block, const BlockFormat &format) {
                  return ScaleChoice{chooseNaiveScale(block, format)};
                });
  auto fourOverSix =
      expectRow("NVFP4 `four_over_six`", format, chooseFourOverSixScale);
  auto optimal = expectRow("NVFP4 `optimal`", format, chooseOptimalScale,
                           /*withEvaluations=*/true);
  EXPECT_NEAR(100 * naive[0].relativeError, 9.51, 0.04);
  EXPECT_NEAR(100 * fourOverSix[0].relativeError, 8.69, 0.04);
  EXPECT_NEAR(100 * optimal[0].relativeError, 8.12, 0.04);
}

/// Integers and FP8 under f32, f16 and bf16 scales, on Gaussian blocks of 128.
TEST(ErrorTableTest, WideScales) {
  llvm::ArrayRef<float> tensor =
      llvm::ArrayRef<float>(getTensor(Distribution::Gaussian))
          .take_front(1 << 16);
  for (const auto &[name, element] :
       {std::pair<const char *, ElementFormat>("INT4", IntegerFormat{4, true}),
        {"INT8", IntegerFormat{8, true}},
        {"FP8 (E4M3)", *lookupFloatFormat("f8E4M3FN")}}) {
    for (auto [scaleName, scale] : {std::pair("f32", ScaleFormat::F32),
                                    {"f16", ScaleFormat::F16},
                                    {"bf16", ScaleFormat::BF16}}) {
      BlockFormat format = {element, scale};
      Row row(std::string(name) + ", " + scaleName);
      Result naive =
          measure(tensor, 128, format,
                  [](llvm::ArrayRef<float> block, const BlockFormat &format) {
                    return ScaleChoice{chooseNaiveScale(block, format)};
                  });
      Result optimal = measure(tensor, 128, format, chooseOptimalScale);
      EXPECT_LT(optimal.relativeError, naive.relativeError);
      row.add(100 * naive.relativeError, 3);
      row.add(100 * optimal.relativeError, 3);
      row.add(optimal.evaluations, 1);
      row.expectOnPage();
    }
  }
}

/// A range of a / s in units of 2^emax.
std::string toRange(double threshold, bool isUpper) {
  if (isUpper ? threshold >= 2 : threshold <= 1) {
    return "never";
  }
  std::string text;
  llvm::raw_string_ostream(text)
      << (isUpper ? "above " : "below ")
      << llvm::format("%.4g", std::min(threshold, 2.0));
  return text;
}

TEST(ErrorTableTest, Windows) {
  for (const ElementFormat &element : getElementFormats(true)) {
    ElementGrid grid = getElementGrid(element);
    Row row(getName(element));
    row.add(toRange(getUpperThreshold(grid) / grid.leading, true));
    for (size_t size : {16, 32, 128}) {
      row.add(toRange(getLowerThreshold(grid, size, 1) / grid.leading, false));
      int steps = 0;
      while (getLowerThreshold(grid, size, steps + 1) > grid.leading) {
        ++steps;
      }
      row.add(std::to_string(steps));
    }
    row.expectOnPage();
  }
}

} // namespace
