//===- BufferizableOpInterfaceImpl.h - quantx in bufferization --*- C++ -*-===//

#ifndef QUANTX_CONVERSION_QUANTXTOLINALG_BUFFERIZABLEOPINTERFACEIMPL_H
#define QUANTX_CONVERSION_QUANTXTOLINALG_BUFFERIZABLEOPINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace quantx {

/// Attaches `BufferizableOpInterface` to the quantx ops, so that one-shot
/// bufferization takes functions that use quantx inside: an op is expanded into
/// its linalg, which is bufferized in turn. Scaled tensors, and tensors of
/// unsigned integers, must stay between quantx ops; where one leaves (function
/// boundaries, control flow, slices) the analysis fails and names
/// quantx-lower-to-linalg, which takes them everywhere.
void registerBufferizableOpInterfaceExternalModels(
    mlir::DialectRegistry &registry);

} // namespace quantx

#endif // QUANTX_CONVERSION_QUANTXTOLINALG_BUFFERIZABLEOPINTERFACEIMPL_H
