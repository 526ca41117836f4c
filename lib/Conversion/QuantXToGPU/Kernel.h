//===- Kernel.h - Kernels and their launches --------------------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_KERNEL_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_KERNEL_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/PatternMatch.h"
#include "quantx/Emit/IndexMath.h"

namespace quantx {

/// The matrix instructions that a chip has beside those of a warp on pairs.
struct MatrixInstructions {
  /// Those that take codes and scales of blocks: of a warp, or on tensor
  /// memory.
  bool areBlockScaled = false, useTensorMemory = false;
  /// Those of a warpgroup.
  bool areOfWarpgroups = false;
};

/// The kernels that a pass makes: outside of its module until all are made, so
/// that what fails leaves nothing behind.
class KernelLibrary {
public:
  explicit KernelLibrary(mlir::ModuleOp module);

  /// A kernel without parameters, to which parameters and a body are to be
  /// added, for an op called `op` ("dequantize") in `function`.
  mlir::gpu::GPUFuncOp create(mlir::Location loc, llvm::StringRef function,
                              llvm::StringRef op);

  /// The symbol of a kernel of this library, from inside the module.
  mlir::SymbolRefAttr getSymbol(mlir::gpu::GPUFuncOp kernel);

  /// Puts the kernels, if there are any, into the module.
  void insert();

private:
  mlir::ModuleOp module;
  mlir::OwningOpRef<mlir::gpu::GPUModuleOp> kernels;
  llvm::StringMap<unsigned> counts;
};

/// A kernel and its launch, both being built. What is on the host is built by
/// `getHost`, before the op that the kernel computes; the kernel's body by
/// `getBody`. Parameters are added first, then the body, then `launch`.
class KernelBuilder {
public:
  /// `op` is what the kernel is named and described by; `blockSize` its
  /// threads.
  KernelBuilder(KernelLibrary &library, mlir::OpBuilder &builder,
                mlir::Operation *op, int64_t blockSize);

  mlir::ImplicitLocOpBuilder &getHost() { return host; }
  mlir::ImplicitLocOpBuilder &getBody() { return body; }
  IndexMath getHostMath() { return IndexMath(host); }
  IndexMath getMath() { return IndexMath(body); }
  int64_t getBlockSize() const { return blockSize; }
  mlir::gpu::GPUFuncOp getKernel() { return kernel; }

  /// The elements of `tensor`, row-major, in the kernel: memref<?xT>. Not to be
  /// written to.
  mlir::Value addInput(llvm::StringRef name, mlir::Value tensor);
  /// The elements of a new tensor of `sizes`: the next of the results of
  /// `launch`.
  mlir::Value addOutput(llvm::StringRef name, mlir::Type element,
                        llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// The same of one i32, which is 0 when the kernel begins.
  mlir::Value addZeroedOutput(llvm::StringRef name);
  /// `size` (index) in the kernel: a parameter unless it is static.
  mlir::Value addSize(llvm::StringRef name, mlir::OpFoldResult size);
  /// A scalar of the host in the kernel.
  mlir::Value addScalar(llvm::StringRef name, mlir::Value scalar);

  /// A buffer of `type` (memref in workgroup memory), shared by the threads of
  /// a block.
  mlir::Value addWorkgroupBuffer(mlir::MemRefType type);
  /// Bytes of shared memory that the launch asks for (gpu.dynamic_shared_memory
  /// in the body).
  void setDynamicSharedMemory(int64_t bytes) { dynamicSharedMemory = bytes; }

  /// Ends the kernel and launches it in as many blocks as there are `tiles`
  /// (index, on the host), but at least one and no more than a grid may have.
  /// Returns the outputs as tensors.
  llvm::SmallVector<mlir::Value> launch(mlir::Value tiles);

private:
  mlir::Value addPointer(llvm::StringRef name, mlir::Value buffer);
  mlir::Value addParameter(llvm::StringRef name, mlir::Value argument,
                           mlir::Type described, bool isPointer);
  mlir::DictionaryAttr describe(llvm::StringRef op);

  KernelLibrary &library;
  mlir::ImplicitLocOpBuilder host;
  mlir::ImplicitLocOpBuilder body;
  mlir::gpu::GPUFuncOp kernel;
  std::string opName;
  int64_t blockSize;
  int64_t dynamicSharedMemory = 0;
  llvm::SmallVector<mlir::Value> arguments;
  llvm::SmallVector<mlir::Attribute> parameters;
  llvm::SmallVector<mlir::Value> outputs;
};

/// Builds a loop over the tiles that belong to a block of threads: those from
/// its index in the grid on, in strides of the grid. `build` gets the index of
/// a tile; all threads of a block go through the same ones.
void buildTileLoop(mlir::ImplicitLocOpBuilder &b, mlir::Value numTiles,
                   llvm::function_ref<void(mlir::Value tile)> build);

/// Builds a loop from `begin` to `end` by `step`.
void buildLoop(mlir::ImplicitLocOpBuilder &b, mlir::Value begin,
               mlir::Value end, mlir::Value step,
               llvm::function_ref<void(mlir::Value index)> build);

/// Builds what runs where `condition` holds.
void buildIf(mlir::ImplicitLocOpBuilder &b, mlir::Value condition,
             llvm::function_ref<void()> build,
             llvm::function_ref<void()> buildElse = nullptr);

/// The values that one of the branches yields.
llvm::SmallVector<mlir::Value>
buildIfElse(mlir::ImplicitLocOpBuilder &b, mlir::Value condition,
            llvm::function_ref<llvm::SmallVector<mlir::Value>()> ifTrue,
            llvm::function_ref<llvm::SmallVector<mlir::Value>()> ifFalse);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_KERNEL_H
