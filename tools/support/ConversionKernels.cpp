//===- ConversionKernels.cpp - Conversions as compiled loops --------------===//

#include "ConversionKernels.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/VectorPacking.h"
#include "quantx/Target/NarrowFloats/FloatCodecs.h"

using namespace mlir;
using namespace quantx;

using Direction = ConversionSpec::Direction;

//===----------------------------------------------------------------------===//
// Specs
//===----------------------------------------------------------------------===//

static bool isE8M0(const ConversionSpec &spec) {
  return spec.format == E8M0Format::name;
}

static bool isStochastic(const ConversionSpec &spec) {
  return spec.direction == Direction::Encode &&
         spec.rounding == RoundingMode::Stochastic;
}

unsigned ConversionSpec::getCodeBits() const {
  const FloatFormat *row = lookupFloatFormat(format);
  return isPacked && row ? row->bits : 8;
}

static StringRef printType(WideType type) {
  switch (type) {
  case WideType::F32:
    return "f32";
  case WideType::F16:
    return "f16";
  case WideType::BF16:
    return "bf16";
  }
  llvm_unreachable("unknown type");
}

static StringRef printMode(RoundingMode mode) {
  switch (mode) {
  case RoundingMode::NearestEven:
    return "nearest_even";
  case RoundingMode::NearestTowardZero:
    return "nearest_toward_zero";
  case RoundingMode::Stochastic:
    return "stochastic";
  case RoundingMode::NearestAway:
    return "nearest_away";
  case RoundingMode::TowardZero:
    return "toward_zero";
  case RoundingMode::Upward:
    return "upward";
  case RoundingMode::Downward:
    return "downward";
  }
  llvm_unreachable("unknown rounding mode");
}

std::string ConversionSpec::print() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (direction == Direction::Encode) {
    os << "encode " << format << " from " << printType(wide) << ", "
       << printMode(rounding) << ", "
       << (saturate ? "saturating" : "not saturating");
  } else {
    os << "decode " << format << " to " << printType(wide);
  }
  os << (isPacked ? ", packed, " : ", ") << target;
  if (vectorSize == 0)
    os << ", scalars";
  else
    os << ", vectors of " << vectorSize;
  return text;
}

static llvm::Error checkSpec(const ConversionSpec &spec) {
  auto fail = [&](const Twine &reason) {
    return llvm::createStringError(spec.print() + ": " + reason);
  };
  if (!isE8M0(spec) && !lookupFloatFormat(spec.format))
    return fail("unknown format");
  bool hasMode = spec.rounding != RoundingMode::NearestTowardZero &&
                 spec.rounding != RoundingMode::Stochastic;
  if (isE8M0(spec) && spec.direction == Direction::Encode && !hasMode)
    return fail("f8E8M0FNU is not rounded this way");
  if (spec.isPacked && spec.vectorSize == 0)
    return fail("only vectors are packed");
  if (spec.vectorSize * spec.getCodeBits() % 8 != 0)
    return fail("the codes of a vector do not fill whole bytes");
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// IR
//===----------------------------------------------------------------------===//

namespace {

/// Builds the function of one spec.
class KernelBuilder {
public:
  KernelBuilder(OpBuilder &&start, const ConversionSpec &spec,
                const FloatCodec &codec)
      : spec(spec), codec(codec), b(start, start.getUnknownLoc()),
        builder(b.getBuilder()) {}

  OwningOpRef<ModuleOp> build();

private:
  bool isEncoding() const { return spec.direction == Direction::Encode; }

  Type getWideType();
  /// `element`, or a vector of `count` of it where the loop is on vectors.
  Type getLoopType(Type element, int64_t count);
  Value createIndex(int64_t value) {
    return arith::ConstantIndexOp::create(builder, value);
  }

  Value load(Value array, Type type, Value index);
  void store(Value value, Value array, Value index);

  void buildIteration(Block::BlockArgListType arguments, Value index);
  Value encode(Value values, Value randomBits);
  Value decode(Value codes);
  /// The random words of the elements from `index` on.
  Value buildRandomBits(Value seed, Value first, Value index);

  const ConversionSpec &spec;
  const FloatCodec &codec;
  ElementwiseBuilder b;
  ImplicitLocOpBuilder &builder;
};

} // namespace

Type KernelBuilder::getWideType() {
  switch (spec.wide) {
  case WideType::F32:
    return builder.getF32Type();
  case WideType::F16:
    return builder.getF16Type();
  case WideType::BF16:
    return builder.getBF16Type();
  }
  llvm_unreachable("unknown type");
}

Type KernelBuilder::getLoopType(Type element, int64_t count) {
  return spec.vectorSize ? Type(VectorType::get(count, element)) : element;
}

Value KernelBuilder::load(Value array, Type type, Value index) {
  if (auto vector = dyn_cast<VectorType>(type))
    return vector::LoadOp::create(builder, vector, array, index);
  return memref::LoadOp::create(builder, array, index);
}

void KernelBuilder::store(Value value, Value array, Value index) {
  if (isa<VectorType>(value.getType()))
    vector::StoreOp::create(builder, value, array, index);
  else
    memref::StoreOp::create(builder, value, array, index);
}

Value KernelBuilder::encode(Value values, Value randomBits) {
  if (isE8M0(spec))
    return codec.encodeE8M0(b, values, spec.rounding);
  RoundingSpec rounding(spec.rounding);
  rounding.randomBits = randomBits;
  if (spec.isPacked && spec.rounding == RoundingMode::NearestEven) {
    EncodedValues known = {spec.saturate, /*isInRange=*/false,
                           /*areNumbers=*/false};
    const FloatFormat &format = *lookupFloatFormat(spec.format);
    if (Value bytes = codec.encodePacked(b, values, format, known))
      return bytes;
  }
  Value codes = codec.encode(b, values, *lookupFloatFormat(spec.format),
                             rounding, spec.saturate);
  return spec.isPacked ? emitPackCodes(b, codes, spec.getCodeBits()) : codes;
}

Value KernelBuilder::decode(Value codes) {
  Type element = getWideType();
  if (isE8M0(spec))
    return codec.decodeE8M0(b, codes, element);
  if (spec.isPacked)
    codes = codec.unpack(b, codes, spec.getCodeBits());
  return codec.decode(b, codes, *lookupFloatFormat(spec.format), element);
}

Value KernelBuilder::buildRandomBits(Value seed, Value first, Value index) {
  Type i64 = builder.getI64Type();
  Value position = arith::IndexCastOp::create(builder, i64, index);
  Value indices = b.add(first, position);
  if (spec.vectorSize) {
    auto type = VectorType::get(spec.vectorSize, i64);
    SmallVector<int64_t> offsets =
        llvm::to_vector(llvm::seq<int64_t>(spec.vectorSize));
    Value lanes = arith::ConstantOp::create(
        builder, DenseElementsAttr::get(type, ArrayRef<int64_t>(offsets)));
    seed = vector::BroadcastOp::create(builder, type, seed);
    indices = b.add(vector::BroadcastOp::create(builder, type, indices), lanes);
  }
  return emitRandomBits(b, seed, indices);
}

void KernelBuilder::buildIteration(Block::BlockArgListType arguments,
                                   Value index) {
  int64_t codeBytes = int64_t(spec.vectorSize) * spec.getCodeBits() / 8;
  Type codes = getLoopType(builder.getI8Type(), codeBytes);
  Value codeIndex = index;
  if (spec.vectorSize && codeBytes != int64_t(spec.vectorSize)) {
    Value vector =
        arith::DivUIOp::create(builder, index, createIndex(spec.vectorSize));
    codeIndex = arith::MulIOp::create(builder, vector, createIndex(codeBytes));
  }
  if (!isEncoding()) {
    store(decode(load(arguments[0], codes, codeIndex)), arguments[1], index);
    return;
  }
  Value randomBits = isStochastic(spec)
                         ? buildRandomBits(arguments[2], arguments[3], index)
                         : Value();
  Type wide = getLoopType(getWideType(), spec.vectorSize);
  store(encode(load(arguments[0], wide, index), randomBits), arguments[1],
        codeIndex);
}

OwningOpRef<ModuleOp> KernelBuilder::build() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getLoc());
  builder.setInsertionPointToEnd(module->getBody());
  auto getArray = [](Type element) {
    return MemRefType::get(ShapedType::kDynamic, element);
  };
  SmallVector<Type> types = {getArray(getWideType()),
                             getArray(builder.getI8Type())};
  if (!isEncoding())
    std::swap(types[0], types[1]);
  if (isStochastic(spec))
    types.append(2, builder.getI64Type());
  auto function =
      func::FuncOp::create(builder, isEncoding() ? "encode" : "decode",
                           builder.getFunctionType(types, {}));
  builder.setInsertionPointToStart(function.addEntryBlock());
  Value zero = createIndex(0);
  Value values = function.getArgument(isEncoding() ? 0 : 1);
  Value size = memref::DimOp::create(builder, values, zero);
  Value step = createIndex(std::max(spec.vectorSize, 1u));
  auto loop = scf::ForOp::create(builder, zero, size, step);
  func::ReturnOp::create(builder);
  builder.setInsertionPoint(loop.getBody()->getTerminator());
  buildIteration(function.getArguments(), loop.getInductionVar());
  return module;
}

llvm::Expected<std::unique_ptr<Compiler>>
quantx::buildConversionKernel(const ConversionSpec &spec) {
  if (llvm::Error error = checkSpec(spec))
    return error;
  auto codec = createFloatCodec(spec.target);
  if (!codec)
    return codec.takeError();
  return Compiler::build([&](MLIRContext &context) {
    return KernelBuilder(OpBuilder(&context), spec, **codec).build();
  });
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

llvm::Expected<ConversionKernel> ConversionKernel::create(ConversionSpec spec) {
  auto target = CPUTarget::get(spec.target);
  if (!target)
    return target.takeError();
  return create(std::move(spec), *target, [](ModuleOp) {});
}

llvm::Expected<ConversionKernel>
ConversionKernel::create(ConversionSpec spec, const CPUTarget &cpu,
                         llvm::function_ref<void(ModuleOp)> rewrite) {
  auto compiler = buildConversionKernel(spec);
  if (!compiler)
    return compiler.takeError();
  rewrite((*compiler)->getModule());
  if (llvm::Error error = (*compiler)->lowerFromBuffers(cpu))
    return error;
  auto function = JITFunction::create(
      (*compiler)->getModule(), cpu,
      spec.direction == Direction::Encode ? "encode" : "decode");
  if (!function)
    return function.takeError();
  return ConversionKernel(std::move(spec), std::move(*function));
}

namespace {
/// A memref of one dimension, as compiled code takes it.
struct Descriptor {
  Descriptor(const uint8_t *data, size_t size)
      : allocated(data), aligned(data), size(int64_t(size)) {}

  const uint8_t *allocated;
  const uint8_t *aligned;
  int64_t offset = 0;
  int64_t size;
  int64_t stride = 1;
};
} // namespace

void ConversionKernel::run(llvm::ArrayRef<uint8_t> in,
                           llvm::MutableArrayRef<uint8_t> out, uint64_t seed,
                           uint64_t first) const {
  bool isEncoding = spec.direction == Direction::Encode;
  unsigned width = getByteWidth(spec.wide);
  llvm::ArrayRef<uint8_t> values = isEncoding ? in : out;
  [[maybe_unused]] llvm::ArrayRef<uint8_t> codes = isEncoding ? out : in;
  size_t count = values.size() / width;
  assert(values.size() % width == 0 && "expected whole elements");
  assert(count % std::max(spec.vectorSize, 1u) == 0 &&
         "expected whole vectors");
  assert(codes.size() * 8 == count * spec.getCodeBits() &&
         "expected as many codes as values");
  Descriptor inputs(in.data(), isEncoding ? count : in.size());
  Descriptor outputs(out.data(), isEncoding ? out.size() : count);
  void *pointers[] = {&inputs, &outputs};
  llvm::SmallVector<void *> arguments = {&pointers[0], &pointers[1]};
  if (isStochastic(spec))
    arguments.append({&seed, &first});
  function.call(arguments);
}
