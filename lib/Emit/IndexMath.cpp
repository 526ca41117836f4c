//===- IndexMath.cpp - Arithmetic on indices, folded ----------------------===//

#include "quantx/Emit/IndexMath.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"

using namespace mlir;
using namespace quantx;

Value IndexMath::get(OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(b, b.getLoc(), size);
}

Value IndexMath::add(Value lhs, Value rhs) {
  return b.createOrFold<arith::AddIOp>(lhs, rhs);
}
Value IndexMath::add(Value lhs, int64_t rhs) { return add(lhs, constant(rhs)); }

Value IndexMath::sub(Value lhs, Value rhs) {
  return b.createOrFold<arith::SubIOp>(lhs, rhs);
}

Value IndexMath::mul(Value lhs, Value rhs) {
  return b.createOrFold<arith::MulIOp>(lhs, rhs);
}
Value IndexMath::mul(Value lhs, int64_t rhs) { return mul(lhs, constant(rhs)); }

Value IndexMath::div(Value lhs, Value rhs) {
  return b.createOrFold<arith::DivUIOp>(lhs, rhs);
}
Value IndexMath::div(Value lhs, int64_t rhs) { return div(lhs, constant(rhs)); }

Value IndexMath::rem(Value lhs, Value rhs) {
  return b.createOrFold<arith::RemUIOp>(lhs, rhs);
}
Value IndexMath::rem(Value lhs, int64_t rhs) { return rem(lhs, constant(rhs)); }

Value IndexMath::ceilDiv(Value lhs, int64_t rhs) {
  return rhs == 1 ? lhs : div(add(lhs, rhs - 1), rhs);
}

Value IndexMath::min(Value lhs, Value rhs) {
  return b.createOrFold<arith::MinUIOp>(lhs, rhs);
}
Value IndexMath::max(Value lhs, Value rhs) {
  return b.createOrFold<arith::MaxUIOp>(lhs, rhs);
}
Value IndexMath::bitOr(Value lhs, Value rhs) {
  return b.createOrFold<arith::OrIOp>(lhs, rhs);
}
Value IndexMath::bitXor(Value lhs, Value rhs) {
  return b.createOrFold<arith::XOrIOp>(lhs, rhs);
}

Value IndexMath::less(Value lhs, Value rhs) {
  return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ult, lhs, rhs);
}
Value IndexMath::lessEqual(Value lhs, Value rhs) {
  return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ule, lhs, rhs);
}
Value IndexMath::equal(Value lhs, int64_t rhs) {
  return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, lhs,
                                       constant(rhs));
}
Value IndexMath::logicalAnd(Value lhs, Value rhs) {
  return b.createOrFold<arith::AndIOp>(lhs, rhs);
}
Value IndexMath::select(Value condition, Value ifTrue, Value ifFalse) {
  return b.createOrFold<arith::SelectOp>(condition, ifTrue, ifFalse);
}
