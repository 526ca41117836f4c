//===- SimulatedOps.cpp - Ops of GPUs as calls ----------------------------===//

#include "SimulatedOps.h"
#include "HostCalls.h"
#include "SimulatedValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantx::test;

//===----------------------------------------------------------------------===//
// Ids
//===----------------------------------------------------------------------===//

// What compiled code calls is a function of its own, as the members of the
// device cannot be.

static SimulatedDevice &device() { return SimulatedDevice::get(); }

static int64_t getThreadId(int32_t dim) { return device().getThreadId()[dim]; }
static int64_t getBlockId(int32_t dim) { return device().getBlockId()[dim]; }
static int64_t getBlockDim(int32_t dim) { return device().getBlockSize()[dim]; }
static int64_t getGridDim(int32_t dim) { return device().getGridSize()[dim]; }
static int64_t getGlobalId(int32_t dim) {
  return getBlockId(dim) * getBlockDim(dim) + getThreadId(dim);
}
static int64_t getLaneId(int32_t) {
  return device().getLinearThread() % kLanes;
}
static int64_t getSubgroupId(int32_t) {
  return device().getLinearThread() / kLanes;
}
static int64_t getNumSubgroups(int32_t) {
  return getBlockDim(0) * getBlockDim(1) * getBlockDim(2) / kLanes;
}
static int64_t getSubgroupSize(int32_t) { return kLanes; }

namespace {
struct IdCall {
  int64_t (*function)(int32_t);
  int32_t dim = 0;
};
} // namespace

static std::optional<IdCall> getIdCall(Operation *op) {
  auto dim = [](auto op) { return int32_t(op.getDimension()); };
  return llvm::TypeSwitch<Operation *, std::optional<IdCall>>(op)
      .Case([&](gpu::ThreadIdOp op) {
        return IdCall{getThreadId, dim(op)};
      })
      .Case([&](gpu::BlockIdOp op) {
        return IdCall{getBlockId, dim(op)};
      })
      .Case([&](gpu::BlockDimOp op) {
        return IdCall{getBlockDim, dim(op)};
      })
      .Case([&](gpu::GridDimOp op) {
        return IdCall{getGridDim, dim(op)};
      })
      .Case([&](gpu::GlobalIdOp op) {
        return IdCall{getGlobalId, dim(op)};
      })
      .Case([](gpu::LaneIdOp) { return IdCall{getLaneId}; })
      .Case([](gpu::SubgroupIdOp) { return IdCall{getSubgroupId}; })
      .Case([](gpu::NumSubgroupsOp) { return IdCall{getNumSubgroups}; })
      .Case([](gpu::SubgroupSizeOp) { return IdCall{getSubgroupSize}; })
      .Default(std::nullopt);
}

static bool rewriteId(Operation *op) {
  std::optional<IdCall> call = getIdCall(op);
  if (!call)
    return false;
  ImplicitLocOpBuilder b(op->getLoc(), op);
  Value id = createHostCall(b, call->function, b.getI64Type(),
                            createI32(b, call->dim));
  id = arith::IndexCastOp::create(b, b.getIndexType(), id);
  op->replaceAllUsesWith(ValueRange{id});
  return true;
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

static void waitForBlock(const char *site) { device().waitForBlock(site); }

static void syncWarp(int32_t mask, const char *site) {
  WarpLane lane;
  lane.site = site;
  lane.mask = uint32_t(mask);
  lane.perform = performSync;
  device().waitForWarp(lane);
  if (mask == -1)
    device().countWarpBarrier();
}

static void rewriteBarrier(Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  createHostCall(b, waitForBlock, Type(), createSite(b, op));
}

static void rewriteOp(NVVM::SyncWarpOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  createHostCall(b, syncWarp, Type(), {op.getMask(), createSite(b, op)});
}

//===----------------------------------------------------------------------===//
// Shuffles and votes
//===----------------------------------------------------------------------===//

static ShuffleMode getMode(gpu::ShuffleMode mode) {
  switch (mode) {
  case gpu::ShuffleMode::XOR:
    return ShuffleMode::Xor;
  case gpu::ShuffleMode::DOWN:
    return ShuffleMode::Down;
  case gpu::ShuffleMode::UP:
    return ShuffleMode::Up;
  case gpu::ShuffleMode::IDX:
    return ShuffleMode::Idx;
  }
  llvm_unreachable("unknown mode");
}

/// Returns the result and whether it is valid, as i32.
static std::pair<Value, Value>
createShuffle(ImplicitLocOpBuilder &b, Operation *op, const Shuffle &attributes,
              Value mask, Value value, Value offset, Value control) {
  SmallVector<Value> inputs = {
      createInSlot(b, toI64Bits(b, value), sizeof(int64_t)),
      createInSlot(b, offset, sizeof(int32_t)),
      createInSlot(b, control, sizeof(int32_t))};
  Value output = createSlot(b, sizeof(ShuffleResult));
  createWarpCall(b, op, {performShuffle, keep(attributes), mask}, inputs,
                 output);
  Value bits =
      createLoad(b, b.getI64Type(), output, offsetof(ShuffleResult, value));
  Value isValid =
      createLoad(b, b.getI32Type(), output, offsetof(ShuffleResult, isValid));
  return {fromI64Bits(b, bits, value.getType()),
          arith::TruncIOp::create(b, b.getI1Type(), isValid)};
}

static void rewriteOp(gpu::ShuffleOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto [result, isValid] = createShuffle(
      b, op, {getMode(op.getMode()), /*hasWidth=*/true}, createI32(b, -1),
      op.getValue(), op.getOffset(), op.getWidth());
  op->replaceAllUsesWith(ValueRange{result, isValid});
}

static ShuffleMode getMode(NVVM::ShflKind kind) {
  switch (kind) {
  case NVVM::ShflKind::bfly:
    return ShuffleMode::Xor;
  case NVVM::ShflKind::down:
    return ShuffleMode::Down;
  case NVVM::ShflKind::up:
    return ShuffleMode::Up;
  case NVVM::ShflKind::idx:
    return ShuffleMode::Idx;
  }
  llvm_unreachable("unknown kind");
}

static void rewriteOp(NVVM::ShflOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto [result, isValid] = createShuffle(
      b, op, {getMode(op.getKind()), /*hasWidth=*/false}, op.getThreadMask(),
      op.getVal(), op.getOffset(), op.getMaskAndClamp());
  if (op.getReturnValueAndIsValid()) {
    Value both = LLVM::PoisonOp::create(b, op.getType());
    both = LLVM::InsertValueOp::create(b, both, result, ArrayRef<int64_t>(0));
    result =
        LLVM::InsertValueOp::create(b, both, isValid, ArrayRef<int64_t>(1));
  }
  op->replaceAllUsesWith(ValueRange{result});
}

static VoteMode getMode(NVVM::VoteSyncKind kind) {
  switch (kind) {
  case NVVM::VoteSyncKind::any:
    return VoteMode::Any;
  case NVVM::VoteSyncKind::all:
    return VoteMode::All;
  case NVVM::VoteSyncKind::ballot:
    return VoteMode::Ballot;
  case NVVM::VoteSyncKind::uni:
    return VoteMode::Uni;
  }
  llvm_unreachable("unknown kind");
}

static void rewriteOp(NVVM::VoteSyncOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value predicate = arith::ExtUIOp::create(b, b.getI32Type(), op.getPred());
  Value output = createSlot(b, sizeof(int32_t));
  createWarpCall(b, op,
                 {performVote, keep(getMode(op.getKind())), op.getMask()},
                 createInSlot(b, predicate, sizeof(int32_t)), output);
  Value result = createLoad(b, b.getI32Type(), output);
  if (op.getType().isInteger(1))
    result = arith::TruncIOp::create(b, b.getI1Type(), result);
  op->replaceAllUsesWith(ValueRange{result});
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

// PTX ISA, "prmt": a digit of the selector is a byte of both words, and bit 3
// of it has the sign of that in all bits.
static int32_t permute(int32_t low, int32_t high, int32_t selector) {
  constexpr unsigned byteBits = 8, digitBits = 4;
  uint64_t bytes = uint64_t(uint32_t(high)) << 32 | uint32_t(low);
  uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    uint32_t digit = uint32_t(selector) >> (i * digitBits) & 0xf;
    uint32_t byte = uint32_t(bytes >> (digit % 8 * byteBits)) & 0xff;
    if (digit >= 8)
      byte = byte >> 7 ? 0xff : 0;
    result |= byte << (i * byteBits);
  }
  return int32_t(result);
}

static void rewriteOp(NVVM::PermuteOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  if (op.getMode() != NVVM::PermuteMode::DEFAULT)
    reportUnknown(op, "only the mode of digits is known");
  op->replaceAllUsesWith(ValueRange{createHostCall(
      b, permute, b.getI32Type(), {op.getLo(), op.getHi(), op.getSelector()})});
}

//===----------------------------------------------------------------------===//
// All of them
//===----------------------------------------------------------------------===//

/// A product and sum of bf16 by those of f32: CPUs have no instruction, and
/// LLVM calls a function that is not everywhere. Rounded twice, which matters
/// only where the f32 result is not exact.
static bool rewriteHalfFMA(Operation *op) {
  auto fma = dyn_cast<math::FmaOp>(op);
  if (!fma || !getElementTypeOrSelf(fma.getType()).isBF16())
    return false;
  ImplicitLocOpBuilder b(op->getLoc(), op);
  Type type = fma.getType();
  Type wide = b.getF32Type();
  if (auto vector = dyn_cast<VectorType>(type))
    wide = vector.clone(wide);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(arith::ExtFOp::create(b, wide, operand));
  Value result = math::FmaOp::create(b, operands[0], operands[1], operands[2]);
  fma.getResult().replaceAllUsesWith(arith::TruncFOp::create(b, type, result));
  return true;
}

bool quantx::test::rewriteDeviceOp(Operation *op) {
  if (rewriteHalfFMA(op) || rewriteId(op) || rewriteMatrixOp(op) ||
      rewriteTensorOp(op) || rewriteWarpgroupOp(op) || rewriteMemoryOp(op))
    return true;
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<gpu::BarrierOp, NVVM::Barrier0Op>([](auto op) {
        rewriteBarrier(op);
        return true;
      })
      .Case<gpu::ShuffleOp, NVVM::ShflOp, NVVM::VoteSyncOp, NVVM::SyncWarpOp,
            NVVM::PermuteOp>([](auto op) {
        rewriteOp(op);
        return true;
      })
      .Default(false);
}

bool quantx::test::isKnownToCPU(Operation *op) {
  return !isa_and_nonnull<gpu::GPUDialect, nvgpu::NVGPUDialect,
                          NVVM::NVVMDialect>(op->getDialect());
}
