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

/// The same of integers: blocks; the tiles; the rows and columns of sums; runs;
/// the steps of one; elements.
static SmallVector<AffineMap> getIntegerMaps(MLIRContext *context) {
  AffineExpr d[8];
  for (int i = 0; i < 8; ++i)
    d[i] = getAffineDimExpr(i, context);
  auto [block, i, j, m, n, run, step, k] = d;
  constexpr int64_t inWord = IntegerTileProduct::inWord;
  auto getMap = [&](ArrayRef<AffineExpr> results) {
    return AffineMap::get(8, 0, results, context);
  };
  return {getMap({run, step, i, m, k}),
          getMap({block, run, step, j, k.floorDiv(inWord),
                  n * inWord + k % inWord}),
          getMap({run, i, m}), getMap({block, run, j, n}),
          getMap({block, i, j, m, n})};
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

/// An op whose first five dimensions are those of `sums`, the rest summed up.
static linalg::GenericOp
buildSum(ImplicitLocOpBuilder &b, ValueRange inputs, Value sums,
         ArrayRef<AffineMap> maps,
         function_ref<Value(ImplicitLocOpBuilder &b, ValueRange values)> body) {
  SmallVector<utils::IteratorType> iterators(maps.front().getNumDims(),
                                             utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), 5, utils::IteratorType::parallel);
  SmallVector<Type> results;
  if (isa<RankedTensorType>(sums.getType()))
    results.push_back(sums.getType());
  return linalg::GenericOp::create(
      b, results, inputs, sums, maps, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange values) {
        ImplicitLocOpBuilder n(loc, builder);
        Value product = body(n, values);
        Value sum = arith::AddFOp::create(n, values.back(), product);
        linalg::YieldOp::create(n, sum);
      });
}

linalg::GenericOp TileProduct::build(ImplicitLocOpBuilder &b) const {
  return buildSum(b, {weights, activations}, sums, getMaps(b.getContext()),
                  [](ImplicitLocOpBuilder &b, ValueRange values) -> Value {
                    Type f32 = b.getF32Type();
                    Value lhs = arith::ExtFOp::create(b, f32, values[0]);
                    Value rhs = arith::ExtFOp::create(b, f32, values[1]);
                    return arith::MulFOp::create(b, lhs, rhs);
                  });
}

linalg::GenericOp IntegerTileProduct::build(ImplicitLocOpBuilder &b) const {
  return buildSum(b, {weights, activations, weightScales, activationScales},
                  sums, getIntegerMaps(b.getContext()),
                  [](ImplicitLocOpBuilder &b, ValueRange values) -> Value {
                    Type i32 = b.getI32Type();
                    Value lhs = arith::ExtSIOp::create(b, i32, values[0]);
                    Value rhs = arith::ExtSIOp::create(b, i32, values[1]);
                    Value product = arith::MulIOp::create(b, lhs, rhs);
                    product =
                        arith::SIToFPOp::create(b, b.getF32Type(), product);
                    product = arith::MulFOp::create(b, product, values[3]);
                    return arith::MulFOp::create(b, product, values[2]);
                  });
}

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

/// Whether `value` is `argument`, extended.
template <typename Extend>
static bool isExtended(Value value, BlockArgument argument) {
  auto extend = value.getDefiningOp<Extend>();
  return extend && extend.getIn() == argument;
}

/// Whether `value` is a product of the first two arguments of `body`, extended.
template <typename Multiply, typename Extend>
static bool isProduct(Value value, Block &body) {
  auto product = value.getDefiningOp<Multiply>();
  return product && isExtended<Extend>(product.getLhs(), body.getArgument(0)) &&
         isExtended<Extend>(product.getRhs(), body.getArgument(1));
}

/// What `body` adds to its last argument, which it yields; null if it does
/// something else.
static Value findAdded(Block &body) {
  auto sum = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  return sum && sum.getLhs() == body.getArguments().back() ? sum.getRhs()
                                                           : Value();
}

/// `value` without a factor `argument`; null if that is none.
static Value dropFactor(Value value, BlockArgument argument) {
  auto product = value ? value.getDefiningOp<arith::MulFOp>() : nullptr;
  return product && product.getRhs() == argument ? product.getLhs() : Value();
}

static bool addsProduct(Block &body) {
  Value added = findAdded(body);
  return added && isProduct<arith::MulFOp, arith::ExtFOp>(added, body);
}

static bool addsScaledIntegers(Block &body) {
  Value product = dropFactor(findAdded(body), body.getArgument(2));
  product = dropFactor(product, body.getArgument(3));
  auto convert = product ? product.getDefiningOp<arith::SIToFPOp>() : nullptr;
  return convert && convert.getIn().getType().isInteger(32) &&
         isProduct<arith::MulIOp, arith::ExtSIOp>(convert.getIn(), body);
}

/// Whether the last two sizes of `value` are those of a tile, and the number of
/// tiles is known.
static bool hasTiles(Value value, Type element, int64_t rows, int64_t columns,
                     unsigned numTiles) {
  auto type = cast<ShapedType>(value.getType());
  if (type.getElementType() != element)
    return false;
  ArrayRef<int64_t> shape = type.getShape();
  return shape.take_back(2) == ArrayRef({rows, columns}) &&
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
  if (!hasTiles(product.weights, b.getBF16Type(), rows, elements, 1) ||
      !hasTiles(product.activations, b.getBF16Type(), rows, elements, 1) ||
      !hasTiles(product.sums, b.getF32Type(), rows, columns, 2))
    return std::nullopt;
  return product;
}

std::optional<IntegerTileProduct>
IntegerTileProduct::match(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 4 || op.getNumDpsInits() != 1 ||
      op.getIndexingMapsArray() != getIntegerMaps(op.getContext()) ||
      !addsScaledIntegers(*op.getBody()))
    return std::nullopt;
  Builder b(op.getContext());
  constexpr int64_t rows = TileProduct::rows, columns = TileProduct::columns;
  constexpr int64_t most = columns * inWord;
  SmallVector<Value> inputs = op.getDpsInputs();
  IntegerTileProduct product{inputs[0], inputs[1], inputs[2], inputs[3],
                             op.getDpsInits()[0]};
  int64_t elements =
      cast<ShapedType>(product.weights.getType()).getShape().back();
  if (elements <= 0 || elements > most || elements % inWord != 0 ||
      !hasTiles(product.weights, b.getI8Type(), rows, elements, 1) ||
      !hasTiles(product.activations, b.getI8Type(), elements / inWord, most,
                1) ||
      !hasTiles(product.sums, b.getF32Type(), rows, columns, 2))
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
