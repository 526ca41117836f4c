//===- Encode.cpp - Encoding in kernels -----------------------------------===//

#include "Encode.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/PackedCodes.h"
#include "quantx/Emit/VectorPacking.h"
#include <numeric>

using namespace mlir;
using namespace quantx;

int64_t quantx::getEncodedUnitSize(ScaledType type) {
  int64_t elements = 256 / type.getExpressedType().getIntOrFloatBitWidth();
  int64_t codes = 8 / std::gcd(8u, type.getStorageBits());
  return std::max(elements, codes);
}

static VectorType getVectorLike(Value vector, Type element) {
  return cast<VectorType>(vector.getType()).clone(element);
}

/// 0, 1, 2, ... for the lanes of `like`.
static Value createSteps(ImplicitLocOpBuilder &b, Value like, Type element) {
  VectorType type = getVectorLike(like, element);
  SmallVector<Attribute> steps;
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    steps.push_back(b.getIntegerAttr(element, i));
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, steps));
}

/// `value`, a scalar, or a vector that has an element for as many neighbours
/// each: the same scalar, or a vector of `size`.
static Value spreadNeighbours(ImplicitLocOpBuilder &b, Value value,
                              int64_t size) {
  auto type = dyn_cast<VectorType>(value.getType());
  if (!type || type.getNumElements() == size)
    return value;
  SmallVector<int64_t> lanes;
  for (int64_t lane = 0; lane < size; ++lane)
    lanes.push_back(lane * type.getNumElements() / size);
  return vector::ShuffleOp::create(b, value, value, lanes);
}

/// The random words of elements that follow on the one at `first`.
static Value emitRandomWords(ImplicitLocOpBuilder &b, Value seed, Value first,
                             Value like) {
  ElementwiseBuilder arith(b, b.getLoc());
  Type i64 = b.getI64Type();
  VectorType type = getVectorLike(like, i64);
  Value index = arith::IndexCastOp::create(b, i64, first);
  Value indices =
      arith::AddIOp::create(b, vector::BroadcastOp::create(b, type, index),
                            createSteps(b, like, i64));
  return emitRandomBits(arith, vector::BroadcastOp::create(b, type, seed),
                        indices);
}

/// `codes` (i8), but 0 where `unit` has no elements.
static Value clearPadding(ImplicitLocOpBuilder &b, Value codes,
                          const Unit &unit) {
  ElementwiseBuilder arith(b, b.getLoc());
  Type i32 = b.getI32Type();
  Value count = arith::IndexCastOp::create(b, i32, unit.count);
  Value counts =
      vector::BroadcastOp::create(b, getVectorLike(codes, i32), count);
  Value isThere = arith.less(createSteps(b, codes, i32), counts);
  return arith.select(isThere, codes, arith.integer(8, 0, codes));
}

Value UnitEncoder::encodeOneByOne(ImplicitLocOpBuilder &b, Value elements,
                                  const BlockParameters &parameters,
                                  const Unit &unit, Value first) const {
  ElementwiseBuilder arith(b, b.getLoc());
  RoundingSpec spec{rounding, Value()};
  if (seed)
    spec.randomBits = emitRandomWords(b, seed, first, elements);
  int64_t size = cast<VectorType>(elements.getType()).getNumElements();
  BlockFactors factors = emitQuantizeFactors(arith, type, parameters);
  Value codes = emitQuantizeElement(
      arith, type, elements, spreadFactors(b, factors, size), spec, saturate);
  unsigned bits = type.getStorageBits();
  // Zeros are coded as zero points.
  if (unit.count && bits != 8 && type.hasZeroPoint())
    codes = clearPadding(b, codes, unit);
  return emitPackCodes(arith, codes, bits);
}

Value UnitEncoder::encodeByQuotient(ImplicitLocOpBuilder &b, Value elements,
                                    const BlockParameters &parameters,
                                    const Unit &unit, Value first) const {
  ElementwiseBuilder arith(b, b.getLoc());
  int64_t size = cast<VectorType>(elements.getType()).getNumElements();
  PackedEncoder encoder = {type, saturate, areChosenFor};
  BlockQuotient quotient =
      emitQuantizeQuotient(arith, type, parameters, QuotientRange::Any,
                           /*takesAnyPower=*/true);
  SmallVector<Value> values;
  for (Value value : quotient.getValues())
    values.push_back(spreadNeighbours(b, value, size));
  BlockQuotient spread = quotient.withValues(values);
  if (!quotient.rest)
    return encoder.encode(arith, elements, spread);
  auto encode = [&]() -> SmallVector<Value> {
    return {encoder.encode(arith, elements, spread)};
  };
  auto divide = [&]() -> SmallVector<Value> {
    return {encodeOneByOne(b, elements, parameters, unit, first)};
  };
  Value isUsable = quotient.emitIsUsable(b);
  return buildIfElse(b, isUsable, encode, divide)[0];
}

Value UnitEncoder::encode(ImplicitLocOpBuilder &b, Value elements,
                          const BlockParameters &parameters, const Unit &unit,
                          Value first) const {
  RoundingSpec spec{rounding, Value()};
  return PackedEncoder::isPossible(type, spec, saturate)
             ? encodeByQuotient(b, elements, parameters, unit, first)
             : encodeOneByOne(b, elements, parameters, unit, first);
}

UnitLayout quantx::getEncodeLayout(ScaledType type) {
  constexpr int64_t unrolled = 2;
  return {getEncodedUnitSize(type), unrolled};
}

void quantx::buildEncodeUnits(
    KernelBuilder &kernel, const Rows &rows, const UnitEncoder &encoder,
    Value input, Value payload,
    function_ref<SmallVector<Value>(const Unit &)> getParameters) {
  ImplicitLocOpBuilder &b = kernel.getBody();
  ScaledType type = encoder.type;
  UnitLayout layout = getEncodeLayout(type);
  unsigned inputBits = type.getExpressedType().getIntOrFloatBitWidth();
  unsigned codeBits = type.getStorageBits();
  auto load = [&](const Unit &unit) {
    Value offset = rows.getElement(b, unit.row, unit.column);
    SmallVector<Value> loaded = {
        loadUnit(b, input, offset, unit, layout.size, inputBits)};
    llvm::append_range(loaded, getParameters(unit));
    return loaded;
  };
  auto process = [&](const Unit &unit, ValueRange loaded) {
    auto parameters = BlockParameters::get(type, loaded.drop_front());
    Value first = rows.getElement(b, unit.row, unit.column);
    Value bytes = encoder.encode(b, loaded.front(), parameters, unit, first);
    Value offset = rows.getByte(b, codeBits, unit.row, unit.column);
    storeUnit(b, bytes, payload, offset, unit, codeBits);
  };
  UnitAccess accesses[] = {
      {input, inputBits, getUnitAlignment(layout.size, inputBits)},
      {payload, codeBits, getUnitAlignment(layout.size, codeBits)}};
  buildUnits(kernel, rows, layout, accesses, {load, process});
}
