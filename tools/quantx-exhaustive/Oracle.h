//===- Oracle.h - The code of every f32, by definition ----------*- C++ -*-===//
//
// Encoding is monotonic in the magnitude: over the bit patterns of an f32 in
// order, codes are runs. This finds the runs from the definition of each format
// (its values by ldexp, midpoints, which way ties go) in f64, and shares no
// code with the rest of QuantX.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TOOLS_EXHAUSTIVE_ORACLE_H
#define QUANTX_TOOLS_EXHAUSTIVE_ORACLE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace quantx::exhaustive {

/// What is swept: a format, how it rounds, whether it saturates.
struct Mode {
  std::string format;
  bool tiesTowardZero = false; ///< nearest_toward_zero, else nearest_even
  bool saturate = false;

  std::string print() const;
};

/// Every mode of quantize that is deterministic. Where saturating makes no
/// difference (f6, f4, f8E8M0FNU) it is there once, and so is f8E8M0FNU's one
/// rounding.
std::vector<Mode> getModes();

/// What a code means for the input.
enum class Kind { Zero, Finite, Largest, Overflow, NaN };
inline constexpr unsigned numKinds = 5;

/// From the bit pattern `first` (of all 32 bits) on, the code is `code`.
struct Run {
  uint32_t first;
  uint8_t code;
  Kind kind;
};

/// The runs of all 2^32 patterns, in order; the first begins at 0.
std::vector<Run> getRuns(const Mode &mode);

/// Compares the oracle with APFloat where each run begins and ends. Fails on
/// the first difference that NUMERICS' rules for NaN, saturation and ties do
/// not make.
llvm::Error checkAgainstAPFloat(const Mode &mode, llvm::ArrayRef<Run> runs);

} // namespace quantx::exhaustive

#endif // QUANTX_TOOLS_EXHAUSTIVE_ORACLE_H
