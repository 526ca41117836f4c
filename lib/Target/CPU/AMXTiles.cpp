//===- AMXTiles.cpp - Products of tiles by AMX ----------------------------===//
//
// Each kind of product becomes a function of its own. LLVM configures tile
// registers once in a function, and clears them at its end, wherever that is;
// nothing of that may run where the process has no tile registers.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantx/Conversion/QuantXToVector/TileProduct.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXAMXTILES
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

static Value createIndex(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

namespace {

/// The body of a function that computes a product.
class TileLoops {
public:
  TileLoops(ImplicitLocOpBuilder &b, const TileProduct &product)
      : b(b), product(product) {
    ArrayRef<int64_t> shape =
        cast<MemRefType>(product.sums.getType()).getShape();
    weightTiles = shape[1];
    activationTiles = shape[2];
  }

  void build();

private:
  /// `tiles` and the products of the steps of two pieces.
  SmallVector<Value> addPieces(Value block, Value weightPiece,
                               Value activationPiece, ValueRange tiles);
  SmallVector<Value> addStep(Value block, Value weightPiece,
                             Value activationPiece, Value step,
                             ValueRange tiles);
  /// The indices of the tile of `sums` number `tile` at `block`.
  SmallVector<Value> getSum(Value block, int64_t tile);
  Value load(Value buffer, ArrayRef<Value> indices);
  /// A loop of `size` iterations that carries `tiles`.
  SmallVector<Value>
  buildLoop(Value size, ValueRange tiles,
            function_ref<SmallVector<Value>(Value i, ValueRange tiles)> body);

  ImplicitLocOpBuilder &b;
  TileProduct product;
  int64_t weightTiles, activationTiles;
};

} // namespace

SmallVector<Value> TileLoops::buildLoop(
    Value size, ValueRange tiles,
    function_ref<SmallVector<Value>(Value i, ValueRange tiles)> body) {
  auto loop =
      scf::ForOp::create(b, createIndex(b, 0), size, createIndex(b, 1), tiles);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next =
      body(loop.getInductionVar(), loop.getRegionIterArgs());
  // A loop that carries nothing has its terminator.
  if (!tiles.empty())
    scf::YieldOp::create(b, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> TileLoops::getSum(Value block, int64_t tile) {
  Value zero = createIndex(b, 0);
  return {block, createIndex(b, tile / activationTiles),
          createIndex(b, tile % activationTiles), zero, zero};
}

/// The distance of the rows of a tile in memory.
static Value getStride(ImplicitLocOpBuilder &b, Value buffer) {
  return createIndex(b, cast<MemRefType>(buffer.getType()).getShape().back());
}

Value TileLoops::load(Value buffer, ArrayRef<Value> indices) {
  auto type = cast<MemRefType>(buffer.getType());
  auto tile =
      amx::TileType::get(type.getShape().take_back(2), type.getElementType());
  return amx::TileLoadOp::create(b, tile, buffer, indices,
                                 getStride(b, buffer));
}

SmallVector<Value> TileLoops::addStep(Value block, Value weightPiece,
                                      Value activationPiece, Value step,
                                      ValueRange tiles) {
  Value zero = createIndex(b, 0);
  SmallVector<Value> activations, next;
  for (int64_t i = 0; i < weightTiles; ++i) {
    Value weights = load(product.weights,
                         {weightPiece, step, createIndex(b, i), zero, zero});
    for (int64_t j = 0; j < activationTiles; ++j) {
      if (i == 0) {
        activations.push_back(
            load(product.activations, {block, activationPiece, step,
                                       createIndex(b, j), zero, zero}));
      }
      Value sums = tiles[next.size()];
      next.push_back(amx::TileMulFOp::create(b, sums.getType(), weights,
                                             activations[j], sums));
    }
  }
  return next;
}

SmallVector<Value> TileLoops::addPieces(Value block, Value weightPiece,
                                        Value activationPiece,
                                        ValueRange tiles) {
  Value steps = memref::DimOp::create(b, product.weights, 1);
  return buildLoop(steps, tiles, [&](Value step, ValueRange tiles) {
    return addStep(block, weightPiece, activationPiece, step, tiles);
  });
}

void TileLoops::build() {
  Value blocks = memref::DimOp::create(b, product.sums, 0);
  Value weightPieces = memref::DimOp::create(b, product.weights, 0);
  Value activationPieces = memref::DimOp::create(b, product.activations, 1);
  buildLoop(blocks, {}, [&](Value block, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> tiles;
    for (int64_t i = 0; i < weightTiles * activationTiles; ++i)
      tiles.push_back(load(product.sums, getSum(block, i)));
    tiles = buildLoop(weightPieces, tiles, [&](Value p, ValueRange tiles) {
      return buildLoop(activationPieces, tiles, [&](Value q, ValueRange tiles) {
        return addPieces(block, p, q, tiles);
      });
    });
    for (auto [i, tile] : llvm::enumerate(tiles)) {
      amx::TileStoreOp::create(b, product.sums, getSum(block, int64_t(i)), tile,
                               getStride(b, product.sums));
    }
    return {};
  });
}

namespace {

/// The functions that compute products, by the types of their arguments.
class ProductFunctions {
public:
  explicit ProductFunctions(ModuleOp module)
      : symbols(module), builder(module.getContext()) {}

  /// Replaces `op`, which stands for `product`, by a call.
  void replaceByCall(linalg::GenericOp op, const TileProduct &product);

private:
  func::FuncOp create(FunctionType type);

  SymbolTable symbols;
  OpBuilder builder;
  llvm::DenseMap<FunctionType, func::FuncOp> functions;
};

} // namespace

func::FuncOp ProductFunctions::create(FunctionType type) {
  Location loc = builder.getUnknownLoc();
  auto function = func::FuncOp::create(loc, "quantx_amx_tile_product", type);
  function.setPrivate();
  // Of its own attribute for this, the conversion to LLVM keeps nothing.
  function->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
  symbols.insert(function);
  Block *body = function.addEntryBlock();
  ImplicitLocOpBuilder b = ImplicitLocOpBuilder::atBlockBegin(loc, body);
  auto arguments = body->getArguments();
  TileLoops(b, {arguments[0], arguments[1], arguments[2]}).build();
  func::ReturnOp::create(b);
  return function;
}

void ProductFunctions::replaceByCall(linalg::GenericOp op,
                                     const TileProduct &product) {
  SmallVector<Value> operands = {product.weights, product.activations,
                                 product.sums};
  auto type = builder.getFunctionType(TypeRange(ValueRange(operands)), {});
  func::FuncOp &function = functions[type];
  if (!function)
    function = create(type);
  builder.setInsertionPoint(op);
  func::CallOp::create(builder, op.getLoc(), function, operands);
  op.erase();
}

//===----------------------------------------------------------------------===//
// The state of tile registers
//===----------------------------------------------------------------------===//

/// arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA): whether Linux lets this
/// process use tile registers from now on. It may be called any number of
/// times.
static Value buildSystemCall(ImplicitLocOpBuilder &b) {
  constexpr int64_t archPrctl = 158, requestPermission = 0x1023, tileData = 18;
  SmallVector<Value> operands;
  for (int64_t value : {archPrctl, requestPermission, tileData})
    operands.push_back(LLVM::ConstantOp::create(b, b.getI64Type(),
                                                b.getI64IntegerAttr(value)));
  auto call = LLVM::InlineAsmOp::create(
      b, b.getI64Type(), operands, "syscall",
      "={rax},0,{rdi},{rsi},~{rcx},~{r11},~{memory}",
      /*has_side_effects=*/true, /*is_align_stack=*/false,
      LLVM::TailCallKind::None,
      LLVM::AsmDialectAttr::get(b.getContext(), LLVM::AsmDialect::AD_ATT),
      /*operand_attrs=*/ArrayAttr());
  Value zero =
      LLVM::ConstantOp::create(b, b.getI64Type(), b.getI64IntegerAttr(0));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, call.getRes(),
                               zero);
}

/// The answer, as it is kept: 0 where Linux was not asked yet.
enum class Answer : int8_t { None, Granted, Refused };

static Value createAnswer(ImplicitLocOpBuilder &b, Answer answer) {
  return arith::ConstantIntOp::create(b, b.getI8Type(), int64_t(answer));
}

/// Asks, and keeps the answer at `address`. Threads may do so at the same time.
static Value buildRequest(ImplicitLocOpBuilder &b, Value address) {
  Value answer = arith::SelectOp::create(b, buildSystemCall(b),
                                         createAnswer(b, Answer::Granted),
                                         createAnswer(b, Answer::Refused));
  LLVM::StoreOp::create(b, answer, address, /*alignment=*/1,
                        /*isVolatile=*/false, /*isNonTemporal=*/false,
                        /*isInvariantGroup=*/false,
                        LLVM::AtomicOrdering::monotonic);
  return answer;
}

/// Gives `function`, a declaration, its body.
static void defineRequestTiles(func::FuncOp function) {
  ImplicitLocOpBuilder b(function.getLoc(), function);
  auto global = LLVM::GlobalOp::create(
      b, b.getI8Type(), /*isConstant=*/false, LLVM::Linkage::Internal,
      "quantx_tiles_answer", b.getI8IntegerAttr(int8_t(Answer::None)));
  b.setInsertionPointToStart(function.addEntryBlock());
  Value address = LLVM::AddressOfOp::create(b, global);
  Value answer = LLVM::LoadOp::create(
      b, b.getI8Type(), address, /*alignment=*/1, /*isVolatile=*/false,
      /*isNonTemporal=*/false, /*isInvariant=*/false,
      /*isInvariantGroup=*/false, LLVM::AtomicOrdering::monotonic);
  Value isNone = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, answer,
                                       createAnswer(b, Answer::None));
  auto ask = [&](OpBuilder &builder, Location loc) {
    ImplicitLocOpBuilder n(loc, builder);
    scf::YieldOp::create(n, buildRequest(n, address));
  };
  auto keep = [&](OpBuilder &builder, Location loc) {
    scf::YieldOp::create(builder, loc, answer);
  };
  answer = scf::IfOp::create(b, isNone, ask, keep).getResult(0);
  Value granted = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, answer,
                                        createAnswer(b, Answer::Granted));
  func::ReturnOp::create(b, granted);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct AMXTilesPass : public quantx::impl::QuantXAMXTilesBase<AMXTilesPass> {
  void runOnOperation() override {
    SmallVector<std::pair<linalg::GenericOp, TileProduct>> products;
    getOperation().walk([&](linalg::GenericOp op) {
      if (std::optional<TileProduct> product = TileProduct::match(op))
        if (isa<MemRefType>(product->sums.getType()))
          products.emplace_back(op, *product);
    });
    ProductFunctions functions(getOperation());
    for (auto [op, product] : products)
      functions.replaceByCall(op, product);
    auto request = getOperation().lookupSymbol<func::FuncOp>(kRequestTiles);
    if (request && request.isDeclaration())
      defineRequestTiles(request);
  }
};

} // namespace
