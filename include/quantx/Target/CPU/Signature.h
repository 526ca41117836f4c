//===- Signature.h - What a compiled function takes and gives ---*- C++ -*-===//
//
// The lowered signature of a function: plain tensors and scalars, the ABI of
// compiled code.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TARGET_CPU_SIGNATURE_H
#define QUANTX_TARGET_CPU_SIGNATURE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "quantx/IO/Tensor.h"
#include "quantx/IR/QuantXTypes.h"
#include <string>

namespace quantx {

/// One argument or result.
struct ValueSignature {
  mlir::Type elementType;
  /// Sizes, ShapedType::kDynamic where any will do; empty for a scalar.
  llvm::SmallVector<int64_t, 3> shape;
  /// A scalar is passed by value, a tensor as a memref descriptor.
  bool isScalar = false;
  /// Which part of a quantized tensor it is: "payload", "scales", "zero
  /// points", "global scale"; empty for what was a plain value.
  std::string role;
  /// The quantized tensor's element type, for its parts; else null.
  ScaledType scaledType = {};
};

/// A function's arguments and results.
struct FunctionSignature {
  std::string name;
  llvm::SmallVector<ValueSignature> inputs;
  llvm::SmallVector<ValueSignature> outputs;
};

/// The signatures of the public functions with a body in `lowered`, a module of
/// plain types. `original` is the same module before quantized tensors became
/// their parts; it names these. Fails on a function with a type that is neither
/// a ranked tensor nor a scalar of floats or integers of whole bytes.
llvm::Expected<llvm::SmallVector<FunctionSignature>>
getSignatures(mlir::ModuleOp lowered, mlir::ModuleOp original);

/// The name and type that a diagnostic shows: "4x2 f8E8M0FNU (uint8)", with the
/// type of the array in parentheses; "?" for dynamic sizes.
std::string formatValue(const ValueSignature &value);

/// The element type under which values of `type` are written to files: bytes
/// are uint8, index is int64. Only for types in a signature.
ElementType getElementType(mlir::Type type);

/// Whether elements of a file's type can be read as `type`: integers as
/// integers of their size, bf16 also from uint16, 8-bit floats also from bytes.
bool acceptsElement(mlir::Type type, ElementType element);

/// Fails when `tensor` cannot be passed as `value`; the error has both.
llvm::Error checkTensor(const ValueSignature &value, const TensorView &tensor);

/// Fails when the dynamic sizes of the parts of a quantized tensor do not agree
/// with each other: scales and zero points have one entry for each block of the
/// codes that the payload holds. `tensors` have passed `checkTensor`.
llvm::Error checkParts(llvm::ArrayRef<ValueSignature> values,
                       llvm::ArrayRef<TensorView> tensors);

} // namespace quantx

#endif // QUANTX_TARGET_CPU_SIGNATURE_H
