//===- QuantXOps.h - The quantx operations ----------------------*- C++ -*-===//

#ifndef QUANTX_IR_QUANTXOPS_H
#define QUANTX_IR_QUANTXOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "quantx/IR/QuantXAttrs.h"
#include "quantx/IR/QuantXDialect.h"
#include "quantx/IR/QuantXTypes.h"

#define GET_OP_CLASSES
#include "quantx/IR/QuantXOps.h.inc"

#endif // QUANTX_IR_QUANTXOPS_H
