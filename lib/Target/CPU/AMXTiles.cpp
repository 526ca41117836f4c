//===- AMXTiles.cpp - Products of tiles by AMX ----------------------------===//
//
// Each kind of product becomes a function of its own. LLVM configures tile
// registers once in a function, and clears them at its end, wherever that is;
// nothing of that may run where the process has no tile registers.
//
//===----------------------------------------------------------------------===//

#include "AMXTileLoops.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXAMXTILES
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

namespace {

/// The functions that compute products, by the types of their arguments: those
/// of floats have three, those of integers five.
class ProductFunctions {
public:
  explicit ProductFunctions(ModuleOp module)
      : symbols(module), builder(module.getContext()) {}

  /// Replaces `op`, which stands for a product, by a call.
  void replaceByCall(linalg::GenericOp op);

private:
  /// `arguments` are the inputs of a product and its sums.
  static void buildLoops(ImplicitLocOpBuilder &b, ValueRange arguments);
  func::FuncOp create(FunctionType type);

  SymbolTable symbols;
  OpBuilder builder;
  llvm::DenseMap<FunctionType, func::FuncOp> functions;
};

} // namespace

void ProductFunctions::buildLoops(ImplicitLocOpBuilder &b,
                                  ValueRange arguments) {
  Value sums = arguments.back();
  if (arguments.size() == 3)
    buildTileLoops(b, TileProduct{arguments[0], arguments[1], sums});
  else
    buildTileLoops(b, IntegerTileProduct{arguments[0], arguments[1],
                                         arguments[2], arguments[3], sums});
}

func::FuncOp ProductFunctions::create(FunctionType type) {
  Location loc = builder.getUnknownLoc();
  auto function = func::FuncOp::create(loc, "quantx_amx_tile_product", type);
  function.setPrivate();
  // Of its own attribute for this, the conversion to LLVM keeps nothing.
  function->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
  symbols.insert(function);
  Block *body = function.addEntryBlock();
  ImplicitLocOpBuilder b = ImplicitLocOpBuilder::atBlockBegin(loc, body);
  buildLoops(b, body->getArguments());
  func::ReturnOp::create(b);
  return function;
}

void ProductFunctions::replaceByCall(linalg::GenericOp op) {
  SmallVector<Value> operands(op.getDpsInputs());
  llvm::append_range(operands, op.getDpsInits());
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
    SmallVector<linalg::GenericOp> products;
    getOperation().walk([&](linalg::GenericOp op) {
      bool isProduct = TileProduct::match(op) || IntegerTileProduct::match(op);
      if (isProduct && isa<MemRefType>(op.getDpsInits().front().getType()))
        products.push_back(op);
    });
    ProductFunctions functions(getOperation());
    for (linalg::GenericOp op : products)
      functions.replaceByCall(op);
    auto request = getOperation().lookupSymbol<func::FuncOp>(kRequestTiles);
    if (request && request.isDeclaration())
      defineRequestTiles(request);
  }
};

} // namespace
