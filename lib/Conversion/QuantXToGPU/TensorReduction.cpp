//===- TensorReduction.cpp - Kernels that reduce whole tensors ------------===//

#include "TensorReduction.h"
#include "Encode.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/ScaleMethods.h"

using namespace mlir;
using namespace quantx;

bool quantx::needsReductionsAlone(ScaleMethodAttrInterface method) {
  return isa<FloorAttr, CeilAttr, EvenAttr, RceilAttr, AbsmaxAttr, MinmaxAttr>(
      method);
}

//===----------------------------------------------------------------------===//
// Values as integers that order alike
//===----------------------------------------------------------------------===//

// A minimum that begins at 0 is not positive, a maximum not negative: the bits
// of their magnitudes order as these do, with NaN on top.

static Value toOrdered(ImplicitLocOpBuilder &b, const Reduction &reduction,
                       Value value) {
  ElementwiseBuilder arith(b, b.getLoc());
  if (reduction.kind == Reduction::MaxSigned)
    return value;
  return arith.bitAnd(arith.asI32(value), 0x7fffffff);
}

static Value fromOrdered(ImplicitLocOpBuilder &b, const Reduction &reduction,
                         Value bits) {
  ElementwiseBuilder arith(b, b.getLoc());
  if (reduction.kind == Reduction::MaxSigned)
    return bits;
  Value magnitude = arith.asF32(bits);
  if (reduction.kind == Reduction::Maximum)
    return magnitude;
  return arith.sub(arith.f32(0.0, magnitude), magnitude);
}

ReducedTensor LaunchedReduction::load(KernelBuilder &kernel) const {
  ReducedTensor reduced;
  ImplicitLocOpBuilder &b = kernel.getBody();
  for (auto [result, reduction] : llvm::zip_equal(results, reductions)) {
    Value view = kernel.addInput("reduced", result);
    Value bits = memref::LoadOp::create(b, view, kernel.getMath().constant(0));
    reduced.values.push_back(fromOrdered(b, reduction, bits));
  }
  return reduced;
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

namespace {

/// Builds the kernel of the first reduction that is asked for, and nothing of
/// what is computed from it.
class ReductionLauncher : public BlockComputation {
public:
  ReductionLauncher(KernelContext &kernels, OpBuilder &builder, Operation *op,
                    ScaledType type, Value input)
      : BlockComputation(type, op->getLoc()), kernels(kernels),
        builder(builder), op(op), input(input) {}

  Value getGivenGlobal() override { return {}; }
  Values reduceBlocks(ArrayRef<Reduction> reductions, TermsFn terms) override {
    return reduceTensor(reductions, terms);
  }
  Values searchBlocks(TypeRange types, ValueRange, SearchFn) override {
    return Values(types.size());
  }
  Value refineBlocks(Value initial, ValueRange, MapFn, SearchFn) override {
    return initial;
  }
  Values reduceTensor(ArrayRef<Reduction> reductions, TermsFn terms) override;
  Values mapBlocks(TypeRange types, ValueRange, MapFn) override {
    return Values(types.size());
  }
  Values mapTensor(TypeRange types, ValueRange, MapFn) override {
    return Values(types.size());
  }

  LaunchedReduction launched;

private:
  KernelContext &kernels;
  OpBuilder &builder;
  Operation *op;
  Value input;
};

/// Goes over a tensor as one row.
class ReductionBody {
public:
  ReductionBody(KernelBuilder &kernel, ArrayRef<Reduction> reductions,
                TermsFn terms, Value input, Value numElements)
      : kernel(kernel), b(kernel.getBody()), math(b), reductions(reductions),
        terms(terms), input(input), numElements(numElements) {
    bits = cast<MemRefType>(input.getType()).getElementTypeBitWidth();
    size = 128 / bits;
  }

  /// The values (i32) of a block of threads, the same in each.
  SmallVector<Value> build();

  int64_t getTileSize() const {
    return kernel.getBlockSize() * kUnrolled * size;
  }

private:
  static constexpr int64_t kUnrolled = 4;

  SmallVector<Value> combine(ValueRange accumulators, ArrayRef<Value> vectors);
  SmallVector<Value> takeTile(Value tile, ValueRange accumulators);

  KernelBuilder &kernel;
  ImplicitLocOpBuilder &b;
  IndexMath math;
  ArrayRef<Reduction> reductions;
  TermsFn terms;
  Value input, numElements, thread, isAligned;
  unsigned bits;
  int64_t size;
};

} // namespace

SmallVector<Value> ReductionBody::combine(ValueRange accumulators,
                                          ArrayRef<Value> vectors) {
  SmallVector<Value> values(accumulators);
  for (Value vector : vectors) {
    Value wide = ElementwiseBuilder(b, b.getLoc()).extendToF32(vector);
    SmallVector<Value> next = terms(b, b.getLoc(), wide);
    for (auto [value, reduction, term] :
         llvm::zip_equal(values, reductions, next))
      value = buildCombine(b, reduction.kind, value, term);
  }
  return values;
}

SmallVector<Value> ReductionBody::takeTile(Value tile,
                                           ValueRange accumulators) {
  Value begin = math.mul(tile, getTileSize());
  SmallVector<Value> starts;
  for (int64_t i = 0; i < kUnrolled; ++i) {
    Value unit = math.add(thread, i * kernel.getBlockSize());
    starts.push_back(math.add(begin, math.mul(unit, size)));
  }
  auto load = [&](Value start, Value count) {
    return loadUnit(b, input, start, {Value(), start, count}, size, bits);
  };
  auto takeWhole = [&]() -> SmallVector<Value> {
    SmallVector<Value> vectors;
    for (Value start : starts)
      vectors.push_back(load(start, Value()));
    return combine(accumulators, vectors);
  };
  auto takeRest = [&]() -> SmallVector<Value> {
    SmallVector<Value> vectors;
    for (Value start : starts) {
      Value bound = math.min(start, numElements);
      Value count = math.min(math.sub(numElements, bound), math.constant(size));
      vectors.push_back(load(start, count));
    }
    return combine(accumulators, vectors);
  };
  Value end = math.add(begin, getTileSize());
  Value isWhole = math.logicalAnd(isAligned, math.lessEqual(end, numElements));
  return buildIfElse(b, isWhole, takeWhole, takeRest);
}

SmallVector<Value> ReductionBody::build() {
  ThreadGroup threads = ThreadGroup::get(kernel);
  thread = threads.thread;
  Value start = memref::ExtractAlignedPointerAsIndexOp::create(b, input);
  isAligned = math.equal(math.rem(start, getUnitAlignment(size, bits)), 0);
  SmallVector<Value> init;
  for (const Reduction &reduction : reductions) {
    auto type = VectorType::get(size, reduction.init.getType());
    init.push_back(arith::ConstantOp::create(
        b, DenseElementsAttr::get(type, Attribute(reduction.init))));
  }
  Value numTiles = math.ceilDiv(numElements, getTileSize());
  Value first = gpu::BlockIdOp::create(b, gpu::Dimension::x);
  Value stride = gpu::GridDimOp::create(b, gpu::Dimension::x);
  auto loop = scf::ForOp::create(b, first, numTiles, stride, init);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> next =
        takeTile(loop.getInductionVar(), loop.getRegionIterArgs());
    scf::YieldOp::create(b, next);
  }
  SmallVector<Value> results;
  for (auto [vector, reduction] :
       llvm::zip_equal(loop.getResults(), reductions)) {
    Value value = reduceVector(b, reduction.kind, vector);
    results.push_back(threads.reduce(b, Reduction::MaxSigned,
                                     toOrdered(b, reduction, value)));
  }
  return results;
}

BlockComputation::Values
ReductionLauncher::reduceTensor(ArrayRef<Reduction> reductions, TermsFn terms) {
  constexpr int64_t blockSize = 256;
  // As many blocks of threads as a large GPU runs at once, for there to be few
  // atomics.
  constexpr int64_t mostBlocks = 2048;
  KernelBuilder kernel(kernels.library, builder, op, blockSize);
  IndexMath host = kernel.getHostMath();
  Value numElements = host.constant(1);
  for (OpFoldResult size :
       tensor::getMixedSizes(kernel.getHost(), getLoc(), input))
    numElements = host.mul(numElements, host.get(size));
  Value view = kernel.addInput("input", input);
  SmallVector<Value> results;
  for (size_t i = 0; i < reductions.size(); ++i)
    results.push_back(kernel.addZeroedOutput("reduced"));
  Value count = kernel.addSize("elements", getAsOpFoldResult(numElements));
  ReductionBody body(kernel, reductions, terms, view, count);
  SmallVector<Value> values = body.build();
  ImplicitLocOpBuilder &b = kernel.getBody();
  Value thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  buildIf(b, kernel.getMath().equal(thread, 0), [&] {
    for (auto [value, result] : llvm::zip_equal(values, results))
      memref::AtomicRMWOp::create(b, arith::AtomicRMWKind::maxs, value, result,
                                  kernel.getMath().constant(0));
  });
  Value tiles = host.ceilDiv(numElements, body.getTileSize());
  launched.results = kernel.launch(host.min(tiles, host.constant(mostBlocks)));
  launched.reductions.assign(reductions.begin(), reductions.end());
  return Values(reductions.size());
}

LaunchedReduction quantx::launchGlobalReduction(KernelContext &kernels,
                                                OpBuilder &builder,
                                                Operation *op, ScaledType type,
                                                Value input) {
  ReductionLauncher launcher(kernels, builder, op, type, input);
  buildGlobalScale(launcher);
  return std::move(launcher.launched);
}

LaunchedReduction quantx::launchReduction(KernelContext &kernels,
                                          OpBuilder &builder, Operation *op,
                                          ScaledType type,
                                          ScaleMethodAttrInterface method,
                                          Value input) {
  ReductionLauncher launcher(kernels, builder, op, type, input);
  method.buildParameters(launcher);
  return std::move(launcher.launched);
}
