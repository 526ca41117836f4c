//===- MatmulWarpgroups.cpp - A matmul by wgmma ---------------------------===//
//
// A block of threads has 128 outputs and up to 256 tokens: each of its two
// warpgroups 64 outputs, whose weights its lanes decode to registers, the first
// operand of wgmma. Tokens, the other one, are in shared memory as they are in
// device memory, in stages that asynchronous copies fill ahead. While the
// tensor cores multiply what was decoded, the warps decode what is next.
//
//===----------------------------------------------------------------------===//

#include "MatmulKernels.h"
#include "MatmulStages.h"
#include "TensorMemory.h"
#include "WarpgroupMma.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

namespace {

constexpr int64_t kLanes = 32, kThreads = 256;
/// Outputs of a block of threads, and of a warp.
constexpr int64_t kOutputs = 128, kWarpOutputs = 16;
/// Stages in shared memory, and how many of them are filled ahead: one less
/// than there could be, as the products of the stage before may be under way.
constexpr int64_t kStages = 4, kAhead = kStages - 2;
/// Steps of a stage: a row of tokens has 128 bytes, as wgmma takes them.
constexpr int64_t kSteps = 2, kRowBytes = 128;
/// What swizzled rows are aligned to.
constexpr int64_t kAlignment = 1024;
/// Sums of a lane for 8 tokens: two outputs by two tokens.
constexpr int64_t kTokens = 8, kSums = 4;

class WarpgroupKernel {
public:
  WarpgroupKernel(KernelBuilder &kernel, const Matmul &matmul,
                  const WarpgroupTiling &tiling)
      : kernel(kernel), b(kernel.getBody()),
        math(b), mma{getMultipliedType(matmul), tiling.tokens},
        place(tiling.place), matmul(kernel, matmul),
        tokens(this->matmul.lhs, mma.element, ScalePlace::None,
               {mma.columns, kSteps, kStages, kThreads, PairOrder::Neighbours,
                /*isSwizzled=*/true}),
        weights(this->matmul.rhs, mma.element, place,
                {kOutputs, kSteps, kStages, kThreads, PairOrder::Neighbours,
                 /*isSwizzled=*/false, /*isPadded=*/false,
                 /*isByPairs=*/true}) {
    zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
    thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
    Value laneIndex = math.rem(thread, kLanes);
    lane = {math.div(laneIndex, 4), math.rem(laneIndex, 4)};
    output =
        math.add(math.mul(math.div(thread, kLanes), kWarpOutputs), lane.row);
    allocate();
  }

  void build() {
    buildResultTiles(
        b, matmul, mma.columns, kOutputs,
        [&](const ResultTile &tile) { storeSums(tile, sumProducts(tile)); });
  }

private:
  /// What goes around the loop over stages. Where scales multiply the sums of
  /// blocks, `added` are those of the last one, and `scales` its own: its
  /// products may be under way. Else they add to `sums`.
  struct Sums {
    SmallVector<Value> sums, added, scales;

    SmallVector<Value> join() const {
      SmallVector<Value> all(sums);
      llvm::append_range(all, added);
      llvm::append_range(all, scales);
      return all;
    }
    Sums split(ValueRange all) const {
      return {llvm::to_vector(all.take_front(sums.size())),
              llvm::to_vector(all.slice(sums.size(), added.size())),
              llvm::to_vector(all.take_back(scales.size()))};
    }
  };

  bool scalesSums() const { return place == ScalePlace::BlockSums; }
  /// Whether a block's sums begin with a step.
  bool beginsBlock(int64_t step) const {
    return step == 0 || weights.getBlockSize() % (kSteps * kStepSize) != 0;
  }

  void allocate();
  Value countStages() {
    return math.ceilDiv(matmul.sizes.sum, kSteps * kStepSize);
  }
  void fill(const ResultTile &tile, Value stage, Value slot);
  /// Those of a stage that may not exist.
  SmallVector<Value> loadParameters(const ResultTile &tile, Value stage);
  /// Fills the stages before the loop.
  void fillFirst(const ResultTile &tile);
  SmallVector<Value> sumProducts(const ResultTile &tile);
  /// The same where there are stages.
  SmallVector<Value> addStages(const ResultTile &tile);
  /// Adds the products of a stage, and begins to fill a later one: `parameters`
  /// are of its blocks, and then of those of the stage after it.
  void addStage(const ResultTile &tile, Value stage,
                SmallVectorImpl<Value> &parameters, Sums &sums);
  void addStep(Value slot, int64_t step, Sums &sums);
  /// Waits for sums of products that are under way.
  SmallVector<Value> takeSums(ArrayRef<Value> sums) {
    return isPlanted(Mutant::WarpgroupSumsTooEarly) ? llvm::to_vector(sums)
                                                    : waitForSums(b, sums);
  }
  /// Waits for `added`, and adds them, scaled, to the sums.
  void addBlock(Sums &sums);
  /// The words of A of a step: those of two products.
  SmallVector<Value> readWeights(Value slot, int64_t step);
  SmallVector<Value> describeTokens(Value slot, int64_t step);

  void storeSums(const ResultTile &tile, ArrayRef<Value> sums);
  void storeTokens(const ResultTile &tile, int64_t firstToken,
                   ArrayRef<Value> sums, ArrayRef<Value> factors);
  /// The rows of weights of a lane.
  std::array<Value, 2> getRows() {
    return {output, math.add(output, kWarpOutputs / 2)};
  }

  KernelBuilder &kernel;
  ImplicitLocOpBuilder &b;
  IndexMath math;
  WarpgroupMma mma;
  ScalePlace place;
  KernelMatmul matmul;
  StagedOperand tokens, weights;
  /// The index in the block of threads, and the first output of the lane.
  Value thread, output;
  LanePlace lane;
  /// Of all stages of tokens.
  Value descriptor;
  Value zero; ///< f32
};

} // namespace

void WarpgroupKernel::allocate() {
  Attribute space =
      gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
  auto getType = [&](int64_t size) {
    return MemRefType::get(size, b.getI8Type(), MemRefLayoutAttrInterface(),
                           space);
  };
  int64_t tokenBytes = tokens.getSharedBytes();
  int64_t size = tokenBytes + weights.getSharedBytes();
  kernel.setDynamicSharedMemory(size + kAlignment);
  Value all =
      gpu::DynamicSharedMemoryOp::create(b, getType(ShapedType::kDynamic));
  Value start = memref::ExtractAlignedPointerAsIndexOp::create(b, all);
  Value before =
      math.rem(math.sub(math.constant(kAlignment), math.rem(start, kAlignment)),
               kAlignment);
  Value shared =
      memref::ViewOp::create(b, getType(size), all, before, ValueRange());
  tokens.allocate(b, shared, 0, thread);
  weights.allocate(b, shared, tokenBytes, thread);
  descriptor = createWarpgroupDescriptor(
      b,
      arith::IndexCastOp::create(b, b.getI64Type(), math.add(start, before)));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

SmallVector<Value> WarpgroupKernel::readWeights(Value slot, int64_t step) {
  SmallVector<SmallVector<Value>> rows;
  for (Value row : getRows())
    rows.push_back(weights.read(b, slot, row, math.constant(step), lane));
  SmallVector<Value> words;
  for (size_t pair = 0; pair < rows.front().size(); ++pair)
    for (ArrayRef<Value> row : rows)
      words.push_back(row[pair]);
  return words;
}

SmallVector<Value> WarpgroupKernel::describeTokens(Value slot, int64_t step) {
  Value inSlots = math.mul(slot, getDescriptorOffset(mma.columns * kRowBytes));
  Value first = arith::AddIOp::create(
      b, descriptor, arith::IndexCastOp::create(b, b.getI64Type(), inSlots));
  SmallVector<Value> descriptors;
  constexpr int64_t products = kStepSize / WarpgroupMma::kSize;
  for (int64_t i = 0; i < products; ++i) {
    int64_t bytes = (step * products + i) * WarpgroupMma::kSize * 2;
    Value offset = arith::ConstantOp::create(
        b, b.getI64IntegerAttr(getDescriptorOffset(bytes)));
    descriptors.push_back(arith::AddIOp::create(b, first, offset));
  }
  return descriptors;
}

void WarpgroupKernel::addBlock(Sums &sums) {
  SmallVector<Value> added = takeSums(sums.added);
  for (auto [i, sum] : llvm::enumerate(sums.sums))
    sum = math::FmaOp::create(b, added[i], sums.scales[i % kSums / 2], sum);
}

// Registers of products that are under way stay as they are until the wait. So
// there are those of one step more.
void WarpgroupKernel::addStep(Value slot, int64_t step, Sums &sums) {
  SmallVector<Value> words = readWeights(slot, step);
  SmallVector<Value> descriptors = describeTokens(slot, step);
  if (!scalesSums()) {
    sums.sums = mma.begin(b, words, descriptors, sums.sums);
    createProductGroup(b);
    createProductWait(b, /*pending=*/1);
    return;
  }
  bool begins = beginsBlock(step);
  if (begins) {
    if (!sums.added.empty())
      addBlock(sums);
    sums.scales.clear();
    for (Value row : getRows())
      sums.scales.push_back(
          weights.readScale(b, slot, row, math.constant(step)));
  }
  sums.added = mma.begin(b, words, descriptors,
                         begins ? ValueRange() : ValueRange(sums.added));
  createProductGroup(b);
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

void WarpgroupKernel::fill(const ResultTile &tile, Value stage, Value slot) {
  tokens.copy(b, {tile.batch, tile.token}, stage, slot);
  weights.copy(b, {tile.batch, tile.output}, stage, slot);
}

SmallVector<Value> WarpgroupKernel::loadParameters(const ResultTile &tile,
                                                   Value stage) {
  Value last = math.sub(countStages(), math.constant(1));
  return weights.loadParameters(b, {tile.batch, tile.output},
                                math.min(stage, last));
}

void WarpgroupKernel::fillFirst(const ResultTile &tile) {
  for (int64_t i = 0; i < kAhead; ++i) {
    Value stage = math.constant(i);
    buildIf(b, math.less(stage, countStages()),
            [&] { fill(tile, stage, stage); });
    weights.storeParameters(b, loadParameters(tile, stage), stage);
    NVVM::CpAsyncCommitGroupOp::create(b);
  }
}

// When all are at the barrier of a stage, the products of the one before may be
// under way, those before that are done: their slot is filled. What threads
// have written is in another proxy than what wgmma reads.
void WarpgroupKernel::addStage(const ResultTile &tile, Value stage,
                               SmallVectorImpl<Value> &parameters, Sums &sums) {
  NVVM::CpAsyncWaitGroupOp::create(b, int32_t(kAhead - 1));
  if (!isPlanted(Mutant::WarpgroupProxyUnfenced))
    createProxyFence(b);
  gpu::BarrierOp::create(b);
  Value next = math.add(stage, kAhead);
  Value nextSlot = math.rem(next, kStages);
  weights.storeParameters(b, parameters, nextSlot);
  parameters = loadParameters(tile, math.add(next, 1));
  buildIf(b, math.less(next, countStages()),
          [&] { fill(tile, next, nextSlot); });
  NVVM::CpAsyncCommitGroupOp::create(b);
  for (int64_t step = 0; step < kSteps; ++step)
    addStep(math.rem(stage, kStages), step, sums);
}

// Sums begin with the first stage's products, not with zeros: where other
// instructions write their registers, ptxas has each product waited for.
SmallVector<Value> WarpgroupKernel::addStages(const ResultTile &tile) {
  fillFirst(tile);
  SmallVector<Value> parameters = loadParameters(tile, math.constant(kAhead));
  Sums sums;
  if (scalesSums())
    sums.sums.assign(mma.getNumSums(), zero);
  addStage(tile, math.constant(0), parameters, sums);
  SmallVector<Value> initial = sums.join();
  llvm::append_range(initial, parameters);
  auto loop = scf::ForOp::create(b, math.constant(1), countStages(),
                                 math.constant(1), initial);
  auto split = [&](ValueRange all) {
    sums = sums.split(all.drop_back(parameters.size()));
    parameters = llvm::to_vector(all.take_back(parameters.size()));
  };
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    split(loop.getRegionIterArgs());
    addStage(tile, loop.getInductionVar(), parameters, sums);
    SmallVector<Value> yielded = sums.join();
    llvm::append_range(yielded, parameters);
    scf::YieldOp::create(b, yielded);
  }
  split(loop.getResults());
  if (!scalesSums())
    return takeSums(sums.sums);
  addBlock(sums);
  return sums.sums;
}

SmallVector<Value> WarpgroupKernel::sumProducts(const ResultTile &tile) {
  gpu::BarrierOp::create(b);
  return buildIfElse(
      b, math.less(math.constant(0), countStages()),
      [&] { return addStages(tile); },
      [&] { return SmallVector<Value>(mma.getNumSums(), zero); });
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

// All loads come before the stores, so that they are under way at once: what
// does not exist is loaded from the last row or output.
void WarpgroupKernel::storeTokens(const ResultTile &tile, int64_t firstToken,
                                  ArrayRef<Value> sums,
                                  ArrayRef<Value> factors) {
  struct Place {
    Value exists, index;
  };
  SmallVector<Place> places;
  SmallVector<Value> results;
  Value lastToken = math.sub(matmul.sizes.tokens, math.constant(1));
  Value lastOutput = math.sub(matmul.sizes.outputs, math.constant(1));
  for (auto [i, sum] : llvm::enumerate(sums)) {
    auto index = int64_t(i);
    Value token = math.add(math.add(tile.token, math.mul(lane.part, 2)),
                           firstToken + index / kSums * kTokens + index % 2);
    Value column = math.add(tile.output, getRows()[index % kSums / 2]);
    Value exists = math.logicalAnd(math.less(token, matmul.sizes.tokens),
                                   math.less(column, matmul.sizes.outputs));
    Value place =
        matmul.getResultIndex(b, tile.batch, math.min(token, lastToken),
                              math.min(column, lastOutput));
    places.push_back({exists, place});
    Value factor = factors[index % kSums / 2];
    Value result = factor ? arith::MulFOp::create(b, sum, factor) : sum;
    results.push_back(result);
  }
  SmallVector<Value> initial;
  for (const Place &place : places)
    initial.push_back(memref::LoadOp::create(b, matmul.init, place.index));
  for (auto [i, each] : llvm::enumerate(places)) {
    const Place &place = each;
    Value result = arith::AddFOp::create(b, initial[i], results[i]);
    buildIf(b, place.exists, [&] {
      memref::StoreOp::create(b, result, matmul.result, place.index);
    });
  }
}

void WarpgroupKernel::storeSums(const ResultTile &tile, ArrayRef<Value> sums) {
  // As many at once as there are registers for.
  constexpr int64_t atOnce = 16;
  Value lastOutput = math.sub(matmul.sizes.outputs, math.constant(1));
  SmallVector<Value> factors;
  for (Value row : getRows())
    factors.push_back(weights.loadRowFactor(
        b, tile.batch, math.min(math.add(tile.output, row), lastOutput)));
  for (int64_t first = 0; first < mma.getNumSums(); first += atOnce)
    storeTokens(tile, first / kSums * kTokens, sums.slice(first, atOnce),
                factors);
}

Value quantx::buildWarpgroupMatmul(const MatmulKernelContext &context,
                                   const Matmul &matmul,
                                   const WarpgroupTiling &tiling) {
  KernelBuilder kernel(context.library, context.builder, context.op, kThreads);
  kernel.getKernel()->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                              context.builder.getI32IntegerAttr(1));
  WarpgroupKernel(kernel, matmul, tiling).build();
  return kernel.launch(
      countResultTiles(kernel, matmul, tiling.tokens, kOutputs))[0];
}
