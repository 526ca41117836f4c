//===- MatmulFewIntegers.cpp - A few rows of integers by weights ----------===//
//
// As in MatmulFewRows.cpp, by dot products of bytes: each lane has the integers
// of neighbours.
//
//===----------------------------------------------------------------------===//

#include "MatmulIntegers.h"
#include "MatmulLanes.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

bool quantx::suitsFewIntegers(const Matmul &matmul) {
  ScaledType lhs = matmul.lhs.type, rhs = matmul.rhs.type;
  return suitIntegers(lhs, rhs) && suitsLanes(lhs, getLaneGroup(rhs)) &&
         suitsLanes(rhs, getLaneGroup(rhs));
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

namespace {

/// Products of integers. What runs of codes of activations have are tensors of
/// batches x runs x rows x some of each.
class IntegerProducts : public LaneProducts {
public:
  IntegerProducts(ImplicitLocOpBuilder &b, const Matmul &matmul, int64_t rows);

  int64_t getRun() const override { return run; }
  SmallVector<Value> multiply(ImplicitLocOpBuilder &b,
                              ArrayRef<LaneGroup> columns) const override;
  Value getFactor(ImplicitLocOpBuilder &b, ArrayRef<Value> batch,
                  int64_t row) const override;

private:
  /// What a row of activations multiplies: integers without sign, of one group
  /// after the other, and zero points less than 0, if there are any, as f32.
  struct Operand {
    SmallVector<Value> integers;
    Value zeroPoint;
  };
  Operand decode(ImplicitLocOpBuilder &b, const LaneGroup &group) const;
  /// The products of `operand`, of `group`, with a row of activations.
  Value multiplyRow(ImplicitLocOpBuilder &b, const LaneGroup &group,
                    const Operand &operand, int64_t row) const;
  /// The sums of the codes of each lane of a run, i32.
  Value sumCodes(ImplicitLocOpBuilder &b, Value codes) const;
  /// A tensor of what `compute` makes of the codes of each run.
  Value pack(ImplicitLocOpBuilder &b, VectorType type,
             function_ref<Value(ImplicitLocOpBuilder &b, const Chunk &group,
                                Value codes)>
                 compute) const;

  const Matmul &matmul;
  IntegerCodes codes;
  int64_t rows, group, run;
  /// Operands of dot products, as words.
  Value words;
  /// For each lane, the sum of its codes, and what integers begin with.
  Value sums, offsets;
  /// For each lane, its scale, where rows have several.
  Value scales;
};

} // namespace

/// Whether a chunk of `size` elements has one scale of `type`.
static bool hasOneScale(ScaledType type, int64_t size) {
  return hasRowScale(type) || getRowBlock(type) % size == 0;
}

/// The groups whose sums of integers have one scale on each side.
static int64_t countRun(const Matmul &matmul) {
  ScaledType rhs = matmul.rhs.type;
  int64_t groups = countLaneGroups(matmul), size = groups * getLaneGroup(rhs);
  bool isOne = hasOneScale(matmul.lhs.type, size) && hasOneScale(rhs, size) &&
               !rhs.hasZeroPoint();
  return isOne ? groups : 1;
}

/// The elements of `run` groups as the words of their operands.
static SmallVector<int64_t> getOrder(int64_t group, int64_t run) {
  int64_t halves = group / kGroupBytes;
  SmallVector<int64_t> order;
  for (int64_t first = 0; first < run * group; first += group) {
    for (int64_t half = 0; half < halves; ++half)
      for (int64_t element = half; element < group; element += halves)
        order.push_back(first + element);
  }
  return order;
}

Value IntegerProducts::sumCodes(ImplicitLocOpBuilder &b, Value codes) const {
  int64_t size = group / kSumLanes;
  auto type = VectorType::get(kSumLanes, b.getI32Type());
  Value sum;
  for (int64_t i = 0; i < run * size; ++i) {
    SmallVector<int64_t> lanes;
    for (int64_t lane = 0; lane < kSumLanes; ++lane)
      lanes.push_back(i / size * group + lane * size + i % size);
    Value part = vector::ShuffleOp::create(b, codes, codes, lanes);
    part = arith::ExtSIOp::create(b, type, part);
    sum = sum ? Value(arith::AddIOp::create(b, sum, part)) : part;
  }
  return sum;
}

Value IntegerProducts::pack(ImplicitLocOpBuilder &b, VectorType type,
                            function_ref<Value(ImplicitLocOpBuilder &b,
                                               const Chunk &group, Value codes)>
                                compute) const {
  return packGroups(b, matmul, run * group, {rows}, type, compute);
}

IntegerProducts::IntegerProducts(ImplicitLocOpBuilder &b, const Matmul &matmul,
                                 int64_t rows)
    : matmul(matmul), codes(matmul.rhs.type), rows(rows),
      group(getLaneGroup(codes.type)), run(countRun(matmul)) {
  auto wordsType = VectorType::get(run * group / 4, b.getI32Type());
  auto integers = VectorType::get(kSumLanes, b.getI32Type());
  auto floats = VectorType::get(kSumLanes, b.getF32Type());
  words =
      pack(b, wordsType,
           [&](ImplicitLocOpBuilder &b, const Chunk &, Value read) -> Value {
             Value ordered =
                 vector::ShuffleOp::create(b, read, read, getOrder(group, run));
             return vector::BitCastOp::create(b, wordsType, ordered);
           });
  if (codes.offset != 0) {
    offsets = pack(
        b, integers, [&](ImplicitLocOpBuilder &b, const Chunk &, Value read) {
          ElementwiseBuilder arith(b, b.getLoc());
          Value sum = sumCodes(b, read);
          return arith.mul(sum, arith.integer(32, -codes.offset, sum));
        });
  }
  if (codes.type.hasZeroPoint()) {
    sums =
        pack(b, floats,
             [&](ImplicitLocOpBuilder &b, const Chunk &, Value read) -> Value {
               return arith::SIToFPOp::create(b, floats, sumCodes(b, read));
             });
  }
  if (hasRowScale(matmul.lhs.type))
    return;
  scales =
      pack(b, floats, [&](ImplicitLocOpBuilder &b, const Chunk &chunk, Value) {
        BlockFactors factors = readPresentFactors(
            b, matmul.lhs.type, ValueRange(matmul.lhs.parts).drop_front(),
            chunk);
        return spread(b, factors.scale, kSumLanes);
      });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

IntegerProducts::Operand IntegerProducts::decode(ImplicitLocOpBuilder &b,
                                                 const LaneGroup &group) const {
  Operand operand;
  for (Value bytes : group.bytes)
    operand.integers.append(codes.getUnsigned(b, bytes));
  if (group.zeroPoints) {
    auto floats = VectorType::get(kSumLanes, b.getF32Type());
    Value zeroPoint = arith::SIToFPOp::create(
        b, floats, group.spread(b, group.zeroPoints, kSumLanes));
    operand.zeroPoint = arith::NegFOp::create(b, zeroPoint);
  }
  return operand;
}

Value IntegerProducts::multiplyRow(ImplicitLocOpBuilder &b,
                                   const LaneGroup &group,
                                   const Operand &operand, int64_t row) const {
  auto integers = VectorType::get(kSumLanes, b.getI32Type());
  auto floats = VectorType::get(kSumLanes, b.getF32Type());
  auto bytes = VectorType::get(kGroupBytes, b.getI8Type());
  Value sum =
      offsets ? read(b, offsets, group, row)
              : Value(arith::ConstantOp::create(b, b.getZeroAttr(integers)));
  for (auto [index, weights] : llvm::enumerate(operand.integers)) {
    Value word = read(b, words, group, row, int64_t(index));
    sum = addDot(b, weights, vector::BitCastOp::create(b, bytes, word), sum);
  }
  // Exact: at most 32 products of bytes in a lane have less than 24 bits.
  Value product = arith::SIToFPOp::create(b, floats, sum);
  if (operand.zeroPoint)
    product =
        addProduct(b, read(b, sums, group, row), operand.zeroPoint, product);
  if (scales)
    product = arith::MulFOp::create(b, product, read(b, scales, group, row));
  return product;
}

SmallVector<Value>
IntegerProducts::multiply(ImplicitLocOpBuilder &b,
                          ArrayRef<LaneGroup> columns) const {
  SmallVector<Operand> operands;
  for (const LaneGroup &column : columns)
    operands.push_back(decode(b, column));
  SmallVector<Value> products;
  for (int64_t row = 0; row < rows; ++row)
    for (auto [column, operand] : llvm::zip_equal(columns, operands))
      products.push_back(multiplyRow(b, column, operand, row));
  return products;
}

Value IntegerProducts::getFactor(ImplicitLocOpBuilder &b, ArrayRef<Value> batch,
                                 int64_t row) const {
  ElementwiseBuilder arith(b, b.getLoc());
  ScaledType lhs = matmul.lhs.type;
  double unit = codes.unit * getCodeUnit(lhs);
  if (!hasRowScale(lhs)) {
    return unit == 1.0 ? Value()
                       : Value(arith::ConstantOp::create(
                             b, b.getF32FloatAttr(float(unit))));
  }
  // The last row stands in for those that do not exist.
  Value last = getValueOrCreateConstantIndexOp(b, b.getLoc(), matmul.getRows());
  last = b.createOrFold<arith::SubIOp>(last, createIndex(b, 1));
  Chunk first{llvm::to_vector(batch), 1, Value()};
  first.indices.append(
      {b.createOrFold<arith::MinUIOp>(createIndex(b, row), last),
       createIndex(b, 0)});
  BlockFactors factors =
      readBlockFactors(b, lhs, ValueRange(matmul.lhs.parts).drop_front(), first,
                       emitDequantizeFactors);
  return arith.mul(factors.scale, unit);
}

Value quantx::buildFewIntegers(ImplicitLocOpBuilder &b, const Matmul &matmul,
                               int64_t rows, Value init) {
  IntegerProducts products(b, matmul, rows);
  return buildLaneSums(b, matmul, products,
                       {rows, matmul.tuning.getColumns(rows)}, init);
}
