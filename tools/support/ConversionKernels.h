//===- ConversionKernels.h - Conversions as compiled loops ------*- C++ -*-===//
//
// One conversion of a small float on one target, as a loop over arrays, by the
// codec of that target and the packing of quantx/Emit: what the tests compare
// with their oracles, quantx-exhaustive sweeps and quantx-bench times.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TOOLS_SUPPORT_CONVERSIONKERNELS_H
#define QUANTX_TOOLS_SUPPORT_CONVERSIONKERNELS_H

#include "quantx/Format/Encoding.h"
#include "quantx/Target/CPU/JIT.h"
#include "support/Compiler.h"

namespace quantx {

/// The types that small floats are converted from and to.
enum class WideType { F32, F16, BF16 };

/// The bytes of one element.
inline unsigned getByteWidth(WideType type) {
  return type == WideType::F32 ? 4 : 2;
}

/// Which conversion, and how it is compiled.
struct ConversionSpec {
  enum class Direction { Encode, Decode };

  /// The keyword of the builtin type: "f8E8M0FNU", or a row of the table of
  /// formats.
  std::string format;
  Direction direction = Direction::Encode;
  WideType wide = WideType::F32;
  /// For encoding alone; f8E8M0FNU knows neither stochastic nor
  /// nearest_toward_zero, and no saturation.
  RoundingMode rounding = RoundingMode::NearestEven;
  bool saturate = true;
  /// Codes in linear packing; else one a byte, its high bits clear (and
  /// ignored by decoding).
  bool isPacked = false;
  /// A name that CPUTarget and createFloatCodec both know.
  std::string target = "native";
  /// Elements of the vectors that the loop works on, 0 for scalars. Packed
  /// codes of a vector fill whole bytes.
  unsigned vectorSize = 0;

  /// The bits of a code in its array.
  unsigned getCodeBits() const;
  /// "encode f4E2M1FN from f32, nearest_even, saturating, packed, x86-64-v4,
  /// vectors of 64"
  std::string print() const;
};

/// A module with the function of `spec`, whose arguments are arrays of one
/// dimension:
///
///   encode(x: memref<?xWIDE>, codes: memref<?xi8>[, seed: i64, first: i64])
///   decode(codes: memref<?xi8>, x: memref<?xWIDE>)
///
/// `seed` and `first`, the linear index of x[0], are there for stochastic
/// rounding alone. Fails on a spec that does not make sense.
llvm::Expected<std::unique_ptr<Compiler>>
buildConversionKernel(const ConversionSpec &spec);

/// A compiled conversion.
class ConversionKernel {
public:
  /// Compiles. Fails where `buildConversionKernel` does, and where this machine
  /// cannot run the target.
  static llvm::Expected<ConversionKernel> create(ConversionSpec spec);

  /// The same for a target of createFloatCodec alone: compiles for `cpu` what
  /// `rewrite` makes of the module, which cpu must be able to run.
  static llvm::Expected<ConversionKernel>
  create(ConversionSpec spec, const CPUTarget &cpu,
         llvm::function_ref<void(mlir::ModuleOp)> rewrite);

  /// Converts all of `in` into `out`. Their sizes in bytes are those of one
  /// number of elements, a multiple of the vector size; wide elements are
  /// aligned.
  void run(llvm::ArrayRef<uint8_t> in, llvm::MutableArrayRef<uint8_t> out,
           uint64_t seed = 0, uint64_t first = 0) const;

  const ConversionSpec &getSpec() const { return spec; }

private:
  ConversionKernel(ConversionSpec spec, JITFunction function)
      : spec(std::move(spec)), function(std::move(function)) {}

  ConversionSpec spec;
  JITFunction function;
};

} // namespace quantx

#endif // QUANTX_TOOLS_SUPPORT_CONVERSIONKERNELS_H
