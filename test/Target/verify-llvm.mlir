// RUN: quant-opt %s -quantx-verify-llvm -split-input-file -verify-diagnostics

// The llvm dialect, that of OpenMP inside it, and nested modules are done.
module {
  llvm.func @done(%x: f32) -> f32 {
    %0 = llvm.fadd %x, %x : f32
    omp.parallel {
      omp.terminator
    }
    llvm.return %0 : f32
  }
}

// -----

// Each op that is left is named, also inside llvm.func.
llvm.func @left(%x: f32) -> f32 {
  // expected-error@+1 {{'arith.addf' op has no lowering to the LLVM dialect}}
  %0 = arith.addf %x, %x : f32
  // expected-error@+1 {{'math.exp' op has no lowering to the LLVM dialect}}
  %1 = math.exp %0 : f32
  llvm.return %1 : f32
}

// -----

// expected-error@+1 {{'func.func' op has no lowering to the LLVM dialect}}
func.func private @declaration()

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
llvm.func @ours() {
  // expected-error@+1 {{'tensor.empty' op has no lowering to the LLVM dialect}}
  %0 = tensor.empty() : tensor<4x64x!mxfp4>
  // expected-error@+1 {{'quantx.dequantize' op has no lowering to the LLVM dialect}}
  %1 = quantx.dequantize %0 : tensor<4x64x!mxfp4> to tensor<4x64xf32>
  llvm.return
}
