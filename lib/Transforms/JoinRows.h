//===- JoinRows.h - Rows of dynamic size as one -----------------*- C++ -*-===//

#ifndef QUANTX_LIB_TRANSFORMS_JOINROWS_H
#define QUANTX_LIB_TRANSFORMS_JOINROWS_H

#include "mlir/IR/PatternMatch.h"
#include "quantx/IR/QuantXOps.h"

namespace quantx {

/// Makes `op`, where its rows have a dynamic size, an op on one row with all
/// elements if that size is a multiple of the block at run time; else on the
/// rows as they are. Only where blocks are parts of rows, and all that is asked
/// of the result are its parts. Returns the op on the joined rows, or `op`.
DynamicQuantizeOp joinRows(mlir::RewriterBase &rewriter, DynamicQuantizeOp op);

} // namespace quantx

#endif // QUANTX_LIB_TRANSFORMS_JOINROWS_H
