//===- Hessian.cpp - The scale of least error under a Hessian -------------===//
//
// chooseHessianScale of the Format layer.
//
//===----------------------------------------------------------------------===//

#include "Hessian.h"
#include "Models.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantx/Format/Mutants.h"
#include "quantx/Format/OptimalScale.h"
#include "quantx/IR/QuantXAttrs.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Loops over positions
//===----------------------------------------------------------------------===//

Values quantx::emitFor(ElementwiseBuilder &b, Value size, ValueRange init,
                       PositionFn body) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value zero = arith::ConstantIndexOp::create(builder, 0);
  Value one = arith::ConstantIndexOp::create(builder, 1);
  auto build = [&](OpBuilder &nested, Location loc, Value position,
                   ValueRange accumulators) {
    ElementwiseBuilder n(nested, loc);
    Values next = body(n, position, accumulators);
    scf::YieldOp::create(n.getBuilder(), next);
  };
  auto loop = scf::ForOp::create(builder, zero, size, one, init, build);
  return llvm::to_vector_of<Value>(loop.getResults());
}

Values quantx::emitZeros(ElementwiseBuilder &b, unsigned count) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value zero = arith::ConstantOp::create(builder, builder.getF64FloatAttr(0.0));
  return Values(count, zero);
}

Value quantx::emitElementAt(ElementwiseBuilder &b, const SearchedBlock &block,
                            Value position) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  return block.elements.getElement(builder, builder.getLoc(), position);
}

static Value emitWeight(ElementwiseBuilder &b, const SearchedBlock &block,
                        Value row, Value column) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  return block.elements.getWeight(builder, builder.getLoc(), row, column);
}

Value quantx::emitWeightAt(ElementwiseBuilder &b, const SearchedBlock &block,
                           Value row, Value column) {
  if (isPlanted(Mutant::HessianDiagonalOnly))
    row = column;
  return b.extendToF64(emitWeight(b, block, row, column));
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

Value quantx::emitHessianError(ElementwiseBuilder &b,
                               const SearchedBlock &block,
                               const BlockParameters &parameters) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value size = block.elements.getSize(builder, builder.getLoc());
  auto emitResidual = [&](ElementwiseBuilder &n, Value position) {
    Value x = emitElementAt(n, block, position);
    Value y = emitRoundTrip(n, block.type, x, parameters);
    return n.sub(n.extendToF64(x), y);
  };
  auto addRow = [&](ElementwiseBuilder &n, Value row,
                    ValueRange sums) -> Values {
    auto addColumn = [&](ElementwiseBuilder &m, Value column,
                         ValueRange sum) -> Values {
      Value weight = emitWeightAt(m, block, row, column);
      return {m.add(sum[0], m.mul(weight, emitResidual(m, column)))};
    };
    Value sum = emitFor(n, size, emitZeros(n, 1), addColumn)[0];
    Value residual = emitResidual(n, row);
    Value infinity = n.f64(-std::numeric_limits<double>::infinity(), residual);
    Value isInfinite = n.equalF(residual, infinity);
    return {n.add(sums[0], n.mul(residual, sum)),
            n.logicalOr(sums[1], isInfinite)};
  };
  Value never = arith::ConstantOp::create(builder, builder.getBoolAttr(false));
  Values sums = emitFor(b, size, {emitZeros(b, 1)[0], never}, addRow);
  Value infinity = b.f64(std::numeric_limits<double>::infinity(), sums[0]);
  return b.select(sums[1], infinity, sums[0]);
}

Value quantx::emitClipped(ElementwiseBuilder &b, const SearchedBlock &block,
                          const BlockParameters &parameters) {
  auto terms = [&](ElementwiseBuilder &n, Value element) -> Values {
    return {emitClippingBound(n, block.type, {element, element}, parameters)};
  };
  return emitSums(b, block.elements, 1, terms)[0];
}

Value quantx::emitZeroed(ElementwiseBuilder &b, const SearchedBlock &block,
                         const BlockParameters &parameters) {
  auto terms = [&](ElementwiseBuilder &n, Value element) -> Values {
    Value value = emitRoundToCodeValue(n, block.type, element, parameters);
    Value x = n.extendToF64(element);
    Value isZero = n.equalF(value, n.f32(0.0, value));
    return {n.select(isZero, n.mul(x, x), n.f64(0.0, x))};
  };
  return emitSums(b, block.elements, 1, terms)[0];
}

/// Whether a weight of the block, also one beyond its last element, is NaN or
/// infinite, or the weights have a wrong shape.
static Value emitHasBadWeights(ElementwiseBuilder &b,
                               const SearchedBlock &block) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value numRows = block.elements.getNumWeightRows(builder, builder.getLoc());
  Value size = block.elements.getSize(builder, builder.getLoc());
  auto checkRow = [&](ElementwiseBuilder &n, Value row,
                      ValueRange isBad) -> Values {
    auto checkWeight = [&](ElementwiseBuilder &m, Value column,
                           ValueRange isBad) -> Values {
      Value bits = emitMagnitudeBits(m, emitWeight(m, block, row, column));
      return {m.logicalOr(isBad[0], m.greaterEqual(bits, kInfBits))};
    };
    return emitFor(n, numRows, isBad, checkWeight);
  };
  // A block of no elements needs none.
  Value lacksSome =
      arith::CmpIOp::create(builder, arith::CmpIPredicate::ult, numRows, size);
  return emitFor(b, numRows, lacksSome, checkRow)[0];
}

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

/// The best of `best` and the f8E8M0FNU or f8E4M3FN scales that neither clip
/// nor zero more than `limit` (f64).
static Candidate emitNarrowWalk(ElementwiseBuilder &b,
                                const SearchedBlock &block, Value naive,
                                const Candidate &best, Value limit) {
  bool isE8M0 = isa<Float8E8M0FNUType>(block.type.getScaleType());
  int64_t largest = isE8M0 ? E8M0Format::maxFiniteCode
                           : lookupFloatFormat("f8E4M3FN")->maxFiniteCode;
  int64_t smallest = isE8M0 ? 0 : 1;
  auto consider = [&](int step) {
    return [&, step](ElementwiseBuilder &n, ValueRange values) -> Values {
      BlockParameters parameters = emitParameters(n, block, values[0]);
      Candidate candidate = {values[0], emitHessianError(n, block, parameters)};
      Candidate better =
          emitBetter(n, {naive, {}}, {values[1], values[2]}, candidate);
      return {n.add(values[0], step), better.bits, better.error};
    };
  };
  auto mayWinAbove = [&](ElementwiseBuilder &n, ValueRange values) {
    Value zeroed = emitZeroed(n, block, emitParameters(n, block, values[0]));
    return n.logicalAnd(n.less(values[0], largest + 1),
                        n.greaterEqualF(limit, zeroed));
  };
  auto mayWinBelow = [&](ElementwiseBuilder &n, ValueRange values) {
    Value clipped = emitClipped(n, block, emitParameters(n, block, values[0]));
    return n.logicalAnd(n.greaterEqual(values[0], smallest),
                        n.greaterEqualF(limit, clipped));
  };
  Values state = emitWhile(b, {b.add(naive, 1), best.bits, best.error},
                           mayWinAbove, consider(1));
  state = emitWhile(b, {b.add(naive, -1), state[1], state[2]}, mayWinBelow,
                    consider(-1));
  return {state[1], state[2]};
}

static Value emitSearch(ElementwiseBuilder &b, const SearchedBlock &block,
                        Value naive) {
  BlockParameters parameters = emitParameters(b, block, naive);
  Value limit = emitSquaredError(b, block, parameters);
  Candidate best = {naive, emitHessianError(b, block, parameters)};
  if (isWideScaleType(block.type.getScaleType()))
    return emitHessianWalk(b, block, naive, best, limit).bits;
  return emitNarrowWalk(b, block, naive, best, limit).bits;
}

namespace {

struct HessianModel
    : public ScaleMethodAttrInterface::ExternalModel<HessianModel,
                                                     HessianAttr> {
  LogicalResult
  verifySuits(Attribute method, ScaledType type,
              function_ref<InFlightDiagnostic()> emitError) const {
    bool suitsScale =
        isa<Float8E4M3FNType>(type.getScaleType()) || !type.hasGlobal();
    if (suitsScale && !type.hasZeroPoint() && type.getBlockedDimension())
      return success();
    return emitError() << method
                       << " expects blocks along one dimension, no zero point, "
                          "and a global scale only with f8E4M3FN scales, got "
                       << type;
  }

  bool takesWeights(Attribute) const { return true; }

  SmallVector<Value> buildParameters(Attribute,
                                     BlockComputation &blocks) const {
    return buildSearch(blocks, emitSearch, emitHasBadWeights);
  }
};

} // namespace

void quantx::attachHessianModel(MLIRContext *context) {
  HessianAttr::attachInterface<HessianModel>(*context);
}
