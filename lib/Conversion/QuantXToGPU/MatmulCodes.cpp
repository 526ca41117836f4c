//===- MatmulCodes.cpp - Matrix instructions ------------------------------===//

#include "MatmulCodes.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// On pairs
//===----------------------------------------------------------------------===//

/// `sums` and the products of a matrix instruction on bf16 or f16.
static SmallVector<Value> multiplyAdd(ImplicitLocOpBuilder &b, Type element,
                                      ValueRange lhs, ValueRange rhs,
                                      ValueRange sums) {
  ElementwiseBuilder arith(b, b.getLoc());
  // bf16 are words, f16 are vectors.
  auto convert = [&](ValueRange words) {
    SmallVector<Value> operands(words);
    if (element.isF16())
      for (Value &word : operands)
        word = emitPairFromWord(arith, word, element);
    return operands;
  };
  auto type = LLVM::LLVMStructType::getLiteral(
      b.getContext(), SmallVector<Type>(sums.size(), b.getF32Type()));
  auto mmaType = element.isF16() ? NVVM::MMATypes::f16 : NVVM::MMATypes::bf16;
  Value result =
      NVVM::MmaOp::create(b, type, convert(lhs), convert(rhs), sums,
                          ArrayRef<int64_t>{16, 8, kStepSize / 2},
                          /*b1Op=*/std::nullopt, /*intOverflow=*/std::nullopt,
                          std::array<NVVM::MMATypes, 2>{mmaType, mmaType},
                          std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                                         NVVM::MMALayout::col});
  SmallVector<Value> added;
  for (size_t i = 0; i < sums.size(); ++i)
    added.push_back(LLVM::ExtractValueOp::create(b, result, int64_t(i)));
  return added;
}

SmallVector<Value>
quantx::multiplyPairs(ImplicitLocOpBuilder &b, Type element,
                      ArrayRef<SmallVector<Value>> weightWords,
                      ArrayRef<Value> tokenWords, ValueRange sums) {
  SmallVector<Value> added(sums);
  for (; !tokenWords.empty(); tokenWords = tokenWords.drop_front(4)) {
    for (int64_t half : {0, 2}) {
      SmallVector<Value> lhs;
      for (int64_t pair : {half, half + 1})
        for (const SmallVector<Value> &row : weightWords)
          lhs.push_back(row[pair]);
      added = multiplyAdd(b, element, lhs, tokenWords.slice(half, 2), added);
    }
  }
  return added;
}

//===----------------------------------------------------------------------===//
// On codes
//===----------------------------------------------------------------------===//

int64_t quantx::getCodeSteps(ScaledType type) {
  return type.getStorageBits() == 4 ? 2 : 1;
}

// A register has four codes of 8 bits or eight of 4, one of each row, and then
// the next of each. Inside of a block their order is free, and a lane takes
// neighbours; blocks follow on one another as steps do.
CodeTile quantx::readCodeTile(ImplicitLocOpBuilder &b,
                              const StagedOperand &operand, ValueRange rows,
                              Value scaleRow, Value slot, Value step,
                              LanePlace lane) {
  IndexMath math(b);
  int64_t steps = getCodeSteps(operand.getType());
  SmallVector<SmallVector<Value>> words;
  for (Value row : rows) {
    SmallVector<Value> &ofRow = words.emplace_back();
    for (int64_t i = 0; i < steps; ++i)
      llvm::append_range(
          ofRow, operand.readCodes(b, slot, row, math.add(step, i), lane));
  }
  CodeTile tile;
  for (size_t i = 0; i < words.front().size(); ++i)
    for (ArrayRef<Value> ofRow : words)
      tile.words.push_back(ofRow[i]);
  tile.scales = operand.readScaleCodes(b, slot, scaleRow, step, steps);
  return tile;
}

static NVVM::MMATypes getMmaType(ScaledType type) {
  Type storage = type.getStorageType();
  return isa<Float8E5M2Type>(storage)     ? NVVM::MMATypes::e5m2
         : isa<Float8E4M3FNType>(storage) ? NVVM::MMATypes::e4m3
                                          : NVVM::MMATypes::e2m1;
}

SmallVector<Value> quantx::multiplyCodes(ImplicitLocOpBuilder &b,
                                         std::array<ScaledType, 2> types,
                                         std::array<CodeTile, 2> tiles,
                                         ValueRange sums) {
  // Codes of 8 bits always have scales of E8M0, if only that of 1.
  bool isNarrow = types[0].getStorageBits() == 4;
  bool isE8M0 = !isNarrow || isa<Float8E8M0FNUType>(types[0].getScaleType());
  auto resultType = LLVM::LLVMStructType::getLiteral(
      b.getContext(), SmallVector<Type>(sums.size(), b.getF32Type()));
  Value zero = arith::ConstantOp::create(b, b.getI16IntegerAttr(0));
  int64_t shape[] = {16, 8, getCodeSteps(types[0]) * kStepSize};
  std::array<NVVM::MMATypes, 2> mmaTypes = {getMmaType(types[0]),
                                            getMmaType(types[1])};
  Value result = NVVM::MmaBlockScaleOp::create(
      b, resultType, tiles[0].words, tiles[1].words, sums, tiles[0].scales,
      zero, zero, tiles[1].scales, zero, zero, shape, mmaTypes,
      !isNarrow ? NVVM::ScaleVecSize::X1
      : isE8M0  ? NVVM::ScaleVecSize::X2
                : NVVM::ScaleVecSize::X4,
      isE8M0 ? NVVM::BlockScaleFormat::UE8M0 : NVVM::BlockScaleFormat::UE4M3,
      !isNarrow ? NVVM::MMABlockScaleKind::MXF8F6F4
      : isE8M0  ? NVVM::MMABlockScaleKind::MXF4
                : NVVM::MMABlockScaleKind::MXF4NVF4);
  SmallVector<Value> added;
  for (size_t i = 0; i < sums.size(); ++i)
    added.push_back(LLVM::ExtractValueOp::create(b, result, int64_t(i)));
  return added;
}
