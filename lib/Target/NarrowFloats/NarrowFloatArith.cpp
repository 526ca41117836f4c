//===- NarrowFloatArith.cpp - extf, truncf and the scaling ops ------------===//

#include "NarrowFloats.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

EncodedValues quantx::getEncodedValues(arith::TruncFOp op) {
  auto fastMath = op.getFastmath().value_or(arith::FastMathFlags::none);
  EncodedValues known;
  known.saturates = op->hasAttr(kSaturatesAttr);
  known.isInRange = op->hasAttr(kInRangeAttr);
  known.isBounded = op->hasAttr(kBoundedAttr);
  known.isNear = op->hasAttr(kNearRangeAttr);
  known.isQuotient = op->hasAttr(kQuotientAttr);
  known.areNumbers =
      known.isBounded ||
      arith::bitEnumContainsAll(fastMath, arith::FastMathFlags::nnan);
  return known;
}

//===----------------------------------------------------------------------===//
// Which ops are expanded
//===----------------------------------------------------------------------===//

/// Types that widen to f32 exactly, and that f32 is rounded to directly.
static bool isWide(Type type) {
  return isa<Float32Type, Float16Type, BFloat16Type>(
      getElementTypeOrSelf(type));
}

static bool isNarrowOrWide(Type type) {
  return isNarrowFloat(type) || isWide(type);
}

static bool isExpanded(arith::ExtFOp op) {
  Type to = op.getType();
  return isNarrowFloat(op.getIn().getType()) &&
         (isNarrowOrWide(to) || getElementTypeOrSelf(to).isF64());
}

static bool isExpanded(arith::TruncFOp op) {
  return op->hasAttr(kNoSubnormalsAttr) ||
         (isNarrowOrWide(op.getIn().getType()) && isNarrowFloat(op.getType()));
}

static bool isExpanded(arith::ScalingExtFOp op) {
  return isNarrowFloat(op.getIn().getType()) &&
         isNarrowOrWide(op.getScale().getType()) &&
         isNarrowOrWide(op.getType());
}

static bool isExpanded(arith::ScalingTruncFOp op) {
  return isNarrowOrWide(op.getIn().getType()) &&
         isNarrowOrWide(op.getScale().getType()) && isNarrowFloat(op.getType());
}

template <typename Op>
static RoundingMode getRoundingMode(Op op) {
  if (isPlanted(Mutant::RoundingModeIgnored))
    return RoundingMode::NearestEven;
  switch (op.getRoundingmode().value_or(arith::RoundingMode::to_nearest_even)) {
  case arith::RoundingMode::to_nearest_even:
    return RoundingMode::NearestEven;
  case arith::RoundingMode::to_nearest_away:
    return RoundingMode::NearestAway;
  case arith::RoundingMode::toward_zero:
    return RoundingMode::TowardZero;
  case arith::RoundingMode::upward:
    return RoundingMode::Upward;
  case arith::RoundingMode::downward:
    return RoundingMode::Downward;
  }
  llvm_unreachable("unknown rounding mode");
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {

/// Shared by the patterns: values, which come as codes or as they were, to and
/// from what the result's type converts to.
template <typename Op>
struct ExpandOp : public OpConversionPattern<Op> {
  ExpandOp(const TypeConverter &converter, const FloatCodec &codec,
           MLIRContext *context)
      : OpConversionPattern<Op>(converter, context), codec(codec) {}

protected:
  /// The value of an operand whose type was `type`, as `element`: f32, f16 or
  /// bf16, in which it is exact (in f16: not for f8E8M0FNU).
  Value decodeAs(ElementwiseBuilder &b, Value value, Type type,
                 Type element) const {
    if (!isNarrowFloat(type))
      return codec.truncateFromF32(b, codec.extendToF32(b, value), element);
    Value codes = toCodes(b, value);
    if (isE8M0(type))
      return codec.decodeE8M0(b, codes, element);
    return codec.decode(b, codes, *getFloatFormat(type), element);
  }

  Value decodeAsF32(ElementwiseBuilder &b, Value value, Type type) const {
    return decodeAs(b, value, type, b.getBuilder().getF32Type());
  }

  /// A wide float as what a result of type `type` converts to: it is f32 where
  /// that is wide too.
  Value encodeAs(ElementwiseBuilder &b, Value value, Type type,
                 RoundingMode mode, bool saturates = false) const {
    Type element = getElementTypeOrSelf(type);
    if (!isNarrowFloat(type))
      return codec.truncateFromF32(b, value, element);
    Value codes = isE8M0(type) ? codec.encodeE8M0(b, value, mode)
                               : codec.encode(b, value, *getFloatFormat(type),
                                              mode, saturates);
    bool isConverted = this->getTypeConverter()->convertType(type) != type;
    return isConverted ? codes : fromCodes(b, codes, element);
  }

  const FloatCodec &codec;
};

/// The lanes whose low bits are the codes that `op` extends to a float as wide
/// as they are, f32 or bf16; null if there are none.
static Value findWords(arith::ExtFOp op) {
  auto bitcast = op.getIn().getDefiningOp<arith::BitcastOp>();
  auto trunc = bitcast ? bitcast.getIn().getDefiningOp<arith::TruncIOp>()
                       : arith::TruncIOp();
  if (!trunc || !getFloatFormat(op.getIn().getType()))
    return {};
  unsigned bits = getElementBits(trunc.getIn().getType());
  Type element = getElementTypeOrSelf(op.getType());
  bool matches = bits == 32 ? element.isF32() : bits == 16 && element.isBF16();
  return matches ? trunc.getIn() : Value();
}

struct ExpandExtF : public ExpandOp<arith::ExtFOp> {
  using ExpandOp::ExpandOp;

  LogicalResult
  matchAndRewrite(arith::ExtFOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ElementwiseBuilder b(rewriter, op.getLoc());
    Type from = op.getIn().getType();
    Value in = adaptor.getIn();
    Value result;
    if (Value words = findWords(op)) {
      result = codec.decodeWord(b, words, *getFloatFormat(from));
    } else if (getElementTypeOrSelf(op.getType()).isF64()) {
      result = arith::ExtFOp::create(rewriter, op.getLoc(), op.getType(),
                                     decodeAsF32(b, in, from));
    } else if (isNarrowFloat(op.getType())) {
      result = encodeAs(b, decodeAsF32(b, in, from), op.getType(),
                        RoundingMode::NearestEven);
    } else if (op->hasAttr(kAnyNaNAttr) && !isE8M0(from)) {
      result = codec.decodeToAnyNaN(b, toCodes(b, in), *getFloatFormat(from),
                                    getElementTypeOrSelf(op.getType()));
    } else {
      result = decodeAs(b, in, from, getElementTypeOrSelf(op.getType()));
    }
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// An affine function of codes of 4 bits, as an integer.
struct CodeFunction {
  arith::ExtFOp codes;
  double factor, summand;

  static std::optional<CodeFunction> find(arith::FPToUIOp op);
  /// The integers of the codes 0 to 15.
  SmallVector<uint8_t> getTable();
};

/// Integers that are looked up where the target can.
struct ExpandFPToUI : public ExpandOp<arith::FPToUIOp> {
  using ExpandOp::ExpandOp;

  LogicalResult
  matchAndRewrite(arith::FPToUIOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    CodeFunction function = *CodeFunction::find(op);
    ElementwiseBuilder b(rewriter, op.getLoc());
    Value codes = rewriter.getRemappedValue(function.codes.getIn());
    rewriter.replaceOp(op, codec.lookUp(b, codes, function.getTable()));
    return success();
  }
};

struct ExpandTruncF : public ExpandOp<arith::TruncFOp> {
  using ExpandOp::ExpandOp;

  LogicalResult
  matchAndRewrite(arith::TruncFOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ElementwiseBuilder b(rewriter, op.getLoc());
    Type from = op.getIn().getType();
    Value value = adaptor.getIn();
    if (op->hasAttr(kNoSubnormalsAttr)) {
      rewriter.replaceOp(op, codec.truncateToBF16(b, value));
      return success();
    }
    if (isNarrowFloat(from))
      value = decodeAsF32(b, value, from);
    if (Value codes = encodeProduct(b, op)) {
      rewriter.replaceOp(op, codes);
      return success();
    }
    EncodedValues known = getEncodedValues(op);
    bool isKnown = known.isInRange || known.isBounded;
    rewriter.replaceOp(
        op,
        isKnown && isa<VectorType>(from)
            ? codec.encodeKnown(b, value, *getFloatFormat(op.getType()), known)
            : encodeAs(b, value, op.getType(), getRoundingMode(op),
                       known.saturates));
    return success();
  }

private:
  /// The codes of a product by powers of two, if the target has a form of its
  /// own for it.
  Value encodeProduct(ElementwiseBuilder &b, arith::TruncFOp op) const {
    auto product = op.getIn().getDefiningOp<arith::MulFOp>();
    if (!product || !op->hasAttr(kByPowerOfTwoAttr))
      return {};
    return codec.encodeProduct(b, product.getLhs(), product.getRhs(),
                               *getFloatFormat(op.getType()),
                               getEncodedValues(op));
  }
};

/// Codes that are the low bytes of words.
struct TruncateWords : public OpConversionPattern<arith::TruncIOp> {
  TruncateWords(const TypeConverter &converter, const FloatCodec &codec,
                MLIRContext *context)
      : OpConversionPattern(converter, context), codec(codec) {}

  LogicalResult
  matchAndRewrite(arith::TruncIOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ElementwiseBuilder b(rewriter, op.getLoc());
    rewriter.replaceOp(op, codec.truncateToBytes(b, adaptor.getIn()));
    return success();
  }

  const FloatCodec &codec;
};

struct ExpandScalingExtF : public ExpandOp<arith::ScalingExtFOp> {
  using ExpandOp::ExpandOp;

  LogicalResult
  matchAndRewrite(arith::ScalingExtFOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ElementwiseBuilder b(rewriter, op.getLoc());
    Value value = decodeAsF32(b, adaptor.getIn(), op.getIn().getType());
    Value scale = decodeAsF32(b, adaptor.getScale(), op.getScale().getType());
    if (isPlanted(Mutant::ScaleCutToExponent))
      scale = b.asF32(b.bitAnd(b.asI32(scale), 0x7f800000));
    rewriter.replaceOp(op, encodeAs(b, b.mul(value, scale), op.getType(),
                                    RoundingMode::NearestEven));
    return success();
  }
};

struct ExpandScalingTruncF : public ExpandOp<arith::ScalingTruncFOp> {
  using ExpandOp::ExpandOp;

  LogicalResult
  matchAndRewrite(arith::ScalingTruncFOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ElementwiseBuilder b(rewriter, op.getLoc());
    Value value = decodeAsF32(b, adaptor.getIn(), op.getIn().getType());
    Value scale = decodeAsF32(b, adaptor.getScale(), op.getScale().getType());
    rewriter.replaceOp(op, encodeAs(b, b.div(value, scale), op.getType(),
                                    getRoundingMode(op)));
    return success();
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Codes in bytes
//===----------------------------------------------------------------------===//

// LLVM does badly on vectors of integers of less than a byte. Where they only
// are between bytes and small floats, there need not be any.

/// The trunci of bytes that makes the operand of `op`, to small floats of less
/// than a byte; null if there is none.
static arith::TruncIOp findBytes(arith::BitcastOp op) {
  if (!isNarrowFloat(op.getType()) || getElementBits(op.getType()) == 8)
    return {};
  auto trunc = op.getIn().getDefiningOp<arith::TruncIOp>();
  return trunc && getElementBits(trunc.getIn().getType()) == 8
             ? trunc
             : arith::TruncIOp();
}

/// The bitcast of small floats that makes the operand of `op`, to bytes.
static arith::BitcastOp findFloats(arith::ExtUIOp op) {
  auto bitcast = op.getIn().getDefiningOp<arith::BitcastOp>();
  bool matches = bitcast && isNarrowFloat(bitcast.getIn().getType()) &&
                 getElementBits(op.getType()) == 8;
  return matches ? bitcast : arith::BitcastOp();
}

namespace {

struct BytesToFloats : public OpConversionPattern<arith::BitcastOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(arith::BitcastOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ElementwiseBuilder b(rewriter, op.getLoc());
    int64_t mask = (1 << getElementBits(op.getType())) - 1;
    Value codes = b.bitAnd(findBytes(op).getIn(), mask);
    bool isConverted =
        getTypeConverter()->convertType(op.getType()) != op.getType();
    rewriter.replaceOp(
        op, isConverted
                ? codes
                : fromCodes(b, codes, getElementTypeOrSelf(op.getType())));
    return success();
  }
};

struct FloatsToBytes : public OpConversionPattern<arith::ExtUIOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(arith::ExtUIOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ElementwiseBuilder b(rewriter, op.getLoc());
    Value floats = rewriter.getRemappedValue(findFloats(op).getIn());
    rewriter.replaceOp(op, toCodes(b, floats));
    return success();
  }
};

} // namespace

/// The number that all elements of `value` are, if it is a constant.
static std::optional<double> getSplat(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  auto splat = constant ? dyn_cast<SplatElementsAttr>(constant.getValue())
                        : SplatElementsAttr();
  if (!splat)
    return std::nullopt;
  return splat.getSplatValue<APFloat>().convertToDouble();
}

std::optional<CodeFunction> CodeFunction::find(arith::FPToUIOp op) {
  if (!getElementTypeOrSelf(op.getType()).isInteger(8) ||
      !getElementTypeOrSelf(op.getIn().getType()).isF32())
    return std::nullopt;
  auto sum = op.getIn().getDefiningOp<arith::AddFOp>();
  auto product = sum ? sum.getLhs().getDefiningOp<arith::MulFOp>() : nullptr;
  auto codes =
      product ? product.getLhs().getDefiningOp<arith::ExtFOp>() : nullptr;
  const FloatFormat *format =
      codes ? getFloatFormat(codes.getIn().getType()) : nullptr;
  if (!format || format->bits != 4)
    return std::nullopt;
  std::optional<double> factor = getSplat(product.getRhs());
  std::optional<double> summand = getSplat(sum.getRhs());
  if (!factor || !summand)
    return std::nullopt;
  return CodeFunction{codes, *factor, *summand};
}

SmallVector<uint8_t> CodeFunction::getTable() {
  const FloatFormat &format = *getFloatFormat(codes.getIn().getType());
  SmallVector<uint8_t> table;
  for (unsigned code = 0; code < 16; ++code)
    table.push_back(uint8_t(decode(uint8_t(code), format) * factor + summand));
  return table;
}

void quantx::populateNarrowFloatArithPatterns(const TypeConverter &converter,
                                              const FloatCodec &codec,
                                              RewritePatternSet &patterns,
                                              ConversionTarget &target) {
  patterns.add<ExpandExtF, ExpandFPToUI, ExpandTruncF, ExpandScalingExtF,
               ExpandScalingTruncF>(converter, codec, patterns.getContext());
  patterns.add<BytesToFloats, FloatsToBytes>(converter, patterns.getContext());
  patterns.add<TruncateWords>(converter, codec, patterns.getContext());
  target.addDynamicallyLegalOp<arith::TruncIOp>([&codec](arith::TruncIOp op) {
    auto from = dyn_cast<VectorType>(op.getIn().getType());
    return !from || getElementBits(from) != 32 ||
           getElementBits(op.getType()) != 8 || !codec.truncatesToBytes(from);
  });
  target.addDynamicallyLegalOp<arith::BitcastOp>(
      [](arith::BitcastOp op) { return !findBytes(op); });
  target.addDynamicallyLegalOp<arith::ExtUIOp>(
      [](arith::ExtUIOp op) { return !findFloats(op); });
  target.addDynamicallyLegalOp<arith::FPToUIOp>([&](arith::FPToUIOp op) {
    return !CodeFunction::find(op) || !codec.looksUp(op.getType());
  });
  target.addDynamicallyLegalOp<arith::ExtFOp>(
      [](arith::ExtFOp op) { return !isExpanded(op); });
  target.addDynamicallyLegalOp<arith::TruncFOp>(
      [](arith::TruncFOp op) { return !isExpanded(op); });
  target.addDynamicallyLegalOp<arith::ScalingExtFOp>(
      [](arith::ScalingExtFOp op) { return !isExpanded(op); });
  target.addDynamicallyLegalOp<arith::ScalingTruncFOp>(
      [](arith::ScalingTruncFOp op) { return !isExpanded(op); });
}
