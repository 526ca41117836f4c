//===- WeightLayouts.h - Weights in another order ---------------*- C++ -*-===//

#ifndef QUANTX_CONVERSION_QUANTXTOLINALG_WEIGHTLAYOUTS_H
#define QUANTX_CONVERSION_QUANTXTOLINALG_WEIGHTLAYOUTS_H

#include "mlir/IR/Builders.h"
#include "quantx/IR/QuantXTypes.h"

namespace quantx {

/// The parts of a scaled tensor in the layout `to`, from `parts`, those of the
/// tensor as `from`; as linalg. Types are the lowered ones but for what is
/// static.
llvm::SmallVector<mlir::Value> lowerRelayout(mlir::OpBuilder &builder,
                                             mlir::Location loc,
                                             mlir::RankedTensorType from,
                                             WeightLayout to,
                                             mlir::ValueRange parts);

} // namespace quantx

#endif // QUANTX_CONVERSION_QUANTXTOLINALG_WEIGHTLAYOUTS_H
