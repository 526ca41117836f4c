//===- QuantXAttrs.h - The quantx attributes and interfaces -----*- C++ -*-===//

#ifndef QUANTX_IR_QUANTXATTRS_H
#define QUANTX_IR_QUANTXATTRS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "quantx/IR/BlockComputation.h"
#include "quantx/IR/QuantXTypes.h"
#include "quantx/IR/QuotientRange.h"

#include "quantx/IR/QuantXEnums.h.inc"

#include "quantx/IR/QuantXAttrInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "quantx/IR/QuantXAttrs.h.inc"

#endif // QUANTX_IR_QUANTXATTRS_H
