//===- MatmulPlain.cpp - A matmul of any types on GPUs --------------------===//
//
// Tiles of both operands are decoded to f32 in shared memory, element by
// element by the formulas of every other lowering, and multiplied from there:
// for all types that matrix instructions do not take.
//
//===----------------------------------------------------------------------===//

#include "MatmulKernels.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

namespace {

/// A block of threads computes kTile x kTile results, each thread kPart x
/// kPart, from kDepth elements of K at a time.
constexpr int64_t kTile = 64, kPart = 4, kDepth = 16;
constexpr int64_t kThreads = (kTile / kPart) * (kTile / kPart);
/// Rows of a tile in shared memory, with room that sets banks apart.
constexpr int64_t kStride = kTile + 4;

/// The kernel being built.
struct PlainKernel {
  PlainKernel(KernelBuilder &kernel, const Matmul &matmul)
      : b(kernel.getBody()), math(b), matmul(kernel, matmul) {
    auto type = MemRefType::get(
        {kDepth * kStride}, b.getF32Type(), MemRefLayoutAttrInterface(),
        gpu::AddressSpaceAttr::get(b.getContext(),
                                   gpu::AddressSpace::Workgroup));
    lhs = kernel.addWorkgroupBuffer(type);
    rhs = kernel.addWorkgroupBuffer(type);
    thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
    token = math.mul(math.div(thread, kTile / kPart), kPart);
    output = math.mul(math.rem(thread, kTile / kPart), kPart);
  }

  void build() {
    buildResultTiles(b, matmul, kTile, kTile, [&](const ResultTile &tile) {
      SmallVector<Value> sums = sumProducts(tile);
      storeSums(tile, sums);
    });
  }

private:
  /// Decodes the elements from `depth` on of the rows from `first` on.
  void fill(Value buffer, const KernelOperand &operand, Value batch,
            Value first, Value depth) {
    Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
    for (int64_t i = 0; i < kTile * kDepth / kThreads; ++i) {
      Value index = math.add(thread, i * kThreads);
      Value row = math.div(index, kDepth), inRow = math.rem(index, kDepth);
      Value place = math.add(first, row), position = math.add(depth, inRow);
      Value exists = math.logicalAnd(math.less(place, operand.getNumRows()),
                                     math.less(position, matmul.sizes.sum));
      SmallVector<Value> value = buildIfElse(
          b, exists,
          [&]() -> SmallVector<Value> {
            OperandRow start = operand.locate(math, batch, place);
            return {operand.loadValue(b, start, position)};
          },
          [&]() -> SmallVector<Value> { return {zero}; });
      memref::StoreOp::create(b, value[0], buffer,
                              math.add(math.mul(inRow, kStride), row));
    }
  }

  /// `sums` and the products of a row of both buffers.
  void addProducts(int64_t depth, SmallVectorImpl<Value> &sums) {
    auto type = VectorType::get(kPart, b.getF32Type());
    auto load = [&](Value buffer, Value first) -> Value {
      return vector::LoadOp::create(b, type, buffer,
                                    math.add(first, depth * kStride));
    };
    Value tokens = load(lhs, token), outputs = load(rhs, output);
    for (int64_t i = 0; i < kPart; ++i) {
      Value element = vector::ExtractOp::create(b, tokens, i);
      Value splat = vector::BroadcastOp::create(b, type, element);
      sums[i] = math::FmaOp::create(b, splat, outputs, sums[i]);
    }
  }

  SmallVector<Value> sumProducts(const ResultTile &tile) {
    auto type = VectorType::get(kPart, b.getF32Type());
    Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(type));
    auto loop = scf::ForOp::create(b, math.constant(0), matmul.sizes.sum,
                                   math.constant(kDepth),
                                   SmallVector<Value>(kPart, zeros));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value depth = loop.getInductionVar();
    gpu::BarrierOp::create(b);
    fill(lhs, matmul.lhs, tile.batch, tile.token, depth);
    fill(rhs, matmul.rhs, tile.batch, tile.output, depth);
    gpu::BarrierOp::create(b);
    SmallVector<Value> sums(loop.getRegionIterArgs());
    for (int64_t i = 0; i < kDepth; ++i)
      addProducts(i, sums);
    scf::YieldOp::create(b, sums);
    return llvm::to_vector_of<Value>(loop.getResults());
  }

  void storeSums(const ResultTile &tile, ArrayRef<Value> sums) {
    for (int64_t i = 0; i < kPart; ++i) {
      for (int64_t j = 0; j < kPart; ++j) {
        Value row = math.add(math.add(tile.token, token), i);
        Value column = math.add(math.add(tile.output, output), j);
        Value exists = math.logicalAnd(math.less(row, matmul.sizes.tokens),
                                       math.less(column, matmul.sizes.outputs));
        buildIf(b, exists, [&] {
          Value sum = vector::ExtractOp::create(b, sums[i], j);
          matmul.store(b, tile.batch, row, column, sum);
        });
      }
    }
  }

  ImplicitLocOpBuilder &b;
  IndexMath math;
  KernelMatmul matmul;
  Value lhs, rhs;
  /// This thread, and its part of a tile.
  Value thread, token, output;
};

} // namespace

Value quantx::buildPlainMatmul(const MatmulKernelContext &context,
                               const Matmul &matmul) {
  KernelBuilder kernel(context.library, context.builder, context.op, kThreads);
  PlainKernel(kernel, matmul).build();
  return kernel.launch(countResultTiles(kernel, matmul, kTile, kTile))[0];
}
