//===- QuantXOpBase.td - the classes of quantx operations --*- tablegen -*-===//

#ifndef QUANTX_IR_QUANTXOPBASE_TD
#define QUANTX_IR_QUANTXOPBASE_TD

include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/OpBase.td"
include "quantx/IR/QuantXDialect.td"

class QuantX_Op<string mnemonic, list<Trait> traits = []>
    : Op<QuantX_Dialect, mnemonic, !listconcat(traits, [Pure])>;

/// An op whose result shapes follow from its operands.
class QuantX_ShapedOp<string mnemonic, list<Trait> traits = []>
    : QuantX_Op<mnemonic, !listconcat(traits, [
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                                  ["reifyResultShapes"]>])>;

#endif // QUANTX_IR_QUANTXOPBASE_TD
