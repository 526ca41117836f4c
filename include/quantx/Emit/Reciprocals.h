//===- Reciprocals.h - Products in place of divisions -----------*- C++ -*-===//

#ifndef QUANTX_EMIT_RECIPROCALS_H
#define QUANTX_EMIT_RECIPROCALS_H

#include "quantx/Emit/ElementwiseBuilder.h"

namespace quantx {

/// The reciprocal of a divisor, as the sum of two f32: rounded, and what it
/// lacks.
struct Reciprocal {
  mlir::Value rounded;
  mlir::Value rest;

  /// `value` times the reciprocal, by a target that multiplies and adds in one
  /// instruction.
  mlir::Value multiply(ElementwiseBuilder &b, mlir::Value value) const;
};

/// The reciprocal of `divisor` (f32). Where `emitHasReciprocal` says so and
/// nothing leaves the range of normal numbers, products with it are on the same
/// side of each boundary between two codes as quotients are, or on it as they
/// are.
Reciprocal emitReciprocal(ElementwiseBuilder &b, mlir::Value divisor);

/// Whether the significand of `divisor` (f32) is none of the few whose
/// reciprocal may take a value to another code than the division.
mlir::Value emitHasReciprocal(ElementwiseBuilder &b, mlir::Value divisor);

/// `value` (f32, not negative) over `divisor`, an integer below 2^10 times a
/// power of two near 1, rounded as a quotient is where it and its 2^-30th are
/// normal. Needs a target as `Reciprocal::multiply` does.
mlir::Value emitDivideByConstant(ElementwiseBuilder &b, mlir::Value value,
                                 double divisor);

/// The f32 from 2^least on that are below 2^end.
struct PowerRange {
  mlir::Value contains(ElementwiseBuilder &b, mlir::Value value) const;

  int least, end;
};

} // namespace quantx

#endif // QUANTX_EMIT_RECIPROCALS_H
