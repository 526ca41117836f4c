//===- DynamicSizes.cpp - Sizes that payloads do not tell -----------------===//
//
// A payload of codes of less than 8 bits has whole bytes, which may hold more
// codes than a row has. Where the number of codes is dynamic, it goes along as
// an index with the tensor:
//
//   %r = scf.if %c -> tensor<2x?x!int4>
//   // becomes
//   %r:2 = scf.if %c -> (tensor<2x?x!int4>, index)
//   %s = builtin.unrealized_conversion_cast %r#0, %r#1
//          : tensor<2x?x!int4>, index to tensor<2x?x!int4>
//
// and who reads %s finds the size there (`getCarriedSize`). It is a conversion
// of types, by the patterns that take a scaled tensor in parts. What a value is
// converted to must be another type than its own, so tensors whose size is
// beside them have a mark while that goes on.
//
//===----------------------------------------------------------------------===//

#include "DynamicSizes.h"
#include "Patterns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/IR/QuantXTypes.h"
#include "quantx/Transforms/StructuralConversion.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace quantx;

/// Whether the payload of a tensor of `type` does not tell its last size.
static bool losesSize(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  ScaledType scaled = getScaledElementType(type);
  return tensor && scaled && tensor.getRank() > 0 && !tensor.getEncoding() &&
         tensor.isDynamicDim(tensor.getRank() - 1) &&
         scaled.getStorageBits() != 8;
}

/// The type with a mark, or without it.
static RankedTensorType setMark(Type type, bool isMarked) {
  auto tensor = cast<RankedTensorType>(type);
  Attribute mark;
  if (isMarked)
    mark = StringAttr::get(type.getContext(), "quantx.sized");
  return RankedTensorType::get(tensor.getShape(), tensor.getElementType(),
                               mark);
}

static bool isMarked(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getEncoding() && getScaledElementType(tensor);
}

Value quantx::getCarriedSize(Value scaled) {
  auto cast = scaled.getDefiningOp<UnrealizedConversionCastOp>();
  if (!cast || cast.getNumOperands() != 2 ||
      cast.getOperand(0).getType() != scaled.getType() ||
      !cast.getOperand(1).getType().isIndex())
    return {};
  return cast.getOperand(1);
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

namespace {
/// The functions whose signatures are free to change, as nothing but calls
/// refers to them, and these calls.
struct InternalFunctions {
  llvm::SmallPtrSet<Operation *, 8> functions;
  llvm::SmallPtrSet<Operation *, 8> calls;

  /// Finds them below `root`, a module.
  static InternalFunctions find(Operation *root);
};
} // namespace

/// Whether `function` takes or gives a tensor whose size gets lost.
static bool losesSizes(func::FuncOp function) {
  return llvm::any_of(function.getArgumentTypes(), losesSize) ||
         llvm::any_of(function.getResultTypes(), losesSize);
}

/// Makes a private copy of each public function that is called below `root`,
/// and lets the calls go there: the signature of the other one stays.
static void copyPublicFunctions(Operation *root) {
  SymbolTableCollection tables;
  llvm::MapVector<Operation *, func::FuncOp> copies;
  root->walk([&](func::CallOp call) {
    auto function = tables.lookupNearestSymbolFrom<func::FuncOp>(
        call, call.getCalleeAttr());
    if (function && function.isPublic() && !function.isExternal() &&
        losesSizes(function))
      copies.insert({function, {}});
  });
  for (auto &[original, copy] : copies) {
    copy = cast<func::FuncOp>(original->clone());
    copy.setPrivate();
    tables.getSymbolTable(original->getParentOp())
        .insert(copy, std::next(Block::iterator(original)));
  }
  // Those in copies too.
  root->walk([&](func::CallOp call) {
    auto copy =
        copies.find(tables.lookupNearestSymbolFrom(call, call.getCalleeAttr()));
    if (copy != copies.end())
      call.setCallee(copy->second.getName());
  });
}

InternalFunctions InternalFunctions::find(Operation *root) {
  copyPublicFunctions(root);
  SymbolTableCollection tables;
  SymbolUserMap users(tables, root);
  InternalFunctions internal;
  root->walk([&](func::FuncOp function) {
    ArrayRef<Operation *> calls = users.getUsers(function);
    if (!function.isPrivate() || function.isExternal() ||
        !losesSizes(function) ||
        !llvm::all_of(calls, llvm::IsaPred<func::CallOp>))
      return;
    internal.functions.insert(function);
    internal.calls.insert(calls.begin(), calls.end());
  });
  return internal;
}

//===----------------------------------------------------------------------===//
// The conversion
//===----------------------------------------------------------------------===//

namespace {

/// From a tensor whose size gets lost to a marked one and its size.
class SizedTypeConverter : public TypeConverter {
public:
  SizedTypeConverter() {
    addConversion([](Type type) { return type; });
    addConversion(
        [](RankedTensorType type,
           SmallVectorImpl<Type> &results) -> std::optional<LogicalResult> {
          if (!losesSize(type))
            return std::nullopt;
          results.push_back(setMark(type, true));
          results.push_back(IndexType::get(type.getContext()));
          return success();
        });
    addSourceMaterialization(materialize);
    addTargetMaterialization([](OpBuilder &builder, TypeRange types,
                                ValueRange inputs,
                                Location loc) -> SmallVector<Value> {
      Value value = inputs.front();
      int64_t last = cast<RankedTensorType>(value.getType()).getRank() - 1;
      return {materialize(builder, types.front(), value, loc),
              tensor::DimOp::create(builder, loc, value, last)};
    });
  }

private:
  static Value materialize(OpBuilder &builder, Type type, ValueRange inputs,
                           Location loc) {
    return UnrealizedConversionCastOp::create(builder, loc, type, inputs)
        .getResult(0);
  }
};

/// Reads the payload and parameters of a tensor with its size beside it.
struct SizedParts : public OpConversionPattern<UnrealizedConversionCastOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(UnrealizedConversionCastOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getNumResults() != 1 || !getCarriedSize(op.getResult(0)))
      return rewriter.notifyMatchFailure(op, "not a tensor and its size");
    rewriter.replaceOpWithMultiple(op, {adaptor.getOperands().front()});
    return success();
  }
};

} // namespace

void quantx::populateDynamicSizesPatterns(const TypeConverter &converter,
                                          RewritePatternSet &patterns) {
  patterns.add<SizedParts>(converter, patterns.getContext());
}

static LogicalResult convert(Operation *root,
                             const InternalFunctions &internal) {
  SizedTypeConverter converter;
  ConversionTarget target(*root->getContext());
  RewritePatternSet patterns(root->getContext());
  populateStructuralTypeConversionsAndLegality(converter, patterns, target);
  populateSelectPatterns(converter, patterns);

  // Signatures that others know, and calls of such functions, stay.
  auto keepUnless = [](bool isInternal) -> std::optional<bool> {
    if (isInternal)
      return std::nullopt;
    return true;
  };
  target.addDynamicallyLegalOp<func::FuncOp>([&](Operation *op) {
    return keepUnless(internal.functions.contains(op));
  });
  target.addDynamicallyLegalOp<func::CallOp>(
      [&](Operation *op) { return keepUnless(internal.calls.contains(op)); });
  target.addDynamicallyLegalOp<func::ReturnOp>([&](Operation *op) {
    return keepUnless(internal.functions.contains(op->getParentOp()));
  });
  target.addDynamicallyLegalOp<arith::SelectOp>(
      [&](Operation *op) { return converter.isLegal(op); });
  target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  return applyPartialConversion(root, target, std::move(patterns));
}

/// Takes the marks away, and the casts between tensors with and without.
static void eraseMarks(Operation *root) {
  auto unmark = [](Value value) {
    if (isMarked(value.getType()))
      value.setType(setMark(value.getType(), false));
  };
  auto unmarkType = [](Type type) -> Type {
    return isMarked(type) ? setMark(type, false) : type;
  };
  root->walk([&](Operation *op) {
    llvm::for_each(op->getResults(), unmark);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::for_each(block.getArguments(), unmark);
    if (auto function = dyn_cast<func::FuncOp>(op)) {
      function.setType(FunctionType::get(
          op->getContext(),
          llvm::map_to_vector(function.getArgumentTypes(), unmarkType),
          llvm::map_to_vector(function.getResultTypes(), unmarkType)));
    }
  });
  root->walk([](UnrealizedConversionCastOp cast) {
    if (cast.getNumOperands() != 1 || cast.getNumResults() != 1 ||
        cast.getOperand(0).getType() != cast.getResult(0).getType())
      return;
    cast.getResult(0).replaceAllUsesWith(cast.getOperand(0));
    cast.erase();
  });
}

LogicalResult quantx::carryDynamicSizes(Operation *root) {
  bool isNeeded =
      root->walk([](Operation *op) {
            bool isLost = llvm::any_of(op->getOperandTypes(), losesSize);
            return isLost ? WalkResult::interrupt() : WalkResult::advance();
          })
          .wasInterrupted();
  if (!isNeeded)
    return success();
  InternalFunctions internal;
  if (isa<ModuleOp>(root))
    internal = InternalFunctions::find(root);
  if (failed(convert(root, internal)))
    return failure();
  eraseMarks(root);
  return success();
}
