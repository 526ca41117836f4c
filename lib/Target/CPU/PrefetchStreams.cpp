//===- PrefetchStreams.cpp - Read inputs before loops need them -----------===//
//
// Where one loop reads a row and the next reads it again from the cache, memory
// is idle in the second: there, what the first will read of the next row is
// prefetched. Where a single loop reads, it prefetches a few lines ahead of
// itself.
//
//===----------------------------------------------------------------------===//

#include "StreamMemory.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace quantx;

/// Reads of fewer bytes are no stream that is worth an instruction.
static constexpr int64_t leastBytes = 16;
/// The locality of a prefetch into the second-level cache.
static constexpr unsigned kSecondCache = 2;

namespace {

/// What an innermost loop reads of one buffer.
struct Stream {
  Loop loop;
  SmallVector<VectorAccess> reads;
  /// Whether no other loop reads the buffer.
  bool isOnly = true;
};

class Prefetcher {
public:
  Prefetcher(RewriterBase &rewriter, const Loop &outermost, int64_t distance,
             int64_t limit)
      : rewriter(rewriter), exprs(rewriter.getContext()), outermost(outermost),
        distance(distance), limit(limit) {}

  void run();

private:
  Loop getLoopAround(const Loop &loop) const;
  Loop getCommonLoop(const Loop &lhs, const Loop &rhs) const;
  bool isPart(const Loop &loop);
  bool isTail(Loop loop);
  std::optional<Loop> findSteppingLoop(const Stream &stream,
                                       const Loop &common);
  std::optional<AffineExpr> getLinearStep(const VectorAccess &read,
                                          const Loop &loop);
  bool isOneStream(const VectorAccess &read, const Loop &loop, int64_t step);
  /// How many elements ahead of a stream to prefetch.
  OpFoldResult getDistance(const Stream &stream, const Loop &stepping);
  void prefetch(const Stream &stream, const Loop &stepping);

  RewriterBase &rewriter;
  IndexExprs exprs;
  Loop outermost;
  int64_t distance, limit;
};

} // namespace

/// The next loop of the nest; null after the outermost one.
Loop Prefetcher::getLoopAround(const Loop &loop) const {
  return loop.op == outermost.op ? Loop() : Loop::getParent(loop.op);
}

/// The innermost loop around both; null where there is none.
Loop Prefetcher::getCommonLoop(const Loop &lhs, const Loop &rhs) const {
  Loop loop = getLoopAround(lhs);
  while (loop && !loop.op->isAncestor(rhs.op))
    loop = getLoopAround(loop);
  return loop;
}

/// Whether most of the range from 0 comes before the loop begins; true where
/// that does not show. Of a reduction only the first step may come before.
static bool beginsLate(const Loop &loop) {
  if (isConstantIntValue(loop.lower, 0))
    return false;
  std::optional<int64_t> lower = getConstantIntValue(loop.lower);
  std::optional<int64_t> upper = getConstantIntValue(loop.upper);
  return !lower || !upper || *lower >= *upper - *lower;
}

/// Whether the loop goes over a block of what a loop around it divides.
bool Prefetcher::isPart(const Loop &loop) {
  AffineExpr lower = exprs.get(loop.lower);
  for (Loop around = getLoopAround(loop); around;
       around = getLoopAround(around))
    if (exprs.movesWith(lower, around))
      return true;
  return false;
}

/// Whether the loop, or one around it, does what others left of a row.
bool Prefetcher::isTail(Loop loop) {
  for (; loop; loop = getLoopAround(loop))
    if (beginsLate(loop) && !exprs.isOnce(loop) && !isPart(loop))
      return true;
  return false;
}

/// The innermost loop around `stream`, from `common` on where that is not null,
/// whose iterations read different parts of the buffer; null where there is no
/// loop around it. None where a loop in between starts the stream over: it is
/// in the cache then.
std::optional<Loop> Prefetcher::findSteppingLoop(const Stream &stream,
                                                 const Loop &common) {
  bool isAround = !common;
  Loop loop = getLoopAround(stream.loop);
  for (; loop; loop = getLoopAround(loop)) {
    isAround |= loop.op == common.op;
    if (exprs.isOnce(loop))
      continue;
    if (llvm::none_of(stream.reads.front().indices, [&](AffineExpr index) {
          return exprs.movesWith(index, loop);
        }))
      return std::nullopt;
    if (isAround)
      break;
  }
  return loop;
}

/// By how many elements the address that is read grows with a step of `loop`.
std::optional<AffineExpr> Prefetcher::getLinearStep(const VectorAccess &read,
                                                    const Loop &loop) {
  auto [strides, offset] = read.buffer.getType().getStridesAndOffset();
  memref::ExtractStridedMetadataOp metadata;
  AffineExpr sum = rewriter.getAffineConstantExpr(0);
  for (auto [dim, index] : llvm::enumerate(read.indices)) {
    std::optional<AffineExpr> step = exprs.getStep(index, loop);
    if (!step)
      return std::nullopt;
    if (*step == 0)
      continue;
    OpFoldResult stride = rewriter.getIndexAttr(strides[dim]);
    if (ShapedType::isDynamic(strides[dim])) {
      rewriter.setInsertionPoint(outermost.getAnchor());
      if (!metadata) {
        metadata = memref::ExtractStridedMetadataOp::create(
            rewriter, read.op->getLoc(), read.buffer);
      }
      stride = metadata.getStrides()[dim];
    }
    sum = sum + *step * exprs.get(stride);
  }
  return exprs.simplify(sum);
}

/// Whether what `loop` reads next, `step` elements after what it has begun
/// with, begins where that ends.
bool Prefetcher::isOneStream(const VectorAccess &read, const Loop &loop,
                             int64_t step) {
  std::optional<AffineExpr> inner = getLinearStep(read, loop);
  auto elements =
      inner ? dyn_cast<AffineConstantExpr>(*inner) : AffineConstantExpr();
  std::optional<int64_t> lower = getConstantIntValue(loop.lower);
  std::optional<int64_t> upper = getConstantIntValue(loop.upper);
  std::optional<int64_t> loopStep = getConstantIntValue(loop.step);
  if (!elements || !lower || !upper || !loopStep || *upper < *lower ||
      *loopStep <= 0)
    return false;
  int64_t iterations = llvm::divideCeilSigned(*upper - *lower, *loopStep);
  return iterations * elements.getValue() == step;
}

/// Whether an iteration reads several rows of the buffer.
static bool readsSeveralRows(const Stream &stream) {
  auto getRow = [](const VectorAccess &read) {
    return ArrayRef(read.indices).drop_back();
  };
  return llvm::any_of(stream.reads, [&](const VectorAccess &read) {
    return getRow(read) != getRow(stream.reads.front());
  });
}

OpFoldResult Prefetcher::getDistance(const Stream &stream,
                                     const Loop &stepping) {
  const VectorAccess &read = stream.reads.front();
  int64_t bytes = read.getElementBytes();
  // Several rows together are as far ahead in half the distance.
  int64_t least = readsSeveralRows(stream) ? distance / 2 : distance;
  OpFoldResult near = rewriter.getIndexAttr(least / bytes);
  std::optional<AffineExpr> step =
      stepping ? getLinearStep(read, stepping) : std::nullopt;
  if (!step)
    return near;
  if (auto constant = dyn_cast<AffineConstantExpr>(*step)) {
    int64_t stepBytes = constant.getValue() * bytes;
    if (stepBytes < least || stepBytes > limit)
      return near;
    // One stream alone is to keep memory busy: three times as far was best.
    bool isOne =
        stream.isOnly && isOneStream(read, stream.loop, constant.getValue());
    return rewriter.getIndexAttr(isOne ? 3 * distance / bytes
                                       : constant.getValue());
  }
  rewriter.setInsertionPoint(stepping.getAnchor());
  Location loc = read.op->getLoc();
  AffineMap map = AffineMap::get(exprs.getValues().size(), 0, *step);
  auto getIndex = [&](OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(rewriter, loc, value);
  };
  Value far = getIndex(affine::makeComposedFoldedAffineApply(
      rewriter, loc, map, getAsOpFoldResult(exprs.getValues())));
  Value nearest = getIndex(near);
  Value most = getIndex(rewriter.getIndexAttr(limit / bytes));
  Value isFar = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::sge,
                                      far, nearest);
  Value isInLimit = arith::CmpIOp::create(rewriter, loc,
                                          arith::CmpIPredicate::sle, far, most);
  Value both = arith::AndIOp::create(rewriter, loc, isFar, isInLimit);
  return arith::SelectOp::create(rewriter, loc, both, far, nearest).getResult();
}

/// Prefetches each line that the stream's loop reads in an iteration, once,
/// whichever branches it takes.
void Prefetcher::prefetch(const Stream &stream, const Loop &stepping) {
  OpFoldResult ahead = getDistance(stream, stepping);
  struct Line {
    Operation *read;
    SmallVector<AffineExpr> indices;
  };
  SmallVector<Line> lines;
  auto isCovered = [&](Operation *read, ArrayRef<AffineExpr> indices,
                       int64_t bytes) {
    return llvm::any_of(lines, [&](const Line &line) {
      if (!line.read->getBlock()->findAncestorOpInBlock(*read) ||
          ArrayRef(line.indices).drop_back() != indices.drop_back())
        return false;
      auto offset = dyn_cast<AffineConstantExpr>(
          exprs.simplify(indices.back() - line.indices.back()));
      return offset && offset.getValue() >= 0 &&
             offset.getValue() * bytes < kLineBytes;
    });
  };
  for (const VectorAccess &read : stream.reads) {
    int64_t bytes = read.getElementBytes();
    // Behind it: what is read in front of a prefetch is no operand in memory of
    // an instruction whose other operands are read behind that.
    rewriter.setInsertionPointAfter(read.op);
    for (int64_t at = 0; at < read.getBytes(); at += kLineBytes) {
      SmallVector<AffineExpr> indices = read.indices;
      indices.back() = indices.back() + at / bytes;
      if (isCovered(read.op, indices, bytes))
        continue;
      lines.push_back({read.op, indices});
      Location loc = read.op->getLoc();
      SmallVector<Value> position = read.baseIndices;
      AffineExpr sum = rewriter.getAffineDimExpr(0) +
                       rewriter.getAffineDimExpr(1) + at / bytes;
      position.back() = getValueOrCreateConstantIndexOp(
          rewriter, loc,
          affine::makeComposedFoldedAffineApply(rewriter, loc, sum,
                                                {position.back(), ahead}));
      memref::PrefetchOp::create(rewriter, loc, read.base, position,
                                 /*isWrite=*/false, kSecondCache,
                                 /*isDataCache=*/true);
    }
  }
}

void Prefetcher::run() {
  TouchedBuffers touched = TouchedBuffers::get(outermost);
  llvm::MapVector<Value, SmallVector<Stream>> streams;
  outermost.op->walk([&](Operation *op) {
    std::optional<VectorAccess> access = VectorAccess::get(op, exprs);
    // What the nest makes itself is in the cache.
    if (!access || access->isWrite || outermost.defines(access->buffer) ||
        touched.written.contains(access->buffer))
      return;
    Loop loop = Loop::getParent(op);
    if (!loop.isInnermost() || isTail(loop) ||
        !exprs.movesWith(access->indices.back(), loop))
      return;
    SmallVector<Stream> &list = streams[access->buffer];
    if (list.empty() || list.back().loop.op != loop.op)
      list.push_back({loop, {}, true});
    list.back().reads.push_back(*access);
  });
  for (auto &[buffer, list] : streams) {
    // The last of the loops that read the same has memory to itself.
    Stream &last = list.back();
    last.isOnly = list.size() == 1;
    Loop common =
        list.size() > 1 ? getCommonLoop(list.front().loop, last.loop) : Loop();
    std::optional<Loop> stepping = findSteppingLoop(last, common);
    llvm::erase_if(last.reads, [](const VectorAccess &read) {
      return read.getBytes() < leastBytes;
    });
    if (stepping && !last.reads.empty())
      prefetch(last, *stepping);
  }
}

void quantx::prefetchStreams(RewriterBase &rewriter, const Loop &outermost,
                             int64_t distance, int64_t limit) {
  Prefetcher(rewriter, outermost, distance, limit).run();
}
