//===- QuotientRange.h - Elements over the scales of a method ---*- C++ -*-===//

#ifndef QUANTX_IR_QUOTIENTRANGE_H
#define QUANTX_IR_QUOTIENTRANGE_H

namespace quantx {

/// What is known of x / s for the elements x of a block whose scale s, the
/// global scale included, was chosen from them: where all x are finite, and s
/// is a normal number of its type and not the largest one. Each case holds what
/// the one after it does.
enum class QuotientRange {
  /// Nothing.
  Any,
  /// Its magnitude is less than 2^20.
  Bounded,
  /// It rounds to an integer that, with the zero point, is beyond the codes by
  /// 1 at most. Codes that are floats: its magnitude is less than twice the
  /// largest power of two among their values.
  NearlyFits,
  /// It rounds to the value of a code.
  Fits,
};

} // namespace quantx

#endif // QUANTX_IR_QUOTIENTRANGE_H
