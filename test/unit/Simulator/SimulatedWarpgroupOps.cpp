//===- SimulatedWarpgroupOps.cpp - wgmma as calls -------------------------===//
//
// Products are inline assembly, whose text is read here: instructions of wgmma,
// and predicates that they take.
//
//===----------------------------------------------------------------------===//

#include "HostCalls.h"
#include "SimulatedOps.h"
#include "SimulatedValues.h"
#include "SimulatedWarp.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/Support/Regex.h"

using namespace mlir;
using namespace quantx::test;

static SimulatedDevice &device() { return SimulatedDevice::get(); }

//===----------------------------------------------------------------------===//
// Instructions on registers
//===----------------------------------------------------------------------===//

namespace {

/// An operand of an instruction: a register by its number, or a constant.
struct Operand {
  bool isRegister;
  uint32_t value;
};

/// What one instruction does, given the registers of the lanes.
struct Instruction {
  enum Kind { Fence, Multiply, Commit, Wait } kind;
  const char *site;
  uint32_t pending = 0;
  bool isF16 = false;
  SmallVector<uint32_t> sums, words;
  uint32_t descriptor = 0;
  Operand adds{};
};

} // namespace

/// A lane's registers, 8 bytes each.
static uint64_t &getRegister(const WarpLane &lane, uint32_t number) {
  return static_cast<uint64_t *>(lane.output)[number];
}

static WarpRegisters gather(llvm::ArrayRef<WarpLane *> lanes,
                            llvm::ArrayRef<uint32_t> numbers) {
  WarpRegisters registers(uint32_t(numbers.size()));
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t i = 0; i < registers.count; ++i)
      registers.at(lane, i) = uint32_t(getRegister(*lanes[lane], numbers[i]));
  return registers;
}

static void scatter(const WarpRegisters &registers,
                    llvm::ArrayRef<WarpLane *> lanes,
                    llvm::ArrayRef<uint32_t> numbers) {
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t i = 0; i < registers.count; ++i)
      getRegister(*lanes[lane], numbers[i]) = registers.at(lane, i);
}

static std::string decode(const Instruction &instruction,
                          const uint64_t *registers,
                          WarpgroupProduct &product) {
  const Operand &adds = instruction.adds;
  product.site = instruction.site;
  product.isF16 = instruction.isF16;
  product.columns = uint32_t(instruction.sums.size()) * 2;
  product.adds =
      (adds.isRegister ? uint32_t(registers[adds.value]) : adds.value) != 0;
  return decodeWarpgroupDescriptor(
      registers[instruction.descriptor],
      reinterpret_cast<uintptr_t>(device().getWorkgroup(0)), product.b);
}

static std::string performMultiply(llvm::ArrayRef<WarpLane *> lanes,
                                   const Instruction &instruction,
                                   uint32_t warp) {
  WarpgroupProduct product;
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    WarpgroupProduct ofLane;
    std::string mistake =
        decode(instruction, &getRegister(*lanes[lane], 0), ofLane);
    if (!mistake.empty())
      return mistake;
    if (lane > 0 &&
        (ofLane.b.start != product.b.start || ofLane.adds != product.adds))
      return "multiplies something else in each lane";
    product = ofLane;
  }
  WarpRegisters sums = gather(lanes, instruction.sums);
  std::string mistake = device().getWarpgroups().begin(
      warp, product, gather(lanes, instruction.words), sums);
  scatter(sums, lanes, instruction.sums);
  return mistake;
}

static std::string perform(llvm::ArrayRef<WarpLane *> lanes) {
  const auto &instruction =
      *static_cast<const Instruction *>(lanes[0]->attributes);
  auto warp = uint32_t(*static_cast<const int64_t *>(lanes[0]->inputs[0]));
  Warpgroups &warpgroups = device().getWarpgroups();
  switch (instruction.kind) {
  case Instruction::Fence:
    warpgroups.fence(warp);
    return "";
  case Instruction::Multiply:
    return performMultiply(lanes, instruction, warp);
  case Instruction::Commit:
    return warpgroups.commit(warp);
  case Instruction::Wait:
    break;
  }
  std::string mistake = warpgroups.wait(warp, instruction.pending);
  WarpRegisters sums = gather(lanes, instruction.sums);
  warpgroups.take(warp, sums);
  scatter(sums, lanes, instruction.sums);
  return mistake;
}

/// The first thread of a warpgroup reads all of B.
static void checkReads(const Instruction *instruction,
                       const uint64_t *registers) {
  if (instruction->kind != Instruction::Multiply ||
      device().getLinearThread() % (4 * kLanes) != 0)
    return;
  WarpgroupProduct product;
  std::string mistake = decode(*instruction, registers, product);
  if (!mistake.empty())
    device().fail(mistake, instruction->site);
  constexpr uint32_t chunk = 16;
  for (uint32_t row = 0; row < product.columns; ++row)
    for (uint32_t offset = 0; offset < WarpgroupProduct::kRowBytes;
         offset += chunk)
      device().checkAsyncRead(product.b.locate(row, offset), chunk,
                              instruction->site);
}

static int64_t getWarp() { return device().getLinearThread() / kLanes; }

/// `registers` is where a lane has them.
static void createCall(ImplicitLocOpBuilder &b, Operation *op,
                       const Instruction &instruction, Value registers) {
  const Instruction *kept = keep(instruction);
  createHostCall(b, checkReads, Type(), {createAddress(b, kept), registers});
  Value warp = createHostCall(b, getWarp, b.getI64Type(), {});
  createWarpCall(b, op, {perform, kept, createI32(b, -1)},
                 createInSlot(b, warp, sizeof(int64_t)), registers);
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

namespace {

/// Reads instructions, one after the other.
class Reader {
public:
  Reader(Operation *op, uint32_t numResults) : op(op), numResults(numResults) {}

  /// None where it is a declaration, or sets a predicate.
  std::optional<Instruction> read(StringRef text);

private:
  Operand readOperand(StringRef text) const;
  SmallVector<uint32_t> readRegisters(StringRef list) const;
  std::optional<Instruction> readMultiply(StringRef text) const;

  Operation *op;
  uint32_t numResults;
  llvm::StringMap<Operand> predicates;
};

} // namespace

Operand Reader::readOperand(StringRef text) const {
  Operand operand{};
  text = text.trim();
  operand.isRegister = text.consume_front("$");
  if (text.getAsInteger(10, operand.value))
    reportUnknown(op, "an operand in its text is not known");
  return operand;
}

SmallVector<uint32_t> Reader::readRegisters(StringRef list) const {
  SmallVector<uint32_t> registers;
  for (StringRef text : llvm::split(list, ','))
    registers.push_back(readOperand(text).value);
  return registers;
}

std::optional<Instruction> Reader::readMultiply(StringRef text) const {
  static const llvm::Regex form(
      R"(^wgmma\.mma_async\.sync\.aligned\.m64n([0-9]+)k16\.f32\.(bf16|f16)\.)"
      R"((bf16|f16) *\{([^}]*)\}, *\{([^}]*)\}, *\$([0-9]+), *([a-z]+), )"
      R"(1, 1, 0$)");
  SmallVector<StringRef> parts;
  if (!form.match(text, &parts))
    return std::nullopt;
  Instruction instruction{Instruction::Multiply, getSite(op)};
  instruction.isF16 = parts[2] == "f16";
  instruction.sums = readRegisters(parts[4]);
  instruction.words = readRegisters(parts[5]);
  instruction.descriptor = readOperand(("$" + parts[6]).str()).value;
  auto predicate = predicates.find(parts[7]);
  uint32_t columns = 0;
  if (parts[2] != parts[3] || parts[1].getAsInteger(10, columns) ||
      columns % 8 != 0 || columns < 8 || columns > 256 ||
      instruction.sums.size() * 2 != columns || instruction.words.size() != 4 ||
      predicate == predicates.end())
    return std::nullopt;
  instruction.adds = predicate->second;
  return instruction;
}

std::optional<Instruction> Reader::read(StringRef text) {
  if (text.starts_with(".reg .pred "))
    return std::nullopt;
  if (text.consume_front("setp.ne.b32 ")) {
    auto [name, operands] = text.split(',');
    auto [value, zero] = operands.split(',');
    if (zero.trim() != "0")
      reportUnknown(op, "a predicate in its text is not known");
    predicates[name] = readOperand(value);
    return std::nullopt;
  }
  if (text == "wgmma.fence.sync.aligned")
    return Instruction{Instruction::Fence, getSite(op)};
  if (text == "wgmma.commit_group.sync.aligned")
    return Instruction{Instruction::Commit, getSite(op)};
  if (text.consume_front("wgmma.wait_group.sync.aligned ")) {
    Instruction wait{Instruction::Wait, getSite(op)};
    wait.pending = readOperand(text).value;
    for (uint32_t i = 0; i < numResults; ++i)
      wait.sums.push_back(i);
    return wait;
  }
  std::optional<Instruction> multiply = readMultiply(text);
  if (!multiply)
    reportUnknown(op, "an instruction in its text is not known");
  return multiply;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// Registers as the constraints say: results, and then operands, of which some
/// are in registers of results.
static Value createRegisters(ImplicitLocOpBuilder &b, LLVM::InlineAsmOp op,
                             uint32_t numResults) {
  constexpr int64_t bytes = sizeof(uint64_t);
  Value registers = createSlot(
      b, (numResults + int64_t(op.getOperands().size()) + 1) * bytes);
  SmallVector<StringRef> constraints;
  op.getConstraints().split(constraints, ',');
  for (auto [i, value] : llvm::enumerate(op.getOperands())) {
    createStore(b, value, registers, (numResults + int64_t(i)) * bytes);
    int64_t result = 0;
    if (!constraints[numResults + i].getAsInteger(10, result))
      createStore(b, value, registers, result * bytes);
  }
  return registers;
}

static void rewriteOp(LLVM::InlineAsmOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto type = dyn_cast_or_null<LLVM::LLVMStructType>(
      op.getNumResults() > 0 ? op.getResult(0).getType() : Type());
  uint32_t numResults = type ? uint32_t(type.getBody().size()) : 0;
  Value registers = createRegisters(b, op, numResults);
  Reader reader(op, numResults);
  StringRef text = op.getAsmString().trim();
  text.consume_front("{");
  text.consume_back("}");
  for (StringRef line : llvm::split(text, ';'))
    if (!line.trim().empty())
      if (std::optional<Instruction> instruction = reader.read(line.trim()))
        createCall(b, op, *instruction, registers);
  if (!type)
    return;
  Value result = LLVM::PoisonOp::create(b, type);
  for (uint32_t i = 0; i < numResults; ++i) {
    Value value = createLoad(b, type.getBody()[i], registers,
                             int64_t(i * sizeof(uint64_t)));
    result = LLVM::InsertValueOp::create(b, result, value,
                                         ArrayRef<int64_t>(int64_t(i)));
  }
  op->replaceAllUsesWith(ValueRange{result});
}

static void rewriteAlone(Operation *op, Instruction::Kind kind,
                         uint64_t pending = 0) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  Instruction instruction{kind, getSite(op)};
  instruction.pending = uint32_t(pending);
  createCall(b, op, instruction, createSlot(b, sizeof(uint64_t)));
}

bool quantx::test::isWarpgroupProduct(Operation *op) {
  auto assembly = dyn_cast<LLVM::InlineAsmOp>(op);
  return assembly && assembly.getAsmString().contains("wgmma.");
}

bool quantx::test::rewriteWarpgroupOp(Operation *op) {
  if (isWarpgroupProduct(op))
    rewriteOp(cast<LLVM::InlineAsmOp>(op));
  else if (isa<NVVM::WgmmaFenceAlignedOp>(op))
    rewriteAlone(op, Instruction::Fence);
  else if (isa<NVVM::WgmmaGroupSyncAlignedOp>(op))
    rewriteAlone(op, Instruction::Commit);
  else if (auto wait = dyn_cast<NVVM::WgmmaWaitGroupSyncOp>(op))
    rewriteAlone(op, Instruction::Wait, wait.getGroup());
  else
    return false;
  return true;
}
