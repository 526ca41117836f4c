// A chunk of 0 leaves vectors to LLVM.
//
// RUN: quant-opt %s --quantx-cpu-pipeline | FileCheck %s --check-prefix=VECTORS
// RUN: quant-opt %s --quantx-cpu-pipeline=chunk=16 | FileCheck %s --check-prefix=SIXTEEN
// RUN: quant-opt %s --quantx-cpu-pipeline=chunk=0 | FileCheck %s --check-prefix=SCALARS

// VECTORS: vector<64xi8>
// SIXTEEN-NOT: vector<64xi8>
// SIXTEEN: vector<16xi8>
// SCALARS-NOT: vector<
// SCALARS: llvm.func @pack
// SCALARS-NOT: vector<
func.func @pack(%c: tensor<8x64xi4>) -> tensor<8x32xi8> {
  %b = quantx.pack %c as #quantx.packing<linear>
         : tensor<8x64xi4> to tensor<8x32xi8>
  return %b : tensor<8x32xi8>
}
