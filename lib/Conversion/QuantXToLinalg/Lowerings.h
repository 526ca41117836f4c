//===- Lowerings.h - The linalg of each op ----------------------*- C++ -*-===//
//
// What each op computes, as linalg on the lowered form of its operands. The
// conversion patterns and bufferization share it. Results have the lowered
// types but for what is static.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_LOWERINGS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_LOWERINGS_H

#include "PackedCodes.h"
#include "quantx/IR/QuantXOps.h"
#include <variant>

namespace quantx {

/// How quantize and dynamic_quantize encode; `seed` is for stochastic rounding.
struct EncodeSpec {
  Rounding rounding;
  bool saturate;
  mlir::Value seed;
};

/// The global scale of `type` for `input`.
mlir::Value lowerChooseGlobal(mlir::OpBuilder &builder, mlir::Location loc,
                              ScaledType type, mlir::Value input);

/// How choose_qparams and dynamic_quantize choose; `weights` and `global` are
/// null where there are none.
struct ChooseSpec {
  ScaleMethodAttrInterface method;
  mlir::Value weights;
  mlir::Value global;
};

/// The parameters of `type` for `input`.
llvm::SmallVector<mlir::Value>
lowerChooseQParams(mlir::OpBuilder &builder, mlir::Location loc,
                   ScaledType type, mlir::Value input, const ChooseSpec &spec);

/// The codes of `input` under `parameters`, encoded where they are asked for.
CodeSource createEncodedSource(mlir::OpBuilder &builder, mlir::Location loc,
                               ScaledType type, mlir::Value input,
                               mlir::ValueRange parameters, EncodeSpec spec);

/// The payload of `input` under `parameters`.
mlir::Value lowerQuantize(mlir::OpBuilder &builder, mlir::Location loc,
                          ScaledType type, mlir::Value input,
                          mlir::ValueRange parameters, EncodeSpec spec);

/// The values of a scaled tensor of `codes` and `parameters`.
mlir::Value lowerDequantize(mlir::OpBuilder &builder, mlir::Location loc,
                            ScaledType type, const CodeSource &codes,
                            mlir::ValueRange parameters);

/// A scaled tensor that is read element by element.
struct ScaledSource {
  ScaledType type;
  CodeSource codes;
  llvm::SmallVector<mlir::Value> parameters;
};

/// The activations of scaled_matmul: a tensor of f32, f16 or bf16, or a scaled
/// one.
using MatmulLhs = std::variant<mlir::Value, ScaledSource>;

/// The result of scaled_matmul, which may be written over `init`.
mlir::Value lowerScaledMatmul(mlir::OpBuilder &builder, mlir::Location loc,
                              const MatmulLhs &lhs, const ScaledSource &rhs,
                              mlir::Value init);

/// The results of error_stats: scalars.
llvm::SmallVector<mlir::Value>
lowerErrorStats(mlir::OpBuilder &builder, mlir::Location loc, ScaledType type,
                mlir::Value original, const CodeSource &codes,
                mlir::ValueRange parameters);

/// Codes of the type `codeType`, one a byte: extended as the type says.
mlir::Value lowerUnpack(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::IntegerType codeType, const CodeSource &codes);

/// The scales in the layout of `op`, whose operands are `scales` and `sizes`.
mlir::Value lowerRelayoutScales(mlir::OpBuilder &builder, RelayoutScalesOp op,
                                mlir::Value scales, mlir::ValueRange sizes);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_LOWERINGS_H
