//===- Report.cpp - The results as a table and as JSON --------------------===//

#include "Report.h"
#include "Conversions.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace quantx;
using llvm::StringRef;

/// The timing of a variant of a kernel, or null.
static const Timing *find(llvm::ArrayRef<Timing> timings, StringRef kernel,
                          StringRef variant) {
  const auto *found = llvm::find_if(timings, [&](const Timing &timing) {
    return timing.timed->kernel == kernel && timing.timed->variant == variant;
  });
  return found == timings.end() ? nullptr : found;
}

static std::string formatRate(const Timing *timing) {
  if (!timing)
    return "-";
  double rate = timing->getElementRate() * 1e-9;
  return llvm::formatv(rate < 0.1 ? "{0:f4}" : "{0:f2}", rate).str();
}

/// Half the distance of the quartiles, in per cent of the median.
static double getSpread(const Timing &timing) {
  return 50.0 * (timing.high - timing.low) / timing.median;
}

static double getCopyRatio(llvm::ArrayRef<Timing> timings,
                           const Timing &timing) {
  return timing.getByteRate() /
         find(timings, copyKernel, copyVariant)->getByteRate();
}

/// The faster of upstream's ways, or null.
static const Timing *findUpstream(llvm::ArrayRef<Timing> timings,
                                  StringRef kernel) {
  const Timing *expand = find(timings, kernel, "arith-expand");
  const Timing *apfloat = find(timings, kernel, "apfloat");
  if (!expand || !apfloat)
    return expand ? expand : apfloat;
  return expand->median < apfloat->median ? expand : apfloat;
}

static void printRow(llvm::raw_ostream &os,
                     llvm::ArrayRef<llvm::SmallString<20>> cells) {
  static constexpr unsigned widths[] = {24, 8, 7, 7, 9, 8, 8, 9, 9, 9};
  for (auto [cell, width] : llvm::zip(cells, widths))
    os << (width == 24 ? llvm::left_justify(cell, width)
                       : llvm::right_justify(cell, width));
  os << '\n';
}

void quantx::printTable(llvm::raw_ostream &os, const RunInfo &info,
                        llvm::ArrayRef<Timing> timings) {
  const Timing &copy = *find(timings, copyKernel, copyVariant);
  os << llvm::formatv("{0}; one thread; {1} elements ({2}); medians of {3} "
                      "interleaved rounds\ncopy: {4:f1} GB/s read and written\n"
                      "Gelements/s; +- is half the distance of the "
                      "quartiles; /copy counts all bytes; i/16 is\n"
                      "instructions for 16 elements; gain is native over the "
                      "faster of upstream's\n\n",
                      info.cpu, info.elements, info.sizeClass, info.rounds,
                      copy.getByteRate() * 1e-9);
  using Cell = llvm::SmallString<20>;
  printRow(os, {Cell("kernel"), Cell("native"), Cell("+-"), Cell("/copy"),
                Cell("i/16"), Cell("v3"), Cell("generic"), Cell("expand"),
                Cell("apfloat"), Cell("gain")});
  for (const Timing &timing : timings) {
    StringRef kernel = timing.timed->kernel;
    if (timing.timed->variant != "native" || kernel == copyKernel)
      continue;
    const Timing *upstream = findUpstream(timings, kernel);
    auto format = [](const char *text, double value) {
      return Cell(llvm::formatv(text, value).str());
    };
    printRow(os, {Cell(kernel), Cell(formatRate(&timing)),
                  format("{0:f1}%", getSpread(timing)),
                  format("{0:f2}", getCopyRatio(timings, timing)),
                  timing.timed->instructions == 0
                      ? Cell("-")
                      : format("{0:f2}", timing.timed->instructions),
                  Cell(formatRate(find(timings, kernel, "x86-64-v3"))),
                  Cell(formatRate(find(timings, kernel, "generic"))),
                  Cell(formatRate(find(timings, kernel, "arith-expand"))),
                  Cell(formatRate(find(timings, kernel, "apfloat"))),
                  upstream ? format("{0:f1}x", upstream->median / timing.median)
                           : Cell("-")});
  }
}

llvm::json::Value quantx::toJSON(const RunInfo &info,
                                 llvm::ArrayRef<Timing> timings) {
  llvm::json::Array results;
  for (const Timing &timing : timings) {
    llvm::json::Object result{
        {"kernel", timing.timed->kernel},
        {"variant", timing.timed->variant},
        {"seconds", timing.median},
        {"seconds_quartiles", llvm::json::Array{timing.low, timing.high}},
        {"gelements_per_second", timing.getElementRate() * 1e-9},
        {"gigabytes_per_second", timing.getByteRate() * 1e-9},
        {"ratio_to_copy", getCopyRatio(timings, timing)}};
    if (timing.timed->instructions != 0)
      result["instructions_per_16"] = timing.timed->instructions;
    results.push_back(std::move(result));
  }
  return llvm::json::Object{{"cpu", info.cpu},
                            {"size_class", info.sizeClass},
                            {"elements", int64_t(info.elements)},
                            {"threads", 1},
                            {"rounds", int64_t(info.rounds)},
                            {"results", std::move(results)}};
}
