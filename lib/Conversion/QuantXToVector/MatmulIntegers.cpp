//===- MatmulIntegers.cpp - Codes that are multiplied as integers ---------===//

#include "MatmulIntegers.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

static bool isE2M1(ScaledType type) {
  return isa<Float4E2M1FNType>(type.getStorageType());
}

/// Whether the blocks of `type` are of one row.
static bool hasBlocksInRows(ScaledType type) {
  return llvm::all_of(type.getBlockShape().drop_back(),
                      [](int64_t size) { return size == 1; });
}

bool quantx::haveIntegers(ScaledType weights) {
  unsigned bits = weights.getStorageBits();
  return (bits == 8 || bits == 4) &&
         (!weights.getFloatFormat() || isE2M1(weights)) &&
         scalesSums(weights) && hasBlocksInRows(weights);
}

bool quantx::suitIntegers(ScaledType lhs, ScaledType rhs) {
  return lhs && lhs.getStorageType().isSignlessInteger(8) &&
         !lhs.hasZeroPoint() && !lhs.hasGlobal() && scalesSums(lhs) &&
         hasBlocksInRows(lhs) && haveIntegers(rhs);
}

IntegerCodes::IntegerCodes(ScaledType type)
    : type(type), offset(0), unit(getCodeUnit(type)) {
  if (isE2M1(type)) {
    offset = 12;
    unit /= 2;
  } else if (type.getIntegerFormat().isSigned) {
    offset = int64_t(1) << (type.getStorageBits() - 1);
  }
}

SmallVector<Value> IntegerCodes::getUnsigned(ImplicitLocOpBuilder &b,
                                             Value bytes) const {
  constexpr int64_t bytesInWord = 4;
  ElementwiseBuilder arith(b, b.getLoc());
  // Where codes are signed, their sign bits add the offset.
  bool flips = offset != 0 && !isE2M1(type);
  auto flip = [&](Value codes, int64_t bits) {
    return flips ? arith.bitXor(codes, arith.integer(8, bits, codes)) : codes;
  };
  if (type.getStorageBits() == 8)
    return {flip(bytes, 0x80)};
  bytes = flip(bytes, 0x88);
  auto vectorType = cast<VectorType>(bytes.getType());
  auto words = VectorType::get(vectorType.getNumElements() / bytesInWord,
                               b.getI32Type());
  Value word = vector::BitCastOp::create(b, words, bytes);
  Value high = vector::BitCastOp::create(b, vectorType, arith.lshr(word, 4));
  SmallVector<Value> integers = {arith.bitAnd(bytes, 0xf),
                                 arith.bitAnd(high, 0xf)};
  if (!isE2M1(type))
    return integers;
  for (Value &codes : integers) {
    Value value = emitCodeValue(arith, type, codes, /*zeroPoint=*/{});
    value = arith.add(arith.mul(value, 2.0), arith.f32(double(offset), value));
    codes = arith::FPToUIOp::create(b, vectorType, value);
  }
  return integers;
}

SmallVector<Value> IntegerCodes::getSigned(ImplicitLocOpBuilder &b, Value bytes,
                                           Value zeroPoint) const {
  ElementwiseBuilder arith(b, b.getLoc());
  if (type.getStorageBits() == 8 && !zeroPoint)
    return {bytes};
  SmallVector<Value> integers = getUnsigned(b, bytes);
  for (Value &integer : integers) {
    if (offset != 0)
      integer = arith.sub(integer, arith.integer(8, offset, integer));
    if (zeroPoint)
      integer = arith::SubIOp::create(b, integer, zeroPoint);
  }
  return integers;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// `sums` plus, in each row, the products of `lhs` and `rhs`.
static Value contractRows(ImplicitLocOpBuilder &b, Value lhs, Value rhs,
                          Value sums) {
  AffineMap element = b.getMultiDimIdentityMap(2);
  auto getIterator = [&](vector::IteratorType type) -> Attribute {
    return vector::IteratorTypeAttr::get(b.getContext(), type);
  };
  return vector::ContractionOp::create(
      b, lhs, rhs, sums,
      b.getAffineMapArrayAttr({element, element, element.getSubMap(0)}),
      b.getArrayAttr({getIterator(vector::IteratorType::parallel),
                      getIterator(vector::IteratorType::reduction)}));
}

Value quantx::addDot(ImplicitLocOpBuilder &b, Value lhs, Value rhs,
                     Value sums) {
  constexpr int64_t dotCodes = 4;
  int64_t lanes = cast<VectorType>(sums.getType()).getNumElements();
  auto bytes = VectorType::get({lanes, dotCodes}, b.getI8Type());
  auto words = VectorType::get({lanes, dotCodes}, b.getI32Type());
  lhs = arith::ExtUIOp::create(b, words,
                               vector::ShapeCastOp::create(b, bytes, lhs));
  rhs = arith::ExtSIOp::create(b, words,
                               vector::ShapeCastOp::create(b, bytes, rhs));
  return contractRows(b, lhs, rhs, sums);
}

Value quantx::addPairs(ImplicitLocOpBuilder &b, Value lhs, Value rhs,
                       Value sums) {
  int64_t lanes = cast<VectorType>(sums.getType()).getNumElements();
  auto extend = [&](Value words) -> Value {
    Value flat = vector::BitCastOp::create(
        b, VectorType::get(2 * lanes, b.getBF16Type()), words);
    Value pairs = vector::ShapeCastOp::create(
        b, VectorType::get({lanes, 2}, b.getBF16Type()), flat);
    return arith::ExtFOp::create(b, VectorType::get({lanes, 2}, b.getF32Type()),
                                 pairs);
  };
  return contractRows(b, extend(lhs), extend(rhs), sums);
}

BlockFactors quantx::readPresentFactors(ImplicitLocOpBuilder &b,
                                        ScaledType type, ValueRange parameters,
                                        const Chunk &chunk) {
  ElementwiseBuilder arith(b, b.getLoc());
  BlockFactors factors =
      readBlockFactors(b, type, parameters, chunk, emitDequantizeFactors);
  if (!chunk.count || !isa<VectorType>(factors.scale.getType()))
    return factors;
  Value blocks = chunk.getBlocks(b, getRowBlock(type)).count;
  auto lanes = cast<VectorType>(factors.scale.getType()).clone(b.getI1Type());
  Value exists = vector::CreateMaskOp::create(b, lanes, blocks);
  return factors.map([&](Value factor) -> Value {
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(factor.getType()));
    return arith.select(exists, factor, zero);
  });
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

SmallVector<Value> quantx::packGroups(
    ImplicitLocOpBuilder &b, const Matmul &matmul, int64_t group,
    PackedRows rows, ArrayRef<VectorType> types,
    function_ref<SmallVector<Value>(ImplicitLocOpBuilder &b, const Chunk &group,
                                    Value elements)>
        compute) {
  size_t rank = matmul.sizes.size();
  Value sum = matmul.sum.size;
  SmallVector<OpFoldResult> upper(matmul.sizes);
  upper.back() = countTiles(b, getAsOpFoldResult(sum), group);
  SmallVector<OpFoldResult> shape(ArrayRef(matmul.sizes).drop_back(2));
  if (rows.areTiles)
    shape.push_back(countTiles(b, matmul.getRows(), rows.count));
  shape.append({upper.back(), b.getIndexAttr(rows.count), OpFoldResult()});
  SmallVector<Value> tensors;
  for (VectorType type : types) {
    shape.back() = b.getIndexAttr(type.getNumElements());
    tensors.push_back(tensor::EmptyOp::create(b, shape, type.getElementType()));
  }
  SmallVector<OpFoldResult> lower(rank, b.getIndexAttr(0));
  SmallVector<OpFoldResult> steps(rank, b.getIndexAttr(1));
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForallOp::create(b, lower, upper, steps, tensors,
                                    /*mapping=*/std::nullopt);
  b.setInsertionPoint(loop.getTerminator());
  SmallVector<Value> indices(loop.getInductionVars());
  Chunk chunk{indices, group, Value()};
  chunk.indices.back() =
      b.createOrFold<arith::MulIOp>(indices.back(), createIndex(b, group));
  OpFoldResult count =
      limitSize(b, group, getAsOpFoldResult(sum), chunk.indices.back());
  chunk.count = dyn_cast<Value>(count);
  Value lhs = matmul.lhs.parts.front();
  Value none = arith::ConstantOp::create(
      b, b.getZeroAttr(getElementTypeOrSelf(lhs.getType())));
  SmallVector<Value> vectors =
      compute(b, chunk, readChunk(b, lhs, chunk, none));

  SmallVector<OpFoldResult> offsets =
      getAsOpFoldResult(ValueRange(indices).drop_back(2));
  Value row = indices[rank - 2];
  if (rows.areTiles) {
    Value count = createIndex(b, rows.count);
    offsets.push_back(b.createOrFold<arith::DivUIOp>(row, count));
    row = b.createOrFold<arith::RemUIOp>(row, count);
  }
  offsets.append({indices.back(), row, b.getIndexAttr(0)});
  SmallVector<OpFoldResult> ones(offsets.size(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> start(offsets.size(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> sizes(ones);
  for (auto [vector, all] :
       llvm::zip_equal(vectors, loop.getRegionIterArgs())) {
    b.setInsertionPoint(loop.getTerminator());
    sizes.back() =
        b.getIndexAttr(cast<VectorType>(vector.getType()).getNumElements());
    Value slice = tensor::ExtractSliceOp::create(b, all, offsets, sizes, ones);
    slice = insertVector(b, vector, slice, start);
    b.setInsertionPointToEnd(loop.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(b, slice, all, offsets, sizes, ones);
  }
  return llvm::to_vector_of<Value>(loop.getResults());
}

Value quantx::packGroups(ImplicitLocOpBuilder &b, const Matmul &matmul,
                         int64_t group, PackedRows rows, VectorType type,
                         function_ref<Value(ImplicitLocOpBuilder &b,
                                            const Chunk &group, Value elements)>
                             compute) {
  auto computeOne = [&](ImplicitLocOpBuilder &b, const Chunk &chunk,
                        Value elements) -> SmallVector<Value> {
    return {compute(b, chunk, elements)};
  };
  return packGroups(b, matmul, group, rows, ArrayRef(type), computeOne).front();
}
