//===- MatmulStages.cpp - Operands of matrix instructions -----------------===//

#include "MatmulStages.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

constexpr int64_t kChunkBytes = 16, kWordBytes = 4, kBankBytes = 128;

void quantx::buildShares(ImplicitLocOpBuilder &b, Value thread, int64_t threads,
                         int64_t count, function_ref<void(Value)> build) {
  IndexMath math(b);
  for (int64_t first = 0; first < count; first += threads) {
    Value index = math.add(thread, first);
    if (first + threads <= count) {
      build(index);
      continue;
    }
    buildIf(b, math.less(index, math.constant(count)), [&] { build(index); });
  }
}

/// The same over `rows` of `columns` each; `build` gets both indices. A thread
/// has one column in all of its rows wherever that is possible.
static void buildRowShares(ImplicitLocOpBuilder &b, Value thread,
                           int64_t threads, int64_t rows, int64_t columns,
                           function_ref<void(Value, Value)> build) {
  IndexMath math(b);
  if (threads % columns != 0) {
    buildShares(b, thread, threads, rows * columns, [&](Value index) {
      build(math.div(index, columns), math.rem(index, columns));
    });
    return;
  }
  Value column = math.rem(thread, columns);
  buildShares(b, math.div(thread, columns), threads / columns, rows,
              [&](Value row) { build(row, column); });
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

StagedOperand::StagedOperand(const KernelOperand &operand, Type element,
                             ScalePlace place, StageShape shape)
    : operand(operand), element(element), place(place), shape(shape) {}

unsigned StagedOperand::getBits() const {
  return getType() ? getType().getStorageBits()
                   : operand.getDataType().getIntOrFloatBitWidth();
}

int64_t StagedOperand::getSourceRowUnits() const {
  return shape.getSize() * getBits() / 8 / getUnitBytes();
}

int64_t StagedOperand::getRowUnits() const {
  return getSourceRowUnits() / getSourceChunkUnits() * getChunkUnits();
}

int64_t StagedOperand::getSourceChunkUnits() const {
  constexpr int64_t elements = 16;
  return shape.isPadded ? elements * getBits() / 8 / getUnitBytes()
                        : getChunkUnits();
}

int64_t StagedOperand::getBlocksInStep() const {
  int64_t block = operand.getBlockSize();
  return block == ScaledType::kWholeDimension
             ? 1
             : std::max<int64_t>(1, kStepSize / block);
}

int64_t StagedOperand::getSharedBytes() const {
  int64_t bytes = shape.rows * getRowUnits() * getUnitBytes();
  if (getType()) {
    bytes += getNumWordKinds() * getBlocksInStage() * shape.rows * kWordBytes;
  }
  return llvm::alignTo(shape.stages * bytes, kChunkBytes);
}

int64_t StagedOperand::getNumParts() const {
  return !getType() && operand.getDataType().isF32() ? 3 : 1;
}

int64_t StagedOperand::getNumBlockWords() const {
  if (!getType())
    return 0;
  return llvm::divideCeil(getBlocksInStage() * shape.rows, shape.threads) *
         getNumWordKinds();
}

void StagedOperand::allocate(ImplicitLocOpBuilder &b, Value shared,
                             int64_t offset, Value threadIndex) {
  IndexMath math(b);
  thread = threadIndex;
  Attribute space = cast<MemRefType>(shared.getType()).getMemorySpace();
  auto takeView = [&](int64_t size, Type type) -> Value {
    auto view = MemRefType::get(size, type, MemRefLayoutAttrInterface(), space);
    Value start = math.constant(offset);
    offset += size * int64_t(type.getIntOrFloatBitWidth() / 8);
    return memref::ViewOp::create(b, view, shared, start, ValueRange());
  };
  data = takeView(shape.stages * shape.rows * getRowUnits(),
                  operand.getDataType());
  if (getType() && getNumWordKinds()) {
    words = takeView(shape.stages * getNumWordKinds() * getBlocksInStage() *
                         shape.rows,
                     b.getI32Type());
  }
  Value start =
      memref::ExtractAlignedPointerAsIndexOp::create(b, operand.getData());
  Value rowBytes = math.mul(operand.getRowSize(math), getUnitBytes());
  isAligned = math.equal(math.rem(math.bitOr(start, rowBytes), kChunkBytes), 0);
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

// The banks of shared memory are 8 chunks. Lanes that read at the same time
// have 1, 2 or 4 chunks of a row, a group, in as many rows as fill the banks:
// these must have their groups in different places. f32 are read in two halves,
// every other chunk at a time.
Value StagedOperand::placeChunk(IndexMath math, Value row, Value chunk) const {
  constexpr int64_t banks = kBankBytes / kChunkBytes;
  // PTX ISA, "Shared Memory Layout and Swizzling": K-major, 128 bytes.
  if (shape.isSwizzled)
    return math.bitXor(chunk, math.rem(row, banks));
  int64_t group = getBits() == 32 || shape.isByPairs ? 1 : getBits() / 4;
  int64_t chunks = std::min(getChunksInRow(), banks);
  if (group >= chunks)
    return chunk;
  Value turn = math.rem(
      math.div(math.mul(row, getChunksInRow() >= banks ? banks : chunks),
               banks),
      chunks / group);
  return math.bitXor(chunk, math.mul(turn, group));
}

Value StagedOperand::getRowStart(IndexMath math, Value slot, Value row) const {
  return math.mul(math.add(math.mul(slot, shape.rows), row), getRowUnits());
}

// What a row does not have is filled with zeros.
StagedOperand::ChunkCopy
StagedOperand::locateChunk(IndexMath math, const OperandTile &tile, Value stage,
                           Value slot, Value row, Value chunk) const {
  Value inRow = math.add(math.mul(stage, getSourceRowUnits()),
                         math.mul(chunk, getSourceChunkUnits()));
  OperandRow start =
      operand.locate(math, tile.batch, math.add(tile.first, row));
  Value end = operand.getRowSize(math);
  Value left = math.sub(math.max(end, inRow), inRow);
  Value inSlot =
      math.mul(placeChunk(math, row, chunk), int64_t(getChunkUnits()));
  return {math.add(start.offset, inRow),
          math.min(left, math.constant(getSourceChunkUnits())),
          math.add(getRowStart(math, slot, row), inSlot)};
}

void StagedOperand::copyAtOnce(ImplicitLocOpBuilder &b,
                               const ChunkCopy &chunk) const {
  IndexMath math(b);
  // There are copies of 16, 8 and 4 bytes; 16 codes of 6 bits are 12.
  int64_t units = getSourceChunkUnits();
  int64_t piece = shape.isPadded && getBits() == 6 ? kWordBytes : units;
  for (int64_t first = 0; first < units; first += piece) {
    Value start = math.constant(first);
    Value count = math.min(math.sub(math.max(chunk.count, start), start),
                           math.constant(piece));
    nvgpu::DeviceAsyncCopyOp::create(
        b, nvgpu::DeviceAsyncTokenType::get(b.getContext()), data,
        math.add(chunk.destination, first), operand.getData(),
        math.add(chunk.source, first), b.getIndexAttr(piece),
        piece == units ? chunk.count : count,
        /*bypassL1=*/shape.isPadded ? UnitAttr() : b.getUnitAttr());
  }
}

void StagedOperand::copySlowly(ImplicitLocOpBuilder &b,
                               const ChunkCopy &chunk) const {
  IndexMath math(b);
  auto type = VectorType::get(getChunkUnits(), operand.getDataType());
  Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(type));
  vector::StoreOp::create(b, zeros, data, chunk.destination,
                          /*nontemporal=*/false, llvm::MaybeAlign(kChunkBytes));
  buildLoop(b, math.constant(0), chunk.count, math.constant(1), [&](Value i) {
    Value unit =
        memref::LoadOp::create(b, operand.getData(), math.add(chunk.source, i));
    memref::StoreOp::create(b, unit, data, math.add(chunk.destination, i));
  });
}

// Rows that do not exist are what is in memory: so are the results that they
// make, which nobody reads. Copies follow on one another in one branch.
void StagedOperand::copy(ImplicitLocOpBuilder &b, const OperandTile &tile,
                         Value stage, Value slot) const {
  IndexMath math(b);
  using Copy =
      void (StagedOperand::*)(ImplicitLocOpBuilder &, const ChunkCopy &) const;
  auto copyShares = [&](Copy copyChunk) {
    buildRowShares(b, thread, shape.threads, shape.rows, getChunksInRow(),
                   [&](Value row, Value chunk) {
                     Value exists = math.less(math.add(tile.first, row),
                                              operand.getNumRows());
                     buildIf(b, exists, [&] {
                       (this->*copyChunk)(
                           b, locateChunk(math, tile, stage, slot, row, chunk));
                     });
                   });
  };
  buildIf(
      b, isAligned, [&] { copyShares(&StagedOperand::copyAtOnce); },
      [&] { copyShares(&StagedOperand::copySlowly); });
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

// What is beyond the end is of the last row, for nobody.
void StagedOperand::visitBlocks(
    ImplicitLocOpBuilder &b, const OperandTile &tile, Value stage,
    function_ref<void(const OperandRow &, Value)> visit) const {
  if (getNumBlockWords() == 0)
    return;
  IndexMath math(b);
  int64_t blocks = getBlocksInStage();
  int64_t blockSize = kStepSize / getBlocksInStep();
  Value lastRow = math.sub(operand.getNumRows(), math.constant(1));
  for (int64_t first = 0; first < blocks * shape.rows; first += shape.threads) {
    Value index = math.add(thread, first);
    Value row =
        math.min(math.add(tile.first, math.div(index, blocks)), lastRow);
    visit(operand.locate(math, tile.batch, row),
          math.add(math.mul(stage, shape.getSize()),
                   math.mul(math.rem(index, blocks), blockSize)));
  }
}

SmallVector<Value> StagedOperand::loadBlocks(ImplicitLocOpBuilder &b,
                                             const OperandTile &tile,
                                             Value stage) const {
  SmallVector<Value> result;
  visitBlocks(b, tile, stage, [&](const OperandRow &row, Value position) {
    llvm::append_range(
        result, makeBlockWords(b, getType(), element, place,
                               operand.loadParameters(b, row, position)));
  });
  return result;
}

SmallVector<Value> StagedOperand::loadParameters(ImplicitLocOpBuilder &b,
                                                 const OperandTile &tile,
                                                 Value stage) const {
  SmallVector<Value> result;
  visitBlocks(b, tile, stage, [&](const OperandRow &row, Value position) {
    Value block = operand.findBlock(IndexMath(b), row, position);
    llvm::append_range(result, operand.loadBlock(b, block));
  });
  return result;
}

void StagedOperand::storeParameters(ImplicitLocOpBuilder &b, ValueRange loaded,
                                    Value slot) const {
  SmallVector<Value> made;
  bool hasZeroPoint = hasOffsetWords();
  for (; !loaded.empty(); loaded = loaded.drop_front(1 + hasZeroPoint)) {
    BlockParameters parameters;
    parameters.scale = loaded[0];
    if (hasZeroPoint)
      parameters.zeroPoint = loaded[1];
    llvm::append_range(
        made, makeBlockWords(b, getType(), element, place, parameters));
  }
  storeBlocks(b, made, slot);
}

void StagedOperand::storeBlocks(ImplicitLocOpBuilder &b, ValueRange loaded,
                                Value slot) const {
  if (getNumBlockWords() == 0)
    return;
  IndexMath math(b);
  int64_t blocks = getBlocksInStage(), kinds = getNumWordKinds();
  Value start = math.mul(slot, kinds * blocks * shape.rows);
  int64_t next = 0;
  buildShares(b, thread, shape.threads, blocks * shape.rows, [&](Value index) {
    Value row = math.div(index, blocks), block = math.rem(index, blocks);
    for (int64_t kind = 0; kind < kinds; ++kind) {
      Value place =
          math.add(math.mul(math.add(block, kind * blocks), shape.rows), row);
      memref::StoreOp::create(b, loaded[next++], words, math.add(start, place));
    }
  });
}

Value StagedOperand::readBlockWord(ImplicitLocOpBuilder &b, Value slot,
                                   int64_t kind, Value row, Value step,
                                   Value part) const {
  IndexMath math(b);
  int64_t inStep = getBlocksInStep();
  Value block = math.mul(step, inStep);
  if (inStep > 1) {
    constexpr int64_t parts = kStepSize / kLaneElements;
    block = math.add(block, math.div(part, parts / inStep));
  }
  int64_t blocks = getBlocksInStage();
  block = math.add(block, kind * blocks);
  Value start = math.mul(slot, getNumWordKinds() * blocks * shape.rows);
  Value index = math.add(math.add(start, math.mul(block, shape.rows)), row);
  return memref::LoadOp::create(b, words, index);
}

//===----------------------------------------------------------------------===//
// Reads
//===----------------------------------------------------------------------===//

SmallVector<Value> StagedOperand::loadWords(ImplicitLocOpBuilder &b,
                                            Value index, int64_t bytes) const {
  auto type = VectorType::get(bytes / getUnitBytes(), operand.getDataType());
  Value loaded =
      vector::LoadOp::create(b, type, data, index,
                             /*nontemporal=*/false, llvm::MaybeAlign(bytes));
  loaded = vector::BitCastOp::create(
      b, VectorType::get(bytes / kWordBytes, b.getI32Type()), loaded);
  SmallVector<Value> result;
  for (int64_t i = 0; i < bytes / kWordBytes; ++i)
    result.push_back(vector::ExtractOp::create(b, loaded, i));
  return result;
}

SmallVector<Value> StagedOperand::readCodes(ImplicitLocOpBuilder &b, Value slot,
                                            Value row, Value step,
                                            LanePlace lane) const {
  IndexMath math(b);
  int64_t laneBytes = kLaneElements * getBits() / 8;
  Value start = getRowStart(math, slot, row);
  SmallVector<Value> loaded;
  for (int64_t offset = 0; offset < laneBytes; offset += kChunkBytes) {
    Value byte = math.add(math.mul(step, kStepSize * getBits() / 8),
                          math.add(math.mul(lane.part, laneBytes), offset));
    Value chunk = placeChunk(math, row, math.div(byte, kChunkBytes));
    Value inChunk = math.div(math.rem(byte, kChunkBytes), getUnitBytes());
    Value index = math.add(math.mul(chunk, getChunkUnits()), inChunk);
    llvm::append_range(loaded, loadWords(b, math.add(start, index),
                                         std::min(laneBytes, kChunkBytes)));
  }
  return loaded;
}

Value StagedOperand::readScaleCodes(ImplicitLocOpBuilder &b, Value slot,
                                    Value row, Value step,
                                    int64_t steps) const {
  IndexMath math(b);
  ElementwiseBuilder arith(b, b.getLoc());
  if (place != ScalePlace::Codes)
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(E8M0Format::bias));
  constexpr int64_t parts = kStepSize / kLaneElements;
  int64_t inStep = getBlocksInStep();
  Value result;
  for (int64_t i = 0; i < steps * inStep; ++i) {
    Value part = math.constant(i % inStep * (parts / inStep));
    Value code =
        readBlockWord(b, slot, 0, row, math.add(step, i / inStep), part);
    result = result ? arith.bitOr(result, arith.shl(code, 8 * i)) : code;
  }
  return result;
}

SmallVector<Value> StagedOperand::read(ImplicitLocOpBuilder &b, Value slot,
                                       Value row, Value step,
                                       LanePlace lane) const {
  ElementwiseBuilder arith(b, b.getLoc());
  if (shape.isByPairs)
    return readByPairs(b, slot, row, step, lane);
  SmallVector<Value> loaded = readCodes(b, slot, row, step, lane);
  if (!getType()) {
    if (getNumParts() == 1)
      return isPlanted(Mutant::MatmulTokensInOrder)
                 ? loaded
                 : emitReorderPairs(arith, loaded, shape.order);
    for (Value &word : loaded)
      word = arith.asF32(word);
    return emitSplitToPairs(arith, loaded, shape.order);
  }
  Value scale, offset = emitPairOffset(arith, getType(), element, {});
  if (hasOffsetWords()) {
    offset =
        readBlockWord(b, slot, int64_t(hasScaleWords()), row, step, lane.part);
  }
  if (place == ScalePlace::Values) {
    scale = emitPairFromWord(
        arith, readBlockWord(b, slot, 0, row, step, lane.part), element);
  }
  if (findPairOrder(getType(), element) == shape.order)
    return emitDecodePairs(arith, getType(), loaded, element, shape.order,
                           offset, scale);
  SmallVector<Value> pairs = emitDecodePairs(
      arith, getType(), loaded, element, PairOrder::Neighbours, offset, scale);
  return emitReorderPairs(arith, pairs, shape.order);
}

// A pair of codes is a byte or half a word of each eight: four of those, of 4
// words or of every other one, are put together.
SmallVector<Value> StagedOperand::gatherCodes(ImplicitLocOpBuilder &b,
                                              Value slot, Value row, Value step,
                                              LanePlace lane) const {
  IndexMath math(b);
  ElementwiseBuilder arith(b, b.getLoc());
  Value start = getRowStart(math, slot, row);
  Value part = arith::IndexCastOp::create(b, b.getI32Type(), lane.part);
  auto load = [&](Value chunk, Value byte, int64_t bytes) {
    Value index = math.mul(placeChunk(math, row, chunk), getChunkUnits());
    return loadWords(b, math.add(math.add(start, index), byte), bytes);
  };
  auto permute = [&](Value low, Value high, Value selector) -> Value {
    return NVVM::PermuteOp::create(b, b.getI32Type(), low, high, selector,
                                   NVVM::PermuteMode::DEFAULT);
  };
  if (getBits() == 4) {
    SmallVector<Value> words = load(step, math.constant(0), kChunkBytes);
    // Byte `part` of both words, in the low half.
    Value selector = arith.add(arith.mul(part, arith.i32(0x11, part)), 0x40);
    return {emitPermuteBytes(arith, permute(words[0], words[1], selector),
                             permute(words[2], words[3], selector),
                             {0, 1, 4, 5})};
  }
  SmallVector<Value> words;
  Value half = math.mul(math.div(lane.part, 2), kWordBytes);
  for (int64_t eight = 0; eight < 4; ++eight)
    words.push_back(load(math.add(math.mul(step, 2), eight / 2),
                         math.add(half, eight % 2 * 8), kWordBytes)[0]);
  // The lower or the upper halves of both words.
  Value isOdd = arith.bitAnd(part, 1);
  Value selector = arith.add(arith.mul(isOdd, arith.i32(0x2222, part)), 0x5410);
  return {permute(words[0], words[1], selector),
          permute(words[2], words[3], selector)};
}

SmallVector<Value> StagedOperand::readByPairs(ImplicitLocOpBuilder &b,
                                              Value slot, Value row, Value step,
                                              LanePlace lane) const {
  ElementwiseBuilder arith(b, b.getLoc());
  IndexMath math(b);
  Value offset = emitPairOffset(arith, getType(), element, {});
  if (hasOffsetWords())
    offset = readBlockWord(b, slot, int64_t(hasScaleWords()), row, step,
                           math.constant(0));
  SmallVector<Value> pairs =
      emitDecodePairs(arith, getType(), gatherCodes(b, slot, row, step, lane),
                      element, PairOrder::Neighbours, offset, /*scale=*/{});
  if (place != ScalePlace::Values)
    return pairs;
  for (auto [eight, pair] : llvm::enumerate(pairs)) {
    Value scale =
        readBlockWord(b, slot, 0, row, step, math.constant(int64_t(eight)));
    pair = emitWordFromPair(
        arith, emitMultiplyPairs(arith, emitPairFromWord(arith, pair, element),
                                 emitPairFromWord(arith, scale, element)));
  }
  return pairs;
}

Value StagedOperand::readScale(ImplicitLocOpBuilder &b, Value slot, Value row,
                               Value step) const {
  ElementwiseBuilder arith(b, b.getLoc());
  return arith.asF32(readBlockWord(b, slot, 0, row, step, {}));
}
