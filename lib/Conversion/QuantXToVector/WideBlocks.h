//===- WideBlocks.h - Blocks of several vectors -----------------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_WIDEBLOCKS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_WIDEBLOCKS_H

#include "quantx/Conversion/QuantXToLinalg/BlockLoops.h"

namespace quantx {

/// The elements of a block as vectors of `lanes` along the rows. The rest is as
/// of `LinalgBlockElements`.
std::unique_ptr<BlockElements>
createWideElements(mlir::OpBuilder &builder, mlir::Location loc,
                   ScaledType type, mlir::Value input, mlir::Value weights,
                   llvm::ArrayRef<mlir::OpFoldResult> sizes,
                   mlir::ValueRange indices, int64_t lanes);

/// The loops of a scale method over blocks that are wide along the rows, whole
/// rows among them, or have several rows. What is reduced in any order is
/// reduced as vectors of `chunk` elements, and their lanes at the end; of sums
/// in order the terms are vectors.
class WideBlockComputation : public LinalgBlockComputation {
public:
  WideBlockComputation(mlir::OpBuilder &builder, mlir::Location loc,
                       ScaledType type, mlir::Value input, mlir::Value weights,
                       mlir::Value global, int64_t chunk)
      : LinalgBlockComputation(builder, loc, type, input, weights, global),
        chunk(chunk) {}

protected:
  std::unique_ptr<BlockElements>
  createElements(mlir::OpBuilder &b, mlir::Location loc,
                 mlir::ValueRange indices) const override;

private:
  int64_t chunk;
};

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_WIDEBLOCKS_H
