//===- Oracle.cpp - The code of every f32, by definition ------------------===//

#include "Oracle.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <cassert>
#include <cmath>

using namespace quantx::exhaustive;
using llvm::APFloat;

//===----------------------------------------------------------------------===//
// Formats, from the tables of OFP8 1.0 and OCP MX 1.0
//===----------------------------------------------------------------------===//

namespace {

struct Format {
  llvm::StringRef name;
  unsigned bits;
  unsigned mantissaBits;
  int bias;
  uint8_t largest;  ///< the code of the largest finite value
  uint8_t overflow; ///< what overflow gives without saturation
  uint8_t nan;      ///< 0 where there is none
  const llvm::fltSemantics &semantics;

  bool hasNaN() const { return nan != 0; }
  uint8_t getSign() const { return uint8_t(1u << (bits - 1)); }

  /// The value of a magnitude code taken as a number.
  double getValue(unsigned code) const {
    unsigned field = code >> mantissaBits;
    unsigned mantissa = code & ((1u << mantissaBits) - 1);
    double hidden = field == 0 ? 0.0 : 1.0;
    double fraction = hidden + mantissa / double(1u << mantissaBits);
    return std::ldexp(fraction, (field == 0 ? 1 : int(field)) - bias);
  }
};

} // namespace

static llvm::ArrayRef<Format> getFormats() {
  static const Format formats[] = {
      {"f8E4M3FN", 8, 3, 7, 0x7e, 0x7f, 0x7f, APFloat::Float8E4M3FN()},
      {"f8E5M2", 8, 2, 15, 0x7b, 0x7c, 0x7e, APFloat::Float8E5M2()},
      {"f6E2M3FN", 6, 3, 1, 0x1f, 0x1f, 0, APFloat::Float6E2M3FN()},
      {"f6E3M2FN", 6, 2, 3, 0x1f, 0x1f, 0, APFloat::Float6E3M2FN()},
      {"f4E2M1FN", 4, 1, 1, 0x7, 0x7, 0, APFloat::Float4E2M1FN()}};
  return formats;
}

static constexpr llvm::StringLiteral e8m0Name = "f8E8M0FNU";

static const Format &getFormat(llvm::StringRef name) {
  return *llvm::find_if(getFormats(),
                        [&](const Format &f) { return f.name == name; });
}

std::vector<Mode> quantx::exhaustive::getModes() {
  std::vector<Mode> modes;
  for (const Format &format : getFormats()) {
    for (bool tiesTowardZero : {false, true}) {
      if (format.hasNaN())
        modes.push_back({format.name.str(), tiesTowardZero, false});
      modes.push_back({format.name.str(), tiesTowardZero, true});
    }
  }
  modes.push_back({e8m0Name.str(), false, false});
  return modes;
}

std::string Mode::print() const {
  std::string text = format;
  if (format == e8m0Name)
    return text;
  text += tiesTowardZero ? " nearest_toward_zero" : " nearest_even";
  return text + (saturate ? " saturate" : " overflow");
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

static constexpr uint32_t infinity = 0x7f800000;
static constexpr uint32_t signBit = 0x80000000;

static uint32_t toBits(double value) {
  auto narrow = static_cast<float>(value);
  assert(double(narrow) == value && "midpoints are exact in f32");
  return llvm::bit_cast<uint32_t>(narrow);
}

/// The first magnitude that rounds to `code` rather than to the one below.
static uint32_t getFirst(const Format &format, unsigned code,
                         bool tiesTowardZero) {
  double midpoint = (format.getValue(code - 1) + format.getValue(code)) / 2;
  bool tieGoesUp = !tiesTowardZero && code % 2 == 0;
  return toBits(midpoint) + (tieGoesUp ? 0 : 1);
}

/// The runs of the NaN patterns: quiet, with the top of the payload.
static void addNaNs(const Format &format, std::vector<Run> &runs) {
  if (!format.hasNaN()) {
    runs.push_back({infinity + 1, format.largest, Kind::NaN});
    return;
  }
  unsigned shift = 23 - format.mantissaBits;
  for (uint32_t payload = 0; payload < (1u << format.mantissaBits); ++payload) {
    uint32_t first = infinity + std::max(payload << shift, 1u);
    runs.push_back({first, uint8_t(format.nan | payload), Kind::NaN});
  }
}

/// The runs of the patterns without a sign.
static std::vector<Run> getPositiveRuns(const Format &format,
                                        const Mode &mode) {
  std::vector<Run> runs = {{0, 0, Kind::Zero}};
  for (unsigned code = 1; code <= format.largest; ++code)
    runs.push_back({getFirst(format, code, mode.tiesTowardZero), uint8_t(code),
                    code == format.largest ? Kind::Largest : Kind::Finite});
  bool overflows = !mode.saturate && format.overflow != format.largest;
  if (overflows)
    runs.push_back({getFirst(format, format.largest + 1, mode.tiesTowardZero),
                    format.overflow, Kind::Overflow});
  addNaNs(format, runs);
  return runs;
}

/// 2^(code - 127), ties up; below and above, the nearest that there is, and
/// NaN.
static std::vector<Run> getE8M0Runs() {
  std::vector<Run> runs = {{0, 0, Kind::Zero}};
  for (int code = 1; code <= 0xfe; ++code)
    runs.push_back({toBits(std::ldexp(1.5, code - 1 - 127)), uint8_t(code),
                    code == 0xfe ? Kind::Largest : Kind::Finite});
  runs.push_back({toBits(std::ldexp(1.5, 127)), 0xff, Kind::Overflow});
  runs.push_back({infinity + 1, 0xff, Kind::NaN});
  return runs;
}

std::vector<Run> quantx::exhaustive::getRuns(const Mode &mode) {
  bool isE8M0 = mode.format == e8m0Name;
  std::vector<Run> runs =
      isE8M0 ? getE8M0Runs() : getPositiveRuns(getFormat(mode.format), mode);
  size_t count = runs.size();
  for (size_t i = 0; i < count; ++i) {
    Run run = runs[i];
    run.first += signBit;
    // The sign counts but in E8M0, and for NaN where there is none.
    if (!isE8M0 && (run.kind != Kind::NaN || getFormat(mode.format).hasNaN()))
      run.code |= getFormat(mode.format).getSign();
    runs.push_back(run);
  }
  return runs;
}

//===----------------------------------------------------------------------===//
// APFloat
//===----------------------------------------------------------------------===//

/// What APFloat makes of a pattern, with the rules on top that it does not
/// have: those of saturation and of formats without NaN or infinity.
static uint8_t encodeByAPFloat(const Mode &mode, uint32_t bits) {
  const Format *format =
      mode.format == e8m0Name ? nullptr : &getFormat(mode.format);
  APFloat value(llvm::bit_cast<float>(format ? bits : bits & ~signBit));
  if (!format && (value.isNaN() || value.isInfinity()))
    return 0xff;
  uint8_t sign = format && value.isNegative() ? format->getSign() : 0;
  if (format && !format->hasNaN() && value.isNaN())
    return format->largest;
  if (format && value.isInfinity())
    return sign | (mode.saturate ? format->largest : format->overflow);
  bool isNaN = value.isNaN();
  bool losesInfo;
  value.convert(format ? format->semantics : APFloat::Float8E8M0FNU(),
                APFloat::rmNearestTiesToEven, &losesInfo);
  auto code = uint8_t(value.bitcastToAPInt().getZExtValue());
  if (!format)
    return code;
  uint8_t magnitude = code & (format->getSign() - 1);
  if (mode.saturate && !isNaN && magnitude > format->largest)
    return sign | format->largest;
  return code;
}

/// Whether two codes of one value may differ because it is a tie.
static bool isTie(const Mode &mode, uint32_t bits, uint8_t low, uint8_t high) {
  const Format &format = getFormat(mode.format);
  uint8_t mask = format.getSign() - 1;
  double magnitude = std::fabs(double(llvm::bit_cast<float>(bits)));
  double midpoint =
      (format.getValue(low & mask) + format.getValue(high & mask)) / 2;
  return (high & mask) == (low & mask) + 1 && magnitude == midpoint;
}

llvm::Error quantx::exhaustive::checkAgainstAPFloat(const Mode &mode,
                                                    llvm::ArrayRef<Run> runs) {
  auto check = [&](uint32_t bits, uint8_t code) -> llvm::Error {
    uint8_t theirs = encodeByAPFloat(mode, bits);
    if (theirs == code ||
        (mode.tiesTowardZero && isTie(mode, bits, code, theirs)))
      return llvm::Error::success();
    return llvm::createStringError(
        "the oracle disagrees with APFloat on " + mode.print() + ": bits 0x" +
        llvm::utohexstr(bits) + ", oracle 0x" + llvm::utohexstr(code) +
        ", APFloat 0x" + llvm::utohexstr(theirs));
  };
  for (size_t i = 0; i < runs.size(); ++i) {
    uint32_t last = i + 1 < runs.size() ? runs[i + 1].first - 1 : ~0u;
    for (uint32_t bits : {runs[i].first, last})
      if (llvm::Error error = check(bits, runs[i].code))
        return error;
  }
  return llvm::Error::success();
}
