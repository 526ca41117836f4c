//===- Arithmetic.cpp - What the arithmetic units can do ------------------===//

#include "Arithmetic.h"
#include "ArrayFunction.h"
#include "Kernels.h"
#include "quantx/Target/CPU/CPUTarget.h"
#include "llvm/Support/FormatVariadic.h"
#include <cstring>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace quantx;
using llvm::Error;
using llvm::StringRef;

/// More chains of multiply-adds than are in flight at a time, fewer than there
/// are registers.
static constexpr unsigned chains = 12;
/// Multiply-adds of one chain in a run: about 100 us.
static constexpr size_t steps = 1 << 15;

/// {1} in {0} threads, each with its %n steps.
static constexpr const char *program = R"mlir(
func.func @peak(%in: memref<?xf32>, %out: memref<?xf32>, %n: index) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c48 = arith.constant 48 : index
  scf.forall (%t) in ({0}) {{
{1}
  }
  return
}
)mlir";

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

/// Chains of `step`, a multiply-add of %x and %y to %a{0} that gives %b{0}, on
/// sums of `width` f32. They start from different values, for equal ones would
/// be computed once, and what they come to is kept.
static std::string printChains(unsigned width, StringRef operands,
                               const char *step) {
  std::string sum = llvm::formatv("vector<{0}xf32>", width);
  std::string before, inits, types, body, yields, after;
  for (unsigned i = 0; i < chains; ++i) {
    before +=
        llvm::formatv("  %k{0} = arith.constant {1} : index\n"
                      "  %x{0} = vector.load %in[%k{0}] : memref<?xf32>, {2}\n",
                      i, 64 + i * width, sum);
    std::string comma = i == 0 ? "" : ", ";
    inits += llvm::formatv("{0}%a{1} = %x{1}", comma, i);
    types += comma + sum;
    body += llvm::formatv(step, i).str() + "\n";
    yields += llvm::formatv("{0}%b{1}", comma, i);
    after += llvm::formatv(
        "  vector.store %r#{0}, %out[%k{0}] : memref<?xf32>, {1}\n", i, sum);
  }
  std::string loop = llvm::formatv("  %r:{0} = scf.for %i = %c0 to %n step %c1 "
                                   "iter_args({1}) -> ({2}) {{\n{3}"
                                   "  scf.yield {4} : {2}\n  }",
                                   chains, inits, types, body, yields);
  return operands.str() + before + loop + "\n" + after;
}

static std::string printF32(unsigned width) {
  std::string operands = llvm::formatv(
      "  %x = vector.load %in[%c32] : memref<?xf32>, vector<{0}xf32>\n"
      "  %y = vector.load %in[%c48] : memref<?xf32>, vector<{0}xf32>\n",
      width);
  std::string step = llvm::formatv(
      "  %b{{0} = vector.fma %x, %y, %a{{0} : vector<{0}xf32>", width);
  return printChains(width, operands, step.c_str());
}

/// Pairs of bf16, by AVX-512.
static std::string printBF16Dot() {
  constexpr const char *operands = R"mlir(
  %xs = vector.load %in[%c32] : memref<?xf32>, vector<16xf32>
  %ys = vector.load %in[%c48] : memref<?xf32>, vector<16xf32>
  %x = vector.bitcast %xs : vector<16xf32> to vector<32xbf16>
  %y = vector.bitcast %ys : vector<16xf32> to vector<32xbf16>
)mlir";
  return printChains(
      16, operands,
      "  %b{0} = llvm.call_intrinsic \"llvm.x86.avx512bf16.dpbf16ps.512\""
      "(%a{0}, %x, %y) : (vector<16xf32>, vector<32xbf16>, vector<32xbf16>) "
      "-> vector<16xf32>");
}

//===----------------------------------------------------------------------===//
// AMX
//===----------------------------------------------------------------------===//

/// Products of 16 x 32 by 32 x 16, four sums at a time. The configuration is
/// in front of %in, the operands' bytes behind it.
static constexpr const char *tiles = R"mlir(
  %p = memref.extract_aligned_pointer_as_index %in : memref<?xf32> -> index
  %p64 = arith.index_cast %p : index to i64
  %bytes = arith.constant 64 : i64
  %data = arith.addi %p64, %bytes : i64
  llvm.inline_asm has_side_effects "ldtilecfg ($0)\0A tilezero %tmm0\0A tilezero %tmm1\0A tilezero %tmm2\0A tilezero %tmm3\0A tileloadd ($1,$2,1), %tmm4\0A tileloadd ($1,$2,1), %tmm5\0A tileloadd ($1,$2,1), %tmm6\0A tileloadd ($1,$2,1), %tmm7", "r,r,r,~{memory}" %p64, %data, %bytes : (i64, i64, i64) -> ()
  scf.for %i = %c0 to %n step %c1 {
    llvm.inline_asm has_side_effects "tdpbf16ps %tmm6, %tmm4, %tmm0\0A tdpbf16ps %tmm7, %tmm4, %tmm1\0A tdpbf16ps %tmm6, %tmm5, %tmm2\0A tdpbf16ps %tmm7, %tmm5, %tmm3", "~{memory}" : () -> ()
  }
  llvm.inline_asm has_side_effects "tilerelease", "~{memory}" : () -> ()
)mlir";

namespace {
/// What ldtilecfg reads: all tiles of 16 rows of 64 bytes.
struct TileConfiguration {
  uint8_t palette = 1;
  uint8_t startRow = 0;
  uint8_t reserved[14] = {};
  uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfiguration) == 64, "as the instruction has it");
} // namespace

/// Linux gives the tiles' registers to those who ask.
static bool requestTiles() {
#if defined(__linux__) && defined(__x86_64__)
  constexpr long requestPermission = 0x1023; // ARCH_REQ_XCOMP_PERM
  constexpr long tileData = 18;
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
#else
  return false;
#endif
}

//===----------------------------------------------------------------------===//
// All of them
//===----------------------------------------------------------------------===//

namespace {
/// A loop, and what one of its steps computes.
struct Peak {
  const char *name;
  std::string body;
  double operations; ///< of a step
  size_t steps;
};
} // namespace

/// The loops that this machine can run.
static std::vector<Peak> getPeaks() {
  CPUTarget native = llvm::cantFail(CPUTarget::get("native"));
  auto has = [&](StringRef feature) {
    return StringRef(native.features).contains(feature);
  };
  std::vector<Peak> peaks;
  unsigned width = has("+avx512f") ? 16 : has("+avx2") ? 8 : 4;
  peaks.push_back({f32Kernel, printF32(width), 2.0 * width * chains, steps});
  if (has("+avx512bf16"))
    peaks.push_back({bf16DotKernel, printBF16Dot(), 64.0 * chains, steps});
  if (has("+amx-bf16") && requestTiles())
    peaks.push_back({bf16TileKernel, tiles, 2.0 * 16 * 16 * 32 * 4, steps / 4});
  return peaks;
}

std::vector<std::string> quantx::getArithmeticNames() {
  return {f32Kernel, bf16DotKernel, bf16TileKernel};
}

/// A configuration of tiles, and small values behind it.
static std::shared_ptr<Buffers> makeOperands() {
  constexpr size_t floats = 1024;
  auto buffers = std::make_shared<Buffers>(floats * 4, floats * 4);
  for (size_t i = 0; i < floats; ++i) {
    float value = 1e-3f * float(i % 37);
    std::memcpy(buffers->in.data() + 4 * i, &value, 4);
  }
  TileConfiguration configuration;
  std::memcpy(buffers->in.data(), &configuration, sizeof(configuration));
  return buffers;
}

Error quantx::addArithmetic(const Request &request, std::vector<Case> &cases) {
  for (const Peak &peak : getPeaks()) {
    if (!request.matches(peak.name))
      continue;
    unsigned threads = request.setting.threads;
    auto compiler =
        parseArrayFunction(llvm::formatv(program, threads, peak.body).str());
    auto run = compileArrayFunction(*compiler, "peak", threads);
    if (!run)
      return run.takeError();
    Case result;
    result.kind = CaseKind::Arithmetic;
    result.kernel = peak.name;
    result.setting = request.setting;
    result.operations = peak.operations * double(peak.steps) * threads;
    result.run = [run = *run, buffers = makeOperands(), count = peak.steps] {
      run(buffers->in.data(), buffers->out.data(), count);
    };
    cases.push_back(std::move(result));
  }
  return Error::success();
}
