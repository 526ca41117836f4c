//===- EvaluateConstants.cpp - Quantize constants at compile time ---------===//

#include "Evaluation.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/IRMapping.h"
#include "quantx/IR/QuantXOps.h"
#include "quantx/Pipelines/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXEVALUATECONSTANTS
#include "quantx/Pipelines/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// What is constant
//===----------------------------------------------------------------------===//

/// Whether constants that `op` makes are no larger than what it takes.
static bool isWorthEvaluating(Operation *op) {
  return isa<ChooseQParamsOp, QuantizeOp, DynamicQuantizeOp, PackOp, RelayoutOp,
             RelayoutScalesOp>(op);
}

/// Whether `op` may be part of what is evaluated.
static bool canEvaluate(Operation *op) {
  return isWorthEvaluating(op) ||
         isa<AssembleOp, DisassembleOp, UnpackOp, ChooseGlobalOp>(op);
}

static bool hasStaticTensors(TypeRange types) {
  return llvm::all_of(types, [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape();
  });
}

namespace {

/// Finds the ops on constants.
class ConstantFinder {
public:
  /// Whether every operand of `op`, which may be evaluated, is a constant or
  /// made of constants so.
  bool isConstant(Operation *op) {
    auto [known, isNew] = isKnownConstant.try_emplace(op, false);
    if (!isNew)
      return known->second;
    bool result = canEvaluate(op) && hasStaticTensors(op->getResultTypes()) &&
                  llvm::all_of(op->getOperands(), [&](Value operand) {
                    return isConstant(operand);
                  });
    return isKnownConstant[op] = result;
  }

private:
  bool isConstant(Value value) {
    Operation *op = value.getDefiningOp();
    return op && (isa<arith::ConstantOp>(op) || isConstant(op));
  }

  DenseMap<Operation *, bool> isKnownConstant;
};

} // namespace

/// The ops to evaluate: those on constants whose results others need.
static SmallVector<Operation *> findRoots(ModuleOp module) {
  ConstantFinder finder;
  SmallVector<Operation *> roots;
  module->walk([&](Operation *op) {
    if (!isWorthEvaluating(op) || !finder.isConstant(op))
      return;
    bool isInner = llvm::all_of(op->getUsers(), [&](Operation *user) {
      return isWorthEvaluating(user) && finder.isConstant(user);
    });
    if (!isInner)
      roots.push_back(op);
  });
  return roots;
}

//===----------------------------------------------------------------------===//
// A function that computes them
//===----------------------------------------------------------------------===//

namespace {

/// What a root needs: constants, which become arguments, and ops in their
/// order.
struct Slice {
  void add(Operation *op) {
    for (Value operand : op->getOperands()) {
      Operation *source = operand.getDefiningOp();
      if (auto constant = dyn_cast<arith::ConstantOp>(source);
          constant && isa<ElementsAttr>(constant.getValue()))
        constants.insert(source);
      else
        add(source);
    }
    ops.insert(op);
  }

  llvm::SetVector<Operation *> constants;
  llvm::SetVector<Operation *> ops;
};

} // namespace

/// The results of `op`, scaled tensors as their parts.
static SmallVector<Value> disassemble(OpBuilder &builder, Operation *op) {
  SmallVector<Value> values;
  for (Value result : op->getResults()) {
    if (!getScaledElementType(result.getType())) {
      values.push_back(result);
      continue;
    }
    auto parts = DisassembleOp::create(builder, op->getLoc(), result);
    llvm::append_range(values, parts->getResults());
  }
  return values;
}

/// A module with a function that computes the results of `root` from the
/// constants of `slice`.
static OwningOpRef<ModuleOp> buildProgram(Operation *root, const Slice &slice) {
  Location loc = root->getLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  SmallVector<Type> inputs =
      llvm::map_to_vector(slice.constants, [](Operation *op) {
        return op->getResult(0).getType();
      });
  auto function = func::FuncOp::create(builder, loc, "evaluate",
                                       builder.getFunctionType(inputs, {}));
  builder.setInsertionPointToStart(function.addEntryBlock());
  IRMapping mapping;
  for (auto [constant, argument] :
       llvm::zip_equal(slice.constants, function.getArguments()))
    mapping.map(constant->getResult(0), argument);
  for (Operation *op : slice.ops)
    builder.clone(*op, mapping);
  SmallVector<Value> results =
      disassemble(builder, mapping.lookup(root->getResult(0)).getDefiningOp());
  func::ReturnOp::create(builder, loc, results);
  function.setFunctionType(builder.getFunctionType(inputs, TypeRange(results)));
  return module;
}

//===----------------------------------------------------------------------===//
// Their results
//===----------------------------------------------------------------------===//

/// Constants of more bytes are resources: attributes are hashed and kept for
/// good.
static constexpr size_t kLargestAttribute = 1024;

/// A constant of `type` whose elements take whole bytes: `bytes`.
static Value createConstant(OpBuilder &builder, Location loc,
                            RankedTensorType type, ArrayRef<uint8_t> bytes) {
  ArrayRef<char> data(reinterpret_cast<const char *>(bytes.data()),
                      bytes.size());
  ElementsAttr attr;
  if (bytes.size() > kLargestAttribute) {
    constexpr size_t alignment = 64;
    attr = DenseResourceElementsAttr::get(
        type, "packed",
        HeapAsmResourceBlob::allocateAndCopyWithAlign(data, alignment));
  } else {
    attr = DenseElementsAttr::getFromRawBuffer(type, data);
  }
  return arith::ConstantOp::create(builder, loc, type, cast<TypedAttr>(attr));
}

/// The same for any type of a part. Integers of less than a byte are bytes in
/// `bytes`, and so is what carries unsigned ones in constants.
static Value createPart(OpBuilder &builder, Location loc, RankedTensorType type,
                        ArrayRef<uint8_t> bytes) {
  Type element = type.getElementType();
  if (!isa<IntegerType>(element) || element.isSignlessInteger(8))
    return createConstant(builder, loc, type, bytes);
  if (element.isUnsignedInteger()) {
    auto carrier = RankedTensorType::get(type.getShape(), builder.getI8Type());
    Value value = createConstant(builder, loc, carrier, bytes);
    return UnrealizedConversionCastOp::create(builder, loc, type, value)
        .getResult(0);
  }
  unsigned mask = (1U << element.getIntOrFloatBitWidth()) - 1;
  std::vector<uint8_t> codes(bytes.size());
  llvm::transform(bytes, codes.begin(),
                  [&](uint8_t byte) { return uint8_t(byte & mask); });
  return createConstant(builder, loc, type, codes);
}

/// Replaces the results of `root` by constants with the bytes of their parts.
static void replaceByConstants(Operation *root, TypeRange types,
                               ArrayRef<std::vector<uint8_t>> bytes) {
  OpBuilder builder(root);
  Location loc = root->getLoc();
  SmallVector<Value> parts;
  for (auto [type, partBytes] : llvm::zip_equal(types, bytes))
    parts.push_back(
        createPart(builder, loc, cast<RankedTensorType>(type), partBytes));
  ArrayRef<Value> left = parts;
  for (Value result : root->getResults()) {
    if (!getScaledElementType(result.getType())) {
      result.replaceAllUsesWith(left.front());
      left = left.drop_front();
      continue;
    }
    // The only result.
    result.replaceAllUsesWith(AssembleOp::create(
        builder, loc, result.getType(), left.front(), left.drop_front()));
  }
}

namespace {

struct EvaluateConstantsPass
    : public quantx::impl::QuantXEvaluateConstantsBase<EvaluateConstantsPass> {
  void runOnOperation() override {
    for (Operation *root : findRoots(getOperation()))
      replace(root);
  }

private:
  /// What cannot be evaluated stays, and is computed at run time.
  static void replace(Operation *root) {
    Slice slice;
    slice.add(root);
    OwningOpRef<ModuleOp> program = buildProgram(root, slice);
    SmallVector<ElementsAttr> inputs =
        llvm::map_to_vector(slice.constants, [](Operation *op) {
          return cast<ElementsAttr>(cast<arith::ConstantOp>(op).getValue());
        });
    auto bytes = evaluate(*program, inputs);
    if (!bytes) {
      root->emitWarning() << "is left to run time: "
                          << llvm::toString(bytes.takeError());
      return;
    }
    auto function = cast<func::FuncOp>(program->getBody()->front());
    replaceByConstants(root, function.getResultTypes(), *bytes);
    // Users first; what others need stays.
    auto eraseDead = [](Operation *op) {
      if (op->use_empty())
        op->erase();
    };
    llvm::for_each(llvm::reverse(slice.ops), eraseDead);
    llvm::for_each(slice.constants, eraseDead);
  }
};

} // namespace
