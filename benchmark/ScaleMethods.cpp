//===- ScaleMethods.cpp - Quantizing whole tensors ------------------------===//

#include "ScaleMethods.h"
#include "Buffers.h"
#include "mlir/Parser/Parser.h"
#include "quantx/Target/CPU/Call.h"
#include "support/Compiler.h"
#include "llvm/Support/FormatVariadic.h"
#include <random>

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

namespace {

/// A type and how its parameters are chosen.
struct Quantization {
  const char *name;
  const char *type;
  const char *method;

  std::string getName() const { return std::string(name) + " " + method; }
};

/// A compiled function, its input, and room for its results.
struct Kernel {
  std::unique_ptr<Compiler> compiler; // owns the types of the signature
  FunctionSignature signature;
  std::optional<JITFunction> function;
  Buffer input = Buffer(0);
  std::optional<Call> call;
};

} // namespace

static constexpr int64_t columns = 1024;

static constexpr const char *mxfp4 = "f4E2M1FN : f32, f8E8M0FNU per 1x32";
static constexpr const char *nvfp4 =
    "f4E2M1FN : f32, f8E4M3FN per 1x16, global f32";
static constexpr const char *mxfp8 = "f8E4M3FN : f32, f8E8M0FNU per 1x32";
static constexpr const char *fp8Row = "f8E4M3FN : f32, f32 per 1x*";
static constexpr const char *int4 = "ui4 : f32, f16 per 1x128, zero_point ui4";

static constexpr Quantization quantizations[] = {
    {"MXFP4", mxfp4, "floor"},         {"MXFP4", mxfp4, "rceil"},
    {"MXFP4", mxfp4, "optimal"},       {"NVFP4", nvfp4, "absmax"},
    {"NVFP4", nvfp4, "four_over_six"}, {"NVFP4", nvfp4, "optimal"},
    {"MXFP8", mxfp8, "floor"},         {"MXFP8", mxfp8, "optimal"},
    {"FP8-row", fp8Row, "absmax"},     {"INT4-g128", int4, "minmax"},
    {"INT4-g128", int4, "optimal"}};

static std::string printProgram(const Quantization &quantization) {
  constexpr const char *program = R"mlir(
!t = !quantx.scaled<{0}>
func.func @quantize(%x: tensor<?x{2}xf32>) -> tensor<?x{2}x!t> {{
  %q = quantx.dynamic_quantize %x using #quantx.{1}
    : tensor<?x{2}xf32> to tensor<?x{2}x!t>
  return %q : tensor<?x{2}x!t>
})mlir";
  return llvm::formatv(program, quantization.type, quantization.method,
                       columns);
}

/// Normally distributed, as weights are.
static Buffer makeInput(size_t elements) {
  Buffer buffer(elements * sizeof(float));
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, 0.02f);
  for (size_t i = 0; i < elements; ++i) {
    float value = normal(random);
    std::memcpy(buffer.data() + i * sizeof(float), &value, sizeof(float));
  }
  return buffer;
}

static Error addCase(const Quantization &quantization, StringRef target,
                     size_t rows, std::vector<Case> &cases) {
  auto kernel = std::make_shared<Kernel>();
  kernel->compiler = Compiler::build([&](mlir::MLIRContext &context) {
    context.loadAllAvailableDialects();
    return mlir::parseSourceString<mlir::ModuleOp>(printProgram(quantization),
                                                   &context);
  });
  auto signatures = kernel->compiler->getSignatures();
  if (!signatures)
    return signatures.takeError();
  kernel->signature = signatures->front();
  CPUTarget cpu = llvm::cantFail(CPUTarget::get(target));
  if (Error error = kernel->compiler->lower(cpu, /*threads=*/1))
    return error;
  auto function = JITFunction::create(kernel->compiler->getModule(), cpu,
                                      kernel->signature.name);
  if (!function)
    return function.takeError();
  kernel->function = std::move(*function);
  kernel->input = makeInput(rows * columns);
  TensorView view{
      ElementType::Float32, {int64_t(rows), columns}, kernel->input.get()};
  kernel->call.emplace(kernel->signature, view);
  kernel->call->run(*kernel->function);
  auto results = kernel->call->getResults();
  if (!results)
    return results.takeError();

  Case result;
  result.kernel = quantization.getName();
  result.variant = target.str();
  result.elements = double(rows * columns);
  result.bytes = double(view.data.size());
  for (const TensorView &part : *results)
    result.bytes += double(part.data.size());
  result.run = [kernel] { kernel->call->run(*kernel->function); };
  cases.push_back(std::move(result));
  return Error::success();
}

Expected<std::vector<Case>> quantx::getScaleMethodCases(llvm::Regex &filter,
                                                        size_t elements) {
  std::vector<Case> cases;
  size_t rows = std::max<size_t>(elements / columns, 1);
  for (const Quantization &quantization : quantizations) {
    if (!filter.match(quantization.getName()))
      continue;
    for (StringRef target : {"native", "x86-64-v3", "generic"}) {
      CPUTarget cpu = llvm::cantFail(CPUTarget::get(target));
      if (Error error = cpu.checkRunsHere())
        llvm::consumeError(std::move(error));
      else if (Error failure = addCase(quantization, target, rows, cases))
        return failure;
    }
  }
  return cases;
}
