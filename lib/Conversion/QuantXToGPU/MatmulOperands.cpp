//===- MatmulOperands.cpp - Operands of a matmul in a kernel --------------===//

#include "MatmulOperands.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

KernelOperand::KernelOperand(KernelBuilder &kernel, StringRef name,
                             const MatmulOperand &operand)
    : type(operand.type) {
  if (!type) {
    views.push_back(kernel.addInput(name, operand.parts.front()));
    return;
  }
  SmallVector<StringRef> names = {"payload", "scales"};
  if (type.hasZeroPoint())
    names.push_back("zero_points");
  if (type.hasGlobal())
    names.push_back("global");
  for (auto [part, value] : llvm::zip_equal(names, operand.parts))
    views.push_back(kernel.addInput((name + "_" + part).str(), value));
}

// Both operands count the same codes, though one may have room for more in its
// last byte. So the blocks of a row are those of the scales.
void KernelOperand::addSizes(KernelBuilder &kernel, StringRef name,
                             const MatmulOperand &operand,
                             ArrayRef<Value> batchSizes, Value numRows,
                             Value sumSize) {
  batches = llvm::to_vector(batchSizes);
  rows = numRows;
  sum = sumSize;
  if (!type)
    return;
  Value scales = operand.parts[1];
  int64_t last = cast<RankedTensorType>(scales.getType()).getRank() - 1;
  ImplicitLocOpBuilder &host = kernel.getHost();
  numBlocks =
      kernel.addSize((name + "_blocks_in_row").str(),
                     tensor::getMixedSize(host, host.getLoc(), scales, last));
}

Type KernelOperand::getDataType() const {
  return cast<MemRefType>(getData().getType()).getElementType();
}

Value KernelOperand::getRowSize(IndexMath math) const {
  return type ? math.ceilDiv(math.mul(sum, type.getStorageBits()), 8) : sum;
}

OperandRow KernelOperand::locate(IndexMath math, Value batch, Value row) const {
  OperandRow result;
  Value index = math.add(math.mul(batch, rows), row);
  result.offset = math.mul(index, getRowSize(math));
  if (!type)
    return result;
  // The indices of all dimensions but K, last to first.
  SmallVector<Value> sizes(batches), indices = {row};
  sizes.push_back(rows);
  for (Value size : llvm::reverse(batches)) {
    indices.push_back(math.rem(batch, size));
    batch = math.div(batch, size);
  }
  result.block = math.constant(0);
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    if (type.isWholeDimension(dim))
      continue;
    int64_t block = type.getBlockShape()[dim];
    result.block = math.add(math.mul(result.block, math.ceilDiv(size, block)),
                            math.div(indices[sizes.size() - 1 - dim], block));
  }
  result.block = math.mul(result.block, numBlocks);
  return result;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Value KernelOperand::findBlock(IndexMath math, const OperandRow &row,
                               Value position) const {
  if (type.isWholeDimension(type.getBlockRank() - 1))
    return row.block;
  Value last = math.sub(numBlocks, math.constant(1));
  Value block = math.min(math.div(position, getBlockSize()), last);
  return math.add(row.block, block);
}

SmallVector<Value> KernelOperand::loadBlock(ImplicitLocOpBuilder &b,
                                            Value block) const {
  SmallVector<Value> values;
  for (Value view :
       ArrayRef(views).drop_front().take_front(1 + type.hasZeroPoint()))
    values.push_back(memref::LoadOp::create(b, view, block));
  return values;
}

BlockParameters KernelOperand::loadParameters(ImplicitLocOpBuilder &b,
                                              const OperandRow &row,
                                              Value position) const {
  SmallVector<Value> values =
      loadBlock(b, findBlock(IndexMath(b), row, position));
  if (Value global = loadGlobal(b))
    values.push_back(global);
  return BlockParameters::get(type, values);
}

Value KernelOperand::loadGlobal(ImplicitLocOpBuilder &b) const {
  if (!type || !type.hasGlobal())
    return {};
  return memref::LoadOp::create(b, views.back(), IndexMath(b).constant(0));
}

/// In the low bits of an i8.
Value KernelOperand::loadCode(ImplicitLocOpBuilder &b, const OperandRow &row,
                              Value position) const {
  IndexMath math(b);
  unsigned bits = type.getStorageBits();
  Value bit = math.mul(position, bits);
  auto loadByte = [&](Value index) -> Value {
    Value byte =
        memref::LoadOp::create(b, getData(), math.add(row.offset, index));
    return arith::ExtUIOp::create(b, b.getI32Type(), byte);
  };
  Value first = math.div(bit, 8);
  Value word = loadByte(first);
  if (8 % bits != 0) {
    // A code may go on in the next byte, if there is one.
    Value last = math.sub(getRowSize(math), math.constant(1));
    Value next = loadByte(math.min(math.add(first, 1), last));
    Value eight = arith::ConstantOp::create(b, b.getI32IntegerAttr(8));
    next = arith::ShLIOp::create(b, next, eight);
    word = arith::OrIOp::create(b, word, next);
  }
  Value shift = arith::IndexCastOp::create(b, b.getI32Type(), math.rem(bit, 8));
  word = arith::ShRUIOp::create(b, word, shift);
  return arith::TruncIOp::create(b, b.getI8Type(), word);
}

Value KernelOperand::loadValue(ImplicitLocOpBuilder &b, const OperandRow &row,
                               Value position) const {
  ElementwiseBuilder arith(b, b.getLoc());
  if (!type) {
    Value index = IndexMath(b).add(row.offset, position);
    return arith.extendToF32(memref::LoadOp::create(b, getData(), index));
  }
  return arith.extendToF32(
      emitDequantizeElement(arith, type, loadCode(b, row, position),
                            loadParameters(b, row, position)));
}

//===----------------------------------------------------------------------===//
// Matmuls
//===----------------------------------------------------------------------===//

KernelMatmul::KernelMatmul(KernelBuilder &kernel, const Matmul &matmul)
    : lhs(kernel, "lhs", matmul.lhs), rhs(kernel, "rhs", matmul.rhs) {
  init = kernel.addInput("init", matmul.init);
  const MatmulSizes<OpFoldResult> &all = matmul.sizes;
  SmallVector<OpFoldResult> shape(all.batches);
  shape.append({all.tokens, all.outputs});
  result = kernel.addOutput("result", kernel.getBody().getF32Type(), shape);
  for (auto [i, size] : llvm::enumerate(all.batches))
    sizes.batches.push_back(kernel.addSize("batch" + std::to_string(i), size));
  sizes.tokens = kernel.addSize("rows", all.tokens);
  sizes.outputs = kernel.addSize("columns", all.outputs);
  sizes.sum = kernel.addSize("sum", all.sum);
  lhs.addSizes(kernel, "lhs", matmul.lhs, sizes.batches, sizes.tokens,
               sizes.sum);
  rhs.addSizes(kernel, "rhs", matmul.rhs, sizes.batches, sizes.outputs,
               sizes.sum);
}

Value KernelMatmul::countBatches(IndexMath math) const {
  Value count = math.constant(1);
  for (Value size : sizes.batches)
    count = math.mul(count, size);
  return count;
}

Value KernelMatmul::getResultIndex(ImplicitLocOpBuilder &b, Value batch,
                                   Value token, Value output) const {
  IndexMath math(b);
  Value row = math.add(math.mul(batch, sizes.tokens), token);
  return math.add(math.mul(row, sizes.outputs), output);
}

void KernelMatmul::store(ImplicitLocOpBuilder &b, Value batch, Value token,
                         Value output, Value sum) const {
  Value index = getResultIndex(b, batch, token, output);
  Value initial = memref::LoadOp::create(b, init, index);
  memref::StoreOp::create(b, arith::AddFOp::create(b, initial, sum), result,
                          index);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

ResultTiles::ResultTiles(ImplicitLocOpBuilder &b, const KernelMatmul &matmul,
                         int64_t tokens, int64_t outputs)
    : tokens(tokens), outputs(outputs) {
  IndexMath math(b);
  columns = math.ceilDiv(matmul.sizes.outputs, outputs);
  rows = math.ceilDiv(matmul.sizes.tokens, tokens);
  count = math.mul(math.mul(columns, rows), matmul.countBatches(math));
}

// Blocks that run at the same time have the same tokens and different weights,
// which are the larger operand, but fewer bytes.
ResultTile ResultTiles::get(ImplicitLocOpBuilder &b, Value index) const {
  IndexMath math(b);
  Value row = math.div(index, columns);
  ResultTile tile;
  tile.output = math.mul(math.rem(index, columns), outputs);
  tile.token = math.mul(math.rem(row, rows), tokens);
  tile.batch = math.div(row, rows);
  return tile;
}

void quantx::buildResultTiles(ImplicitLocOpBuilder &b,
                              const KernelMatmul &matmul, int64_t tokens,
                              int64_t outputs,
                              function_ref<void(const ResultTile &)> build) {
  ResultTiles tiles(b, matmul, tokens, outputs);
  buildTileLoop(b, tiles.getCount(),
                [&](Value index) { build(tiles.get(b, index)); });
}

Value quantx::countResultTiles(KernelBuilder &kernel, const Matmul &matmul,
                               int64_t tokens, int64_t outputs) {
  IndexMath math = kernel.getHostMath();
  Value count = math.mul(math.ceilDiv(math.get(matmul.sizes.outputs), outputs),
                         math.ceilDiv(math.get(matmul.sizes.tokens), tokens));
  for (OpFoldResult size : matmul.sizes.batches)
    count = math.mul(count, math.get(size));
  return count;
}
