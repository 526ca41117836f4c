//===- Hessian.cpp - The scale of least error under a Hessian -------------===//
//
// chooseHessianScale of the Format layer.
//
//===----------------------------------------------------------------------===//

#include "Models.h"
#include "Search.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantx/Format/Mutants.h"
#include "quantx/Format/OptimalScale.h"
#include "quantx/IR/QuantXAttrs.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Loops over positions
//===----------------------------------------------------------------------===//

using PositionFn = llvm::function_ref<Values(
    ElementwiseBuilder &b, Value position, ValueRange accumulators)>;

/// Reduces over the positions 0 to `size` (index) from `init`.
static Values emitFor(ElementwiseBuilder &b, Value size, ValueRange init,
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

static Value emitZero(ElementwiseBuilder &b) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  return arith::ConstantOp::create(builder, builder.getF64FloatAttr(0.0));
}

static Value emitWeight(ElementwiseBuilder &b, const SearchedBlock &block,
                        Value row, Value column) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  return block.elements.getWeight(builder, builder.getLoc(), row, column);
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// r^T H r (f64) for the residual r = x - y under `parameters`: t_i is the sum
/// over j of H[i][j] * r[j], and the error the sum over i of r[i] * t_i, first
/// to last. Infinite where a y is.
static Value emitHessianError(ElementwiseBuilder &b, const SearchedBlock &block,
                              const BlockParameters &parameters) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value size = block.elements.getSize(builder, builder.getLoc());
  auto emitResidual = [&](ElementwiseBuilder &n, Value position) {
    ImplicitLocOpBuilder &nested = n.getBuilder();
    Value x = block.elements.getElement(nested, nested.getLoc(), position);
    Value y = emitRoundTrip(n, block.type, x, parameters);
    return n.sub(n.extendToF64(x), y);
  };
  auto addRow = [&](ElementwiseBuilder &n, Value row,
                    ValueRange sums) -> Values {
    auto addColumn = [&](ElementwiseBuilder &m, Value column,
                         ValueRange sum) -> Values {
      Value weight = isPlanted(Mutant::HessianDiagonalOnly)
                         ? emitWeight(m, block, column, column)
                         : emitWeight(m, block, row, column);
      Value product = m.mul(m.extendToF64(weight), emitResidual(m, column));
      return {m.add(sum[0], product)};
    };
    Value sum = emitFor(n, size, emitZero(n), addColumn)[0];
    Value residual = emitResidual(n, row);
    Value infinity = n.f64(-std::numeric_limits<double>::infinity(), residual);
    Value isInfinite = n.equalF(residual, infinity);
    return {n.add(sums[0], n.mul(residual, sum)),
            n.logicalOr(sums[1], isInfinite)};
  };
  Value never = arith::ConstantOp::create(builder, builder.getBoolAttr(false));
  Values sums = emitFor(b, size, {emitZero(b), never}, addRow);
  Value infinity = b.f64(std::numeric_limits<double>::infinity(), sums[0]);
  return b.select(sums[1], infinity, sums[0]);
}

/// The sum of squares (f64) of what exceeds the range of the dequantized
/// values.
static Value emitClipped(ElementwiseBuilder &b, const SearchedBlock &block,
                         const BlockParameters &parameters) {
  auto terms = [&](ElementwiseBuilder &n, Value element) -> Values {
    return {emitClippingBound(n, block.type, {element, element}, parameters)};
  };
  return emitSums(b, block.elements, 1, terms)[0];
}

/// The sum of x^2 (f64) over the elements with code zero.
static Value emitZeroed(ElementwiseBuilder &b, const SearchedBlock &block,
                        const BlockParameters &parameters) {
  auto terms = [&](ElementwiseBuilder &n, Value element) -> Values {
    Value code = emitQuantizeElement(n, block.type, element, parameters,
                                     RoundingSpec(), /*saturate=*/true);
    Value value = emitCodeValue(n, block.type, code, /*zeroPoint=*/{});
    Value x = n.extendToF64(element);
    Value isZero = n.equalF(value, n.f32(0.0, value));
    return {n.select(isZero, n.mul(x, x), n.f64(0.0, x))};
  };
  return emitSums(b, block.elements, 1, terms)[0];
}

/// Whether a weight of the block, also one beyond its last element, is NaN or
/// infinite.
static Value emitHasBadWeights(ElementwiseBuilder &b,
                               const SearchedBlock &block) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value size = block.elements.getNumWeightRows(builder, builder.getLoc());
  auto checkRow = [&](ElementwiseBuilder &n, Value row,
                      ValueRange isBad) -> Values {
    auto checkWeight = [&](ElementwiseBuilder &m, Value column,
                           ValueRange isBad) -> Values {
      Value bits = emitMagnitudeBits(m, emitWeight(m, block, row, column));
      return {m.logicalOr(isBad[0], m.greaterEqual(bits, kInfBits))};
    };
    return emitFor(n, size, isBad, checkWeight);
  };
  Value never = arith::ConstantOp::create(builder, builder.getBoolAttr(false));
  return emitFor(b, size, never, checkRow)[0];
}

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

/// Under f8E8M0FNU and f8E4M3FN scales: every scale that neither clips nor
/// zeroes too much.
static Value emitSearch(ElementwiseBuilder &b, const SearchedBlock &block,
                        Value naive) {
  bool isE8M0 = isa<Float8E8M0FNUType>(block.type.getScaleType());
  int64_t largest = isE8M0 ? E8M0Format::maxFiniteCode
                           : lookupFloatFormat("f8E4M3FN")->maxFiniteCode;
  int64_t smallest = isE8M0 ? 0 : 1;
  auto consider = [&](int step) {
    return [&, step](ElementwiseBuilder &n, ValueRange values) -> Values {
      BlockParameters parameters = emitParameters(n, block, values[0]);
      Candidate candidate = {values[0], emitHessianError(n, block, parameters)};
      Candidate best =
          emitBetter(n, {naive, {}}, {values[1], values[2]}, candidate);
      return {n.add(values[0], step), best.bits, best.error};
    };
  };
  BlockParameters parameters = emitParameters(b, block, naive);
  Value limit = emitSquaredError(b, block, parameters);
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
  Value error = emitHessianError(b, block, parameters);
  Values best =
      emitWhile(b, {b.add(naive, 1), naive, error}, mayWinAbove, consider(1));
  best = emitWhile(b, {b.add(naive, -1), best[1], best[2]}, mayWinBelow,
                   consider(-1));
  return best[1];
}

namespace {

struct HessianModel
    : public ScaleMethodAttrInterface::ExternalModel<HessianModel,
                                                     HessianAttr> {
  LogicalResult
  verifySuits(Attribute method, ScaledType type,
              function_ref<InFlightDiagnostic()> emitError) const {
    bool suitsScale = isa<Float8E8M0FNUType>(type.getScaleType())
                          ? !type.hasGlobal()
                          : isa<Float8E4M3FNType>(type.getScaleType());
    if (suitsScale && !type.hasZeroPoint() && type.getBlockedDimension())
      return success();
    return emitError() << method
                       << " expects blocks along one dimension, an f8E8M0FNU "
                          "scale without a global scale or an f8E4M3FN scale, "
                          "and no zero point, got "
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
