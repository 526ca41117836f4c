//===- BlockGroups.cpp - Several blocks at once, one in a lane ------------===//
//
// A block has about as many elements as a vector, so that reducing its lanes
// one block at a time costs more than the elements do. Here as many blocks as
// there are lanes are reduced together by a tree that transposes: each step
// halves the vectors, and lane i of the last one has block i. What follows from
// the reduced values is computed for all these blocks at once.
//
//===----------------------------------------------------------------------===//

#include "BlockGroups.h"
#include "ChunkLoops.h"
#include "LaneReductions.h"
#include "LaneShuffles.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/Utils/VectorUtils.h"
#include "quantx/Emit/ElementwiseBuilder.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

/// The blocks of a group: as many as 512 bits have lanes of 32.
static constexpr int64_t kGroup = 16;

/// And those of what is left in rows of dynamic size.
static constexpr int64_t kRestGroup = 8;

vector::CombiningKind quantx::getCombiningKind(Reduction::Kind kind) {
  switch (kind) {
  case Reduction::Add:
  case Reduction::AddInAnyOrder:
    return vector::CombiningKind::ADD;
  case Reduction::MaxSigned:
    return vector::CombiningKind::MAXSI;
  case Reduction::Minimum:
    return vector::CombiningKind::MINIMUMF;
  case Reduction::Maximum:
    return vector::CombiningKind::MAXIMUMF;
  }
  llvm_unreachable("unknown reduction");
}

bool quantx::isInAnyOrder(const Reduction &reduction) {
  return reduction.kind != Reduction::Add;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// The loops over groups.
static ChunkedRows getGroups(const GroupedBlocks &blocks) {
  std::optional<int64_t> size = getConstantIntValue(blocks.grid.back());
  int64_t group = getChunkSize(size.value_or(ShapedType::kDynamic),
                               std::min(blocks.block, kGroup));
  return {llvm::to_vector(blocks.grid), group};
}

/// The end of the rows of `blocks`, if a block may be partial.
static Value getPartialEnd(const GroupedBlocks &blocks) {
  auto type = cast<RankedTensorType>(blocks.input.getType());
  int64_t rowSize = type.getShape().back();
  if (!ShapedType::isDynamic(rowSize) && rowSize % blocks.block == 0)
    return {};
  return tensor::DimOp::create(blocks.builder, blocks.loc, blocks.input,
                               type.getRank() - 1);
}

/// The loops over groups that read elements of rows with the end `end`, null
/// where all blocks are whole. In rows of dynamic size only chunks with a count
/// have a partial one.
static ChunkedRows getReadGroups(const GroupedBlocks &blocks, Value end) {
  ChunkedRows groups = getGroups(blocks);
  if (!end || getConstantIntValue(blocks.grid.back()))
    return groups;
  ImplicitLocOpBuilder b(blocks.loc, blocks.builder);
  groups.whole = arith::DivUIOp::create(
      b, end, arith::ConstantIndexOp::create(b, blocks.block));
  if (isPlanted(Mutant::PartialBlockReadWhole))
    groups.whole = cast<Value>(blocks.grid.back());
  return groups;
}

/// Where the elements of the block of `chunk`, blocks, are that is number `i`;
/// the last one again where there are fewer.
static Chunk locateBlock(ImplicitLocOpBuilder &b, const Chunk &chunk, int64_t i,
                         int64_t block) {
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, value);
  };
  Value number = index(i);
  if (chunk.count) {
    Value last = b.createOrFold<arith::SubIOp>(chunk.count, index(1));
    number = b.createOrFold<arith::MinUIOp>(number, last);
  }
  number = b.createOrFold<arith::AddIOp>(chunk.indices.back(), number);
  Chunk elements{chunk.indices, block, Value()};
  elements.indices.back() = b.createOrFold<arith::MulIOp>(number, index(block));
  return elements;
}

/// The `lanes` elements of `input` that are `offset` after the first
/// of `elements`; zeros for those past the end of the row, `end`, if that is
/// given.
static Value readElements(ImplicitLocOpBuilder &b, Value input, Chunk elements,
                          Value offset, int64_t lanes, Value end) {
  Value &index = elements.indices.back();
  index = b.createOrFold<arith::AddIOp>(index, offset);
  elements.size = lanes;
  Value padding;
  if (end) {
    Value most = arith::ConstantIndexOp::create(b, lanes);
    Value clamped = arith::MinUIOp::create(b, index, end);
    Value rest = arith::SubIOp::create(b, end, clamped);
    elements.count = arith::MinUIOp::create(b, rest, most);
    Type element = cast<RankedTensorType>(input.getType()).getElementType();
    padding = arith::ConstantOp::create(b, b.getZeroAttr(element));
  }
  return readChunk(b, input, elements, padding);
}

using ReadPartFn =
    llvm::function_ref<Value(ImplicitLocOpBuilder &b, int64_t i, Value offset)>;

/// How many elements at most blocks of `block` have in rows of `rowSize`, a
/// multiple of `lanes`, both powers of two. Rows of dynamic size have `end`
/// elements; null where the blocks are whole.
static OpFoldResult getLongest(ImplicitLocOpBuilder &b, int64_t block,
                               int64_t rowSize, int64_t lanes, Value end) {
  // A comparison costs nothing next to a loop from here on.
  constexpr int64_t shortest = 1024;
  if (!ShapedType::isDynamic(rowSize))
    return b.getIndexAttr(std::min(
        block, int64_t(llvm::alignTo(std::max(rowSize, lanes), lanes))));
  if (block < shortest || !end)
    return b.getIndexAttr(block);
  return b.createOrFold<arith::MinUIOp>(
      end, arith::ConstantIndexOp::create(b, block));
}

/// For each of `count` blocks of up to `size` elements, its parts of `lanes`
/// combined: `readPart` gives one at an offset. Short blocks are unrolled.
static SmallVector<Value> combineParts(ImplicitLocOpBuilder &b,
                                       vector::CombiningKind kind,
                                       int64_t count, OpFoldResult size,
                                       int64_t lanes, ReadPartFn readPart) {
  auto combine = [&](ImplicitLocOpBuilder &b, ValueRange vectors,
                     Value offset) {
    SmallVector<Value> next;
    for (auto [i, vector] : llvm::enumerate(vectors)) {
      next.push_back(vector::makeArithReduction(b, b.getLoc(), kind, vector,
                                                readPart(b, i, offset)));
    }
    return next;
  };
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, value);
  };
  SmallVector<Value> vectors;
  for (int64_t i = 0; i < count; ++i)
    vectors.push_back(readPart(b, i, index(0)));
  constexpr int64_t longestUnrolled = 64;
  std::optional<int64_t> staticSize = getConstantIntValue(size);
  if (staticSize && *staticSize <= longestUnrolled) {
    for (int64_t offset = lanes; offset < *staticSize; offset += lanes)
      vectors = combine(b, vectors, index(offset));
    return vectors;
  }
  auto loop = scf::ForOp::create(
      b, index(lanes), getValueOrCreateConstantIndexOp(b, b.getLoc(), size),
      index(lanes), vectors,
      [&](OpBuilder &builder, Location loc, Value offset, ValueRange carried) {
        ImplicitLocOpBuilder n(loc, builder);
        scf::YieldOp::create(n, combine(n, carried, offset));
      });
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// The lanes of `vector` combined, as the only one of a vector.
static Value reduceLanes(ImplicitLocOpBuilder &b, vector::CombiningKind kind,
                         Value vector) {
  Value all = vector::ReductionOp::create(b, kind, vector,
                                          arith::FastMathFlags::reassoc);
  return vector::BroadcastOp::create(b, VectorType::get(1, all.getType()), all);
}

/// What a vector that is read of a group has.
enum class GroupVector {
  /// Elements of the only block.
  OnlyBlock,
  /// As many elements of one block as there are blocks.
  Elements,
  /// The same, but pairs of 16 bits.
  Pairs,
  /// Two whole blocks of 16 bits, which lie next to each other.
  TwoBlocks
};

/// For the group of blocks `chunk`, of rows with the end `end` if a block may
/// be partial.
static GroupVector getGroupVector(int64_t block, const Chunk &chunk,
                                  unsigned termBits, Value end) {
  if (chunk.size == 1)
    return GroupVector::OnlyBlock;
  if (termBits == 16 && block >= 2 * chunk.size)
    return GroupVector::Pairs;
  bool areWhole = !chunk.count && !end;
  return termBits == 16 && block == chunk.size && areWhole
             ? GroupVector::TwoBlocks
             : GroupVector::Elements;
}

/// The vectors `parts` of a group combined, a block in each lane.
static Value combineGroup(ImplicitLocOpBuilder &b, GroupVector what,
                          vector::CombiningKind kind, SmallVector<Value> parts,
                          VectorFn widen) {
  Location loc = b.getLoc();
  auto combine = [&](ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
    return vector::makeArithReduction(b, loc, kind, lhs, rhs);
  };
  switch (what) {
  case GroupVector::OnlyBlock:
    return widen(b, loc, reduceLanes(b, kind, parts.front()));
  case GroupVector::Elements:
    for (Value &part : parts)
      part = widen(b, loc, part);
    return combineLanes(b, combine, parts);
  case GroupVector::Pairs:
    return widen(b, loc, combineHalfLanes(b, combine, parts));
  case GroupVector::TwoBlocks:
    return widen(b, loc, combineHalfLanesOfHalves(b, combine, parts));
  }
  llvm_unreachable("unknown vectors");
}

Value quantx::reduceGroups(const GroupedBlocks &blocks,
                           const Reduction &reduction, unsigned termBits,
                           VectorFn term, VectorFn widen) {
  Location loc = blocks.loc;
  auto inputType = cast<RankedTensorType>(blocks.input.getType());
  int64_t rowSize = inputType.getShape().back();
  Value rowEnd = getPartialEnd(blocks);
  ChunkedRows groups = getReadGroups(blocks, rowEnd);
  if (groups.chunk > kRestGroup)
    groups.restChunks.push_back(kRestGroup);
  groups.restChunks.push_back(1);
  vector::CombiningKind kind = getCombiningKind(reduction.kind);
  auto reduce = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) -> Value {
    Value end = groups.whole && !chunk.count ? Value() : rowEnd;
    GroupVector what = getGroupVector(blocks.block, chunk, termBits, end);
    int64_t lanes = chunk.size, step = 1;
    if (what == GroupVector::OnlyBlock)
      lanes = std::min(blocks.block, kGroup * 32 / termBits);
    else if (what != GroupVector::Elements)
      lanes *= 2;
    if (what == GroupVector::TwoBlocks)
      step = 2;
    SmallVector<Chunk> elements;
    for (int64_t i = 0; i < chunk.size; i += step)
      elements.push_back(locateBlock(b, chunk, i, blocks.block));
    auto readPart = [&](ImplicitLocOpBuilder &b, int64_t i, Value offset) {
      return term(
          b, loc,
          readElements(b, blocks.input, elements[i], offset, lanes, end));
    };
    OpFoldResult longest = getLongest(b, blocks.block, rowSize, lanes, end);
    SmallVector<Value> parts =
        combineParts(b, kind, elements.size(), longest, lanes, readPart);
    Value all = combineGroup(b, what, kind, parts, widen);
    Value init = arith::ConstantOp::create(
        b, DenseElementsAttr::get(cast<VectorType>(all.getType()),
                                  Attribute(reduction.init)));
    return vector::makeArithReduction(b, loc, kind, init, all);
  };
  return buildElementChunks(blocks.builder, loc, groups,
                            reduction.init.getType(), reduce);
}

static bool isOfWholeTensor(Value value) {
  return cast<RankedTensorType>(value.getType()).getRank() == 0;
}

/// `values`, but scalars for those of the whole tensor: read in a loop, LLVM
/// could not tell that nothing writes them there.
static SmallVector<Value> extractScalars(const GroupedBlocks &blocks,
                                         ValueRange values) {
  return llvm::map_to_vector(values, [&](Value tensor) -> Value {
    if (!isOfWholeTensor(tensor))
      return tensor;
    return tensor::ExtractOp::create(blocks.builder, blocks.loc, tensor,
                                     ValueRange());
  });
}

/// The values of the blocks of `chunk`, one in each lane.
static SmallVector<Value> readValues(ImplicitLocOpBuilder &b, ValueRange values,
                                     const Chunk &chunk) {
  return llvm::map_to_vector(values, [&](Value value) -> Value {
    if (isa<RankedTensorType>(value.getType()))
      return readChunk(b, value, chunk);
    return vector::BroadcastOp::create(
        b, VectorType::get(chunk.size, value.getType()), value);
  });
}

SmallVector<Value> quantx::mapGroups(const GroupedBlocks &blocks,
                                     TypeRange types, ValueRange given,
                                     BlockComputation::MapFn map) {
  SmallVector<Value> values = extractScalars(blocks, given);
  auto compute = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) {
    return map(b, blocks.loc, readValues(b, values, chunk));
  };
  return buildElementChunks(blocks.builder, blocks.loc, getGroups(blocks),
                            types, compute);
}

//===----------------------------------------------------------------------===//
// Blocks as lanes
//===----------------------------------------------------------------------===//

namespace {

/// The elements of blocks, first to last: vectors with one of each block.
class GroupElements : public BlockElements {
public:
  explicit GroupElements(SmallVector<Value> elements)
      : elements(std::move(elements)) {}

  Values reduce(OpBuilder &builder, Location loc,
                ArrayRef<Reduction> reductions, TermsFn terms) override;
  Value getSize(OpBuilder &, Location) override {
    llvm_unreachable("not known of groups");
  }
  Value getElement(OpBuilder &, Location, Value) override {
    llvm_unreachable("not known of groups");
  }
  Value getWeight(OpBuilder &, Location, Value, Value) override {
    llvm_unreachable("not known of groups");
  }
  Value getNumWeightRows(OpBuilder &, Location) override {
    llvm_unreachable("not known of groups");
  }

private:
  SmallVector<Value> elements;
};

} // namespace

// What may be in any order goes in two chains: neither waits for the other.
BlockElements::Values GroupElements::reduce(OpBuilder &builder, Location loc,
                                            ArrayRef<Reduction> reductions,
                                            TermsFn terms) {
  auto fuses = arith::FastMathFlagsAttr::get(builder.getContext(),
                                             arith::FastMathFlags::contract);
  auto combine = [&](const Reduction &reduction, Value lhs, Value rhs) {
    bool isSum = reduction.kind == Reduction::AddInAnyOrder;
    return vector::makeArithReduction(builder, loc,
                                      getCombiningKind(reduction.kind), lhs,
                                      rhs, isSum ? fuses : nullptr);
  };
  auto shape = cast<VectorType>(elements.front().getType()).getShape();
  Values even, odd(reductions.size());
  for (const Reduction &reduction : reductions) {
    auto type = VectorType::get(shape, reduction.init.getType());
    even.push_back(arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(type, Attribute(reduction.init))));
  }
  for (auto [position, element] : llvm::enumerate(elements)) {
    Values next = terms(builder, loc, element);
    for (auto [i, reduction] : llvm::enumerate(reductions)) {
      bool isOdd = isInAnyOrder(reduction) && position % 2 == 1;
      Value &chain = isOdd ? odd[i] : even[i];
      chain = chain ? combine(reduction, next[i], chain) : next[i];
    }
  }
  for (auto [i, reduction] : llvm::enumerate(reductions))
    if (odd[i])
      even[i] = combine(reduction, odd[i], even[i]);
  return even;
}

SmallVector<Value> quantx::searchGroups(const GroupedBlocks &blocks,
                                        TypeRange types, ValueRange given,
                                        BlockComputation::SearchFn search) {
  Value rowEnd = getPartialEnd(blocks);
  ChunkedRows groups = getReadGroups(blocks, rowEnd);
  SmallVector<Value> values = extractScalars(blocks, given);
  auto compute = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) {
    Value end = groups.whole && !chunk.count ? Value() : rowEnd;
    SmallVector<Value> elements;
    for (int64_t first = 0; first < blocks.block; first += chunk.size) {
      Value offset = arith::ConstantIndexOp::create(b, first);
      SmallVector<Value> rows;
      for (int64_t i = 0; i < chunk.size; ++i) {
        Value row = readElements(b, blocks.input,
                                 locateBlock(b, chunk, i, blocks.block), offset,
                                 chunk.size, end);
        rows.push_back(ElementwiseBuilder(b, blocks.loc).extendToF32(row));
      }
      elements.append(transposeLanes(b, rows));
    }
    GroupElements group(std::move(elements));
    return search(b, blocks.loc, group, readValues(b, values, chunk));
  };
  return buildElementChunks(blocks.builder, blocks.loc, groups, types, compute);
}

//===----------------------------------------------------------------------===//
// Some blocks
//===----------------------------------------------------------------------===//

/// The lanes where `condition` is true, as bits of an i32.
static Value toBits(ImplicitLocOpBuilder &b, Value condition) {
  int64_t size = cast<VectorType>(condition.getType()).getNumElements();
  Value bits = vector::BitCastOp::create(
      b, VectorType::get(1, b.getIntegerType(size)), condition);
  bits = vector::ExtractOp::create(b, bits, 0);
  return arith::ExtUIOp::create(b, b.getI32Type(), bits);
}

/// `vector` after `replace`, which computes the lanes of which `bits` has the
/// bit, one by one: no branch depends on a single block.
static Value replaceLanes(
    ImplicitLocOpBuilder &b, Value bits, Value vector,
    llvm::function_ref<Value(ImplicitLocOpBuilder &, Value lane)> replace) {
  auto hasMore = [](OpBuilder &builder, Location loc, ValueRange values) {
    ImplicitLocOpBuilder b(loc, builder);
    Value zero = arith::ConstantIntOp::create(b, 0, 32);
    Value more =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ne, values[0], zero);
    scf::ConditionOp::create(b, more, values);
  };
  auto replaceFirst = [&](OpBuilder &builder, Location loc, ValueRange values) {
    ImplicitLocOpBuilder b(loc, builder);
    Value one = arith::ConstantIntOp::create(b, 1, 32);
    Value number = math::CountTrailingZerosOp::create(b, values[0]);
    Value lane = arith::IndexCastUIOp::create(b, b.getIndexType(), number);
    Value rest = arith::AndIOp::create(
        b, values[0], arith::SubIOp::create(b, values[0], one));
    if (isPlanted(Mutant::GroupRefinesOneBlock))
      rest = arith::ConstantIntOp::create(b, 0, 32);
    Value replaced = vector::InsertOp::create(b, replace(b, lane), values[1],
                                              OpFoldResult(lane));
    scf::YieldOp::create(b, {rest, replaced});
  };
  auto loop =
      scf::WhileOp::create(b, TypeRange{bits.getType(), vector.getType()},
                           ValueRange{bits, vector}, hasMore, replaceFirst);
  return loop.getResult(1);
}

Value quantx::refineGroups(
    const GroupedBlocks &blocks, ValueRange values,
    llvm::function_ref<Value(OpBuilder &, Location, ValueRange)> isNeeded,
    llvm::function_ref<Value(OpBuilder &, Location, ValueRange, ValueRange)>
        search) {
  SmallVector<Value> extracted = extractScalars(blocks, values);
  auto compute = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) -> Value {
    SmallVector<Value> vectors = readValues(b, extracted, chunk);
    Value needed = isNeeded(b, blocks.loc, vectors);
    if (chunk.count) {
      Value exists = vector::CreateMaskOp::create(
          b, cast<VectorType>(needed.getType()), chunk.count);
      needed = arith::AndIOp::create(b, needed, exists);
    }
    auto searchLane = [&](ImplicitLocOpBuilder &b, Value lane) {
      SmallVector<Value> indices(chunk.indices);
      indices.back() = arith::AddIOp::create(b, indices.back(), lane);
      SmallVector<Value> scalars =
          llvm::map_to_vector(extracted, [&](Value value) -> Value {
            if (!isa<RankedTensorType>(value.getType()))
              return value;
            return tensor::ExtractOp::create(b, value, indices);
          });
      return search(b, blocks.loc, indices, scalars);
    };
    return replaceLanes(b, toBits(b, needed), vectors.front(), searchLane);
  };
  Type type = getElementTypeOrSelf(values.front().getType());
  return buildElementChunks(blocks.builder, blocks.loc, getGroups(blocks), type,
                            compute);
}
