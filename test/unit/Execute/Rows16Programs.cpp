//===- Rows16Programs.cpp - Weights with rows side by side ----------------===//

#include "Rows16Programs.h"
#include "quantx/Format/WeightLayout.h"

using namespace quantx;
using namespace quantx::test;

std::string quantx::test::printRows16(const TypeSpec &type, bool hasRows16) {
  std::string text = type.print();
  if (hasRows16)
    text.insert(text.size() - 1, ", packing rows16");
  return text;
}

std::string quantx::test::printTensor(int64_t rows, int64_t columns,
                                      const std::string &element) {
  return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) +
         "x" + element + ">";
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

Part Part::interleave() const {
  Part result = *this;
  size_t bytesInUnit = unit * elementBytes;
  result.bytes.resize(
      getInterleavedSize(size_t(rows), getRowBytes(), bytesInUnit));
  interleaveRows(bytes, size_t(rows), getRowBytes(), bytesInUnit, result.bytes);
  result.rows = (rows + 15) / 16;
  result.columns =
      (columns + int64_t(unit) - 1) / int64_t(unit) * int64_t(unit) * 16;
  return result;
}

Parts Parts::interleave() const {
  Parts result{{}, global};
  for (const Part &part : parts)
    result.parts.push_back(part.interleave());
  return result;
}

std::vector<TensorView> Parts::getViews() const {
  std::vector<TensorView> views;
  for (const Part &part : parts)
    views.push_back(part.getView());
  if (global) {
    TensorView view{ElementType::Float32, {}, {}};
    view.data = llvm::ArrayRef(reinterpret_cast<const uint8_t *>(&*global),
                               sizeof(float));
    views.push_back(view);
  }
  return views;
}

static std::pair<ElementType, size_t> getScaleType(const TypeSpec &type) {
  if (type.scale == "f32")
    return {ElementType::Float32, 4};
  if (type.scale == "f16")
    return {ElementType::Float16, 2};
  if (type.scale == "bf16")
    return {ElementType::BFloat16, 2};
  return {ElementType::UInt8, 1};
}

Parts quantx::test::createParts(const TypeSpec &type, int64_t rows,
                                int64_t columns) {
  auto create = [&](ElementType element, size_t bytes, size_t unit,
                    int64_t size) {
    return Part{element, bytes, unit,
                rows,    size,  Bytes(size_t(rows * size) * bytes)};
  };
  int64_t blocks = type.blockColumns == 0
                       ? 1
                       : (columns + type.blockColumns - 1) / type.blockColumns;
  auto [scale, bytes] = getScaleType(type);
  Parts parts;
  parts.parts = {
      create(ElementType::UInt8, 1, 4, (columns * type.getBits() + 7) / 8),
      create(scale, bytes, 1, blocks)};
  if (type.hasZeroPoint)
    parts.parts.push_back(create(ElementType::UInt8, 1, 1, blocks));
  if (type.hasGlobal)
    parts.global = 1.5f;
  return parts;
}

Parts quantx::test::getParts(const TypeSpec &type, int64_t rows,
                             int64_t columns, const QuantizedMatrix &matrix) {
  Parts parts = createParts(type, rows, columns);
  parts.parts[0].bytes = matrix.payload;
  size_t scaleBytes = parts.parts[1].elementBytes;
  for (size_t i = 0; i < matrix.scales.size(); ++i)
    std::memcpy(&parts.parts[1].bytes[i * scaleBytes], &matrix.scales[i],
                scaleBytes);
  if (type.hasZeroPoint)
    for (size_t i = 0; i < matrix.zeroPoints.size(); ++i)
      parts.parts[2].bytes[i] = uint8_t(matrix.zeroPoints[i]);
  if (type.hasGlobal)
    parts.global = matrix.global;
  return parts;
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

std::string MatmulProgram::print(std::optional<int64_t> rows) const {
  std::string m = rows ? std::to_string(*rows) : "?";
  std::string x = m + "x" + std::to_string(sum) + "x";
  std::string acc = "tensor<" + m + "x" + std::to_string(columns) + "xf32>";
  std::string w = printTensor(columns, sum, "!w");
  std::string xType = "tensor<" + x + activations.element + ">";
  std::string text = "!w = " + printRows16(weights) + "\n";
  if (activations.type)
    text += "!a = " + activations.type->print() + "\n";
  text += "func.func @f(%x: " + xType + ", %w: " + w + ", %acc: " + acc +
          ") -> " + acc + " {\n";
  std::string lhs = "%x", lhsType = xType;
  if (activations.type) {
    lhs = "%a";
    lhsType = "tensor<" + x + "!a>";
    text += "  %a = quantx.dynamic_quantize %x using #quantx." +
            activations.type->method + " : " + xType + " to " + lhsType + "\n";
  }
  return text + "  %r = quantx.scaled_matmul ins(" + lhs + ", %w : " + lhsType +
         ", " + w + ") outs(%acc : " + acc + ") -> " + acc +
         "\n  return %r : " + acc + "\n}\n";
}

MatmulProgram::Product MatmulProgram::run(const Matrix &x, const Matrix &y,
                                          const Matrix &acc) const {
  QuantizedMatrix quantized = quantize(weights, columns, sum, y.values);
  Parts parts = getParts(weights, columns, sum, quantized).interleave();
  Input inputX(x, activations.element, {x.rows, sum});
  Input inputAcc(acc, "f32", {x.rows, columns});
  std::vector<TensorView> inputs = {inputX.getView()};
  for (const TensorView &view : parts.getViews())
    inputs.push_back(view);
  inputs.push_back(inputAcc.getView());
  std::vector<Array> out = program.run(inputs);
  return {std::move(out.front()), {columns, sum, quantized.values}};
}

void MatmulProgram::check(int64_t rows) const {
  SCOPED_TRACE(testing::Message()
               << rows << 'x' << columns << 'x' << sum << " of "
               << weights.print() << " by " << activations.element);
  Matrix x = drawMatrix(rows, sum, 1, activations.element);
  Matrix y = drawMatrix(columns, sum, 2, weights.expressed);
  Matrix acc = drawMatrix(rows, columns, 3);
  auto [result, values] = run(x, y, acc);
  ASSERT_EQ(result.shape, (std::vector<int64_t>{rows, columns}));
  Matrix a = activations.type ? getDequantized(*activations.type, x) : x;
  expectProduct(result, a, values, acc);
}
