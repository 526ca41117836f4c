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

/// The integer that the bits of a vector are.
static Value joinBits(ImplicitLocOpBuilder &b, Value vector) {
  auto type = cast<VectorType>(vector.getType());
  Type integer =
      b.getIntegerType(type.getNumElements() * type.getElementTypeBitWidth());
  Value joined =
      vector::BitCastOp::create(b, VectorType::get(1, integer), vector);
  return vector::ExtractOp::create(b, joined, int64_t(0));
}

/// Packed codes, but 0 where `unit` has no elements.
static Value clearPadding(ImplicitLocOpBuilder &b, Value bytes,
                          const Unit &unit, unsigned codeBits) {
  Value bits = joinBits(b, bytes);
  IndexMath math(b);
  unsigned width = bits.getType().getIntOrFloatBitWidth();
  Value padding =
      math.sub(math.constant(width), math.mul(unit.count, codeBits));
  Value ones = arith::ConstantOp::create(
      b, b.getIntegerAttr(bits.getType(), APInt::getAllOnes(width)));
  Value mask = arith::ShRUIOp::create(
      b, ones, arith::IndexCastOp::create(b, bits.getType(), padding));
  Value cleared =
      vector::BroadcastOp::create(b, VectorType::get(1, bits.getType()),
                                  arith::AndIOp::create(b, bits, mask));
  return vector::BitCastOp::create(b, cast<VectorType>(bytes.getType()),
                                   cleared);
}

/// Builds the branch that gives `bytes`, as words where these are whole: LLVM
/// would take bytes apart there.
static Value buildBranch(ImplicitLocOpBuilder &b, Value condition,
                         function_ref<Value()> ifTrue,
                         function_ref<Value()> ifFalse) {
  VectorType type;
  auto cast = [&](function_ref<Value()> build) -> SmallVector<Value> {
    Value bytes = build();
    type = llvm::cast<VectorType>(bytes.getType());
    int64_t size = type.getNumElements();
    if (size % 4 != 0)
      return {bytes};
    auto words = VectorType::get(size / 4, b.getI32Type());
    return {vector::BitCastOp::create(b, words, bytes)};
  };
  Value result = buildIfElse(
      b, condition, [&] { return cast(ifTrue); },
      [&] { return cast(ifFalse); })[0];
  return b.createOrFold<vector::BitCastOp>(type, result);
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
  return emitPackCodes(arith, codes, type.getStorageBits());
}

Value UnitEncoder::encodeByQuotient(ImplicitLocOpBuilder &b, Value elements,
                                    const BlockParameters &parameters,
                                    const Unit &unit, Value first) const {
  ElementwiseBuilder arith(b, b.getLoc());
  int64_t size = cast<VectorType>(elements.getType()).getNumElements();
  PackedEncoder encoder = {type, saturate, areChosenFor};
  // Limits cost nothing but where integers do without.
  BlockQuotient quotient = emitQuantizeQuotient(
      arith, type, parameters,
      range == QuotientRange::Fits ? range : QuotientRange::Any,
      /*takesAnyPower=*/true);
  SmallVector<Value> values;
  for (Value value : quotient.getValues())
    values.push_back(spreadNeighbours(b, value, size));
  BlockQuotient spread = quotient.withValues(values);
  if (!quotient.rest)
    return encoder.encode(arith, elements, spread);
  return buildBranch(
      b, quotient.emitIsUsable(b),
      [&] { return encoder.encode(arith, elements, spread); },
      [&] { return encodeOneByOne(b, elements, parameters, unit, first); });
}

Value UnitEncoder::encode(ImplicitLocOpBuilder &b, Value elements,
                          const BlockParameters &parameters, const Unit &unit,
                          Value first) const {
  RoundingSpec spec{rounding, Value()};
  Value bytes = PackedEncoder::isPossible(type, spec, saturate)
                    ? encodeByQuotient(b, elements, parameters, unit, first)
                    : encodeOneByOne(b, elements, parameters, unit, first);
  // Zeros are coded as zero points.
  unsigned bits = type.getStorageBits();
  return unit.count && bits != 8 && type.hasZeroPoint()
             ? clearPadding(b, bytes, unit, bits)
             : bytes;
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
