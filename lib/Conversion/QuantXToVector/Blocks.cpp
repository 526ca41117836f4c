//===- Blocks.cpp - choose_qparams with blocks as vectors -----------------===//
//
// The loops over blocks are those of quantx-lower-to-linalg; what goes over the
// elements of a block computes on all of them at once.
//
//===----------------------------------------------------------------------===//

#include "BlockGroups.h"
#include "ChunkLoops.h"
#include "Patterns.h"
#include "WideBlocks.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Conversion/QuantXToLinalg/BlockLoops.h"
#include "quantx/Conversion/QuantXToVector/QuantXToVector.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

/// Whether the elements of blocks are neighbours in a row, and as many as a
/// power of two from 8 on.
static bool isRowBlock(ScaledType type) {
  ArrayRef<int64_t> shape = type.getBlockShape();
  unsigned last = shape.size() - 1;
  auto isOne = [&](unsigned dim) {
    return !type.isWholeDimension(dim) && shape[dim] == 1;
  };
  return !type.isWholeDimension(last) && llvm::all_of(llvm::seq(last), isOne) &&
         shape[last] >= 8 && llvm::isPowerOf2_64(shape[last]);
}

/// Whether the rows of blocks are worth vectors: they go on for all of the row,
/// or have at least `chunk` elements.
static bool isWideBlock(ScaledType type, int64_t chunk) {
  unsigned last = type.getBlockRank() - 1;
  return type.isWholeDimension(last) || type.getBlockShape()[last] >= chunk;
}

namespace {

/// One block as a vector (of f32).
class VectorBlockElements : public LinalgBlockElements {
public:
  VectorBlockElements(OpBuilder &builder, Location loc, ScaledType type,
                      Value input, Value weights, ArrayRef<OpFoldResult> sizes,
                      ValueRange indices)
      : LinalgBlockElements(builder, loc, type, input, weights, sizes, indices),
        block(read(builder, loc, type.getBlockShape().back())) {}

  Values reduce(OpBuilder &builder, Location loc,
                ArrayRef<Reduction> reductions, TermsFn terms) override {
    Values values = terms(builder, loc, block);
    for (auto [value, reduction] : llvm::zip_equal(values, reductions)) {
      // Without `reassoc` the lanes are added one after the other.
      auto flags = reduction.kind == Reduction::AddInAnyOrder
                       ? arith::FastMathFlags::reassoc
                       : arith::FastMathFlags::none;
      Value init = arith::ConstantOp::create(builder, loc, reduction.init);
      value = vector::ReductionOp::create(
          builder, loc, getCombiningKind(reduction.kind), value, init, flags);
    }
    return values;
  }

private:
  Value read(OpBuilder &builder, Location loc, int64_t size) const;

  Value block;
};

/// The loops of a scale method over groups of blocks. Those of up to `chunk`
/// elements are vectors where they are searched.
class VectorBlockComputation : public LinalgBlockComputation {
public:
  VectorBlockComputation(OpBuilder &builder, Location loc, ScaledType type,
                         Value input, Value weights, Value global,
                         const VectorTarget &target)
      : LinalgBlockComputation(builder, loc, type, input, weights, global),
        chunk(target.chunk), fuses(target.hasFMA) {}

  Values reduceBlocks(ArrayRef<Reduction> reductions, TermsFn terms) override;
  Values searchGroups(TypeRange types, ValueRange given,
                      SearchFn search) override;
  Value refineBlocks(Value initial, ValueRange given, MapFn isNeeded,
                     SearchFn search) override;
  Values mapBlocks(TypeRange types, ValueRange given, MapFn map) override;
  Value reduceMagnitudes() override;
  bool computesOnVectors() const override {
    return getType().getBlockShape().back() <= chunk;
  }
  bool hasFMA() const override { return fuses; }

protected:
  std::unique_ptr<BlockElements>
  createElements(OpBuilder &b, Location loc,
                 ValueRange indices) const override {
    if (getType().getBlockShape().back() > chunk)
      return createWideElements(b, loc, getType(), getInput(), getWeights(),
                                getSizes(), indices, chunk);
    return std::make_unique<VectorBlockElements>(
        b, loc, getType(), getInput(), getWeights(), getSizes(), indices);
  }

private:
  GroupedBlocks getGroups() const {
    return {getBuilder(), getLoc(), getInput(),
            getType().getBlockShape().back(), getGrid()};
  }

  int64_t chunk;
  bool fuses;
};

} // namespace

// Terms are computed in a loop each: what they have in common is little next to
// the registers that their maxima take.
BlockComputation::Values
VectorBlockComputation::reduceBlocks(ArrayRef<Reduction> reductions,
                                     TermsFn terms) {
  if (!llvm::all_of(reductions, isInAnyOrder))
    return LinalgBlockComputation::reduceBlocks(reductions, terms);
  Values values;
  for (auto [i, reduction] : llvm::enumerate(reductions)) {
    auto term = [&, i = i](OpBuilder &b, Location loc, Value element) {
      ElementwiseBuilder arith(b, loc);
      return terms(b, loc, arith.extendToF32(element))[i];
    };
    auto keep = [](OpBuilder &, Location, Value part) { return part; };
    values.push_back(
        reduceGroups(getGroups(), reduction, /*termBits=*/32, term, keep));
  }
  return values;
}

BlockComputation::Values VectorBlockComputation::searchGroups(TypeRange types,
                                                              ValueRange given,
                                                              SearchFn search) {
  if (getType().getBlockShape().back() > chunk)
    return LinalgBlockComputation::searchGroups(types, given, search);
  return quantx::searchGroups(getGroups(), types, given, search);
}

Value VectorBlockComputation::refineBlocks(Value initial, ValueRange given,
                                           MapFn isNeeded, SearchFn search) {
  SmallVector<Value> values = {initial};
  llvm::append_range(values, given);
  auto testGroup = [&](OpBuilder &b, Location loc, ValueRange vectors) {
    return isNeeded(b, loc, vectors)[0];
  };
  auto searchBlock = [&](OpBuilder &b, Location loc, ValueRange indices,
                         ValueRange scalars) {
    return search(b, loc, *createElements(b, loc, indices), scalars)[0];
  };
  return refineGroups(getGroups(), values, testGroup, searchBlock);
}

BlockComputation::Values VectorBlockComputation::mapBlocks(TypeRange types,
                                                           ValueRange given,
                                                           MapFn map) {
  return mapGroups(getGroups(), types, given, map);
}

// Magnitudes of 16 bits order as those of the f32 that they extend to.
Value VectorBlockComputation::reduceMagnitudes() {
  auto type = cast<RankedTensorType>(getInput().getType());
  Type element = type.getElementType();
  if (element.getIntOrFloatBitWidth() != 16)
    return {};
  auto term = [](OpBuilder &builder, Location loc, Value halves) {
    ElementwiseBuilder b(builder, loc);
    return b.bitAnd(b.bitcast(halves, builder.getI16Type()), 0x7fff);
  };
  auto extend = [&](OpBuilder &builder, Location loc, Value bits) {
    ElementwiseBuilder b(builder, loc);
    return b.asI32(b.extendToF32(b.bitcast(bits, element)));
  };
  Reduction largest{Reduction::MaxSigned, getBuilder().getI32IntegerAttr(0)};
  return reduceGroups(getGroups(), largest, /*termBits=*/16, term, extend);
}

/// Reads the block, with zeros for what a partial one lacks.
Value VectorBlockElements::read(OpBuilder &builder, Location loc,
                                int64_t size) const {
  ImplicitLocOpBuilder b(loc, builder);
  Chunk whole{{}, size, Value()};
  for (const Bounds &bounds : getBounds())
    whole.indices.push_back(bounds.first);
  auto type = cast<RankedTensorType>(getInput().getType());
  Value zero =
      arith::ConstantOp::create(b, b.getZeroAttr(type.getElementType()));

  Value elements;
  if (type.getShape().back() % size == 0 &&
      !type.isDynamicDim(type.getRank() - 1)) {
    elements = readChunk(b, getInput(), whole);
  } else {
    Bounds last = getBounds().back();
    Chunk rest = whole;
    rest.count = arith::SubIOp::create(b, last.end, last.first);
    Value isWhole =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rest.count,
                              arith::ConstantIndexOp::create(b, size));
    auto yield = [&](const Chunk &chunk) {
      return [&](OpBuilder &nested, Location loc) {
        ImplicitLocOpBuilder b(loc, nested);
        scf::YieldOp::create(b, readChunk(b, getInput(), chunk, zero));
      };
    };
    elements =
        scf::IfOp::create(b, isWhole, yield(whole), yield(rest)).getResult(0);
  }
  return ElementwiseBuilder(b, loc).extendToF32(elements);
}

namespace {

struct ChooseQParamsBlocks : public ChunkPattern<ChooseQParamsOp> {
  ChooseQParamsBlocks(const TypeConverter &converter, MLIRContext *context,
                      const VectorTarget &target)
      : ChunkPattern(converter, context, target.chunk), target(target) {}

  LogicalResult
  matchAndRewrite(ChooseQParamsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ScaledType type = op.getScaledType();
    if (!isRowBlock(type) && !isWideBlock(type, chunk))
      return rewriter.notifyMatchFailure(op, "left to linalg");
    VectorBlockComputation groups(rewriter, op.getLoc(), type,
                                  adaptor.getInput(), adaptor.getWeights(),
                                  adaptor.getGlobal(), target);
    WideBlockComputation wide(rewriter, op.getLoc(), type, adaptor.getInput(),
                              adaptor.getWeights(), adaptor.getGlobal(), chunk);
    BlockComputation &blocks =
        isRowBlock(type) ? static_cast<BlockComputation &>(groups) : wide;
    SmallVector<Value> parameters = op.getMethod().buildParameters(blocks);
    for (auto [value, result] :
         llvm::zip_equal(parameters, op.getParameters())) {
      Type resultType = getTypeConverter()->convertType(result.getType());
      value = castShape(rewriter, op.getLoc(), value, resultType);
    }
    rewriter.replaceOp(op, parameters);
    return success();
  }

private:
  VectorTarget target;
};

} // namespace

void quantx::populateBlockPatterns(const TypeConverter &converter,
                                   RewritePatternSet &patterns,
                                   const VectorTarget &target) {
  patterns.add<ChooseQParamsBlocks>(converter, patterns.getContext(), target);
}
