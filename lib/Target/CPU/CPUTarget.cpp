//===- CPUTarget.cpp - The CPUs that code is generated for ----------------===//

#include "quantx/Target/CPU/CPUTarget.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Triple;

llvm::ArrayRef<llvm::StringLiteral> CPUTarget::getNames() {
  static constexpr llvm::StringLiteral names[] = {
      "native",    "x86-64-v4+amx", "x86-64-v4+avx512vbmi",
      "x86-64-v4", "x86-64-v3",     "generic",
      "aarch64"};
  return names;
}

static Triple getHostTriple() { return Triple(llvm::sys::getProcessTriple()); }

/// The host's triple where it has the architecture, else that of Linux on it.
static Triple getTriple(Triple::ArchType arch, StringRef fallback) {
  Triple host = getHostTriple();
  return host.getArch() == arch ? host : Triple(fallback);
}

static CPUTarget getNative() {
  llvm::StringMap<bool> hostFeatures = llvm::sys::getHostCPUFeatures();
  llvm::SubtargetFeatures features;
  for (const auto &feature : hostFeatures)
    features.AddFeature(feature.getKey(), feature.getValue());
  // In alphabetical order, so that equal machines give equal files.
  std::vector<std::string> sorted = features.getFeatures();
  llvm::sort(sorted);
  return {"native", getHostTriple(), llvm::sys::getHostCPUName().str(),
          llvm::join(sorted, ","), hostFeatures.lookup("avx512f") ? 512u : 0u};
}

bool CPUTarget::hasByteDots() const {
  llvm::SubtargetFeatures all(features);
  return hasWideVectors() &&
         llvm::is_contained(all.getFeatures(), "+avx512vnni");
}

bool CPUTarget::convertsToBF16() const {
  llvm::SubtargetFeatures all(features);
  return hasWideVectors() &&
         llvm::is_contained(all.getFeatures(), "+avx512bf16");
}

bool CPUTarget::hasFastPairDots() const {
  return convertsToBF16() && StringRef(cpu).starts_with("znver");
}

/// The features behind a level of x86-64 and `+`.
static std::string getFeatures(StringRef suffix) {
  // Every CPU with AMX has the others.
  if (suffix == "amx")
    return "+avx512vbmi,+avx512vnni,+avx512bf16,"
           "+amx-tile,+amx-bf16,+amx-int8";
  return suffix.empty() ? "" : "+" + suffix.str();
}

bool CPUTarget::hasTiles() const {
  llvm::SubtargetFeatures all(features);
  return triple.isX86() && triple.isArch64Bit() && triple.isOSLinux() &&
         llvm::all_of(std::initializer_list<StringRef>{"+amx-tile", "+amx-bf16",
                                                       "+amx-int8"},
                      [&](StringRef feature) {
                        return llvm::is_contained(all.getFeatures(), feature);
                      });
}

Expected<CPUTarget> CPUTarget::get(StringRef name) {
  if (name == "native")
    return getNative();
  if (name == "x86-64-v4" || name == "x86-64-v3" ||
      name == "x86-64-v4+avx512vbmi" || name == "x86-64-v4+amx") {
    auto [cpu, suffix] = name.split('+');
    return CPUTarget{
        name.str(), getTriple(Triple::x86_64, "x86_64-unknown-linux-gnu"),
        cpu.str(), getFeatures(suffix), cpu == "x86-64-v4" ? 512u : 0u};
  }
  if (name == "generic") {
    Triple host = getHostTriple();
    return CPUTarget{name.str(), host, host.isX86() ? "x86-64" : "generic", "",
                     0};
  }
  if (name == "aarch64") {
    return CPUTarget{name.str(),
                     getTriple(Triple::aarch64, "aarch64-unknown-linux-gnu"),
                     "generic", "", 0};
  }
  return llvm::createStringError("unknown target '" + name +
                                 "': expected one of " +
                                 llvm::join(getNames(), ", "));
}

Error CPUTarget::checkRunsHere() const {
  Triple host = getHostTriple();
  if (host.getArch() != triple.getArch()) {
    return llvm::createStringError("cannot run code for " +
                                   triple.getArchName() + ": this machine is " +
                                   host.getArchName());
  }
  if (name == "native" || !host.isX86())
    return Error::success();
  llvm::SmallVector<StringRef> needed;
  llvm::X86::getFeaturesForCPU(cpu, needed);
  llvm::SubtargetFeatures added(features);
  for (const std::string &feature : added.getFeatures())
    needed.push_back(StringRef(feature).drop_front());
  llvm::StringMap<bool> found = llvm::sys::getHostCPUFeatures();
  for (StringRef feature : needed) {
    // Features that the host's detection does not report are not instructions.
    auto it = found.find(feature);
    if (it != found.end() && !it->second)
      return llvm::createStringError("cannot run code for " + name +
                                     ": this machine has no " + feature);
  }
  return Error::success();
}

bool CPUTarget::hasFMA() const {
  if (!triple.isX86())
    return triple.isAArch64();
  llvm::SmallVector<StringRef> own;
  if (name != "native")
    llvm::X86::getFeaturesForCPU(cpu, own);
  llvm::SmallVector<StringRef> added;
  StringRef(features).split(added, ',');
  return llvm::is_contained(own, "fma") || llvm::is_contained(added, "+fma");
}

Expected<std::unique_ptr<llvm::TargetMachine>>
CPUTarget::createTargetMachine() const {
  static const bool initialized = [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    llvm::InitializeAllAsmParsers();
    return true;
  }();
  (void)initialized;
  std::string message;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return llvm::createStringError("cannot generate code for " + name + ": " +
                                   message);
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, cpu, features, llvm::TargetOptions(), llvm::Reloc::PIC_,
      /*CM=*/std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}
