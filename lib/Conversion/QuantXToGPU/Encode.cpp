//===- Encode.cpp - Encoding in kernels -----------------------------------===//

#include "Encode.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
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

Value UnitEncoder::encode(ImplicitLocOpBuilder &b, Value elements,
                          const BlockFactors &factors, const Unit &unit,
                          Value first) const {
  ElementwiseBuilder arith(b, b.getLoc());
  RoundingSpec spec{rounding, Value()};
  if (seed)
    spec.randomBits = emitRandomWords(b, seed, first, elements);
  int64_t size = cast<VectorType>(elements.getType()).getNumElements();
  Value codes = emitQuantizeElement(
      arith, type, elements, spreadFactors(b, factors, size), spec, saturate);
  unsigned bits = type.getStorageBits();
  if (unit.count && bits != 8)
    codes = clearPadding(b, codes, unit);
  return emitPackCodes(arith, codes, bits);
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
    ElementwiseBuilder arith(b, b.getLoc());
    BlockFactors factors = emitQuantizeFactors(
        arith, type, BlockParameters::get(type, loaded.drop_front()));
    Value first = rows.getElement(b, unit.row, unit.column);
    Value bytes = encoder.encode(b, loaded.front(), factors, unit, first);
    Value offset = rows.getByte(b, codeBits, unit.row, unit.column);
    storeUnit(b, bytes, payload, offset, unit, codeBits);
  };
  UnitAccess accesses[] = {
      {input, inputBits, getUnitAlignment(layout.size, inputBits)},
      {payload, codeBits, getUnitAlignment(layout.size, codeBits)}};
  buildUnits(kernel, rows, layout, accesses, {load, process});
}
