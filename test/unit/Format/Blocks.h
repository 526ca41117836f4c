//===- Blocks.h - Blocks to try scale methods on ----------------*- C++ -*-===//
//
// Deterministic blocks of many kinds, and a property check that shrinks a
// failing block before it reports it.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TEST_UNIT_FORMAT_BLOCKS_H
#define QUANTX_TEST_UNIT_FORMAT_BLOCKS_H

#include "ScaleOracle.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"
#include <optional>
#include <random>

namespace quantx::oracle {

/// A source of numbers that is the same on every machine.
class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}

  /// In (0, 1).
  double uniform() { return (double(engine() >> 12) + 0.5) * 0x1p-52; }
  size_t below(size_t count) { return engine() % count; }
  double sign() { return engine() & 1 ? -1.0 : 1.0; }
  double gaussian() {
    return std::sqrt(-2 * std::log(uniform())) *
           std::cos(2 * 3.14159265358979323846 * uniform());
  }
  double laplace() { return -sign() * std::log(uniform()); }
  /// With four degrees of freedom: heavy tails.
  double student() {
    double chiSquared = -2 * std::log(uniform() * uniform());
    return gaussian() / std::sqrt(chiSquared / 4);
  }

private:
  std::mt19937_64 engine;
};

enum class Kind {
  Gaussian,
  HeavyTailed,
  Constant,
  OneOutlier,
  Representable, ///< values of codes times one scale
  Ties,          ///< midpoints between codes times one scale
  Subnormal,     ///< of f32
  Huge,          ///< up to the largest f32
  WideRange,     ///< every exponent of f32
  Fine,          ///< one just above a power of two, the rest between zero
                 ///< and the smallest code: a finer scale wins, or nearly
  Finer,         ///< as Fine, the rest alike, of one power of two below that
  Coarse,        ///< one that a coarser scale does not clip
  Last = Coarse
};

inline const char *getName(Kind kind) {
  static const char *const names[] = {
      "Gaussian",      "HeavyTailed", "Constant",  "OneOutlier",
      "Representable", "Ties",        "Subnormal", "Huge",
      "WideRange",     "Fine",        "Finer",     "Coarse"};
  return names[size_t(kind)];
}

/// One value of a block of `kind`, of which `values` are the codes' values.
/// `shift` is the block's own.
inline double drawValue(Kind kind, size_t index, const Values &values,
                        int shift, Random &random) {
  const std::vector<double> &v = values.values;
  double largest = v.back();
  auto power = std::exp2(std::floor(std::log2(largest)));
  switch (kind) {
  case Kind::Gaussian:
  case Kind::Subnormal:
  case Kind::Huge:
  case Kind::Constant:
    return random.gaussian();
  case Kind::HeavyTailed:
    return random.student();
  case Kind::OneOutlier:
    return random.gaussian() * (index == 0 ? 1000 : 1);
  case Kind::Representable:
    return v[random.below(v.size())];
  case Kind::Ties: {
    size_t i = random.below(v.size() - 1);
    return (v[i] + v[i + 1]) / 2;
  }
  case Kind::WideRange:
    return random.gaussian() * std::exp2(double(random.below(250)) - 126);
  case Kind::Fine: {
    double quantum = v[values.zero + 1];
    return index == 0
               ? random.sign() * power * (1 + random.uniform() / 8)
               : random.sign() * quantum *
                     (double(random.below(2)) + 0.4 + 0.2 * random.uniform());
  }
  case Kind::Finer:
    return index == 0 ? random.sign() * power * (1 + random.uniform() / 16)
                      : -std::ldexp(v[values.zero + 1], -shift) *
                            (1 + random.uniform() / 256);
  case Kind::Coarse:
    return index == 0 ? 2 * power - (2 * power - largest) * random.uniform()
                      : v[random.below(v.size())] * random.uniform();
  }
  llvm_unreachable("unknown kind");
}

/// A block of finite values, the largest of which is not zero.
inline Block makeBlock(Kind kind, size_t size, const ElementFormat &element,
                       Random &random) {
  Values values = getValues(element);
  double unit = std::exp2(double(random.below(60)) - 30);
  if (kind == Kind::Representable || kind == Kind::Ties) {
    // A scale of few bits, or none: products stay exact.
    unit *= random.below(2) ? 1.0 : 1.0 + double(random.below(8)) / 8;
  }
  auto shift = int(random.below(6));
  Block block;
  double first = 0;
  do {
    block.clear();
    for (size_t i = 0; i < size; ++i) {
      double value = drawValue(kind, i, values, shift, random) * unit;
      if (kind == Kind::Constant) {
        first = i == 0 ? value : first;
        value = first;
      }
      block.push_back(float(value));
    }
    double largest = 0;
    for (float x : block) {
      largest = std::max(largest, std::fabs(double(x)));
    }
    if (largest > 0 && (kind == Kind::Huge || kind == Kind::Subnormal)) {
      double target = kind == Kind::Huge
                          ? double(std::numeric_limits<float>::max()) *
                                std::exp2(-2 * random.uniform())
                          : std::exp2(-126 - 22 * random.uniform());
      for (float &x : block) {
        x = float(double(x) / largest * target);
      }
    }
    for (float &x : block) {
      x = std::isfinite(x) ? x : 1.0f;
    }
  } while (llvm::all_of(block, [](float x) { return x == 0; }));
  return block;
}

inline std::string toString(llvm::ArrayRef<float> block) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (float x : block) {
    stream << llvm::format("%a ", double(x));
  }
  return text;
}

/// What is wrong with a block, or none.
using Check =
    llvm::function_ref<std::optional<std::string>(llvm::ArrayRef<float>)>;

/// Smaller or simpler blocks: fewer elements, zeros, fewer mantissa bits, no
/// signs, unit size.
inline std::vector<Block> getSimpler(const Block &block) {
  std::vector<Block> simpler;
  for (size_t parts = 2; parts <= 2 * block.size(); parts *= 2) {
    size_t length = std::max<size_t>(block.size() / parts, 1);
    for (size_t i = 0; i + length <= block.size(); i += length) {
      Block shorter = block;
      shorter.erase(shorter.begin() + i, shorter.begin() + i + length);
      if (!shorter.empty()) {
        simpler.push_back(shorter);
      }
    }
  }
  for (size_t i = 0; i < block.size(); ++i) {
    for (uint32_t mask :
         {0x00000000u, 0x7FFFFFFFu, 0xFF800000u, 0xFFF00000u, 0xFFFFF000u}) {
      Block changed = block;
      changed[i] = toFloat(toBits(block[i]) & mask);
      if (toBits(changed[i]) != toBits(block[i])) {
        simpler.push_back(changed);
      }
    }
  }
  int exponent = std::ilogb(
      *std::max_element(block.begin(), block.end(), [](float x, float y) {
        return std::fabs(x) < std::fabs(y);
      }));
  if (exponent != 0 && exponent > -1000 && exponent < 1000) {
    Block scaled = block;
    for (float &x : scaled) {
      x = std::ldexp(x, -exponent);
    }
    simpler.push_back(scaled);
  }
  return simpler;
}

/// A block that fails and of which nothing simpler does, unless the search for
/// it takes too long.
inline Block shrink(Block block, Check check) {
  size_t budget = 200000; // of elements
  bool changed = true;
  while (changed) {
    changed = false;
    for (const Block &candidate : getSimpler(block)) {
      if (budget < candidate.size()) {
        return block;
      }
      budget -= candidate.size();
      if (check(candidate)) {
        block = candidate;
        changed = true;
        break;
      }
    }
  }
  return block;
}

/// Fails, with the simplest block found, if `check` does not hold for `block`.
/// Returns whether it holds.
inline bool expectHolds(const Block &block, Check check) {
  if (!check(block)) {
    return true;
  }
  Block simplest = shrink(block, check);
  ADD_FAILURE() << *check(simplest) << "\nfor the block " << toString(simplest)
                << "\nshrunk from " << toString(block);
  return false;
}

/// Calls `check` for blocks of every kind and of many sizes, `count` for each
/// kind, until one fails.
inline void expectForAllBlocks(const ElementFormat &element, size_t count,
                               Check check,
                               llvm::ArrayRef<size_t> sizes = {
                                   1, 2, 3, 5, 8, 16, 16, 17, 31, 32, 32, 64}) {
  for (int kind = 0; kind <= int(Kind::Last); ++kind) {
    SCOPED_TRACE(getName(Kind(kind)));
    Random random(1000 + kind);
    for (size_t i = 0; i < count; ++i) {
      size_t size = sizes[i % sizes.size()];
      if (!expectHolds(makeBlock(Kind(kind), size, element, random), check)) {
        return;
      }
    }
  }
}

/// Every float format, and integers of 2 to 8 bits: as fixed point, as OCP MX
/// has them under E8M0, or plain, and unsigned too if wanted.
inline std::vector<ElementFormat> getElementFormats(bool fixedPoint,
                                                    bool withUnsigned = false) {
  std::vector<ElementFormat> formats;
  for (const FloatFormat &format : getFloatFormats()) {
    formats.emplace_back(format);
  }
  for (unsigned bits = 2; bits <= 8; ++bits) {
    formats.emplace_back(IntegerFormat{bits, true, fixedPoint ? bits - 2 : 0});
    if (withUnsigned) {
      formats.emplace_back(IntegerFormat{bits, false});
    }
  }
  return formats;
}

inline std::string getName(const ElementFormat &element) {
  if (const auto *floats = std::get_if<FloatFormat>(&element)) {
    return floats->name.str();
  }
  const auto &format = std::get<IntegerFormat>(element);
  return (format.isSigned ? "i" : "ui") + std::to_string(format.bits);
}

} // namespace quantx::oracle

#endif // QUANTX_TEST_UNIT_FORMAT_BLOCKS_H
