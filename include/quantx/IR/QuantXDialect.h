//===- QuantXDialect.h - The quantx dialect ---------------------*- C++ -*-===//

#ifndef QUANTX_IR_QUANTXDIALECT_H
#define QUANTX_IR_QUANTXDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"

#include "quantx/IR/QuantXDialect.h.inc"

#endif // QUANTX_IR_QUANTXDIALECT_H
