//===- Reference.h - Quantized tensors by the Format layer ------*- C++ -*-===//
//
// What a compiled function must give, computed element by element with the
// Format layer, which has tests of its own against APFloat, float64 and
// published vectors.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TEST_UNIT_EXECUTE_REFERENCE_H
#define QUANTX_TEST_UNIT_EXECUTE_REFERENCE_H

#include "quantx/Format/Quantize.h"
#include "quantx/Format/ScaleRules.h"
#include <string>
#include <vector>

namespace quantx::test {

/// A matrix type and how its parameters are chosen, as written in MLIR.
struct TypeSpec {
  std::string storage;
  std::string expressed;
  std::string scale;
  /// Rows and columns of a block; 0 for the whole dimension.
  int64_t blockRows, blockColumns;
  bool hasGlobal, hasZeroPoint;
  /// "absmax", "absmax<margin = 0.5>", "absmax<pow2>", "minmax", "floor", ...
  std::string method;

  bool hasWeights() const { return method == "hessian"; }

  /// `!quantx.scaled<...>`
  std::string print() const;
  ElementFormat getFormat() const;
  unsigned getBits() const;
};

/// A quantized matrix, and what it dequantizes to.
struct QuantizedMatrix {
  std::vector<uint8_t> payload;
  /// The bits of the scales.
  std::vector<uint32_t> scales;
  std::vector<int> zeroPoints;
  float global = 1.0f;
  std::vector<float> values;
};

/// `count` matrices of `size` rows and columns: the operand of `hessian`.
struct Weights {
  int64_t count = 0, size = 0;
  std::vector<float> values = {};

  /// The matrix of a block.
  llvm::ArrayRef<float> get(int64_t block) const {
    return llvm::ArrayRef(values).slice(block * size * size, size * size);
  }
};

/// Quantizes a matrix in C order, whose elements the expressed type holds.
/// Blocks with weights lie along the columns, or down them.
QuantizedMatrix quantize(const TypeSpec &type, int64_t rows, int64_t columns,
                         llvm::ArrayRef<float> matrix,
                         const QuantizeOptions &options = {},
                         const Weights &weights = {});

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_EXECUTE_REFERENCE_H
