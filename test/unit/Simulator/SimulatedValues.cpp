//===- SimulatedValues.cpp - Values on their way to calls -----------------===//

#include "SimulatedValues.h"
#include "HostCalls.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx::test;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Type quantx::test::getPointerType(ImplicitLocOpBuilder &b) {
  return LLVM::LLVMPointerType::get(b.getContext());
}

Value quantx::test::createI32(ImplicitLocOpBuilder &b, int64_t value) {
  return LLVM::ConstantOp::create(b, b.getI32IntegerAttr(int32_t(value)));
}

Value quantx::test::createI64(ImplicitLocOpBuilder &b, int64_t value) {
  return LLVM::ConstantOp::create(b, b.getI64IntegerAttr(value));
}

Value quantx::test::createSite(ImplicitLocOpBuilder &b, Operation *op) {
  return createAddress(b, getSite(op));
}

Value quantx::test::castToI64(ImplicitLocOpBuilder &b, Value value) {
  if (isa<IndexType>(value.getType()))
    return arith::IndexCastOp::create(b, b.getI64Type(), value);
  if (value.getType().isInteger(64))
    return value;
  return arith::ExtUIOp::create(b, b.getI64Type(), value);
}

Value quantx::test::createSlot(ImplicitLocOpBuilder &b, int64_t bytes) {
  OpBuilder::InsertionGuard guard(b);
  Operation *parent = b.getInsertionBlock()->getParentOp();
  if (!isa<func::FuncOp>(parent))
    parent = parent->getParentOfType<func::FuncOp>();
  b.setInsertionPointToStart(&cast<func::FuncOp>(parent).getBody().front());
  constexpr int64_t alignment = 16;
  return LLVM::AllocaOp::create(b, getPointerType(b), b.getI8Type(),
                                createI64(b, bytes), alignment);
}

Value quantx::test::createElementPointer(ImplicitLocOpBuilder &b, Value pointer,
                                         int64_t offset) {
  return LLVM::GEPOp::create(b, getPointerType(b), b.getI8Type(), pointer,
                             LLVM::GEPArg(int32_t(offset)));
}

Value quantx::test::createLoad(ImplicitLocOpBuilder &b, Type type,
                               Value pointer, int64_t offset) {
  Value address = createElementPointer(b, pointer, offset);
  return LLVM::LoadOp::create(b, type, address);
}

void quantx::test::createStore(ImplicitLocOpBuilder &b, Value value,
                               Value pointer, int64_t offset) {
  Value address = createElementPointer(b, pointer, offset);
  LLVM::StoreOp::create(b, value, address);
}

/// Pointers to the slots that an operation of a warp reads.
static Value createInputs(ImplicitLocOpBuilder &b, ValueRange slots) {
  constexpr int64_t pointerBytes = sizeof(void *);
  Value inputs = createSlot(b, int64_t(slots.size()) * pointerBytes);
  for (auto [index, slot] : llvm::enumerate(slots))
    createStore(b, slot, inputs, int64_t(index) * pointerBytes);
  return inputs;
}

Value quantx::test::createInSlot(ImplicitLocOpBuilder &b, Value value,
                                 int64_t bytes) {
  Value slot = createSlot(b, bytes);
  createStore(b, value, slot);
  return slot;
}

Value quantx::test::toRegisters(ImplicitLocOpBuilder &b, Value vector) {
  auto type = cast<VectorType>(vector.getType());
  int64_t bits =
      type.getNumElements() * type.getElementType().getIntOrFloatBitWidth();
  auto flat = VectorType::get(type.getNumElements(), type.getElementType());
  vector = vector::ShapeCastOp::create(b, flat, vector);
  return vector::BitCastOp::create(
      b, VectorType::get(bits / 32, b.getI32Type()), vector);
}

Value quantx::test::fromRegisters(ImplicitLocOpBuilder &b, Value registers,
                                  VectorType type) {
  auto flat = VectorType::get(type.getNumElements(), type.getElementType());
  Value vector = vector::BitCastOp::create(b, flat, registers);
  return vector::ShapeCastOp::create(b, type, vector);
}

Value quantx::test::toI64Bits(ImplicitLocOpBuilder &b, Value value) {
  Type type = value.getType();
  if (auto vector = dyn_cast<VectorType>(type)) {
    Type bits = b.getIntegerType(vector.getNumElements() *
                                 vector.getElementTypeBitWidth());
    value = vector::BitCastOp::create(b, VectorType::get(1, bits), value);
    value = vector::ExtractOp::create(b, value, int64_t(0));
  } else if (isa<FloatType>(type)) {
    value = arith::BitcastOp::create(
        b, b.getIntegerType(type.getIntOrFloatBitWidth()), value);
  }
  return castToI64(b, value);
}

Value quantx::test::fromI64Bits(ImplicitLocOpBuilder &b, Value value,
                                Type type) {
  auto vector = dyn_cast<VectorType>(type);
  unsigned width =
      vector ? vector.getNumElements() * vector.getElementTypeBitWidth()
             : type.getIntOrFloatBitWidth();
  Type bits = b.getIntegerType(width);
  if (width < 64)
    value = arith::TruncIOp::create(b, bits, value);
  if (type == bits)
    return value;
  if (!vector)
    return arith::BitcastOp::create(b, type, value);
  value = vector::FromElementsOp::create(b, VectorType::get(1, bits), value);
  return vector::BitCastOp::create(b, vector, value);
}

//===----------------------------------------------------------------------===//
// Memrefs
//===----------------------------------------------------------------------===//

Type quantx::test::getDescriptorType(MemRefType type) {
  MLIRContext *context = type.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context);
  Type word = IntegerType::get(context, 64);
  SmallVector<Type> fields = {pointer, pointer, word};
  if (type.getRank() > 0)
    fields.append(2, LLVM::LLVMArrayType::get(word, type.getRank()));
  return LLVM::LLVMStructType::getLiteral(context, fields);
}

Value quantx::test::createMemRef(ImplicitLocOpBuilder &b, Value pointer,
                                 MemRefType type, Value size) {
  Value descriptor = LLVM::PoisonOp::create(b, getDescriptorType(type));
  auto insert = [&](Value value, ArrayRef<int64_t> position) {
    descriptor = LLVM::InsertValueOp::create(b, descriptor, value, position);
  };
  insert(pointer, {0});
  insert(pointer, {1});
  insert(createI64(b, 0), {2});
  int64_t stride = 1;
  for (int64_t dim = type.getRank(); dim-- > 0;) {
    insert(type.isDynamicDim(dim) ? size : createI64(b, type.getDimSize(dim)),
           {3, dim});
    insert(createI64(b, stride), {4, dim});
    stride *= type.getDimSize(dim);
  }
  return UnrealizedConversionCastOp::create(b, type, descriptor).getResult(0);
}

Value quantx::test::createElementPointer(ImplicitLocOpBuilder &b,
                                         TypedValue<MemRefType> memref,
                                         ValueRange indices) {
  auto metadata = memref::ExtractStridedMetadataOp::create(b, memref);
  Value offset = metadata.getOffset();
  for (auto [index, stride] : llvm::zip(indices, metadata.getStrides()))
    offset = arith::AddIOp::create(b, offset,
                                   arith::MulIOp::create(b, index, stride));
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(b, memref);
  int64_t width = memref.getType().getElementTypeBitWidth() / 8;
  Value bytes = arith::MulIOp::create(b, offset,
                                      arith::ConstantIndexOp::create(b, width));
  Value address = castToI64(b, arith::AddIOp::create(b, base, bytes));
  return LLVM::IntToPtrOp::create(b, getPointerType(b), address);
}

//===----------------------------------------------------------------------===//
// Operations of warps
//===----------------------------------------------------------------------===//

static void waitForWarp(std::string (*perform)(llvm::ArrayRef<WarpLane *>),
                        const void *attributes, int32_t mask,
                        const void *const *inputs, void *output,
                        const char *site) {
  WarpLane lane;
  lane.site = site;
  lane.mask = uint32_t(mask);
  lane.perform = perform;
  lane.inputs = inputs;
  lane.output = output;
  lane.attributes = attributes;
  SimulatedDevice::get().waitForWarp(lane);
}

void quantx::test::createWarpCall(ImplicitLocOpBuilder &b, Operation *op,
                                  const WarpCall &call, ValueRange inputs,
                                  Value output) {
  const auto *perform = reinterpret_cast<const void *>(call.perform);
  createHostCall(b, waitForWarp, Type(),
                 {createAddress(b, perform), createAddress(b, call.attributes),
                  call.mask, createInputs(b, inputs), output,
                  createSite(b, op)});
}
