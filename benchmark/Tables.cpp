//===- Tables.cpp - The results as tables ---------------------------------===//

#include "Kernels.h"
#include "Report.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include <map>

using namespace quantx;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Cells
//===----------------------------------------------------------------------===//

namespace {

/// What a column shows of a timing; "-" where it has nothing.
using Cell = std::function<std::string(const Results &, const Timing &)>;

struct Column {
  const char *title;
  unsigned width;
  Cell cell;
};

} // namespace

static std::string format(const char *pattern, double value) {
  return llvm::formatv(pattern, value).str();
}

static std::string formatRate(const Timing *timing) {
  if (!timing || timing->timed.elements == 0)
    return "-";
  double rate = timing->getElementRate() * 1e-9;
  return format(rate < 0.1 ? "{0:f4}" : "{0:f2}", rate);
}

static std::string printTime(const Results &, const Timing &timing) {
  if (timing.median < 1e-3)
    return format("{0:f1} us", timing.median * 1e6);
  if (timing.median < 1)
    return format("{0:f2} ms", timing.median * 1e3);
  return format("{0:f2} s", timing.median);
}

static std::string printKernel(const Results &, const Timing &timing) {
  return timing.timed.kernel;
}

static std::string printSize(const Results &, const Timing &timing) {
  if (timing.timed.kind == CaseKind::Arithmetic)
    return "-";
  return getName(timing.timed.setting.size).str();
}

static std::string printThreads(const Results &, const Timing &timing) {
  return std::to_string(timing.timed.setting.threads);
}

static std::string printSpread(const Results &, const Timing &timing) {
  return format("{0:f1}%", timing.getSpread());
}

static std::string printElements(const Results &, const Timing &timing) {
  return formatRate(&timing);
}

static std::string printBytes(const Results &, const Timing &timing) {
  if (timing.timed.bytes == 0)
    return "-";
  return format("{0:f1}", timing.getByteRate() * 1e-9);
}

static std::string printOperations(const Results &, const Timing &timing) {
  if (timing.timed.operations == 0)
    return "-";
  return format("{0:f1}", timing.getOperationRate() * 1e-9);
}

static std::string printInstructions(const Results &, const Timing &timing) {
  if (timing.timed.instructions == 0)
    return "-";
  return format("{0:f2}", timing.timed.instructions);
}

static Cell printRatio(StringRef name) {
  return [name](const Results &results, const Timing &timing) -> std::string {
    for (const Ratio &ratio : getRatios()) {
      if (ratio.name != name || ratio.kind != timing.timed.kind)
        continue;
      if (std::optional<double> value = ratio.get(results, timing))
        return format("{0:f2}", *value);
    }
    return "-";
  };
}

/// The rate of another variant of the same kernel.
static Cell printVariant(StringRef variant) {
  return [variant](const Results &results, const Timing &timing) {
    return formatRate(
        results.find(timing.timed.kernel, timing.timed.setting, variant));
  };
}

/// Over the faster of upstream's ways.
static std::string printGain(const Results &results, const Timing &timing) {
  double upstream = 0;
  for (StringRef variant : {"arith-expand", "apfloat"}) {
    if (const Timing *other =
            results.find(timing.timed.kernel, timing.timed.setting, variant))
      upstream = std::max(upstream, other->getElementRate());
  }
  if (upstream == 0)
    return "-";
  return format("{0:f1}x", timing.getElementRate() / upstream);
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

namespace {

struct Table {
  const char *title;
  std::vector<CaseKind> kinds;
  std::vector<Column> columns;
};

} // namespace

static std::vector<Table> getTables() {
  Column kernel = {"kernel", 33, printKernel};
  Column size = {"size", 5, printSize};
  Column threads = {"threads", 8, printThreads};
  Column time = {"time", 11, printTime};
  Column spread = {"+-", 8, printSpread};
  Column bytes = {"GB/s", 8, printBytes};
  Column operations = {"GFLOP/s", 9, printOperations};
  Column v3 = {"v3", 8, printVariant("x86-64-v3")};
  Column generic = {"generic", 8, printVariant("generic")};
  auto ratio = [](const char *title, const char *name) {
    return Column{title, 7, printRatio(name)};
  };
  return {
      {"What the machine can do",
       {CaseKind::Bandwidth, CaseKind::Arithmetic},
       {kernel, size, threads, time, spread, bytes, operations}},
      {"Conversions in L2, one thread: Gelements/s, instructions for 16 "
       "elements",
       {CaseKind::Conversion},
       {kernel,
        {"native", 8, printElements},
        spread,
        ratio("/copy", "copy"),
        {"i/16", 9, printInstructions},
        v3,
        generic,
        {"expand", 9, printVariant("arith-expand")},
        {"apfloat", 9, printVariant("apfloat")},
        {"gain", 9, printGain}}},
      {"Quantizing and dequantizing matrices: all bytes, over those of a read, "
       "a copy, a write",
       {CaseKind::Tensor},
       {kernel,
        size,
        threads,
        time,
        spread,
        {"Gel/s", 8, printElements},
        bytes,
        ratio("/read", "read"),
        ratio("/copy", "copy"),
        ratio("/write", "write"),
        v3,
        generic}},
      {"Products with packed weights: bytes of the weights, over those of a "
       "read",
       {CaseKind::Matmul},
       {kernel, size, threads, time, spread, bytes, ratio("/read", "read"),
        operations, ratio("/f32", "f32"), ratio("/bf16", "bf16")}}};
}

static void printRow(llvm::raw_ostream &os, const Table &table,
                     llvm::function_ref<std::string(const Column &)> print) {
  for (const Column &column : table.columns) {
    std::string cell = print(column);
    bool isFirst = &column == &table.columns.front();
    os << (isFirst ? llvm::left_justify(cell, column.width)
                   : llvm::right_justify(cell, column.width));
  }
  os << '\n';
}

/// Other variants are columns, and what conversions are compared with is above.
static bool hasRow(const Table &table, const CaseInfo &timed) {
  return llvm::is_contained(table.kinds, timed.kind) &&
         timed.variant == "native" && timed.kernel != copyKernel;
}

static void printTable(llvm::raw_ostream &os, const Results &results,
                       const Table &table) {
  // What differs in size class and threads alone stands together.
  std::vector<const Timing *> rows;
  std::map<std::string, size_t> order;
  for (const Timing &timing : results.timings) {
    if (!hasRow(table, timing.timed))
      continue;
    order.try_emplace(timing.timed.kernel, order.size());
    rows.push_back(&timing);
  }
  if (rows.empty())
    return;
  llvm::stable_sort(rows, [&](const Timing *left, const Timing *right) {
    auto key = [&](const Timing *timing) {
      return std::make_pair(order[timing->timed.kernel],
                            timing->timed.setting.size);
    };
    return key(left) < key(right);
  });
  os << '\n' << table.title << '\n';
  printRow(os, table, [](const Column &column) { return column.title; });
  for (const Timing *timing : rows) {
    printRow(os, table, [&](const Column &column) {
      return column.cell(results, *timing);
    });
  }
}

void quantx::printTables(llvm::raw_ostream &os, const Results &results) {
  const Machine &machine = results.machine;
  os << llvm::formatv("{0}; {1} cores; L2 of {2} KiB, L3 of {3} KiB\n"
                      "medians of {4} interleaved runs; +- is half the "
                      "distance of the quartiles\n"
                      "data: l2 takes half of L2 for each thread, dram {5} "
                      "MiB or more\n",
                      machine.cpu, machine.cores, machine.l2Bytes / 1024,
                      machine.l3Bytes / 1024, results.rounds,
                      results.dramBytes >> 20);
  if (const Timing *copy = results.find(copyKernel, {SizeClass::L2, 1})) {
    os << llvm::formatv("copy f32, for conversions: {0:f1} GB/s read and "
                        "written\n",
                        copy->getByteRate() * 1e-9);
  }
  for (const Table &table : getTables())
    printTable(os, results, table);
}
