//===- PackedCodes.cpp - Loops over packed codes --------------------------===//

#include "PackedCodes.h"
#include "Loops.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/IR/QuantXOps.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

static Value createIndex(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

/// How many codes of `bits` bits a byte can hold a part of.
static unsigned getMaxCodesPerByte(unsigned bits) {
  unsigned latestStart = bits - std::gcd(8u, bits);
  return (latestStart + 7) / bits + 1;
}

/// Whether every code that a byte loop looks at exists: rows fill whole groups,
/// and a byte never looks beyond its own codes.
static bool fillsRows(OpFoldResult numCodes, unsigned bits) {
  std::optional<int64_t> size = getConstantIntValue(numCodes);
  bool looksOnlyAtOwnCodes = 8 % bits == 0 || bits == 6;
  return size && looksOnlyAtOwnCodes && *size * bits % 8 == 0;
}

/// The part of the code at `index` (in the last dimension) that lies in the
/// byte at `byteIndex`, as i32; 0 beyond the end of the row.
static Value emitCodeInByte(ImplicitLocOpBuilder &b, ValueRange byteIndices,
                            Value index, Value numCodes, unsigned bits,
                            ElementFn computeCode) {
  SmallVector<Value> indices(byteIndices);
  indices.back() = index;
  if (numCodes) {
    Value last = arith::SubIOp::create(b, numCodes, createIndex(b, 1));
    indices.back() = arith::MinUIOp::create(b, index, last);
  }
  ElementwiseBuilder arith(b, b.getLoc());
  Value code = arith.zext(computeCode(b, b.getLoc(), indices), 32);
  if (numCodes) {
    Value exists =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ult, index, numCodes);
    code = arith.select(exists, code, arith.i32(0, code));
  }
  // The code's first bit is bit `shift` of the byte, negative when the code
  // began in the byte before: shift left by 8 more, then back.
  Value codeBit = arith::MulIOp::create(b, index, createIndex(b, bits));
  Value byteBit =
      arith::MulIOp::create(b, byteIndices.back(), createIndex(b, 8));
  Value shift = arith::SubIOp::create(
      b, arith::AddIOp::create(b, codeBit, createIndex(b, 8)), byteBit);
  Value amount = arith::IndexCastOp::create(b, b.getI32Type(), shift);
  return arith.lshr(arith::ShLIOp::create(b, code, amount), 8);
}

Value quantx::buildPackedCodes(OpBuilder &builder, Location loc,
                               ArrayRef<OpFoldResult> sizes, unsigned bits,
                               ElementFn computeCode) {
  SmallVector<OpFoldResult> byteSizes(sizes);
  if (std::optional<int64_t> numCodes = getConstantIntValue(sizes.back())) {
    byteSizes.back() = builder.getIndexAttr(getPackedSize(*numCodes, bits));
  } else {
    AffineExpr size = builder.getAffineSymbolExpr(0);
    byteSizes.back() =
        applyToSize(builder, loc, (size * bits).ceilDiv(8), sizes.back());
  }
  Value numCodes;
  if (!fillsRows(sizes.back(), bits))
    numCodes = getValueOrCreateConstantIndexOp(builder, loc, sizes.back());

  auto computeByte = [&](OpBuilder &nested, Location loc,
                         ValueRange byteIndices) {
    ImplicitLocOpBuilder b(loc, nested);
    Value firstBit =
        arith::MulIOp::create(b, byteIndices.back(), createIndex(b, 8));
    Value firstCode = arith::DivUIOp::create(b, firstBit, createIndex(b, bits));
    Value byte;
    for (unsigned i = 0; i < getMaxCodesPerByte(bits); ++i) {
      Value index = arith::AddIOp::create(b, firstCode, createIndex(b, i));
      Value part =
          emitCodeInByte(b, byteIndices, index, numCodes, bits, computeCode);
      byte = byte ? arith::OrIOp::create(b, byte, part) : part;
    }
    return ElementwiseBuilder(b, loc).trunc(byte, 8);
  };
  return buildElements(builder, loc, byteSizes, builder.getI8Type(),
                       computeByte);
}

//===----------------------------------------------------------------------===//
// Unpacking
//===----------------------------------------------------------------------===//

Value quantx::readCode(OpBuilder &builder, Location loc, Value bytes,
                       ValueRange indices, unsigned bits) {
  ImplicitLocOpBuilder nested(loc, builder);
  if (bits == 8)
    return tensor::ExtractOp::create(nested, bytes, indices);
  ElementwiseBuilder b(builder, loc);
  Value firstBit =
      arith::MulIOp::create(nested, indices.back(), createIndex(nested, bits));
  auto readByteOf = [&](Value bit) -> Value {
    SmallVector<Value> byteIndices(indices);
    byteIndices.back() =
        arith::DivUIOp::create(nested, bit, createIndex(nested, 8));
    return b.zext(tensor::ExtractOp::create(nested, bytes, byteIndices), 32);
  };
  Value word = readByteOf(firstBit);
  // Where the code ends in its first byte, the second is that byte again, and
  // what it adds lies above the code.
  if (8 % bits != 0) {
    Value lastBit =
        arith::AddIOp::create(nested, firstBit, createIndex(nested, bits - 1));
    word = b.bitOr(word, b.shl(readByteOf(lastBit), 8));
  }
  Value inByte =
      arith::AndIOp::create(nested, firstBit, createIndex(nested, 7));
  Value shift = arith::IndexCastOp::create(nested, nested.getI32Type(), inByte);
  return b.trunc(arith::ShRUIOp::create(nested, word, shift), 8);
}

/// The last size of `original` where the op that made it tells; else null.
static OpFoldResult findNumCodes(OpBuilder &builder, Location loc,
                                 Value original) {
  Operation *op = original.getDefiningOp();
  int64_t last = cast<RankedTensorType>(original.getType()).getRank() - 1;
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
