//===- UpstreamKernels.cpp - Conversions by upstream's passes -------------===//

#include "UpstreamKernels.h"
#include "support/Upstream.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace quantx;

using Expander = UpstreamSpec::Expander;

bool quantx::isExpandedByUpstream(const UpstreamSpec &spec) {
  if (spec.expander != Expander::ArithExpand)
    return true;
  // By its options include-f4e2m1 and include-f8e8m0, from and to f32.
  return spec.wide == "f32" &&
         (spec.format == "f4E2M1FN" || spec.format == "f8E8M0FNU");
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

/// {0} is the body of a loop over %i with step {1}; {2} and {3} are the element
/// types of the arrays.
static constexpr const char *loop = R"mlir(
func.func @convert(%in: memref<?x{2}>, %out: memref<?x{3}>, %n: index) {{
  %c0 = arith.constant 0 : index
  %step = arith.constant {1} : index
  %bytes = arith.constant {4} : index
  scf.for %i = %c0 to %n step %step {{
    %block = arith.divui %i, %step : index
    %j = arith.muli %block, %bytes : index
{0}
  }
  return
}
)mlir";

static constexpr const char *copyBody = R"mlir(
    %x = vector.load %in[%i] : memref<?xf32>, vector<64xf32>
    vector.store %x, %out[%i] : memref<?xf32>, vector<64xf32>)mlir";

// {0} wide, {1} format, {2} bytes of 64 codes.
static constexpr const char *vectorEncode = R"mlir(
    %x = vector.load %in[%i] : memref<?x{0}>, vector<64x{0}>
    %y = arith.truncf %x : vector<64x{0}> to vector<64x{1}>
    %b = vector.bitcast %y : vector<64x{1}> to vector<{2}xi8>
    vector.store %b, %out[%j] : memref<?xi8>, vector<{2}xi8>)mlir";
static constexpr const char *vectorDecode = R"mlir(
    %b = vector.load %in[%j] : memref<?xi8>, vector<{2}xi8>
    %y = vector.bitcast %b : vector<{2}xi8> to vector<64x{1}>
    %x = arith.extf %y : vector<64x{1}> to vector<64x{0}>
    vector.store %x, %out[%i] : memref<?x{0}>, vector<64x{0}>)mlir";

// {0} wide, {1} format, {2} the integer of a code, {3} to or from i8.
static constexpr const char *scalarEncode = R"mlir(
    %x = memref.load %in[%i] : memref<?x{0}>
    %y = arith.truncf %x : {0} to {1}
    %c = arith.bitcast %y : {1} to {2}
    {3}
    memref.store %b, %out[%i] : memref<?xi8>)mlir";
static constexpr const char *scalarDecode = R"mlir(
    %b = memref.load %in[%i] : memref<?xi8>
    {3}
    %y = arith.bitcast %c : {2} to {1}
    %x = arith.extf %y : {1} to {0}
    memref.store %x, %out[%i] : memref<?x{0}>)mlir";

static std::string printProgram(const UpstreamSpec &spec) {
  if (spec.expander == Expander::None)
    return llvm::formatv(loop, copyBody, 64, "f32", "f32", 1);
  StringRef in = spec.isEncoding ? StringRef(spec.wide) : "i8";
  StringRef out = spec.isEncoding ? "i8" : StringRef(spec.wide);
  if (spec.expander == Expander::ArithExpand) {
    unsigned bytes = 64 * spec.bits / 8;
    std::string body =
        llvm::formatv(spec.isEncoding ? vectorEncode : vectorDecode, spec.wide,
                      spec.format, bytes);
    return llvm::formatv(loop, body, 64, in, out, bytes);
  }
  std::string code = "i" + std::to_string(spec.bits);
  std::string cast = spec.isEncoding
                         ? "%b = arith.extui %c : " + code + " to i8"
                         : "%c = arith.trunci %b : i8 to " + code;
  if (spec.bits == 8)
    cast = spec.isEncoding ? "%b = arith.addi %c, %c_0 : i8"
                           : "%c = arith.addi %b, %c_0 : i8";
  std::string body = "    %c_0 = arith.constant 0 : i8\n";
  body +=
      std::string(llvm::formatv(spec.isEncoding ? scalarEncode : scalarDecode,
                                spec.wide, spec.format, code, cast));
  return llvm::formatv(loop, body, 1, in, out, 1);
}

//===----------------------------------------------------------------------===//
// Upstream's passes
//===----------------------------------------------------------------------===//

static StringRef getPass(Expander expander) {
  switch (expander) {
  case Expander::ArithExpand:
    return "func.func(arith-expand{include-f4e2m1=true include-f8e8m0=true})";
  case Expander::APFloat:
    return "convert-arith-to-apfloat";
  case Expander::None:
    return "canonicalize";
  }
  llvm_unreachable("unknown expander");
}

llvm::Expected<ArrayFunction>
quantx::buildUpstreamKernel(const UpstreamSpec &spec) {
  std::unique_ptr<Compiler> compiler = parseArrayFunction(printProgram(spec));
  if (llvm::Error error =
          lowerByUpstream(compiler->getModule(), getPass(spec.expander)))
    return error;
  return compileArrayFunction(*compiler, "convert", /*threads=*/1);
}
