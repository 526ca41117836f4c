//===- ElementwiseBuilder.h - Arith on values of any shape ------*- C++ -*-===//
//
// The numeric formulas are written once and used on scalars (in a linalg
// region), on vectors and on tensors. This builder is what makes that possible:
// every constant takes the shape of the value that it meets.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_EMIT_ELEMENTWISEBUILDER_H
#define QUANTX_EMIT_ELEMENTWISEBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"

namespace quantx {

/// `element`, or a vector or tensor of it with the shape of `like`.
mlir::Type getTypeLike(mlir::Type like, mlir::Type element);

/// The bf16 that `ElementwiseBuilder::extendToF32` made `value` of; null if it
/// did not.
mlir::Value findExtendedBF16(mlir::Value value);

/// Builds `arith` on values of one shape; a scalar that meets a vector is
/// broadcast to its lanes. Integers are signless; comparisons give i1 of the
/// same shape.
class ElementwiseBuilder {
public:
  ElementwiseBuilder(mlir::OpBuilder &builder, mlir::Location loc)
      : b(loc, builder) {}

  mlir::ImplicitLocOpBuilder &getBuilder() { return b; }

  /// The same builder, but sums of its products of floats may be rounded once,
  /// where the target has an instruction for that.
  ElementwiseBuilder withFusing() const {
    ElementwiseBuilder fusing = *this;
    fusing.flags = mlir::arith::FastMathFlags::contract;
    return fusing;
  }

  /// Constants of the shape of `like`.
  mlir::Value f32(double value, mlir::Value like);
  mlir::Value f64(double value, mlir::Value like);
  mlir::Value i32(int64_t value, mlir::Value like);
  mlir::Value integer(unsigned bits, int64_t value, mlir::Value like);

  /// Reinterprets the bits of each element.
  mlir::Value bitcast(mlir::Value value, mlir::Type element);
  mlir::Value asI32(mlir::Value value) {
    return bitcast(value, b.getI32Type());
  }
  mlir::Value asF32(mlir::Value value) {
    return bitcast(value, b.getF32Type());
  }

  /// Integer conversions to an element type of `bits` bits; no-ops where the
  /// width is right.
  mlir::Value zext(mlir::Value value, unsigned bits);
  mlir::Value sext(mlir::Value value, unsigned bits);
  mlir::Value trunc(mlir::Value value, unsigned bits);

  /// To f32 from f16, bf16 or f32, exactly.
  mlir::Value extendToF32(mlir::Value value);
  /// To f64 from f32 or f64, exactly.
  mlir::Value extendToF64(mlir::Value value);
  /// From f32 to f16, bf16 or f32, to nearest even; a NaN stays a (quiet) NaN.
  mlir::Value truncateFromF32(mlir::Value value, mlir::Type element);

  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value add(mlir::Value lhs, int64_t rhs);
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, double rhs);
  mlir::Value div(mlir::Value lhs, mlir::Value rhs);
  /// lhs * rhs + addend of floats, rounded once.
  mlir::Value fma(mlir::Value lhs, mlir::Value rhs, mlir::Value addend);
  mlir::Value bitAnd(mlir::Value lhs, int64_t rhs);
  mlir::Value bitOr(mlir::Value lhs, mlir::Value rhs);
  mlir::Value bitXor(mlir::Value lhs, mlir::Value rhs);
  mlir::Value shl(mlir::Value value, int64_t amount);
  mlir::Value lshr(mlir::Value value, int64_t amount);
  /// Signed minimum and maximum of integers.
  mlir::Value min(mlir::Value lhs, int64_t rhs);
  mlir::Value max(mlir::Value lhs, int64_t rhs);

  mlir::Value logicalAnd(mlir::Value lhs, mlir::Value rhs);
  mlir::Value logicalOr(mlir::Value lhs, mlir::Value rhs);
  /// Signed integer comparisons.
  mlir::Value equal(mlir::Value lhs, int64_t rhs);
  mlir::Value less(mlir::Value lhs, mlir::Value rhs);
  mlir::Value less(mlir::Value lhs, int64_t rhs);
  mlir::Value greater(mlir::Value lhs, int64_t rhs);
  mlir::Value greaterEqual(mlir::Value lhs, int64_t rhs);
  mlir::Value lessUnsigned(mlir::Value lhs, mlir::Value rhs);
  /// Ordered float comparisons: false on NaN.
  mlir::Value equalF(mlir::Value lhs, mlir::Value rhs);
  mlir::Value greaterF(mlir::Value lhs, mlir::Value rhs);
  mlir::Value greaterEqualF(mlir::Value lhs, mlir::Value rhs);
  mlir::Value isNaN(mlir::Value value);
  mlir::Value select(mlir::Value condition, mlir::Value ifTrue,
                     mlir::Value ifFalse);

private:
  mlir::ImplicitLocOpBuilder b;
  /// Of sums, differences and products.
  mlir::arith::FastMathFlags flags = mlir::arith::FastMathFlags::none;
};

} // namespace quantx

#endif // QUANTX_EMIT_ELEMENTWISEBUILDER_H
