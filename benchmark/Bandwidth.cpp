//===- Bandwidth.cpp - What memory can do ---------------------------------===//

#include "Bandwidth.h"
#include "ArrayFunction.h"
#include "Kernels.h"
#include "llvm/Support/FormatVariadic.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;

/// A loop over arrays of i32, of which each thread has one part. {0} is the
/// number of threads, {1} what each does from %begin to %end.
static constexpr const char *program = R"mlir(
func.func @stream(%in: memref<?xi32>, %out: memref<?xi32>, %n: index) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %c48 = arith.constant 48 : index
  %c64 = arith.constant 64 : index
  %ahead = arith.constant 512 : index
  %threads = arith.constant {0} : index
  %part = arith.divui %n, %threads : index
  scf.forall (%t) in ({0}) {{
    %begin = arith.muli %t, %part : index
    %end = arith.addi %begin, %part : index
{1}
  }
  return
}
)mlir";

/// Four streams, each with its sum, each prefetched 2 KiB ahead. Prefetching
/// beyond the end does nothing.
static constexpr const char *readBody = R"mlir(
    %zero = arith.constant dense<0> : vector<16xi32>
    %stream = arith.divui %part, %c4 : index
    %o1 = arith.muli %stream, %c1 : index
    %o2 = arith.muli %stream, %c2 : index
    %o3 = arith.muli %stream, %c3 : index
    %b1 = arith.addi %begin, %o1 : index
    %b2 = arith.addi %begin, %o2 : index
    %b3 = arith.addi %begin, %o3 : index
    %sums:4 = scf.for %i = %c0 to %stream step %c16
        iter_args(%s0 = %zero, %s1 = %zero, %s2 = %zero, %s3 = %zero)
        -> (vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>) {
      %next = arith.addi %i, %ahead : index
      %i0 = arith.addi %begin, %i : index
      %i1 = arith.addi %b1, %i : index
      %i2 = arith.addi %b2, %i : index
      %i3 = arith.addi %b3, %i : index
      %p0 = arith.addi %begin, %next : index
      %p1 = arith.addi %b1, %next : index
      %p2 = arith.addi %b2, %next : index
      %p3 = arith.addi %b3, %next : index
      memref.prefetch %in[%p0], read, locality<3>, data : memref<?xi32>
      memref.prefetch %in[%p1], read, locality<3>, data : memref<?xi32>
      memref.prefetch %in[%p2], read, locality<3>, data : memref<?xi32>
      memref.prefetch %in[%p3], read, locality<3>, data : memref<?xi32>
      %x0 = vector.load %in[%i0] : memref<?xi32>, vector<16xi32>
      %x1 = vector.load %in[%i1] : memref<?xi32>, vector<16xi32>
      %x2 = vector.load %in[%i2] : memref<?xi32>, vector<16xi32>
      %x3 = vector.load %in[%i3] : memref<?xi32>, vector<16xi32>
      %r0 = arith.addi %s0, %x0 : vector<16xi32>
      %r1 = arith.addi %s1, %x1 : vector<16xi32>
      %r2 = arith.addi %s2, %x2 : vector<16xi32>
      %r3 = arith.addi %s3, %x3 : vector<16xi32>
      scf.yield %r0, %r1, %r2, %r3
        : vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>
    }
    %s01 = arith.addi %sums#0, %sums#1 : vector<16xi32>
    %s23 = arith.addi %sums#2, %sums#3 : vector<16xi32>
    %sum = arith.addi %s01, %s23 : vector<16xi32>
    %o = arith.muli %t, %c16 : index
    vector.store %sum, %out[%o] : memref<?xi32>, vector<16xi32>)mlir";

/// {0} is the attributes of the stores.
static constexpr const char *copyBody = R"mlir(
    scf.for %i = %begin to %end step %c64 {{
      %i1 = arith.addi %i, %c16 : index
      %i2 = arith.addi %i, %c32 : index
      %i3 = arith.addi %i, %c48 : index
      %p0 = arith.addi %i, %ahead : index
      %p1 = arith.addi %i1, %ahead : index
      %p2 = arith.addi %i2, %ahead : index
      %p3 = arith.addi %i3, %ahead : index
      memref.prefetch %in[%p0], read, locality<3>, data : memref<?xi32>
      memref.prefetch %in[%p1], read, locality<3>, data : memref<?xi32>
      memref.prefetch %in[%p2], read, locality<3>, data : memref<?xi32>
      memref.prefetch %in[%p3], read, locality<3>, data : memref<?xi32>
      %x0 = vector.load %in[%i] : memref<?xi32>, vector<16xi32>
      %x1 = vector.load %in[%i1] : memref<?xi32>, vector<16xi32>
      %x2 = vector.load %in[%i2] : memref<?xi32>, vector<16xi32>
      %x3 = vector.load %in[%i3] : memref<?xi32>, vector<16xi32>
      vector.store %x0, %out[%i] {0} : memref<?xi32>, vector<16xi32>
      vector.store %x1, %out[%i1] {0} : memref<?xi32>, vector<16xi32>
      vector.store %x2, %out[%i2] {0} : memref<?xi32>, vector<16xi32>
      vector.store %x3, %out[%i3] {0} : memref<?xi32>, vector<16xi32>
    })mlir";

/// Writes what no library call can: LLVM would make one of a constant.
static constexpr const char *writeBody = R"mlir(
    %value = arith.index_cast %n : index to i32
    %x = vector.broadcast %value : i32 to vector<16xi32>
    scf.for %i = %begin to %end step %c16 {{
      vector.store %x, %out[%i] {0} : memref<?xi32>, vector<16xi32>
    })mlir";

namespace {

/// A kernel, and the arrays of i32 that it goes through.
struct Stream {
  const char *name;
  const char *body;
  bool isTemporal;
  bool reads;
  bool writes;
};

} // namespace

static constexpr Stream streams[] = {
    {readKernel, readBody, true, true, false},
    {copyPlainKernel, copyBody, true, true, true},
    {copyStreamKernel, copyBody, false, true, true},
    {writePlainKernel, writeBody, true, false, true},
    {writeStreamKernel, writeBody, false, false, true}};

std::vector<std::string> quantx::getBandwidthNames() {
  std::vector<std::string> names;
  for (const Stream &stream : streams)
    names.emplace_back(stream.name);
  return names;
}

static Expected<ArrayFunction> compile(const Stream &stream, unsigned threads) {
  std::string body = stream.body;
  if (stream.writes) {
    body = llvm::formatv(
        stream.body,
        stream.isTemporal ? "" : "{nontemporal = true, alignment = 64 : i64}");
  }
  auto compiler =
      parseArrayFunction(llvm::formatv(program, threads, body).str());
  return compileArrayFunction(*compiler, "stream", threads);
}

/// In DRAM each array is as large as `request` says; in L2 both together are.
Error quantx::addBandwidths(const Request &request, std::vector<Case> &cases) {
  // Whole iterations of whole vectors for each thread and stream.
  size_t multiple = 64 * size_t(request.setting.threads) * sizeof(int32_t);
  for (const Stream &stream : streams) {
    if (!request.matches(stream.name))
      continue;
    unsigned arrays = unsigned(stream.reads) + unsigned(stream.writes);
    size_t bytes = request.getBytes();
    if (request.setting.size == SizeClass::L2)
      bytes /= arrays;
    bytes = bytes / multiple * multiple;
    auto run = compile(stream, request.setting.threads);
    if (!run)
      return run.takeError();
    size_t count = bytes / sizeof(int32_t);
    auto in = request.pool.getBytes(0, bytes);
    auto out = request.pool.getBytes(1, stream.writes ? bytes : multiple);
    Case result;
    result.kind = CaseKind::Bandwidth;
    result.kernel = stream.name;
    result.setting = request.setting;
    result.elements = double(count);
    result.bytes = double(bytes) * arrays;
    result.run = [run = *run, in, out, count] {
      run(in->data(), out->data(), count);
    };
    cases.push_back(std::move(result));
  }
  return Error::success();
}
