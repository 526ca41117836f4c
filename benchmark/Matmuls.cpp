//===- Matmuls.cpp - Multiplying by packed weights ------------------------===//

#include "Kernels.h"
#include "TensorKernel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace quantx;
using llvm::Error;
using llvm::StringRef;

namespace {

/// M rows of activations, and N x K weights, which may have 16 rows side by
/// side.
struct Matmul {
  const TensorFormat *format;
  /// f32, bf16, f16, or what f32 is quantized to first: i8 per row, or i8-g32
  /// in blocks.
  StringRef wide;
  int64_t m;
  int64_t n;
  bool hasRows16 = false;

  /// "matmul MXFP4 bf16 M=1", or "matmul MXFP4-rows16 ...", and N where it is
  /// not that of most.
  std::string getName() const {
    std::string name = llvm::formatv("matmul {0}{1} {2} M={3}", format->name,
                                     hasRows16 ? "-rows16" : "", wide, m);
    return n == commonN ? name : name + " N=" + std::to_string(n);
  }

  std::string getWeightType() const {
    return format->getType("f32", hasRows16 ? ", packing rows16" : "");
  }

  bool isQuantized() const { return wide.starts_with("i8"); }
  StringRef getInputType() const { return isQuantized() ? "f32" : wide; }
  /// The type of activations as they are multiplied.
  std::string getActivationType() const {
    if (!isQuantized())
      return wide.str();
    StringRef block = wide == "i8" ? "1x*" : "1x32";
    return "!quantx.scaled<i8 : f32, f32 per " + block.str() + ">";
  }

  static constexpr int64_t commonN = 14336;
  static constexpr int64_t k = 4096;
};

} // namespace

/// As many activations as tokens that are generated at a time: limited by the
/// weights' bandwidth. And as many as a prompt has: limited by arithmetic.
static std::vector<Matmul> getMatmuls() {
  std::vector<Matmul> matmuls;
  auto add = [&](const TensorFormat *format, int64_t m, int64_t n,
                 bool hasRows16 = false) {
    for (const char *wide : {"f32", "bf16"})
      matmuls.push_back({format, wide, m, n, hasRows16});
  };
  for (int64_t m : {1, 4, 8}) {
    for (const TensorFormat *format :
         {&mxfp4, &nvfp4, &int4Group32, &mxfp8, &fp8Row})
      add(format, m, Matmul::commonN);
    for (const TensorFormat *format :
         {&mxfp4, &nvfp4, &int4Group32, &int4Group128, &mxfp8, &fp8Row,
          &int8Row})
      add(format, m, Matmul::commonN, /*hasRows16=*/true);
    for (bool hasRows16 : {true, false})
      for (const TensorFormat *format : {&mxfp4, &int4Group32, &int8Row})
        for (const char *integers : {"i8", "i8-g32"})
          matmuls.push_back({format, integers, m, Matmul::commonN, hasRows16});
  }
  for (const TensorFormat *format : {&mxfp4, &nvfp4, &int4Group32})
    add(format, 128, 4096);
  for (const char *wide : {"bf16", "f16", "f32", "i8", "i8-g32"})
    matmuls.push_back({&mxfp4, wide, 512, Matmul::commonN});
  matmuls.push_back({&int4Group128, "i8", 512, Matmul::commonN});
  matmuls.push_back({&int8Row, "i8", 512, Matmul::commonN});
  return matmuls;
}

std::vector<std::string> quantx::getMatmulNames() {
  std::vector<std::string> names;
  for (const Matmul &matmul : getMatmuls())
    names.push_back(matmul.getName());
  return names;
}

static std::string printProgram(const Matmul &matmul, size_t n) {
  constexpr const char *program = R"mlir(
func.func @matmul(%x: tensor<{0}x{2}x{5}>, %w: tensor<{1}x{2}x{4}>)
    -> tensor<{0}x{1}xf32> {{
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<{0}x{1}xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<{0}x{1}xf32>)
    -> tensor<{0}x{1}xf32>
  {6}
  %y = quantx.scaled_matmul
    ins({7}, %w : tensor<{0}x{2}x{3}>, tensor<{1}x{2}x{4}>)
    outs(%init : tensor<{0}x{1}xf32>) -> tensor<{0}x{1}xf32>
  return %y : tensor<{0}x{1}xf32>
})mlir";
  std::string quantize;
  if (matmul.isQuantized()) {
    quantize =
        llvm::formatv("%a = quantx.dynamic_quantize %x using #quantx.absmax : "
                      "tensor<{0}x{1}xf32> to tensor<{0}x{1}x{2}>",
                      matmul.m, Matmul::k, matmul.getActivationType());
  }
  return llvm::formatv(program, matmul.m, n, Matmul::k,
                       matmul.getActivationType(), matmul.getWeightType(),
                       matmul.getInputType(), quantize,
                       matmul.isQuantized() ? "%a" : "%x");
}

/// `parts` of a matrix as those of one with 16 rows side by side: the same
/// bytes, which are other weights then, as good as these.
static std::vector<TensorView> putSideBySide(std::vector<TensorView> parts) {
  constexpr int64_t rows = 16;
  for (TensorView &part : parts) {
    if (part.shape.size() < 2)
      continue;
    part.shape.front() /= rows;
    part.shape.back() *= rows;
  }
  return parts;
}

/// The rows of weights: all of them, or what L2 holds.
static size_t getWeightRows(const Matmul &matmul, const Request &request) {
  if (request.setting.size == SizeClass::DRAM)
    return size_t(matmul.n);
  constexpr size_t multiple = 16;
  double rowBytes = matmul.format->bits / 8 * Matmul::k;
  auto rows = size_t(double(request.getBytes()) / rowBytes);
  return std::max(rows / multiple * multiple, multiple);
}

static Error addCase(const Matmul &matmul, const Request &request,
                     std::vector<Case> &cases) {
  size_t n = getWeightRows(matmul, request);
  auto created = TensorKernel::create(printProgram(matmul, n), "native",
                                      request.setting.threads);
  if (!created)
    return created.takeError();
  std::shared_ptr<TensorKernel> kernel = std::move(*created);
  StringRef wide = matmul.getInputType();
  ElementType type = wide == "f32"   ? ElementType::Float32
                     : wide == "f16" ? ElementType::Float16
                                     : ElementType::BFloat16;
  TensorView activations =
      request.pool.getValues(type, size_t(matmul.m), Matmul::k);
  auto weights = request.getQuantized(*matmul.format, n, Matmul::k);
  if (!weights)
    return weights.takeError();
  for (const std::vector<TensorView> &parts : *weights) {
    std::vector<TensorView> inputs = {activations};
    llvm::append_range(inputs, matmul.hasRows16 ? putSideBySide(parts) : parts);
    if (Error error = kernel->addInputs(inputs))
      return error;
  }
  Case result;
  result.kind = CaseKind::Matmul;
  result.kernel = matmul.getName();
  result.setting = request.setting;
  result.elements = double(n) * double(Matmul::k);
  result.bytes = double(getSize(weights->front()));
  result.operations = 2.0 * double(matmul.m) * result.elements;
  result.run = [kernel] { kernel->run(); };
  cases.push_back(std::move(result));
  return Error::success();
}

/// In L2, one row of activations alone: there the time of more is that of the
/// arithmetic, in DRAM as well.
Error quantx::addMatmuls(const Request &request, std::vector<Case> &cases) {
  for (const Matmul &matmul : getMatmuls()) {
    if (!request.matches(matmul.getName()))
      continue;
    if (request.setting.size == SizeClass::L2 && matmul.m > 1)
      continue;
    if (Error error = addCase(matmul, request, cases))
      return error;
  }
  return Error::success();
}
