//===- Format.cpp - The number formats, as data ---------------------------===//
//
// Rows from OFP8 1.0 (table 1) and OCP MX 1.0 (tables 3 to 5).
//
//===----------------------------------------------------------------------===//

#include "quantx/Format/Format.h"
#include "quantx/Format/Mutants.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace quantx;

llvm::ArrayRef<FloatFormat> quantx::getFloatFormats() {
  const uint8_t e4m3Max = isPlanted(Mutant::FormatE4M3Maximum240) ? 0x77 : 0x7E;
  // name, bits, exponent bits, mantissa bits, bias, largest finite code,
  // non-finite codes, NaN code.
  static const FloatFormat formats[] = {
      {"f8E4M3FN", 8, 4, 3, 7, e4m3Max, NonFinite::NanOnly, 0x7F},
      {"f8E5M2", 8, 5, 2, 15, 0x7B, NonFinite::InfAndNan, 0x7E},
      {"f6E2M3FN", 6, 2, 3, 1, 0x1F, NonFinite::None, 0},
      {"f6E3M2FN", 6, 3, 2, 3, 0x1F, NonFinite::None, 0},
      {"f4E2M1FN", 4, 2, 1, 1, 0x07, NonFinite::None, 0},
  };
  return formats;
}

const FloatFormat *quantx::lookupFloatFormat(llvm::StringRef name) {
  llvm::ArrayRef<FloatFormat> formats = getFloatFormats();
  const auto *row = llvm::find_if(
      formats, [&](const FloatFormat &f) { return f.name == name; });
  return row == formats.end() ? nullptr : row;
}

double FloatFormat::getMaxFinite() const {
  unsigned fraction = maxFiniteCode & ((1u << mantissaBits) - 1);
  return std::ldexp((1u << mantissaBits) + fraction,
                    getMaxExponent() - int(mantissaBits));
}

ElementTraits quantx::getElementTraits(const FloatFormat &format) {
  return {format.getMaxFinite(), format.getMaxExponent(), format.mantissaBits};
}

ElementTraits quantx::getElementTraits(const IntegerFormat &format) {
  unsigned mantissaBits = llvm::Log2_32(format.getMaxCode());
  return {std::ldexp(format.getMaxCode(), -int(format.fractionBits)),
          int(mantissaBits) - int(format.fractionBits), mantissaBits};
}
