//===- Cases.h - What is timed, and how ------------------------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_CASES_H
#define QUANTX_BENCHMARK_CASES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <functional>
#include <string>
#include <vector>

namespace quantx {

/// Which memory the data of a case comes from.
enum class SizeClass { L2, DRAM };

/// "l2" or "dram".
llvm::StringRef getName(SizeClass size);

/// What a case computes: which table has it, and what it is compared with.
enum class CaseKind { Conversion, Tensor, Matmul, Bandwidth, Arithmetic };

/// "conversion", "tensor", ...
llvm::StringRef getName(CaseKind kind);

/// On what, and with what, a case runs.
struct Setting {
  SizeClass size = SizeClass::L2;
  unsigned threads = 1;

  bool operator==(const Setting &other) const {
    return size == other.size && threads == other.threads;
  }
};

/// One way to compute one thing. The counts are those of one run.
struct CaseInfo {
  CaseKind kind = CaseKind::Conversion;
  std::string kernel;             ///< what is computed: "f32 -> f8E4M3FN"
  std::string variant = "native"; ///< how: "native", "arith-expand", ...
  Setting setting;
  double elements = 0;
  double bytes = 0;      ///< read and written; of a matmul, its weights' alone
  double operations = 0; ///< floating-point: a multiply-add is two
  /// Instructions of the inner loop for 16 elements; 0 where not counted.
  double instructions = 0;
};

struct Case : CaseInfo {
  std::function<void()> run;
};

/// The times of one case.
struct Timing {
  CaseInfo timed;
  unsigned rounds = 0;
  double median = 0; ///< seconds a run
  double low = 0;    ///< the quartiles
  double high = 0;

  double getElementRate() const { return timed.elements / median; }
  double getByteRate() const { return timed.bytes / median; }
  double getOperationRate() const { return timed.operations / median; }
  /// Half the distance of the quartiles, in per cent of the median.
  double getSpread() const { return 50.0 * (high - low) / median; }
};

/// Times every case `rounds` times, all in one random order, so that what
/// disturbs the machine for a while does not fall on one case alone. Each has
/// run once before. A case that takes more than a second is timed 3 times.
std::vector<Timing> timeCases(llvm::ArrayRef<Case> cases, unsigned rounds);

} // namespace quantx

#endif // QUANTX_BENCHMARK_CASES_H
