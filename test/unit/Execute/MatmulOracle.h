//===- MatmulOracle.h - Products in double precision ------------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_EXECUTE_MATMULORACLE_H
#define QUANTX_TEST_UNIT_EXECUTE_MATMULORACLE_H

#include "Program.h"
#include "Reference.h"
#include "gtest/gtest.h"

namespace quantx::test {

/// A matrix in C order, or several of one shape, one behind the other.
struct Matrix {
  int64_t rows, columns;
  std::vector<float> values;
};

/// Normal and heavy-tailed values that the type `element` (f32, f16 or bf16)
/// holds.
Matrix drawMatrix(int64_t rows, int64_t columns, unsigned seed,
                  const std::string &element = "f32");

/// What dequantize gives of `matrix` quantized to `type`.
Matrix getDequantized(const TypeSpec &type, const Matrix &matrix);

/// An input of a program: the values as `element`.
class Input {
public:
  Input(const Matrix &matrix, const std::string &element,
        llvm::ArrayRef<int64_t> shape);
  TensorView getView() const;

private:
  ElementType type;
  std::vector<int64_t> shape;
  std::vector<uint32_t> words;
  std::vector<uint16_t> halves;
};

/// Expects `got`, f32, to be acc + a * w^T (of its transpose, if
/// `isTransposed`) with the error of sums in f32: both the bound in the op's
/// text, and 1e-5 of the sum of magnitudes.
void expectProduct(const Array &got, const Matrix &a, const Matrix &w,
                   const Matrix &acc, bool isTransposed = false);

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_EXECUTE_MATMULORACLE_H
