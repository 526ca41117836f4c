//===- Report.cpp - Ratios, and the results as JSON -----------------------===//

#include "Report.h"
#include "Arithmetic.h"
#include "Bandwidth.h"
#include "Kernels.h"

using namespace quantx;
using llvm::StringRef;

const Timing *Results::find(StringRef kernel, const Setting &setting,
                            StringRef variant) const {
  for (const Timing &timing : timings) {
    const CaseInfo &timed = timing.timed;
    // Arithmetic has no size class.
    bool isSameSize = timed.kind == CaseKind::Arithmetic ||
                      timed.setting.size == setting.size;
    if (timed.kernel == kernel && timed.variant == variant && isSameSize &&
        timed.setting.threads == setting.threads)
      return &timing;
  }
  return nullptr;
}

llvm::ArrayRef<Ratio> quantx::getRatios() {
  static const std::vector<const char *> reads = {readKernel};
  static const std::vector<const char *> copies = {copyPlainKernel,
                                                   copyStreamKernel};
  static const std::vector<const char *> writes = {writePlainKernel,
                                                   writeStreamKernel};
  static const Ratio ratios[] = {
      {"copy", CaseKind::Conversion, &Timing::getByteRate, {copyKernel}},
      {"read", CaseKind::Tensor, &Timing::getByteRate, reads},
      {"copy", CaseKind::Tensor, &Timing::getByteRate, copies},
      {"write", CaseKind::Tensor, &Timing::getByteRate, writes},
      {"read", CaseKind::Matmul, &Timing::getByteRate, reads},
      {"f32", CaseKind::Matmul, &Timing::getOperationRate, {f32Kernel}},
      {"bf16",
       CaseKind::Matmul,
       &Timing::getOperationRate,
       {bf16DotKernel, bf16TileKernel}}};
  return ratios;
}

std::optional<double> Ratio::get(const Results &results,
                                 const Timing &timing) const {
  double best = 0;
  for (const char *kernel : kernels)
    if (const Timing *other = results.find(kernel, timing.timed.setting))
      best = std::max(best, (other->*getRate)());
  if (best == 0)
    return std::nullopt;
  return (timing.*getRate)() / best;
}

static llvm::json::Object getRatios(const Results &results,
                                    const Timing &timing) {
  llvm::json::Object object;
  for (const Ratio &ratio : getRatios()) {
    if (ratio.kind == timing.timed.kind)
      if (std::optional<double> value = ratio.get(results, timing))
        object[ratio.name] = *value;
  }
  return object;
}

static llvm::json::Object toJSON(const Results &results, const Timing &timing) {
  const CaseInfo &timed = timing.timed;
  llvm::json::Object object{
      {"kind", getName(timed.kind)},
      {"kernel", timed.kernel},
      {"variant", timed.variant},
      {"threads", int64_t(timed.setting.threads)},
      {"rounds", int64_t(timing.rounds)},
      {"seconds", timing.median},
      {"seconds_quartiles", llvm::json::Array{timing.low, timing.high}},
      {"spread_percent", timing.getSpread()}};
  if (timed.kind != CaseKind::Arithmetic)
    object["size_class"] = getName(timed.setting.size);
  auto addCount = [&](StringRef name, StringRef rateName, double count) {
    if (count == 0)
      return;
    object[name] = count;
    object[rateName] = count / timing.median * 1e-9;
  };
  addCount("elements", "gelements_per_second", timed.elements);
  addCount("bytes", "gigabytes_per_second", timed.bytes);
  addCount("operations", "gigaoperations_per_second", timed.operations);
  if (timed.instructions != 0)
    object["instructions_per_16"] = timed.instructions;
  llvm::json::Object ratios = getRatios(results, timing);
  if (!ratios.empty())
    object["ratios"] = std::move(ratios);
  return object;
}

llvm::json::Value quantx::toJSON(const Results &results) {
  llvm::json::Array timings;
  for (const Timing &timing : results.timings)
    timings.push_back(::toJSON(results, timing));
  return llvm::json::Object{{"cpu", results.machine.cpu},
                            {"cores", int64_t(results.machine.cores)},
                            {"l2_bytes", int64_t(results.machine.l2Bytes)},
                            {"l3_bytes", int64_t(results.machine.l3Bytes)},
                            {"dram_bytes", int64_t(results.dramBytes)},
                            {"rounds", int64_t(results.rounds)},
                            {"results", std::move(timings)}};
}
