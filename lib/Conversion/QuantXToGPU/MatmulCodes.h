//===- MatmulCodes.h - Matrix instructions ----------------------*- C++ -*-===//
//
// `mma.sync` takes pairs of bf16 or f16: 16 rows by 8, and 16 elements of each.
// That with block scales takes codes and scales as they are in memory, of
// MXFP8, MXFP4 and NVFP4: 16 rows by 8, and 32 or 64 elements of each.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULCODES_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULCODES_H

#include "MatmulStages.h"

namespace quantx {

/// `sums`, four, and the products of a tile of 16 rows and one of 8 in a step
/// of K: a lane has four words of pairs of `element` of each of two rows of
/// weights, and of each part of a token.
llvm::SmallVector<mlir::Value>
multiplyPairs(mlir::ImplicitLocOpBuilder &b, mlir::Type element,
              llvm::ArrayRef<llvm::SmallVector<mlir::Value>> weightWords,
              llvm::ArrayRef<mlir::Value> tokenWords, mlir::ValueRange sums);

/// Steps of K of an instruction on codes.
int64_t getCodeSteps(ScaledType type);

/// What it takes of a tile of an operand: a lane's words of codes, and a word
/// of scales.
struct CodeTile {
  llvm::SmallVector<mlir::Value> words;
  mlir::Value scales;
};

/// Reads the codes of a lane's `rows` in a stage, and the scales of `scaleRow`.
CodeTile readCodeTile(mlir::ImplicitLocOpBuilder &b,
                      const StagedOperand &operand, mlir::ValueRange rows,
                      mlir::Value scaleRow, mlir::Value slot, mlir::Value step,
                      LanePlace lane);

/// `sums`, four, and the products of a tile of 16 rows and one of 8.
llvm::SmallVector<mlir::Value> multiplyCodes(mlir::ImplicitLocOpBuilder &b,
                                             std::array<ScaledType, 2> types,
                                             std::array<CodeTile, 2> tiles,
                                             mlir::ValueRange sums);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULCODES_H
