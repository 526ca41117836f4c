//===- QuantTypes.h - Upstream's quantized types as scaled ones -*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTTOQUANTX_QUANTTYPES_H
#define QUANTX_LIB_CONVERSION_QUANTTOQUANTX_QUANTTYPES_H

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "quantx/IR/QuantXTypes.h"

namespace quantx {

/// What a tensor of one of upstream's quantized types is here.
struct QuantTensor {
  /// The element type.
  ScaledType type;
  /// The scales, one for each block.
  mlir::DenseElementsAttr scales;
  /// The zero points; null where `type` has none.
  mlir::DenseElementsAttr zeroPoints;
};

/// Fails, through `emitError` and with a reason, on what has no equal here.
/// `tensor` has a quantized element type.
mlir::FailureOr<QuantTensor>
convertQuantTensor(mlir::RankedTensorType tensor,
                   llvm::function_ref<mlir::InFlightDiagnostic()> emitError);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTTOQUANTX_QUANTTYPES_H
