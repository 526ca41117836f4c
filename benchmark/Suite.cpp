//===- Suite.cpp - Timing what is asked for -------------------------------===//

#include "Suite.h"
#include "Kernels.h"
#include "support/Threads.h"
#include "llvm/ADT/STLExtras.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

static constexpr Family families[] = {
    {CaseKind::Bandwidth, getBandwidthNames, addBandwidths},
    {CaseKind::Arithmetic, getArithmeticNames, addArithmetic},
    {CaseKind::Conversion, getConversionNames, addConversions},
    {CaseKind::Tensor, getTensorNames, addTensors},
    {CaseKind::Matmul, getMatmulNames, addMatmuls}};

std::vector<std::string> quantx::getKernelNames(const llvm::Regex &filter) {
  std::vector<std::string> names;
  for (const Family &family : families) {
    for (std::string &name : family.getNames())
      if (filter.match(name))
        names.push_back(std::move(name));
  }
  return names;
}

static bool has(llvm::ArrayRef<Case> cases, CaseKind kind) {
  return llvm::any_of(cases,
                      [&](const Case &other) { return other.kind == kind; });
}

/// Adds the cases of one size class and number of threads: the kernels that
/// `request` matches, and those of `others` that they are compared with.
static Error addSizeClass(const Request &request, const Request &others,
                          std::vector<Case> &cases) {
  std::vector<Case> added;
  for (const Family &family : families) {
    if (family.kind != CaseKind::Arithmetic)
      if (Error error = family.addCases(request, added))
        return error;
  }
  if (has(added, CaseKind::Conversion))
    if (Error error = addConversionCopy(request, added))
      return error;
  if (has(added, CaseKind::Tensor) || has(added, CaseKind::Matmul))
    if (Error error = addBandwidths(others, added))
      return error;
  llvm::move(added, std::back_inserter(cases));
  return Error::success();
}

/// The cases of one number of threads.
static Expected<std::vector<Case>> getCases(const Plan &plan, unsigned threads,
                                            size_t l2Bytes, TensorPool &pool) {
  auto getRequest = [&](SizeClass size, bool wanted) {
    auto matches = [&plan, wanted](StringRef kernel) {
      return plan.filter.match(kernel) == wanted;
    };
    return Request{matches, {size, threads}, l2Bytes, plan.dramBytes, pool};
  };
  std::vector<Case> cases;
  for (SizeClass size : plan.sizes) {
    if (Error error = addSizeClass(getRequest(size, true),
                                   getRequest(size, false), cases))
      return error;
  }
  // Arithmetic has no size class: any will do.
  SizeClass size = plan.sizes.front();
  bool hasMatmuls = has(cases, CaseKind::Matmul);
  if (Error error = addArithmetic(getRequest(size, true), cases))
    return error;
  if (hasMatmuls)
    if (Error error = addArithmetic(getRequest(size, false), cases))
      return error;
  return cases;
}

Expected<std::vector<Timing>> quantx::timeKernels(const Plan &plan,
                                                  const Machine &machine) {
  bindThreads();
  // Room for the results of the largest kernels, before anything else is there.
  keepFreedMemory(llvm::is_contained(plan.sizes, SizeClass::DRAM)
                      ? 4 * plan.dramBytes
                      : 64 << 20);
  TensorPool pool;
  std::vector<Timing> timings;
  for (unsigned threads : plan.threads) {
    auto cases = getCases(plan, threads, machine.l2Bytes / 2, pool);
    if (!cases)
      return cases.takeError();
    if (!cases->empty())
      llvm::append_range(timings, timeCases(*cases, plan.rounds));
  }
  return timings;
}
