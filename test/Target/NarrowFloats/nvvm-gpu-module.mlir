// A kernel of somebody else's, in the stock tool: our pass and upstream's make
// PTX of it.
//
// REQUIRES: plugin
//
// RUN: mlir-opt-22 %s --load-dialect-plugin=%plugin --load-pass-plugin=%plugin \
// RUN:   --pass-pipeline='builtin.module( \
// RUN:     quantx-expand-narrow-floats{target=sm_90}, \
// RUN:     nvvm-attach-target{chip=sm_90 features=+ptx80 O=3}, \
// RUN:     convert-vector-to-llvm, gpu.module(convert-gpu-to-nvvm), \
// RUN:     reconcile-unrealized-casts, gpu-module-to-binary{format=isa})' \
// RUN: | FileCheck %s --implicit-check-not=.local

// CHECK: gpu.binary @kernels
// CHECK-SAME: .target sm_90
// CHECK-SAME: .entry quantize
// CHECK-SAME: cvt.rn.satfinite.e4m3x2.f32
// CHECK-SAME: cvt.rn.satfinite.e4m3x2.f32
gpu.module @kernels {
  gpu.func @quantize(%x: memref<?xf32>, %y: memref<?xi8>) kernel {
    %thread = gpu.thread_id x
    %c4 = arith.constant 4 : index
    %i = arith.muli %thread, %c4 : index
    %v = vector.load %x[%i] : memref<?xf32>, vector<4xf32>
    %q = arith.truncf %v : vector<4xf32> to vector<4xf8E4M3FN>
    %b = arith.bitcast %q : vector<4xf8E4M3FN> to vector<4xi8>
    vector.store %b, %y[%i] : memref<?xi8>, vector<4xi8>
    gpu.return
  }
}
