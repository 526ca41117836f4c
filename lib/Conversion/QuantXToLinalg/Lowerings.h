//===- Lowerings.h - The linalg of each op ----------------------*- C++ -*-===//
//
// What each op computes, as linalg on the lowered form of its operands. The
// conversion patterns and bufferization share it. Results have the lowered
// types but for what is static.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_LOWERINGS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_LOWERINGS_H

#include "quantx/IR/QuantXOps.h"

namespace quantx {

/// How quantize and dynamic_quantize encode; `seed` is for stochastic rounding.
struct EncodeSpec {
  Rounding rounding;
  bool saturate;
  mlir::Value seed;
};

/// The parameters of `type` that `method` chooses for `input`.
llvm::SmallVector<mlir::Value>
lowerChooseQParams(mlir::OpBuilder &builder, mlir::Location loc,
                   ScaledType type, ScaleMethodAttrInterface method,
                   mlir::Value input);

/// The payload of `input` under `parameters`.
mlir::Value lowerQuantize(mlir::OpBuilder &builder, mlir::Location loc,
                          ScaledType type, mlir::Value input,
                          mlir::ValueRange parameters, EncodeSpec spec);

/// The values, of `sizes`, of a scaled tensor given by its parts.
mlir::Value lowerDequantize(mlir::OpBuilder &builder, mlir::Location loc,
                            ScaledType type,
                            llvm::ArrayRef<mlir::OpFoldResult> sizes,
                            mlir::ValueRange parts);

/// The results of error_stats: scalars.
llvm::SmallVector<mlir::Value>
lowerErrorStats(mlir::OpBuilder &builder, mlir::Location loc, ScaledType type,
                mlir::Value original, mlir::ValueRange parts);

/// Codes in bytes, of the type `codeType`, packed; and back, as many as a
/// tensor of `sizes` has.
mlir::Value lowerPack(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::IntegerType codeType, mlir::Value codes);
mlir::Value lowerUnpack(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::IntegerType codeType,
                        llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        mlir::Value bytes);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_LOWERINGS_H
