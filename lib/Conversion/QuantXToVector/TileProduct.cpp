//===- TileProduct.cpp - Products that tile registers compute -------------===//

#include "quantx/Conversion/QuantXToVector/TileProduct.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace quantx;

/// The dimensions of the loop nest, in order: blocks; the tiles of weights and
/// of activations; the rows and columns of sums; the pieces of weights and of
/// activations; steps; elements.
static SmallVector<AffineMap> getMaps(MLIRContext *context) {
  AffineExpr d[9];
  for (int i = 0; i < 9; ++i)
    d[i] = getAffineDimExpr(i, context);
  auto [block, i, j, m, n, p, q, step, k] = d;
  auto getMap = [&](ArrayRef<AffineExpr> results) {
    return AffineMap::get(9, 0, results, context);
  };
  return {getMap({p, step, i, m, k}),
          getMap({block, q, step, j, k.floorDiv(2), n * 2 + k % 2}),
          getMap({block, i, j, m, n})};
}

linalg::GenericOp TileProduct::build(ImplicitLocOpBuilder &b) const {
  constexpr auto parallel = utils::IteratorType::parallel;
  constexpr auto reduction = utils::IteratorType::reduction;
  utils::IteratorType iterators[] = {parallel,  parallel,  parallel,
                                     parallel,  parallel,  reduction,
                                     reduction, reduction, reduction};
  SmallVector<Type> results;
  if (isa<RankedTensorType>(sums.getType()))
    results.push_back(sums.getType());
  return linalg::GenericOp::create(
      b, results, ValueRange{weights, activations}, sums,
      getMaps(b.getContext()), iterators,
      [](OpBuilder &builder, Location loc, ValueRange values) {
        ImplicitLocOpBuilder n(loc, builder);
        Type f32 = n.getF32Type();
        Value lhs = arith::ExtFOp::create(n, f32, values[0]);
        Value rhs = arith::ExtFOp::create(n, f32, values[1]);
        Value product = arith::MulFOp::create(n, lhs, rhs);
        Value sum = arith::AddFOp::create(n, values[2], product);
        linalg::YieldOp::create(n, sum);
      });
}

/// Whether `value` is `argument`, extended.
static bool isExtended(Value value, BlockArgument argument) {
  auto extend = value.getDefiningOp<arith::ExtFOp>();
  return extend && extend.getIn() == argument;
}

static bool addsProduct(Block &body) {
  auto sum = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum || sum.getLhs() != body.getArgument(2))
    return false;
  auto product = sum.getRhs().getDefiningOp<arith::MulFOp>();
  return product && isExtended(product.getLhs(), body.getArgument(0)) &&
         isExtended(product.getRhs(), body.getArgument(1));
}

/// Whether the last two sizes of `value` are those of a tile, and the number of
/// tiles is known.
static bool hasTiles(Value value, Type element, int64_t columns,
                     unsigned numTiles) {
  auto type = cast<ShapedType>(value.getType());
  if (type.getElementType() != element)
    return false;
  ArrayRef<int64_t> shape = type.getShape();
  return shape.take_back(2) == ArrayRef({TileProduct::rows, columns}) &&
         !ShapedType::isDynamicShape(shape.drop_back(2).take_back(numTiles));
}

std::optional<TileProduct> TileProduct::match(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getIndexingMapsArray() != getMaps(op.getContext()) ||
      !addsProduct(*op.getBody()))
    return std::nullopt;
  Builder b(op.getContext());
  TileProduct product{op.getDpsInputs()[0], op.getDpsInputs()[1],
                      op.getDpsInits()[0]};
  if (!hasTiles(product.weights, b.getBF16Type(), elements, 1) ||
      !hasTiles(product.activations, b.getBF16Type(), elements, 1) ||
      !hasTiles(product.sums, b.getF32Type(), columns, 2))
    return std::nullopt;
  return product;
}

func::FuncOp quantx::declareRequestTiles(ModuleOp module) {
  if (auto function = module.lookupSymbol<func::FuncOp>(kRequestTiles))
    return function;
  OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
  auto type = b.getFunctionType({}, b.getI1Type());
  auto function = func::FuncOp::create(b, module.getLoc(), kRequestTiles, type);
  function.setPrivate();
  return function;
}
