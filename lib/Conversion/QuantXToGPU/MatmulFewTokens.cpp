//===- MatmulFewTokens.cpp - A matmul with few tokens ---------------------===//
//
// Weights, which are nearly all that is read, go from device memory to
// registers and nowhere in between: of each row a lane takes 16 bytes at once,
// its neighbours the next ones. Which elements of K that gives to a matrix
// instruction is no matter, as a lane takes the tokens' elements of the same
// places, from the first cache. Weights are the operand with 16 rows, tokens
// the one with 8: with fewer, some columns are those of the last token again,
// for nobody. The warps of a block share K, and add up in shared memory.
//
//===----------------------------------------------------------------------===//

#include "MatmulCodes.h"
#include "MatmulDirectLoads.h"
#include "MatmulKernels.h"
#include "MatmulStages.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

namespace {

constexpr int64_t kLanes = 32, kWarps = 4, kThreads = kLanes * kWarps;
/// A matrix instruction: outputs, tokens, and the sums of a lane.
constexpr int64_t kOutputs = 16, kTokens = 8, kSums = 4;
/// The elements of such a load, and of those of all lanes in a row: a chunk.
int64_t getLoadSize(ScaledType type) { return getDirectSize(type); }
int64_t getChunkSize(ScaledType type) {
  return kDirectParts * getLoadSize(type);
}

class FewTokensKernel {
public:
  FewTokensKernel(KernelBuilder &kernel, const Matmul &matmul, ScalePlace place,
                  FewTokensTiling tiling);

  void build();

private:
  int64_t getNumRows() const { return 2 * tiling.outputTiles; }
  int64_t getOutputs() const { return kOutputs * tiling.outputTiles; }
  int64_t getNumSums() const { return kSums * tiling.outputTiles; }
  int64_t getStepSize() const { return chunks * getChunkSize(type); }
  int64_t getBlockSize() const { return matmul.rhs.getBlockSize(); }
  /// The blocks whose parameters a lane loads for a row of a step.
  int64_t getBlocksInStep() const;
  Value findBlock(const LaneRow &row, Value step, int64_t index, Access access);

  void allocate(KernelBuilder &kernel);
  void locateRows(const ResultTile &tile);

  /// What a lane has of its rows of weights in a step, to go round a loop: of
  /// each row the words of codes, and the parameters of blocks as integers.
  SmallVector<Value> loadWeights(Value step, Access access);
  int64_t getRowValues() const {
    return chunks * kDirectBytes / 4 + getBlocksInStep() * getNumParameters();
  }
  int64_t getNumParameters() const { return 1 + type.hasZeroPoint(); }

  /// A row of a step: the words of codes; of each block the scale, a pair or
  /// f32, and the offset, where there are such.
  struct StepRow {
    SmallVector<Value> words, scales, offsets;
  };
  /// The rows in `loaded`, in units of `units` if `inUnits`.
  SmallVector<StepRow> prepareRows(ValueRange loaded, bool inUnits);
  StepRow prepareRow(ArrayRef<Value> values, bool inUnits);
  BlockParameters unpackParameters(ArrayRef<Value> values);
  /// Whether (i1) all lanes have scales that `units` takes.
  Value areScalesSmall(ValueRange loaded);
  /// The pairs of the eight weights in place number `index` of a row.
  SmallVector<Value> decode(const StepRow &row, int64_t index, bool inUnits);
  /// The eight elements of the token that go with these.
  SmallVector<Value> loadTokens(Value step, int64_t index, Access access);
  /// `sums` and those of block number `index`, `added`, times its scales.
  SmallVector<Value> scaleSums(int64_t index, ArrayRef<StepRow> rows,
                               ValueRange added, ValueRange sums);
  /// `sums` and the products of a step.
  SmallVector<Value> addRows(Value step, ArrayRef<StepRow> rows, bool inUnits,
                             Access access, ValueRange sums);
  SmallVector<Value> addStep(Value step, ValueRange loaded, Access access,
                             ValueRange sums);
  SmallVector<Value> sumWhole(Value count);
  SmallVector<Value> sumRest(Value begin, ValueRange sums);
  void storeSums(const ResultTile &tile, ValueRange sums);

  ImplicitLocOpBuilder &b;
  IndexMath math;
  Type element;
  KernelMatmul matmul;
  ScaledType type;
  ScalePlace place;
  FewTokensTiling tiling;
  /// Of the steps that are being built.
  int64_t chunks;
  PairUnits units;
  Value thread, warp;
  LanePlace lane;
  /// Bytes: 16 of each thread, and then the sums of warps.
  Value shared;
  DirectLoads loads;
  SmallVector<LaneRow> weights;
  LaneRow token;
};

} // namespace

FewTokensKernel::FewTokensKernel(KernelBuilder &kernel, const Matmul &matmul,
                                 ScalePlace place, FewTokensTiling tiling)
    : b(kernel.getBody()), math(b), element(getMultipliedType(matmul)),
      matmul(kernel, matmul), type(matmul.rhs.type), place(place),
      tiling(tiling), chunks(tiling.chunks),
      units(type, element, place == ScalePlace::Values) {
  thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  warp = math.div(thread, kLanes);
  Value inWarp = math.rem(thread, kLanes);
  lane = {math.div(inWarp, kDirectParts), math.rem(inWarp, kDirectParts)};
  allocate(kernel);
  loads = {thread, shared,
           buildAreAligned(b, {&this->matmul.lhs, &this->matmul.rhs})};
}

void FewTokensKernel::allocate(KernelBuilder &kernel) {
  int64_t sumBytes = kWarps * getOutputs() * kTokens * 4;
  auto space =
      gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
  shared = kernel.addWorkgroupBuffer(
      MemRefType::get(kThreads * kDirectBytes + sumBytes, b.getI8Type(),
                      MemRefLayoutAttrInterface(), space));
  kernel.getKernel().setWorkgroupAttributionAttr(
      0, LLVM::LLVMDialect::getAlignAttrName(),
      b.getI64IntegerAttr(kDirectBytes));
}

// Rows that do not exist are the last one. Where all exist, those of a lane are
// constant distances apart, for which one address is enough.
void FewTokensKernel::locateRows(const ResultTile &tile) {
  auto locate = [&](const KernelOperand &operand, Value index, int64_t units,
                    int64_t rowsInTile) {
    std::optional<int64_t> rows = getConstantIntValue(operand.getNumRows());
    if (!rows || *rows % rowsInTile != 0)
      index = math.min(index, math.sub(operand.getNumRows(), math.constant(1)));
    OperandRow row = operand.locate(math, tile.batch, index);
    return LaneRow{row, math.mul(lane.part, units)};
  };
  token = locate(matmul.lhs, math.add(tile.token, lane.row), getLoadSize(type),
                 kTokens);
  weights.clear();
  for (int64_t i = 0; i < getNumRows(); ++i) {
    Value inTile = math.add(lane.row, i * (kOutputs / 2));
    weights.push_back(locate(matmul.rhs, math.add(tile.output, inTile),
                             kDirectBytes, getOutputs()));
  }
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

// Blocks are those of each load of a lane, or those of all lanes in a chunk.
int64_t FewTokensKernel::getBlocksInStep() const {
  switch (place) {
  case ScalePlace::Values:
    return chunks * std::max<int64_t>(1, getLoadSize(type) / getBlockSize());
  case ScalePlace::BlockSums:
    return getBlockSize() % getStepSize() == 0 ? 1 : chunks;
  default:
    return type.hasZeroPoint();
  }
}

// A sum of the step's and the block's own place has no remainder to divide.
Value FewTokensKernel::findBlock(const LaneRow &row, Value step, int64_t index,
                                 Access access) {
  if (place == ScalePlace::RowSums)
    return row.row.block;
  int64_t block = getBlockSize(), size = getStepSize();
  int64_t perChunk = std::max<int64_t>(1, getBlocksInStep() / chunks);
  Value inStep = math.constant(index / perChunk * getChunkSize(type) +
                               index % perChunk * block);
  if (place == ScalePlace::Values)
    inStep = math.add(inStep, math.mul(lane.part, getLoadSize(type)));
  bool divides = size % block == 0 || block % size == 0;
  if (access == Access::Rest || !divides)
    return matmul.rhs.findBlock(math, row.row,
                                math.add(math.mul(step, size), inStep));
  Value first = block % size == 0 ? math.div(step, block / size)
                                  : math.mul(step, size / block);
  return math.add(math.add(row.row.block, math.div(inStep, block)), first);
}

/// The bits of a parameter as i32.
static Value packParameter(ElementwiseBuilder &arith, Value value) {
  unsigned bits = value.getType().getIntOrFloatBitWidth();
  Type integer = arith.getBuilder().getIntegerType(bits);
  return arith.zext(arith.bitcast(value, integer), 32);
}

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

SmallVector<Value> FewTokensKernel::loadWeights(Value step, Access access) {
  ElementwiseBuilder arith(b, b.getLoc());
  SmallVector<Value> values;
  for (const LaneRow &row : weights) {
    for (int64_t i = 0; i < chunks; ++i) {
      Value inRow = math.mul(math.add(math.mul(step, chunks), i),
                             kDirectParts * kDirectBytes);
      llvm::append_range(values, loads.load(b, matmul.rhs, row, inRow, access));
    }
    for (int64_t i = 0; i < getBlocksInStep(); ++i) {
      Value block = findBlock(row, step, i, access);
      for (Value value : matmul.rhs.loadBlock(b, block))
        values.push_back(packParameter(arith, value));
    }
  }
  return values;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

constexpr int64_t kGroup = kLaneElements;

BlockParameters FewTokensKernel::unpackParameters(ArrayRef<Value> values) {
  ElementwiseBuilder arith(b, b.getLoc());
  Type scale = type.getScaleType();
  BlockParameters parameters;
  parameters.scale = arith.bitcast(
      arith.trunc(values[0], scale.getIntOrFloatBitWidth()), scale);
  if (type.hasZeroPoint())
    parameters.zeroPoint = arith.trunc(values[1], 8);
  return parameters;
}

FewTokensKernel::StepRow FewTokensKernel::prepareRow(ArrayRef<Value> values,
                                                     bool inUnits) {
  ElementwiseBuilder arith(b, b.getLoc());
  int64_t numWords = chunks * kDirectBytes / 4;
  StepRow row;
  row.words = llvm::to_vector(values.take_front(numWords));
  SmallVector<Value> codes;
  for (int64_t i = 0; i < getBlocksInStep(); ++i) {
    BlockParameters parameters =
        unpackParameters(values.drop_front(numWords + i * getNumParameters()));
    BlockFactors factors = emitDequantizeFactors(arith, type, parameters);
    Value scale = arith.mul(factors.scale, getCodeUnit(type));
    codes.push_back(parameters.scale);
    row.scales.push_back(place == ScalePlace::Values
                             ? emitExactPair(arith, scale, element)
                             : scale);
    if (type.hasZeroPoint())
      row.offsets.push_back(units.emitOffset(arith, factors.zeroPoint));
  }
  if (inUnits && type.getFloatFormat() && place == ScalePlace::Values)
    row.scales = units.emitScales(arith, codes);
  if (row.offsets.empty())
    row.offsets.push_back(units.emitOffset(arith, {}));
  return row;
}

SmallVector<FewTokensKernel::StepRow>
FewTokensKernel::prepareRows(ValueRange loaded, bool inUnits) {
  SmallVector<Value> values(loaded);
  SmallVector<StepRow> rows;
  for (int64_t i = 0; i < getNumRows(); ++i)
    rows.push_back(prepareRow(
        ArrayRef(values).slice(i * getRowValues(), getRowValues()), inUnits));
  return rows;
}

// Scales of up to 1 have codes without the highest bit.
Value FewTokensKernel::areScalesSmall(ValueRange loaded) {
  ElementwiseBuilder arith(b, b.getLoc());
  int64_t numWords = chunks * kDirectBytes / 4;
  Value all = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
  for (int64_t row = 0; row < getNumRows(); ++row)
    for (int64_t i = 0; i < getBlocksInStep(); ++i)
      all = arith::OrIOp::create(
          b, all,
          loaded[row * getRowValues() + numWords + i * getNumParameters()]);
  Value areSmall = arith.equal(arith.bitAnd(all, 0x80), 0);
  Value lanes = arith::ConstantOp::create(b, b.getI32IntegerAttr(-1));
  return NVVM::VoteSyncOp::create(b, b.getI1Type(), lanes, areSmall,
                                  NVVM::VoteSyncKind::all);
}

SmallVector<Value> FewTokensKernel::decode(const StepRow &row, int64_t index,
                                           bool inUnits) {
  ElementwiseBuilder arith(b, b.getLoc());
  int64_t numWords = kGroup * int64_t(type.getStorageBits()) / 32;
  auto words = ArrayRef(row.words).slice(index * numWords, numWords);
  int64_t groups = int64_t(row.words.size()) / numWords;
  auto find = [&](ArrayRef<Value> values) {
    return values[index * int64_t(values.size()) / groups];
  };
  Value scale = place == ScalePlace::Values ? find(row.scales) : Value();
  Value offset = find(row.offsets);
  return inUnits ? units.decode(arith, words, offset, scale)
                 : emitDecodePairs(arith, type, words, element,
                                   units.getOrder(), offset, scale);
}

SmallVector<Value> FewTokensKernel::loadTokens(Value step, int64_t index,
                                               Access access) {
  ElementwiseBuilder arith(b, b.getLoc());
  int64_t inChunk = getLoadSize(type) / kGroup;
  Value inRow =
      math.add(math.mul(step, getStepSize()),
               index / inChunk * getChunkSize(type) + index % inChunk * kGroup);
  SmallVector<Value> words = loads.load(b, matmul.lhs, token, inRow, access);
  return isPlanted(Mutant::MatmulTokensInOrder)
             ? words
             : emitReorderPairs(arith, words, units.getOrder());
}

SmallVector<Value> FewTokensKernel::scaleSums(int64_t index,
                                              ArrayRef<StepRow> rows,
                                              ValueRange added,
                                              ValueRange sums) {
  SmallVector<Value> result;
  for (int64_t i = 0; i < getNumSums(); ++i)
    result.push_back(
        math::FmaOp::create(b, added[i], rows[i / 2].scales[index], sums[i]));
  return result;
}

SmallVector<Value> FewTokensKernel::addRows(Value step, ArrayRef<StepRow> rows,
                                            bool inUnits, Access access,
                                            ValueRange sums) {
  int64_t groups = chunks * getLoadSize(type) / kGroup;
  bool scalesSums = place == ScalePlace::BlockSums;
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
  SmallVector<Value> all(sums), zeros(getNumSums(), zero), added(zeros);
  for (int64_t i = 0; i < groups; ++i) {
    SmallVector<Value> tokenWords = loadTokens(step, i, access);
    for (int64_t tile = 0; tile < tiling.outputTiles; ++tile) {
      SmallVector<SmallVector<Value>> pairs;
      for (int64_t row : {2 * tile, 2 * tile + 1})
        pairs.push_back(decode(rows[row], i, inUnits));
      auto target =
          MutableArrayRef(scalesSums ? added : all).slice(tile * kSums, kSums);
      llvm::copy(multiplyPairs(b, element, pairs, tokenWords, target),
                 target.begin());
    }
    int64_t inBlock = scalesSums ? groups / getBlocksInStep() : groups + 1;
    if ((i + 1) % inBlock != 0)
      continue;
    all = scaleSums(i / inBlock, rows, added, all);
    added = zeros;
  }
  return all;
}

// Where scales are not small, or it is not worth asking, they are multiplied
// apart.
SmallVector<Value> FewTokensKernel::addStep(Value step, ValueRange loaded,
                                            Access access, ValueRange sums) {
  auto add = [&](bool inUnits) {
    return addRows(step, prepareRows(loaded, inUnits), inUnits, access, sums);
  };
  if (!units.needsSmallScales() || isPlanted(Mutant::MatmulLargeScales))
    return add(/*inUnits=*/true);
  if (access == Access::Rest)
    return add(/*inUnits=*/false);
  return buildIfElse(
      b, areScalesSmall(loaded), [&] { return add(/*inUnits=*/true); },
      [&] { return add(/*inUnits=*/false); });
}

// While a step is multiplied, the next one of the warp is on its way.
SmallVector<Value> FewTokensKernel::sumWhole(Value count) {
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
  Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
  auto loadIfThere = [&](Value step, ValueRange otherwise) {
    return buildIfElse(
        b, math.less(step, count),
        [&] { return loadWeights(step, Access::Whole); },
        [&] { return SmallVector<Value>(otherwise); });
  };
  SmallVector<Value> initial(getNumSums(), zero);
  SmallVector<Value> nothing(getNumRows() * getRowValues(), none);
  llvm::append_range(initial, loadIfThere(warp, nothing));
  auto loop =
      scf::ForOp::create(b, warp, count, math.constant(kWarps), initial);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value step = loop.getInductionVar();
  ValueRange carried = loop.getRegionIterArgs();
  ValueRange loaded = carried.drop_front(getNumSums());
  SmallVector<Value> next = loadIfThere(math.add(step, kWarps), loaded);
  SmallVector<Value> yielded =
      addStep(step, loaded, Access::Whole, carried.take_front(getNumSums()));
  llvm::append_range(yielded, next);
  scf::YieldOp::create(b, yielded);
  return SmallVector<Value>(loop.getResults().take_front(getNumSums()));
}

// In steps of one chunk, of which no row ends before: sums of elements that are
// not there would be multiplied by a scale.
SmallVector<Value> FewTokensKernel::sumRest(Value begin, ValueRange sums) {
  begin = math.mul(begin, chunks);
  chunks = 1;
  Value count = math.ceilDiv(matmul.sizes.sum, getStepSize());
  auto loop = scf::ForOp::create(b, math.add(begin, warp), count,
                                 math.constant(kWarps), sums);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value step = loop.getInductionVar();
  SmallVector<Value> loaded = loadWeights(step, Access::Rest);
  scf::YieldOp::create(
      b, addStep(step, loaded, Access::Rest, loop.getRegionIterArgs()));
  return llvm::to_vector_of<Value>(loop.getResults());
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

// Each warp writes its sums, and then a thread adds up those of one result. The
// first barrier is for who still reads those of the tile before.
void FewTokensKernel::storeSums(const ResultTile &tile, ValueRange sums) {
  int64_t outputs = getOutputs(), results = outputs * kTokens;
  auto type = MemRefType::get(
      kWarps * results, b.getF32Type(), MemRefLayoutAttrInterface(),
      cast<MemRefType>(shared.getType()).getMemorySpace());
  Value all = memref::ViewOp::create(
      b, type, shared, math.constant(kThreads * kDirectBytes), ValueRange());
  gpu::BarrierOp::create(b);
  for (int64_t i = 0; i < getNumSums(); ++i) {
    Value row = math.add(math.mul(lane.part, 2), i % 2);
    Value column = math.add(lane.row, i / 2 * (kOutputs / 2));
    Value place = math.add(math.mul(row, outputs), column);
    memref::StoreOp::create(b, sums[i], all,
                            math.add(math.mul(warp, results), place));
  }
  gpu::BarrierOp::create(b);
  buildShares(b, thread, kThreads, results, [&](Value index) {
    Value row = math.add(tile.token, math.div(index, outputs));
    Value column = math.add(tile.output, math.rem(index, outputs));
    Value exists = math.logicalAnd(math.less(row, matmul.sizes.tokens),
                                   math.less(column, matmul.sizes.outputs));
    buildIf(b, exists, [&] {
      Value sum = memref::LoadOp::create(b, all, index);
      for (int64_t i = 1; i < kWarps; ++i)
        sum = arith::AddFOp::create(
            b, sum,
            memref::LoadOp::create(b, all, math.add(index, i * results)));
      if (units.getUnit() != 1 && !isPlanted(Mutant::MatmulUnitKept))
        sum = ElementwiseBuilder(b, b.getLoc()).mul(sum, 1 / units.getUnit());
      if (Value factor =
              loadRowFactor(b, matmul.rhs, place, tile.batch, column))
        sum = arith::MulFOp::create(b, sum, factor);
      matmul.store(b, tile.batch, row, column, sum);
    });
  });
}

void FewTokensKernel::build() {
  buildResultTiles(
      b, matmul, kTokens, getOutputs(), [&](const ResultTile &tile) {
        locateRows(tile);
        Value none = math.constant(0);
        Value whole = math.select(
            loads.areAligned, math.div(matmul.sizes.sum, getStepSize()), none);
        storeSums(tile, sumRest(whole, sumWhole(whole)));
      });
}

Value quantx::buildFewTokensMatmul(const MatmulKernelContext &context,
                                   const Matmul &matmul,
                                   const FewTokensTiling &tiling) {
  KernelBuilder kernel(context.library, context.builder, context.op, kThreads);
  kernel.getKernel()->setAttr(
      NVVM::NVVMDialect::getMinctasmAttrName(),
      context.builder.getI32IntegerAttr(int32_t(tiling.blocks)));
  FewTokensKernel(kernel, matmul, *findFewTokensPlace(matmul), tiling).build();
  return kernel.launch(countResultTiles(kernel, matmul, kTokens,
                                        kOutputs * tiling.outputTiles))[0];
}
