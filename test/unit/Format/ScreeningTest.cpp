//===- ScreeningTest.cpp - How far approximate errors are from errors -----===//
//
// The theorem on screening, by an approximate error of its own: with products
// rounded and with fused ones, in two orders.
//
//===----------------------------------------------------------------------===//

#include "Blocks.h"
#include "quantx/Format/ScaleRules.h"

using namespace quantx;
using namespace quantx::oracle;

namespace {

const ElementFormat e2m1 = *lookupFloatFormat("f4E2M1FN");

float multiplyAdd(float lhs, float rhs, float addend, bool isFused) {
  volatile float product = lhs * rhs;
  return isFused ? std::fma(lhs, rhs, addend) : product + addend;
}

/// The square of what an element misses, in f32.
float approximate(float element, float divisor, bool isFused) {
  float x = std::fabs(element), reciprocal = 1.0f / divisor;
  float power = std::ldexp(1.0f, std::ilogb(x * reciprocal));
  power = (x == 0 ? 1.0f : std::max(power, 1.0f)) * 0x1p22f;
  volatile float sum = multiplyAdd(x, reciprocal, power, isFused);
  float value = std::min(sum - power, 6.0f);
  return multiplyAdd(-value, divisor, x, isFused);
}

/// The approximate error, first to last or last to first.
float approximate(llvm::ArrayRef<float> block, float divisor, bool isFused,
                  bool isReversed) {
  float sum = 0;
  for (size_t i = 0; i < block.size(); ++i) {
    float x = block[isReversed ? block.size() - 1 - i : i];
    float residual = approximate(x, divisor, isFused);
    sum = multiplyAdd(residual, residual, sum, isFused);
  }
  return sum;
}

/// The largest distance of the roots over the margin, of all scales that do not
/// clip everything.
double findDistance(llvm::ArrayRef<float> block, float global) {
  double most = 0, amax = double(computeAbsMax(block));
  double margin = getScreeningMargin(block.size()) * amax;
  BlockFormat format = {e2m1, ScaleFormat::E4M3, global};
  for (double scale : getScales(ScaleFormat::E4M3)) {
    float divisor = float(scale) * global;
    if (amax > 64 * double(divisor))
      continue;
    double error =
        computeSquaredError(block, {float(scale), 0, global}, format);
    for (bool isFused : {false, true}) {
      for (bool isReversed : {false, true}) {
        double other = double(approximate(block, divisor, isFused, isReversed));
        most = std::max(most, std::fabs(std::sqrt(error) - std::sqrt(other)) /
                                  margin);
      }
    }
  }
  return most;
}

/// A block of `kind` with the largest magnitude times 2^`exponent` in [1, 2).
std::vector<float> makeScaled(Kind kind, size_t size, int exponent,
                              Random &random) {
  std::vector<float> block = makeBlock(kind, size, e2m1, random);
  float amax = computeAbsMax(block);
  if (amax == 0 || !std::isfinite(amax))
    return {};
  for (float &x : block)
    x = std::ldexp(x, exponent - std::ilogb(amax));
  return block;
}

} // namespace

TEST(ScreeningTest, RootsAreWithinTheMargin) {
  Random random(21);
  double most = 0;
  for (int kind = 0; kind <= int(Kind::Last); ++kind) {
    for (size_t size : {1, 3, 8, 16, 32, 64}) {
      for (int exponent : {-50, -20, 0, 3, 59}) {
        SCOPED_TRACE(getName(Kind(kind)));
        std::vector<float> block =
            makeScaled(Kind(kind), size, exponent, random);
        if (block.empty())
          continue;
        float amax = computeAbsMax(block);
        for (double factor : {1.0, 0.3, 1.0 / 448, 1e-5}) {
          double distance = findDistance(block, float(double(amax) * factor));
          EXPECT_LE(distance, 1.0) << size << " " << exponent << " " << factor;
          most = std::max(most, distance);
        }
      }
    }
  }
  // The margin is no wild guess either.
  EXPECT_GE(most, 0x1p-5);
}
