//===- SimulatedTensorOps.cpp - tcgen05 and mbarriers as calls ------------===//

#include "HostCalls.h"
#include "SimulatedOps.h"
#include "SimulatedValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantx::test;

static SimulatedDevice &device() { return SimulatedDevice::get(); }

static void fail(const std::string &mistake, const char *site) {
  if (!mistake.empty())
    device().fail(mistake, site);
}

/// The number of a pointer: an address of tensor memory, or of this process.
static Value toNumber(ImplicitLocOpBuilder &b, Value pointer) {
  return LLVM::PtrToIntOp::create(b, b.getI64Type(), pointer);
}

/// A value of all lanes of a warp in a slot.
static Value createInput(ImplicitLocOpBuilder &b, Value value) {
  return createInSlot(b, value, sizeof(int64_t));
}

//===----------------------------------------------------------------------===//
// Tensor memory
//===----------------------------------------------------------------------===//

/// One of the lanes writes the address.
static void checkAddressWord(int64_t address, const char *site) {
  constexpr size_t bytes = sizeof(uint32_t);
  if (device().getLinearThread() % kLanes == 0)
    device().check({uintptr_t(address), bytes, bytes, AccessKind::Write}, site);
}

static std::string performAllocate(llvm::ArrayRef<WarpLane *> lanes) {
  auto *word = reinterpret_cast<uint32_t *>(getInput<int64_t>(*lanes[0], 0));
  return device().getTensorCore().allocate(getInput<uint32_t>(*lanes[0], 1),
                                           *word);
}

static std::string performRelease(llvm::ArrayRef<WarpLane *> lanes) {
  return device().getTensorCore().release(
      uint32_t(getInput<int64_t>(*lanes[0], 0)),
      getInput<uint32_t>(*lanes[0], 1));
}

static std::string performRelinquish(llvm::ArrayRef<WarpLane *>) {
  device().getTensorCore().relinquish();
  return "";
}

static std::string performLoadSums(llvm::ArrayRef<WarpLane *> lanes) {
  auto count = *static_cast<const uint32_t *>(lanes[0]->attributes);
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    std::string mistake = device().getTensorCore().load(
        uint32_t(getInput<int64_t>(*lanes[lane], 0)),
        uint32_t(getInput<int64_t>(*lanes[lane], 1)), lane, count,
        static_cast<uint32_t *>(lanes[lane]->output));
    if (!mistake.empty())
      return mistake;
  }
  return "";
}

static int64_t getWarp() { return device().getLinearThread() / kLanes; }

static void createCallOfWarp(ImplicitLocOpBuilder &b, Operation *op,
                             std::string (*perform)(llvm::ArrayRef<WarpLane *>),
                             ValueRange inputs) {
  createWarpCall(b, op, {perform, nullptr, createI32(b, -1)}, inputs,
                 createSlot(b, sizeof(int64_t)));
}

static void rewriteOp(NVVM::Tcgen05AllocOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value address = toNumber(b, op.getAddr());
  createHostCall(b, checkAddressWord, Type(), {address, createSite(b, op)});
  createCallOfWarp(b, op, performAllocate,
                   {createInput(b, address), createInput(b, op.getNCols())});
}

static void rewriteOp(NVVM::Tcgen05DeallocOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  createCallOfWarp(b, op, performRelease,
                   {createInput(b, toNumber(b, op.getTaddr())),
                    createInput(b, op.getNCols())});
}

static void rewriteOp(NVVM::Tcgen05RelinquishAllocPermitOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  createCallOfWarp(b, op, performRelinquish, {});
}

static void rewriteOp(NVVM::Tcgen05LdOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto type = dyn_cast<VectorType>(op.getType());
  if (op.getShape() != NVVM::Tcgen05LdStShape::SHAPE_32X32B || op.getPack() ||
      op.getOffset() || !type)
    reportUnknown(op, "only several columns of 32x32b are known");
  auto count = uint32_t(type.getNumElements());
  Value warp = createHostCall(b, getWarp, b.getI64Type(), {});
  Value output = createSlot(b, int64_t(count) * 4);
  createWarpCall(
      b, op, {performLoadSums, keep(count), createI32(b, -1)},
      {createInput(b, toNumber(b, op.getTmemAddr())), createInput(b, warp)},
      output);
  op->replaceAllUsesWith(ValueRange{createLoad(b, type, output)});
}

// All that was loaded is there at once.
static void rewriteOp(NVVM::Tcgen05WaitOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  createCallOfWarp(b, op, performSync, {});
}

//===----------------------------------------------------------------------===//
// What one thread begins
//===----------------------------------------------------------------------===//

/// The matrix of a descriptor, of whose rows each byte is read.
static SharedMatrix readMatrix(int64_t descriptor, uint32_t rows,
                               uint32_t rowBytes, const char *site) {
  constexpr uint32_t chunk = 16;
  SharedMatrix matrix;
  fail(decodeDescriptor(uint64_t(descriptor),
                        reinterpret_cast<uintptr_t>(device().getWorkgroup(0)),
                        matrix),
       site);
  for (uint32_t row = 0; row < rows; ++row)
    for (uint32_t offset = 0; offset < rowBytes; offset += chunk)
      device().checkAsyncRead(matrix.locate(row, offset), chunk, site);
  return matrix;
}

static void copyScales(int64_t address, int64_t descriptor, const char *site) {
  SharedMatrix matrix = readMatrix(descriptor, 32, 16, site);
  fail(device().getTensorCore().copyScales(uint32_t(address), matrix), site);
}

static void rewriteOp(NVVM::Tcgen05CpOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  if (op.getShape() != NVVM::Tcgen05CpShape::SHAPE_32x128b ||
      op.getMulticast() != NVVM::Tcgen05CpMulticast::WARPX4 ||
      op.getSrcFormat() || op.getGroup() != NVVM::CTAGroupKind::CTA_1)
    reportUnknown(op, "only 32x128b.warpx4 is known");
  createHostCall(
      b, copyScales, Type(),
      {toNumber(b, op.getTaddr()), op.getSmemDesc(), createSite(b, op)});
}

/// The operands of an instruction, as it has them.
struct ProductOperands {
  int64_t sums, a, b, instruction, adds, scaleA, scaleB;
};

static void multiply(const TensorMmaForm *form, const ProductOperands *operands,
                     const char *site) {
  TensorProduct product;
  product.form = *form;
  product.sums = uint32_t(operands->sums);
  product.instruction = uint32_t(operands->instruction);
  product.adds = operands->adds != 0;
  product.scaleA = uint32_t(operands->scaleA);
  product.scaleB = uint32_t(operands->scaleB);
  product.a = readMatrix(operands->a, product.getRows(),
                         TensorProduct::kRowBytes, site);
  product.b = readMatrix(operands->b, product.getColumns(),
                         TensorProduct::kRowBytes, site);
  fail(device().getTensorCore().multiply(product), site);
}

static TensorMmaForm getForm(NVVM::Tcgen05MMABlockScaleOp op) {
  bool isMixed = op.getKind() == NVVM::MMABlockScaleKind::MXF8F6F4;
  bool isMXF4 = op.getKind() == NVVM::MMABlockScaleKind::MXF4;
  if (op.getBlockScale() == NVVM::Tcgen05MMABlockScale::DEFAULT && !isMixed &&
      !isMXF4)
    reportUnknown(op, "the size of blocks is not known");
  return {isMixed  ? TensorKind::MXF8F6F4
          : isMXF4 ? TensorKind::MXF4
                   : TensorKind::MXF4NVF4,
          op.getBlockScale() == NVVM::Tcgen05MMABlockScale::BLOCK16 ? 16u
                                                                    : 32u};
}

static void rewriteOp(NVVM::Tcgen05MMABlockScaleOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  if (op.getCtaGroup() != NVVM::CTAGroupKind::CTA_1 ||
      isa<LLVM::LLVMPointerType>(op.getMatrixA().getType()))
    reportUnknown(op, "only matrices in workgroup memory are known");
  Value operands = createSlot(b, sizeof(ProductOperands));
  int64_t offset = 0;
  SmallVector<Value> values = {toNumber(b, op.getMatrixD()),
                               op.getMatrixA(),
                               op.getMatrixB(),
                               castToI64(b, op.getIdesc()),
                               castToI64(b, op.getEnableInputD()),
                               toNumber(b, op.getScaleA()),
                               toNumber(b, op.getScaleB())};
  for (Value value : values) {
    createStore(b, value, operands, offset);
    offset += sizeof(int64_t);
  }
  createHostCall(
      b, multiply, Type(),
      {createAddress(b, keep(getForm(op))), operands, createSite(b, op)});
}

static void commit(int64_t barrier, const char *site) {
  fail(device().getTensorCore().commit(uintptr_t(barrier)), site);
}

static void rewriteOp(NVVM::Tcgen05CommitOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  createHostCall(b, commit, Type(),
                 {toNumber(b, op.getAddr()), createSite(b, op)});
}

//===----------------------------------------------------------------------===//
// mbarriers and fences
//===----------------------------------------------------------------------===//

static void initialize(int64_t barrier, int32_t count, const char *site) {
  constexpr size_t bytes = 8;
  device().check({uintptr_t(barrier), bytes, bytes, AccessKind::Write}, site);
  device().getTensorCore().initialize(uintptr_t(barrier), uint32_t(count));
}

static void rewriteOp(NVVM::MBarrierInitOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  if (op.getPredicate())
    reportUnknown(op, "a predicate is not known");
  createHostCall(b, initialize, Type(),
                 {toNumber(b, op.getAddr()), op.getCount(), createSite(b, op)});
}

static void waitForPhase(int64_t barrier, int32_t parity, const char *site) {
  device().waitForPhase(uintptr_t(barrier), uint32_t(parity), site);
}

static void rewriteOp(NVVM::MBarrierTryWaitParityOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  createHostCall(b, waitForPhase, Type(),
                 {toNumber(b, op.getAddr()), op.getPhase(), createSite(b, op)});
}

static void fenceProxies() { device().fenceProxies(); }

static void rewriteOp(NVVM::FenceProxyOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  if (op.getKind() != NVVM::ProxyKind::async_shared)
    reportUnknown(op, "only the proxy of asynchronous accesses is known");
  createHostCall(b, fenceProxies, Type(), {});
}

bool quantx::test::rewriteTensorOp(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<NVVM::Tcgen05AllocOp, NVVM::Tcgen05DeallocOp,
            NVVM::Tcgen05RelinquishAllocPermitOp, NVVM::Tcgen05LdOp,
            NVVM::Tcgen05WaitOp, NVVM::Tcgen05CpOp,
            NVVM::Tcgen05MMABlockScaleOp, NVVM::Tcgen05CommitOp,
            NVVM::MBarrierInitOp, NVVM::MBarrierTryWaitParityOp,
            NVVM::FenceProxyOp>([](auto op) {
        rewriteOp(op);
        return true;
      })
      // What they order is in order here.
      .Case<NVVM::Tcgen05FenceOp, NVVM::FenceMbarrierInitOp>(
          [](Operation *) { return true; })
      .Default(false);
}
