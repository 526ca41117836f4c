//===- MatmulPrograms.h - Programs of one scaled_matmul ---------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_EXECUTE_MATMULPROGRAMS_H
#define QUANTX_TEST_UNIT_EXECUTE_MATMULPROGRAMS_H

#include "Lowerings.h"
#include "MatmulOracle.h"

namespace quantx::test {

inline const TypeSpec mxfp4 = {"f4E2M1FN", "f32", "f8E8M0FNU", 1,
                               32,         false, false,       "floor"};
inline const TypeSpec mxfp8 = {"f8E4M3FN", "f32", "f8E8M0FNU", 1,
                               32,         false, false,       "floor"};
inline const TypeSpec int8 = {"i8", "f32", "f32", 1, 0, false, false, "absmax"};

/// Activations: a plain type, or a scaled one.
struct Activations {
  std::string element;
  std::optional<TypeSpec> type = std::nullopt;
};

/// M, N and K; a negative one is dynamic in a program.
struct Sizes {
  int64_t rows, columns, sum;
};

/// acc + x * y^T, where y, and x if its type says so, are quantized first.
std::string getProgram(const TypeSpec &weights, const Activations &activations,
                       bool isDynamic, Sizes sizes);

/// Runs `program`, of such operands, and expects the product of float64.
void check(const Program &program, const TypeSpec &weights,
           const Activations &activations, Sizes sizes);

/// How the weights of `checkBatches` are given.
enum class BatchWeights {
  Dynamic,    ///< all sizes but K are dynamic
  Static,     ///< those of weights in a batch are static
  SideBySide, ///< and 16 rows are side by side
};

/// Checks two batches, each with weights of its own, of activations that are
/// multiplied as `element`: f32, bf16 or i8.
void checkBatches(Sizes sizes, const std::string &element,
                  const std::string &target,
                  BatchWeights form = BatchWeights::Dynamic);

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_EXECUTE_MATMULPROGRAMS_H
