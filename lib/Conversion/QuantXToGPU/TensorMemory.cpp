//===- TensorMemory.cpp - tcgen05, and its descriptors --------------------===//

#include "TensorMemory.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantx;

static Value createI32(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantOp::create(b, b.getI32IntegerAttr(int32_t(value)));
}

static Value createI64(ImplicitLocOpBuilder &b, uint64_t value) {
  return arith::ConstantOp::create(b, b.getI64IntegerAttr(int64_t(value)));
}

//===----------------------------------------------------------------------===//
// Matrices in shared memory
//===----------------------------------------------------------------------===//

// PTX ISA, "Shared memory descriptor": addresses and offsets are in units of 16
// bytes. nvvm.tcgen05.mma_smem_desc puts the same fields together, but leaves
// these units to the user.
static uint64_t encodeBytes(uint64_t bytes) { return (bytes & 0x3ffff) >> 4; }

namespace {

/// What a descriptor says beside the address.
struct SharedLayout {
  /// Between chunks of 16 bytes along K, which swizzled rows do not use; and
  /// between groups of 8 rows.
  uint64_t leadingBytes, strideBytes;
  uint64_t swizzle; ///< 0: none; 2: 128 bytes

  uint64_t encode() const {
    constexpr uint64_t constant = 1;
    return encodeBytes(leadingBytes) << 16 | encodeBytes(strideBytes) << 32 |
           constant << 46 | swizzle << 61;
  }
};

} // namespace

static Value createDescriptor(ImplicitLocOpBuilder &b, Value address,
                              const SharedLayout &layout) {
  Value field = arith::AndIOp::create(b, address, createI64(b, 0x3ffff));
  field = arith::ShRUIOp::create(b, field, createI64(b, 4));
  return arith::OrIOp::create(b, field, createI64(b, layout.encode()));
}

Value quantx::createMatrixDescriptor(ImplicitLocOpBuilder &b, Value address) {
  return createDescriptor(b, address,
                          {/*leadingBytes=*/16, /*strideBytes=*/1024,
                           /*swizzle=*/2});
}

// PTX ISA, "tcgen05.cp": 32 rows of 128 bits, which all four warps' lanes get.
// Of scales of 128 rows, a lane then has those of four rows in four columns.
void quantx::createScaleCopy(ImplicitLocOpBuilder &b, Value destination,
                             Value address) {
  Value descriptor = createDescriptor(b, address,
                                      {/*leadingBytes=*/16, /*strideBytes=*/128,
                                       /*swizzle=*/0});
  NVVM::Tcgen05CpOp::create(b, NVVM::Tcgen05CpShape::SHAPE_32x128b,
                            NVVM::CTAGroupKind::CTA_1,
                            NVVM::Tcgen05CpMulticast::WARPX4,
                            /*srcFormat=*/nullptr, destination, descriptor);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

bool TensorMma::areE8M0() const {
  return !isNarrow() || isa<Float8E8M0FNUType>(weights.getScaleType());
}

/// PTX ISA, "Instruction descriptor": the types of A and B. What is of 4 bits
/// on both sides counts in another way.
static uint32_t getTypeField(ScaledType type, bool isNarrow) {
  if (isNarrow)
    return 1;
  return llvm::TypeSwitch<Type, uint32_t>(type.getStorageType())
      .Case([](Float8E4M3FNType) { return 0; })
      .Case([](Float8E5M2Type) { return 1; })
      .Case([](Float6E2M3FNType) { return 3; })
      .Case([](Float6E3M2FNType) { return 4; })
      .Case([](Float4E2M1FNType) { return 5; });
}

// PTX ISA, "Instruction descriptor", for .kind::mxf8f6f4, and .kind::mxf4 and
// .kind::mxf4nvf4: dense, nothing negated, both matrices K-major.
uint32_t TensorMma::getDescriptor(int64_t scaleByte) const {
  auto byte = uint32_t(scaleByte);
  return byte << 4 | getTypeField(weights, isNarrow()) << 7 |
         getTypeField(tokens, isNarrow()) << 10 |
         uint32_t(kColumns >> 3) << 17 | uint32_t(areE8M0()) << 23 |
         uint32_t(kRows >> 7) << 27 | byte << 29;
}

void TensorMma::create(ImplicitLocOpBuilder &b, Value sums,
                       std::array<Value, 2> matrices,
                       std::array<Value, 2> scales, int64_t scaleByte,
                       Value adds) const {
  NVVM::Tcgen05MMABlockScaleOp::create(
      b,
      !isNarrow() ? NVVM::MMABlockScaleKind::MXF8F6F4
      : areE8M0() ? NVVM::MMABlockScaleKind::MXF4
                  : NVVM::MMABlockScaleKind::MXF4NVF4,
      NVVM::CTAGroupKind::CTA_1,
      areE8M0() ? NVVM::Tcgen05MMABlockScale::BLOCK32
                : NVVM::Tcgen05MMABlockScale::BLOCK16,
      NVVM::Tcgen05MMACollectorOp::DISCARD, sums, matrices[0], matrices[1],
      createI32(b, getDescriptor(scaleByte)), adds, scales[0], scales[1]);
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

static Value createPointer(ImplicitLocOpBuilder &b, Value address,
                           unsigned space) {
  return LLVM::IntToPtrOp::create(
      b, LLVM::LLVMPointerType::get(b.getContext(), space), address);
}

Value quantx::createTensorPointer(ImplicitLocOpBuilder &b, Value address) {
  return createPointer(b, address, unsigned(NVVM::NVVMMemorySpace::Tensor));
}

Value quantx::createSharedPointer(ImplicitLocOpBuilder &b, Value address) {
  return createPointer(b, address, unsigned(NVVM::NVVMMemorySpace::Shared));
}

//===----------------------------------------------------------------------===//
// Results and order
//===----------------------------------------------------------------------===//

// PTX ISA, "Matrix fragments for shape .32x32b": thread i of a warp gets lane i
// of its 32, a register a column. LLVM may move registers before the wait; that
// is in order too ("Register dependencies, same thread").
SmallVector<Value> quantx::loadSums(ImplicitLocOpBuilder &b, Value address,
                                    int64_t count) {
  auto type = VectorType::get(count, b.getI32Type());
  Value loaded = NVVM::Tcgen05LdOp::create(
      b, type, /*pack=*/false, NVVM::Tcgen05LdStShape::SHAPE_32X32B,
      createTensorPointer(b, address), /*offset=*/Value());
  NVVM::Tcgen05WaitOp::create(b, NVVM::Tcgen05WaitKind::LOAD);
  loaded = vector::BitCastOp::create(b, type.clone(b.getF32Type()), loaded);
  SmallVector<Value> sums;
  for (int64_t i = 0; i < count; ++i)
    sums.push_back(vector::ExtractOp::create(b, loaded, i));
  return sums;
}

void quantx::createPhaseWait(ImplicitLocOpBuilder &b, Value barrier,
                             Value parity) {
  // How long a thread may be suspended before it looks again.
  constexpr int64_t nanoseconds = 10'000'000;
  NVVM::MBarrierTryWaitParityOp::create(b, barrier, parity,
                                        createI32(b, nanoseconds));
}

void quantx::createFenceBefore(ImplicitLocOpBuilder &b) {
  NVVM::Tcgen05FenceOp::create(b, NVVM::Tcgen05FenceKind::BEFORE_THREAD_SYNC);
}

void quantx::createFenceAfter(ImplicitLocOpBuilder &b) {
  NVVM::Tcgen05FenceOp::create(b, NVVM::Tcgen05FenceKind::AFTER_THREAD_SYNC);
}

void quantx::createProxyFence(ImplicitLocOpBuilder &b) {
  NVVM::FenceProxyOp::create(
      b, NVVM::ProxyKind::async_shared,
      NVVM::SharedSpaceAttr::get(b.getContext(),
                                 NVVM::SharedSpace::shared_cta));
}
