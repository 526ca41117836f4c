//===- Passes.td - From quantx to linalg -------------------*- tablegen -*-===//

#ifndef QUANTX_CONVERSION_QUANTXTOLINALG_PASSES_TD
#define QUANTX_CONVERSION_QUANTXTOLINALG_PASSES_TD

include "mlir/Pass/PassBase.td"

def QuantXLowerToLinalg : Pass<"quantx-lower-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower quantx to linalg, arith and tensor on plain types";
  let description = [{
    Replaces every `!quantx.scaled` tensor by its parts, in this order: the
    payload (codes packed into bytes), the scales, the zero points and the global
    scale, through function signatures, calls, branches, `scf` and block
    arguments; and every quantx op by `linalg.generic` on them.

    Integer codes and zero points live in bytes in memory: tensors of unsigned
    integers up to 8 bits, and of signless integers of 2 to 7 bits in
    signatures, become `tensor<...xi8>`, zero- or sign-extended.

    Where the last dimension of a scaled tensor is dynamic, and codes have less
    than 8 bits, bytes do not tell how many codes a row has. Through branches,
    `scf` and calls of private functions that number goes along, as an `index`
    behind the parts. A public function keeps its signature; calls of it go to a
    private copy. Of its arguments, rows have as many codes as their bytes hold.

    The pass fails, naming the op, when an op on a scaled tensor has no lowering.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

#endif // QUANTX_CONVERSION_QUANTXTOLINALG_PASSES_TD
