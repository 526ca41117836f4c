//===- SimulatedTensorCoreTest.cpp - tcgen05 on the simulated GPU ---------===//
//
// Descriptors and layouts by numbers worked out from the PTX ISA by hand, and
// what the simulated GPU finds wrong with a kernel that uses tensor memory.
//
//===----------------------------------------------------------------------===//

#include "SimulatedTensorCore.h"
#include "SharedMemoryTest.h"
#include "SimulatorKernels.h"
#include <cstring>

using namespace quantx;
using namespace quantx::test;

namespace {

class SimulatedTensorCoreTest : public SharedMemoryTest {
protected:
  SimulatedTensorCoreTest() : SharedMemoryTest(size_t(64) << 10) {}

  void SetUp() override {
    core.reset();
    EXPECT_EQ(core.allocate(256, tensor), "");
  }

  SharedMatrix decode(uint64_t descriptor) const {
    SharedMatrix matrix;
    EXPECT_EQ(decodeDescriptor(descriptor, window, matrix), "");
    return matrix;
  }
  uint8_t &at(uintptr_t address) {
    return *reinterpret_cast<uint8_t *>(address);
  }
  float getSum(uint32_t lane, uint32_t column) const {
    uint32_t word = 0;
    uint32_t address = (lane / 32 * 32) << 16 | (tensor + column);
    EXPECT_EQ(core.load(address, lane / 32, lane % 32, 1, &word), "");
    float sum;
    std::memcpy(&sum, &word, sizeof(sum));
    return sum;
  }

  TensorCore core;
  uint32_t tensor = 0;
};

} // namespace

// 0x4000004000010000 + address / 16: 1024 bytes between groups of 8 rows, and
// the swizzle of 128 bytes.
static constexpr uint64_t kSwizzled = 0x4000404000010000;
/// 128 bytes between groups of 8 rows, and 2048 between chunks.
static constexpr uint64_t kPlain = 0x0000400800800000;

TEST_F(SimulatedTensorCoreTest, RowsOfDescriptors) {
  SharedMatrix plain = decode(describe(512, kPlain));
  EXPECT_EQ(plain.locate(0, 0) - window, 512u);
  EXPECT_EQ(plain.locate(7, 16) - window, 512u + 7 * 16 + 2048);
  EXPECT_EQ(plain.locate(19, 0) - window, 512u + 2 * 128 + 3 * 16);
  SharedMatrix swizzled = decode(describe(2048, kSwizzled));
  EXPECT_EQ(swizzled.locate(0, 16) - window, 2048u + 16);
  EXPECT_EQ(swizzled.locate(5, 0) - window, 2048u + 5 * 128 + 5 * 16);
  EXPECT_EQ(swizzled.locate(13, 48) - window,
            2048u + 1024 + 5 * 128 + (3 ^ 5) * 16);
  // Further on along K.
  EXPECT_EQ(decode(describe(2048 + 64, kSwizzled)).locate(6, 16) - window,
            2048u + 6 * 128 + (5 ^ 6) * 16);
}

TEST_F(SimulatedTensorCoreTest, WrongDescriptors) {
  SharedMatrix matrix;
  auto expect = [&](uint64_t descriptor, const char *mistake) {
    EXPECT_NE(decodeDescriptor(descriptor, window, matrix).find(mistake),
              std::string::npos);
  };
  expect(describe(0, kPlain) & ~(uint64_t(1) << 46), "other constants");
  expect(describe(0, kPlain) | uint64_t(1) << 15, "reserved field");
  expect(describe(0, kPlain) | uint64_t(3) << 61, "swizzles 3");
  expect(describe(128, kSwizzled), "a multiple of 1024");
}

// An element of row 99 of A, under a scale of 2^1, by the same of column 33 of
// B, under 2^2: twice.
TEST_F(SimulatedTensorCoreTest, OneProduct) {
  SharedMatrix a = decode(describe(0, kSwizzled));
  SharedMatrix b = decode(describe(16384, kSwizzled));
  constexpr uint8_t one = 0x38, bias = 127; // E4M3, E8M0
  at(a.locate(99, 16) + 4) = one;
  at(b.locate(33, 16) + 4) = one;
  for (uint32_t operand : {0, 1}) {
    uintptr_t tile = 32768 + operand * 512;
    std::memset(&at(window + tile), bias, 512);
    // Rows 99 and 33 are the fourth and second of lane 3 and 1.
    at(window + tile + (operand == 0 ? 3 * 16 + 3 * 4 : 1 * 16 + 1 * 4) + 2) =
        bias + 1 + operand;
    EXPECT_EQ(core.copyScales(tensor + 128 + operand * 4,
                              decode(describe(tile, 0x0000400800010000))),
              "");
  }
  // E4M3 by E4M3, 128 x 128, E8M0 scales, byte 2 of both.
  uint32_t instruction = 2u << 29 | 1u << 27 | 1u << 23 | 16u << 17 | 2u << 4;
  TensorProduct product = {{TensorKind::MXF8F6F4, 32},
                           tensor,
                           a,
                           b,
                           instruction,
                           false,
                           tensor + 128,
                           tensor + 132};
  constexpr uintptr_t barrier = 8;
  core.initialize(barrier, 1);
  EXPECT_EQ(core.multiply(product), "");
  product.adds = true;
  EXPECT_EQ(core.multiply(product), "");
  EXPECT_FALSE(core.run());
  EXPECT_EQ(core.commit(barrier), "");
  EXPECT_FALSE(core.isOver(barrier, 0));
  EXPECT_TRUE(core.isOver(barrier, 1));
  EXPECT_NE(core.checkEnd(), "");
  EXPECT_TRUE(core.run());
  EXPECT_TRUE(core.isOver(barrier, 0));
  EXPECT_EQ(getSum(99, 33), 16.0f);
  EXPECT_EQ(getSum(98, 33), 0.0f);
  EXPECT_EQ(getSum(99, 32), 0.0f);
}

TEST_F(SimulatedTensorCoreTest, WrongInstructions) {
  SharedMatrix a = decode(describe(0, kSwizzled));
  uint32_t instruction = 1u << 27 | 1u << 23 | 16u << 17;
  auto expect = [&](TensorMmaForm form, uint32_t bits, uint32_t sums,
                    const char *mistake) {
    EXPECT_NE(core.multiply({form, sums, a, a, bits, false, tensor, tensor})
                  .find(mistake),
              std::string::npos)
        << mistake;
  };
  TensorMmaForm mixed = {TensorKind::MXF8F6F4, 32},
                mxf4 = {TensorKind::MXF4, 32};
  expect(mixed, instruction | 1, tensor, "reserved field");
  expect(mixed, instruction | 1u << 16, tensor, "transposes");
  expect(mixed, instruction ^ 3u << 27, tensor, "256 rows");
  expect(mixed, instruction ^ 1u << 23, tensor, "another type");
  expect(mxf4, instruction, tensor, "matrices of type 0");
  expect(mxf4, instruction | 1u << 7 | 1u << 10 | 1u << 29, tensor, "byte 1");
  expect(mixed, instruction, tensor + 200, "does not have");
}

/// Scales that all threads write, copied to tensor memory by the first.
static std::string makeCopy(const char *fence, const char *release) {
  return llvm::formatv(R"(
    %all = gpu.dynamic_shared_memory
      : memref<?xi8, #gpu.address_space<workgroup>>
    %words = memref.view %all[%c0][]
      : memref<?xi8, #gpu.address_space<workgroup>>
        to memref<129xi32, #gpu.address_space<workgroup>>
    %base = memref.extract_aligned_pointer_as_index %all
      : memref<?xi8, #gpu.address_space<workgroup>> -> index
    %start = arith.index_cast %base : index to i64
    %bytes = arith.constant 512 : i64
    %address = arith.addi %start, %bytes : i64
    %slot = llvm.inttoptr %address : i64 to !llvm.ptr<3>
    %columns = arith.constant 32 : i32
    %lanes = arith.constant 32 : index
    %c128 = arith.constant 128 : index
    %isWarp = arith.cmpi ult, %tx, %lanes : index
    scf.if %isWarp {{
      nvvm.tcgen05.alloc %slot, %columns : !llvm.ptr<3>, i32
    }
    %i = arith.index_cast %tx : index to i32
    memref.store %i, %words[%tx]
      : memref<129xi32, #gpu.address_space<workgroup>>
    {0}
    gpu.barrier
    %word = memref.load %words[%c128]
      : memref<129xi32, #gpu.address_space<workgroup>>
    %tensor = llvm.inttoptr %word : i32 to !llvm.ptr<6>
    %isFirst = arith.cmpi eq, %tx, %c0 : index
    scf.if %isFirst {{
      %mask = arith.constant 0x3ffff : i64
      %four = arith.constant 4 : i64
      %rest = arith.constant 0x400800010000 : i64
      %low = arith.andi %start, %mask : i64
      %field = arith.shrui %low, %four : i64
      %descriptor = arith.ori %field, %rest : i64
      nvvm.tcgen05.cp %tensor, %descriptor {{
        shape = #nvvm.tcgen05_cp_shape<shape_32x128b>,
        multicast = #nvvm.tcgen05_cp_multicast<warpx4>}
    }
    gpu.barrier
    scf.if %isWarp {{
      {1}
    })",
                       fence, release)
      .str();
}

TEST(SimulatedTensorMemoryTest, Mistakes) {
  static constexpr const char *fence =
      "nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, "
      "space = #nvvm.shared_space<cta>}";
  static constexpr const char *release =
      "nvvm.tcgen05.dealloc %tensor, %columns : !llvm.ptr<6>, i32";
  Kernel kernel;
  kernel.threads = 128;
  kernel.dynamicBytes = 516;
  auto find = [&](const char *withFence, const char *withRelease) {
    std::string body = makeCopy(withFence, withRelease);
    kernel.body = body.c_str();
    return findMistake(kernel);
  };
  EXPECT_EQ(find(fence, release), "");
  EXPECT_NE(find("", release).find("with no fence of proxies in between"),
            std::string::npos);
  EXPECT_NE(find(fence, "").find("tensor memory that is not given back"),
            std::string::npos);
}
