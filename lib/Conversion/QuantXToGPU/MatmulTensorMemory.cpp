//===- MatmulTensorMemory.cpp - A matmul by tcgen05 -----------------------===//
//
// A block of threads has a tile of 128 outputs by 128 tokens: each thread the
// sums of one output, in a lane of tensor memory. Codes go through shared
// memory as they are, in stages of 128 bytes of each row, which asynchronous
// copies fill ahead; scales in the order in which tensor memory takes them. One
// thread begins all products.
//
//===----------------------------------------------------------------------===//

#include "MatmulKernels.h"
#include "MatmulStages.h"
#include "TensorMemory.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantx/Emit/ElementwiseBuilder.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

namespace {

constexpr int64_t kThreads = 128, kLanes = 32;
/// Stages in shared memory, of which each has columns of tensor memory for its
/// scales; and the bytes of a row in one.
constexpr int64_t kStages = 3, kStageBytes = 128;
/// The products of a stage.
constexpr int64_t kProducts = kStageBytes / TensorMma::kRowBytes;
/// The columns of tensor memory, a power of two: the sums, and the scales.
constexpr int64_t kTensorColumns = 256;
/// What swizzled rows are aligned to, and the bytes of an mbarrier.
constexpr int64_t kAlignment = 1024, kBarrierBytes = 8;

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

/// The scales of the 128 rows of an operand in shared memory: tiles as in
/// #quantx.scale_layout<tile128x4>, of which a stage has one or several.
class StagedScales {
public:
  static constexpr int64_t kRows = 128, kColumns = 4;
  static constexpr int64_t kTileBytes = kRows * kColumns;

  StagedScales(const KernelOperand &operand, ScalePlace place, int64_t tiles)
      : operand(operand), place(place), tiles(tiles) {}

  int64_t getSharedBytes() const { return kStages * tiles * kTileBytes; }
  /// Takes its part of `shared`, bytes, from `offset` on.
  void allocate(ImplicitLocOpBuilder &b, Value shared, int64_t offset,
                Value threadIndex) {
    thread = threadIndex;
    auto type = MemRefType::get(
        getSharedBytes() / 4, b.getI32Type(), MemRefLayoutAttrInterface(),
        cast<MemRefType>(shared.getType()).getMemorySpace());
    words = memref::ViewOp::create(b, type, shared,
                                   IndexMath(b).constant(offset), ValueRange());
  }

  /// Puts the scales of `rows`, from the element `position` on, to `slot`: of
  /// one row for each thread. Where a row has no more, they are its last: codes
  /// of 0 are under these.
  void copy(ImplicitLocOpBuilder &b, const OperandTile &rows, Value position,
            Value slot) const;

private:
  /// Four scales, the first in the low byte.
  Value loadWord(ImplicitLocOpBuilder &b, const OperandRow &row,
                 Value position) const;

  const KernelOperand &operand;
  ScalePlace place;
  int64_t tiles;
  Value thread, words;
};

Value StagedScales::loadWord(ImplicitLocOpBuilder &b, const OperandRow &row,
                             Value position) const {
  IndexMath math(b);
  ElementwiseBuilder arith(b, b.getLoc());
  if (place != ScalePlace::Codes) {
    constexpr int64_t ones = E8M0Format::bias * 0x01010101;
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(int32_t(ones)));
  }
  Value word;
  for (int64_t i = 0; i < kColumns; ++i) {
    Value scale =
        operand
            .loadParameters(b, row,
                            math.add(position, i * operand.getBlockSize()))
            .scale;
    Value code = arith.zext(arith.bitcast(scale, b.getI8Type()), 32);
    word = word ? arith.bitOr(word, arith.shl(code, 8 * i)) : code;
  }
  return word;
}

void StagedScales::copy(ImplicitLocOpBuilder &b, const OperandTile &rows,
                        Value position, Value slot) const {
  IndexMath math(b);
  Value last = math.sub(operand.getNumRows(), math.constant(1));
  OperandRow row = operand.locate(math, rows.batch,
                                  math.min(math.add(rows.first, thread), last));
  constexpr int64_t strip = 32;
  bool isPlain = isPlanted(Mutant::TensorScalesInOrder);
  Value inTile = isPlain ? thread
                         : math.add(math.mul(math.rem(thread, strip), kColumns),
                                    math.div(thread, strip));
  for (int64_t tile = 0; tile < tiles; ++tile) {
    int64_t first = tile * kColumns * operand.getBlockSize();
    Value word = loadWord(b, row, math.add(position, first));
    Value start = math.mul(math.add(math.mul(slot, tiles), tile), kRows);
    memref::StoreOp::create(b, word, words, math.add(start, inTile));
  }
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

class TensorMemoryKernel {
public:
  TensorMemoryKernel(KernelBuilder &kernel, const Matmul &matmul)
      : kernel(kernel), b(kernel.getBody()), math(b),
        mma(matmul.rhs.type, matmul.lhs.type),
        scaleTiles(kProducts * mma.getScales() / StagedScales::kColumns),
        matmul(kernel, matmul),
        places(*findScalePlacesOfCodes(matmul, /*canMix=*/true)),
        tokens(createOperand(this->matmul.lhs, places.lhs)),
        weights(createOperand(this->matmul.rhs, places.rhs)),
        tokenScales(this->matmul.lhs, places.lhs, scaleTiles),
        weightScales(this->matmul.rhs, places.rhs, scaleTiles) {
    thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
    warp = math.div(thread, kLanes);
    allocateShared();
  }

  void build();

private:
  /// Only its codes are staged by it.
  StagedOperand createOperand(const KernelOperand &operand,
                              ScalePlace place) const {
    bool isRow = place == ScalePlace::RowSums;
    return StagedOperand(
        operand, b.getBF16Type(), isRow ? place : ScalePlace::None,
        {StagedScales::kRows, getStageSize() / kStepSize, kStages, kThreads,
         PairOrder::Neighbours,
         /*isSwizzled=*/true, mma.isPadded(operand.getType())});
  }
  /// The elements of a row in a stage.
  int64_t getStageSize() const { return kProducts * mma.getSize(); }

  void allocateShared();
  /// Tensor memory, and mbarriers.
  void allocateTensorMemory();
  void releaseTensorMemory();

  /// The products of a tile, with as many stages of others before as `stages`.
  void sumProducts(const ResultTile &tile, Value stages);
  void fill(const ResultTile &tile, Value stage, Value slot);
  /// Begins the products of the stage in `slot`.
  void multiply(Value slot, Value stage);
  /// Waits until those of the stage number `stage` of the block are done.
  void waitFor(Value stage);
  Value getBarrier(Value slot);
  void storeSums(const ResultTile &tile);

  /// An address of shared memory (i64) with `bytes` (index) added.
  Value addBytes(Value address, Value bytes) {
    return arith::AddIOp::create(
        b, address, arith::IndexCastOp::create(b, b.getI64Type(), bytes));
  }
  /// The address (i32) of a column of tensor memory.
  Value getColumn(Value column) {
    return arith::AddIOp::create(
        b, tensorMemory, arith::IndexCastOp::create(b, b.getI32Type(), column));
  }
  Value createIsFirst() { return math.equal(thread, 0); }

  KernelBuilder &kernel;
  ImplicitLocOpBuilder &b;
  IndexMath math;
  TensorMma mma;
  /// Of an operand in a stage.
  int64_t scaleTiles;
  KernelMatmul matmul;
  ScalePlaces places;
  StagedOperand tokens, weights;
  StagedScales tokenScales, weightScales;
  /// Indices in the block of threads.
  Value thread, warp;
  /// Addresses of shared memory (i64): of codes and scales, of weights and
  /// tokens; of the mbarriers; of the word that tells of tensor memory.
  std::array<Value, 2> codeAddresses, scaleAddresses;
  Value barriers, tensorMemorySlot;
  Value tensorMemoryWord;
  /// The address of tensor memory (i32).
  Value tensorMemory;
};

} // namespace

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void TensorMemoryKernel::allocateShared() {
  Attribute space =
      gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
  auto getType = [&](int64_t size, Type element) {
    return MemRefType::get(size, element, MemRefLayoutAttrInterface(), space);
  };
  constexpr int64_t wordBytes = 4;
  int64_t codeBytes = weights.getSharedBytes();
  int64_t scaleBytes = weightScales.getSharedBytes();
  int64_t size =
      2 * codeBytes + 2 * scaleBytes + kStages * kBarrierBytes + wordBytes;
  kernel.setDynamicSharedMemory(size + kAlignment);
  Value all = gpu::DynamicSharedMemoryOp::create(
      b, getType(ShapedType::kDynamic, b.getI8Type()));
  Value start = memref::ExtractAlignedPointerAsIndexOp::create(b, all);
  Value before =
      math.rem(math.sub(math.constant(kAlignment), math.rem(start, kAlignment)),
               kAlignment);
  Value shared = memref::ViewOp::create(b, getType(size, b.getI8Type()), all,
                                        before, ValueRange());
  Value base =
      arith::IndexCastOp::create(b, b.getI64Type(), math.add(start, before));
  int64_t offset = 0;
  auto take = [&](int64_t bytes) {
    Value address = addBytes(base, math.constant(offset));
    offset += bytes;
    return address;
  };
  weights.allocate(b, shared, offset, thread);
  codeAddresses[0] = take(codeBytes);
  tokens.allocate(b, shared, offset, thread);
  codeAddresses[1] = take(codeBytes);
  weightScales.allocate(b, shared, offset, thread);
  scaleAddresses[0] = take(scaleBytes);
  tokenScales.allocate(b, shared, offset, thread);
  scaleAddresses[1] = take(scaleBytes);
  barriers = take(kStages * kBarrierBytes);
  tensorMemoryWord =
      memref::ViewOp::create(b, getType(1, b.getI32Type()), shared,
                             math.constant(offset), ValueRange());
  tensorMemorySlot = take(wordBytes);
}

Value TensorMemoryKernel::getBarrier(Value slot) {
  return createSharedPointer(b,
                             addBytes(barriers, math.mul(slot, kBarrierBytes)));
}

// Another block may wait for columns until this one gives up the right to have
// more.
void TensorMemoryKernel::allocateTensorMemory() {
  auto createI32 = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(int32_t(value)));
  };
  buildIf(b, math.equal(warp, 0), [&] {
    NVVM::Tcgen05AllocOp::create(b, createSharedPointer(b, tensorMemorySlot),
                                 createI32(kTensorColumns),
                                 NVVM::CTAGroupKind::CTA_1);
    NVVM::Tcgen05RelinquishAllocPermitOp::create(b, NVVM::CTAGroupKind::CTA_1);
  });
  buildIf(b, createIsFirst(), [&] {
    for (int64_t slot = 0; slot < kStages; ++slot)
      NVVM::MBarrierInitOp::create(b, getBarrier(math.constant(slot)),
                                   createI32(1), /*predicate=*/Value());
    NVVM::FenceMbarrierInitOp::create(b);
  });
  createFenceBefore(b);
  gpu::BarrierOp::create(b);
  createFenceAfter(b);
  tensorMemory = memref::LoadOp::create(b, tensorMemoryWord, math.constant(0));
}

void TensorMemoryKernel::releaseTensorMemory() {
  gpu::BarrierOp::create(b);
  buildIf(b, math.equal(warp, 0), [&] {
    NVVM::Tcgen05DeallocOp::create(
        b, createTensorPointer(b, tensorMemory),
        arith::ConstantOp::create(b,
                                  b.getI32IntegerAttr(int32_t(kTensorColumns))),
        NVVM::CTAGroupKind::CTA_1);
  });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

void TensorMemoryKernel::fill(const ResultTile &tile, Value stage, Value slot) {
  OperandTile ofTokens = {tile.batch, tile.token};
  OperandTile ofWeights = {tile.batch, tile.output};
  tokens.copy(b, ofTokens, stage, slot);
  weights.copy(b, ofWeights, stage, slot);
  Value position = math.mul(stage, getStageSize());
  tokenScales.copy(b, ofTokens, position, slot);
  weightScales.copy(b, ofWeights, position, slot);
}

// Copies and products of one thread are in order, but not products and copies:
// so each slot has columns of its own for its scales.
void TensorMemoryKernel::multiply(Value slot, Value stage) {
  createFenceAfter(b);
  Value firstTile = math.mul(slot, scaleTiles);
  auto getScaleColumn = [&](int64_t operand, int64_t tile) {
    Value index =
        math.add(math.add(firstTile, tile), operand * kStages * scaleTiles);
    Value column =
        math.add(math.mul(index, kScaleColumns), TensorMma::kColumns);
    return createTensorPointer(b, getColumn(column));
  };
  for (int64_t operand : {0, 1})
    for (int64_t tile = 0; tile < scaleTiles; ++tile)
      createScaleCopy(b, getScaleColumn(operand, tile),
                      addBytes(scaleAddresses[operand],
                               math.mul(math.add(firstTile, tile),
                                        StagedScales::kTileBytes)));
  Value isLater = math.less(math.constant(0), stage);
  Value sums = createTensorPointer(b, tensorMemory);
  for (int64_t i = 0; i < kProducts; ++i) {
    Value start = math.add(math.mul(slot, StagedScales::kRows * kStageBytes),
                           i * TensorMma::kRowBytes);
    int64_t scale = i * mma.getScales();
    int64_t tile = scale / StagedScales::kColumns;
    Value adds =
        i == 0 ? isLater : arith::ConstantOp::create(b, b.getBoolAttr(true));
    mma.create(b, sums,
               {createMatrixDescriptor(b, addBytes(codeAddresses[0], start)),
                createMatrixDescriptor(b, addBytes(codeAddresses[1], start))},
               {getScaleColumn(0, tile), getScaleColumn(1, tile)},
               scale % StagedScales::kColumns, adds);
  }
  NVVM::Tcgen05CommitOp::create(b, getBarrier(slot), /*multicastMask=*/Value(),
                                NVVM::CTAGroupKind::CTA_1);
}

void TensorMemoryKernel::waitFor(Value stage) {
  Value parity = math.rem(math.div(stage, kStages), 2);
  createPhaseWait(b, getBarrier(math.rem(stage, kStages)),
                  arith::IndexCastOp::create(b, b.getI32Type(), parity));
}

// While a stage is multiplied, those after it are copied: the last of them to
// the slot of the stage before, whose products must be done. What threads write
// to shared memory is in another proxy than what tcgen05 reads there.
void TensorMemoryKernel::sumProducts(const ResultTile &tile, Value stages) {
  Value count = math.ceilDiv(matmul.sizes.sum, getStageSize());
  auto getSlot = [&](Value stage) {
    return math.rem(math.add(stages, stage), kStages);
  };
  auto fillIfExists = [&](Value stage, function_ref<void()> wait) {
    buildIf(b, math.less(stage, count), [&] {
      wait();
      fill(tile, stage, getSlot(stage));
    });
    NVVM::CpAsyncCommitGroupOp::create(b);
  };
  for (int64_t stage = 0; stage < kStages - 1; ++stage)
    fillIfExists(math.constant(stage), [] {});
  buildLoop(b, math.constant(0), count, math.constant(1), [&](Value stage) {
    NVVM::CpAsyncWaitGroupOp::create(b, int32_t(kStages - 2));
    createProxyFence(b);
    gpu::BarrierOp::create(b);
    buildIf(b, createIsFirst(), [&] { multiply(getSlot(stage), stage); });
    fillIfExists(math.add(stage, kStages - 1), [&] {
      if (isPlanted(Mutant::TensorStageTooEarly))
        return;
      buildIf(b, math.less(math.constant(0), stage), [&] {
        waitFor(math.sub(math.add(stages, stage), math.constant(1)));
      });
    });
  });
  buildIf(b, math.less(math.constant(0), count), [&] {
    waitFor(math.sub(math.add(stages, count), math.constant(1)));
  });
  createFenceAfter(b);
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

// A thread has the output of its lane, so that the threads of a warp write
// results that are side by side.
void TensorMemoryKernel::storeSums(const ResultTile &tile) {
  constexpr int64_t columns = 32;
  Value output = math.add(tile.output, thread);
  Value hasOutput = math.less(output, matmul.sizes.outputs);
  Value hasSums = math.less(math.constant(0), matmul.sizes.sum);
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
  // PTX ISA, "Tensor Memory Addressing": lanes are in the high half.
  constexpr int64_t laneUnit = int64_t(1) << 16;
  Value lane = math.mul(warp, kLanes * laneUnit);
  auto storeSum = [&](Value token, Value sum, Value factor) {
    buildIf(b, math.less(token, matmul.sizes.tokens), [&] {
      Value result = math.select(hasSums, sum, zero);
      for (Value other : {factor, tokens.loadRowFactor(b, tile.batch, token)})
        if (other)
          result = arith::MulFOp::create(b, result, other);
      matmul.store(b, tile.batch, token, output, result);
    });
  };
  auto storeSums = [&](Value first) {
    SmallVector<Value> sums =
        loadSums(b, getColumn(math.add(lane, first)), columns);
    buildIf(b, hasOutput, [&] {
      Value factor = weights.loadRowFactor(b, tile.batch, output);
      for (auto [i, sum] : llvm::enumerate(sums))
        storeSum(math.add(tile.token, math.add(first, int64_t(i))), sum,
                 factor);
    });
  };
  buildLoop(b, math.constant(0), math.constant(TensorMma::kColumns),
            math.constant(columns), storeSums);
  createFenceBefore(b);
}

void TensorMemoryKernel::build() {
  allocateTensorMemory();
  ResultTiles tiles(b, matmul, TensorMma::kColumns, TensorMma::kRows);
  Value count = math.ceilDiv(matmul.sizes.sum, getStageSize());
  Value first = gpu::BlockIdOp::create(b, gpu::Dimension::x);
  Value stride = gpu::GridDimOp::create(b, gpu::Dimension::x);
  auto loop =
      scf::ForOp::create(b, first, tiles.getCount(), stride, math.constant(0));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value stages = loop.getRegionIterArg(0);
    ResultTile tile = tiles.get(b, loop.getInductionVar());
    sumProducts(tile, stages);
    storeSums(tile);
    scf::YieldOp::create(b, math.add(stages, count));
  }
  releaseTensorMemory();
}

Value quantx::buildTensorMemoryMatmul(const MatmulKernelContext &context,
                                      const Matmul &matmul) {
  KernelBuilder kernel(context.library, context.builder, context.op, kThreads);
  // As many blocks of threads as a multiprocessor has tensor memory for.
  constexpr int32_t blocks = 512 / kTensorColumns;
  kernel.getKernel()->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                              context.builder.getI32IntegerAttr(blocks));
  TensorMemoryKernel(kernel, matmul).build();
  return kernel.launch(countResultTiles(kernel, matmul, TensorMma::kColumns,
                                        TensorMma::kRows))[0];
}
