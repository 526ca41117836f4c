//===- QuantXOps.td - quantx operations --------------------*- tablegen -*-===//
//
// All of them: the file that TableGen reads.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_IR_QUANTXOPS_TD
#define QUANTX_IR_QUANTXOPS_TD

include "quantx/IR/QuantXElementOps.td"
include "quantx/IR/QuantXLayoutOps.td"
include "quantx/IR/QuantXMatmulOps.td"
include "quantx/IR/QuantXScaleOps.td"

#endif // QUANTX_IR_QUANTXOPS_TD
