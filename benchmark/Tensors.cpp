//===- Tensors.cpp - Quantizing and dequantizing matrices -----------------===//

#include "Kernels.h"
#include "TensorKernel.h"
#include "llvm/Support/FormatVariadic.h"

using namespace quantx;
using llvm::Error;
using llvm::StringRef;

namespace {

/// Choosing scales by `method` and encoding; without one, decoding. Values are
/// of the type `wide`.
struct TensorOp {
  const TensorFormat &format;
  const char *method;
  const char *wide;
  /// Under a global scale that is there already: the second pass alone.
  bool hasGivenGlobal = false;
  /// Takes a minute from DRAM, and none of it is memory's.
  bool isInL2Alone = false;
  /// The length of rows is known at run time alone, as their number is.
  bool hasDynamicRows = false;

  bool isQuantize() const { return method != nullptr; }
  bool isF32() const { return StringRef(wide) == "f32"; }
  size_t getWidth() const { return isF32() ? 4 : 2; }

  /// "MXFP4 floor", "MXFP4 floor from bf16", "MXFP4 floor ?x?", "MXFP4 -> f32"
  std::string getName() const {
    std::string name = std::string(format.name) + " ";
    if (!isQuantize())
      return name + "-> " + wide;
    return name + method + (hasGivenGlobal ? " under a global" : "") +
           (isF32() ? "" : std::string(" from ") + wide) +
           (hasDynamicRows ? " ?x?" : "");
  }
};

/// The sizes of the matrices of a request.
struct Shape {
  size_t rows;
  size_t columns;
};

} // namespace

static constexpr TensorOp withDynamicRows(TensorOp op) {
  op.hasDynamicRows = true;
  return op;
}

static constexpr TensorOp tensorOps[] = {
    {mxfp4, "floor", "f32"},
    {mxfp4, "rceil", "f32"},
    {mxfp4, "optimal", "f32"},
    {mxfp4, "floor", "bf16"},
    {mxfp4, "optimal", "bf16"},
    {nvfp4, "absmax", "f32"},
    {nvfp4, "absmax", "f32", /*hasGivenGlobal=*/true},
    {nvfp4, "absmax", "bf16", /*hasGivenGlobal=*/true},
    {nvfp4, "four_over_six", "f32"},
    {nvfp4, "optimal", "f32"},
    {mxfp8, "floor", "f32"},
    {mxfp8, "optimal", "f32"},
    {fp8Row, "absmax", "f32"},
    {fp8Block, "absmax", "f32"},
    {int8Row, "absmax", "f32"},
    {int4Group128, "minmax", "f32"},
    {int4Group128, "optimal", "f32", /*hasGivenGlobal=*/false,
     /*isInL2Alone=*/true},
    withDynamicRows({mxfp4, "floor", "f32"}),
    withDynamicRows({nvfp4, "absmax", "f32"}),
    withDynamicRows({int8Row, "absmax", "f32"}),
    withDynamicRows({int4Group128, "minmax", "f32"}),
    {mxfp4, nullptr, "f32"},
    {mxfp4, nullptr, "bf16"},
    {nvfp4, nullptr, "f32"},
    {nvfp4, nullptr, "bf16"},
    {int4Group128, nullptr, "f32"},
    {int4Group128, nullptr, "bf16"},
    {fp8Row, nullptr, "f32"},
    {fp8Row, nullptr, "bf16"}};

std::vector<std::string> quantx::getTensorNames() {
  std::vector<std::string> names;
  for (const TensorOp &op : tensorOps)
    names.push_back(op.getName());
  return names;
}

static std::string printProgram(const TensorOp &op, size_t columns) {
  constexpr const char *quantize = R"mlir(
func.func @quantize(%x: tensor<?x{0}x{1}>{4}) -> tensor<?x{0}x{2}> {{
  %q = quantx.dynamic_quantize %x using #quantx.{3}{5}
    : tensor<?x{0}x{1}> to tensor<?x{0}x{2}>
  return %q : tensor<?x{0}x{2}>
})mlir";
  constexpr const char *dequantize = R"mlir(
func.func @dequantize(%q: tensor<?x{0}x{2}>) -> tensor<?x{0}x{1}> {{
  %x = quantx.dequantize %q : tensor<?x{0}x{2}> to tensor<?x{0}x{1}>
  return %x : tensor<?x{0}x{1}>
})mlir";
  std::string type = op.format.getType(op.wide);
  std::string size = op.hasDynamicRows ? "?" : std::to_string(columns);
  if (op.isQuantize()) {
    return llvm::formatv(quantize, size, op.wide, type, op.method,
                         op.hasGivenGlobal ? ", %g: tensor<f32>" : "",
                         op.hasGivenGlobal ? " under %g" : "");
  }
  return llvm::formatv(dequantize, size, op.wide, type);
}

/// In DRAM the values alone are as large as `request` says, in rows of 4096. In
/// L2 they and a byte of code each are.
static Shape getShape(const Request &request, size_t width) {
  bool isL2 = request.setting.size == SizeClass::L2;
  size_t columns = isL2 ? 1024 : 4096;
  size_t bytes = isL2 ? width + 1 : width;
  return {std::max<size_t>(request.getBytes() / bytes / columns, 1), columns};
}

/// Values are one array, as large as the size class wants it; codes are parts
/// of an array as large, which runs take in turn.
static Error addInputs(const TensorOp &op, const Request &request, Shape shape,
                       TensorKernel &kernel) {
  if (op.isQuantize()) {
    ElementType type =
        op.isF32() ? ElementType::Float32 : ElementType::BFloat16;
    std::vector<TensorView> inputs = {
        request.pool.getValues(type, shape.rows, shape.columns)};
    // So many values are within 5.4 standard deviations.
    static const float global = 5.4f * TensorPool::deviation / (448.0f * 6.0f);
    if (op.hasGivenGlobal) {
      auto *bytes = reinterpret_cast<const uint8_t *>(&global);
      inputs.push_back({ElementType::Float32, {}, {bytes, sizeof(global)}});
    }
    return kernel.addInputs(inputs);
  }
  auto matrices = request.getQuantized(op.format, shape.rows, shape.columns);
  if (!matrices)
    return matrices.takeError();
  for (const std::vector<TensorView> &inputs : *matrices)
    if (Error error = kernel.addInputs(inputs))
      return error;
  return Error::success();
}

static Error addCase(const TensorOp &op, StringRef target,
                     const Request &request, std::vector<Case> &cases) {
  Shape shape = getShape(request, op.getWidth());
  auto created = TensorKernel::create(printProgram(op, shape.columns), target,
                                      request.setting.threads);
  if (!created)
    return created.takeError();
  std::shared_ptr<TensorKernel> kernel = std::move(*created);
  if (Error error = addInputs(op, request, shape, *kernel))
    return error;
  Case result;
  result.kind = CaseKind::Tensor;
  result.kernel = op.getName();
  result.variant = target.str();
  result.setting = request.setting;
  result.elements = double(shape.rows * shape.columns);
  result.bytes = double(kernel->getInputBytes());
  if (Error error = kernel->run([&](llvm::ArrayRef<TensorView> results) {
        result.bytes += double(getSize(results));
      }))
    return error;
  result.run = [kernel] { kernel->run(); };
  cases.push_back(std::move(result));
  return Error::success();
}

/// The host's kernels, and where they are quick to time, those of other CPUs.
Error quantx::addTensors(const Request &request, std::vector<Case> &cases) {
  bool hasOthers = request.setting == Setting{SizeClass::L2, 1};
  for (const TensorOp &op : tensorOps) {
    if (!request.matches(op.getName()))
      continue;
    if (op.isInL2Alone && request.setting.size != SizeClass::L2)
      continue;
    for (StringRef target : {"native", "x86-64-v3", "generic"}) {
      CPUTarget cpu = llvm::cantFail(CPUTarget::get(target));
      if (Error error = cpu.checkRunsHere())
        llvm::consumeError(std::move(error));
      else if (target != "native" && !hasOthers)
        continue;
      else if (Error failure = addCase(op, target, request, cases))
        return failure;
    }
  }
  return Error::success();
}
