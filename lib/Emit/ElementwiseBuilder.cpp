//===- ElementwiseBuilder.cpp - Arith on scalars, vectors and tensors
//-----------===//

#include "quantx/Emit/ElementwiseBuilder.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace quantx;

Type quantx::getTypeLike(Type like, Type element) {
  auto shaped = dyn_cast<ShapedType>(like);
  return shaped ? shaped.clone(element) : element;
}

static unsigned getWidth(Value value) {
  return getElementTypeOrSelf(value).getIntOrFloatBitWidth();
}

//===----------------------------------------------------------------------===//
// Constants and conversions
//===----------------------------------------------------------------------===//

static Value buildConstant(ImplicitLocOpBuilder &b, TypedAttr value,
                           Value like) {
  Type type = getTypeLike(like.getType(), value.getType());
  if (auto shaped = dyn_cast<ShapedType>(type))
    value = DenseElementsAttr::get(shaped, value);
  return arith::ConstantOp::create(b, value);
}

Value ElementwiseBuilder::f32(double value, Value like) {
  return buildConstant(b, b.getF32FloatAttr(static_cast<float>(value)), like);
}

Value ElementwiseBuilder::f64(double value, Value like) {
  return buildConstant(b, b.getF64FloatAttr(value), like);
}

Value ElementwiseBuilder::i32(int64_t value, Value like) {
  return integer(32, value, like);
}

Value ElementwiseBuilder::integer(unsigned bits, int64_t value, Value like) {
  APInt truncated = APInt(64, value, /*isSigned=*/true).trunc(bits);
  return buildConstant(b, b.getIntegerAttr(b.getIntegerType(bits), truncated),
                       like);
}

Value ElementwiseBuilder::bitcast(Value value, Type element) {
  if (getElementTypeOrSelf(value) == element)
    return value;
  return arith::BitcastOp::create(b, getTypeLike(value.getType(), element),
                                  value);
}

Value ElementwiseBuilder::zext(Value value, unsigned bits) {
  if (getWidth(value) == bits)
    return value;
  return arith::ExtUIOp::create(
      b, getTypeLike(value.getType(), b.getIntegerType(bits)), value);
}

Value ElementwiseBuilder::sext(Value value, unsigned bits) {
  if (getWidth(value) == bits)
    return value;
  return arith::ExtSIOp::create(
      b, getTypeLike(value.getType(), b.getIntegerType(bits)), value);
}

Value ElementwiseBuilder::trunc(Value value, unsigned bits) {
  if (getWidth(value) == bits)
    return value;
  return arith::TruncIOp::create(
      b, getTypeLike(value.getType(), b.getIntegerType(bits)), value);
}

Value ElementwiseBuilder::extendToF32(Value value) {
  Type element = getElementTypeOrSelf(value);
  if (element.isF32())
    return value;
  if (element.isBF16())
    return asF32(shl(zext(bitcast(value, b.getI16Type()), 32), 16));
  return arith::ExtFOp::create(b, getTypeLike(value.getType(), b.getF32Type()),
                               value);
}

static bool isSplat(Value value, int64_t integer) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  auto splat = constant ? dyn_cast<SplatElementsAttr>(constant.getValue())
                        : SplatElementsAttr();
  return splat && splat.getSplatValue<APInt>() == integer;
}

Value quantx::findExtendedBF16(Value value) {
  auto asF32 = value.getDefiningOp<arith::BitcastOp>();
  auto shift = asF32 ? asF32.getIn().getDefiningOp<arith::ShLIOp>() : nullptr;
  auto extend =
      shift ? shift.getLhs().getDefiningOp<arith::ExtUIOp>() : nullptr;
  auto bits =
      extend ? extend.getIn().getDefiningOp<arith::BitcastOp>() : nullptr;
  bool matches = bits && getElementTypeOrSelf(bits.getIn()).isBF16() &&
                 getElementTypeOrSelf(value).isF32() &&
                 isSplat(shift.getRhs(), 16);
  return matches ? bits.getIn() : Value();
}

Value ElementwiseBuilder::extendToF64(Value value) {
  Type type = getTypeLike(value.getType(), b.getF64Type());
  return value.getType() == type ? value
                                 : arith::ExtFOp::create(b, type, value);
}

// bf16 goes by integers: LLVM turns the conversion into a call of a run-time
// function that many systems lack, where the target has no instruction for it.
Value ElementwiseBuilder::truncateFromF32(Value value, Type element) {
  if (element.isF32())
    return value;
  if (!element.isBF16())
    return arith::TruncFOp::create(b, getTypeLike(value.getType(), element),
                                   value);
  Value bits = asI32(value);
  Value isOdd = bitAnd(lshr(bits, 16), 1);
  Value rounded = lshr(add(add(bits, 0x7fff), isOdd), 16);
  Value quieted = bitOr(lshr(bits, 16), i32(0x40, bits));
  Value result = select(isNaN(value), quieted, rounded);
  return bitcast(trunc(result, 16), element);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static bool isFloat(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value));
}

/// Broadcasts the scalars among `values` if another is a vector.
static void matchShapes(ImplicitLocOpBuilder &b,
                        std::initializer_list<Value *> values) {
  auto isVector = [](Value *value) {
    return isa<VectorType>(value->getType());
  };
  const auto *like = llvm::find_if(values, isVector);
  if (like == values.end())
    return;
  for (Value *value : values) {
    if (isVector(value))
      continue;
    Type type = getTypeLike((*like)->getType(), value->getType());
    *value = vector::BroadcastOp::create(b, type, *value);
  }
}

Value ElementwiseBuilder::add(Value lhs, Value rhs) {
  matchShapes(b, {&lhs, &rhs});
  if (isFloat(lhs))
    return arith::AddFOp::create(b, lhs, rhs, flags);
  return arith::AddIOp::create(b, lhs, rhs);
}

Value ElementwiseBuilder::add(Value lhs, int64_t rhs) {
  return rhs == 0 ? lhs : add(lhs, integer(getWidth(lhs), rhs, lhs));
}

Value ElementwiseBuilder::sub(Value lhs, Value rhs) {
  matchShapes(b, {&lhs, &rhs});
  if (isFloat(lhs))
    return arith::SubFOp::create(b, lhs, rhs, flags);
  return arith::SubIOp::create(b, lhs, rhs);
}

Value ElementwiseBuilder::mul(Value lhs, Value rhs) {
  matchShapes(b, {&lhs, &rhs});
  if (isFloat(lhs))
    return arith::MulFOp::create(b, lhs, rhs, flags);
  return arith::MulIOp::create(b, lhs, rhs);
}

Value ElementwiseBuilder::mul(Value lhs, double rhs) {
  return rhs == 1.0 ? lhs : mul(lhs, f32(rhs, lhs));
}

Value ElementwiseBuilder::div(Value lhs, Value rhs) {
  matchShapes(b, {&lhs, &rhs});
  return arith::DivFOp::create(b, lhs, rhs);
}

Value ElementwiseBuilder::fma(Value lhs, Value rhs, Value addend) {
  matchShapes(b, {&lhs, &rhs, &addend});
  return math::FmaOp::create(b, lhs, rhs, addend);
}

Value ElementwiseBuilder::bitAnd(Value lhs, int64_t rhs) {
  return arith::AndIOp::create(b, lhs, integer(getWidth(lhs), rhs, lhs));
}

Value ElementwiseBuilder::bitOr(Value lhs, Value rhs) {
  matchShapes(b, {&lhs, &rhs});
  return arith::OrIOp::create(b, lhs, rhs);
}

Value ElementwiseBuilder::bitXor(Value lhs, Value rhs) {
  matchShapes(b, {&lhs, &rhs});
  return arith::XOrIOp::create(b, lhs, rhs);
}

Value ElementwiseBuilder::shl(Value value, int64_t amount) {
  return arith::ShLIOp::create(b, value,
                               integer(getWidth(value), amount, value));
}

Value ElementwiseBuilder::lshr(Value value, int64_t amount) {
  return arith::ShRUIOp::create(b, value,
                                integer(getWidth(value), amount, value));
}

Value ElementwiseBuilder::min(Value lhs, int64_t rhs) {
  return arith::MinSIOp::create(b, lhs, integer(getWidth(lhs), rhs, lhs));
}

Value ElementwiseBuilder::max(Value lhs, int64_t rhs) {
  return arith::MaxSIOp::create(b, lhs, integer(getWidth(lhs), rhs, lhs));
}

//===----------------------------------------------------------------------===//
// Conditions
//===----------------------------------------------------------------------===//

static Value compare(ImplicitLocOpBuilder &b, arith::CmpIPredicate predicate,
                     Value lhs, Value rhs) {
  matchShapes(b, {&lhs, &rhs});
  return arith::CmpIOp::create(b, predicate, lhs, rhs);
}

Value ElementwiseBuilder::logicalAnd(Value lhs, Value rhs) {
  matchShapes(b, {&lhs, &rhs});
  return arith::AndIOp::create(b, lhs, rhs);
}

Value ElementwiseBuilder::logicalOr(Value lhs, Value rhs) {
  matchShapes(b, {&lhs, &rhs});
  return arith::OrIOp::create(b, lhs, rhs);
}

Value ElementwiseBuilder::equal(Value lhs, int64_t rhs) {
  return compare(b, arith::CmpIPredicate::eq, lhs,
                 integer(getWidth(lhs), rhs, lhs));
}

Value ElementwiseBuilder::less(Value lhs, Value rhs) {
  return compare(b, arith::CmpIPredicate::slt, lhs, rhs);
}

Value ElementwiseBuilder::less(Value lhs, int64_t rhs) {
  return compare(b, arith::CmpIPredicate::slt, lhs,
                 integer(getWidth(lhs), rhs, lhs));
}

Value ElementwiseBuilder::greater(Value lhs, int64_t rhs) {
  return compare(b, arith::CmpIPredicate::sgt, lhs,
                 integer(getWidth(lhs), rhs, lhs));
}

Value ElementwiseBuilder::greaterEqual(Value lhs, int64_t rhs) {
  return compare(b, arith::CmpIPredicate::sge, lhs,
                 integer(getWidth(lhs), rhs, lhs));
}

Value ElementwiseBuilder::lessUnsigned(Value lhs, Value rhs) {
  return compare(b, arith::CmpIPredicate::ult, lhs, rhs);
}

static Value compare(ImplicitLocOpBuilder &b, arith::CmpFPredicate predicate,
                     Value lhs, Value rhs) {
  matchShapes(b, {&lhs, &rhs});
  return arith::CmpFOp::create(b, predicate, lhs, rhs);
}

Value ElementwiseBuilder::equalF(Value lhs, Value rhs) {
  return compare(b, arith::CmpFPredicate::OEQ, lhs, rhs);
}

Value ElementwiseBuilder::greaterF(Value lhs, Value rhs) {
  return compare(b, arith::CmpFPredicate::OGT, lhs, rhs);
}

Value ElementwiseBuilder::greaterEqualF(Value lhs, Value rhs) {
  return compare(b, arith::CmpFPredicate::OGE, lhs, rhs);
}

Value ElementwiseBuilder::isNaN(Value value) {
  return arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, value, value);
}

Value ElementwiseBuilder::select(Value condition, Value ifTrue, Value ifFalse) {
  matchShapes(b, {&condition, &ifTrue, &ifFalse});
  Type element = getElementTypeOrSelf(ifTrue);
  // LLVM selects among 16-bit floats in f32 and rounds the result: by an
  // instruction that flushes subnormals of bf16, or a call of a function that
  // many systems lack.
  if (element.isF16() || element.isBF16()) {
    Type bits = b.getIntegerType(16);
    Value selected =
        select(condition, bitcast(ifTrue, bits), bitcast(ifFalse, bits));
    return bitcast(selected, element);
  }
  return arith::SelectOp::create(b, condition, ifTrue, ifFalse);
}
