//===- MatmulTensorCores.cpp - A matmul by matrix instructions ------------===//
//
// For each 16 outputs and 8 tokens a warp has the four sums of each lane in
// registers. Weights are the first operand of the instruction, which has more
// rows: with few tokens that is what fills it. They are decoded in registers,
// where they are multiplied, by each warp for all its tokens.
//
//===----------------------------------------------------------------------===//

#include "MatmulCodes.h"
#include "MatmulKernels.h"
#include "MatmulStages.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantx/Emit/PairCodes.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

namespace {

constexpr int64_t kLanes = 32;
/// What every chip lets a block have, and what it has without asking.
constexpr int64_t kMostShared = 99 * 1024, kMostStaticShared = 48 * 1024;
/// Outputs and tokens of a matrix instruction, and the sums of a lane.
constexpr int64_t kOutputs = 16, kTokens = 8, kSums = 4;

class TensorCoreKernel {
public:
  TensorCoreKernel(KernelBuilder &kernel, const Matmul &matmul,
                   const MatmulTiling &tiling)
      : kernel(kernel), b(kernel.getBody()), math(b), tiling(tiling),
        element(getMultipliedType(matmul)), matmul(kernel, matmul),
        places(*findScalePlaces(matmul, tiling.tokenTiles)),
        stages(findStages()), tokens(createTokens(stages)),
        weights(createWeights(stages)) {
    thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
    Value laneIndex = math.rem(thread, kLanes);
    warp = math.div(thread, kLanes);
    lane = {math.div(laneIndex, 4), math.rem(laneIndex, 4)};
    Value place = math.div(warp, tiling.sumWarps);
    sumWarp = math.rem(warp, tiling.sumWarps);
    output = math.mul(math.div(place, tiling.tokenWarps),
                      kOutputs * tiling.outputTiles);
    token = math.mul(math.rem(place, tiling.tokenWarps),
                     kTokens * tiling.tokenTiles);
    allocate();
  }

  void build() {
    buildResultTiles(b, matmul, tiling.getTokens(), tiling.getOutputs(),
                     [&](const ResultTile &tile) {
                       SmallVector<Value> sums = sumProducts(tile);
                       if (tiling.sumWarps > 1)
                         storeSharedSums(tile, sums);
                       else
                         storeSums(tile, sums);
                     });
  }

private:
  StageShape getShape(int64_t rows, int64_t numStages) const {
    return {rows, tiling.steps * tiling.sumWarps, numStages,
            tiling.getThreads(), findOrder()};
  }
  /// The order that suits codes, unless it is more work to give it to tokens.
  PairOrder findOrder() const {
    constexpr int64_t rowsInTile = 2;
    return tiling.tokenTiles <= rowsInTile * tiling.outputTiles
               ? findPairOrder(matmul.rhs.getType(), element)
               : PairOrder::Neighbours;
  }
  StagedOperand createTokens(int64_t numStages) const {
    return StagedOperand(matmul.lhs, element, places.lhs,
                         getShape(tiling.storedTokens, numStages));
  }
  StagedOperand createWeights(int64_t numStages) const {
    return StagedOperand(matmul.rhs, element, places.rhs,
                         getShape(tiling.getOutputs(), numStages));
  }
  /// The bytes of sums that warps share.
  int64_t getSumBytes() const {
    return tiling.sumWarps == 1 ? 0
                                : tiling.getThreads() * tiling.outputTiles *
                                      tiling.tokenTiles * kSums * 4;
  }
  int64_t getSharedBytes(int64_t numStages) const {
    return createTokens(numStages).getSharedBytes() +
           createWeights(numStages).getSharedBytes() + getSumBytes();
  }
  int64_t findStages() const {
    int64_t numStages = tiling.stages;
    while (numStages > 2 && getSharedBytes(numStages) > kMostShared)
      --numStages;
    return numStages;
  }

  void allocate();
  /// `sums` and the products of the stage in `slot`.
  void addStage(Value slot, SmallVectorImpl<Value> &sums);
  void addStep(Value slot, Value step, SmallVectorImpl<Value> &sums);
  /// What a lane has of a tile of 16 outputs: the words of its two rows, and
  /// the scales of their sums if there are any.
  struct WeightTile {
    SmallVector<SmallVector<Value>> words;
    SmallVector<Value> scales;
  };
  WeightTile readWeights(Value slot, Value step, int64_t index);
  /// The same of codes and scales, for which an instruction takes several
  /// steps.
  void addCodes(Value slot, Value step, SmallVectorImpl<Value> &sums);
  void fill(const ResultTile &tile, Value stage, Value slot);
  SmallVector<Value> sumProducts(const ResultTile &tile);
  SmallVector<Value> loadBlocks(const ResultTile &tile, Value stage);
  void storeBlocks(ValueRange words, Value slot);

  void storeSums(const ResultTile &tile, ArrayRef<Value> sums);
  void storeSharedSums(const ResultTile &tile, ArrayRef<Value> sums);
  void storeSum(const ResultTile &tile, Value tokenInTile, Value outputInTile,
                function_ref<Value()> getSum);

  KernelBuilder &kernel;
  ImplicitLocOpBuilder &b;
  IndexMath math;
  MatmulTiling tiling;
  Type element;
  KernelMatmul matmul;
  ScalePlaces places;
  int64_t stages;
  StagedOperand tokens, weights;
  /// Indices in the block of threads, and in the warp.
  Value thread, warp;
  LanePlace lane;
  /// Which of the warps that share a stage this is, and the first output and
  /// token of the warp in a tile.
  Value sumWarp, output, token;
  Value sharedSums;
};

} // namespace

void TensorCoreKernel::allocate() {
  int64_t size = getSharedBytes(stages);
  Attribute space =
      gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
  bool isStatic = size < kMostStaticShared;
  auto type =
      MemRefType::get(isStatic ? size : ShapedType::kDynamic, b.getI8Type(),
                      MemRefLayoutAttrInterface(), space);
  Value shared;
  if (isStatic) {
    shared = kernel.addWorkgroupBuffer(type);
    kernel.getKernel().setWorkgroupAttributionAttr(
        0, LLVM::LLVMDialect::getAlignAttrName(), b.getI64IntegerAttr(16));
  } else {
    shared = gpu::DynamicSharedMemoryOp::create(b, type);
    kernel.setDynamicSharedMemory(size);
  }
  tokens.allocate(b, shared, 0, thread);
  int64_t offset = tokens.getSharedBytes();
  weights.allocate(b, shared, offset, thread);
  offset += weights.getSharedBytes();
  if (int64_t bytes = getSumBytes()) {
    auto sums = MemRefType::get(bytes / 4, b.getF32Type(),
                                MemRefLayoutAttrInterface(), space);
    sharedSums = memref::ViewOp::create(b, sums, shared, math.constant(offset),
                                        ValueRange());
  }
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

TensorCoreKernel::WeightTile
TensorCoreKernel::readWeights(Value slot, Value step, int64_t index) {
  WeightTile tile;
  for (int64_t half : {int64_t(0), kOutputs / 2}) {
    Value row = math.add(math.add(output, index * kOutputs + half), lane.row);
    tile.words.push_back(weights.read(b, slot, row, step, lane));
    if (places.rhs == ScalePlace::BlockSums)
      tile.scales.push_back(weights.readScale(b, slot, row, step));
  }
  return tile;
}

// Weights are decoded once and stay; tokens, of which there are more, are read
// one tile at a time, so that few registers hold them.
void TensorCoreKernel::addStep(Value slot, Value step,
                               SmallVectorImpl<Value> &sums) {
  SmallVector<WeightTile> weightTiles;
  for (int64_t i = 0; i < tiling.outputTiles; ++i)
    weightTiles.push_back(readWeights(slot, step, i));
  Value tokenLane = math.rem(lane.row, std::min(tiling.storedTokens, kTokens));
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
  SmallVector<Value> zeros(kSums, zero);
  for (int64_t j = 0; j < tiling.tokenTiles; ++j) {
    Value row = math.add(math.add(token, j * kTokens), tokenLane);
    SmallVector<Value> tokenWords = tokens.read(b, slot, row, step, lane);
    for (auto [i, tile] : llvm::enumerate(weightTiles)) {
      MutableArrayRef<Value> all = MutableArrayRef(sums).slice(
          (i * tiling.tokenTiles + j) * kSums, kSums);
      bool scalesSums = !tile.scales.empty();
      SmallVector<Value> added =
          multiplyPairs(b, element, tile.words, tokenWords,
                        scalesSums ? ValueRange(zeros) : ValueRange(all));
      for (int64_t k = 0; k < kSums; ++k) {
        all[k] = scalesSums ? math::FmaOp::create(b, added[k],
                                                  tile.scales[k / 2], all[k])
                            : added[k];
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Products of codes
//===----------------------------------------------------------------------===//

// Of each four lanes the first has the scales of the tokens' row, the first two
// have those of the two rows of weights.
void TensorCoreKernel::addCodes(Value slot, Value step,
                                SmallVectorImpl<Value> &sums) {
  Value half = isPlanted(Mutant::MmaScaleOfOtherRow)
                   ? math.constant(0)
                   : math.mul(math.rem(lane.part, 2), kOutputs / 2);
  SmallVector<CodeTile> weightTiles;
  for (int64_t i = 0; i < tiling.outputTiles; ++i) {
    Value row = math.add(math.add(output, i * kOutputs), lane.row);
    weightTiles.push_back(readCodeTile(b, weights,
                                       {row, math.add(row, kOutputs / 2)},
                                       math.add(row, half), slot, step, lane));
  }
  Value tokenLane = math.rem(lane.row, std::min(tiling.storedTokens, kTokens));
  for (int64_t j = 0; j < tiling.tokenTiles; ++j) {
    Value row = math.add(math.add(token, j * kTokens), tokenLane);
    CodeTile tokenTile = readCodeTile(b, tokens, row, row, slot, step, lane);
    for (auto [i, weightTile] : llvm::enumerate(weightTiles)) {
      MutableArrayRef<Value> all = MutableArrayRef(sums).slice(
          (i * tiling.tokenTiles + j) * kSums, kSums);
      SmallVector<Value> added =
          multiplyCodes(b, {matmul.rhs.getType(), matmul.lhs.getType()},
                        {weightTile, tokenTile}, all);
      llvm::copy(added, all.begin());
    }
  }
}

void TensorCoreKernel::addStage(Value slot, SmallVectorImpl<Value> &sums) {
  int64_t stride = places.areCodes ? getCodeSteps(matmul.rhs.getType()) : 1;
  for (int64_t i = 0; i < tiling.steps; i += stride) {
    Value step = math.add(math.mul(sumWarp, tiling.steps), i);
    places.areCodes ? addCodes(slot, step, sums) : addStep(slot, step, sums);
  }
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

static OperandTile getTokenTile(const ResultTile &tile) {
  return {tile.batch, tile.token};
}
static OperandTile getWeightTile(const ResultTile &tile) {
  return {tile.batch, tile.output};
}

SmallVector<Value> TensorCoreKernel::loadBlocks(const ResultTile &tile,
                                                Value stage) {
  SmallVector<Value> words = tokens.loadBlocks(b, getTokenTile(tile), stage);
  llvm::append_range(words, weights.loadBlocks(b, getWeightTile(tile), stage));
  return words;
}

void TensorCoreKernel::storeBlocks(ValueRange words, Value slot) {
  int64_t first = tokens.getNumBlockWords();
  tokens.storeBlocks(b, words.take_front(first), slot);
  weights.storeBlocks(b, words.drop_front(first), slot);
}

void TensorCoreKernel::fill(const ResultTile &tile, Value stage, Value slot) {
  tokens.copy(b, getTokenTile(tile), stage, slot);
  weights.copy(b, getWeightTile(tile), stage, slot);
}

// While a stage is multiplied, copies to those after it are under way; what
// belongs to blocks is loaded before and stored after that. All warps are done
// with a stage at the next barrier, and its slot is the next one filled.
SmallVector<Value> TensorCoreKernel::sumProducts(const ResultTile &tile) {
  Value count = math.ceilDiv(matmul.sizes.sum,
                             tiling.steps * tiling.sumWarps * kStepSize);
  gpu::BarrierOp::create(b);
  buildLoop(b, math.constant(0), math.constant(stages - 1), math.constant(1),
            [&](Value stage) {
              buildIf(b, math.less(stage, count), [&] {
                fill(tile, stage, stage);
                storeBlocks(loadBlocks(tile, stage), stage);
              });
              NVVM::CpAsyncCommitGroupOp::create(b);
            });
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
  SmallVector<Value> initial(tiling.outputTiles * tiling.tokenTiles * kSums,
                             zero);
  initial.push_back(math.constant(0));
  auto loop =
      scf::ForOp::create(b, math.constant(0), count, math.constant(1), initial);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> sums(loop.getRegionIterArgs());
  Value slot = sums.pop_back_val();
  int64_t pending =
      isPlanted(Mutant::MatmulStageTooEarly) ? stages - 1 : stages - 2;
  NVVM::CpAsyncWaitGroupOp::create(b, int32_t(pending));
  gpu::BarrierOp::create(b);
  Value next = math.add(loop.getInductionVar(), stages - 1);
  Value exists = math.less(next, count);
  Value last = math.constant(stages - 1);
  Value nextSlot =
      math.select(math.equal(slot, 0), last, math.sub(slot, math.constant(1)));
  buildIf(b, exists, [&] { fill(tile, next, nextSlot); });
  NVVM::CpAsyncCommitGroupOp::create(b);
  Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
  int64_t numWords = tokens.getNumBlockWords() + weights.getNumBlockWords();
  SmallVector<Value> words = buildIfElse(
      b, exists, [&] { return loadBlocks(tile, next); },
      [&] { return SmallVector<Value>(numWords, none); });
  addStage(slot, sums);
  buildIf(b, exists, [&] { storeBlocks(words, nextSlot); });
  sums.push_back(math.select(math.equal(slot, stages - 1), math.constant(0),
                             math.add(slot, 1)));
  scf::YieldOp::create(b, sums);
  return SmallVector<Value>(loop.getResults().drop_back());
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

void TensorCoreKernel::storeSum(const ResultTile &tile, Value tokenInTile,
                                Value outputInTile,
                                function_ref<Value()> getSum) {
  Value row = math.add(tile.token, tokenInTile);
  Value column = math.add(tile.output, outputInTile);
  Value exists = math.logicalAnd(math.less(row, matmul.sizes.tokens),
                                 math.less(column, matmul.sizes.outputs));
  buildIf(b, exists, [&] {
    Value sum = getSum();
    for (Value factor : {weights.loadRowFactor(b, tile.batch, column),
                         tokens.loadRowFactor(b, tile.batch, row)})
      if (factor)
        sum = arith::MulFOp::create(b, sum, factor);
    matmul.store(b, tile.batch, row, column, sum);
  });
}

void TensorCoreKernel::storeSums(const ResultTile &tile, ArrayRef<Value> sums) {
  for (int64_t i = 0; i < tiling.outputTiles; ++i) {
    for (int64_t j = 0; j < tiling.tokenTiles; ++j) {
      for (int64_t k = 0; k < kSums; ++k) {
        Value row = math.add(math.add(token, j * kTokens + k % 2),
                             math.mul(lane.part, 2));
        Value column = math.add(
            math.add(output, i * kOutputs + k / 2 * (kOutputs / 2)), lane.row);
        storeSum(tile, row, column,
                 [&] { return sums[(i * tiling.tokenTiles + j) * kSums + k]; });
      }
    }
  }
}

// All warps have sums of the same results. Each writes its own, and then a
// thread adds up those of one result. The loop over stages begins with a
// barrier, so that nobody writes while others read.
void TensorCoreKernel::storeSharedSums(const ResultTile &tile,
                                       ArrayRef<Value> sums) {
  constexpr int64_t results = kOutputs * kTokens;
  for (int64_t k = 0; k < kSums; ++k) {
    Value row = math.add(math.mul(lane.part, 2), math.constant(k % 2));
    Value column = math.add(lane.row, k / 2 * (kOutputs / 2));
    Value place = math.add(math.mul(row, kOutputs), column);
    memref::StoreOp::create(b, sums[k], sharedSums,
                            math.add(math.mul(warp, results), place));
  }
  gpu::BarrierOp::create(b);
  buildShares(b, thread, tiling.getThreads(), results, [&](Value index) {
    storeSum(tile, math.div(index, kOutputs), math.rem(index, kOutputs), [&] {
      Value sum = memref::LoadOp::create(b, sharedSums, index);
      for (int64_t i = 1; i < tiling.getWarps(); ++i) {
        Value other =
            memref::LoadOp::create(b, sharedSums, math.add(index, i * results));
        sum = arith::AddFOp::create(b, sum, other);
      }
      return sum;
    });
  });
}

Value quantx::buildTensorCoreMatmul(const MatmulKernelContext &context,
                                    const Matmul &matmul,
                                    const MatmulTiling &tiling) {
  KernelBuilder kernel(context.library, context.builder, context.op,
                       tiling.getThreads());
  kernel.getKernel()->setAttr(
      NVVM::NVVMDialect::getMinctasmAttrName(),
      context.builder.getI32IntegerAttr(int32_t(tiling.blocks)));
  TensorCoreKernel(kernel, matmul, tiling).build();
  return kernel.launch(countResultTiles(kernel, matmul, tiling.getTokens(),
                                        tiling.getOutputs()))[0];
}
