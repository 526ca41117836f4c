//===- AMXTileLoops.h - The loops of products of tiles ----------*- C++ -*-===//

#ifndef QUANTX_LIB_TARGET_CPU_AMXTILELOOPS_H
#define QUANTX_LIB_TARGET_CPU_AMXTILELOOPS_H

#include "quantx/Conversion/QuantXToVector/TileProduct.h"

namespace quantx {

/// Computes a product on buffers by ops of `amx`, with its tiles of sums in
/// registers.
void buildTileLoops(mlir::ImplicitLocOpBuilder &b, const TileProduct &product);

/// The same of integers: those of a run are summed in registers, and then added
/// to the sums in memory by vectors.
void buildTileLoops(mlir::ImplicitLocOpBuilder &b,
                    const IntegerTileProduct &product);

} // namespace quantx

#endif // QUANTX_LIB_TARGET_CPU_AMXTILELOOPS_H
