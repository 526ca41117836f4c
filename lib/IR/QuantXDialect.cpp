//===- QuantXDialect.cpp - The quantx dialect -----------------------------===//

#include "quantx/IR/QuantXDialect.h"
#include "mlir/IR/OpImplementation.h"
#include "quantx/IR/QuantXAttrs.h"
#include "quantx/IR/QuantXOps.h"
#include "quantx/IR/QuantXTypes.h"

using namespace mlir;
using namespace quantx;

#include "quantx/IR/QuantXDialect.cpp.inc"

namespace {

/// Prints the well-known element types under short names: `!mxfp4`,
/// `!mxfp8_e4m3`, `!nvfp4`, `!int4_g128`.
struct QuantXAsmInterface : public OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(Type type, raw_ostream &os) const final {
    auto scaled = dyn_cast<ScaledType>(type);
    if (!scaled || !isa<Float32Type>(scaled.getExpressedType()))
      return AliasResult::NoAlias;
    // Only blocks along the last dimension of a matrix are well known.
    ArrayRef<int64_t> block = scaled.getBlockShape();
    if (block.size() != 2 || block[0] != 1)
      return AliasResult::NoAlias;
    if (!printAlias(scaled, block[1], os))
      return AliasResult::NoAlias;
    if (!scaled.isLinear())
      os << "_rows16";
    return AliasResult::OverridableAlias;
  }

private:
  /// Prints the alias of a type with `blockSize` elements in a row's block;
  /// returns false when it has none.
  static bool printAlias(ScaledType type, int64_t blockSize, raw_ostream &os) {
    bool isMX = isa<Float8E8M0FNUType>(type.getScaleType()) &&
                blockSize == 32 && !type.hasGlobal();
    if (isMX)
      return printMXAlias(type.getStorageType(), os);
    bool isNVFP4 = isa<Float4E2M1FNType>(type.getStorageType()) &&
                   isa<Float8E4M3FNType>(type.getScaleType()) &&
                   blockSize == 16 && type.hasGlobal();
    if (isNVFP4) {
      os << "nvfp4";
      return true;
    }
    bool isGroupedInt4 = type.getStorageType().isUnsignedInteger(4) &&
                         isa<Float16Type>(type.getScaleType()) &&
                         type.hasZeroPoint() && !type.hasGlobal() &&
                         blockSize > 0;
    if (isGroupedInt4)
      os << "int4_g" << blockSize;
    return isGroupedInt4;
  }

  static bool printMXAlias(Type storage, raw_ostream &os) {
    if (isa<Float4E2M1FNType>(storage))
      os << "mxfp4";
    else if (isa<Float6E2M3FNType>(storage))
      os << "mxfp6_e2m3";
    else if (isa<Float6E3M2FNType>(storage))
      os << "mxfp6_e3m2";
    else if (isa<Float8E4M3FNType>(storage))
      os << "mxfp8_e4m3";
    else if (isa<Float8E5M2Type>(storage))
      os << "mxfp8_e5m2";
    else if (storage.isSignlessInteger(8))
      os << "mxint8";
    else
      return false;
    return true;
  }
};

} // namespace

void QuantXDialect::initialize() {
  registerTypes();
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "quantx/IR/QuantXOps.cpp.inc"
      >();
  addInterfaces<QuantXAsmInterface>();
  declarePromisedInterfaces<ScaleMethodAttrInterface, AbsmaxAttr, MinmaxAttr,
                            FloorAttr, CeilAttr, EvenAttr, RceilAttr,
                            OptimalAttr, FourOverSixAttr, HessianAttr>();
}
