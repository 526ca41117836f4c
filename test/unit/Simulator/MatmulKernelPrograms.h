//===- MatmulKernelPrograms.h - scaled_matmul for GPUs ----------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_MATMULKERNELPROGRAMS_H
#define QUANTX_TEST_UNIT_SIMULATOR_MATMULKERNELPROGRAMS_H

#include "Execute/MatmulOracle.h"
#include "SimulatedProgram.h"
#include <optional>

namespace quantx {
namespace test {

inline constexpr const char *kChip = "sm_90";

inline const TypeSpec mxfp4 = {"f4E2M1FN", "f32", "f8E8M0FNU", 1,
                               32,         false, false,       "floor"};
inline const TypeSpec mxfp8 = {"f8E4M3FN", "f32", "f8E8M0FNU", 1,
                               32,         false, false,       "floor"};
inline const TypeSpec nvfp4 = {"f4E2M1FN", "f32", "f8E4M3FN", 1,
                               16,         true,  false,      "absmax"};
inline const TypeSpec int8 = {"i8", "f32", "f32", 1, 0, false, false, "absmax"};
inline const TypeSpec int4 = {"ui4", "f32", "f16", 1,
                              32,    false, true,  "minmax"};

/// Activations: a plain type, or a scaled one.
struct Tokens {
  std::string element;
  std::optional<TypeSpec> type;
};

/// M, N and K.
struct Sizes {
  int64_t tokens, outputs, sum;
};

/// A quantized matrix as inputs of a program.
class QuantizedInput {
public:
  QuantizedInput(const TypeSpec &type, const Matrix &matrix)
      : type(type), rows(matrix.rows), columns(matrix.columns),
        all(quantize(type, rows, columns, matrix.values)) {
    for (uint32_t scale : all.scales) {
      for (unsigned byte = 0; byte < getScaleBytes(); ++byte)
        scales.push_back(uint8_t(scale >> (8 * byte)));
    }
    zeroPoints.assign(all.zeroPoints.begin(), all.zeroPoints.end());
  }

  void addViews(std::vector<TensorView> &views) const {
    int64_t bytes = (columns * type.getBits() + 7) / 8;
    views.push_back(viewArray(ElementType::UInt8, {rows, bytes}, all.payload));
    int64_t grid[] = {countBlocks(rows, type.blockRows),
                      countBlocks(columns, type.blockColumns)};
    views.push_back({getScaleType(), {grid[0], grid[1]}, scales});
    if (type.hasZeroPoint)
      views.push_back(viewArray(ElementType::UInt8, grid, zeroPoints));
    if (type.hasGlobal)
      views.push_back(viewArray(ElementType::Float32, {}, global));
  }

  const std::vector<float> &getValues() const { return all.values; }

private:
  static int64_t countBlocks(int64_t size, int64_t block) {
    return block == 0 ? 1 : (size + block - 1) / block;
  }
  ElementType getScaleType() const {
    return type.scale == "f32"    ? ElementType::Float32
           : type.scale == "f16"  ? ElementType::Float16
           : type.scale == "bf16" ? ElementType::BFloat16
                                  : ElementType::UInt8;
  }
  unsigned getScaleBytes() const { return getBitWidth(getScaleType()) / 8; }

  TypeSpec type;
  int64_t rows, columns;
  QuantizedMatrix all;
  std::vector<uint8_t> scales;
  std::vector<uint8_t> zeroPoints;
  std::vector<float> global = {all.global};
};

/// acc + x * w^T on `chip`, all sizes dynamic but M.
SimulatedProgram compile(const TypeSpec &weights, const Tokens &tokens,
                         int64_t numTokens, const char *chip = kChip);

/// Expects the product of drawn matrices within the bound of the op.
void checkProduct(const SimulatedProgram &program, const TypeSpec &weights,
                  const Tokens &tokens, Sizes sizes);

} // namespace test
} // namespace quantx

#endif // QUANTX_TEST_UNIT_SIMULATOR_MATMULKERNELPROGRAMS_H
