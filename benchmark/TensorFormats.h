//===- TensorFormats.h - The quantized types that are timed -----*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_TENSORFORMATS_H
#define QUANTX_BENCHMARK_TENSORFORMATS_H

#include <string>

namespace quantx {

/// A quantized type.
struct TensorFormat {
  const char *name;
  const char *codes;
  const char *scales;
  /// The method that data of this type is made by.
  const char *method;
  /// Of a code and its part of the block's scale and zero point; what a row
  /// has beside is little.
  double bits;

  /// Its type, dequantized to `expressed`.
  std::string getType(const std::string &expressed,
                      const std::string &packing = "") const {
    return std::string("!quantx.scaled<") + codes + " : " + expressed + ", " +
           scales + packing + ">";
  }
};

inline constexpr TensorFormat mxfp4 = {"MXFP4", "f4E2M1FN",
                                       "f8E8M0FNU per 1x32", "floor", 4.25};
inline constexpr TensorFormat nvfp4 = {
    "NVFP4", "f4E2M1FN", "f8E4M3FN per 1x16, global f32", "absmax", 4.5};
inline constexpr TensorFormat mxfp8 = {"MXFP8", "f8E4M3FN",
                                       "f8E8M0FNU per 1x32", "floor", 8.25};
inline constexpr TensorFormat fp8Row = {"FP8-row", "f8E4M3FN", "f32 per 1x*",
                                        "absmax", 8};
inline constexpr TensorFormat fp8Block = {"FP8-128x128", "f8E4M3FN",
                                          "f32 per 128x128", "absmax", 8};
inline constexpr TensorFormat int8Row = {"INT8-row", "i8", "f32 per 1x*",
                                         "absmax", 8};
inline constexpr TensorFormat int4Group128 = {
    "INT4-g128", "ui4", "f16 per 1x128, zero_point ui4", "minmax", 4.15625};
inline constexpr TensorFormat int4Group32 = {
    "INT4-g32", "ui4", "f16 per 1x32, zero_point ui4", "minmax", 4.625};

} // namespace quantx

#endif // QUANTX_BENCHMARK_TENSORFORMATS_H
