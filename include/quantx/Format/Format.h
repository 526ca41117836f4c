//===- Format.h - The number formats, as data -------------------*- C++ -*-===//
//
// The table of every element and scale format that QuantX knows. This is the
// one place where a format is described: encoders, decoders, scale rules, the
// dialect's verifiers and the emitted IR all read it. A new format is a row.
//
// Sources: OCP 8-bit Floating Point Specification 1.0 (OFP8), OCP
// Microscaling Formats (MX) Specification 1.0.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_FORMAT_FORMAT_H
#define QUANTX_FORMAT_FORMAT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace quantx {

/// What the codes above the largest finite value mean.
enum class NonFinite {
  None,     ///< every code is a finite value (FP4, FP6)
  NanOnly,  ///< the all-ones magnitude is NaN, there is no infinity (E4M3FN)
  InfAndNan ///< as IEEE 754: all-ones exponent is Inf or NaN (E5M2)
};

/// A small signed floating-point format. Codes are sign-magnitude integers of
/// `bits` bits: sign, exponent, mantissa from the highest bit down, so the
/// order of magnitude codes is the order of magnitudes.
///
/// The members stand in the order of the published tables, not of their sizes.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct FloatFormat {
  /// The keyword of the builtin MLIR type, for example "f8E4M3FN".
  llvm::StringLiteral name;
  unsigned bits;
  unsigned exponentBits;
  unsigned mantissaBits;
  int bias;
  /// The magnitude code (sign bit clear) of the largest finite value.
  uint8_t maxFiniteCode;
  NonFinite nonFinite;
  /// The magnitude code of the quiet NaN; meaningless when `nonFinite` is None.
  /// As in IEEE 754 and APFloat, encoding a NaN ORs the leading `mantissaBits`
  /// bits of its payload in: E5M2 has two NaN results, 0x7E and 0x7F.
  uint8_t nanCode;

  uint8_t getSignMask() const { return uint8_t(1u << (bits - 1)); }
  uint8_t getMagnitudeMask() const { return uint8_t(getSignMask() - 1); }
  /// The exponent of the smallest normal value.
  int getMinExponent() const { return 1 - bias; }
  /// The exponent of the largest finite value (OCP MX's emax).
  int getMaxExponent() const {
    return int(maxFiniteCode >> mantissaBits) - bias;
  }
  /// The largest finite value; exact in double.
  double getMaxFinite() const;
  /// The magnitude code of infinity; only when `nonFinite` is InfAndNan.
  uint8_t getInfCode() const { return uint8_t(maxFiniteCode + 1); }
};

/// Every signed float element format, in the order of the documentation.
llvm::ArrayRef<FloatFormat> getFloatFormats();

/// The row whose builtin type keyword is `name`, or null.
const FloatFormat *lookupFloatFormat(llvm::StringRef name);

/// E8M0 (OCP MX scale): code c is 2^(c - 127), 0xFF is NaN, no sign, no zero.
struct E8M0Format {
  static constexpr llvm::StringLiteral name = "f8E8M0FNU";
  static constexpr int bias = 127;
  static constexpr uint8_t nanCode = 0xFF;
  static constexpr uint8_t maxFiniteCode = 0xFE;
};

/// An integer element format of 2 to 8 bits. A code stands for
/// `code * 2^-fractionBits`: 0 fraction bits everywhere but under an E8M0
/// scale, where OCP MX's MXINT8 has `bits - 2` of them (values in [-2, 2)).
struct IntegerFormat {
  unsigned bits;
  bool isSigned;
  unsigned fractionBits = 0;

  int getMinCode() const { return isSigned ? -(1 << (bits - 1)) : 0; }
  int getMaxCode() const {
    return isSigned ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
  }
};

/// What a scale rule needs to know of an element format.
struct ElementTraits {
  double maxFinite;      ///< the largest finite code's value; MXINT8: 127 / 64
  int maxExponent;       ///< floor(log2(maxFinite)): emax of OCP MX
  unsigned mantissaBits; ///< explicit mantissa bits at the largest exponent
};
ElementTraits getElementTraits(const FloatFormat &format);
ElementTraits getElementTraits(const IntegerFormat &format);

} // namespace quantx

#endif // QUANTX_FORMAT_FORMAT_H
