//===- SimulatedAccesses.cpp - Loads and stores that are checked ----------===//

#include "HostCalls.h"
#include "SimulatedDevice.h"
#include "SimulatedLaunch.h"
#include "SimulatedValues.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantx::test;

static void check(const void *address, int64_t size, int64_t alignment,
                  int32_t kind, const char *site) {
  SimulatedDevice::get().check({reinterpret_cast<uintptr_t>(address),
                                size_t(size), size_t(alignment),
                                AccessKind(kind)},
                               site);
}

/// The lanes that `mask` has a bit for, each on its own.
static void checkMasked(const char *address, int64_t lanes, int64_t width,
                        int64_t mask, int64_t alignment, int32_t kind,
                        const char *site) {
  for (int64_t lane = 0; lane < lanes; ++lane)
    if (mask >> lane & 1)
      check(address + lane * width, width, std::min(alignment, width), kind,
            site);
}

static void addConstant(const void *address, int64_t size) {
  SimulatedDevice::get().addConstant(reinterpret_cast<uintptr_t>(address),
                                     size);
}

namespace {

/// Adds the checks before the ops of one module.
class AccessChecker {
public:
  explicit AccessChecker(ModuleOp module) : layout(module) {}

  void visit(Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](LLVM::LoadOp op) {
          addCheck(op, op.getAddr(), op.getType(), op.getAlignment(),
                   AccessKind::Read);
        })
        .Case([&](LLVM::StoreOp op) {
          addCheck(op, op.getAddr(), op.getValue().getType(), op.getAlignment(),
                   AccessKind::Write);
        })
        .Case([&](LLVM::AtomicRMWOp op) {
          addCheck(op, op.getPtr(), op.getType(), op.getAlignment(),
                   AccessKind::Atomic);
        })
        .Case([&](LLVM::AtomicCmpXchgOp op) {
          addCheck(op, op.getPtr(), op.getVal().getType(), op.getAlignment(),
                   AccessKind::Atomic);
        })
        .Case([&](LLVM::MaskedLoadOp op) {
          addMaskedCheck(op, op.getData(), op.getRes().getType(), op.getMask(),
                         op.getAlignment(), AccessKind::Read);
        })
        .Case([&](LLVM::MaskedStoreOp op) {
          addMaskedCheck(op, op.getData(), op.getValue().getType(),
                         op.getMask(), op.getAlignment(), AccessKind::Write);
        })
        .Case([&](LLVM::AddressOfOp op) { addConstantOf(op); })
        .Case<LLVM::masked_gather, LLVM::masked_scatter>([](Operation *op) {
          reportUnknown(op, "its accesses are not checked");
        });
  }

private:
  static Value createKind(ImplicitLocOpBuilder &b, AccessKind kind) {
    return LLVM::ConstantOp::create(b, b.getI32IntegerAttr(int32_t(kind)));
  }

  void addCheck(Operation *op, Value address, Type type,
                std::optional<uint64_t> alignment, AccessKind kind) {
    ImplicitLocOpBuilder b(op->getLoc(), op);
    auto size = int64_t(layout.getTypeSize(type).getFixedValue());
    auto aligned =
        int64_t(alignment.value_or(layout.getTypeABIAlignment(type)));
    createHostCall(b, check, Type(),
                   {address, createI64(b, size), createI64(b, aligned),
                    createKind(b, kind), createAddress(b, getSite(op))});
  }

  void addMaskedCheck(Operation *op, Value address, Type type, Value mask,
                      uint64_t alignment, AccessKind kind) {
    ImplicitLocOpBuilder b(op->getLoc(), op);
    auto vector = cast<VectorType>(type);
    int64_t lanes = vector.getNumElements();
    auto width =
        int64_t(layout.getTypeSize(vector.getElementType()).getFixedValue());
    Type bits = b.getIntegerType(lanes);
    mask = LLVM::BitcastOp::create(b, bits, mask);
    if (lanes < 64)
      mask = LLVM::ZExtOp::create(b, b.getI64Type(), mask);
    createHostCall(b, checkMasked, Type(),
                   {address, createI64(b, lanes), createI64(b, width), mask,
                    createI64(b, int64_t(alignment)), createKind(b, kind),
                    createAddress(b, getSite(op))});
  }

  /// A constant is a buffer from where its address is taken.
  void addConstantOf(LLVM::AddressOfOp op) {
    auto global = op->getParentOfType<ModuleOp>().lookupSymbol<LLVM::GlobalOp>(
        op.getGlobalName());
    if (!global)
      return;
    ImplicitLocOpBuilder b(op.getLoc(), op->getBlock(),
                           std::next(op->getIterator()));
    auto size = int64_t(layout.getTypeSize(global.getType()).getFixedValue());
    createHostCall(b, addConstant, Type(), {op, createI64(b, size)});
  }

  DataLayout layout;
};

} // namespace

void quantx::test::checkAccesses(ModuleOp module) {
  AccessChecker checker(module);
  module.walk([&](Operation *op) { checker.visit(op); });
}
