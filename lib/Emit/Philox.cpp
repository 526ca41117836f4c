//===- Philox.cpp - Emitted counter-based random words --------------------===//

#include "quantx/Emit/Codes.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

namespace {
/// The state of Philox4x32: four counter words and two key words, all i32.
struct PhiloxState {
  Value counter[4];
  Value key[2];
};
} // namespace

/// The high and low words of the product of an i32 and a constant.
static std::pair<Value, Value> emitWideProduct(ElementwiseBuilder &b,
                                               Value value, int64_t factor) {
  Value wide = b.zext(value, 64);
  Value product = b.mul(wide, b.integer(64, factor, wide));
  return {b.trunc(b.lshr(product, 32), 32), b.trunc(product, 32)};
}

static void emitPhiloxRound(ElementwiseBuilder &b, PhiloxState &state) {
  auto [high0, low0] = emitWideProduct(b, state.counter[0], 0xD2511F53);
  auto [high1, low1] = emitWideProduct(b, state.counter[2], 0xCD9E8D57);
  state.counter[0] = b.bitXor(b.bitXor(high1, state.counter[1]), state.key[0]);
  state.counter[2] = b.bitXor(b.bitXor(high0, state.counter[3]), state.key[1]);
  state.counter[1] = low1;
  state.counter[3] = low0;
}

Value quantx::emitRandomBits(ElementwiseBuilder &b, Value seed, Value index) {
  if (isPlanted(Mutant::RandomCounterOff))
    index = b.add(index, 1);
  auto low = [&](Value value) { return b.trunc(value, 32); };
  auto high = [&](Value value) { return b.trunc(b.lshr(value, 32), 32); };
  Value zero = b.i32(0, index);
  PhiloxState state = {{low(index), high(index), zero, zero},
                       {low(seed), high(seed)}};
  for (unsigned round = 0; round < 10; ++round) {
    emitPhiloxRound(b, state);
    state.key[0] = b.add(state.key[0], 0x9E3779B9);
    state.key[1] = b.add(state.key[1], 0xBB67AE85);
  }
  return state.counter[0];
}
