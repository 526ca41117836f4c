//===- Passes.td - Conversions of small floats -------------*- tablegen -*-===//

#ifndef QUANTX_TARGET_NARROWFLOATS_PASSES_TD
#define QUANTX_TARGET_NARROWFLOATS_PASSES_TD

include "mlir/Pass/PassBase.td"

def QuantXExpandHalfFloats : Pass<"quantx-expand-half-floats"> {
  let summary = "Convert f16 by integers where no instruction does";
  let description = [{
    Rewrites `arith.extf` from f16 to f32 or f64, and `arith.truncf` from f32 to
    f16, on scalars, vectors and tensors, to arithmetic on their bits, for a
    `target` without instructions for them: `generic`, and `native` on an x86
    CPU without F16C. LLVM would call a function of the compiler's runtime for
    each element. The bits are the same: what APFloat gives, a NaN quiet, with
    its sign and payload. Other targets are left as they are.

    Left as they are too: conversions from f64 (which would round twice), or in
    another rounding mode, and arithmetic on f16 itself.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"generic\"",
           "A target of quantx-expand-narrow-floats">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def QuantXExpandNarrowFloats : Pass<"quantx-expand-narrow-floats"> {
  let summary = "Expand conversions of f8, f6, f4 and e8m0 to fast, exact code";
  let description = [{
    Rewrites `arith.extf`, `arith.truncf`, `arith.scaling_extf` and
    `arith.scaling_truncf` between f8E4M3FN, f8E5M2, f6E2M3FN, f6E3M2FN,
    f4E2M1FN or f8E8M0FNU and f32, f16 or bf16, or one another, in anybody's IR,
    on scalars, vectors of any shape and tensors. The new code is exact for
    every bit pattern and every rounding mode: what APFloat gives, but for

    - NaN into a format without one, which becomes the largest finite value,
    - overflow of such a format, which saturates,
    - f8E8M0FNU: its NaN stays NaN; the sign of a value does not count; the
      nearest power of two is the upper one in a tie.

    A scale counts with its value, never only its exponent:
    `arith.scaling_extf` multiplies, and `arith.scaling_truncf` divides, in f32.
    To f32, f16 and bf16 these round as the type does, to nearest even. A NaN
    that comes out of the arithmetic has the sign and payload that the machine
    gives it.

    Registers hold one code a byte: on vectors, what moves small floats
    (`vector.shuffle`, `arith.select`, constants, ...) moves bytes, and
    `vector.bitcast` between small floats and wider elements packs or unpacks,
    so that no vector of less than a byte an element is left between them.

    The x86 targets call intrinsics, and the sm targets use ops of the `nvvm`
    dialect, of which bufferization does not know that they have no side
    effects: run the pass after it.

    `target` says which instructions there are; the bits are the same with all.

    | target | vectors by |
    |---|---|
    | `aarch64` | portable `arith` and `vector` |
    | `generic` | the same; f16 by integers, for want of an instruction |
    | `x86-64-v3` | AVX2: byte-shuffle tables (f4), F16C |
    | `x86-64-v4` | AVX-512: byte-shuffle tables (f4), F16C |
    | `x86-64-v4+avx512vbmi`, `x86-64-v4+amx` | AVX-512: byte tables of up to 128 entries |
    | `native` | what this machine has of these |
    | `sm_80`, `sm_86` | decoding through f16 |
    | `sm_89`, `sm_90`, `sm_90a`, `sm_100`, `sm_120` | PTX `cvt` for FP8, else through f16 |
    | `sm_100a`, `sm_100f`, `sm_103a`, `sm_120a`, `sm_120f`, `sm_121a` | PTX `cvt` for all formats |

    Scalars use `cvt` as well. It rounds to nearest even, and to f8E8M0FNU only
    upward or toward zero; in the other modes the code is portable. Where it
    gives another NaN or saturates, a few instructions around it make up for
    that.

    ```mlir
    %y = arith.truncf %x : f32 to f8E4M3FN
    // becomes integer arithmetic on the bits of %x, and
    %y = arith.bitcast %code : i8 to f8E4M3FN
    ```

    `vector.load` and `vector.store` of less than a byte an element read and
    write packed bytes, as upstream's lowering of them to LLVM does (where
    `memref.load` and `memref.store` take a byte an element: do not mix them on
    one buffer). `scf` ops carry codes.

    Left as they are: conversions from f64 (which would round twice), vectors of
    small floats in the signatures of functions, and `vector.transfer_read` and
    `transfer_write` of less than a byte an element: lower these to loads and
    stores first.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"generic\"",
           "The instructions to use; see the table">
  ];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::vector::VectorDialect"
  ];
}

#endif // QUANTX_TARGET_NARROWFLOATS_PASSES_TD
