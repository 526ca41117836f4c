//===- SimulatedMemoryOps.cpp - Memory of GPUs as calls -------------------===//

#include "HostCalls.h"
#include "SimulatedOps.h"
#include "SimulatedValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cstring>

using namespace mlir;
using namespace quantx::test;

static SimulatedDevice &device() { return SimulatedDevice::get(); }

//===----------------------------------------------------------------------===//
// Workgroup memory
//===----------------------------------------------------------------------===//

static void *getWorkgroup(int64_t offset) {
  return device().getWorkgroup(offset);
}
static void *getDynamicWorkgroup() { return device().getDynamicWorkgroup(); }
static int64_t getDynamicWorkgroupSize() {
  return device().getDynamicWorkgroupSize();
}

Value quantx::test::createWorkgroupPointer(ImplicitLocOpBuilder &b,
                                           int64_t offset) {
  return createHostCall(b, getWorkgroup, getPointerType(b),
                        createI64(b, offset));
}

static void rewriteOp(gpu::DynamicSharedMemoryOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value pointer = createHostCall(b, getDynamicWorkgroup, getPointerType(b), {});
  Value size = createHostCall(b, getDynamicWorkgroupSize, b.getI64Type(), {});
  op->replaceAllUsesWith(
      ValueRange{createMemRef(b, pointer, op.getType(), size)});
}

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

static void copyAsync(void *destination, const void *source, int64_t size,
                      int64_t sourceSize, const char *site) {
  device().copyAsync(static_cast<char *>(destination),
                     static_cast<const char *>(source), size, sourceSize, site);
}
static void commitCopies() { device().commitCopies(); }
static void waitForCopies(int32_t pending, const char *site) {
  device().waitForCopies(pending, site);
}

/// Tokens only order what the program orders: they have become i32.
static void replaceToken(ImplicitLocOpBuilder &b, Operation *op) {
  op->replaceAllUsesWith(ValueRange{createI32(b, 0)});
}

static void rewriteOp(nvgpu::DeviceAsyncCopyOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto destination = cast<TypedValue<MemRefType>>(op.getDst());
  auto source = cast<TypedValue<MemRefType>>(op.getSrc());
  int64_t width = source.getType().getElementTypeBitWidth() / 8;
  Value size = createI64(b, op.getDstElements().getSExtValue() * width);
  Value sourceSize = size;
  if (Value elements = op.getSrcElements())
    sourceSize =
        arith::MulIOp::create(b, castToI64(b, elements), createI64(b, width));
  createHostCall(b, copyAsync, Type(),
                 {createElementPointer(b, destination, op.getDstIndices()),
                  createElementPointer(b, source, op.getSrcIndices()), size,
                  sourceSize, createSite(b, op)});
  replaceToken(b, op);
}

static void rewriteOp(nvgpu::DeviceAsyncCreateGroupOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  createHostCall(b, commitCopies, Type(), {});
  replaceToken(b, op);
}

static void rewriteOp(nvgpu::DeviceAsyncWaitOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  createHostCall(
      b, waitForCopies, Type(),
      {createI32(b, op.getNumGroups().value_or(0)), createSite(b, op)});
}

static void rewriteOp(NVVM::CpAsyncCommitGroupOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  createHostCall(b, commitCopies, Type(), {});
}

static void rewriteOp(NVVM::CpAsyncWaitGroupOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  createHostCall(b, waitForCopies, Type(),
                 {createI32(b, op.getN()), createSite(b, op)});
}

bool quantx::test::rewriteMemoryOp(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<gpu::DynamicSharedMemoryOp, nvgpu::DeviceAsyncCopyOp,
            nvgpu::DeviceAsyncCreateGroupOp, nvgpu::DeviceAsyncWaitOp,
            NVVM::CpAsyncCommitGroupOp, NVVM::CpAsyncWaitGroupOp>([](auto op) {
        rewriteOp(op);
        return true;
      })
      .Default(false);
}

//===----------------------------------------------------------------------===//
// The host
//===----------------------------------------------------------------------===//

static void rewriteOp(gpu::AllocOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value memref = memref::AllocOp::create(b, op.getType(), op.getDynamicSizes(),
                                         op.getSymbolOperands());
  op.getMemref().replaceAllUsesWith(memref);
}

static void rewriteOp(gpu::DeallocOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  memref::DeallocOp::create(b, op.getMemref());
}

static void copy(void *destination, const void *source, int64_t size) {
  std::memcpy(destination, source, size);
}

static void fill(void *destination, int64_t value, int64_t width,
                 int64_t size) {
  for (int64_t offset = 0; offset < size; offset += width)
    std::memcpy(static_cast<char *>(destination) + offset, &value, width);
}

/// The bytes of a buffer.
static Value createSize(ImplicitLocOpBuilder &b, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  Value size = createI64(b, type.getElementTypeBitWidth() / 8);
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    Value length = memref::DimOp::create(b, buffer, dim);
    size = arith::MulIOp::create(b, size, castToI64(b, length));
  }
  return size;
}

/// Where a buffer begins.
static Value createStart(ImplicitLocOpBuilder &b, Value buffer) {
  auto typed = cast<TypedValue<MemRefType>>(buffer);
  SmallVector<Value> origin(typed.getType().getRank(),
                            arith::ConstantIndexOp::create(b, 0));
  return createElementPointer(b, typed, origin);
}

static void rewriteOp(gpu::MemcpyOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  createHostCall(b, copy, Type(),
                 {createStart(b, op.getDst()), createStart(b, op.getSrc()),
                  createSize(b, op.getSrc())});
}

static void rewriteOp(gpu::MemsetOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  unsigned width = op.getValue().getType().getIntOrFloatBitWidth() / 8;
  createHostCall(b, fill, Type(),
                 {createStart(b, op.getDst()), toI64Bits(b, op.getValue()),
                  createI64(b, width), createSize(b, op.getDst())});
}

bool quantx::test::rewriteHostOp(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<gpu::AllocOp, gpu::DeallocOp, gpu::MemcpyOp, gpu::MemsetOp>(
          [](auto op) {
            rewriteOp(op);
            return true;
          })
      .Case([](gpu::WaitOp) { return true; })
      .Default(false);
}
