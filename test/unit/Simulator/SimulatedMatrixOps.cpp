//===- SimulatedMatrixOps.cpp - Tensor cores as calls ---------------------===//

#include "HostCalls.h"
#include "SimulatedOps.h"
#include "SimulatedValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantx::test;

/// Bytes of a fragment at most: 4 registers.
static constexpr int64_t kFragmentBytes = 16;

static const void *checkRow(const void *address, int32_t count,
                            const char *site) {
  constexpr size_t rowBytes = 16;
  constexpr int32_t rows = 8;
  if (int32_t(SimulatedDevice::get().getLinearThread() % kLanes) < count * rows)
    SimulatedDevice::get().check({reinterpret_cast<uintptr_t>(address),
                                  rowBytes, rowBytes, AccessKind::Read},
                                 site);
  return address;
}

static void rewriteOp(nvgpu::LdMatrixOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto memref = cast<TypedValue<MemRefType>>(op.getSrcMemref());
  auto count = int32_t(op.getNumTiles());
  Value address =
      createHostCall(b, checkRow, getPointerType(b),
                     {createElementPointer(b, memref, op.getIndices()),
                      createI32(b, count), createSite(b, op)});
  Value output = createSlot(b, kFragmentBytes);
  createWarpCall(b, op,
                 {performLoadMatrix, keep(LoadMatrix{count, op.getTranspose()}),
                  createI32(b, -1)},
                 createInSlot(b, address, sizeof(void *)), output);
  Value registers =
      createLoad(b, VectorType::get(count, b.getI32Type()), output);
  op->replaceAllUsesWith(ValueRange{
      fromRegisters(b, registers, cast<VectorType>(op.getRes().getType()))});
}

static MatrixType getMatrixType(Operation *op, Type type) {
  if (type.isF16())
    return MatrixType::F16;
  if (type.isBF16())
    return MatrixType::BF16;
  if (type.isInteger(8))
    return MatrixType::S8;
  reportUnknown(op, "matrices of this type are not known");
}

/// `a`, `b` and `c` are vectors of registers; returns the 4 registers of D.
static Value createMultiply(ImplicitLocOpBuilder &b, Operation *op,
                            const MultiplyMatrices &attributes,
                            ValueRange operands) {
  SmallVector<Value> inputs;
  for (Value operand : operands)
    inputs.push_back(createInSlot(b, operand, kFragmentBytes));
  Value output = createSlot(b, kFragmentBytes);
  createWarpCall(b, op, {performMultiply, keep(attributes), createI32(b, -1)},
                 inputs, output);
  return createLoad(b, VectorType::get(4, b.getI32Type()), output);
}

static void rewriteOp(nvgpu::MmaSyncOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto [m, n, k] = op.getMmaShapeAsArray();
  auto type = cast<VectorType>(op.getRes().getType());
  if (m != 16 || n != 8 || type.getElementTypeBitWidth() != 32)
    reportUnknown(op, "only m16n8 to 32 bits is known");
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(toRegisters(b, operand));
  MultiplyMatrices attributes = {
      int32_t(k),
      getMatrixType(op, getElementTypeOrSelf(op.getMatrixA().getType())),
      getMatrixType(op, getElementTypeOrSelf(op.getMatrixB().getType()))};
  Value result = createMultiply(b, op, attributes, operands);
  op->replaceAllUsesWith(ValueRange{fromRegisters(b, result, type)});
}

static MatrixType getMatrixType(Operation *op,
                                std::optional<NVVM::MMATypes> type) {
  switch (type.value_or(NVVM::MMATypes::b1)) {
  case NVVM::MMATypes::f16:
    return MatrixType::F16;
  case NVVM::MMATypes::bf16:
    return MatrixType::BF16;
  case NVVM::MMATypes::e4m3:
    return MatrixType::E4M3;
  case NVVM::MMATypes::e5m2:
    return MatrixType::E5M2;
  case NVVM::MMATypes::s8:
    return MatrixType::S8;
  case NVVM::MMATypes::u8:
    return MatrixType::U8;
  case NVVM::MMATypes::e2m1:
    return MatrixType::E2M1;
  default:
    reportUnknown(op, "matrices of this type are not known");
  }
}

/// One value of 32 bits as i32.
static Value toRegister(ImplicitLocOpBuilder &b, Value value) {
  if (isa<VectorType>(value.getType()))
    return vector::ExtractOp::create(b, toRegisters(b, value), int64_t(0));
  if (isa<FloatType>(value.getType()))
    return arith::BitcastOp::create(b, b.getI32Type(), value);
  return value;
}

static Value gatherRegisters(ImplicitLocOpBuilder &b, ValueRange values) {
  SmallVector<Value> registers;
  for (Value value : values)
    registers.push_back(toRegister(b, value));
  return vector::FromElementsOp::create(
      b, VectorType::get(int64_t(registers.size()), b.getI32Type()), registers);
}

/// Makes a struct of the registers of D for the op.
static void replaceByStruct(ImplicitLocOpBuilder &b, Operation *op,
                            Value registers) {
  auto type = cast<LLVM::LLVMStructType>(op->getResult(0).getType());
  Value result = LLVM::PoisonOp::create(b, type);
  for (int64_t index = 0; index < 4; ++index) {
    Type element = type.getBody()[index];
    Value value = vector::ExtractOp::create(b, registers, index);
    if (isa<FloatType>(element))
      value = arith::BitcastOp::create(b, element, value);
    result =
        LLVM::InsertValueOp::create(b, result, value, ArrayRef<int64_t>(index));
  }
  op->replaceAllUsesWith(ValueRange{result});
}

static void rewriteOp(NVVM::MmaOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto type = cast<LLVM::LLVMStructType>(op.getType());
  if (type.getBody().size() != 4 || op.getShape().getM() != 16 ||
      op.getShape().getN() != 8)
    reportUnknown(op, "only m16n8 to 32 bits is known");
  MultiplyMatrices attributes = {
      op.getShape().getK(), getMatrixType(op, op.getMultiplicandAPtxType()),
      getMatrixType(op, op.getMultiplicandBPtxType())};
  replaceByStruct(b, op,
                  createMultiply(b, op, attributes,
                                 {gatherRegisters(b, op.getOperandA()),
                                  gatherRegisters(b, op.getOperandB()),
                                  gatherRegisters(b, op.getOperandC())}));
}

/// A selector of scales, which ptxas wants as a constant.
static int32_t getSelector(Operation *op, Value value) {
  std::optional<int64_t> constant = getConstantIntValue(value);
  if (!constant)
    reportUnknown(op, "expected a constant selector of scales");
  return int32_t(*constant);
}

static void rewriteOp(NVVM::MmaBlockScaleOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  MultiplyScaled attributes = {
      {op.getShape().getK(), getMatrixType(op, op.getMultiplicandAPtxType()),
       getMatrixType(op, op.getMultiplicandBPtxType())},
      1 << int32_t(op.getScaleVecSize()),
      op.getBlockScaleFormat() == NVVM::BlockScaleFormat::UE8M0,
      {getSelector(op, op.getByteIdA()), getSelector(op, op.getByteIdB())},
      {getSelector(op, op.getThreadIdA()), getSelector(op, op.getThreadIdB())}};
  SmallVector<Value> inputs;
  for (ValueRange values :
       {op.getOperandA(), op.getOperandB(), op.getOperandC()})
    inputs.push_back(
        createInSlot(b, gatherRegisters(b, values), kFragmentBytes));
  for (Value scales : {op.getScaleAData(), op.getScaleBData()})
    inputs.push_back(createInSlot(b, scales, sizeof(int32_t)));
  Value output = createSlot(b, kFragmentBytes);
  createWarpCall(b, op,
                 {performMultiplyScaled, keep(attributes), createI32(b, -1)},
                 inputs, output);
  replaceByStruct(b, op,
                  createLoad(b, VectorType::get(4, b.getI32Type()), output));
}

/// The intrinsics for types that nvvm.mma.sync does not have.
static bool rewriteIntrinsic(LLVM::CallIntrinsicOp op) {
  // llvm.nvvm.mma.m16n8k32.row.col.f32.e4m3.e4m3.f32
  SmallVector<StringRef> parts;
  op.getIntrin().split(parts, '.');
  constexpr size_t count = 10, operands = 10;
  if (parts.size() != count || parts[2] != "mma" || parts[3] != "m16n8k32" ||
      op.getArgs().size() != operands)
    return false;
  auto getType = [&](StringRef name) {
    if (name == "e4m3")
      return MatrixType::E4M3;
    if (name == "e5m2")
      return MatrixType::E5M2;
    reportUnknown(op, "matrices of this type are not known");
  };
  ImplicitLocOpBuilder b(op.getLoc(), op);
  MultiplyMatrices attributes = {32, getType(parts[7]), getType(parts[8])};
  ValueRange args = op.getArgs();
  replaceByStruct(b, op,
                  createMultiply(b, op, attributes,
                                 {gatherRegisters(b, args.slice(0, 4)),
                                  gatherRegisters(b, args.slice(4, 2)),
                                  gatherRegisters(b, args.slice(6, 4))}));
  return true;
}

bool quantx::test::rewriteMatrixOp(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<nvgpu::LdMatrixOp, nvgpu::MmaSyncOp, NVVM::MmaOp,
            NVVM::MmaBlockScaleOp>([](auto op) {
        rewriteOp(op);
        return true;
      })
      .Case([](LLVM::CallIntrinsicOp op) { return rewriteIntrinsic(op); })
      .Default(false);
}
