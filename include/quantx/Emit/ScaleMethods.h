//===- ScaleMethods.h - The models of the scale methods ---------*- C++ -*-===//

#ifndef QUANTX_EMIT_SCALEMETHODS_H
#define QUANTX_EMIT_SCALEMETHODS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace quantx {

/// Attaches the models of `ScaleMethodAttrInterface` to the method attributes.
void registerScaleMethods(mlir::DialectRegistry &registry);

} // namespace quantx

#endif // QUANTX_EMIT_SCALEMETHODS_H
