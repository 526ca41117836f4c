//===- VectorPrograms.h - Conversions on vectors of many shapes -*- C++ -*-===//
//
// Programs as anybody writes them: arith and vector ops on small floats. One
// program has every shape; wide types and rounding modes take turns.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TEST_UNIT_EXECUTE_VECTORPROGRAMS_H
#define QUANTX_TEST_UNIT_EXECUTE_VECTORPROGRAMS_H

#include "support/ConversionKernels.h"
#include <string>
#include <vector>

namespace quantx::test {

/// A vector, its place in the arrays, and what is done with it.
struct Part {
  std::vector<int64_t> shape;
  int64_t size;
  int64_t offset;
  WideType wide;
  /// As the oracle and arith call it.
  RoundingMode mode;
  const char *modeName;
  /// The vector's codes as elements of whole bytes: "4x2xi32"; empty where a
  /// row of them does not fill any.
  std::string packed;
  int64_t packedSize;
  int64_t packedOffset;

  /// "2x3x8xf32"; "f32" for no dimension.
  std::string printVector(const std::string &element) const {
    std::string text = "vector<";
    for (int64_t length : shape)
      text += std::to_string(length) + "x";
    return text + element + ">";
  }
  std::string printFlat(const std::string &element) const {
    return "vector<" + std::to_string(size) + "x" + element + ">";
  }
};

/// The parts of the programs of `format`, from no dimension to a hundred
/// elements, next to one another.
std::vector<Part> getParts(const std::string &format);

/// What the arrays of values and one of packed codes hold for all parts.
int64_t getTotal(llvm::ArrayRef<Part> parts);
int64_t getPackedTotal(llvm::ArrayRef<Part> parts);

/// f(f32, f16, bf16) -> (codes, packed): each part's values, of its wide type,
/// by arith.truncf to codes, one a byte; and by vector.bitcast to packed codes.
std::string writeTruncations(const std::string &format,
                             llvm::ArrayRef<Part> parts);

/// f(codes, packed) -> (f32, f16, bf16, f32): each part's codes by arith.extf
/// to its wide type, and its packed codes to f32.
std::string writeExtensions(const std::string &format,
                            llvm::ArrayRef<Part> parts);

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_EXECUTE_VECTORPROGRAMS_H
