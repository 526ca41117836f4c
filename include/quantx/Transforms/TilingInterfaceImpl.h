//===- TilingInterfaceImpl.h - How quantx ops are tiled ---------*- C++ -*-===//

#ifndef QUANTX_TRANSFORMS_TILINGINTERFACEIMPL_H
#define QUANTX_TRANSFORMS_TILINGINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace quantx {

/// Attaches `TilingInterface` to choose_qparams, quantize, dynamic_quantize,
/// dequantize, pack, unpack, relayout_scales and scaled_matmul.
void registerTilingInterfaceExternalModels(mlir::DialectRegistry &registry);

} // namespace quantx

#endif // QUANTX_TRANSFORMS_TILINGINTERFACEIMPL_H
