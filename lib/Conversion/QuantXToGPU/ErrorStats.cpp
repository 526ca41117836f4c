//===- ErrorStats.cpp - The kernels of error_stats ------------------------===//
//
// One kernel goes over the elements and has a partial result for each tile of a
// block of threads; another adds these up. Both add in an order that depends on
// the sizes alone, not on the grid: so the sum has the same bits in each run.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "Units.h"
#include "Warp.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "quantx/Emit/VectorPacking.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t kBlockSize = 256;
static constexpr int64_t kUnrolled = 4;

//===----------------------------------------------------------------------===//
// Accumulators
//===----------------------------------------------------------------------===//

namespace {

/// The sum of squares (f64), the bits of the largest magnitude (i32), which
/// order as it does with NaN on top, and the counts of saturated and of flushed
/// elements.
struct Stats {
  static constexpr Reduction::Kind kinds[] = {
      Reduction::Add, Reduction::MaxSigned, Reduction::Add, Reduction::Add};
  static constexpr StringLiteral names[] = {"sse", "max_error", "saturated",
                                            "flushed"};

  /// All zero, with counts of `countBits` bits.
  static SmallVector<Value> getZeros(ImplicitLocOpBuilder &b,
                                     unsigned countBits);
  static SmallVector<Value> combine(ImplicitLocOpBuilder &b, ValueRange lhs,
                                    ValueRange rhs);
  /// Those of a block of threads, the same in each.
  static SmallVector<Value> reduce(ImplicitLocOpBuilder &b,
                                   const ThreadGroup &threads,
                                   ValueRange values);
};

} // namespace

SmallVector<Value> Stats::getZeros(ImplicitLocOpBuilder &b,
                                   unsigned countBits) {
  Type count = b.getIntegerType(countBits);
  SmallVector<Value> zeros;
  for (Type type : {Type(b.getF64Type()), Type(b.getI32Type()), count, count})
    zeros.push_back(arith::ConstantOp::create(b, b.getZeroAttr(type)));
  return zeros;
}

SmallVector<Value> Stats::combine(ImplicitLocOpBuilder &b, ValueRange lhs,
                                  ValueRange rhs) {
  SmallVector<Value> values;
  for (auto [kind, left, right] : llvm::zip_equal(kinds, lhs, rhs))
    values.push_back(buildCombine(b, kind, left, right));
  return values;
}

SmallVector<Value> Stats::reduce(ImplicitLocOpBuilder &b,
                                 const ThreadGroup &threads,
                                 ValueRange values) {
  SmallVector<Value> results;
  for (auto [kind, value] : llvm::zip_equal(kinds, values))
    results.push_back(threads.reduce(b, kind, value));
  return results;
}

/// Builds a loop that begins with `init`; `build` gives the next values.
static SmallVector<Value>
buildAccumulation(ImplicitLocOpBuilder &b, Value begin, Value end, Value step,
                  ValueRange init,
                  function_ref<SmallVector<Value>(Value, ValueRange)> build) {
  auto loop = scf::ForOp::create(b, begin, end, step, init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next =
      build(loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(b, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

namespace {

/// The tensors in the kernel.
struct StatsViews {
  Value original, payload;
  ParameterViews parameters;
};

/// The first kernel.
class TileStats {
public:
  TileStats(KernelBuilder &kernel, const Rows &rows, const StatsViews &views)
      : kernel(kernel), b(kernel.getBody()), math(b), rows(rows), views(views),
        type(views.parameters.type),
        size(getUnitSize(type)), finder{rows, size,
                                        math.ceilDiv(rows.getColumns(), size)} {
  }

  /// Stores the results of each tile in `outputs`.
  void build(ArrayRef<Value> outputs);

private:
  SmallVector<Value> load(const Unit &unit);
  /// The stats of one unit.
  SmallVector<Value> measure(const Unit &unit, ValueRange loaded);
  SmallVector<Value> takeTile(Value first);
  SmallVector<Value> takeOne(Value number, ValueRange stats);

  KernelBuilder &kernel;
  ImplicitLocOpBuilder &b;
  IndexMath math;
  const Rows &rows;
  const StatsViews &views;
  ScaledType type;
  int64_t size;
  UnitFinder finder;
  Value numUnits, areAligned;
};

} // namespace

SmallVector<Value> TileStats::load(const Unit &unit) {
  unsigned valueBits = type.getExpressedType().getIntOrFloatBitWidth();
  unsigned codeBits = type.getStorageBits();
  Value element = rows.getElement(b, unit.row, unit.column);
  Value byte = rows.getByte(b, codeBits, unit.row, unit.column);
  SmallVector<Value> loaded = {
      loadUnit(b, views.original, element, unit, size, valueBits),
      loadUnit(b, views.payload, byte, unit, size, codeBits)};
  llvm::append_range(loaded,
                     loadParameters(b, views.parameters, rows, unit, size));
  return loaded;
}

/// Which (vector of i1) of `size` lanes are below `count` (index).
static Value maskLanes(ImplicitLocOpBuilder &b, Value count, int64_t size) {
  auto type = VectorType::get(size, b.getI32Type());
  auto lanes = llvm::to_vector(llvm::seq<int32_t>(0, size));
  Value lane = arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, ArrayRef<int32_t>(lanes)));
  Value end = arith::IndexCastOp::create(b, b.getI32Type(), count);
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, lane,
                               vector::BroadcastOp::create(b, type, end));
}

// As QuantXToLinalg/ErrorStats.cpp has it for one element.
SmallVector<Value> TileStats::measure(const Unit &unit, ValueRange loaded) {
  ElementwiseBuilder arith(b, b.getLoc());
  SmallVector<Value> spreadParameters;
  for (Value parameter : loaded.drop_front(2))
    spreadParameters.push_back(spreadOverUnit(b, parameter, size));
  auto block = BlockParameters::get(type, spreadParameters);
  Value codes = emitUnpackCodes(arith, loaded[1], type.getStorageBits());
  Value x = arith.extendToF32(loaded[0]);
  Value y = arith.extendToF32(emitDequantizeElement(arith, type, codes, block));
  Value error = arith.sub(arith.extendToF64(x), arith.extendToF64(y));
  Value square = arith.mul(error, error);
  Value magnitude = arith.bitAnd(arith.asI32(arith.sub(x, y)), 0x7fffffff);
  Value saturates = emitElementSaturates(arith, type, loaded[0], block);
  Value zero = arith.f32(0.0, x);
  Value isNonzero =
      arith::CmpFOp::create(b, arith::CmpFPredicate::ONE, x, zero);
  Value flushes = arith.logicalAnd(isNonzero, arith.equalF(y, zero));
  if (unit.count) {
    Value exists = maskLanes(b, unit.count, size);
    square = arith.select(exists, square, arith.f64(0.0, square));
    magnitude = arith.select(exists, magnitude, arith.i32(0, magnitude));
    saturates = arith.logicalAnd(exists, saturates);
    flushes = arith.logicalAnd(exists, flushes);
  }
  SmallVector<Value> stats = {square, magnitude, arith.zext(saturates, 32),
                              arith.zext(flushes, 32)};
  for (auto [kind, values] : llvm::zip_equal(Stats::kinds, stats))
    values = reduceVector(b, kind, values);
  return stats;
}

SmallVector<Value> TileStats::takeOne(Value number, ValueRange stats) {
  auto take = [&]() -> SmallVector<Value> {
    Unit unit = finder.find(b, number);
    unit.count =
        math.min(math.sub(rows.getColumns(), unit.column), math.constant(size));
    return Stats::combine(b, stats, measure(unit, load(unit)));
  };
  auto skip = [&] { return llvm::to_vector_of<Value>(stats); };
  return buildIfElse(b, math.less(number, numUnits), take, skip);
}

/// The stats of what a thread has of a tile, from unit number `first` on.
SmallVector<Value> TileStats::takeTile(Value first) {
  SmallVector<Unit> units;
  Value areWhole = areAligned;
  for (int64_t i = 0; i < kUnrolled; ++i) {
    Value number = math.add(first, i * kBlockSize);
    units.push_back(finder.find(b, number));
    Value end = math.add(units.back().column, size);
    Value isWhole = math.logicalAnd(math.less(number, numUnits),
                                    math.lessEqual(end, rows.getColumns()));
    areWhole = math.logicalAnd(areWhole, isWhole);
  }
  SmallVector<Value> zeros = Stats::getZeros(b, 32);
  auto takeWhole = [&]() -> SmallVector<Value> {
    SmallVector<SmallVector<Value>> loaded;
    for (const Unit &unit : units)
      loaded.push_back(load(unit));
    SmallVector<Value> stats = zeros;
    for (auto [unit, values] : llvm::zip_equal(units, loaded))
      stats = Stats::combine(b, stats, measure(unit, values));
    return stats;
  };
  auto takeRest = [&]() -> SmallVector<Value> {
    Value end = math.add(first, kUnrolled * kBlockSize);
    return buildAccumulation(
        b, first, end, math.constant(kBlockSize), zeros,
        [&](Value number, ValueRange stats) { return takeOne(number, stats); });
  };
  return buildIfElse(b, areWhole, takeWhole, takeRest);
}

void TileStats::build(ArrayRef<Value> outputs) {
  unsigned valueBits = type.getExpressedType().getIntOrFloatBitWidth();
  unsigned codeBits = type.getStorageBits();
  ThreadGroup threads = ThreadGroup::get(kernel);
  numUnits = math.mul(rows.getRows(), finder.unitsPerRow);
  UnitAccess accesses[] = {
      {views.original, valueBits, getUnitAlignment(size, valueBits)},
      {views.payload, codeBits, getUnitAlignment(size, codeBits)}};
  areAligned = emitAreAligned(b, rows, accesses);
  constexpr int64_t tileSize = kUnrolled * kBlockSize;
  buildTileLoop(b, math.ceilDiv(numUnits, tileSize), [&](Value tile) {
    Value first = math.add(math.mul(tile, tileSize), threads.thread);
    SmallVector<Value> stats = Stats::reduce(b, threads, takeTile(first));
    buildIf(b, math.equal(threads.thread, 0), [&] {
      for (auto [value, view] : llvm::zip_equal(stats, outputs))
        memref::StoreOp::create(b, value, view, tile);
    });
  });
}

//===----------------------------------------------------------------------===//
// All of a tensor
//===----------------------------------------------------------------------===//

/// The results of `numTiles` (index) tiles, in the types of the op.
static SmallVector<Value> buildTotals(KernelBuilder &kernel,
                                      const ThreadGroup &threads,
                                      ArrayRef<Value> tiles, Value numTiles) {
  ImplicitLocOpBuilder &b = kernel.getBody();
  SmallVector<Value> totals = buildAccumulation(
      b, threads.thread, numTiles, kernel.getMath().constant(kBlockSize),
      Stats::getZeros(b, 64), [&](Value tile, ValueRange stats) {
        ElementwiseBuilder arith(b, b.getLoc());
        SmallVector<Value> loaded;
        for (Value view : tiles)
          loaded.push_back(memref::LoadOp::create(b, view, tile));
        for (Value &count : MutableArrayRef(loaded).drop_front(2))
          count = arith.zext(count, 64);
        return Stats::combine(b, stats, loaded);
      });
  totals = Stats::reduce(b, threads, totals);
  totals[0] = arith::TruncFOp::create(b, b.getF32Type(), totals[0]);
  totals[1] = ElementwiseBuilder(b, b.getLoc()).asF32(totals[1]);
  return totals;
}

/// A scalar in the memory of the GPU, on the host.
static Value copyToHost(ImplicitLocOpBuilder &host, Operation *op,
                        Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto buffer = MemRefType::get(type.getShape(), type.getElementType());
  Value onDevice = bufferization::ToBufferOp::create(host, buffer, tensor,
                                                     /*read_only=*/true);
  Value onHost;
  {
    // Once for each call of the function.
    OpBuilder::InsertionGuard guard(host);
    auto function = op->getParentOfType<FunctionOpInterface>();
    host.setInsertionPointToStart(&function.getFunctionBody().front());
    onHost = memref::AllocaOp::create(host, buffer);
  }
  gpu::MemcpyOp::create(host, /*asyncToken=*/TypeRange(),
                        /*asyncDependencies=*/ValueRange(), onHost, onDevice);
  Value zero = arith::ConstantIndexOp::create(host, 0);
  return memref::LoadOp::create(host, onHost, zero);
}

namespace {

struct ErrorStatsKernels : public KernelPattern<ErrorStatsOp> {
  using KernelPattern::KernelPattern;

  LogicalResult
  matchAndRewrite(ErrorStatsOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Value> tiles = launchTiles(op, adaptor, rewriter);
    SmallVector<Value> totals = launchTotals(op, tiles, rewriter);
    ImplicitLocOpBuilder host(op.getLoc(), rewriter);
    for (Value &total : totals)
      total = copyToHost(host, op, total);
    rewriter.replaceOp(op, totals);
    return success();
  }

private:
  SmallVector<Value> launchTiles(ErrorStatsOp op, OneToNOpAdaptor adaptor,
                                 ConversionPatternRewriter &rewriter) const {
    ScaledType type = op.getScaledType();
    KernelBuilder kernel(kernels.library, rewriter, op, kBlockSize);
    ImplicitLocOpBuilder &host = kernel.getHost();
    Value original = adaptor.getOriginal().front();
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(host, op.getLoc(), original);
    JoinedShape shape = joinDimensions(host, type, sizes);
    Value numTiles = countTiles(kernel, shape, {getUnitSize(type), kUnrolled});
    Value view = kernel.addInput("original", original);
    Value payload = kernel.addInput("payload", adaptor.getQuantized().front());
    StatsViews views{
        view, payload,
        addParameters(kernel, type, adaptor.getQuantized().drop_front())};
    Type i32 = host.getI32Type();
    SmallVector<Value> outputs;
    for (auto [name, element] : llvm::zip_equal(
             Stats::names, SmallVector<Type>{host.getF64Type(), i32, i32, i32}))
      outputs.push_back(
          kernel.addOutput(name, element, getAsOpFoldResult(numTiles)));
    Rows rows(kernel, shape);
    TileStats(kernel, rows, views).build(outputs);
    return kernel.launch(numTiles);
  }

  SmallVector<Value> launchTotals(ErrorStatsOp op, ArrayRef<Value> tiles,
                                  ConversionPatternRewriter &rewriter) const {
    KernelBuilder kernel(kernels.library, rewriter, op, kBlockSize);
    ImplicitLocOpBuilder &host = kernel.getHost(), &b = kernel.getBody();
    IndexMath math = kernel.getMath();
    SmallVector<Value> inputs, outputs;
    for (auto [name, tile] : llvm::zip_equal(Stats::names, tiles))
      inputs.push_back(kernel.addInput(name, tile));
    for (auto [name, result] : llvm::zip_equal(Stats::names, op.getResults()))
      outputs.push_back(
          kernel.addOutput(name, result.getType(), {host.getIndexAttr(1)}));
    Value numTiles = kernel.addSize(
        "tiles", tensor::getMixedSize(host, op.getLoc(), tiles[0], 0));
    ThreadGroup threads = ThreadGroup::get(kernel);
    buildTileLoop(b, math.constant(1), [&](Value) {
      SmallVector<Value> totals =
          buildTotals(kernel, threads, inputs, numTiles);
      buildIf(b, math.equal(threads.thread, 0), [&] {
        for (auto [value, view] : llvm::zip_equal(totals, outputs))
          memref::StoreOp::create(b, value, view, math.constant(0));
      });
    });
    return kernel.launch(kernel.getHostMath().constant(1));
  }
};

} // namespace

void quantx::populateErrorStatsKernelPatterns(const TypeConverter &converter,
                                              RewritePatternSet &patterns,
                                              KernelContext &kernels) {
  patterns.add<ErrorStatsKernels>(converter, patterns.getContext(), kernels);
}
