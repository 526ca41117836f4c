//===- MatmulDirectLoads.cpp - Operands right to registers ----------------===//

#include "MatmulDirectLoads.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

Value quantx::buildAreAligned(ImplicitLocOpBuilder &b,
                              ArrayRef<const KernelOperand *> operands) {
  IndexMath math(b);
  Value addresses = math.constant(0);
  for (const KernelOperand *operand : operands) {
    Value start =
        memref::ExtractAlignedPointerAsIndexOp::create(b, operand->getData());
    int64_t unit = operand->getDataType().getIntOrFloatBitWidth() / 8;
    Value rowBytes = math.mul(operand->getRowSize(math), unit);
    addresses = math.bitOr(addresses, math.bitOr(start, rowBytes));
  }
  return math.equal(math.rem(addresses, kDirectBytes), 0);
}

static SmallVector<Value> splitToWords(ImplicitLocOpBuilder &b, Value loaded) {
  auto type = VectorType::get(kDirectBytes / 4, b.getI32Type());
  Value words = vector::BitCastOp::create(b, type, loaded);
  return llvm::to_vector_of<Value>(
      vector::ToElementsOp::create(b, words).getResults());
}

/// The type of 16 bytes of an operand.
static VectorType getLoadedType(const KernelOperand &operand) {
  Type data = operand.getDataType();
  return VectorType::get(kDirectBytes * 8 / data.getIntOrFloatBitWidth(), data);
}

// One by one, through the thread's own place in shared memory. What follows the
// last code in its byte is nothing.
SmallVector<Value> DirectLoads::loadSlowly(ImplicitLocOpBuilder &b,
                                           const KernelOperand &operand,
                                           const LaneRow &row,
                                           Value inRow) const {
  IndexMath math(b);
  VectorType loadedType = getLoadedType(operand);
  Type data = loadedType.getElementType();
  int64_t units = loadedType.getNumElements();
  auto sharedType = cast<MemRefType>(shared.getType());
  auto viewType =
      MemRefType::get(sharedType.getDimSize(0) * units / kDirectBytes, data,
                      MemRefLayoutAttrInterface(), sharedType.getMemorySpace());
  Value slots = memref::ViewOp::create(b, viewType, shared, math.constant(0),
                                       ValueRange());
  Value slot = math.mul(thread, units);
  Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(loadedType));
  vector::StoreOp::create(b, zeros, slots, slot, /*nontemporal=*/false,
                          llvm::MaybeAlign(kDirectBytes));
  Value first = math.add(row.first, inRow), end = operand.getRowSize(math);
  Value source = math.add(row.row.offset, first);
  Value count =
      math.min(math.sub(math.max(end, first), first), math.constant(units));
  buildLoop(b, math.constant(0), count, math.constant(1), [&](Value i) {
    Value unit =
        memref::LoadOp::create(b, operand.getData(), math.add(source, i));
    if (operand.getType() && operand.getType().getStorageBits() == 4) {
      Value next = math.add(math.add(first, i), 1);
      Value isHalf =
          math.logicalAnd(math.lessEqual(end, next),
                          math.equal(math.rem(operand.getSumSize(), 2), 1));
      ElementwiseBuilder arith(b, b.getLoc());
      unit = math.select(isHalf, arith.bitAnd(unit, 0xf), unit);
    }
    memref::StoreOp::create(b, unit, slots, math.add(slot, i));
  });
  return splitToWords(b,
                      vector::LoadOp::create(b, loadedType, slots, slot,
                                             /*nontemporal=*/false,
                                             llvm::MaybeAlign(kDirectBytes)));
}

SmallVector<Value> DirectLoads::load(ImplicitLocOpBuilder &b,
                                     const KernelOperand &operand,
                                     const LaneRow &row, Value inRow,
                                     Access access) const {
  IndexMath math(b);
  Value source = math.add(math.add(row.row.offset, row.first), inRow);
  auto loadAtOnce = [&] {
    return splitToWords(
        b, vector::LoadOp::create(
               b, getLoadedType(operand), operand.getData(), source,
               /*nontemporal=*/false, llvm::MaybeAlign(kDirectBytes)));
  };
  if (access == Access::Whole)
    return loadAtOnce();
  // Where rows are aligned, all 16 bytes are there, or none.
  auto loadIfThere = [&] {
    Value zero = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
    Value isThere =
        math.less(math.add(row.first, inRow), operand.getRowSize(math));
    return buildIfElse(b, isThere, loadAtOnce, [&] {
      return SmallVector<Value>(kDirectBytes / 4, zero);
    });
  };
  return buildIfElse(b, areAligned, loadIfThere,
                     [&] { return loadSlowly(b, operand, row, inRow); });
}
