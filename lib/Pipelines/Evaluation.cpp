//===- Evaluation.cpp - Running a function at compile time ----------------===//

#include "Evaluation.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "quantx/Conversion/QuantXToLinalg/QuantXToLinalg.h"
#include "quantx/Pipelines/Pipelines.h"
#include "quantx/Target/CPU/Call.h"
#include "quantx/Target/CPU/CodeGen.h"

using namespace mlir;
using namespace quantx;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// Constants of more bytes are left to run time: a splat of any size takes a
/// line.
static constexpr uint64_t kLargestInput = uint64_t(1) << 30;

/// The elements of `attr` in C order, as files have them: bytes for what is
/// smaller.
static Expected<std::vector<uint8_t>> getBytes(ElementsAttr attr) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return createStringError("a constant has no data");
    return std::vector<uint8_t>(blob->getData().begin(), blob->getData().end());
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense || attr.getElementType().isInteger(1))
    return createStringError("a constant has no dense data");
  ArrayRef<char> data = dense.getRawData();
  std::vector<uint8_t> bytes(data.begin(), data.end());
  if (!dense.isSplat())
    return bytes;
  if (uint64_t(attr.getNumElements()) > kLargestInput / bytes.size())
    return createStringError("a constant has more than 1 GiB");
  std::vector<uint8_t> all;
  all.reserve(bytes.size() * size_t(attr.getNumElements()));
  for (int64_t i = 0; i < attr.getNumElements(); ++i)
    llvm::append_range(all, bytes);
  return all;
}

namespace {

/// Tensors with their bytes.
struct Inputs {
  std::vector<std::vector<uint8_t>> bytes;
  SmallVector<TensorView> views;
};

} // namespace

/// What `attrs` hold, for a function of `signature`.
static Expected<Inputs> readInputs(const FunctionSignature &signature,
                                   ArrayRef<ElementsAttr> attrs) {
  Inputs inputs;
  // Views keep pointing to them.
  inputs.bytes.reserve(attrs.size());
  for (auto [value, attr] : llvm::zip_equal(signature.inputs, attrs)) {
    Expected<std::vector<uint8_t>> bytes = getBytes(attr);
    if (!bytes)
      return bytes.takeError();
    inputs.bytes.push_back(std::move(*bytes));
    TensorView view{getElementType(value.elementType), {}, inputs.bytes.back()};
    view.shape.assign(value.shape.begin(), value.shape.end());
    Expected<uint64_t> size = getByteSize(view.type, view.shape);
    if (!size)
      return size.takeError();
    if (*size != view.data.size())
      return createStringError("a constant has the wrong size");
    inputs.views.push_back(std::move(view));
  }
  return inputs;
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

/// A copy of `module` in `context`.
static OwningOpRef<ModuleOp> copyTo(MLIRContext &context, ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os, OpPrintingFlags().printGenericOpForm());
  return parseSourceString<ModuleOp>(text, &context);
}

static Error runPasses(ModuleOp module,
                       llvm::function_ref<void(OpPassManager &)> addPasses) {
  PassManager passes(module.getContext());
  addPasses(passes);
  if (failed(passes.run(module)))
    return createStringError("a constant expression cannot be compiled");
  return Error::success();
}

static Expected<FunctionSignature> getSignature(ModuleOp module) {
  OwningOpRef<ModuleOp> lowered = module.clone();
  auto addPasses = [](OpPassManager &passes) {
    passes.addPass(createQuantXLowerToLinalg());
  };
  if (Error error = runPasses(*lowered, addPasses))
    return error;
  auto signatures = getSignatures(*lowered, module);
  if (!signatures)
    return signatures.takeError();
  return signatures->front();
}

Expected<std::vector<std::vector<uint8_t>>>
quantx::evaluate(ModuleOp module, ArrayRef<ElementsAttr> attrs) {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerCPUTranslations(registry);
  MLIRContext context(registry);
  // What fails here is no error of the user's program.
  ScopedDiagnosticHandler silence(&context, [](Diagnostic &) {});
  OwningOpRef<ModuleOp> copy = copyTo(context, module);
  if (!copy)
    return createStringError("a constant expression cannot be copied");
  Expected<FunctionSignature> signature = getSignature(*copy);
  if (!signature)
    return signature.takeError();
  Expected<Inputs> inputs = readInputs(*signature, attrs);
  if (!inputs)
    return inputs.takeError();

  CPUPipelineOptions options;
  auto addPasses = [&](OpPassManager &passes) {
    buildCPUPipeline(passes, options);
  };
  if (Error error = runPasses(*copy, addPasses))
    return error;
  Expected<CPUTarget> target = CPUTarget::get(options.target);
  if (!target)
    return target.takeError();
  auto function = JITFunction::create(*copy, *target, signature->name);
  if (!function)
    return function.takeError();
  Call call(*signature, inputs->views);
  call.run(*function);
  auto results = call.getResults();
  if (!results)
    return results.takeError();
  std::vector<std::vector<uint8_t>> bytes;
  for (const TensorView &result : *results)
    bytes.emplace_back(result.data.begin(), result.data.end());
  return bytes;
}
