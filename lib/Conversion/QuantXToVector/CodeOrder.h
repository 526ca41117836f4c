//===- CodeOrder.h - The order of the codes of a chunk ----------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_CODEORDER_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_CODEORDER_H

#include "ChunkLoops.h"
#include "quantx/IR/QuantXOps.h"

namespace quantx {

/// The size of the chunks of `codes` in the layout `packing`: none where a
/// chunk may end within a block of it that goes on.
std::optional<int64_t> findChunkSize(mlir::RankedTensorType codes,
                                     Packing packing, int64_t largest);

/// Brings `codes`, those of `chunk`, from the order of the linear layout into
/// that of `packing`, or back.
mlir::Value reorderCodes(mlir::ImplicitLocOpBuilder &b, mlir::Value codes,
                         Packing packing, const Chunk &chunk, bool isBack);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_CODEORDER_H
