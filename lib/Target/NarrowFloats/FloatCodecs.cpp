//===- FloatCodecs.cpp - The codec of each target -------------------------===//

#include "quantx/Target/NarrowFloats/FloatCodecs.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace quantx;
using llvm::StringLiteral;
using llvm::StringRef;

llvm::ArrayRef<StringLiteral> quantx::getFloatCodecTargets() {
  static constexpr StringLiteral names[] = {"generic",
                                            "native",
                                            "x86-64-v3",
                                            "x86-64-v4",
                                            "x86-64-v4+avx512vbmi",
                                            "x86-64-v4+amx",
                                            "aarch64",
                                            "sm_80",
                                            "sm_86",
                                            "sm_89",
                                            "sm_90",
                                            "sm_90a",
                                            "sm_100",
                                            "sm_100a",
                                            "sm_100f",
                                            "sm_103a",
                                            "sm_120",
                                            "sm_120a",
                                            "sm_120f",
                                            "sm_121a"};
  return names;
}

/// What a GPU has. The formats below FP8 are not part of an architecture that
/// later ones continue: sm_100 and sm_120 lack them.
static std::optional<NVVMFeatures> getNVVMFeatures(StringRef chip) {
  using Features = std::optional<NVVMFeatures>;
  return llvm::StringSwitch<Features>(chip)
      .Cases({"sm_80", "sm_86"}, NVVMFeatures{})
      .Cases({"sm_89", "sm_90", "sm_90a", "sm_100", "sm_120"},
             NVVMFeatures{/*f8=*/true})
      .Cases({"sm_100a", "sm_100f", "sm_103a", "sm_120a", "sm_120f", "sm_121a"},
             NVVMFeatures{/*f8=*/true, /*f6f4e8m0=*/true})
      .Default(std::nullopt);
}

/// The codec for the machine that compiles.
static std::unique_ptr<FloatCodec> createNative() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto hasAll = [&](std::initializer_list<StringRef> names) {
    return llvm::all_of(names,
                        [&](StringRef name) { return features.lookup(name); });
  };
  if (!hasAll({"avx2", "f16c"})) {
    bool isAArch64 = llvm::Triple(llvm::sys::getProcessTriple()).isAArch64();
    return std::make_unique<FloatCodec>(/*convertsF16=*/isAArch64);
  }
  X86Features x86;
  x86.avx512 = hasAll({"avx512f", "avx512bw", "avx512dq", "avx512vl"});
  x86.avx512vbmi = x86.avx512 && hasAll({"avx512vbmi"});
  x86.avx512bf16 = x86.avx512 && hasAll({"avx512bf16"});
  return createX86FloatCodec(x86);
}

llvm::Expected<std::unique_ptr<FloatCodec>>
quantx::createFloatCodec(StringRef target) {
  if (target == "generic")
    return std::make_unique<FloatCodec>(/*convertsF16=*/false);
  if (target == "aarch64")
    return std::make_unique<FloatCodec>();
  if (target == "native")
    return createNative();
  if (target == "x86-64-v3")
    return createX86FloatCodec({});
  if (target == "x86-64-v4")
    return createX86FloatCodec({/*avx512=*/true, /*avx512vbmi=*/false});
  if (target == "x86-64-v4+avx512vbmi" || target == "x86-64-v4+amx")
    return createX86FloatCodec({/*avx512=*/true, /*avx512vbmi=*/true,
                                /*avx512bf16=*/target == "x86-64-v4+amx"});
  if (std::optional<NVVMFeatures> features = getNVVMFeatures(target))
    return createNVVMFloatCodec(*features);
  return llvm::createStringError("unknown target '" + target +
                                 "': expected one of " +
                                 llvm::join(getFloatCodecTargets(), ", "));
}
