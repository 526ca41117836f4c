//===- Units.h - How kernels go over the elements of a tensor ---*- C++ -*-===//
//
// A tensor is rows of elements, of which a thread takes some neighbours at a
// time: a unit, as many as make 16 or 32 bytes. Neighbouring threads have
// neighbouring units, so that a warp reads and writes whole lines. A thread
// takes several units at once where all of them are there and aligned, to have
// as many loads under way; elsewhere one by one, and element by element.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_UNITS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_UNITS_H

#include "Kernel.h"
#include "quantx/Emit/Elements.h"

namespace quantx {

/// The sizes and blocks of a tensor, after neighbouring dimensions were joined
/// where that changes no index: those that blocks do not divide, and those that
/// blocks have whole. On the host.
struct JoinedShape {
  llvm::SmallVector<mlir::OpFoldResult> sizes;
  /// As in ScaledType.
  llvm::SmallVector<int64_t> blocks;
};

/// Joins the dimensions of a tensor of `sizes` whose elements are of `type`.
/// Rows are joined to one where they are whole blocks and bytes: at run time
/// where that shows only then.
JoinedShape joinDimensions(mlir::ImplicitLocOpBuilder &host, ScaledType type,
                           llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// The same for codes of `bits` bits without scales.
JoinedShape joinDimensions(mlir::ImplicitLocOpBuilder &host, unsigned bits,
                           llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// A joined shape in a kernel.
class Rows {
public:
  /// Adds the sizes to the kernel's parameters.
  Rows(KernelBuilder &kernel, const JoinedShape &shape);

  mlir::Value getRows() const { return rows; }
  mlir::Value getColumns() const { return columns; }

  /// The index of the element at `row`, `column`.
  mlir::Value getElement(mlir::ImplicitLocOpBuilder &b, mlir::Value row,
                         mlir::Value column) const;
  /// The index of the byte where the code at `row`, `column` begins, which
  /// begins a byte.
  mlir::Value getByte(mlir::ImplicitLocOpBuilder &b, unsigned bits,
                      mlir::Value row, mlir::Value column) const;
  /// The index, among all blocks, of the block at `row`, `column`.
  mlir::Value getBlock(mlir::ImplicitLocOpBuilder &b, mlir::Value row,
                       mlir::Value column) const;
  /// The bytes of a packed row.
  mlir::Value getRowBytes(mlir::ImplicitLocOpBuilder &b, unsigned bits) const;
  /// Blocks along a row.
  mlir::Value getBlocksPerRow(mlir::ImplicitLocOpBuilder &b) const;

  /// The size of blocks along a row, or `kWholeDimension`.
  int64_t getBlockColumns() const { return blocks.back(); }

private:
  llvm::SmallVector<mlir::Value> sizes;
  llvm::SmallVector<int64_t> blocks;
  mlir::Value rows, columns;
};

/// Neighbours in a row.
struct Unit {
  mlir::Value row, column; ///< of the first element
  /// How many of the elements there are, at least one; null for all, which then
  /// are aligned.
  mlir::Value count;
};

/// How units are laid out over rows.
struct UnitLayout {
  int64_t size;     ///< elements of a unit
  int64_t unrolled; ///< units that a thread takes at once
};

/// What is done with units.
struct UnitWork {
  /// Loads what belongs to a unit.
  llvm::function_ref<llvm::SmallVector<mlir::Value>(const Unit &)> load;
  /// Computes from that, and stores.
  llvm::function_ref<void(const Unit &, mlir::ValueRange loaded)> process;
};

/// Memory that is read or written in whole units: aligned where it begins and
/// where rows do.
struct UnitAccess {
  mlir::Value view;
  unsigned bits;     ///< of an element
  int64_t alignment; ///< bytes
};

/// Builds the body of `kernel`: a loop over all units of `rows`. `accesses` are
/// all that `work` makes in whole units. Returns the tiles for the launch,
/// which is at least one for each block of threads, on the host.
void buildUnits(KernelBuilder &kernel, const Rows &rows, UnitLayout layout,
                llvm::ArrayRef<UnitAccess> accesses, const UnitWork &work);

/// The tiles of those loops, for the launch.
mlir::Value countTiles(KernelBuilder &kernel, const JoinedShape &shape,
                       UnitLayout layout);

/// The bytes by which `size` elements of `bits` bits are aligned where they
/// follow on one another: a power of two, at most 16.
int64_t getUnitAlignment(int64_t size, unsigned bits);

/// The elements of `unit` from `offset` of a view on. Where there are fewer,
/// the rest is 0. `bits` are those of an element of the unit: fewer than those
/// of the view's elements, bytes, where these are packed.
mlir::Value loadUnit(mlir::ImplicitLocOpBuilder &b, mlir::Value view,
                     mlir::Value offset, const Unit &unit, int64_t size,
                     unsigned bits);

/// Stores `vector` as the elements, or packed bytes, of `unit`.
void storeUnit(mlir::ImplicitLocOpBuilder &b, mlir::Value vector,
               mlir::Value view, mlir::Value offset, const Unit &unit,
               unsigned bits);

/// The parameters in memory of the blocks of a type: views in the order of the
/// lowered form.
struct ParameterViews {
  ScaledType type;
  llvm::SmallVector<mlir::Value> views;
};

/// The parameters of `parts`, a lowered scaled tensor, as inputs of `kernel`.
ParameterViews addParameters(KernelBuilder &kernel, ScaledType type,
                             mlir::ValueRange parts);

/// Loads the parameters of the blocks that the `size` elements of `unit` are
/// in: scalars where that is one, else vectors.
llvm::SmallVector<mlir::Value> loadParameters(mlir::ImplicitLocOpBuilder &b,
                                              const ParameterViews &parameters,
                                              const Rows &rows,
                                              const Unit &unit, int64_t size);

/// Those factors of blocks as they apply to `size` elements.
BlockFactors spreadFactors(mlir::ImplicitLocOpBuilder &b,
                           const BlockFactors &factors, int64_t size);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_UNITS_H
