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

/// The fewest elements that make 16 bytes of values, and whole bytes of codes.
int64_t getUnitSize(ScaledType type);

/// The sizes and blocks of a tensor, after neighbouring dimensions were joined
/// where that changes no index: those that blocks do not divide, and those that
/// blocks have whole. On the host.
struct JoinedShape {
  llvm::SmallVector<mlir::OpFoldResult> sizes;
  /// As in ScaledType.
  llvm::SmallVector<int64_t> blocks;
};

/// Joins the dimensions of a tensor of `sizes` whose elements are of `type`.
/// Where `joinsRows`, rows are joined to one if they are whole blocks and
/// bytes: at run time if that shows only then.
JoinedShape joinDimensions(mlir::ImplicitLocOpBuilder &host, ScaledType type,
                           llvm::ArrayRef<mlir::OpFoldResult> sizes,
                           bool joinsRows = true);

/// The same for codes of `bits` bits without scales, of which `block`
/// neighbours stay together.
JoinedShape joinDimensions(mlir::ImplicitLocOpBuilder &host, unsigned bits,
                           llvm::ArrayRef<mlir::OpFoldResult> sizes,
                           int64_t block);

/// The sizes of the bytes of codes of `bits` bits in a tensor of `sizes`.
llvm::SmallVector<mlir::OpFoldResult>
getPackedSizes(mlir::ImplicitLocOpBuilder &host, unsigned bits,
               llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// The sizes of the payload, and of the grid of blocks, of a tensor of `sizes`.
llvm::SmallVector<mlir::OpFoldResult>
getPayloadSizes(mlir::ImplicitLocOpBuilder &host, ScaledType type,
                llvm::ArrayRef<mlir::OpFoldResult> sizes);
llvm::SmallVector<mlir::OpFoldResult>
getGridSizes(mlir::ImplicitLocOpBuilder &host, ScaledType type,
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
  /// The sizes and blocks of all dimensions.
  llvm::ArrayRef<mlir::Value> getSizes() const { return sizes; }
  llvm::ArrayRef<int64_t> getBlocks() const { return blocks; }

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

/// Finds units by their number in a row-major order.
struct UnitFinder {
  const Rows &rows;
  int64_t size; ///< elements of a unit
  mlir::Value unitsPerRow;

  /// A whole unit.
  Unit find(mlir::ImplicitLocOpBuilder &b, mlir::Value number) const;
};

/// Whether (i1) all of `accesses` are aligned wherever rows begin.
mlir::Value emitAreAligned(mlir::ImplicitLocOpBuilder &b, const Rows &rows,
                           llvm::ArrayRef<UnitAccess> accesses);

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

/// The parameters of a lowered scaled tensor as inputs of `kernel`.
ParameterViews addParameters(KernelBuilder &kernel, ScaledType type,
                             mlir::ValueRange parameters);

/// Loads the parameters of the blocks that the `size` elements of `unit` are
/// in: scalars where that is one, else vectors.
llvm::SmallVector<mlir::Value> loadParameters(mlir::ImplicitLocOpBuilder &b,
                                              const ParameterViews &parameters,
                                              const Rows &rows,
                                              const Unit &unit, int64_t size);

/// A value of a unit's blocks, a scalar or a vector, for each of `size`
/// elements.
mlir::Value spreadOverUnit(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                           int64_t size);

/// Those factors of blocks as they apply to `size` elements.
BlockFactors spreadFactors(mlir::ImplicitLocOpBuilder &b,
                           const BlockFactors &factors, int64_t size);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_UNITS_H
