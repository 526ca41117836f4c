//===- ScaleMethods.h - The models of the scale methods ---------*- C++ -*-===//

#ifndef QUANTX_EMIT_SCALEMETHODS_H
#define QUANTX_EMIT_SCALEMETHODS_H

#include "mlir/IR/Value.h"

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace quantx {

class BlockComputation;

/// Attaches the models of `ScaleMethodAttrInterface` to the method attributes.
void registerScaleMethods(mlir::DialectRegistry &registry);

/// The global scale (f32) of a type that has one: what is given to `blocks`,
/// else what choose_global says, of the whole tensor.
mlir::Value buildGlobalScale(BlockComputation &blocks);

} // namespace quantx

#endif // QUANTX_EMIT_SCALEMETHODS_H
