//===- FloatCodec.h - Conversions of small floats on a target ---*- C++ -*-===//
//
// What a target can replace of the conversions of small floats: the formulas of
// quantx/Emit/Codes.h are right everywhere, and this is where a target says how
// it has them faster. Every codec gives the same bits.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_EMIT_FLOATCODEC_H
#define QUANTX_EMIT_FLOATCODEC_H

#include "quantx/Emit/Codes.h"

namespace quantx {

// What an arith.truncf is marked with.

/// Magnitudes are beyond the largest finite value by no more than a part in
/// 2^20, and none is NaN where the format has none.
inline constexpr llvm::StringLiteral kInRangeAttr = "quantx.in_range";

/// None is NaN, and magnitudes are less than 2^20.
inline constexpr llvm::StringLiteral kBoundedAttr = "quantx.bounded";

/// Magnitudes are less than twice the largest power of two among the codes'
/// values.
inline constexpr llvm::StringLiteral kNearRangeAttr = "quantx.near_range";

/// The operand is `copysign(fma(x, r, x * d), x)`, with r from 2^-38 to 2^61
/// and d less than r * 2^-20.
inline constexpr llvm::StringLiteral kQuotientAttr = "quantx.quotient";

/// The operand is a product as `FloatCodec::encodeProduct` wants it.
inline constexpr llvm::StringLiteral kByPowerOfTwoAttr =
    "quantx.by_power_of_two";

/// Of a truncf from f32 to bf16: no operand is subnormal.
inline constexpr llvm::StringLiteral kNoSubnormalsAttr = "quantx.no_subnormals";

/// Overflow and infinity become the largest finite value.
inline constexpr llvm::StringLiteral kSaturatesAttr = "quantx.saturates";

// What an arith.extf is marked with.

/// A NaN of the result may be any other one.
inline constexpr llvm::StringLiteral kAnyNaNAttr = "quantx.any_nan";

/// What is known of a vector of values that are encoded to nearest even.
struct EncodedValues {
  bool saturates = false;  ///< `kSaturatesAttr`
  bool isInRange = false;  ///< `kInRangeAttr`
  bool isBounded = false;  ///< `kBoundedAttr`
  bool isNear = false;     ///< `kNearRangeAttr`
  bool isQuotient = false; ///< `kQuotientAttr`
  bool areNumbers = false; ///< none is NaN
};

/// Emits conversions between f32, f16 or bf16 and small floats. Values are
/// scalars, or vectors of any static or scalable shape, or tensors; codes are
/// i8 of the same shape. This class emits the portable formulas; targets derive
/// from it.
class FloatCodec {
public:
  /// `convertsF16` says that the target has instructions from f16 to f32 and
  /// back: LLVM calls a function for each element where it has not.
  explicit FloatCodec(bool convertsF16 = true) : convertsF16(convertsF16) {}
  virtual ~FloatCodec();

  bool hasF16Instructions() const { return convertsF16; }

  /// As the functions of ElementwiseBuilder: to f32 from f16, bf16 or f32, and
  /// back to nearest even.
  mlir::Value extendToF32(ElementwiseBuilder &b, mlir::Value value) const;
  mlir::Value truncateFromF32(ElementwiseBuilder &b, mlir::Value value,
                              mlir::Type element) const;

  /// `value` (f32, none subnormal) as bf16, to nearest even.
  virtual mlir::Value truncateToBF16(ElementwiseBuilder &b,
                                     mlir::Value value) const {
    return truncateFromF32(b, value, b.getBuilder().getBF16Type());
  }

  /// The code of `value` (f32, f16 or bf16); as `emitEncodeFloat` of the f32
  /// that equals it.
  virtual mlir::Value encode(ElementwiseBuilder &b, mlir::Value value,
                             const FloatFormat &format, RoundingSpec rounding,
                             bool saturate) const;

  /// The same to nearest even, of values in range or bounded.
  virtual mlir::Value encodeKnown(ElementwiseBuilder &b, mlir::Value value,
                                  const FloatFormat &format,
                                  EncodedValues known) const;

  /// The code, to nearest even and saturating, of the product of `value` (f32,
  /// or bf16 extended by `extendToF32`) and `factor` (f32), a power of two from
  /// 2^-125 to 2^120 that is the same for all elements of a block. Null
  /// where there is no better form than of the product.
  virtual mlir::Value encodeProduct(ElementwiseBuilder &b, mlir::Value value,
                                    mlir::Value factor,
                                    const FloatFormat &format,
                                    EncodedValues known) const {
    return {};
  }

  /// The packed codes (bytes) of `values`, a vector of one dimension of f32,
  /// f16 or bf16 whose codes fill whole bytes: as `encode`, then `pack`. Null
  /// where the target has no better form than these.
  virtual mlir::Value encodePacked(ElementwiseBuilder &b, mlir::Value values,
                                   const FloatFormat &format,
                                   EncodedValues known) const {
    return {};
  }

  /// The value of a `code`, whose bits above the format's are ignored, as
  /// `element`: f32, f16 or bf16. Exact in all three; a NaN is quiet, with the
  /// code's sign and payload.
  virtual mlir::Value decode(ElementwiseBuilder &b, mlir::Value code,
                             const FloatFormat &format,
                             mlir::Type element) const;

  /// The same where a NaN may be any other one.
  virtual mlir::Value decodeToAnyNaN(ElementwiseBuilder &b, mlir::Value code,
                                     const FloatFormat &format,
                                     mlir::Type element) const {
    return decode(b, code, format, element);
  }

  /// The same of a `code` in i32 to f32, or in i16 to bf16. What is above it is
  /// anything.
  virtual mlir::Value decodeWord(ElementwiseBuilder &b, mlir::Value code,
                                 const FloatFormat &format) const;

  /// Whether `lookUp` is there for codes in `type`.
  virtual bool looksUp(mlir::Type type) const { return false; }

  /// The bytes that `table`, of 16, has for `codes` of 4 bits (i8, high bits
  /// clear).
  virtual mlir::Value lookUp(ElementwiseBuilder &b, mlir::Value codes,
                             llvm::ArrayRef<uint8_t> table) const;

  /// The E8M0 code of the magnitude of `value` (f32, f16 or bf16); as
  /// `emitEncodeE8M0`.
  virtual mlir::Value encodeE8M0(ElementwiseBuilder &b, mlir::Value value,
                                 RoundingMode mode) const;

  /// The value of an E8M0 `code` as `element`: f32, f16 (which few of them
  /// fit: to nearest even) or bf16.
  virtual mlir::Value decodeE8M0(ElementwiseBuilder &b, mlir::Value code,
                                 mlir::Type element) const;

  /// Packed codes one a byte; as `emitUnpackCodes`.
  virtual mlir::Value unpack(ElementwiseBuilder &b, mlir::Value bytes,
                             unsigned bits) const;

  /// Codes one a byte, packed; as `emitPackCodes`.
  virtual mlir::Value pack(ElementwiseBuilder &b, mlir::Value codes,
                           unsigned bits) const;

  /// Whether there is a better form than `arith.trunci` from `words`, vectors
  /// of i32, to i8, and that form.
  virtual bool truncatesToBytes(mlir::VectorType words) const { return false; }
  virtual mlir::Value truncateToBytes(ElementwiseBuilder &b,
                                      mlir::Value words) const;

private:
  bool convertsF16;
};

} // namespace quantx

#endif // QUANTX_EMIT_FLOATCODEC_H
