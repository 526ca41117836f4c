//===- SimulatedLaunch.cpp - Kernels for GPUs on a CPU --------------------===//

#include "SimulatedLaunch.h"
#include "HostCalls.h"
#include "SimulatedDevice.h"
#include "SimulatedOps.h"
#include "SimulatedValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quantx;
using namespace quantx::test;

/// The alignment of what cuMemAlloc gives.
static constexpr size_t kDeviceAlignment = 256;

static void *allocateOnDevice(size_t size) {
  return SimulatedDevice::get().allocate(size, kDeviceAlignment);
}

static void releaseOnDevice(void *address) {
  SimulatedDevice::get().release(address);
}

const HostMemory quantx::test::kDeviceMemory = {allocateOnDevice,
                                                releaseOnDevice};

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

/// All memory is in one address space on a CPU.
static void dropMemorySpaces(ModuleOp module) {
  AttrTypeReplacer replacer;
  replacer.addReplacement([](MemRefType type) -> std::optional<Type> {
    if (!type.getMemorySpace())
      return std::nullopt;
    return MemRefType::get(type.getShape(), type.getElementType(),
                           type.getLayout());
  });
  replacer.addReplacement(
      [](LLVM::LLVMPointerType type) -> std::optional<Type> {
        return LLVM::LLVMPointerType::get(type.getContext());
      });
  // Tokens may go around loops.
  replacer.addReplacement(
      [](nvgpu::DeviceAsyncTokenType type) -> std::optional<Type> {
        return IntegerType::get(type.getContext(), 32);
      });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  SmallVector<Operation *> casts;
  module.walk([&](Operation *op) {
    if (isa<memref::MemorySpaceCastOp, LLVM::AddrSpaceCastOp>(op))
      casts.push_back(op);
  });
  for (Operation *cast : casts) {
    cast->replaceAllUsesWith(cast->getOperands());
    cast->erase();
  }
}

static constexpr llvm::StringLiteral kPrefix = "simulated_";

/// The name of a symbol of a GPU module outside it.
static std::string getOuterName(StringRef module, StringRef symbol) {
  return (kPrefix + module + "::" + symbol).str();
}

/// Moves what is in a GPU module before it.
static void inlineModule(gpu::GPUModuleOp gpuModule) {
  std::vector<Operation *> symbols;
  for (Operation &op : *gpuModule.getBody())
    symbols.push_back(&op);
  for (Operation *op : symbols) {
    auto symbol = cast<SymbolOpInterface>(op);
    auto name = StringAttr::get(
        op->getContext(), getOuterName(gpuModule.getName(), symbol.getName()));
    if (failed(SymbolTable::replaceAllSymbolUses(symbol, name, gpuModule)))
      llvm::report_fatal_error("cannot rename the symbols of a GPU module");
    symbol.setName(name);
    symbol.setPrivate();
    op->moveBefore(gpuModule);
  }
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// How a value is passed through memory. A memref is its descriptor.
static Type getPassedType(Type type) {
  MLIRContext *context = type.getContext();
  if (isa<IndexType>(type))
    return IntegerType::get(context, 64);
  if (auto memref = dyn_cast<MemRefType>(type))
    return getDescriptorType(memref);
  return type;
}

/// The offsets of arguments in the memory that they are passed in, and its size
/// behind them.
static SmallVector<int64_t> getOffsets(TypeRange types) {
  SmallVector<int64_t> offsets = {0};
  for (Type type : types) {
    constexpr int64_t wordBytes = 8;
    int64_t words = 1;
    if (auto memref = dyn_cast<MemRefType>(type))
      words = 3 + 2 * memref.getRank();
    offsets.push_back(offsets.back() + words * wordBytes);
  }
  return offsets;
}

static Value castTo(ImplicitLocOpBuilder &b, Value value, Type type) {
  if (value.getType() == type)
    return value;
  return UnrealizedConversionCastOp::create(b, type, value).getResult(0);
}

/// Lays out the workgroup memory of a kernel. No buffer is aligned better than
/// it asks for, and there is a gap behind each.
static void addWorkgroup(KernelInfo &info, MemRefType type, int64_t alignment) {
  constexpr int64_t gap = 16;
  int64_t width = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  alignment = std::max(alignment, width);
  int64_t offset = llvm::alignTo(info.workgroupSize, alignment);
  if (offset % (2 * alignment) == 0)
    offset += alignment;
  auto size = size_t(type.getNumElements() * width);
  info.workgroup.push_back({size_t(offset), size});
  info.workgroupSize = offset + size + gap;
}

/// What is known of `kernel`, and pointers to its workgroup buffers in place of
/// their arguments.
static KernelInfo *takeWorkgroup(ImplicitLocOpBuilder &b,
                                 gpu::GPUFuncOp kernel) {
  // Lives as long as the compiled code.
  static std::deque<KernelInfo> infos;
  KernelInfo &info = infos.emplace_back();
  info.name = kernel.getName().drop_front(kPrefix.size()).str();
  if (std::optional<ArrayRef<int32_t>> block = kernel.getKnownBlockSize())
    info.knownBlock = Dim3{(*block)[0], (*block)[1], (*block)[2]};
  kernel.walk([&](Operation *op) {
    if (isa<NVVM::Tcgen05AllocOp>(op) || isWarpgroupProduct(op))
      info.hasAsyncReads = true;
  });
  for (unsigned index = 0; index < kernel.getNumWorkgroupAttributions();
       ++index) {
    Value buffer = kernel.getWorkgroupAttributions()[index];
    auto align =
        dyn_cast_or_null<IntegerAttr>(kernel.getWorkgroupAttributionAttr(
            index, LLVM::LLVMDialect::getAlignAttrName()));
    auto type = cast<MemRefType>(buffer.getType());
    addWorkgroup(info, type, align ? align.getInt() : 1);
    Value pointer =
        createWorkgroupPointer(b, int64_t(info.workgroup.back().offset));
    buffer.replaceAllUsesWith(createMemRef(b, pointer, type, Value()));
  }
  for (Value buffer : kernel.getPrivateAttributions()) {
    auto type = cast<MemRefType>(buffer.getType());
    buffer.replaceAllUsesWith(memref::AllocaOp::create(b, type));
  }
  return &info;
}

/// Makes a function of a kernel that takes a pointer to its arguments.
static KernelInfo *rewriteKernel(gpu::GPUFuncOp kernel) {
  ImplicitLocOpBuilder b(kernel.getLoc(), kernel);
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto function = func::FuncOp::create(b, kernel.getName(),
                                       b.getFunctionType({pointer}, {}));
  function.setPrivate();
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  TypeRange types = kernel.getFunctionType().getInputs();
  for (auto [argument, offset] :
       llvm::zip(kernel.getBody().getArguments().take_front(types.size()),
                 getOffsets(types))) {
    Type type = argument.getType();
    Value passed = LLVM::LoadOp::create(
        b, getPassedType(type),
        createElementPointer(b, entry->getArgument(0), offset));
    argument.replaceAllUsesWith(castTo(b, passed, type));
  }
  KernelInfo *info = takeWorkgroup(b, kernel);

  kernel.walk([](gpu::ReturnOp op) {
    ImplicitLocOpBuilder b(op.getLoc(), op);
    func::ReturnOp::create(b);
    op.erase();
  });
  Block &body = kernel.getBody().front();
  body.eraseArguments([](BlockArgument) { return true; });
  Region::BlockListType &blocks = function.getBody().getBlocks();
  entry->getOperations().splice(entry->end(), body.getOperations());
  body.erase();
  blocks.splice(blocks.end(), kernel.getBody().getBlocks());
  kernel.erase();
  return info;
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

static void launch(const KernelInfo *kernel, void (*function)(void *),
                   void *parameters, int64_t parametersSize, int64_t gridX,
                   int64_t gridY, int64_t gridZ, int64_t blockX, int64_t blockY,
                   int64_t blockZ, int64_t dynamicWorkgroup) {
  SimulatedDevice::get().launch(
      *kernel, function, parameters, parametersSize,
      {{gridX, gridY, gridZ}, {blockX, blockY, blockZ}, dynamicWorkgroup});
}

/// A pointer to the launch's arguments, in the frame of the function.
static Value passArguments(ImplicitLocOpBuilder &b, gpu::LaunchFuncOp op,
                           ArrayRef<int64_t> offsets) {
  Value parameters = createSlot(b, std::max<int64_t>(offsets.back(), 1));
  for (auto [operand, offset] : llvm::zip(op.getKernelOperands(), offsets))
    LLVM::StoreOp::create(b,
                          castTo(b, operand, getPassedType(operand.getType())),
                          createElementPointer(b, parameters, offset));
  return parameters;
}

static void rewriteLaunch(gpu::LaunchFuncOp op,
                          const llvm::StringMap<const KernelInfo *> &kernels) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  std::string name = getOuterName(op.getKernelModuleName(), op.getKernelName());
  SmallVector<int64_t> offsets = getOffsets(op.getKernelOperands().getTypes());
  Value parameters = passArguments(b, op, offsets);
  auto type = b.getFunctionType({parameters.getType()}, {});
  Value function =
      castTo(b, func::ConstantOp::create(b, type, name), parameters.getType());
  SmallVector<Value> arguments = {createAddress(b, kernels.at(name)), function,
                                  parameters, createI64(b, offsets.back())};
  gpu::KernelDim3 grid = op.getGridSizeOperandValues();
  gpu::KernelDim3 block = op.getBlockSizeOperandValues();
  for (Value size : {grid.x, grid.y, grid.z, block.x, block.y, block.z})
    arguments.push_back(castToI64(b, size));
  Value dynamic = op.getDynamicSharedMemorySize();
  arguments.push_back(dynamic ? castToI64(b, dynamic) : createI64(b, 0));
  createHostCall(b, launch, Type(), arguments);
}

//===----------------------------------------------------------------------===//
// The whole module
//===----------------------------------------------------------------------===//

/// Results of gpu ops that are rewritten are tokens, which order them: the
/// order of the program does.
static void eraseWithTokens(ArrayRef<Operation *> ops) {
  for (Operation *op : llvm::reverse(ops)) {
    op->dropAllUses();
    op->erase();
  }
}

void quantx::test::simulateLaunches(ModuleOp module) {
  module.getContext()
      ->loadDialect<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                    memref::MemRefDialect, vector::VectorDialect>();
  dropMemorySpaces(module);
  for (auto gpuModule :
       llvm::make_early_inc_range(module.getOps<gpu::GPUModuleOp>())) {
    inlineModule(gpuModule);
    gpuModule.erase();
  }
  llvm::StringMap<const KernelInfo *> kernels;
  for (auto kernel :
       llvm::make_early_inc_range(module.getOps<gpu::GPUFuncOp>())) {
    std::string name = kernel.getName().str();
    kernels[name] = rewriteKernel(kernel);
  }
  SmallVector<Operation *> rewritten;
  module.walk([&](Operation *op) {
    if (auto launch = dyn_cast<gpu::LaunchFuncOp>(op)) {
      rewriteLaunch(launch, kernels);
      rewritten.push_back(op);
    } else if (rewriteHostOp(op) || rewriteDeviceOp(op)) {
      rewritten.push_back(op);
    } else if (!isKnownToCPU(op)) {
      reportUnknown(op, "the op is not known");
    }
  });
  eraseWithTokens(rewritten);
  module->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
}
