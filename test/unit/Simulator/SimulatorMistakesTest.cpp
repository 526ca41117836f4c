//===- SimulatorMistakesTest.cpp - What the simulated GPU finds -----------===//

#include "SimulatorKernels.h"

using namespace quantx;
using namespace quantx::test;

TEST(SimulatorMistakesTest, FindsAMissingBarrier) {
  Kernel kernel;
  kernel.attributions = "workgroup(%tile: memref<64xf32, 3>)";
  kernel.body = R"(
    %c63 = arith.constant 63 : index
    %v = memref.load %in[%tx] : memref<64xf32>
    memref.store %v, %tile[%tx] : memref<64xf32, 3>
    %j = arith.subi %c63, %tx : index
    %w = memref.load %tile[%j] : memref<64xf32, 3>
    memref.store %w, %out[%tx] : memref<64xf32>)";
  expectMistake(kernel, "with no barrier in between");
}

TEST(SimulatorMistakesTest, BarriersOfAWarpOrderTheWarpAlone) {
  // Each thread reads what its neighbour wrote, or one in another warp.
  static constexpr const char *text = R"(
    %one = arith.constant {0} : index
    %c64 = arith.constant 64 : index
    %all = arith.constant -1 : i32
    %v = memref.load %in[%tx] : memref<64xf32>
    memref.store %v, %tile[%tx] : memref<64xf32, 3>
    nvvm.bar.warp.sync %all : i32
    %j = arith.xori %tx, %one : index
    %w = memref.load %tile[%j] : memref<64xf32, 3>
    memref.store %w, %out[%tx] : memref<64xf32>)";
  Kernel kernel;
  kernel.attributions = "workgroup(%tile: memref<64xf32, 3>)";
  std::string body = llvm::formatv(text, 1).str();
  kernel.body = body.c_str();
  EXPECT_EQ(findMistake(kernel), "");
  body = llvm::formatv(text, 32).str();
  kernel.body = body.c_str();
  expectMistake(kernel, "with no barrier in between");
}

TEST(SimulatorMistakesTest, FindsDivergence) {
  Kernel kernel;
  kernel.body = R"(
    %c40 = arith.constant 40 : index
    %isLow = arith.cmpi ult, %tx, %c40 : index
    scf.if %isLow {
      gpu.barrier
    })";
  expectMistake(kernel, "threads diverge: thread (0, 0, 0) waits for its block "
                        "at gpu.barrier at line 18, thread (40, 0, 0) is done");
  kernel.body = R"(
    %c40 = arith.constant 40 : index
    %width = arith.constant 32 : i32
    %one = arith.constant 1 : i32
    %v = memref.load %in[%tx] : memref<64xf32>
    %isLow = arith.cmpi ult, %tx, %c40 : index
    scf.if %isLow {
      %w, %valid = gpu.shuffle xor %v, %one, %width : f32
      memref.store %w, %out[%tx] : memref<64xf32>
    }
    gpu.barrier)";
  expectMistake(kernel,
                "threads diverge: thread (32, 0, 0) waits for its warp");
  expectMistake(kernel, "thread (40, 0, 0) waits for its block");
}

TEST(SimulatorMistakesTest, FindsLanesThatDoNotTakePart) {
  // Masks of one lane of four.
  expectMistake(makeMaskedShuffle("1"), "is none of the lanes that take part");
  Kernel kernel;
  kernel.body = R"(
    %width = arith.constant 16 : i32
    %one = arith.constant 1 : i32
    %v = memref.load %in[%tx] : memref<64xf32>
    %w, %valid = gpu.shuffle xor %v, %one, %width : f32
    memref.store %w, %out[%tx] : memref<64xf32>)";
  expectMistake(kernel, "shuffles 16 lanes, expected 32");
}

TEST(SimulatorMistakesTest, FindsAccessesOutOfBounds) {
  Kernel kernel;
  kernel.body = R"(
    %i = arith.addi %tx, %c1 : index
    %v = memref.load %in[%i] : memref<64xf32>
    memref.store %v, %out[%tx] : memref<64xf32>)";
  expectMistake(kernel, "thread (63, 0, 0): reads 4 bytes from byte 256 of a "
                        "buffer of 256 bytes in global memory");
  kernel.body = R"(
    %v = vector.load %in[%c0] : memref<64xf32>, vector<4xf32>
    vector.store %v, %out[%tx] : memref<64xf32>, vector<4xf32>)";
  expectMistake(kernel, "thread (61, 0, 0): writes 16 bytes from byte 244");
}

TEST(SimulatorMistakesTest, FindsMisalignedAccesses) {
  Kernel kernel;
  kernel.body = R"(
    %c3 = arith.constant 3 : index
    %v = vector.load %in[%c3] {alignment = 16 : i64}
      : memref<64xf32>, vector<4xf32>
    vector.store %v, %out[%c0] : memref<64xf32>, vector<4xf32>)";
  expectMistake(kernel, "at an address that is no multiple of 16");
  // A workgroup buffer that does not ask for it is not aligned either.
  kernel.attributions = "workgroup(%tile: memref<64xf32, 3>)";
  kernel.body = R"(
    %v = vector.load %tile[%c0] {alignment = 16 : i64}
      : memref<64xf32, 3>, vector<4xf32>
    vector.store %v, %out[%c0] : memref<64xf32>, vector<4xf32>)";
  expectMistake(kernel, "at an address that is no multiple of 16");
}

TEST(SimulatorMistakesTest, FindsTheHostTouchingTheDevice) {
  Kernel kernel;
  kernel.host = R"(
    %v = memref.load %in[%c0] : memref<64xf32>)";
  kernel.body = R"(
    memref.store %v, %out[%tx] : memref<64xf32>)";
  expectMistake(kernel, "the host touches memory of the device");
}

TEST(SimulatorMistakesTest, FindsLaunchesThatFail) {
  Kernel kernel;
  kernel.body = R"(
    %v = memref.load %in[%c0] : memref<64xf32>
    memref.store %v, %out[%c0] : memref<64xf32>)";
  kernel.blocks = 0;
  expectMistake(kernel, "launched with no threads: grid (0, 1, 1)");
  kernel.blocks = 1;
  kernel.threads = 2048;
  expectMistake(kernel, "launched with a block of (2048, 1, 1)");
  kernel.threads = 64;
  kernel.dynamicBytes = 300000;
  expectMistake(kernel, "uses 0 bytes of static and 300000 of dynamic");
}
