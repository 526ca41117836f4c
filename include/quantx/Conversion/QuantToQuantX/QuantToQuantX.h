//===- QuantToQuantX.h - From upstream's quant to quantx --------*- C++ -*-===//

#ifndef QUANTX_CONVERSION_QUANTTOQUANTX_QUANTTOQUANTX_H
#define QUANTX_CONVERSION_QUANTTOQUANTX_QUANTTOQUANTX_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/DialectConversion.h"
#include "quantx/IR/QuantXDialect.h"

namespace quantx {

#define GEN_PASS_DECL
#include "quantx/Conversion/QuantToQuantX/Passes.h.inc"

/// Converts ranked tensors of `!quant.uniform` to those of `!quantx.scaled`;
/// has no conversion for other uses of upstream's quantized types.
class QuantTypeConverter : public mlir::TypeConverter {
public:
  QuantTypeConverter();
};

/// Patterns for quant.qcast, dcast and scast on ranked tensors, given a
/// `QuantTypeConverter`.
void populateQuantToQuantXPatterns(const mlir::TypeConverter &converter,
                                   mlir::RewritePatternSet &patterns);

#define GEN_PASS_REGISTRATION
#include "quantx/Conversion/QuantToQuantX/Passes.h.inc"

} // namespace quantx

#endif // QUANTX_CONVERSION_QUANTTOQUANTX_QUANTTOQUANTX_H
