//===- SaturateSizes.cpp - Sizes of buffers that do not wrap around -------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXSATURATESIZES
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

/// More bytes than there can be; with what aligns a buffer, still an `index`.
static constexpr int64_t kTooMany = int64_t(1) << 62;

/// The product of `lhs`, of up to `kTooMany`, and `rhs`, of up to that too.
static Value multiply(ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
  auto product = arith::MulUIExtendedOp::create(b, lhs, rhs);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value most = arith::ConstantIndexOp::create(b, kTooMany);
  Value wraps = arith::CmpIOp::create(b, arith::CmpIPredicate::ne,
                                      product.getHigh(), zero);
  Value isMore = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt,
                                       product.getLow(), most);
  Value isTooMany = arith::OrIOp::create(b, wraps, isMore);
  return arith::SelectOp::create(b, isTooMany, most, product.getLow());
}

/// Whether the bytes of the buffer are its sizes times those of an element.
static bool isPlainBuffer(memref::AllocOp op) {
  MemRefType type = op.getType();
  return type.getLayout().isIdentity() && op.getSymbolOperands().empty() &&
         !op.getDynamicSizes().empty() && !type.getMemorySpace() &&
         (type.getElementType().isIntOrFloat() ||
          type.getElementType().isIndex());
}

static int64_t getElementBytes(Type type) {
  if (type.isIndex())
    return sizeof(int64_t);
  return llvm::PowerOf2Ceil(llvm::divideCeil(type.getIntOrFloatBitWidth(), 8));
}

/// Allocates the bytes of `op`, and views them as its type.
static void saturateSize(RewriterBase &rewriter, memref::AllocOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), rewriter);
  MemRefType type = op.getType();
  Value bytes =
      arith::ConstantIndexOp::create(b, getElementBytes(type.getElementType()));
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      bytes = multiply(b, bytes, arith::ConstantIndexOp::create(b, size));
  for (Value size : op.getDynamicSizes())
    bytes = multiply(b, bytes, size);
  auto bytesType = MemRefType::get(ShapedType::kDynamic, b.getI8Type());
  Value buffer =
      memref::AllocOp::create(b, bytesType, bytes, op.getAlignmentAttr());
  Value zero = arith::ConstantIndexOp::create(b, 0);
  rewriter.replaceOpWithNewOp<memref::ViewOp>(op, type, buffer, zero,
                                              op.getDynamicSizes());
}

namespace {

struct SaturateSizesPass
    : public quantx::impl::QuantXSaturateSizesBase<SaturateSizesPass> {
  void runOnOperation() override {
    SmallVector<memref::AllocOp> allocs;
    getOperation()->walk([&](memref::AllocOp op) {
      if (isPlainBuffer(op))
        allocs.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (memref::AllocOp op : allocs) {
      rewriter.setInsertionPoint(op);
      saturateSize(rewriter, op);
    }
  }
};

} // namespace
