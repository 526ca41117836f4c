//===- NVVMCvt.cpp - PTX's cvt on vectors ---------------------------------===//

#include "NVVMCvt.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/VectorPacking.h"
#include "quantx/Format/Mutants.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace quantx;

Type quantx::getCvtType(const FloatFormat &format, MLIRContext *context) {
  return llvm::StringSwitch<Type>(format.name)
      .Case("f8E4M3FN", Float8E4M3FNType::get(context))
      .Case("f8E5M2", Float8E5M2Type::get(context))
      .Case("f6E2M3FN", Float6E2M3FNType::get(context))
      .Case("f6E3M2FN", Float6E3M2FNType::get(context))
      .Case("f4E2M1FN", Float4E2M1FNType::get(context))
      .Default({});
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

static SmallVector<Value> takeElements(ElementwiseBuilder &b, Value vector) {
  return llvm::to_vector_of<Value>(
      vector::ToElementsOp::create(b.getBuilder(), vector).getResults());
}

static Value buildVector(ElementwiseBuilder &b, ArrayRef<Value> elements) {
  auto type =
      VectorType::get(int64_t(elements.size()), elements.front().getType());
  return vector::FromElementsOp::create(b.getBuilder(), type, elements);
}

/// Adds elements like the last one, or drops some.
static Value resize(ElementwiseBuilder &b, Value vector, int64_t size) {
  int64_t last = cast<VectorType>(vector.getType()).getNumElements() - 1;
  if (size == last + 1)
    return vector;
  SmallVector<int64_t> indices;
  for (int64_t i = 0; i < size; ++i)
    indices.push_back(std::min(i, last));
  return vector::ShuffleOp::create(b.getBuilder(), vector, vector, indices);
}

static Value reshape(ElementwiseBuilder &b, Value vector, VectorType type) {
  return b.getBuilder().createOrFold<vector::ShapeCastOp>(
      type.clone(getElementTypeOrSelf(vector)), vector);
}

bool quantx::isInRegisters(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? !vector.isScalable() : !isa<ShapedType>(type);
}

Value quantx::onEvenVector(ElementwiseBuilder &b, Value value,
                           llvm::function_ref<Value(Value)> convert) {
  auto type = dyn_cast<VectorType>(value.getType());
  if (!type) {
    Value pair = buildVector(b, {value, value});
    return vector::ExtractOp::create(b.getBuilder(), convert(pair), int64_t(0));
  }
  int64_t size = type.getNumElements();
  Value flat = reshape(b, value, VectorType::get(size, type.getElementType()));
  Value result = convert(resize(b, flat, int64_t(llvm::alignTo(size, 2))));
  return reshape(b, resize(b, result, size), type);
}

Value quantx::takeByte(ElementwiseBuilder &b, Value vector, int64_t index) {
  auto type = cast<VectorType>(vector.getType());
  int64_t width = type.getElementTypeBitWidth() / 8;
  auto bytes = VectorType::get(type.getNumElements() * width,
                               b.getBuilder().getI8Type());
  SmallVector<int64_t> indices;
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    indices.push_back(i * width + index);
  Value cast = vector::BitCastOp::create(b.getBuilder(), bytes, vector);
  return vector::ShuffleOp::create(b.getBuilder(), cast, cast, indices);
}

//===----------------------------------------------------------------------===//
// Pairs
//===----------------------------------------------------------------------===//

/// The results of `convert` in a row: it takes two neighbours and gives a
/// vector of two.
static Value mapPairs(ElementwiseBuilder &b, Value vector,
                      llvm::function_ref<Value(Value, Value)> convert) {
  SmallVector<Value> elements = takeElements(b, vector);
  SmallVector<Value> results;
  for (size_t i = 0; i < elements.size(); i += 2)
    llvm::append_range(results,
                       takeElements(b, convert(elements[i], elements[i + 1])));
  return buildVector(b, results);
}

// Two FP4 share a byte. Packing and unpacking them here is what LLVM cancels
// against the other way round beside it.

static Value convertToF4(ElementwiseBuilder &b, Value values, Type type) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  SmallVector<Value> elements = takeElements(b, values);
  SmallVector<Value> bytes;
  for (size_t i = 0; i < elements.size(); i += 2) {
    bytes.push_back(NVVM::ConvertF32x2ToF4x2Op::create(
        builder, builder.getI8Type(), elements[i + 1], elements[i],
        /*relu=*/false, type));
  }
  return emitUnpackCodes(b, buildVector(b, bytes), /*bits=*/4);
}

static Value convertFromF4(ElementwiseBuilder &b, Value codes, Type type) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  auto halves = VectorType::get(2, builder.getF16Type());
  SmallVector<Value> results;
  for (Value byte : takeElements(b, emitPackCodes(b, codes, /*bits=*/4))) {
    Value pair = NVVM::ConvertF4x2ToF16x2Op::create(builder, halves, byte,
                                                    /*relu=*/false, type);
    llvm::append_range(results, takeElements(b, pair));
  }
  return buildVector(b, results);
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

// Where `cvt` takes two operands, the first is the one of the upper half.
Value quantx::emitCvtToCodes(ElementwiseBuilder &b, Value values,
                             const FloatFormat &format) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Type type = getCvtType(format, builder.getContext());
  if (format.bits == 4)
    return convertToF4(b, values, type);
  auto codes = VectorType::get(2, builder.getI8Type());
  return mapPairs(b, values, [&](Value first, Value second) -> Value {
    if (isPlanted(Mutant::NVVMOperandsSwapped))
      std::swap(first, second);
    if (first.getType().isF16()) {
      return NVVM::ConvertF16x2ToF8x2Op::create(builder, codes,
                                                buildVector(b, {first, second}),
                                                /*relu=*/false, type);
    }
    if (format.bits == 8) {
      return NVVM::ConvertF32x2ToF8x2Op::create(
          builder, codes, second, first, NVVM::FPRoundingMode::RN,
          NVVM::SaturationMode::SATFINITE, /*relu=*/false, type);
    }
    return NVVM::ConvertF32x2ToF6x2Op::create(builder, codes, second, first,
                                              /*relu=*/false, type);
  });
}

Value quantx::emitCvtFromCodes(ElementwiseBuilder &b, Value codes,
                               const FloatFormat &format) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Type type = getCvtType(format, builder.getContext());
  if (format.bits == 4)
    return convertFromF4(b, codes, type);
  auto halves = VectorType::get(2, builder.getF16Type());
  return mapPairs(b, codes, [&](Value first, Value second) -> Value {
    Value pair = buildVector(b, {first, second});
    if (format.bits == 8) {
      return NVVM::ConvertF8x2ToF16x2Op::create(builder, halves, pair,
                                                /*relu=*/false, type);
    }
    return NVVM::ConvertF6x2ToF16x2Op::create(builder, halves, pair,
                                              /*relu=*/false, type);
  });
}

Value quantx::emitCvtToE8M0(ElementwiseBuilder &b, Value values,
                            NVVM::FPRoundingMode mode) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  auto codes = VectorType::get(2, builder.getI8Type());
  return mapPairs(b, values, [&](Value first, Value second) -> Value {
    return NVVM::ConvertF32x2ToF8x2Op::create(
        builder, codes, second, first, mode, NVVM::SaturationMode::NONE,
        /*relu=*/false, builder.getType<Float8E8M0FNUType>());
  });
}

Value quantx::emitCvtFromE8M0(ElementwiseBuilder &b, Value codes) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  auto values = VectorType::get(2, builder.getBF16Type());
  return mapPairs(b, codes, [&](Value first, Value second) -> Value {
    return NVVM::ConvertF8x2ToBF16x2Op::create(
        builder, values, buildVector(b, {first, second}),
        builder.getType<Float8E8M0FNUType>());
  });
}
