//===- RowLayout.h - Where the codes of a row are in its bytes --*- C++ -*-===//
//
// The one place in the lowering that knows the layouts: it maps a byte to the
// codes in it, and a code to its byte and bits.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_ROWLAYOUT_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_ROWLAYOUT_H

#include "quantx/Emit/ElementwiseBuilder.h"
#include "quantx/IR/QuantXAttrs.h"

namespace quantx {

/// The layout of rows of codes of `bits` bits in `numBytes` bytes. Indices of
/// codes and bytes are `index` values within the row.
class RowLayout {
public:
  RowLayout(Packing packing, unsigned bits, mlir::OpFoldResult numBytes)
      : packing(packing), bits(bits), numBytes(numBytes) {}

  /// How many codes a byte can have a part of.
  unsigned getMaxCodesPerByte() const;

  /// Whether a byte never counts a code that has no part of it.
  bool hasOwnCodesOnly() const;

  /// The index of the code that is number `i` in the byte at `byte`. It may be
  /// beyond the end of the row.
  mlir::Value emitCodeIndex(mlir::ImplicitLocOpBuilder &b, mlir::Value byte,
                            unsigned i) const;

  /// The part of `code` (i32, high bits clear), of that index and number, that
  /// lies in the byte at `byte`: i32, whose bits above the byte are
  /// unspecified.
  mlir::Value emitPart(mlir::ImplicitLocOpBuilder &b, mlir::Value code,
                       mlir::Value index, mlir::Value byte, unsigned i) const;

  /// The code at `index`: in the low bits of an i8 whose high bits are
  /// unspecified. `readByte` reads the byte at an index, as i8.
  mlir::Value
  emitRead(mlir::ImplicitLocOpBuilder &b, mlir::Value index,
           llvm::function_ref<mlir::Value(mlir::Value)> readByte) const;

private:
  /// In bytes, the block in which a layout but the linear one reorders codes.
  int64_t getBlockBytes() const;
  /// The bytes of block `block`: of the last one, those that are there.
  mlir::Value emitBlockSize(mlir::ImplicitLocOpBuilder &b,
                            mlir::Value block) const;
  mlir::Value
  emitReadLinear(mlir::ImplicitLocOpBuilder &b, mlir::Value index,
                 llvm::function_ref<mlir::Value(mlir::Value)> readByte) const;
  mlir::Value
  emitReadBlock(mlir::ImplicitLocOpBuilder &b, mlir::Value index,
                llvm::function_ref<mlir::Value(mlir::Value)> readByte) const;

  Packing packing;
  unsigned bits;
  mlir::OpFoldResult numBytes;
};

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_ROWLAYOUT_H
