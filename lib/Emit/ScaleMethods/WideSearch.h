//===- WideSearch.h - Searches for f32, f16 and bf16 scales -----*- C++ -*-===//

#ifndef QUANTX_LIB_EMIT_SCALEMETHODS_WIDESEARCH_H
#define QUANTX_LIB_EMIT_SCALEMETHODS_WIDESEARCH_H

#include "Search.h"

namespace quantx {

/// A block and its scales.
class WideSearch {
public:
  /// `naive` has no error yet.
  WideSearch(ElementwiseBuilder &b, const SearchedBlock &block,
             const Candidate &naive)
      : block(block), extent(emitExtent(b, block.elements)), naive(naive),
        naiveScale(emitValue(b, naive.bits)) {}

  /// The naive parameters and their error.
  Candidate start(ElementwiseBuilder &b) const {
    Candidate start = naive;
    start.error = evaluateError(b, naive.bits, naive.zeroPoint);
    return start;
  }

  /// The best of `best` and all scales with `zeroPoint` (null for 0), of which
  /// `isFirst` (i1, or null for true) says whether it is the first.
  Candidate search(ElementwiseBuilder &b, const Candidate &best,
                   mlir::Value zeroPoint, mlir::Value isFirst = {}) const;

private:
  mlir::Value emitValue(ElementwiseBuilder &b, mlir::Value bits) const {
    BlockParameters parameters = emitParameters(b, block, bits);
    return b.extendToF64(emitDecodeScale(b, parameters.scale));
  }
  /// The scale (bits) at most `scale` (f64), of those up to `limit` (bits).
  mlir::Value clampBits(ElementwiseBuilder &b, mlir::Value scale,
                        mlir::Value limit) const {
    return emitFloorScale(b, block.type.getScaleType(), scale,
                          b.i32(1, naive.bits), limit);
  }
  Values evaluate(ElementwiseBuilder &b, mlir::Value bits,
                  mlir::Value zeroPoint) const;
  mlir::Value evaluateError(ElementwiseBuilder &b, mlir::Value bits,
                            mlir::Value zeroPoint) const;
  mlir::Value mayBeBetter(ElementwiseBuilder &b, const Candidate &best) const;
  mlir::Value isOpen(ElementwiseBuilder &b, const Candidate &best,
                     mlir::Value bits, mlir::Value zeroPoint) const;
  mlir::Value emitLowestUseful(ElementwiseBuilder &b, const Candidate &best,
                               mlir::Value zeroPoint) const;
  mlir::Value emitHighestUseful(ElementwiseBuilder &b,
                                mlir::Value zeroPoint) const;
  mlir::Value emitReach(ElementwiseBuilder &b, bool isLargest,
                        mlir::Value zeroPoint, mlir::Value distance,
                        double beyond) const;
  Values seedOnce(ElementwiseBuilder &b, mlir::ValueRange state,
                  mlir::Value zeroPoint, mlir::Value limit) const;
  Candidate seed(ElementwiseBuilder &b, const Candidate &best,
                 mlir::Value zeroPoint, mlir::Value limit) const;
  Candidate polish(ElementwiseBuilder &b, const Candidate &best,
                   mlir::Value bits, mlir::Value zeroPoint,
                   mlir::Value limit) const;
  Candidate walk(ElementwiseBuilder &b, const Candidate &best,
                 mlir::Value zeroPoint, mlir::Value limit,
                 mlir::Value width) const;
  Values walkOnce(ElementwiseBuilder &b, mlir::ValueRange state,
                  mlir::Value zeroPoint) const;
  Values considerEnd(ElementwiseBuilder &b, mlir::ValueRange best,
                     mlir::Value bottom, mlir::Value zeroPoint) const;

  /// The best candidate as loop values, and back; without a zero point the
  /// third is a constant.
  static Values flatten(ElementwiseBuilder &b, const Candidate &c) {
    return {c.bits, c.error, c.zeroPoint ? c.zeroPoint : b.i32(0, c.bits)};
  }
  Candidate unflatten(mlir::ValueRange values) const {
    return {values[0], values[1], naive.zeroPoint ? values[2] : mlir::Value()};
  }

  const SearchedBlock &block;
  BlockExtent extent;
  Candidate naive;
  mlir::Value naiveScale;
};

} // namespace quantx

#endif // QUANTX_LIB_EMIT_SCALEMETHODS_WIDESEARCH_H
