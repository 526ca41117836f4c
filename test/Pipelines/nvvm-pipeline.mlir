// The way of a function: kernels and launches, buffers in the memory of the
// GPU, PTX and calls of the run time.
//
// RUN: quant-opt %s --quantx-lower-to-gpu --canonicalize --cse \
// RUN: | FileCheck %s --check-prefix=KERNEL
// RUN: quant-opt %s --quantx-nvvm-pipeline=chip=sm_90 \
// RUN: | FileCheck %s --check-prefix=HOST
// RUN: quant-opt %s --quantx-nvvm-pipeline="chip=sm_90 format=isa" \
// RUN: | %python %S/Inputs/ptx.py | FileCheck %s --check-prefix=PTX

!mxfp4 = !quantx.scaled<f4E2M1FN : bf16, f8E8M0FNU per 1x32>

// KERNEL-LABEL: func.func @read(
// KERNEL-SAME: %[[P:.*]]: tensor<?x?xi8>, %[[S:.*]]: tensor<?x?xf8E8M0FNU>)
// KERNEL: %[[PAYLOAD:.*]] = bufferization.to_buffer %[[P]] read_only
// KERNEL: %[[PTR:.*]] = memref.reinterpret_cast %[[PAYLOAD]] to offset: [0], sizes: [], strides: [] : memref<?x?xi8> to memref<i8>
// KERNEL: bufferization.to_buffer %[[S]] read_only
// KERNEL: %[[VALUES:.*]] = memref.alloc
// KERNEL: gpu.launch_func @quantx_kernels::@read_dequantize_0
// KERNEL-SAME: args(%[[PTR]] : memref<i8>, %{{.*}} : memref<f8E8M0FNU>, %{{.*}} : memref<bf16>, %{{.*}} : index, %{{.*}} : index)
// KERNEL: bufferization.to_tensor %[[VALUES]] restrict writable

// KERNEL: gpu.module @quantx_kernels
// KERNEL: gpu.func @read_dequantize_0(
// KERNEL-SAME: known_block_size = array<i32: 128, 1, 1>
// KERNEL-SAME: quantx.kernel = {block_size = 128 : i64, op = "dequantize"
// KERNEL-SAME: params = [{name = "payload", pointer, type = "i8"}, {name = "scales", pointer, type = "f8E8M0FNU"}, {name = "values", pointer, type = "bf16"}, {name = "rows", type = "i64"}, {name = "columns", type = "i64"}]

// HOST: quantx.kernels = [{block_size = 128 : i64, name = "read_dequantize_0", op = "dequantize"
// HOST: llvm.func @read(
// HOST: %[[STREAM:.*]] = llvm.call @mgpuStreamCreate()
// HOST: llvm.call @mgpuMemAlloc(%{{.*}}, %[[STREAM]], %{{.*}})
// HOST: gpu.launch_func <%[[STREAM]] : !llvm.ptr> @quantx_kernels::@read_dequantize_0
// HOST: llvm.call @mgpuStreamSynchronize(%[[STREAM]])
// HOST: llvm.func @_mlir_ciface_read(

// PTX: .target sm_90
// PTX: .entry read_dequantize_0
// PTX: .maxntid 128, 1, 1
func.func @read(%q: tensor<?x?x!mxfp4>) -> tensor<?x?xbf16> {
  %y = quantx.dequantize %q : tensor<?x?x!mxfp4> to tensor<?x?xbf16>
  return %y : tensor<?x?xbf16>
}

// A constant goes to the GPU, and is freed.
//
// HOST: llvm.func @constant(
// HOST: %[[BUFFER:.*]] = llvm.call @mgpuMemAlloc
// HOST: llvm.call @mgpuMemcpy(%[[BUFFER]]
// HOST: gpu.launch_func
// HOST: llvm.call @mgpuMemFree(%[[BUFFER]]
// HOST: gpu.binary @quantx_kernels
func.func @constant(%p: tensor<4x32xi8>) -> tensor<4x64xbf16> {
  %s = arith.constant dense<[[1.0, 2.0], [4.0, 8.0], [0.5, 0.25], [1.0, 1.0]]> : tensor<4x2xf8E8M0FNU>
  %q = quantx.assemble %p, %s : tensor<4x32xi8>, tensor<4x2xf8E8M0FNU> to tensor<4x64x!mxfp4>
  %y = quantx.dequantize %q : tensor<4x64x!mxfp4> to tensor<4x64xbf16>
  return %y : tensor<4x64xbf16>
}
