//===- SimulatedWarpgroupsTest.cpp - wgmma on the simulated GPU -----------===//
//
// Descriptors and layouts by numbers worked out from the PTX ISA by hand, and
// what the simulated GPU finds wrong with a kernel that uses wgmma.
//
//===----------------------------------------------------------------------===//

#include "SimulatedWarpgroups.h"
#include "SharedMemoryTest.h"
#include "SimulatorKernels.h"
#include <cmath>
#include <cstring>

using namespace quantx;
using namespace quantx::test;

namespace {

/// A block of 8 warps.
class SimulatedWarpgroupsTest : public SharedMemoryTest {
protected:
  SimulatedWarpgroupsTest() : SharedMemoryTest(size_t(16) << 10) {}

  void SetUp() override { warpgroups.reset(8); }

  SharedMatrix decode(uint64_t descriptor) const {
    SharedMatrix matrix;
    EXPECT_EQ(decodeWarpgroupDescriptor(descriptor, window, matrix), "");
    return matrix;
  }
  WarpgroupProduct getProduct() const {
    WarpgroupProduct product;
    product.columns = 16;
    product.b = decode(describe(0, 0x4000004000010000));
    return product;
  }
  void setWord(uintptr_t address, uint16_t bits) {
    std::memcpy(reinterpret_cast<void *>(address), &bits, sizeof(bits));
  }

  Warpgroups warpgroups;
};

} // namespace

// 0x4000004000010000 + address / 16: 1024 bytes between groups of 8 rows, and
// the swizzle of 128 bytes.
static constexpr uint64_t kSwizzled = 0x4000004000010000;
/// In bf16.
static constexpr uint32_t kTwo = 0x4000, kThree = 0x4040;

static float toFloat(uint32_t word) {
  float value;
  std::memcpy(&value, &word, sizeof(value));
  return value;
}

TEST_F(SimulatedWarpgroupsTest, RowsOfDescriptors) {
  SharedMatrix matrix = decode(describe(2048, kSwizzled));
  EXPECT_EQ(matrix.locate(0, 16) - window, 2048u + 16);
  EXPECT_EQ(matrix.locate(5, 0) - window, 2048u + 5 * 128 + 5 * 16);
  EXPECT_EQ(matrix.locate(13, 16) - window,
            2048u + 1024 + 5 * 128 + (1 ^ 5) * 16);
  // Further on along K.
  EXPECT_EQ(decode(describe(2048 + 96, kSwizzled)).locate(6, 16) - window,
            2048u + 6 * 128 + (7 ^ 6) * 16);
}

TEST_F(SimulatedWarpgroupsTest, WrongDescriptors) {
  SharedMatrix matrix;
  auto expect = [&](uint64_t descriptor, const char *mistake) {
    EXPECT_NE(
        decodeWarpgroupDescriptor(descriptor, window, matrix).find(mistake),
        std::string::npos)
        << mistake;
  };
  // Those of tcgen05 have a constant here.
  expect(describe(0, kSwizzled) | uint64_t(1) << 46, "reserved field");
  expect(describe(0, kSwizzled) | uint64_t(1) << 49, "base offset");
  expect(describe(0, kSwizzled) ^ uint64_t(3) << 62, "swizzles 2");
  expect(describe(128, kSwizzled), "a multiple of 1024");
}

// Row 43 of A is row 11 of the 16 of warp 2: lanes 12 to 15 have it in their
// second and fourth word, of which that of lane 13 has columns 10 and 11. Row 5
// of B is column 5 of D: the second sum of two in lane 14, below row 3's.
TEST_F(SimulatedWarpgroupsTest, OneProduct) {
  WarpgroupProduct product = getProduct();
  setWord(product.b.locate(5, 16) + 6, kThree);
  WarpRegisters sums(8);
  float one = 1;
  std::memcpy(&sums.at(14, 3), &one, sizeof(one));
  for (uint32_t warp = 0; warp < 4; ++warp) {
    WarpRegisters words(4), ofWarp(8);
    if (warp == 2) {
      words.at(13, 3) = kTwo << 16;
      ofWarp = sums;
    }
    warpgroups.fence(warp);
    EXPECT_EQ(warpgroups.begin(warp, product, words, ofWarp), "");
    EXPECT_EQ(warpgroups.begin(warp, product, words, ofWarp), "");
    EXPECT_TRUE(std::isnan(toFloat(ofWarp.at(14, 3))));
    warpgroups.commit(warp);
    EXPECT_EQ(warpgroups.wait(warp, 1), "");
    warpgroups.take(warp, ofWarp);
    EXPECT_TRUE(std::isnan(toFloat(ofWarp.at(14, 3))));
    EXPECT_NE(warpgroups.checkEnd(), "");
    EXPECT_EQ(warpgroups.wait(warp, 0), "");
    warpgroups.take(warp, ofWarp);
    EXPECT_EQ(toFloat(ofWarp.at(14, 3)), warp == 2 ? 13.0f : 0.0f);
    EXPECT_EQ(toFloat(ofWarp.at(14, 1)), 0.0f);
    EXPECT_EQ(toFloat(ofWarp.at(14, 7)), 0.0f);
  }
  EXPECT_EQ(warpgroups.checkEnd(), "");
}

// Where products are not added, what was there before does not matter.
TEST_F(SimulatedWarpgroupsTest, WithoutSums) {
  WarpgroupProduct product = getProduct();
  product.isF16 = true;
  product.adds = false;
  // 2 and 3 in f16, in row 8 of A and row 15 of B.
  setWord(product.b.locate(15, 0), 0x4200);
  WarpRegisters words(4), sums(8);
  words.at(0, 1) = 0x4000;
  for (uint32_t &word : sums.words)
    word = ~0u;
  warpgroups.fence(0);
  EXPECT_EQ(warpgroups.begin(0, product, words, sums), "");
  warpgroups.commit(0);
  EXPECT_EQ(warpgroups.wait(0, 0), "");
  warpgroups.take(0, sums);
  EXPECT_EQ(toFloat(sums.at(3, 7)), 6.0f);
  EXPECT_EQ(toFloat(sums.at(3, 6)), 0.0f);
  EXPECT_NE(warpgroups.checkEnd().find("a warp without products"),
            std::string::npos);
}

TEST_F(SimulatedWarpgroupsTest, WrongPrograms) {
  WarpgroupProduct product = getProduct();
  WarpRegisters words(4), sums(8);
  auto begin = [&](uint32_t warp, const WarpgroupProduct &product,
                   WarpRegisters &sums) {
    return warpgroups.begin(warp, product, words, sums);
  };
  EXPECT_NE(begin(0, product, sums).find("no wgmma.fence"), std::string::npos);
  warpgroups.fence(0);
  EXPECT_EQ(begin(0, product, sums), "");
  // Sums of which one was changed, and of another shape.
  WarpRegisters changed = sums;
  changed.at(3, 2) = 0;
  EXPECT_NE(begin(0, product, changed).find("not together"), std::string::npos);
  WarpgroupProduct narrow = product;
  narrow.columns = 8;
  WarpRegisters four(4);
  for (uint32_t lane = 0; lane < WarpRegisters::kLanes; ++lane)
    for (uint32_t i = 0; i < 4; ++i)
      four.at(lane, i) = sums.at(lane, i);
  EXPECT_NE(begin(0, narrow, four).find("another shape"), std::string::npos);
  // Another warp with another matrix.
  WarpgroupProduct other = product;
  other.b.start += 32;
  WarpRegisters ofOther(8);
  warpgroups.fence(1);
  EXPECT_NE(begin(1, other, ofOther).find("than a warp of its warpgroup"),
            std::string::npos);
  warpgroups.reset(6);
  warpgroups.fence(0);
  EXPECT_NE(begin(0, product, ofOther).find("no whole warpgroups"),
            std::string::npos);
}

TEST_F(SimulatedWarpgroupsTest, MatrixThatIsWrittenOver) {
  WarpgroupProduct product = getProduct();
  WarpRegisters words(4), sums(8);
  warpgroups.fence(0);
  EXPECT_EQ(warpgroups.begin(0, product, words, sums), "");
  warpgroups.commit(0);
  setWord(product.b.locate(15, 16) + 14, kTwo);
  EXPECT_NE(warpgroups.wait(0, 0).find("written over what a product reads"),
            std::string::npos);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

namespace {

/// What a kernel leaves out, or does.
struct Parts {
  const char *fenceOfProxies =
      "nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, "
      "space = #nvvm.shared_space<cta>}";
  const char *fence = "wgmma.fence.sync.aligned;";
  const char *condition = "true";
  const char *beforeWait = "";
  const char *wait = "wgmma.wait_group.sync.aligned 0;";
};

} // namespace

/// All threads write a matrix of 8 rows of 16 ones; its product with a matrix
/// of twos goes to the result.
static std::string makeProduct(const Parts &parts) {
  std::string product =
      std::string("{ .reg .pred adds; ") + parts.fence +
      " setp.ne.b32 adds, 0, 0; "
      "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 "
      "{$0, $1, $2, $3}, {$4, $5, $6, $7}, $8, adds, 1, 1, 0; }";
  return llvm::formatv(R"(
    %all = gpu.dynamic_shared_memory
      : memref<?xi8, #gpu.address_space<workgroup>>
    %base = memref.extract_aligned_pointer_as_index %all
      : memref<?xi8, #gpu.address_space<workgroup>> -> index
    %c1024 = arith.constant 1024 : index
    %c1023 = arith.constant 1023 : index
    %over = arith.addi %base, %c1023 : index
    %inUnits = arith.divui %over, %c1024 : index
    %aligned = arith.muli %inUnits, %c1024 : index
    %before = arith.subi %aligned, %base : index
    %words = memref.view %all[%before][]
      : memref<?xi8, #gpu.address_space<workgroup>>
        to memref<256xi32, #gpu.address_space<workgroup>>
    %ones = arith.constant 0x3f803f80 : i32
    %c128 = arith.constant 128 : index
    %next = arith.addi %tx, %c128 : index
    memref.store %ones, %words[%tx]
      : memref<256xi32, #gpu.address_space<workgroup>>
    memref.store %ones, %words[%next]
      : memref<256xi32, #gpu.address_space<workgroup>>
    {0}
    gpu.barrier
    %start = arith.index_cast %aligned : index to i64
    %mask = arith.constant 0x3ffff : i64
    %four = arith.constant 4 : i64
    %rest = arith.constant 0x4000004000010000 : i64
    %low = arith.andi %start, %mask : i64
    %field = arith.shrui %low, %four : i64
    %descriptor = arith.ori %field, %rest : i64
    %twos = arith.constant 0x40004000 : i32
    %true = arith.constant true
    %lanes = arith.constant 32 : index
    %isFirst = arith.cmpi ult, %tx, %lanes : index
    scf.if %{2} {{
      %p = llvm.inline_asm has_side_effects asm_dialect = att "{1}",
        "=f,=f,=f,=f,r,r,r,r,l" %twos, %twos, %twos, %twos, %descriptor
        : (i32, i32, i32, i32, i64) -> !llvm.struct<(f32, f32, f32, f32)>
      nvvm.wgmma.commit.group.sync.aligned
      {3}
      %v = llvm.extractvalue %p[0] : !llvm.struct<(f32, f32, f32, f32)>
      %w = llvm.extractvalue %p[1] : !llvm.struct<(f32, f32, f32, f32)>
      %q = llvm.inline_asm has_side_effects asm_dialect = att "{4}",
        "=f,=f,0,1" %v, %w : (f32, f32) -> !llvm.struct<(f32, f32)>
      %s = llvm.extractvalue %q[0] : !llvm.struct<(f32, f32)>
      memref.store %s, %out[%tx] : memref<128xf32>
    })",
                       parts.fenceOfProxies, product, parts.condition,
                       parts.beforeWait, parts.wait)
      .str();
}

static SimulatedProgram compileProduct(const Parts &parts) {
  Kernel kernel;
  kernel.outputType = "128xf32";
  kernel.threads = 128;
  kernel.dynamicBytes = 2048;
  std::string body = makeProduct(parts);
  kernel.body = body.c_str();
  return SimulatedProgram(makeFunction(kernel), kPipeline);
}

TEST(SimulatedWarpgroupKernelsTest, Product) {
  std::vector<float> x = makeIndices(64);
  std::vector<Array> out =
      compileProduct({}).run(viewArray(ElementType::Float32, {64}, x));
  std::vector<float> got = getElements<float>(out[0]);
  EXPECT_EQ(got, std::vector<float>(128, 32.0f));
}

TEST(SimulatedWarpgroupKernelsTest, Mistakes) {
  std::vector<float> x = makeIndices(64);
  auto expect = [&](const Parts &parts, const char *expected) {
    std::string mistake = compileProduct(parts).findMistake(
        viewArray(ElementType::Float32, {64}, x));
    EXPECT_NE(mistake.find(expected), std::string::npos)
        << "found '" << mistake << "'";
  };
  Parts parts;
  parts.fenceOfProxies = "";
  expect(parts, "with no fence of proxies in between");
  parts = {};
  parts.fence = "";
  expect(parts, "with no wgmma.fence before");
  parts = {};
  parts.condition = "isFirst";
  expect(parts, "a warp without products that its warpgroup has");
  parts = {};
  parts.wait = "wgmma.wait_group.sync.aligned 1;";
  expect(parts, "ends before the products");
  parts = {};
  parts.beforeWait = R"(gpu.barrier
      memref.store %twos, %words[%tx]
        : memref<256xi32, #gpu.address_space<workgroup>>
      gpu.barrier)";
  expect(parts, "has written over what a product reads");
}
