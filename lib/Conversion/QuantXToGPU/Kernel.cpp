//===- Kernel.cpp - Kernels and their launches ----------------------------===//

#include "Kernel.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// KernelLibrary
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral kModuleName = "quantx_kernels";

KernelLibrary::KernelLibrary(ModuleOp module) : module(module) {
  OpBuilder builder(module.getContext());
  SymbolTable symbols(module);
  std::string name = kModuleName.str();
  for (unsigned i = 0; symbols.lookup(name); ++i)
    name = (kModuleName + "_" + Twine(i)).str();
  kernels = gpu::GPUModuleOp::create(builder, module.getLoc(), name);
}

/// What `function`'s kernels are named after: a name that PTX and C have too.
static std::string getIdentifier(StringRef function) {
  std::string name;
  if (function.empty() || llvm::isDigit(function.front()))
    name = "_";
  for (char c : function)
    name += llvm::isAlnum(c) ? c : '_';
  return name;
}

gpu::GPUFuncOp KernelLibrary::create(Location loc, StringRef function,
                                     StringRef op) {
  std::string base = (getIdentifier(function) + "_" + op).str();
  std::string name = base + "_" + std::to_string(counts[base]++);
  OpBuilder builder(kernels->getBodyRegion());
  builder.setInsertionPointToEnd(kernels->getBody());
  auto kernel = gpu::GPUFuncOp::create(builder, loc, name,
                                       builder.getFunctionType({}, {}));
  kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                  builder.getUnitAttr());
  return kernel;
}

SymbolRefAttr KernelLibrary::getSymbol(gpu::GPUFuncOp kernel) {
  return SymbolRefAttr::get(kernels->getNameAttr(),
                            {FlatSymbolRefAttr::get(kernel.getNameAttr())});
}

void KernelLibrary::insert() {
  if (kernels->getBody()->empty())
    return;
  module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                  UnitAttr::get(module.getContext()));
  module.getBody()->push_back(kernels.release());
}

//===----------------------------------------------------------------------===//
// KernelBuilder
//===----------------------------------------------------------------------===//

KernelBuilder::KernelBuilder(KernelLibrary &library, OpBuilder &builder,
                             Operation *op, int64_t blockSize)
    : library(library), host(op->getLoc(), builder),
      body(op->getLoc(), op->getContext()),
      opName(op->getName().stripDialect()), blockSize(blockSize) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  kernel = library.create(op->getLoc(), function ? function.getName() : "main",
                          opName);
  kernel.setKnownBlockSizeAttr(
      body.getDenseI32ArrayAttr({int32_t(blockSize), 1, 1}));
  body.setInsertionPointToEnd(&kernel.getBody().front());
  gpu::ReturnOp::create(body);
  body.setInsertionPointToStart(&kernel.getBody().front());
}

static std::string getTypeText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

Value KernelBuilder::addParameter(StringRef name, Value argument,
                                  Type described, bool isPointer) {
  // The arguments of a gpu.func stand before its workgroup buffers.
  unsigned index = arguments.size();
  arguments.push_back(argument);
  NamedAttrList attributes;
  attributes.set("name", body.getStringAttr(name));
  attributes.set("type", body.getStringAttr(getTypeText(described)));
  if (isPointer)
    attributes.set("pointer", body.getUnitAttr());
  parameters.push_back(attributes.getDictionary(body.getContext()));
  kernel.setFunctionType(body.getFunctionType(TypeRange(arguments), {}));
  return kernel.getBody().insertArgument(index, argument.getType(),
                                         body.getLoc());
}

Value KernelBuilder::addPointer(StringRef name, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  Type element = type.getElementType();
  auto pointer = MemRefType::get({}, element);
  Value argument = buffer;
  if (type != pointer) {
    argument = memref::ReinterpretCastOp::create(
        host, pointer, buffer, host.getIndexAttr(0), ArrayRef<OpFoldResult>(),
        ArrayRef<OpFoldResult>());
  }
  Value parameter = addParameter(name, argument, element, /*isPointer=*/true);
  // A kernel is not told how large its buffers are.
  constexpr int64_t unbounded = int64_t(1) << 48;
  Value size = arith::ConstantIndexOp::create(body, unbounded);
  return memref::ReinterpretCastOp::create(
      body, MemRefType::get(ShapedType::kDynamic, element), parameter,
      OpFoldResult(body.getIndexAttr(0)), ArrayRef<OpFoldResult>(size),
      ArrayRef<OpFoldResult>(body.getIndexAttr(1)));
}

Value KernelBuilder::addInput(StringRef name, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto buffer = MemRefType::get(type.getShape(), type.getElementType());
  return addPointer(name, bufferization::ToBufferOp::create(
                              host, buffer, tensor, /*read_only=*/true));
}

Value KernelBuilder::addOutput(StringRef name, Type element,
                               ArrayRef<OpFoldResult> sizes) {
  SmallVector<int64_t> shape;
  SmallVector<Value> dynamic;
  std::tie(shape, dynamic) = decomposeMixedValues(sizes);
  Value buffer =
      memref::AllocOp::create(host, MemRefType::get(shape, element), dynamic);
  outputs.push_back(buffer);
  return addPointer(name, buffer);
}

Value KernelBuilder::addZeroedOutput(StringRef name) {
  Value view = addOutput(name, host.getI32Type(), {host.getIndexAttr(1)});
  Value zero = arith::ConstantOp::create(host, host.getI32IntegerAttr(0));
  gpu::MemsetOp::create(host, /*asyncToken=*/TypeRange(),
                        /*asyncDependencies=*/ValueRange(), outputs.back(),
                        zero);
  return view;
}

Value KernelBuilder::addSize(StringRef name, OpFoldResult size) {
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return arith::ConstantIndexOp::create(body, *constant);
  return addParameter(name, cast<Value>(size), body.getI64Type(),
                      /*isPointer=*/false);
}

Value KernelBuilder::addScalar(StringRef name, Value scalar) {
  return addParameter(name, scalar, scalar.getType(), /*isPointer=*/false);
}

Value KernelBuilder::addWorkgroupBuffer(MemRefType type) {
  return kernel.addWorkgroupAttribution(type, body.getLoc());
}

DictionaryAttr KernelBuilder::describe(StringRef op) {
  NamedAttrList attributes;
  attributes.set("op", body.getStringAttr(op));
  attributes.set("params", body.getArrayAttr(parameters));
  attributes.set("block_size", body.getI64IntegerAttr(blockSize));
  if (dynamicSharedMemory)
    attributes.set("dynamic_shared_memory",
                   body.getI64IntegerAttr(dynamicSharedMemory));
  return attributes.getDictionary(body.getContext());
}

SmallVector<Value> KernelBuilder::launch(Value tiles) {
  kernel->setAttr("quantx.kernel", describe(opName));
  // A launch of no blocks is an error.
  constexpr int64_t mostBlocks = (int64_t(1) << 31) - 1;
  IndexMath math(host);
  Value one = math.constant(1);
  Value grid = math.min(math.max(tiles, one), math.constant(mostBlocks));
  Value threads = math.constant(blockSize);
  Value shared;
  if (dynamicSharedMemory)
    shared = arith::ConstantOp::create(
        host, host.getI32IntegerAttr(int32_t(dynamicSharedMemory)));
  gpu::LaunchFuncOp::create(
      host, library.getSymbol(kernel), gpu::KernelDim3{grid, one, one},
      gpu::KernelDim3{threads, one, one}, shared, arguments);
  SmallVector<Value> tensors;
  for (Value output : outputs) {
    auto type = cast<MemRefType>(output.getType());
    tensors.push_back(bufferization::ToTensorOp::create(
        host, RankedTensorType::get(type.getShape(), type.getElementType()),
        output, /*restrict=*/true, /*writable=*/true));
  }
  return tensors;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

void quantx::buildLoop(ImplicitLocOpBuilder &b, Value begin, Value end,
                       Value step, function_ref<void(Value)> build) {
  auto loop = scf::ForOp::create(b, begin, end, step);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  build(loop.getInductionVar());
}

void quantx::buildTileLoop(ImplicitLocOpBuilder &b, Value numTiles,
                           function_ref<void(Value)> build) {
  Value first = gpu::BlockIdOp::create(b, gpu::Dimension::x);
  Value stride = gpu::GridDimOp::create(b, gpu::Dimension::x);
  buildLoop(b, first, numTiles, stride, build);
}

void quantx::buildIf(ImplicitLocOpBuilder &b, Value condition,
                     function_ref<void()> build,
                     function_ref<void()> buildElse) {
  auto op = scf::IfOp::create(b, condition, /*withElseRegion=*/bool(buildElse));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.thenBlock());
  build();
  if (buildElse) {
    b.setInsertionPointToStart(op.elseBlock());
    buildElse();
  }
}

SmallVector<Value>
quantx::buildIfElse(ImplicitLocOpBuilder &b, Value condition,
                    function_ref<SmallVector<Value>()> ifTrue,
                    function_ref<SmallVector<Value>()> ifFalse) {
  auto yield = [&b](function_ref<SmallVector<Value>()> branch) {
    return [&b, branch](OpBuilder &nested, Location loc) {
      OpBuilder::InsertionGuard guard(b);
      b.restoreInsertionPoint(nested.saveInsertionPoint());
      SmallVector<Value> values = branch();
      scf::YieldOp::create(b, values);
    };
  };
  auto op = scf::IfOp::create(b, condition, yield(ifTrue), yield(ifFalse));
  return llvm::to_vector_of<Value>(op.getResults());
}
