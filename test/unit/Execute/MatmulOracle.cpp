//===- MatmulOracle.cpp - Products in double precision --------------------===//

#include "MatmulOracle.h"
#include "../Format/Oracle.h"
#include <cmath>
#include <random>

using namespace quantx;
using namespace quantx::test;

static const llvm::fltSemantics &getSemantics(const std::string &element) {
  return element == "f16"    ? llvm::APFloat::IEEEhalf()
         : element == "bf16" ? llvm::APFloat::BFloat()
                             : llvm::APFloat::IEEEsingle();
}

/// The bits of `value`, rounded to `element`.
static uint32_t getBits(float value, const std::string &element) {
  return oracle::convert(llvm::APFloat::IEEEsingle(), oracle::toBits(value),
                         getSemantics(element));
}

Matrix quantx::test::drawMatrix(int64_t rows, int64_t columns, unsigned seed,
                                const std::string &element) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Matrix matrix{rows, columns, {}};
  for (int64_t i = 0; i < rows * columns; ++i) {
    float value = normal(random) * (random() % 16 ? 1.0f : 20.0f);
    matrix.values.push_back(oracle::toFloat(
        oracle::convert(getSemantics(element), getBits(value, element),
                        llvm::APFloat::IEEEsingle())));
  }
  return matrix;
}

Matrix quantx::test::getDequantized(const TypeSpec &type,
                                    const Matrix &matrix) {
  return {matrix.rows, matrix.columns,
          quantize(type, matrix.rows, matrix.columns, matrix.values).values};
}

Input::Input(const Matrix &matrix, const std::string &element,
             llvm::ArrayRef<int64_t> shape)
    : type(element == "f16"    ? ElementType::Float16
           : element == "bf16" ? ElementType::BFloat16
                               : ElementType::Float32),
      shape(shape) {
  for (float value : matrix.values) {
    if (type == ElementType::Float32)
      words.push_back(oracle::toBits(value));
    else
      halves.push_back(uint16_t(getBits(value, element)));
  }
}

TensorView Input::getView() const {
  return type == ElementType::Float32 ? viewArray(type, shape, words)
                                      : viewArray(type, shape, halves);
}

void quantx::test::expectProduct(const Array &got, const Matrix &a,
                                 const Matrix &w, const Matrix &acc,
                                 bool isTransposed) {
  ASSERT_EQ(got.bytes.size(), size_t(a.rows * w.rows) * sizeof(float));
  int64_t size = a.columns;
  for (int64_t m = 0; m < a.rows; ++m) {
    for (int64_t n = 0; n < w.rows; ++n) {
      double sum = acc.values[m * w.rows + n], magnitudes = 0;
      for (int64_t k = 0; k < size; ++k) {
        double product =
            double(a.values[m * size + k]) * w.values[n * size + k];
        sum += product;
        magnitudes += std::fabs(product);
      }
      float value;
      int64_t index = isTransposed ? n * a.rows + m : m * w.rows + n;
      std::memcpy(&value, got.bytes.data() + sizeof(float) * index,
                  sizeof(float));
      magnitudes += std::fabs(acc.values[m * w.rows + n]);
      double bound = std::min(std::ldexp(size + 4, -24), 1e-5) * magnitudes;
      ASSERT_NEAR(value, sum, bound) << "row " << m << ", column " << n;
    }
  }
}
