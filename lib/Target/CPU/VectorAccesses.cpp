//===- VectorAccesses.cpp - Where loops read and write vectors ------------===//

#include "VectorAccesses.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include <numeric>

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Loop Loop::get(Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return {op, loop.getInductionVar(), loop.getLowerBound(),
            loop.getUpperBound(), loop.getStep()};
  auto nest = dyn_cast<omp::LoopNestOp>(op);
  if (!nest || nest.getIVs().size() != 1)
    return {};
  return {op, nest.getIVs().front(), nest.getLoopLowerBounds().front(),
          nest.getLoopUpperBounds().front(), nest.getLoopSteps().front()};
}

Loop Loop::getParent(Operation *op) {
  while ((op = op->getParentOp()))
    if (Loop loop = get(op))
      return loop;
  return {};
}

bool Loop::isInnermost() const {
  return !op->walk([&](Operation *inner) {
              return inner != op && get(inner) ? WalkResult::interrupt()
                                               : WalkResult::advance();
            }).wasInterrupted();
}

Operation *Loop::getAnchor() const {
  Operation *anchor = op;
  while (isa<omp::LoopWrapperInterface>(anchor->getParentOp()))
    anchor = anchor->getParentOp();
  return anchor;
}

bool Loop::defines(Value value) const {
  return op->isAncestor(value.getParentBlock()->getParentOp());
}

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

/// The loop whose index `value` is; null where it is none.
static Loop getIndexedLoop(Value value) {
  auto index = dyn_cast<BlockArgument>(value);
  Loop loop = index ? Loop::get(index.getOwner()->getParentOp()) : Loop();
  return loop && loop.index == value ? loop : Loop();
}

/// What divides the loop's index in each iteration.
static int64_t getIndexDivisor(const Loop &loop) {
  std::optional<int64_t> lower = getConstantIntValue(loop.lower);
  std::optional<int64_t> step = getConstantIntValue(loop.step);
  return lower && step && *step > 0 ? std::gcd(*lower, *step) : 1;
}

AffineExpr IndexExprs::getLeaf(Value value) {
  auto *it = llvm::find(values, value);
  unsigned position = it - values.begin();
  if (it == values.end())
    values.push_back(value);
  Loop loop = getIndexedLoop(value);
  return getAffineDimExpr(position, context) *
         (loop ? getIndexDivisor(loop) : 1);
}

AffineExpr IndexExprs::get(OpFoldResult value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return getAffineConstantExpr(*constant, context);
  return get(cast<Value>(value));
}

AffineExpr IndexExprs::get(Value value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return getAffineConstantExpr(*constant, context);
  Operation *op = value.getDefiningOp();
  if (!op)
    return getLeaf(value);
  if (auto add = dyn_cast<arith::AddIOp>(op))
    return get(add.getLhs()) + get(add.getRhs());
  if (auto sub = dyn_cast<arith::SubIOp>(op))
    return get(sub.getLhs()) - get(sub.getRhs());
  if (isa<arith::MulIOp, arith::DivUIOp>(op)) {
    std::optional<int64_t> factor = getConstantIntValue(op->getOperand(1));
    if (!factor || *factor <= 0)
      return getLeaf(value);
    AffineExpr expr = get(op->getOperand(0));
    return isa<arith::MulIOp>(op) ? expr * *factor : expr.floorDiv(*factor);
  }
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
    AffineMap map = apply.getAffineMap();
    SmallVector<AffineExpr> operands;
    for (Value operand : apply.getMapOperands())
      operands.push_back(get(operand));
    ArrayRef<AffineExpr> all(operands);
    return map.getResult(0).replaceDimsAndSymbols(
        all.take_front(map.getNumDims()), all.drop_front(map.getNumDims()));
  }
  return getLeaf(value);
}

bool IndexExprs::isOnce(const Loop &loop) {
  std::optional<int64_t> step = getConstantIntValue(loop.step);
  SmallVector<Value> ends = {loop.upper};
  if (auto least = loop.upper.getDefiningOp<arith::MinUIOp>())
    llvm::append_range(ends, least->getOperands());
  return step && llvm::any_of(ends, [&](Value end) {
           auto size = dyn_cast<AffineConstantExpr>(
               simplify(get(end) - get(loop.lower)));
           return size && size.getValue() <= *step;
         });
}

AffineExpr IndexExprs::simplify(AffineExpr expr) const {
  return simplifyAffineExpr(expr, values.size(), /*numSymbols=*/0);
}

bool IndexExprs::movesWith(AffineExpr expr, const Loop &loop) {
  auto *it = llvm::find(values, loop.index);
  return it != values.end() && expr.isFunctionOfDim(it - values.begin());
}

std::optional<AffineExpr> IndexExprs::getStep(AffineExpr expr,
                                              const Loop &loop) {
  for (auto [position, value] : llvm::enumerate(values)) {
    // Indices of inner loops start over in each iteration.
    if (expr.isFunctionOfDim(position) && loop.defines(value) &&
        !getIndexedLoop(value))
      return std::nullopt;
  }
  if (!movesWith(expr, loop))
    return getAffineConstantExpr(0, context);
  AffineExpr step = get(loop.step).floorDiv(getIndexDivisor(loop));
  AffineExpr index = getAffineDimExpr(
      llvm::find(values, loop.index) - values.begin(), context);
  AffineExpr grows = simplify(expr.replace(index, index + step) - expr);
  for (auto [position, value] : llvm::enumerate(values))
    if (grows.isFunctionOfDim(position) && loop.defines(value))
      return std::nullopt;
  return grows;
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

int64_t VectorAccess::getElementBytes() const {
  return vector.getElementTypeBitWidth() / 8;
}

int64_t VectorAccess::getBytes() const {
  return vector.getNumElements() * getElementBytes();
}

/// Replaces `access` to a subview by one to what it is part of. False where
/// the buffer is no subview.
static bool peelSubview(VectorAccess &access, IndexExprs &exprs) {
  auto view = access.buffer.getDefiningOp<memref::SubViewOp>();
  if (!view)
    return false;
  llvm::SmallBitVector dropped = view.getDroppedDims();
  SmallVector<AffineExpr> indices;
  const auto *index = access.indices.begin();
  for (auto [dim, offset, stride] :
       llvm::enumerate(view.getMixedOffsets(), view.getMixedStrides())) {
    AffineExpr expr = exprs.get(offset);
    if (!dropped[dim])
      expr = expr + *index++ * exprs.get(stride);
    indices.push_back(expr);
  }
  access.indices = std::move(indices);
  access.buffer = cast<TypedValue<MemRefType>>(view.getSource());
  return true;
}

/// Reads `op` as `access`, without the buffer. False where it is none.
static bool parseAccess(Operation *op, VectorAccess &access) {
  access.op = op;
  Value base;
  if (auto transfer = dyn_cast<VectorTransferOpInterface>(op)) {
    if (!transfer.getPermutationMap().isMinorIdentity())
      return false;
    base = transfer.getBase();
    access.baseIndices = transfer.getIndices();
    access.vector = transfer.getVectorType();
    access.isWrite = isa<vector::TransferWriteOp>(op);
    access.isMasked = transfer.getMask() || transfer.hasOutOfBoundsDim();
  } else if (auto load = dyn_cast<vector::LoadOp>(op)) {
    base = load.getBase();
    access.baseIndices = load.getIndices();
    access.vector = load.getVectorType();
  } else if (auto load = dyn_cast<memref::LoadOp>(op)) {
    base = load.getMemRef();
    access.baseIndices = load.getIndices();
    if (VectorType::isValidElementType(load.getType()))
      access.vector = VectorType::get({1}, load.getType());
  }
  access.base = dyn_cast_or_null<TypedValue<MemRefType>>(base);
  return access.base && access.vector && !access.baseIndices.empty();
}

std::optional<VectorAccess> VectorAccess::get(Operation *op,
                                              IndexExprs &exprs) {
  VectorAccess access;
  if (!parseAccess(op, access))
    return std::nullopt;
  VectorType vector = access.vector;
  MemRefType type = access.base.getType();
  if (vector.getRank() != 1 || vector.isScalable() ||
      !vector.getElementType().isIntOrFloat() ||
      vector.getElementTypeBitWidth() % 8 != 0 ||
      type.getElementType() != vector.getElementType() || !type.isStrided() ||
      !type.isLastDimUnitStride())
    return std::nullopt;
  access.buffer = access.base;
  for (Value index : access.baseIndices)
    access.indices.push_back(exprs.get(index));
  while (peelSubview(access, exprs))
    continue;
  return access;
}

//===----------------------------------------------------------------------===//
// All accesses of a loop
//===----------------------------------------------------------------------===//

static Value getViewedBuffer(Value view) {
  while (auto op = view.getDefiningOp<ViewLikeOpInterface>())
    view = op.getViewSource();
  return view;
}

/// Whether `op` may have the effect on `buffer`, an operand. An op that does
/// not say what it does may do all.
template <typename Effect>
static bool mayHaveEffect(Operation *op, Value buffer) {
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface)
    return true;
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffects<Effect>(effects);
  return llvm::any_of(effects, [&](const auto &effect) {
    return !effect.getValue() || effect.getValue() == buffer;
  });
}

TouchedBuffers TouchedBuffers::get(const Loop &loop) {
  TouchedBuffers touched;
  loop.op->walk([&](Operation *op) {
    for (Value operand : op->getOperands()) {
      if (!isa<BaseMemRefType>(operand.getType()))
        continue;
      if (mayHaveEffect<MemoryEffects::Read>(op, operand))
        touched.read.insert(getViewedBuffer(operand));
      if (mayHaveEffect<MemoryEffects::Write>(op, operand))
        touched.written.insert(getViewedBuffer(operand));
    }
  });
  return touched;
}
