//===- FloatCodecs.cpp - The codec of each target -------------------------===//

#include "quantx/Target/NarrowFloats/FloatCodecs.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/TargetParser/Host.h"

using namespace quantx;
using llvm::StringLiteral;
using llvm::StringRef;

llvm::ArrayRef<StringLiteral> quantx::getFloatCodecTargets() {
  static constexpr StringLiteral names[] = {
      "generic", "native", "x86-64-v3", "x86-64-v4", "x86-64-v4+avx512vbmi",
      "aarch64"};
  return names;
}

/// The codec for the machine that compiles.
static std::unique_ptr<FloatCodec> createNative() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto hasAll = [&](std::initializer_list<StringRef> names) {
    return llvm::all_of(names,
                        [&](StringRef name) { return features.lookup(name); });
  };
  if (!hasAll({"avx2", "f16c"}))
    return std::make_unique<FloatCodec>();
  X86Features x86;
  x86.avx512 = hasAll({"avx512f", "avx512bw", "avx512dq", "avx512vl"});
  x86.avx512vbmi = x86.avx512 && hasAll({"avx512vbmi"});
  return createX86FloatCodec(x86);
}

llvm::Expected<std::unique_ptr<FloatCodec>>
quantx::createFloatCodec(StringRef target) {
  if (target == "generic" || target == "aarch64")
    return std::make_unique<FloatCodec>();
  if (target == "native")
    return createNative();
  if (target == "x86-64-v3")
    return createX86FloatCodec({});
  if (target == "x86-64-v4")
    return createX86FloatCodec({/*avx512=*/true, /*avx512vbmi=*/false});
  if (target == "x86-64-v4+avx512vbmi")
    return createX86FloatCodec({/*avx512=*/true, /*avx512vbmi=*/true});
  return llvm::createStringError("unknown target '" + target +
                                 "': expected one of " +
                                 llvm::join(getFloatCodecTargets(), ", "));
}
