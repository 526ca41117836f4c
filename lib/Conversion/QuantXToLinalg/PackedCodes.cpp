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
                            CodeFn computeCode) {
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
                               CodeFn computeCode) {
  AffineExpr size = builder.getAffineSymbolExpr(0);
  SmallVector<OpFoldResult> byteSizes(sizes);
  byteSizes.back() =
      applyToSize(builder, loc, (size * bits).ceilDiv(8), sizes.back());
  Value empty =
      tensor::EmptyOp::create(builder, loc, byteSizes, builder.getI8Type());
  Value numCodes;
  if (!fillsRows(sizes.back(), bits))
    numCodes = getValueOrCreateConstantIndexOp(builder, loc, sizes.back());

  unsigned rank = sizes.size();
  auto body = [&](OpBuilder &nested, Location loc, ValueRange) {
    ImplicitLocOpBuilder b(loc, nested);
    SmallVector<Value> byteIndices;
    for (unsigned dim = 0; dim < rank; ++dim)
      byteIndices.push_back(linalg::IndexOp::create(b, dim));
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
    linalg::YieldOp::create(b, ElementwiseBuilder(b, loc).trunc(byte, 8));
  };
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(builder, loc, empty.getType(), ValueRange(),
                                   empty, builder.getMultiDimIdentityMap(rank),
                                   iterators, body)
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// Unpacking
//===----------------------------------------------------------------------===//

PackedCodeOperands quantx::getPackedCodeOperands(Value bytes, unsigned bits) {
  MLIRContext *context = bytes.getContext();
  unsigned rank = cast<RankedTensorType>(bytes.getType()).getRank();
  AffineExpr firstBit = getAffineDimExpr(rank - 1, context) * bits;
  AffineMap identity = AffineMap::getMultiDimIdentityMap(rank, context);
  auto mapLast = [&](AffineExpr expr) {
    SmallVector<AffineExpr> results(identity.getResults());
    results.back() = expr;
    return AffineMap::get(rank, 0, results, context);
  };
  PackedCodeOperands packed{{bytes}, {mapLast(firstBit.floorDiv(8))}};
  if (8 % bits != 0) {
    packed.operands.push_back(bytes);
    packed.maps.push_back(mapLast((firstBit + (bits - 1)).floorDiv(8)));
  }
  return packed;
}

Value quantx::emitUnpackCode(ElementwiseBuilder &b, ValueRange bytes,
                             unsigned rank, unsigned bits) {
  if (bits == 8)
    return bytes[0];
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value index = linalg::IndexOp::create(builder, rank - 1);
  Value firstBit =
      arith::MulIOp::create(builder, index, createIndex(builder, bits));
  Value inByte =
      arith::AndIOp::create(builder, firstBit, createIndex(builder, 7));
  Value shift =
      arith::IndexCastOp::create(builder, builder.getI32Type(), inByte);
  Value word = b.zext(bytes[0], 32);
  // Where the code ends in its first byte, the second is that byte again, and
  // what it adds lies above the code.
  if (bytes.size() == 2)
    word = b.bitOr(word, b.shl(b.zext(bytes[1], 32), 8));
  return b.trunc(arith::ShRUIOp::create(builder, word, shift), 8);
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
