//===- Rows16Programs.h - Weights with rows side by side --------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_EXECUTE_ROWS16PROGRAMS_H
#define QUANTX_TEST_UNIT_EXECUTE_ROWS16PROGRAMS_H

#include "MatmulPrograms.h"

namespace quantx::test {

using Bytes = std::vector<uint8_t>;

inline const TypeSpec nvfp4 = {"f4E2M1FN", "f32", "f8E4M3FN", 1,
                               16,         true,  false,      "absmax"};
inline const TypeSpec int8Group32 = {"i8", "f32", "f32", 1,
                                     32,   false, false, "absmax"};
inline const TypeSpec mxint8 = {"i8", "f32", "f8E8M0FNU", 1,
                                32,   false, false,       "floor"};
inline const TypeSpec int4 = {"ui4", "f32", "f16", 1,
                              32,    false, true,  "minmax"};

/// `type`, maybe with its rows side by side.
std::string printRows16(const TypeSpec &type, bool hasRows16 = true);

/// tensor<rows x columns x element>
std::string printTensor(int64_t rows, int64_t columns,
                        const std::string &element);

/// A part of a scaled tensor of some rows.
struct Part {
  ElementType type;
  size_t elementBytes;
  /// The elements that stay together side by side.
  size_t unit;
  int64_t rows, columns;
  Bytes bytes;

  size_t getRowBytes() const { return size_t(columns) * elementBytes; }

  /// The same with rows side by side.
  Part interleave() const;

  TensorView getView() const { return viewArray(type, {rows, columns}, bytes); }
};

/// A scaled matrix by its parts.
struct Parts {
  std::vector<Part> parts;
  std::optional<float> global;

  Parts interleave() const;
  std::vector<TensorView> getViews() const;
};

/// The parts of `rows` x `columns` elements, all zero.
Parts createParts(const TypeSpec &type, int64_t rows, int64_t columns);

/// The parts of `matrix`.
Parts getParts(const TypeSpec &type, int64_t rows, int64_t columns,
               const QuantizedMatrix &matrix);

/// acc + x * w^T for weights of N x K, as one program; M may be dynamic.
class MatmulProgram {
public:
  MatmulProgram(const TypeSpec &weights, const Activations &activations,
                std::optional<int64_t> rows, int64_t columns, int64_t sum,
                const Form &form = kForms[1], int64_t threads = 1)
      : weights(weights), activations(activations), columns(columns), sum(sum),
        program(print(rows), form.target, threads, form.chunk) {}

  /// Multiplies `rows` rows of drawn values, and expects the product.
  void check(int64_t rows) const;

  /// x, as activations are, times weights that are quantized from `y`.
  struct Product {
    Array result;
    /// What weights stand for.
    Matrix weights;
  };
  Product run(const Matrix &x, const Matrix &y, const Matrix &acc) const;

private:
  std::string print(std::optional<int64_t> rows) const;

  TypeSpec weights;
  Activations activations;
  int64_t columns, sum;
  Program program;
};

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_EXECUTE_ROWS16PROGRAMS_H
