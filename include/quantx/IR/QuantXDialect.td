//===- QuantXDialect.td - The quantx dialect ---------------*- tablegen -*-===//

#ifndef QUANTX_IR_QUANTXDIALECT_TD
#define QUANTX_IR_QUANTXDIALECT_TD

include "mlir/IR/OpBase.td"

def QuantX_Dialect : Dialect {
  let name = "quantx";
  let cppNamespace = "::quantx";
  let summary = "Low-precision tensors together with their scales";
  let description = [{
    The `quantx` dialect models tensors stored in FP8, FP6, FP4, MX, NVFP4 and
    small integer formats *together with* the scales that give the codes their
    meaning. One element type, `!quantx.scaled`, says how a tensor is stored;
    attributes behind one interface say how its scales are chosen; the ops
    choose scales, encode, decode, pack, multiply and measure the error.

    A scale always multiplies on dequantize:

    ```
    x ≈ (code - zero_point) * scale * global
    ```

    and every granularity, from per tensor to 2-D blocks, is a block shape.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 0;
  let extraClassDeclaration = [{
    /// As the default, but `#quantx.floor : TYPE` becomes a WithTypeAttr: the
    /// parser takes a type after a dialect attribute as the attribute's own.
    ::mlir::Attribute parseAttribute(::mlir::DialectAsmParser &parser,
                                     ::mlir::Type type) const override;
    void printAttribute(::mlir::Attribute attr,
                        ::mlir::DialectAsmPrinter &printer) const override;
    void registerTypes();
    void registerAttributes();
  }];
}

#endif // QUANTX_IR_QUANTXDIALECT_TD
