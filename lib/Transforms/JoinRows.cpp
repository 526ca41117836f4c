//===- JoinRows.cpp - Rows of dynamic size as one -------------------------===//
//
// Blocks of rows that end on a block lie one after the other, as in one long
// row. That has whole tiles and groups of blocks, however short the rows are.
// Which of both it is is decided once, by the sizes of a view: the loops are
// the same.
//
//===----------------------------------------------------------------------===//

#include "JoinRows.h"
#include "GridTiling.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "quantx/Format/Mutants.h"
#include "quantx/Transforms/Alignment.h"

using namespace mlir;
using namespace quantx;

/// Whether blocks are parts of rows, of which there may be several.
static bool hasRowBlocks(ScaledType type) {
  ArrayRef<int64_t> shape = type.getBlockShape();
  return shape.size() > 1 && !type.isWholeDimension(shape.size() - 1) &&
         llvm::all_of(shape.drop_back(),
                      [](int64_t size) { return size == 1; });
}

/// Whether elements lie one after the other: those of an argument do.
static bool isContiguous(Value tensor) {
  while (auto cast = tensor.getDefiningOp<tensor::CastOp>())
    tensor = cast.getSource();
  auto argument = dyn_cast<BlockArgument>(tensor);
  return argument && isa<func::FuncOp>(argument.getOwner()->getParentOp());
}

/// Whether nobody asks `tensor` how long its rows are, which parts do not tell.
static bool isAskedForParts(Value tensor) {
  return llvm::all_of(tensor.getUsers(),
                      llvm::IsaPred<func::ReturnOp, DisassembleOp>);
}

/// All elements of `tensor` in the shape `sizes`, for a result of type `type`.
static Value reshape(ImplicitLocOpBuilder &b, Value tensor,
                     RankedTensorType type, ArrayRef<OpFoldResult> sizes) {
  ReassociationIndices all =
      llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  Value flat = tensor::CollapseShapeOp::create(
      b, tensor, ArrayRef<ReassociationIndices>(all));
  return tensor::ExpandShapeOp::create(
      b, type, flat, ArrayRef<ReassociationIndices>(all), sizes);
}

/// The sizes of a tensor of `sizes` with its rows joined where they are a
/// multiple of `step`.
static SmallVector<OpFoldResult>
joinSizes(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes, int64_t step) {
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, value);
  };
  SmallVector<Value> values;
  for (OpFoldResult size : sizes)
    values.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), size));
  Value rest = arith::RemUIOp::create(b, values.back(), index(step));
  Value areWhole =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rest, index(0));
  Value total = values.front();
  for (Value value : ArrayRef(values).drop_front())
    total = arith::MulIOp::create(b, total, value);
  SmallVector<Value> joined(values.size(), index(1));
  joined.back() = total;
  for (auto [size, value] : llvm::zip_equal(joined, values))
    size = arith::SelectOp::create(b, areWhole, size, value);
  return getAsOpFoldResult(joined);
}

/// The parts of `op` as those of rows of `sizes`, which are the ones of
/// `result`.
static SmallVector<Value> buildParts(ImplicitLocOpBuilder &b,
                                     DynamicQuantizeOp op,
                                     RankedTensorType result,
                                     ArrayRef<OpFoldResult> sizes) {
  IndexBuilder index{b, b.getLoc()};
  ScaledType type = op.getScaledType();
  ArrayRef<int64_t> shape = op.getType().getShape();
  SmallVector<Type> types = {type.getPayloadType(shape)};
  llvm::append_range(types, type.getParameterTypes(shape));
  auto parts = DisassembleOp::create(b, types, op);

  SmallVector<OpFoldResult> bytes(sizes), blocks(sizes);
  bytes.back() =
      index.ceilDiv(index.mul(sizes.back(), type.getStorageBits()), 8);
  blocks.back() = index.ceilDiv(sizes.back(), type.getBlockShape().back());
  SmallVector<Value> values = {reshape(
      b, parts.getPayload(), type.getPayloadType(result.getShape()), bytes)};
  for (auto [part, partType] : llvm::zip_equal(
           parts.getParameters(), type.getParameterTypes(result.getShape()))) {
    auto tensor = cast<RankedTensorType>(partType);
    bool isGlobal = tensor.getRank() == 0;
    values.push_back(isGlobal ? Value(part) : reshape(b, part, tensor, blocks));
  }
  return values;
}

/// Replaces `op`, whose users ask for its parts, by `parts`.
static void replaceByParts(RewriterBase &rewriter, DynamicQuantizeOp op,
                           ArrayRef<Value> parts) {
  for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
    if (isa<DisassembleOp>(user))
      rewriter.replaceOp(user, parts);
  rewriter.replaceOpWithNewOp<AssembleOp>(op, op.getType(), parts.front(),
                                          parts.drop_front());
}

DynamicQuantizeOp quantx::joinRows(RewriterBase &rewriter,
                                   DynamicQuantizeOp op) {
  RankedTensorType type = op.getInput().getType();
  ScaledType scaled = op.getScaledType();
  if (!type.isDynamicDim(type.getRank() - 1) || !hasRowBlocks(scaled) ||
      !isContiguous(op.getInput()) || !isAskedForParts(op))
    return op;
  rewriter.setInsertionPoint(op);
  ImplicitLocOpBuilder b(op.getLoc(), rewriter);
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, op.getLoc(), op.getInput());
  int64_t step = getSliceSteps(scaled).back();
  if (isPlanted(Mutant::JoinsWithinBlocks))
    step = getCodesPerByteGroup(scaled.getStorageBits());
  SmallVector<int64_t> dynamic(type.getRank(), ShapedType::kDynamic);
  Value input =
      reshape(b, op.getInput(), type.clone(dynamic), joinSizes(b, sizes, step));
  auto joined = DynamicQuantizeOp::create(
      b, op.getType().clone(dynamic), input, op.getWeights(), op.getGlobal(),
      op.getMethod(), op.getSeed(), op.getRounding(), op.getSaturate());
  replaceByParts(rewriter, op, buildParts(b, joined, op.getType(), sizes));
  return joined;
}
