//===- PackedCodes.cpp - Loops over packed codes --------------------------===//

#include "PackedCodes.h"
#include "DynamicSizes.h"
#include "Loops.h"
#include "RowLayout.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

/// The bytes of rows of `numCodes` codes.
static OpFoldResult getPackedRowSize(OpBuilder &builder, Location loc,
                                     OpFoldResult numCodes, unsigned bits) {
  if (std::optional<int64_t> size = getConstantIntValue(numCodes))
    return builder.getIndexAttr(getPackedSize(*size, bits));
  AffineExpr size = builder.getAffineSymbolExpr(0);
  return applyToSize(builder, loc, (size * bits).ceilDiv(8), numCodes);
}

CodeSource quantx::createPackedSource(OpBuilder &builder, Location loc,
                                      Value bytes, Packing packing,
                                      unsigned bits,
                                      ArrayRef<OpFoldResult> sizes) {
  OpFoldResult rowSize;
  if (std::optional<int64_t> numCodes = getConstantIntValue(sizes.back()))
    rowSize = builder.getIndexAttr(getPackedSize(*numCodes, bits));
  else if (packing != Packing::Linear)
    rowSize = tensor::getMixedSize(builder, loc, bytes, sizes.size() - 1);
  RowLayout layout(packing, bits, rowSize);
  auto read = [=](OpBuilder &nested, Location loc, ValueRange indices) {
    ImplicitLocOpBuilder b(loc, nested);
    auto readByte = [&](Value byte) -> Value {
      SmallVector<Value> byteIndices(indices);
      byteIndices.back() = byte;
      return tensor::ExtractOp::create(b, bytes, byteIndices);
    };
    return layout.emitRead(b, indices.back(), readByte);
  };
  return {bits, SmallVector<OpFoldResult>(sizes), read,
          /*isZeroExtended=*/bits == 8};
}

CodeSource quantx::createUnpackedSource(OpBuilder &builder, Location loc,
                                        Value codes, unsigned bits) {
  auto read = [codes](OpBuilder &b, Location loc, ValueRange indices) -> Value {
    return tensor::ExtractOp::create(b, loc, codes, indices);
  };
  return {bits, tensor::getMixedSizes(builder, loc, codes), read,
          /*isZeroExtended=*/bits == 8};
}

/// The code of `source` at `indices`, of which the last may be beyond the
/// `numCodes` of a row: 0 there.
static Value emitIfExists(OpBuilder &builder, Location loc,
                          const CodeSource &source, ValueRange indices,
                          Value numCodes) {
  ImplicitLocOpBuilder b(loc, builder);
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value last = arith::SubIOp::create(b, numCodes, one);
  SmallVector<Value> existing(indices);
  existing.back() = arith::MinUIOp::create(b, indices.back(), last);
  Value code = source.compute(b, loc, existing);
  Value exists = arith::CmpIOp::create(b, arith::CmpIPredicate::ult,
                                       indices.back(), numCodes);
  ElementwiseBuilder arith(b, loc);
  return arith.select(exists, code, arith.integer(8, 0, code));
}

CodeSource quantx::resizeRows(OpBuilder &builder, Location loc,
                              const CodeSource &source, OpFoldResult numCodes) {
  // Packing and unpacking whole bytes changes nothing.
  if (!numCodes && source.countsBytes)
    return source;
  CodeSource result = source;
  result.countsBytes = !numCodes;
  if (!numCodes) {
    AffineExpr numBytes = builder.getAffineSymbolExpr(0);
    OpFoldResult rowSize =
        getPackedRowSize(builder, loc, source.sizes.back(), source.bits);
    numCodes = applyToSize(builder, loc, (numBytes * 8).floorDiv(source.bits),
                           rowSize);
  }
  result.sizes.back() = numCodes;
  std::optional<int64_t> size = getConstantIntValue(source.sizes.back());
  std::optional<int64_t> newSize = getConstantIntValue(numCodes);
  if (source.countsBytes || (size && newSize && *newSize <= *size))
    return result;
  Value end =
      getValueOrCreateConstantIndexOp(builder, loc, source.sizes.back());
  result.compute = [source, end](OpBuilder &b, Location loc,
                                 ValueRange indices) {
    return emitIfExists(b, loc, source, indices, end);
  };
  return result;
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

/// Whether every code that a byte loop looks at exists: rows fill whole groups,
/// and a byte never looks beyond its own codes.
static bool fillsRows(const CodeSource &source, const RowLayout &layout) {
  if (source.countsBytes && 8 % source.bits == 0)
    return true;
  std::optional<int64_t> size = getConstantIntValue(source.sizes.back());
  return size && layout.hasOwnCodesOnly() && *size * source.bits % 8 == 0;
}

Value quantx::buildPackedCodes(OpBuilder &builder, Location loc,
                               Packing packing, const CodeSource &source) {
  unsigned bits = source.bits;
  SmallVector<OpFoldResult> byteSizes = source.sizes;
  byteSizes.back() = getPackedRowSize(builder, loc, source.sizes.back(), bits);
  RowLayout layout(packing, bits, byteSizes.back());
  Value numCodes;
  if (!fillsRows(source, layout)) {
    numCodes =
        getValueOrCreateConstantIndexOp(builder, loc, source.sizes.back());
  }

  auto computeCode = [&](ImplicitLocOpBuilder &b, ValueRange indices) {
    Value code = numCodes
                     ? emitIfExists(b, b.getLoc(), source, indices, numCodes)
                     : source.compute(b, b.getLoc(), indices);
    ElementwiseBuilder arith(b, b.getLoc());
    if (!source.isZeroExtended)
      code = arith.bitAnd(code, (1 << bits) - 1);
    return arith.zext(code, 32);
  };
  auto computeByte = [&](OpBuilder &nested, Location loc,
                         ValueRange byteIndices) {
    ImplicitLocOpBuilder b(loc, nested);
    Value byte;
    for (unsigned i = 0; i < layout.getMaxCodesPerByte(); ++i) {
      SmallVector<Value> indices(byteIndices);
      indices.back() = layout.emitCodeIndex(b, byteIndices.back(), i);
      Value part = layout.emitPart(b, computeCode(b, indices), indices.back(),
                                   byteIndices.back(), i);
      byte = byte ? arith::OrIOp::create(b, byte, part) : part;
    }
    return ElementwiseBuilder(b, loc).trunc(byte, 8);
  };
  return buildElements(builder, loc, byteSizes, builder.getI8Type(),
                       computeByte);
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// The last size of `original` where the op that made it tells; else null.
static OpFoldResult findNumCodes(OpBuilder &builder, Location loc,
                                 Value original) {
  Operation *op = original.getDefiningOp();
  auto type = cast<RankedTensorType>(original.getType());
  int64_t last = type.getRank() - 1;
  if (!type.isDynamicDim(last))
    return builder.getIndexAttr(type.getDimSize(last));
  if (Value size = getCarriedSize(original))
    return size;
  if (auto quantize = dyn_cast_or_null<QuantizeOp>(op))
    return tensor::getMixedSize(builder, loc, quantize.getInput(), last);
  if (auto quantize = dyn_cast_or_null<DynamicQuantizeOp>(op))
    return tensor::getMixedSize(builder, loc, quantize.getInput(), last);
  if (auto pack = dyn_cast_or_null<PackOp>(op))
    return tensor::getMixedSize(builder, loc, pack.getCodes(), last);
  if (auto empty = dyn_cast_or_null<tensor::EmptyOp>(op))
    return empty.getMixedSizes().back();
  if (auto cast = dyn_cast_or_null<tensor::CastOp>(op))
    return findNumCodes(builder, loc, cast.getSource());
  // A loop over tiles has the sizes that it begins with.
  if (auto loop = dyn_cast_or_null<scf::ForallOp>(op)) {
    OpOperand *init = loop.getTiedOpOperand(cast<OpResult>(original));
    return findNumCodes(builder, loc, init->get());
  }
  if (auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(op))
    return findNumCodes(builder, loc, insert.getDest());
  auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op);
  if (slice && slice.getType().getRank() == slice.getSourceType().getRank())
    return slice.getMixedSizes().back();
  return {};
}

SmallVector<OpFoldResult> quantx::getCodeSizes(OpBuilder &builder, Location loc,
                                               Value original, Value bytes,
                                               unsigned bits) {
  auto type = cast<RankedTensorType>(original.getType());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, bytes);
  for (int64_t dim = 0, rank = type.getRank(); dim < rank; ++dim) {
    if (!type.isDynamicDim(dim)) {
      sizes[dim] = builder.getIndexAttr(type.getDimSize(dim));
    } else if (dim == rank - 1 && bits != 8) {
      AffineExpr size = builder.getAffineSymbolExpr(0);
      OpFoldResult known = findNumCodes(builder, loc, original);
      sizes[dim] = known ? known
                         : applyToSize(builder, loc, (size * 8).floorDiv(bits),
                                       sizes[dim]);
    }
  }
  return sizes;
}
