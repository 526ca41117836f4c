//===- SimulatedGPU.cpp - Code for GPUs on a CPU --------------------------===//
//
// Written from the description of `cvt` in the PTX ISA 9.0; nothing here comes
// from our own tables and formulas.
//
//===----------------------------------------------------------------------===//

#include "SimulatedGPU.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace quantx::test;

//===----------------------------------------------------------------------===//
// What the instruction does with one element
//===----------------------------------------------------------------------===//

namespace {

struct SmallFormat {
  int exponentBits, mantissaBits, bias;
  uint32_t largest; ///< MAX_NORM
  bool hasNaN;

  uint32_t getSign() const { return 1u << (exponentBits + mantissaBits); }
};

constexpr SmallFormat e4m3{4, 3, 7, 0x7e, true};
constexpr SmallFormat e5m2{5, 2, 15, 0x7b, true};
constexpr SmallFormat e2m3{2, 3, 1, 0x1f, false};
constexpr SmallFormat e3m2{3, 2, 3, 0x1f, false};
constexpr SmallFormat e2m1{2, 1, 1, 0x07, false};

} // namespace

/// The value of the bits of a format with subnormals, taken as a number.
static double decodeNumber(uint32_t magnitude, int mantissaBits, int bias) {
  int exponent = int(magnitude >> mantissaBits);
  int mantissa = int(magnitude) & ((1 << mantissaBits) - 1);
  if (exponent == 0)
    return std::ldexp(mantissa, 1 - bias - mantissaBits);
  return std::ldexp(mantissa + (1 << mantissaBits),
                    exponent - bias - mantissaBits);
}

static double decodeF32(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

static double decodeF16(uint32_t bits) {
  double sign = (bits & 0x8000) ? -1 : 1;
  uint32_t magnitude = bits & 0x7fff;
  if (magnitude >= 0x7c00)
    return std::copysign(magnitude > 0x7c00 ? NAN : INFINITY, sign);
  return std::copysign(decodeNumber(magnitude, 10, 15), sign);
}

/// `cvt.rn.satfinite`.
static uint32_t roundToCode(double value, const SmallFormat &format,
                            uint32_t nan) {
  if (std::isnan(value))
    return format.hasNaN ? nan : format.largest;
  auto decode = [&](uint32_t code) {
    return decodeNumber(code, format.mantissaBits, format.bias);
  };
  uint32_t sign = std::signbit(value) ? format.getSign() : 0;
  double magnitude = std::fabs(value);
  uint32_t above = 0;
  while (above < format.largest && decode(above) < magnitude)
    ++above;
  if (above == 0 || magnitude >= decode(above))
    return above | sign;
  double toAbove = decode(above) - magnitude;
  double toBelow = magnitude - decode(above - 1);
  bool takesBelow =
      toBelow < toAbove || (toBelow == toAbove && (above - 1) % 2 == 0);
  return (takesBelow ? above - 1 : above) | sign;
}

/// `cvt.rn.f16x2`: the f16 equal to the value of `code`.
static uint32_t decodeToF16(uint32_t code, const SmallFormat &format,
                            uint32_t nan) {
  uint32_t magnitude = code & (format.getSign() - 1);
  uint32_t sign = (code & format.getSign()) ? 0x8000 : 0;
  bool hasInf = format.bias == 15;
  if (hasInf && magnitude == 0x7c)
    return 0x7c00 | sign;
  if (format.hasNaN && magnitude > format.largest)
    return nan;
  double value = decodeNumber(magnitude, format.mantissaBits, format.bias);
  uint32_t bits = 0;
  while (decodeNumber(bits, 10, 15) < value)
    ++bits;
  return bits | sign;
}

/// `cvt.rz.ue8m0x2` and `cvt.rp.ue8m0x2`.
static uint32_t roundToE8M0(double value, bool up) {
  if (std::isnan(value) || std::isinf(value))
    return 0xff;
  double magnitude = std::fabs(value);
  uint32_t code = 0;
  while (code < 0xff && std::ldexp(1, int(code) - 127) < magnitude)
    ++code;
  bool isBelow = std::ldexp(1, int(code) - 127) > magnitude;
  return code > 0 && isBelow && !up ? code - 1 : code;
}

/// `cvt.rn.bf16x2.ue8m0x2`.
static uint32_t decodeE8M0(uint32_t code, uint32_t nan) {
  if (code == 0xff)
    return nan;
  return code == 0 ? 0x0040 : code << 7;
}

//===----------------------------------------------------------------------===//
// What it does with two
//===----------------------------------------------------------------------===//

// Each takes its operands as bits; the upper half of the result is that of the
// first operand, or of its upper half.

using Function = uint32_t (*)(uint32_t, uint32_t);

/// One NaN for each type that `cvt` or arithmetic gives.
namespace {
struct CanonicalNaN {
  static constexpr uint32_t e4m3 = 0x7f, e5m2 = 0x7f, f16 = 0x7fff,
                            bf16 = 0x7fff, f32 = 0x7fffffff;
};
struct OtherNaN {
  static constexpr uint32_t e4m3 = 0xff, e5m2 = 0xfd, f16 = 0xfe01,
                            bf16 = 0xffc1, f32 = 0xffc00001;
};
} // namespace

template <typename NaN>
static uint32_t getNaN(const SmallFormat &format) {
  return &format == &e5m2 ? NaN::e5m2 : NaN::e4m3;
}

template <typename NaN, const SmallFormat &format>
static uint32_t encodeF32Pair(uint32_t a, uint32_t b) {
  unsigned width = &format == &e2m1 ? 4 : 8;
  uint32_t nan = getNaN<NaN>(format);
  return roundToCode(decodeF32(a), format, nan) << width |
         roundToCode(decodeF32(b), format, nan);
}

template <typename NaN, const SmallFormat &format>
static uint32_t encodeF16Pair(uint32_t a, uint32_t) {
  uint32_t nan = getNaN<NaN>(format);
  return roundToCode(decodeF16(a >> 16), format, nan) << 8 |
         roundToCode(decodeF16(a & 0xffff), format, nan);
}

template <typename NaN, const SmallFormat &format>
static uint32_t decodePair(uint32_t a, uint32_t) {
  unsigned width = &format == &e2m1 ? 4 : 8;
  return decodeToF16(a >> width, format, NaN::f16) << 16 |
         decodeToF16(a & ((1 << width) - 1), format, NaN::f16);
}

template <bool up>
static uint32_t encodeE8M0Pair(uint32_t a, uint32_t b) {
  return roundToE8M0(decodeF32(a), up) << 8 | roundToE8M0(decodeF32(b), up);
}

template <typename NaN>
static uint32_t decodeE8M0Pair(uint32_t a, uint32_t) {
  return decodeE8M0(a >> 8, NaN::bf16) << 16 | decodeE8M0(a & 0xff, NaN::bf16);
}

//===----------------------------------------------------------------------===//
// Which function an op calls
//===----------------------------------------------------------------------===//

template <typename NaN>
static Function getF8Function(NVVM::ConvertF32x2ToF8x2Op op) {
  Type type = op.getDstTy();
  if (isa<Float8E8M0FNUType>(type)) {
    if (op.getSat() != NVVM::SaturationMode::NONE)
      return nullptr;
    return op.getRnd() == NVVM::FPRoundingMode::RP ? encodeE8M0Pair<true>
                                                   : encodeE8M0Pair<false>;
  }
  return isa<Float8E4M3FNType>(type) ? encodeF32Pair<NaN, e4m3>
                                     : encodeF32Pair<NaN, e5m2>;
}

/// The function that does what `op` does; null for another op.
template <typename NaN>
static Function getFunction(Operation *op) {
  return llvm::TypeSwitch<Operation *, Function>(op)
      .Case(
          [](NVVM::ConvertF32x2ToF8x2Op op) { return getF8Function<NaN>(op); })
      .Case([](NVVM::ConvertF16x2ToF8x2Op op) -> Function {
        return isa<Float8E4M3FNType>(op.getDstTy()) ? encodeF16Pair<NaN, e4m3>
                                                    : encodeF16Pair<NaN, e5m2>;
      })
      .Case([](NVVM::ConvertF32x2ToF6x2Op op) -> Function {
        return isa<Float6E2M3FNType>(op.getDstTy()) ? encodeF32Pair<NaN, e2m3>
                                                    : encodeF32Pair<NaN, e3m2>;
      })
      .Case([](NVVM::ConvertF32x2ToF4x2Op) { return encodeF32Pair<NaN, e2m1>; })
      .Case([](NVVM::ConvertF8x2ToF16x2Op op) -> Function {
        return isa<Float8E4M3FNType>(op.getSrcType()) ? decodePair<NaN, e4m3>
                                                      : decodePair<NaN, e5m2>;
      })
      .Case([](NVVM::ConvertF6x2ToF16x2Op op) -> Function {
        return isa<Float6E2M3FNType>(op.getSrcType()) ? decodePair<NaN, e2m3>
                                                      : decodePair<NaN, e3m2>;
      })
      .Case([](NVVM::ConvertF4x2ToF16x2Op) { return decodePair<NaN, e2m1>; })
      .Case([](NVVM::ConvertF8x2ToBF16x2Op) { return decodeE8M0Pair<NaN>; })
      .Default(nullptr);
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

/// The integer type of as many bits.
static IntegerType getBitsType(Type type) {
  unsigned elements = 1;
  if (auto vector = dyn_cast<VectorType>(type))
    elements = vector.getNumElements();
  unsigned width = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  return IntegerType::get(type.getContext(), elements * width);
}

/// The bits of a value of up to 32.
static Value toI32(ImplicitLocOpBuilder &b, Value value) {
  Type bits = getBitsType(value.getType());
  if (isa<VectorType>(value.getType())) {
    value = vector::BitCastOp::create(b, VectorType::get(1, bits), value);
    value = vector::ExtractOp::create(b, value, int64_t(0));
  } else if (value.getType() != bits) {
    value = arith::BitcastOp::create(b, bits, value);
  }
  if (bits.isInteger(32))
    return value;
  return arith::ExtUIOp::create(b, b.getI32Type(), value);
}

static Value fromI32(ImplicitLocOpBuilder &b, Value value, Type type) {
  Type bits = getBitsType(type);
  if (!bits.isInteger(32))
    value = arith::TruncIOp::create(b, bits, value);
  if (type == bits)
    return value;
  Value vector =
      vector::FromElementsOp::create(b, VectorType::get(1, bits), value);
  return vector::BitCastOp::create(b, cast<VectorType>(type), vector);
}

static void replaceByCall(Operation *op, Function function) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(toI32(b, operand));
  while (operands.size() < 2)
    operands.push_back(arith::ConstantOp::create(b, b.getI32IntegerAttr(0)));
  Value address = LLVM::ConstantOp::create(
      b, b.getI64IntegerAttr(int64_t(reinterpret_cast<uintptr_t>(function))));
  Value pointer = LLVM::IntToPtrOp::create(
      b, LLVM::LLVMPointerType::get(b.getContext()), address);
  auto type = LLVM::LLVMFunctionType::get(b.getI32Type(),
                                          {b.getI32Type(), b.getI32Type()});
  operands.insert(operands.begin(), pointer);
  Value result = LLVM::CallOp::create(b, type, operands).getResult();
  op->replaceAllUsesWith(
      ValueRange{fromI32(b, result, op->getResult(0).getType())});
  op->erase();
}

/// `prmt` with a constant selector, as operations on bytes.
static void replacePermutation(NVVM::PermuteOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  std::optional<int64_t> selector =
      getConstantIntValue(OpFoldResult(op.getSelector()));
  if (op.getMode() != NVVM::PermuteMode::DEFAULT || !selector)
    return;
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(int32_t(value)));
  };
  Value result = constant(0);
  for (int64_t byte = 0; byte < 4; ++byte) {
    int64_t source = *selector >> (byte * 4) & 0xf;
    if (source >= 8) // The sign of a byte.
      return;
    Value word = source < 4 ? op.getLo() : op.getHi();
    Value taken = arith::AndIOp::create(
        b, arith::ShRUIOp::create(b, word, constant(source % 4 * 8)),
        constant(0xff));
    result = arith::OrIOp::create(
        b, result, arith::ShLIOp::create(b, taken, constant(byte * 8)));
  }
  op.replaceAllUsesWith(result);
  op.erase();
}

/// The same op on f32; upstream leaves this one.
static void widenFma(math::FmaOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Type wide = b.getF32Type();
  if (auto vector = dyn_cast<VectorType>(op.getType()))
    wide = vector.clone(wide);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(arith::ExtFOp::create(b, wide, operand));
  Value sum = math::FmaOp::create(b, operands[0], operands[1], operands[2]);
  op.replaceAllUsesWith(
      arith::TruncFOp::create(b, op.getType(), sum).getResult());
  op.erase();
}

/// Makes arithmetic on bf16 that of f32, rounded again, which has more than
/// twice the bits: a CPU without either would call functions of the compiler's
/// run time.
static void emulateBF16(ModuleOp module) {
  SmallVector<math::FmaOp> sums;
  module.walk([&](math::FmaOp op) {
    if (getElementTypeOrSelf(op.getType()).isBF16())
      sums.push_back(op);
  });
  llvm::for_each(sums, widenFma);
  PassManager passes(module.getContext());
  arith::ArithEmulateUnsupportedFloatsOptions arithmetic;
  arithmetic.sourceTypeStrs = {"bf16"};
  arithmetic.targetTypeStr = "f32";
  passes.addPass(arith::createArithEmulateUnsupportedFloats(arithmetic));
  math::MathExtendToSupportedTypesOptions functions;
  functions.extraTypeStrs = {"f16"};
  passes.addPass(math::createMathExtendToSupportedTypes(functions));
  arith::ArithExpandOpsPassOptions conversions;
  conversions.includeBf16 = true;
  passes.addPass(arith::createArithExpandOpsPass(conversions));
  // Values in between are not bf16 any more.
  passes.addPass(createCanonicalizerPass());
  if (failed(passes.run(module)))
    llvm::report_fatal_error("bf16 cannot be emulated");
}

static bool isArithmetic(Operation *op) {
  return isa<arith::ArithFastMathInterface>(op) && !isa<arith::SelectOp>(op) &&
         isa<FloatType>(getElementTypeOrSelf(op->getResult(0)));
}

/// Makes the NaN of an arithmetic result the GPU's.
template <typename NaN>
static void replaceNaN(Operation *op) {
  Value result = op->getResult(0);
  ImplicitLocOpBuilder b(op->getLoc(), op->getBlock(),
                         std::next(op->getIterator()));
  auto element = cast<FloatType>(getElementTypeOrSelf(result));
  // PTX leaves the NaN of f64 open; GPUs give this one.
  constexpr uint64_t f64NaN = 0xfff8000000000000;
  uint64_t bits = element.isF64()   ? f64NaN
                  : element.isF32() ? NaN::f32
                  : element.isF16() ? NaN::f16
                                    : NaN::bf16;
  TypedAttr value =
      b.getFloatAttr(element, APFloat(element.getFloatSemantics(),
                                      APInt(element.getWidth(), bits)));
  if (auto vector = dyn_cast<VectorType>(result.getType()))
    value = DenseElementsAttr::get(vector, value);
  Value nan = arith::ConstantOp::create(b, value);
  Value isNaN =
      arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, result, result);
  Value replaced = arith::SelectOp::create(b, isNaN, nan, result);
  llvm::SmallPtrSet<Operation *, 2> exceptions = {isNaN.getDefiningOp(),
                                                  replaced.getDefiningOp()};
  result.replaceAllUsesExcept(replaced, exceptions);
}

template <typename NaN>
static void simulate(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : ops) {
    if (Function function = getFunction<NaN>(op))
      replaceByCall(op, function);
    else if (auto permutation = dyn_cast<NVVM::PermuteOp>(op))
      replacePermutation(permutation);
    else if (op->getNumResults() == 1 && isArithmetic(op))
      replaceNaN<NaN>(op);
  }
}

void quantx::test::simulateGPU(ModuleOp module, NaNModel nan) {
  emulateBF16(module);
  if (nan == NaNModel::Canonical)
    simulate<CanonicalNaN>(module);
  else
    simulate<OtherNaN>(module);
}
