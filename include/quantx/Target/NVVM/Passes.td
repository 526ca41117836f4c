//===- Passes.td - The end of the way to NVIDIA's GPUs -----*- tablegen -*-===//

#ifndef QUANTX_TARGET_NVVM_PASSES_TD
#define QUANTX_TARGET_NVVM_PASSES_TD

include "mlir/Pass/PassBase.td"

def QuantXSetNVVMTarget : Pass<"quantx-set-nvvm-target", "::mlir::ModuleOp"> {
  let summary = "Attach the chip to the GPU modules, and keep what kernels take";
  let description = [{
    Attaches `#nvvm.target` with the chip, the version of PTX that it needs and
    full optimization to each `gpu.module`. The descriptions of its kernels
    (attribute `quantx.kernel` of `gpu.func`) are gathered in the attribute
    `quantx.kernels` of the module, where they outlive the kernels.

    A `chip` is one of `sm_80`, `sm_90`, `sm_90a`, `sm_100a` and `sm_120a`; any
    other is an error that lists these.
  }];
  let options = [
    Option<"chip", "chip", "std::string", "\"sm_90\"", "The GPU, as PTX names it">
  ];
  let dependentDialects = [
    "::mlir::gpu::GPUDialect", "::mlir::NVVM::NVVMDialect"
  ];
}

def QuantXLoadConstants : Pass<"quantx-load-constants", "::mlir::ModuleOp"> {
  let summary = "Copy constants on the host to buffers";
  let description = [{
    Makes a new buffer of each `memref.get_global` in a function, and copies the
    constant there: `quantx-use-device-memory` then puts the buffer into the
    memory of the GPU, where kernels read it. Stands in front of buffer
    deallocation, which frees the copies.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def QuantXExpandMath : Pass<"quantx-expand-math"> {
  let summary = "Make the instructions of math ops";
  let description = [{
    Makes LLVM's intrinsic of each `math.absf`, `copysign`, `fma` and `sqrt` on
    scalars and vectors of one dimension: every chip has instructions for these,
    which round as IEEE 754 says. Upstream's conversion of GPU modules would make
    calls of libdevice, which need not be there.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def QuantXUseDeviceMemory
    : Pass<"quantx-use-device-memory", "::mlir::ModuleOp"> {
  let summary = "Put the buffers of functions into the memory of the GPU";
  let description = [{
    Tensors live in the memory of the GPU, those that functions take and return
    too: `memref.alloc`, `dealloc` and `copy` in functions become `gpu.alloc`,
    `dealloc` and `memcpy`. Buffers of `index` and `i1`, with which
    deallocation keeps account of ownership, stay on the host.

    The host cannot touch that memory. So an op that would read or write a
    buffer there is an error that names it.
  }];
  let dependentDialects = [
    "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect"
  ];
}

def QuantXVerifyNVVM : Pass<"quantx-verify-nvvm", "::mlir::ModuleOp"> {
  let summary = "Fail on an op that did not reach the LLVM dialect or a binary";
  let description = [{
    The last pass of the NVVM pipeline: each op that is neither of the `llvm`
    dialect nor `gpu.binary`, nor a launch of what is in it, is an error that
    names it, so that exit code 0 means done.
  }];
}

#endif // QUANTX_TARGET_NVVM_PASSES_TD
