//===- QuantXInterfaces.td - quantx interfaces -------------*- tablegen -*-===//

#ifndef QUANTX_IR_QUANTXINTERFACES_TD
#define QUANTX_IR_QUANTXINTERFACES_TD

include "mlir/IR/OpBase.td"

def QuantX_ScaleMethodAttrInterface
    : AttrInterface<"ScaleMethodAttrInterface"> {
  let cppNamespace = "::quantx";
  let description = [{
    A way to choose the parameters (scales, zero points, global scale) of a
    `!quantx.scaled` tensor. A method is one attribute and one model of this
    interface: whether it suits a type, and the IR that computes the parameters,
    written once against `BlockComputation` and so independent of the lowering.

    The models live in `Emit`, beside the formulas that they use; they are
    attached by `quantx::registerScaleMethods`.
  }];
  let methods = [
    InterfaceMethod<[{
        Succeeds when the method defines parameters for `type`; else emits one
        diagnostic that names the method, what it needs and what it got.
      }],
      "::llvm::LogicalResult", "verifySuits",
      (ins "::quantx::ScaledType":$type,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError)>,
    InterfaceMethod<[{
        Whether the method weighs errors by a matrix for each block, which the
        op then has as an operand (`weighted_by`). Only of types whose blocks
        lie along one dimension.
      }],
      "bool", "takesWeights", (ins), [{}], [{ return false; }]>,
    InterfaceMethod<[{
        What is known of an element of `type` over the scale that the method
        chose for its block: encoding then needs fewer limits.
      }],
      "::quantx::QuotientRange", "getQuotientRange",
      (ins "::quantx::ScaledType":$type), [{}],
      [{ return ::quantx::QuotientRange::Any; }]>,
    InterfaceMethod<[{
        Builds the IR that computes the parameters of `blocks.getType()` from
        the elements that `blocks` runs over. Returns one value for each
        parameter, in the order of the lowered form. `blocks` provides the
        loops; only call it for a type that the method suits.
      }],
      "::llvm::SmallVector<::mlir::Value>", "buildParameters",
      (ins "::quantx::BlockComputation &":$blocks)>
  ];
}

#endif // QUANTX_IR_QUANTXINTERFACES_TD
