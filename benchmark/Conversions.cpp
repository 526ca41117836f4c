//===- Conversions.cpp - The conversions of small floats ------------------===//

#include "Kernels.h"
#include "LoopInstructions.h"
#include "Memory.h"
#include "UpstreamKernels.h"
#include "quantx/Target/CPU/CodeGen.h"
#include "support/ConversionKernels.h"
#include <random>

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

using Direction = ConversionSpec::Direction;

static constexpr unsigned vectorSize = 64;

namespace {

/// What is converted, by whatever variant.
struct Conversion {
  std::string format;
  WideType wide;
  Direction direction;
  bool saturate;

  std::string getName() const;
  unsigned getBits() const {
    const FloatFormat *row = lookupFloatFormat(format);
    return row ? row->bits : 8;
  }
};

} // namespace

static const char *getName(WideType type) {
  return type == WideType::F32 ? "f32" : type == WideType::F16 ? "f16" : "bf16";
}

std::string Conversion::getName() const {
  std::string wideName = ::getName(wide);
  if (direction == Direction::Decode)
    return format + " -> " + wideName;
  return wideName + " -> " + format + (saturate ? " sat" : "");
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// Normally distributed values that use every binade of the small formats.
static void fillValues(WideType type, llvm::MutableArrayRef<uint8_t> data) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, 2.0f);
  unsigned width = getByteWidth(type);
  for (size_t i = 0; i < data.size(); i += width) {
    float value = normal(random);
    uint16_t half =
        type == WideType::F16 ? encodeF16(value) : encodeBF16(value);
    if (type == WideType::F32)
      std::memcpy(&data[i], &value, width);
    else
      std::memcpy(&data[i], &half, width);
  }
}

static void fillCodes(llvm::MutableArrayRef<uint8_t> data) {
  std::mt19937 random(1);
  for (uint8_t &byte : data)
    byte = uint8_t(random());
}

/// Buffers for `elements` elements whose codes take `codeBits` bits each.
static std::shared_ptr<Buffers>
makeBuffers(const Conversion &conversion, size_t elements, unsigned codeBits) {
  size_t wideBytes = elements * getByteWidth(conversion.wide);
  size_t codeBytes = elements * codeBits / 8;
  if (conversion.direction == Direction::Encode) {
    auto buffers = std::make_shared<Buffers>(wideBytes, codeBytes);
    fillValues(conversion.wide, buffers->in.get());
    return buffers;
  }
  auto buffers = std::make_shared<Buffers>(codeBytes, wideBytes);
  fillCodes(buffers->in.get());
  return buffers;
}

static Case makeCase(const Conversion &conversion, StringRef variant,
                     size_t elements, const Buffers &buffers) {
  Case result;
  result.kernel = conversion.getName();
  result.variant = variant.str();
  result.elements = double(elements);
  result.bytes = double(buffers.getSize());
  return result;
}

//===----------------------------------------------------------------------===//
// Variants
//===----------------------------------------------------------------------===//

/// The instructions for 16 elements in the loop of a kernel.
static Expected<double> countInstructions(const ConversionSpec &spec) {
  auto compiler = buildConversionKernel(spec);
  if (!compiler)
    return compiler.takeError();
  CPUTarget target = llvm::cantFail(CPUTarget::get(spec.target));
  if (Error error = (*compiler)->lowerFromBuffers(target))
    return error;
  auto program = translateToLLVMIR((*compiler)->getModule(), target);
  if (!program)
    return program.takeError();
  if (Error error = optimize(*program, target))
    return error;
  llvm::SmallString<0> assembly;
  llvm::raw_svector_ostream os(assembly);
  if (Error error = emitCode(*program, target, CodeFileKind::Assembly, os))
    return error;
  return countLoopInstructions(assembly) * 16.0 / vectorSize;
}

static Error addOurs(const Conversion &conversion, StringRef target,
                     size_t elements, std::vector<Case> &cases) {
  ConversionSpec spec;
  spec.format = conversion.format;
  spec.direction = conversion.direction;
  spec.wide = conversion.wide;
  spec.saturate = conversion.saturate;
  spec.isPacked = true;
  spec.target = target.str();
  spec.vectorSize = vectorSize;
  auto kernel = ConversionKernel::create(spec);
  if (!kernel)
    return kernel.takeError();
  auto buffers = makeBuffers(conversion, elements, spec.getCodeBits());
  Case result = makeCase(conversion, target, elements, *buffers);
  auto instructions = countInstructions(spec);
  if (!instructions)
    return instructions.takeError();
  result.instructions = *instructions;
  auto shared = std::make_shared<ConversionKernel>(std::move(*kernel));
  result.run = [shared, buffers] {
    shared->run(buffers->in.get(), buffers->out.get());
  };
  cases.push_back(std::move(result));
  return Error::success();
}

static Error addUpstream(const Conversion &conversion, StringRef variant,
                         UpstreamSpec::Expander expander, size_t elements,
                         std::vector<Case> &cases) {
  UpstreamSpec spec;
  spec.expander = expander;
  spec.format = conversion.format;
  spec.bits = conversion.getBits();
  spec.wide = getName(conversion.wide);
  spec.isEncoding = conversion.direction == Direction::Encode;
  // Neither pass saturates.
  if (conversion.saturate || !isExpandedByUpstream(spec))
    return Error::success();
  auto kernel = buildUpstreamKernel(spec);
  if (!kernel)
    return kernel.takeError();
  bool isPacked = expander == UpstreamSpec::Expander::ArithExpand;
  auto buffers = makeBuffers(conversion, elements, isPacked ? spec.bits : 8);
  Case result = makeCase(conversion, variant, elements, *buffers);
  result.run = [run = *kernel, buffers, elements] {
    run(buffers->in.data(), buffers->out.data(), elements);
  };
  cases.push_back(std::move(result));
  return Error::success();
}

//===----------------------------------------------------------------------===//
// All of them
//===----------------------------------------------------------------------===//

static std::vector<Conversion> getConversions() {
  std::vector<std::string> formats;
  for (const FloatFormat &format : getFloatFormats())
    formats.push_back(format.name.str());
  formats.push_back(E8M0Format::name.str());
  std::vector<Conversion> conversions;
  for (const std::string &format : formats) {
    const FloatFormat *row = lookupFloatFormat(format);
    for (WideType wide : {WideType::F32, WideType::F16, WideType::BF16}) {
      conversions.push_back({format, wide, Direction::Encode, false});
      if (row && row->nonFinite != NonFinite::None)
        conversions.push_back({format, wide, Direction::Encode, true});
      conversions.push_back({format, wide, Direction::Decode, false});
    }
  }
  return conversions;
}

static Error addVariants(const Conversion &conversion, size_t elements,
                         std::vector<Case> &cases) {
  for (StringRef target : {"native", "x86-64-v3", "generic"}) {
    CPUTarget cpu = llvm::cantFail(CPUTarget::get(target));
    if (Error error = cpu.checkRunsHere()) {
      llvm::consumeError(std::move(error));
      continue;
    }
    if (Error error = addOurs(conversion, target, elements, cases))
      return error;
  }
  if (Error error =
          addUpstream(conversion, "arith-expand",
                      UpstreamSpec::Expander::ArithExpand, elements, cases))
    return error;
  return addUpstream(conversion, "apfloat", UpstreamSpec::Expander::APFloat,
                     elements, cases);
}

std::vector<std::string> quantx::getConversionNames() {
  std::vector<std::string> names;
  for (const Conversion &conversion : getConversions())
    names.push_back(conversion.getName());
  return names;
}

/// As many elements as f32 and codes take half of L2, a multiple of every
/// vector size.
static size_t getElements(const Request &request) {
  constexpr size_t bytesPerElement = 4 + 1;
  constexpr size_t multiple = 1024;
  size_t count = request.getBytes() / bytesPerElement / multiple * multiple;
  return std::max(count, multiple);
}

static bool hasConversions(const Setting &setting) {
  return setting == Setting{SizeClass::L2, 1};
}

Error quantx::addConversions(const Request &request, std::vector<Case> &cases) {
  if (!hasConversions(request.setting))
    return Error::success();
  for (const Conversion &conversion : getConversions()) {
    if (request.matches(conversion.getName()))
      if (Error error = addVariants(conversion, getElements(request), cases))
        return error;
  }
  return Error::success();
}

Error quantx::addConversionCopy(const Request &request,
                                std::vector<Case> &cases) {
  auto kernel = buildUpstreamKernel(UpstreamSpec());
  if (!kernel)
    return kernel.takeError();
  size_t elements = getElements(request);
  auto buffers = std::make_shared<Buffers>(elements * 4, elements * 4);
  Case result;
  result.kernel = copyKernel;
  result.elements = double(elements);
  result.bytes = 8.0 * double(elements);
  result.run = [run = *kernel, buffers, elements] {
    run(buffers->in.data(), buffers->out.data(), elements);
  };
  cases.push_back(std::move(result));
  return Error::success();
}
