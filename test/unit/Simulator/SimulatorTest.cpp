//===- SimulatorTest.cpp - The simulated GPU ------------------------------===//
//
// Kernels written by hand, whose results are known.
//
//===----------------------------------------------------------------------===//

#include "SimulatorKernels.h"
#include <cmath>

using namespace quantx;
using namespace quantx::test;

/// The result for x[i] = i.
static std::vector<float> runOnIndices(const Kernel &kernel,
                                       llvm::ArrayRef<int64_t> shape) {
  size_t count = 1;
  for (int64_t size : shape)
    count *= size_t(size);
  std::vector<float> x = makeIndices(count);
  SimulatedProgram program(makeFunction(kernel), kPipeline);
  return getElements<float>(
      program.run(viewArray(ElementType::Float32, shape, x)).front());
}

//===----------------------------------------------------------------------===//
// Warps and blocks
//===----------------------------------------------------------------------===//

TEST(SimulatorTest, SumsAWarp) {
  Kernel kernel;
  kernel.body = R"(
    %width = arith.constant 32 : i32
    %v = memref.load %in[%tx] : memref<64xf32>
    %c6 = arith.constant 5 : index
    %one = arith.constant 1 : i32
    %sum = scf.for %i = %c0 to %c6 step %c1 iter_args(%s = %v) -> (f32) {
      %i32 = arith.index_cast %i : index to i32
      %offset = arith.shli %one, %i32 : i32
      %other, %valid = gpu.shuffle xor %s, %offset, %width : f32
      %t = arith.addf %s, %other : f32
      scf.yield %t : f32
    }
    memref.store %sum, %out[%tx] : memref<64xf32>)";
  std::vector<float> sums = runOnIndices(kernel, {64});
  for (size_t i = 0; i < 64; ++i)
    EXPECT_EQ(sums[i], i < 32 ? 31 * 16 : 31 * 16 + 32 * 32);
}

TEST(SimulatorTest, ShufflesBeyondTheWarpAreInvalid) {
  Kernel kernel;
  kernel.body = R"(
    %width = arith.constant 32 : i32
    %one = arith.constant 1 : i32
    %none = arith.constant -7.0 : f32
    %v = memref.load %in[%tx] : memref<64xf32>
    %up, %upValid = gpu.shuffle up %v, %one, %width : f32
    %down, %downValid = gpu.shuffle down %v, %one, %width : f32
    %a = arith.select %upValid, %up, %none : f32
    %b = arith.select %downValid, %down, %none : f32
    %c100 = arith.constant 100.0 : f32
    %scaled = arith.mulf %a, %c100 : f32
    %r = arith.addf %scaled, %b : f32
    memref.store %r, %out[%tx] : memref<64xf32>)";
  std::vector<float> values = runOnIndices(kernel, {64});
  for (int i = 0; i < 64; ++i) {
    float up = i % 32 == 0 ? -7 : float(i - 1);
    float down = i % 32 == 31 ? -7 : float(i + 1);
    EXPECT_EQ(values[i], up * 100 + down);
  }
}

TEST(SimulatorTest, ShufflesPartsOfAWarp) {
  std::vector<float> values = runOnIndices(makeMaskedShuffle("15"), {64});
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(values[i], (i & 4) != 0 ? i & ~3 : i ^ 1);
}

TEST(SimulatorTest, TransposesThroughWorkgroupMemory) {
  Kernel kernel;
  kernel.inputType = kernel.outputType = "32x32xf32";
  kernel.threads = 256;
  kernel.attributions = "workgroup(%tile: memref<32x33xf32, 3>)";
  kernel.body = R"(
    %c32 = arith.constant 32 : index
    %c8 = arith.constant 8 : index
    %column = arith.remui %tx, %c32 : index
    %first = arith.divui %tx, %c32 : index
    scf.for %row = %first to %c32 step %c8 {
      %v = memref.load %in[%row, %column] : memref<32x32xf32>
      memref.store %v, %tile[%row, %column] : memref<32x33xf32, 3>
    }
    gpu.barrier
    scf.for %row = %first to %c32 step %c8 {
      %v = memref.load %tile[%column, %row] : memref<32x33xf32, 3>
      memref.store %v, %out[%row, %column] : memref<32x32xf32>
    })";
  std::vector<float> values = runOnIndices(kernel, {32, 32});
  for (int row = 0; row < 32; ++row)
    for (int column = 0; column < 32; ++column)
      EXPECT_EQ(values[row * 32 + column], float(column * 32 + row));
}

TEST(SimulatorTest, AddsAtomically) {
  Kernel kernel;
  kernel.blocks = 4;
  kernel.attributions = "workgroup(%total: memref<1xf32, 3>)";
  kernel.body = R"(
    %isFirst = arith.cmpi eq, %tx, %c0 : index
    %zero = arith.constant 0.0 : f32
    scf.if %isFirst {
      memref.store %zero, %total[%c0] : memref<1xf32, 3>
    }
    gpu.barrier
    %v = memref.load %in[%tx] : memref<64xf32>
    %old = memref.atomic_rmw addf %v, %total[%c0]
      : (f32, memref<1xf32, 3>) -> f32
    gpu.barrier
    scf.if %isFirst {
      %sum = memref.load %total[%c0] : memref<1xf32, 3>
      memref.store %sum, %out[%bx] : memref<64xf32>
    })";
  std::vector<float> values = runOnIndices(kernel, {64});
  for (int block = 0; block < 4; ++block)
    EXPECT_EQ(values[block], 63 * 32);
  // What nobody wrote.
  EXPECT_TRUE(std::isnan(values[4]));
}

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

/// Reverses 64 values through dynamic workgroup memory; values beyond the first
/// 62 are filled with zero. `wait` and `barrier` come between.
static Kernel makeAsyncCopy(const char *wait, const char *barrier) {
  static std::string body;
  body = llvm::formatv(R"(
    %bytes = gpu.dynamic_shared_memory
      : memref<?xi8, #gpu.address_space<workgroup>>
    %buffer = memref.view %bytes[%c0][] : memref<?xi8,
      #gpu.address_space<workgroup>> to memref<64xf32,
      #gpu.address_space<workgroup>>
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c62 = arith.constant 62 : index
    %c63 = arith.constant 63 : index
    %isCopying = arith.cmpi ult, %tx, %c16 : index
    scf.if %isCopying {{
      %i = arith.muli %tx, %c4 : index
      %left = arith.subi %c62, %i : index
      %n = arith.minsi %left, %c4 : index
      %copy = nvgpu.device_async_copy %in[%i], %buffer[%i], 4, %n
        : memref<64xf32> to memref<64xf32, #gpu.address_space<workgroup>>
      %group = nvgpu.device_async_create_group %copy
      {0}
    }
    {1}
    %j = arith.subi %c63, %tx : index
    %v = memref.load %buffer[%j]
      : memref<64xf32, #gpu.address_space<workgroup>>
    memref.store %v, %out[%tx] : memref<64xf32>)",
                       wait, barrier)
             .str();
  Kernel kernel;
  kernel.dynamicBytes = 256;
  kernel.body = body.c_str();
  return kernel;
}

TEST(SimulatorTest, CopiesAsynchronously) {
  std::vector<float> values = runOnIndices(
      makeAsyncCopy("nvgpu.device_async_wait %group", "gpu.barrier"), {64});
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(values[i], i < 2 ? 0 : float(63 - i));
}

TEST(SimulatorTest, CopiesAreLate) {
  // One group may be on its way still.
  std::vector<float> values = runOnIndices(
      makeAsyncCopy("nvgpu.device_async_wait %group {numGroups = 1 : i32}",
                    "gpu.barrier"),
      {64});
  for (float value : values)
    EXPECT_TRUE(std::isnan(value));
}

TEST(SimulatorTest, FindsCopiesWithoutBarrier) {
  expectMistake(makeAsyncCopy("nvgpu.device_async_wait %group", ""),
                "touches the same byte of workgroup memory as thread");
}

//===----------------------------------------------------------------------===//
// Tensor cores
//===----------------------------------------------------------------------===//

static uint16_t toBF16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return uint16_t(bits >> 16);
}

/// A (16 x 16) times the transposed rows of B (8 x 16), by ldmatrix and mma.
static constexpr Kernel kMultiply = {"24x16xbf16", "16x8xf32", 1,  32,
                                     24 * 16 * 2,  "",         R"(
    %bytes = gpu.dynamic_shared_memory
      : memref<?xi8, #gpu.address_space<workgroup>>
    %tile = memref.view %bytes[%c0][] : memref<?xi8,
      #gpu.address_space<workgroup>> to memref<24x16xbf16,
      #gpu.address_space<workgroup>>
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c24 = arith.constant 24 : index
    %isRow = arith.cmpi ult, %tx, %c24 : index
    scf.if %isRow {
      scf.for %k = %c0 to %c16 step %c1 {
        %v = memref.load %in[%tx, %k] : memref<24x16xbf16>
        memref.store %v, %tile[%tx, %k] : memref<24x16xbf16,
      #gpu.address_space<workgroup>>
      }
    }
    gpu.barrier
    // Lanes 0 to 7 and 8 to 15 have the rows of A, left half; then the right
    // half.
    %row = arith.remui %tx, %c16 : index
    %half = arith.divui %tx, %c16 : index
    %column = arith.muli %half, %c8 : index
    %a = nvgpu.ldmatrix %tile[%row, %column] {numTiles = 4 : i32,
      transpose = false} : memref<24x16xbf16,
      #gpu.address_space<workgroup>> -> vector<4x2xbf16>
    %rowB0 = arith.remui %tx, %c8 : index
    %rowB = arith.addi %rowB0, %c16 : index
    %eighth = arith.divui %tx, %c8 : index
    %halfB = arith.remui %eighth, %c2 : index
    %columnB = arith.muli %halfB, %c8 : index
    %b = nvgpu.ldmatrix %tile[%rowB, %columnB] {numTiles = 2 : i32,
      transpose = false} : memref<24x16xbf16,
      #gpu.address_space<workgroup>> -> vector<2x2xbf16>
    %c = arith.constant dense<0.5> : vector<2x2xf32>
    %d = nvgpu.mma.sync (%a, %b, %c) {mmaShape = [16, 8, 16]}
      : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>)
      -> vector<2x2xf32>
    %group = arith.divui %tx, %c4 : index
    %lane = arith.remui %tx, %c4 : index
    %n = arith.muli %lane, %c2 : index
    %d0 = vector.extract %d[0] : vector<2xf32> from vector<2x2xf32>
    %d1 = vector.extract %d[1] : vector<2xf32> from vector<2x2xf32>
    %lower = arith.addi %group, %c8 : index
    vector.store %d0, %out[%group, %n] : memref<16x8xf32>, vector<2xf32>
    vector.store %d1, %out[%lower, %n] : memref<16x8xf32>, vector<2xf32>)"};

TEST(SimulatorTest, MultipliesMatrices) {
  std::vector<float> values(24 * 16);
  std::vector<uint16_t> x(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = float(int(i * 37 % 255) - 127) / 8;
    x[i] = toBF16(values[i]);
  }
  SimulatedProgram program(makeFunction(kMultiply), kPipeline);
  std::vector<float> d = getElements<float>(
      program.run(viewArray(ElementType::BFloat16, {24, 16}, x)).front());
  for (int m = 0; m < 16; ++m) {
    for (int n = 0; n < 8; ++n) {
      double sum = 0.5;
      for (int k = 0; k < 16; ++k)
        sum += double(values[m * 16 + k]) * values[(16 + n) * 16 + k];
      EXPECT_EQ(d[m * 8 + n], float(sum)) << m << ", " << n;
    }
  }
}

/// The registers of A, B as i32: e4m3 codes, k = 32.
static constexpr Kernel kMultiplyF8 = {"24x32xi8", "16x8xf32", 1,  32,
                                       0,          "",         R"(
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %group = arith.divui %tx, %c4 : index
    %lane = arith.remui %tx, %c4 : index
    %lower = arith.addi %group, %c8 : index
    %rowB = arith.addi %group, %c16 : index
    %k0 = arith.muli %lane, %c4 : index
    %k1 = arith.addi %k0, %c16 : index
    %v0 = vector.load %in[%group, %k0] : memref<24x32xi8>, vector<4xi8>
    %v1 = vector.load %in[%lower, %k0] : memref<24x32xi8>, vector<4xi8>
    %v2 = vector.load %in[%group, %k1] : memref<24x32xi8>, vector<4xi8>
    %v3 = vector.load %in[%lower, %k1] : memref<24x32xi8>, vector<4xi8>
    %w0 = vector.load %in[%rowB, %k0] : memref<24x32xi8>, vector<4xi8>
    %w1 = vector.load %in[%rowB, %k1] : memref<24x32xi8>, vector<4xi8>
    %a0v = vector.bitcast %v0 : vector<4xi8> to vector<1xi32>
    %a1v = vector.bitcast %v1 : vector<4xi8> to vector<1xi32>
    %a2v = vector.bitcast %v2 : vector<4xi8> to vector<1xi32>
    %a3v = vector.bitcast %v3 : vector<4xi8> to vector<1xi32>
    %b0v = vector.bitcast %w0 : vector<4xi8> to vector<1xi32>
    %b1v = vector.bitcast %w1 : vector<4xi8> to vector<1xi32>
    %a0 = vector.extract %a0v[0] : i32 from vector<1xi32>
    %a1 = vector.extract %a1v[0] : i32 from vector<1xi32>
    %a2 = vector.extract %a2v[0] : i32 from vector<1xi32>
    %a3 = vector.extract %a3v[0] : i32 from vector<1xi32>
    %b0 = vector.extract %b0v[0] : i32 from vector<1xi32>
    %b1 = vector.extract %b1v[0] : i32 from vector<1xi32>
    %zero = arith.constant 0.0 : f32
    %d = llvm.call_intrinsic
      "llvm.nvvm.mma.m16n8k32.row.col.f32.e4m3.e4m3.f32"(%a0, %a1, %a2, %a3,
        %b0, %b1, %zero, %zero, %zero, %zero)
      : (i32, i32, i32, i32, i32, i32, f32, f32, f32, f32)
      -> !llvm.struct<(f32, f32, f32, f32)>
    %d0 = llvm.extractvalue %d[0] : !llvm.struct<(f32, f32, f32, f32)>
    %d1 = llvm.extractvalue %d[1] : !llvm.struct<(f32, f32, f32, f32)>
    %d2 = llvm.extractvalue %d[2] : !llvm.struct<(f32, f32, f32, f32)>
    %d3 = llvm.extractvalue %d[3] : !llvm.struct<(f32, f32, f32, f32)>
    %n = arith.muli %lane, %c2 : index
    %n1 = arith.addi %n, %c1 : index
    memref.store %d0, %out[%group, %n] : memref<16x8xf32>
    memref.store %d1, %out[%group, %n1] : memref<16x8xf32>
    memref.store %d2, %out[%lower, %n] : memref<16x8xf32>
    memref.store %d3, %out[%lower, %n1] : memref<16x8xf32>)"};

TEST(SimulatorTest, MultipliesF8) {
  // Codes of -8 to 7.5 that are exact, by the value's own digits.
  std::vector<double> values(24 * 32);
  std::vector<uint8_t> x(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    // 1-4-3: exponent 1 to 15, every mantissa.
    unsigned exponent = 5 + i % 5, mantissa = i * 3 % 8, sign = i / 7 % 2;
    x[i] = uint8_t(sign << 7 | exponent << 3 | mantissa);
    values[i] = std::ldexp(8 + mantissa, int(exponent) - 10);
    if (sign)
      values[i] = -values[i];
  }
  SimulatedProgram program(makeFunction(kMultiplyF8), kPipeline);
  std::vector<float> d = getElements<float>(
      program.run(viewArray(ElementType::UInt8, {24, 32}, x)).front());
  for (int m = 0; m < 16; ++m) {
    for (int n = 0; n < 8; ++n) {
      double sum = 0;
      for (int k = 0; k < 32; ++k)
        sum += values[m * 32 + k] * values[(16 + n) * 32 + k];
      EXPECT_EQ(d[m * 8 + n], float(sum)) << m << ", " << n;
    }
  }
}
