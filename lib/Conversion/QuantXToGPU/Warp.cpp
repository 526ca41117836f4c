//===- Warp.cpp - What the threads of a warp do together ------------------===//

#include "Warp.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/ElementwiseBuilder.h"

using namespace mlir;
using namespace quantx;

static Value createI32(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantOp::create(
      b, b.getIntegerAttr(b.getI32Type(), llvm::APInt(32, value, true, true)));
}

static Value toI32(ImplicitLocOpBuilder &b, Value index) {
  return arith::IndexCastOp::create(b, b.getI32Type(), index);
}

LaneGroup LaneGroup::get(ImplicitLocOpBuilder &b, Value thread, int64_t lanes,
                         bool isWholeWarp) {
  if (isWholeWarp || lanes == kWarpSize)
    return {lanes, thread, createI32(b, -1)};
  IndexMath math(b);
  Value lane = toI32(b, math.rem(thread, kWarpSize));
  Value first = arith::AndIOp::create(b, lane, createI32(b, -lanes));
  Value ones = createI32(b, (int64_t(1) << lanes) - 1);
  return {lanes, thread, arith::ShLIOp::create(b, ones, first)};
}

/// `value`, of 32 or 64 bits, of the lane that `kind` and `offset` (i32) say.
static Value shuffle(ImplicitLocOpBuilder &b, Value mask, Value value,
                     Value offset, NVVM::ShflKind kind) {
  Type type = value.getType();
  Type i32 = b.getI32Type();
  auto shuffleWord = [&](Value word) -> Value {
    Value lastLane = createI32(b, kWarpSize - 1);
    return NVVM::ShflOp::create(b, i32, mask, word, offset, lastLane, kind,
                                /*return_value_and_is_valid=*/UnitAttr());
  };
  if (type == i32)
    return shuffleWord(value);
  unsigned width = type.getIntOrFloatBitWidth();
  auto words = VectorType::get(width / 32, i32);
  Value one =
      vector::FromElementsOp::create(b, VectorType::get(1, type), value);
  Value split = vector::BitCastOp::create(b, words, one);
  SmallVector<Value> moved;
  for (int64_t i = 0; i < words.getNumElements(); ++i)
    moved.push_back(shuffleWord(vector::ExtractOp::create(b, split, i)));
  Value joined = vector::BitCastOp::create(
      b, VectorType::get(1, type),
      vector::FromElementsOp::create(b, words, moved));
  return vector::ExtractOp::create(b, joined, int64_t(0));
}

Value LaneGroup::exchange(ImplicitLocOpBuilder &b, Value value,
                          int64_t distance) const {
  return shuffle(b, mask, value, createI32(b, distance), NVVM::ShflKind::bfly);
}

Value LaneGroup::broadcast(ImplicitLocOpBuilder &b, Value value,
                           Value index) const {
  IndexMath math(b);
  Value inGroup = math.rem(thread, lanes);
  Value lane = math.rem(thread, kWarpSize);
  Value source = math.add(math.sub(lane, inGroup), index);
  return shuffle(b, mask, value, toI32(b, source), NVVM::ShflKind::idx);
}

Value LaneGroup::isFirst(ImplicitLocOpBuilder &b) const {
  IndexMath math(b);
  return math.equal(math.rem(thread, lanes), 0);
}

Value LaneGroup::reduce(ImplicitLocOpBuilder &b, Reduction::Kind kind,
                        Value value) const {
  for (int64_t distance = 1; distance < lanes; distance *= 2)
    value = buildCombine(b, kind, value, exchange(b, value, distance));
  return value;
}

ThreadGroup ThreadGroup::get(KernelBuilder &kernel) {
  ImplicitLocOpBuilder &b = kernel.getBody();
  ThreadGroup threads = {gpu::ThreadIdOp::create(b, gpu::Dimension::x),
                         kernel.getBlockSize(), Value()};
  int64_t numWarps = threads.count / kWarpSize;
  if (numWarps > 1) {
    auto space = gpu::AddressSpaceAttr::get(b.getContext(),
                                            gpu::AddressSpace::Workgroup);
    threads.shared = kernel.addWorkgroupBuffer(MemRefType::get(
        numWarps, b.getI64Type(), MemRefLayoutAttrInterface(), space));
  }
  return threads;
}

/// The bits of a value of 32 or 64 bits as i64, and back.
static Value toBits(ImplicitLocOpBuilder &b, Value value) {
  ElementwiseBuilder arith(b, b.getLoc());
  unsigned width = value.getType().getIntOrFloatBitWidth();
  return arith.zext(arith.bitcast(value, b.getIntegerType(width)), 64);
}

static Value fromBits(ImplicitLocOpBuilder &b, Value bits, Type type) {
  ElementwiseBuilder arith(b, b.getLoc());
  return arith.bitcast(arith.trunc(bits, type.getIntOrFloatBitWidth()), type);
}

Value ThreadGroup::reduce(ImplicitLocOpBuilder &b, Reduction::Kind kind,
                          Value value) const {
  IndexMath math(b);
  LaneGroup warp = LaneGroup::get(b, thread, kWarpSize, /*isWholeWarp=*/true);
  value = warp.reduce(b, kind, value);
  if (!shared)
    return value;
  buildIf(b, warp.isFirst(b), [&] {
    memref::StoreOp::create(b, toBits(b, value), shared,
                            math.div(thread, kWarpSize));
  });
  gpu::BarrierOp::create(b);
  Value result;
  for (int64_t i = 0; i < count / kWarpSize; ++i) {
    Value bits = memref::LoadOp::create(b, shared, math.constant(i));
    Value part = fromBits(b, bits, value.getType());
    result = result ? buildCombine(b, kind, result, part) : part;
  }
  // The next reduction writes there.
  gpu::BarrierOp::create(b);
  return result;
}

Value quantx::buildCombine(ImplicitLocOpBuilder &b, Reduction::Kind kind,
                           Value lhs, Value rhs) {
  switch (kind) {
  case Reduction::Add:
  case Reduction::AddInAnyOrder:
    if (getElementTypeOrSelf(lhs).isInteger())
      return arith::AddIOp::create(b, lhs, rhs);
    return arith::AddFOp::create(b, lhs, rhs);
  case Reduction::MaxSigned:
    return arith::MaxSIOp::create(b, lhs, rhs);
  case Reduction::Minimum:
    return arith::MinimumFOp::create(b, lhs, rhs);
  case Reduction::Maximum:
    return arith::MaximumFOp::create(b, lhs, rhs);
  }
  llvm_unreachable("unknown kind of reduction");
}

Value quantx::reduceVector(ImplicitLocOpBuilder &b, Reduction::Kind kind,
                           Value vector) {
  SmallVector<Value> values = llvm::to_vector_of<Value>(
      vector::ToElementsOp::create(b, vector).getResults());
  while (values.size() > 1) {
    SmallVector<Value> halves;
    for (size_t i = 0; i + 1 < values.size(); i += 2)
      halves.push_back(buildCombine(b, kind, values[i], values[i + 1]));
    if (values.size() % 2)
      halves.push_back(values.back());
    values = std::move(halves);
  }
  return values.front();
}

Value quantx::combineMagnitudes(ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
  return arith::MaximumFOp::create(b, math::AbsFOp::create(b, lhs),
                                   math::AbsFOp::create(b, rhs));
}

// Two elements of 16 bits share a register to the end. They are moved as
// integers: see `loadUnit`.
Value quantx::reduceMagnitudesOfVector(ImplicitLocOpBuilder &b, Value vector) {
  ElementwiseBuilder arith(b, b.getLoc());
  auto type = cast<VectorType>(vector.getType());
  Value integers =
      arith.bitcast(vector, b.getIntegerType(type.getElementTypeBitWidth()));
  int64_t size = type.getNumElements();
  int64_t piece = type.getElementTypeBitWidth() == 16 && size % 2 == 0 ? 2 : 1;
  SmallVector<Value> parts;
  for (int64_t i = 0; i < size; i += piece) {
    auto indices = llvm::to_vector(llvm::seq(i, i + piece));
    Value part = vector::ShuffleOp::create(b, integers, integers, indices);
    parts.push_back(arith.bitcast(part, type.getElementType()));
  }
  while (parts.size() > 1) {
    SmallVector<Value> halves;
    for (size_t i = 0; i + 1 < parts.size(); i += 2)
      halves.push_back(combineMagnitudes(b, parts[i], parts[i + 1]));
    if (parts.size() % 2)
      halves.push_back(parts.back());
    parts = std::move(halves);
  }
  Value wide = arith.extendToF32(parts.front());
  Value bits = arith.bitAnd(arith.asI32(wide), 0x7fffffff);
  return reduceVector(b, Reduction::MaxSigned, bits);
}
