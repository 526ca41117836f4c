//===- X86FloatCodec.h - Small floats by AVX2 and AVX-512 -------*- C++ -*-===//
//
// Encoding is in X86Encode.cpp, decoding in X86Decode.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_TARGET_NARROWFLOATS_X86FLOATCODEC_H
#define QUANTX_LIB_TARGET_NARROWFLOATS_X86FLOATCODEC_H

#include "quantx/Target/NarrowFloats/FloatCodecs.h"

namespace quantx {

class X86FloatCodec : public FloatCodec {
public:
  explicit X86FloatCodec(X86Features features)
      : features(features), registerBytes(features.avx512 ? 64 : 32) {}

  mlir::Value encode(ElementwiseBuilder &b, mlir::Value value,
                     const FloatFormat &format, RoundingSpec rounding,
                     bool saturate) const override;
  mlir::Value encodeKnown(ElementwiseBuilder &b, mlir::Value value,
                          const FloatFormat &format,
                          EncodedValues known) const override;
  mlir::Value encodeProduct(ElementwiseBuilder &b, mlir::Value value,
                            mlir::Value factor, const FloatFormat &format,
                            EncodedValues known) const override;
  mlir::Value truncateToBF16(ElementwiseBuilder &b,
                             mlir::Value value) const override;
  mlir::Value decode(ElementwiseBuilder &b, mlir::Value code,
                     const FloatFormat &format,
                     mlir::Type element) const override;
  mlir::Value decodeWord(ElementwiseBuilder &b, mlir::Value code,
                         const FloatFormat &format) const override;
  bool looksUp(mlir::Type type) const override;
  mlir::Value lookUp(ElementwiseBuilder &b, mlir::Value codes,
                     llvm::ArrayRef<uint8_t> table) const override;
  mlir::Value unpack(ElementwiseBuilder &b, mlir::Value bytes,
                     unsigned bits) const override;
  mlir::Value pack(ElementwiseBuilder &b, mlir::Value codes,
                   unsigned bits) const override;
  bool truncatesToBytes(mlir::VectorType words) const override;
  mlir::Value truncateToBytes(ElementwiseBuilder &b,
                              mlir::Value words) const override;

private:
  /// `codes`, i8 of `bits` each, with anything above these where look-ups do
  /// not mind.
  mlir::Value prepareCodes(mlir::Value codes, unsigned bits) const;
  /// What a table of 16 bytes has for a register of codes of 4 bits.
  mlir::Value lookUpNibbles(ElementwiseBuilder &b, mlir::Value codes,
                            llvm::ArrayRef<uint8_t> table) const;
  /// Whether vectors of `type` are encoded by a table of bytes.
  bool isEncodedByTable(mlir::VectorType type, const FloatFormat &format) const;

  /// The codes (i8) of halves in vectors of one dimension, as long as a whole
  /// number of registers of codes.
  mlir::Value narrow(ElementwiseBuilder &b, CodeHalves halves,
                     const FloatFormat &format) const;
  /// The codes (i8) of 4 bits, to nearest even, of as many f32 as fill
  /// registers of codes, times `factor`, a power of two of up to 2^120, if that
  /// is not null. `known` is of the products.
  mlir::Value encodeByTable(ElementwiseBuilder &b, mlir::Value value,
                            mlir::Value factor, const FloatFormat &format,
                            EncodedValues known) const;
  /// The same of products of less than 2^20, none of which is zero or NaN.
  /// `areInTable` says that they are between -8 and 8.
  mlir::Value encodeQuarters(ElementwiseBuilder &b, mlir::Value values,
                             mlir::Value factors, const FloatFormat &format,
                             bool areInTable) const;
  /// The codes (i8) of 4 bits of a product by powers of two (f32) of bf16.
  mlir::Value encodeHalves(ElementwiseBuilder &b, mlir::Value halves,
                           mlir::Value factor, const FloatFormat &format) const;
  /// A register of codes in i32.
  mlir::Value join(ElementwiseBuilder &b, CodeHalves halves,
                   const FloatFormat &format) const;
  /// Whether the codes of `format` fit in a table.
  bool hasTable(const FloatFormat &format) const {
    return format.bits == 4 || features.avx512vbmi;
  }

  /// One register of codes to `element`, in order: as many registers of
  /// results as that takes.
  llvm::SmallVector<mlir::Value> decodeRegister(ElementwiseBuilder &b,
                                                mlir::Value codes,
                                                const FloatFormat &format,
                                                mlir::Type element) const;
  /// A register of codes of 4 bits in i16 to bf16.
  mlir::Value decodeHalf(ElementwiseBuilder &b, mlir::Value codes,
                         const FloatFormat &format) const;
  /// The byte at `shift` of the f32 value of each code.
  mlir::Value lookUpByte(ElementwiseBuilder &b, mlir::Value codes,
                         const FloatFormat &format, unsigned shift) const;
  /// A vector of one dimension, by tables.
  mlir::Value decodeByTables(ElementwiseBuilder &b, mlir::Value codes,
                             const FloatFormat &format,
                             mlir::Type element) const;
  /// A vector of any shape, through f16.
  mlir::Value decodeByHalf(ElementwiseBuilder &b, mlir::Value codes,
                           const FloatFormat &format, mlir::Type element) const;

  X86Features features;
  int64_t registerBytes;
};

} // namespace quantx

#endif // QUANTX_LIB_TARGET_NARROWFLOATS_X86FLOATCODEC_H
