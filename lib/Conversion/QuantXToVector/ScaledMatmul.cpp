//===- ScaledMatmul.cpp - scaled_matmul to vectors ------------------------===//

#include "MatmulTileOperands.h"
#include "Patterns.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Conversion/QuantXToLinalg/WeightLayouts.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Orders of elements
//===----------------------------------------------------------------------===//

/// Whether vectors of `size` elements of a row are whole blocks of `type`, or
/// within one.
static bool suitsBlocks(ScaledType type, int64_t size) {
  unsigned last = type.getBlockRank() - 1;
  if (type.isWholeDimension(last))
    return true;
  int64_t block = type.getBlockShape()[last];
  return size % block == 0 || block % size == 0;
}

/// Whether the lanes of `order`, in words, have neighbours in one block.
static bool suitsWords(ScaledType type, const ChunkOrder &order) {
  unsigned last = type.getBlockRank() - 1;
  return suitsBlocks(type, order.chunk) &&
         (type.isWholeDimension(last) ||
          type.getBlockShape()[last] % order.getPartsInGroup() == 0);
}

/// The order of weights of `rhs` in words; none where they do not suit.
static std::optional<ChunkOrder> findWordOrder(ScaledType lhs, ScaledType rhs,
                                               int64_t rowSize, int64_t chunk,
                                               const MatmulTuning &tuning) {
  constexpr int64_t wordBits = 32;
  if (rhs.getStorageBits() != 4)
    return std::nullopt;
  int64_t lanes = std::min(chunk, tuning.lanes);
  int64_t group = lanes * wordBits / rhs.getStorageBits();
  if (lhs && !suitsBlocks(lhs, group))
    return std::nullopt;
  for (int64_t groups = tuning.groups; groups >= 1; groups /= 2) {
    ChunkOrder order{groups * group, group, lanes, /*inWords=*/true};
    bool isTooLong = !ShapedType::isDynamic(rowSize) && order.chunk > rowSize;
    if (suitsWords(rhs, order) && (groups == 1 || !isTooLong))
      return order;
  }
  return std::nullopt;
}

/// The order of memory, in chunks that suit the blocks of both operands.
static std::optional<ChunkOrder> findMemoryOrder(ScaledType lhs, ScaledType rhs,
                                                 int64_t rowSize, int64_t chunk,
                                                 const MatmulTuning &tuning) {
  std::optional<int64_t> size = findChunkSize(rhs, rowSize, chunk);
  if (lhs && size) {
    size = findChunkSize(lhs, rowSize, *size);
    if (size && findChunkSize(rhs, rowSize, *size) != size)
      return std::nullopt;
  }
  if (!size)
    return std::nullopt;
  return ChunkOrder{*size, *size, std::min(*size, tuning.lanes),
                    /*inWords=*/false};
}

//===----------------------------------------------------------------------===//
// Numbers of rows
//===----------------------------------------------------------------------===//

namespace {

/// The forms of a matmul by its number of rows.
struct MatmulForms {
  const Matmul &matmul;
  /// The most rows that are few.
  int64_t few;
  /// All results, for at most `rows`, if few; and for any number.
  llvm::function_ref<Value(ImplicitLocOpBuilder &b, int64_t rows)> buildFew;
  llvm::function_ref<Value(ImplicitLocOpBuilder &b)> buildMany;
};

} // namespace

/// Whether tile registers may multiply, as i1: the process gets them, there are
/// enough rows, and activations suit.
static Value buildSuitsTiles(ImplicitLocOpBuilder &b,
                             const TileOperands &operands) {
  const Matmul &matmul = operands.getMatmul();
  Value suits = func::CallOp::create(b, kRequestTiles, TypeRange{b.getI1Type()})
                    .getResult(0);
  if (auto rows = dyn_cast<Value>(matmul.getRows())) {
    Value least =
        arith::ConstantIndexOp::create(b, matmul.tuning.tileProductRows);
    Value areEnough =
        arith::CmpIOp::create(b, arith::CmpIPredicate::uge, rows, least);
    suits = arith::AndIOp::create(b, suits, areEnough);
  }
  if (!operands.needsFinite())
    return suits;
  auto check = [&](OpBuilder &builder, Location loc) {
    ImplicitLocOpBuilder n(loc, builder);
    scf::YieldOp::create(n, buildAreFinite(n, matmul));
  };
  auto refuse = [&](OpBuilder &builder, Location loc) {
    scf::YieldOp::create(builder, loc, suits);
  };
  return scf::IfOp::create(b, suits, check, refuse).getResult(0);
}

/// A form for more than a few rows of activations.
using ManyRowsForm = Value (*)(ImplicitLocOpBuilder &b, const Matmul &matmul,
                               Value init);

/// The form in tiles whose sums by 16 rows of weights stay in registers: of dot
/// products of bytes or pairs, or of f32; null where none suits.
static ManyRowsForm findSumTiles(const Matmul &matmul) {
  if (matmul.tuning.hasByteDots && suitsManyIntegers(matmul))
    return buildManyIntegers;
  if (matmul.tuning.hasPairDots && suitsManyPairs(matmul))
    return buildManyPairs;
  return suitsFloatTiles(matmul) ? buildFloatTiles : nullptr;
}

/// All results, for more than a few rows, by vectors of some kind.
static Value buildVectorRows(ImplicitLocOpBuilder &b, const Matmul &matmul,
                             Value init) {
  ManyRowsForm build = findSumTiles(matmul);
  return build ? build(b, matmul, init) : buildManyRows(b, matmul, init);
}

/// The same, by tile registers if there are enough rows and the process gets
/// these.
static Value buildMostRows(ImplicitLocOpBuilder &b, const Matmul &matmul,
                           Value init) {
  std::unique_ptr<TileOperands> operands;
  if (matmul.mayBeTileProducts())
    operands = TileOperands::find(b, matmul);
  if (!operands)
    return buildVectorRows(b, matmul, init);
  auto buildTiles = [&](OpBuilder &builder, Location loc) {
    ImplicitLocOpBuilder n(loc, builder);
    scf::YieldOp::create(n, buildTileProducts(n, *operands, init));
  };
  auto buildOther = [&](OpBuilder &builder, Location loc) {
    ImplicitLocOpBuilder n(loc, builder);
    scf::YieldOp::create(n, buildVectorRows(n, matmul, init));
  };
  return scf::IfOp::create(b, buildSuitsTiles(b, *operands), buildTiles,
                           buildOther)
      .getResult(0);
}

/// All results. Where the number of rows shows at run time, one of several
/// forms is taken then: tiles of a few rows take so many or less.
static Value buildByRows(ImplicitLocOpBuilder &b, const MatmulForms &forms,
                         Value init) {
  int64_t few = forms.few;
  OpFoldResult size = forms.matmul.getRows();
  if (std::optional<int64_t> rows = getConstantIntValue(size)) {
    if (*rows == 0)
      return init;
    return *rows <= few ? forms.buildFew(b, *rows) : forms.buildMany(b);
  }
  // A tile of a dynamic number of rows takes as long for a few as for all.
  constexpr int64_t leastFew = 4;
  few = std::max(few, leastFew);
  Value rows = cast<Value>(size);
  std::function<Value(ImplicitLocOpBuilder &, int64_t)> choose =
      [&](ImplicitLocOpBuilder &b, int64_t most) -> Value {
    if (most > few)
      return forms.buildMany(b);
    Value suits =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ule, rows,
                              arith::ConstantIndexOp::create(b, most));
    auto take = [&](OpBuilder &builder, Location loc) {
      ImplicitLocOpBuilder n(loc, builder);
      scf::YieldOp::create(n, forms.buildFew(n, most));
    };
    auto tryNext = [&](OpBuilder &builder, Location loc) {
      ImplicitLocOpBuilder n(loc, builder);
      scf::YieldOp::create(n, choose(n, most == 1 ? 4 : 2 * most));
    };
    return scf::IfOp::create(b, suits, take, tryNext).getResult(0);
  };
  return choose(b, 1);
}

/// The most rows that are few by linear weights, which tiles put side by side
/// first.
static int64_t countFewRows(const Matmul &matmul) {
  const MatmulTuning &tuning = matmul.tuning;
  ManyRowsForm tiles = findSumTiles(matmul);
  if (!tiles)
    return tuning.fewRows;
  if (tiles == buildManyPairs)
    return tuning.fewPairRows;
  if (tiles == buildManyIntegers && matmul.rhs.type.getStorageBits() == 8)
    return tuning.fewByteRows;
  return std::min(tuning.fewRows, tuning.sumRows);
}

/// All results, by linear weights.
static Value buildLinear(ImplicitLocOpBuilder &b, const Matmul &matmul,
                         Value init) {
  auto buildFew = [&](ImplicitLocOpBuilder &b, int64_t rows) {
    if (matmul.tuning.hasByteDots && suitsFewIntegers(matmul))
      return buildFewIntegers(b, matmul, rows, init);
    return matmul.tuning.hasPairDots && suitsFewPairs(matmul, rows)
               ? buildFewPairs(b, matmul, rows, init)
               : buildFewRows(b, matmul, rows, init);
  };
  auto buildMany = [&](ImplicitLocOpBuilder &b) {
    return buildMostRows(b, matmul, init);
  };
  return buildByRows(b, {matmul, countFewRows(matmul), buildFew, buildMany},
                     init);
}

/// What `build` gives; but `init` where K is 0 at run time: a row of no
/// products has scales all the same, which may be NaN.
static Value
buildUnlessEmpty(ImplicitLocOpBuilder &b, Value sumSize, Value init,
                 function_ref<Value(ImplicitLocOpBuilder &b)> build) {
  if (getConstantIntValue(sumSize))
    return build(b);
  Value hasProducts =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ne, sumSize,
                            arith::ConstantIndexOp::create(b, 0));
  auto add = [&](OpBuilder &builder, Location loc) {
    ImplicitLocOpBuilder n(loc, builder);
    scf::YieldOp::create(n, build(n));
  };
  auto keep = [&](OpBuilder &builder, Location loc) {
    scf::YieldOp::create(builder, loc, init);
  };
  return scf::IfOp::create(b, hasProducts, add, keep).getResult(0);
}

//===----------------------------------------------------------------------===//
// The patterns
//===----------------------------------------------------------------------===//

namespace {

struct ScaledMatmulChunks : public ChunkPattern<ScaledMatmulOp> {
  ScaledMatmulChunks(const TypeConverter &converter, MLIRContext *context,
                     const VectorTarget &target)
      : ChunkPattern(converter, context, target.chunk) {
    tuning.hasHalfFloats = target.hasFMA;
    tuning.hasByteDots = target.hasByteDots;
    tuning.hasPairDots = target.hasPairDots;
    if (target.tileProductRows > 0)
      tuning.tileProductRows = target.tileProductRows;
    tuning.rowStreams = target.rowStreams;
    tuning.sumRows = target.sumRows;
  }

  LogicalResult
  matchAndRewrite(ScaledMatmulOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ScaledType linear = op.getScaledType().withLayout(WeightLayout::Linear);
    std::optional<ChunkOrder> order = findOrder(op, linear);
    bool isLinear = op.getScaledType() == linear;
    if (!order || (!isLinear && !suitsRows16(op)) ||
        isPackedHere(op.getLhs()) || isPackedHere(op.getRhs()))
      return rewriter.notifyMatchFailure(op, "left to linalg");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value init = adaptor.getInit().front();
    Matmul matmul{{op.getLhsScaledType(), llvm::to_vector(adaptor.getLhs())},
                  {linear, llvm::to_vector(adaptor.getRhs())},
                  tensor::getMixedSizes(b, b.getLoc(), init),
                  ChunkedSum(b, *order, getSumSize(b, op)),
                  tuning};
    auto build = [&](ImplicitLocOpBuilder &b) {
      return isLinear ? buildLinear(b, matmul, init)
                      : buildSideBySide(b, op, matmul, init);
    };
    rewriter.replaceOp(op, buildUnlessEmpty(b, matmul.sum.size, init, build));
    return success();
  }

private:
  std::optional<ChunkOrder> findOrder(ScaledMatmulOp op, ScaledType rhs) const {
    ScaledType lhs = op.getLhsScaledType();
    int64_t rowSize = op.getRhs().getType().getShape().back();
    std::optional<ChunkOrder> order =
        findWordOrder(lhs, rhs, rowSize, chunk, tuning);
    return order ? order : findMemoryOrder(lhs, rhs, rowSize, chunk, tuning);
  }

  /// The elements of activations that are packed at once where weights have
  /// rows side by side.
  int64_t getGroupSize() const { return std::min(chunk, int64_t(64)); }

  /// Whether there is a form for weights with rows side by side.
  bool suitsRows16(ScaledMatmulOp op) const {
    constexpr int64_t leastGroup = 16;
    ScaledType lhs = op.getLhsScaledType();
    return getGroupSize() >= leastGroup &&
           (!lhs || suitsBlocks(lhs, getGroupSize()));
  }

  /// All results, by weights with rows side by side. `matmul` is of linear
  /// weights but for their parts.
  Value buildSideBySide(ImplicitLocOpBuilder &b, ScaledMatmulOp op,
                        const Matmul &matmul, Value init) const {
    RankedTensorType type = op.getRhs().getType();
    int64_t group = getGroupSize();
    ChunkOrder order{group, group, matmul.tuning.lanes, /*inWords=*/false};
    Matmul rows16{matmul.lhs,
                  {op.getScaledType(), matmul.rhs.parts},
                  matmul.sizes,
                  ChunkedSum(b, order, matmul.sum.size),
                  matmul.tuning};
    rows16.sizes.back() = b.getIndexAttr(type.getShape().drop_back().back());
    auto buildFew = [&](ImplicitLocOpBuilder &b, int64_t rows) {
      bool hasByteDots = matmul.tuning.hasByteDots;
      if (hasByteDots && suitsIntegers16(matmul.lhs.type, rows16.rhs.type))
        return buildIntegers16(b, rows16, rows, init);
      if (matmul.tuning.hasPairDots && suitsPairs16(rows16, rows))
        return buildPairs16(b, rows16, rows, init);
      return hasByteDots && suitsTerms16(rows16, rows)
                 ? buildTerms16(b, rows16, rows, init)
                 : buildFewRows16(b, rows16, rows, init);
    };
    // The time of many products hides that of putting rows back.
    auto buildMany = [&](ImplicitLocOpBuilder &b) {
      ManyRowsForm build = findSumTiles(rows16);
      if (build && !rows16.mayBeTileProducts())
        return build(b, rows16, init);
      Matmul linear = matmul;
      linear.rhs.parts = lowerRelayout(b, b.getLoc(), type,
                                       WeightLayout::Linear, matmul.rhs.parts);
      return buildMostRows(b, linear, init);
    };
    int64_t few = rows16.tuning.fewRows;
    if (findSumTiles(rows16))
      few = std::min(few, rows16.tuning.sumRows);
    return buildByRows(b, {rows16, few, buildFew, buildMany}, init);
  }

  /// Whether the bytes of `operand` are made here, from codes that CodeFinder
  /// finds.
  static bool isPackedHere(Value operand) {
    auto assemble = operand.getDefiningOp<AssembleOp>();
    return assemble && assemble.getPayload().getDefiningOp<PackOp>();
  }

  /// K. Where it is dynamic in two scaled operands, each may count codes in the
  /// last byte of a row that are none.
  static Value getSumSize(ImplicitLocOpBuilder &b, ScaledMatmulOp op) {
    auto getSize = [&](Value operand) {
      int64_t last = cast<RankedTensorType>(operand.getType()).getRank() - 1;
      return tensor::getMixedSize(b, b.getLoc(), operand, last);
    };
    OpFoldResult lhs = getSize(op.getLhs()), rhs = getSize(op.getRhs());
    bool isKnown = getConstantIntValue(lhs) || !op.getLhsScaledType();
    if (isKnown || getConstantIntValue(rhs)) {
      return getValueOrCreateConstantIndexOp(
          b, b.getLoc(), getConstantIntValue(rhs) ? rhs : lhs);
    }
    return arith::MinUIOp::create(b, cast<Value>(lhs), cast<Value>(rhs));
  }

  MatmulTuning tuning;
};

} // namespace

void quantx::populateScaledMatmulChunkPatterns(const TypeConverter &converter,
                                               RewritePatternSet &patterns,
                                               const VectorTarget &target) {
  patterns.add<ScaledMatmulChunks>(converter, patterns.getContext(), target);
}
