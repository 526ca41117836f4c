//===- Alignment.cpp - What is known of offsets and sizes of slices -------===//

#include "quantx/Transforms/Alignment.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include <numeric>

using namespace mlir;
using namespace quantx;

/// How far back through the ops that compute an index to look: offsets that
/// tiling makes are a few ops deep, and the walk doubles at every sum.
static constexpr unsigned kMaxDepth = 10;

int64_t quantx::getCodesPerByteGroup(unsigned bits) {
  return 8 / std::gcd(8u, bits);
}

int64_t quantx::getCodesPerBlock(Packing packing, unsigned bits) {
  switch (packing) {
  case Packing::Linear:
    return getCodesPerByteGroup(bits);
  case Packing::SplitHalf:
    return 32;
  case Packing::Interleaved8:
    return 8;
  }
  llvm_unreachable("unknown packing");
}

SmallVector<int64_t> quantx::getSliceSteps(ScaledType type) {
  SmallVector<int64_t> steps;
  for (int64_t block : type.getBlockShape())
    steps.push_back(block == ScaledType::kWholeDimension ? 1 : block);
  steps.back() =
      std::lcm(steps.back(), getCodesPerByteGroup(type.getStorageBits()));
  return steps;
}

//===----------------------------------------------------------------------===//
// Divisors
//===----------------------------------------------------------------------===//

// A divisor is a positive number that divides a value whatever it is at run
// time; 0 stands for the value 0, which everything divides.

static int64_t getDivisor(OpFoldResult value, unsigned depth);

static int64_t multiplyDivisors(int64_t lhs, int64_t rhs) {
  int64_t product;
  return llvm::MulOverflow(lhs, rhs, product) ? lhs : product;
}

static int64_t getDivisorOfConstant(int64_t value) {
  return value == std::numeric_limits<int64_t>::min() ? 1 : std::abs(value);
}

/// The divisor of lhs / rhs where that is exact, else 1.
static int64_t divideDivisor(AffineExpr rhs, int64_t lhs) {
  auto constant = dyn_cast<AffineConstantExpr>(rhs);
  if (!constant || constant.getValue() <= 0 || lhs % constant.getValue() != 0)
    return 1;
  return lhs / constant.getValue();
}

/// The divisor of `expr`, whose dimensions and symbols have `divisors`.
static int64_t getDivisorOfExpr(AffineExpr expr, unsigned numDims,
                                ArrayRef<int64_t> divisors) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return getDivisorOfConstant(constant.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return divisors[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return divisors[numDims + symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  int64_t lhs = getDivisorOfExpr(binary.getLHS(), numDims, divisors);
  int64_t rhs = getDivisorOfExpr(binary.getRHS(), numDims, divisors);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
  case AffineExprKind::Mod:
    return std::gcd(lhs, rhs);
  case AffineExprKind::Mul:
    return multiplyDivisors(lhs, rhs);
  default:
    return divideDivisor(binary.getRHS(), lhs);
  }
}

static SmallVector<int64_t> getDivisors(ValueRange values, unsigned depth) {
  return llvm::map_to_vector(
      values, [&](Value value) { return getDivisor(value, depth); });
}

/// The divisor of every result of `map` of `operands`.
static int64_t getDivisorOfMap(AffineMap map, ValueRange operands,
                               unsigned depth) {
  SmallVector<int64_t> divisors = getDivisors(operands, depth);
  int64_t common = 0;
  for (AffineExpr expr : map.getResults())
    common =
        std::gcd(common, getDivisorOfExpr(expr, map.getNumDims(), divisors));
  return common;
}

static int64_t getDivisorOfInductionVariable(BlockArgument argument,
                                             unsigned depth) {
  auto loop =
      dyn_cast_or_null<LoopLikeOpInterface>(argument.getOwner()->getParentOp());
  if (!loop)
    return 1;
  auto ivs = loop.getLoopInductionVars();
  auto lower = loop.getLoopLowerBounds();
  auto steps = loop.getLoopSteps();
  if (!ivs || !lower || !steps || lower->size() != ivs->size() ||
      steps->size() != ivs->size())
    return 1;
  for (auto [iv, begin, step] : llvm::zip_equal(*ivs, *lower, *steps))
    if (iv == argument)
      return std::gcd(getDivisor(begin, depth), getDivisor(step, depth));
  return 1;
}

static int64_t getDivisor(OpFoldResult ofr, unsigned depth) {
  if (std::optional<int64_t> constant = getConstantIntValue(ofr))
    return getDivisorOfConstant(*constant);
  if (depth == 0)
    return 1;
  --depth;
  Value value = cast<Value>(ofr);
  if (auto argument = dyn_cast<BlockArgument>(value))
    return getDivisorOfInductionVariable(argument, depth);
  Operation *op = value.getDefiningOp();
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    return getDivisorOfMap(apply.getMap(), apply.getOperands(), depth);
  if (auto min = dyn_cast<affine::AffineMinOp>(op))
    return getDivisorOfMap(min.getMap(), min.getOperands(), depth);
  if (auto max = dyn_cast<affine::AffineMaxOp>(op))
    return getDivisorOfMap(max.getMap(), max.getOperands(), depth);
  if (isa<arith::IndexCastOp>(op))
    return getDivisor(op->getOperand(0), depth);
  if (!isa<arith::MulIOp, arith::AddIOp, arith::SubIOp, arith::MinSIOp,
           arith::MaxSIOp, arith::MinUIOp, arith::MaxUIOp>(op))
    return 1;
  int64_t lhs = getDivisor(op->getOperand(0), depth);
  int64_t rhs = getDivisor(op->getOperand(1), depth);
  return isa<arith::MulIOp>(op) ? multiplyDivisors(lhs, rhs)
                                : std::gcd(lhs, rhs);
}

bool quantx::isKnownMultipleOf(OpFoldResult value, int64_t factor) {
  return factor == 1 || getDivisor(value, kMaxDepth) % factor == 0;
}

//===----------------------------------------------------------------------===//
// Ends of ranges
//===----------------------------------------------------------------------===//

using Variable = ValueBoundsConstraintSet::Variable;

static Value findShapeSource(Value value, Value stop, unsigned depth);

/// Whether every iteration of `loop` yields, for its argument `i`, a tensor of
/// the argument's shape.
static bool keepsShape(scf::ForOp loop, unsigned i, unsigned depth) {
  Value argument = loop.getRegionIterArg(i);
  return findShapeSource(loop.getYieldedValues()[i], argument, depth) ==
         argument;
}

/// One step towards the first value of the shape of `value`: what a slice was
/// inserted into, or a loop began with. Null where there is none.
static Value findPreviousOfShape(Value value, unsigned depth) {
  if (auto insert = value.getDefiningOp<tensor::InsertSliceOp>())
    return insert.getDest();
  if (auto result = dyn_cast<OpResult>(value)) {
    auto loop = dyn_cast<scf::ForOp>(result.getOwner());
    unsigned i = result.getResultNumber();
    if (loop && keepsShape(loop, i, depth))
      return loop.getInitArgs()[i];
    if (auto forall = dyn_cast<scf::ForallOp>(result.getOwner()))
      return forall.getOutputs()[i];
    return {};
  }
  auto argument = cast<BlockArgument>(value);
  Operation *parent = argument.getOwner()->getParentOp();
  if (auto loop = dyn_cast_or_null<scf::ForOp>(parent)) {
    unsigned first = loop.getNumInductionVars();
    unsigned i = argument.getArgNumber() - first;
    if (argument.getArgNumber() >= first && keepsShape(loop, i, depth))
      return loop.getInitArgs()[i];
  }
  if (auto forall = dyn_cast_or_null<scf::ForallOp>(parent)) {
    unsigned first = forall.getRank();
    if (argument.getArgNumber() >= first)
      return forall.getOutputs()[argument.getArgNumber() - first];
  }
  return {};
}

/// The earliest value that is known to have the shape of `value`, or `stop`.
static Value findShapeSource(Value value, Value stop, unsigned depth) {
  while (depth != 0 && value != stop) {
    Value previous = findPreviousOfShape(value, --depth);
    if (!previous)
      break;
    value = previous;
  }
  return value;
}

/// The size of dimension `dim` of `tensor`.
static Variable getDimSize(Value tensor, int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  tensor = findShapeSource(tensor, /*stop=*/Value(), kMaxDepth);
  if (type.isDynamicDim(dim))
    return Variable(tensor, dim);
  Builder builder(tensor.getContext());
  return Variable(OpFoldResult(builder.getIndexAttr(type.getDimSize(dim))));
}

static bool areKnownEqual(const Variable &lhs, const Variable &rhs) {
  FailureOr<bool> equal = ValueBoundsConstraintSet::areEqual(lhs, rhs);
  return succeeded(equal) && *equal;
}

/// Whether `expr`, a result of affine.min or max `op`, is a multiple of `step`
/// or equal to `rest`, what is left of the dimension.
template <typename MinMaxOp>
static bool isMultipleOrRest(MinMaxOp op, unsigned result, int64_t step,
                             const Variable &rest) {
  AffineMap map = op.getMap().getSubMap({result});
  return getDivisorOfMap(map, op.getOperands(), kMaxDepth) % step == 0 ||
         areKnownEqual(Variable(map, op.getOperands()), rest);
}

/// The operand that `expr` is, or null.
static Value findOperand(AffineMap map, AffineExpr expr, ValueRange operands) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return operands[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return operands[map.getNumDims() + symbol.getPosition()];
  return {};
}

/// Whether `size` is a multiple of `step`, or `rest`, or the least or largest
/// of such. (Tiles beyond the end are written as max(0, rest).)
static bool isMultipleOrRest(OpFoldResult size, int64_t step,
                             const Variable &rest, unsigned depth) {
  if (isKnownMultipleOf(size, step) || areKnownEqual(Variable(size), rest))
    return true;
  auto value = dyn_cast<Value>(size);
  if (!value || depth == 0)
    return false;
  auto isEveryResult = [&](auto op) {
    for (auto [i, expr] : llvm::enumerate(op.getMap().getResults())) {
      Value operand = findOperand(op.getMap(), expr, op.getOperands());
      bool holds =
          isMultipleOrRest(op, i, step, rest) ||
          (operand && isMultipleOrRest(operand, step, rest, depth - 1));
      if (!holds)
        return false;
    }
    return true;
  };
  if (auto min = value.getDefiningOp<affine::AffineMinOp>())
    return isEveryResult(min);
  if (auto max = value.getDefiningOp<affine::AffineMaxOp>())
    return isEveryResult(max);
  Operation *op = value.getDefiningOp();
  return isa_and_nonnull<arith::MinSIOp, arith::MinUIOp>(op) &&
         isMultipleOrRest(op->getOperand(0), step, rest, depth - 1) &&
         isMultipleOrRest(op->getOperand(1), step, rest, depth - 1);
}

bool quantx::endsOnStepOrEnd(OpFoldResult offset, OpFoldResult size,
                             Value tensor, int64_t dim, int64_t step) {
  if (isKnownMultipleOf(size, step))
    return true;
  MLIRContext *context = tensor.getContext();
  AffineExpr difference =
      getAffineDimExpr(0, context) - getAffineDimExpr(1, context);
  SmallVector<Variable> operands = {getDimSize(tensor, dim), Variable(offset)};
  Variable rest(AffineMap::get(2, 0, difference), operands);
  return isMultipleOrRest(size, step, rest, kMaxDepth);
}

bool quantx::isWholeDimension(OpFoldResult offset, OpFoldResult size,
                              Value tensor, int64_t dim) {
  return isZeroInteger(offset) &&
         areKnownEqual(Variable(size), getDimSize(tensor, dim));
}
