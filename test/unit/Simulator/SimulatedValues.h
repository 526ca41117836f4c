//===- SimulatedValues.h - Values on their way to calls ---------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDVALUES_H
#define QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDVALUES_H

#include "SimulatedWarp.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quantx::test {

mlir::Type getPointerType(mlir::ImplicitLocOpBuilder &b);
mlir::Value createI32(mlir::ImplicitLocOpBuilder &b, int64_t value);
mlir::Value createI64(mlir::ImplicitLocOpBuilder &b, int64_t value);
/// From an index or an integer, which is taken for unsigned.
mlir::Value castToI64(mlir::ImplicitLocOpBuilder &b, mlir::Value value);

/// The address of getSite.
mlir::Value createSite(mlir::ImplicitLocOpBuilder &b, mlir::Operation *op);

/// Memory in the frame of the function, for what is passed by its address.
mlir::Value createSlot(mlir::ImplicitLocOpBuilder &b, int64_t bytes);
mlir::Value createInSlot(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                         int64_t bytes);
mlir::Value createElementPointer(mlir::ImplicitLocOpBuilder &b,
                                 mlir::Value pointer, int64_t offset);
mlir::Value createLoad(mlir::ImplicitLocOpBuilder &b, mlir::Type type,
                       mlir::Value pointer, int64_t offset = 0);
void createStore(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                 mlir::Value pointer, int64_t offset = 0);

/// The bits of an integer, a float or a vector, up to 64 of them, and back.
mlir::Value toI64Bits(mlir::ImplicitLocOpBuilder &b, mlir::Value value);
mlir::Value fromI64Bits(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                        mlir::Type type);

/// A vector of any shape as one of i32, the registers that hold it, and back.
mlir::Value toRegisters(mlir::ImplicitLocOpBuilder &b, mlir::Value vector);
mlir::Value fromRegisters(mlir::ImplicitLocOpBuilder &b, mlir::Value registers,
                          mlir::VectorType type);

/// The descriptor that a memref is in the LLVM dialect.
mlir::Type getDescriptorType(mlir::MemRefType type);

/// A contiguous memref at an address. `size` is that of a memref of one,
/// dynamic, dimension, and else null.
mlir::Value createMemRef(mlir::ImplicitLocOpBuilder &b, mlir::Value pointer,
                         mlir::MemRefType type, mlir::Value size);

/// The address of an element.
mlir::Value createElementPointer(mlir::ImplicitLocOpBuilder &b,
                                 mlir::TypedValue<mlir::MemRefType> memref,
                                 mlir::ValueRange indices);

/// What the lanes of a warp do together.
struct WarpCall {
  std::string (*perform)(llvm::ArrayRef<WarpLane *>);
  /// Live as long as the compiled code.
  const void *attributes;
  /// i32: the lanes that take part.
  mlir::Value mask;
};

/// `inputs` are slots, and so is `output`.
void createWarpCall(mlir::ImplicitLocOpBuilder &b, mlir::Operation *op,
                    const WarpCall &call, mlir::ValueRange inputs,
                    mlir::Value output);

/// A copy of attributes that lives as long as the process.
template <typename T>
const T *keep(const T &attributes) {
  static std::deque<T> kept;
  return &kept.emplace_back(attributes);
}

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDVALUES_H
