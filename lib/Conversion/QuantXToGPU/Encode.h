//===- Encode.h - Encoding in kernels ---------------------------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_ENCODE_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_ENCODE_H

#include "Units.h"
#include "quantx/IR/QuantXAttrs.h"

namespace quantx {

/// How elements are encoded in a kernel.
struct UnitEncoder {
  ScaledType type;
  Rounding rounding;
  bool saturate;
  mlir::Value seed; ///< i64; null but for stochastic rounding
  /// Elements are those that the scales were chosen for: see `PackedEncoder`.
  bool areChosenFor = false;
  /// What is known of them over those scales.
  QuotientRange range = QuotientRange::Any;

  /// The packed codes of `elements`, a vector of the expressed type or f32,
  /// which are those of `unit`, with zeros for those that are not there.
  /// Parameters are scalars, or vectors for as many neighbours each. `first` is
  /// the index in the tensor of the first element.
  mlir::Value encode(mlir::ImplicitLocOpBuilder &b, mlir::Value elements,
                     const BlockParameters &parameters, const Unit &unit,
                     mlir::Value first) const;

private:
  mlir::Value encodeByQuotient(mlir::ImplicitLocOpBuilder &b,
                               mlir::Value elements,
                               const BlockParameters &parameters,
                               const Unit &unit, mlir::Value first) const;
  mlir::Value encodeOneByOne(mlir::ImplicitLocOpBuilder &b,
                             mlir::Value elements,
                             const BlockParameters &parameters,
                             const Unit &unit, mlir::Value first) const;
};

/// The elements that a thread encodes at once: 32 bytes of them, or the fewest
/// whose codes are whole bytes.
int64_t getEncodedUnitSize(ScaledType type);

/// How a kernel that encodes under known parameters goes over its units.
UnitLayout getEncodeLayout(ScaledType type);

/// Builds the body of such a kernel; `getParameters` gives those of a unit, as
/// `loadParameters` does.
void buildEncodeUnits(
    KernelBuilder &kernel, const Rows &rows, const UnitEncoder &encoder,
    mlir::Value input, mlir::Value payload,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(const Unit &)>
        getParameters);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_ENCODE_H
