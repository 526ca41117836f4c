//===- Packing.cpp - The kernels of pack and unpack -----------------------===//
//
// A unit is 32 codes: of 4 bits, 16 bytes and whole blocks of every layout.
// Where it is whole and aligned, its codes are put in order in registers;
// elsewhere each is read from, or written to, the place that the layout has for
// it.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "Units.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/VectorPacking.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// The order of codes
//===----------------------------------------------------------------------===//

namespace {

/// The order in which the codes of a unit are packed: see
/// quantx/Format/Packing.h. Places are those of the linear layout.
class PackedOrder {
public:
  PackedOrder(Packing packing, int64_t size) : packing(packing), size(size) {}

  /// The codes that a layout orders among themselves.
  static int64_t getBlock(Packing packing) {
    if (packing == Packing::Linear)
      return 1;
    return packing == Packing::SplitHalf ? 32 : 8;
  }

  /// For each place of a whole unit its code, or for each code its place.
  SmallVector<int64_t> getCodes() const;
  SmallVector<int64_t> getPlaces() const;

  /// The code at `place` of a unit of `count` codes (index), and whether there
  /// is one (i1).
  std::pair<Value, Value> findCode(ImplicitLocOpBuilder &b, int64_t place,
                                   Value count) const;

private:
  Packing packing;
  int64_t size;
};

} // namespace

SmallVector<int64_t> PackedOrder::getCodes() const {
  int64_t block = getBlock(packing), half = block / 2;
  SmallVector<int64_t> codes;
  for (int64_t i = 0; i < size; ++i) {
    int64_t inBlock = i % block;
    if (packing == Packing::SplitHalf)
      inBlock = inBlock / 2 + inBlock % 2 * half;
    else if (packing == Packing::Interleaved8)
      inBlock = inBlock % half * 2 + inBlock / half;
    codes.push_back(i - i % block + inBlock);
  }
  return codes;
}

SmallVector<int64_t> PackedOrder::getPlaces() const {
  SmallVector<int64_t> places(size);
  for (auto [place, code] : llvm::enumerate(getCodes()))
    places[code] = int64_t(place);
  return places;
}

std::pair<Value, Value> PackedOrder::findCode(ImplicitLocOpBuilder &b,
                                              int64_t place,
                                              Value count) const {
  IndexMath math(b);
  int64_t block = getBlock(packing), first = place - place % block;
  int64_t inBlock = place % block;
  Value code = math.constant(place), isThere;
  if (block != 1) {
    // A last block is laid out as if it were only as long as its bytes.
    Value rest =
        math.sub(math.max(count, math.constant(first)), math.constant(first));
    Value half = math.ceilDiv(math.min(rest, math.constant(block)), 2);
    if (isPlanted(Mutant::KernelBlocksWhole))
      half = math.constant(block / 2);
    Value places = math.mul(half, 2);
    isThere = math.less(math.constant(inBlock), places);
    if (packing == Packing::SplitHalf) {
      code = math.constant(first + inBlock / 2);
      if (inBlock % 2 == 1)
        code = math.add(code, half);
    } else {
      Value isEven = math.less(math.constant(inBlock), half);
      Value even = math.constant(first + 2 * inBlock);
      Value odd = math.sub(math.constant(first + 2 * inBlock + 1), places);
      code = math.select(isEven, even, odd);
    }
  }
  Value isCode = math.less(code, count);
  return {code, isThere ? math.logicalAnd(isThere, isCode) : isCode};
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

namespace {

/// The codes of a tensor, one a byte, and the bytes that they are packed in.
struct PackedUnits {
  IntegerFormat format;
  PackedOrder order;
  UnitLayout layout;
  Value codes, bytes;
  const Rows &rows;

  /// What `pack` loads and stores, and what `unpack` does.
  Value loadCodes(ImplicitLocOpBuilder &b, const Unit &unit) const;
  void storeBytes(ImplicitLocOpBuilder &b, const Unit &unit, Value codes) const;
  Value loadBytes(ImplicitLocOpBuilder &b, const Unit &unit) const;
  void storeCodes(ImplicitLocOpBuilder &b, const Unit &unit, Value bytes) const;

  SmallVector<UnitAccess> getAccesses() const {
    return {{codes, 8, getUnitAlignment(layout.size, 8)},
            {bytes, format.bits, getUnitAlignment(layout.size, format.bits)}};
  }
};

} // namespace

/// The elements of `codes` at `lanes`.
static Value reorder(ImplicitLocOpBuilder &b, Value codes,
                     ArrayRef<int64_t> lanes) {
  if (llvm::equal(lanes, llvm::seq<int64_t>(0, lanes.size())))
    return codes;
  return vector::ShuffleOp::create(b, codes, codes, lanes);
}

Value PackedUnits::loadCodes(ImplicitLocOpBuilder &b, const Unit &unit) const {
  Value offset = rows.getElement(b, unit.row, unit.column);
  if (!unit.count)
    return reorder(b, loadUnit(b, codes, offset, unit, layout.size, 8),
                   order.getCodes());
  IndexMath math(b);
  Value zero = arith::ConstantIntOp::create(b, 0, 8);
  SmallVector<Value> placed;
  for (int64_t place = 0; place < layout.size; ++place) {
    auto [code, isThere] = order.findCode(b, place, unit.count);
    Value index = math.add(offset, code);
    auto load = [&]() -> SmallVector<Value> {
      return {memref::LoadOp::create(b, codes, index)};
    };
    auto pad = [&]() -> SmallVector<Value> { return {zero}; };
    placed.push_back(buildIfElse(b, isThere, load, pad)[0]);
  }
  auto type = VectorType::get(layout.size, b.getI8Type());
  return vector::FromElementsOp::create(b, type, placed);
}

void PackedUnits::storeBytes(ImplicitLocOpBuilder &b, const Unit &unit,
                             Value codes) const {
  ElementwiseBuilder arith(b, b.getLoc());
  if (format.bits != 8)
    codes = arith.bitAnd(codes, (1 << format.bits) - 1);
  storeUnit(b, emitPackCodes(arith, codes, format.bits), bytes,
            rows.getByte(b, format.bits, unit.row, unit.column), unit,
            format.bits);
}

Value PackedUnits::loadBytes(ImplicitLocOpBuilder &b, const Unit &unit) const {
  Value offset = rows.getByte(b, format.bits, unit.row, unit.column);
  return loadUnit(b, bytes, offset, unit, layout.size, format.bits);
}

void PackedUnits::storeCodes(ImplicitLocOpBuilder &b, const Unit &unit,
                             Value bytes) const {
  ElementwiseBuilder arith(b, b.getLoc());
  Value placed = emitExtendInByte(
      arith, emitUnpackCodes(arith, bytes, format.bits), format);
  Value offset = rows.getElement(b, unit.row, unit.column);
  if (!unit.count) {
    storeUnit(b, reorder(b, placed, order.getPlaces()), codes, offset, unit, 8);
    return;
  }
  IndexMath math(b);
  for (int64_t place = 0; place < layout.size; ++place) {
    auto [code, isThere] = order.findCode(b, place, unit.count);
    Value index = math.add(offset, code);
    buildIf(b, isThere, [&] {
      Value value = vector::ExtractOp::create(b, placed, place);
      memref::StoreOp::create(b, value, codes, index);
    });
  }
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static constexpr int64_t kBlockSize = 128;

static UnitLayout getLayout(unsigned bits) {
  constexpr int64_t unrolled = 2;
  return {bits == 8 ? 16 : 32, unrolled};
}

/// The sizes of the codes that `bytes` are unpacked to: as many as they hold,
/// where `type` does not tell.
static SmallVector<OpFoldResult>
getCodeSizes(ImplicitLocOpBuilder &host, RankedTensorType type, Value bytes) {
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(host, host.getLoc(), bytes);
  for (auto [size, known] : llvm::zip_equal(sizes, type.getShape()))
    if (!ShapedType::isDynamic(known))
      size = host.getIndexAttr(known);
  if (ShapedType::isDynamic(type.getShape().back())) {
    IndexMath math(host);
    Value bits = math.mul(math.get(sizes.back()), 8);
    sizes.back() = math.div(bits, type.getElementTypeBitWidth());
  }
  return sizes;
}

/// Builds the body of `kernel`, from `codes` of `type` to `bytes` or back, and
/// launches it. Returns its output.
static Value launchUnits(KernelBuilder &kernel, RankedTensorType type,
                         Packing packing, ArrayRef<OpFoldResult> sizes,
                         Value codes, Value bytes, bool unpacks) {
  auto integer = cast<IntegerType>(type.getElementType());
  IntegerFormat format{integer.getWidth(), !integer.isUnsigned()};
  UnitLayout layout = getLayout(format.bits);
  JoinedShape shape = joinDimensions(kernel.getHost(), format.bits, sizes,
                                     PackedOrder::getBlock(packing));
  Rows rows(kernel, shape);
  PackedUnits units{
      format, PackedOrder(packing, layout.size), layout, codes, bytes, rows};
  ImplicitLocOpBuilder &b = kernel.getBody();
  auto load = [&](const Unit &unit) -> SmallVector<Value> {
    return {unpacks ? units.loadBytes(b, unit) : units.loadCodes(b, unit)};
  };
  auto process = [&](const Unit &unit, ValueRange loaded) {
    if (unpacks)
      units.storeCodes(b, unit, loaded[0]);
    else
      units.storeBytes(b, unit, loaded[0]);
  };
  buildUnits(kernel, rows, layout, units.getAccesses(), {load, process});
  return kernel.launch(countTiles(kernel, shape, layout))[0];
}

namespace {

struct PackKernel : public KernelPattern<PackOp> {
  using KernelPattern::KernelPattern;

  LogicalResult
  matchAndRewrite(PackOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = op.getCodes().getType();
    KernelBuilder kernel(kernels.library, rewriter, op, kBlockSize);
    ImplicitLocOpBuilder &host = kernel.getHost();
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(host, op.getLoc(), adaptor.getCodes());
    Value codes = kernel.addInput("codes", adaptor.getCodes());
    Value bytes = kernel.addOutput(
        "bytes", host.getI8Type(),
        getPackedSizes(host, type.getElementTypeBitWidth(), sizes));
    Value result = launchUnits(kernel, type, op.getPacking(), sizes, codes,
                               bytes, /*unpacks=*/false);
    rewriter.replaceOp(
        op, castKernelResult(rewriter, op.getLoc(), result, op.getType()));
    return success();
  }
};

struct UnpackKernel : public KernelPattern<UnpackOp> {
  using KernelPattern::KernelPattern;

  LogicalResult
  matchAndRewrite(UnpackOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = op.getType();
    KernelBuilder kernel(kernels.library, rewriter, op, kBlockSize);
    ImplicitLocOpBuilder &host = kernel.getHost();
    SmallVector<OpFoldResult> sizes =
        getCodeSizes(host, type, adaptor.getBytes());
    Value bytes = kernel.addInput("bytes", adaptor.getBytes());
    Value codes = kernel.addOutput("codes", host.getI8Type(), sizes);
    Value result = launchUnits(kernel, type, op.getPacking(), sizes, codes,
                               bytes, /*unpacks=*/true);
    rewriter.replaceOp(op,
                       castKernelResult(rewriter, op.getLoc(), result,
                                        getTypeConverter()->convertType(type)));
    return success();
  }
};

} // namespace

void quantx::populatePackingKernelPatterns(const TypeConverter &converter,
                                           RewritePatternSet &patterns,
                                           KernelContext &kernels) {
  patterns.add<PackKernel, UnpackKernel>(converter, patterns.getContext(),
                                         kernels);
}
