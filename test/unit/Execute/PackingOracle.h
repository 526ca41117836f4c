//===- PackingOracle.h - Packed codes as lists of bits ----------*- C++ -*-===//
//
// What packed rows are, written down bit by bit; and the text of programs that
// pack and unpack.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TEST_UNIT_EXECUTE_PACKINGORACLE_H
#define QUANTX_TEST_UNIT_EXECUTE_PACKINGORACLE_H

#include "quantx/Format/Packing.h"
#include <string>
#include <vector>

namespace quantx::test {

using Bytes = std::vector<uint8_t>;

/// The rows of every matrix.
inline constexpr size_t kRows = 3;

/// An integer type of 2 to 8 bits.
struct CodeType {
  unsigned bits;
  bool isSigned;

  std::string print() const;
};

struct Layout {
  PackingLayout value;
  const char *name;

  std::string print() const;
};

inline constexpr Layout kLinear = {PackingLayout::Linear, "linear"};
inline constexpr Layout kSplitHalf = {PackingLayout::SplitHalf, "split_half"};
inline constexpr Layout kInterleaved8 = {PackingLayout::Interleaved8,
                                         "interleaved8"};

/// Lengths of rows around the blocks of the layouts.
inline constexpr size_t kSomeLengths[] = {
    1, 2, 3, 5, 8, 9, 15, 16, 17, 31, 32, 33, 34, 40, 63, 64, 65, 96, 127, 130};

Bytes drawBytes(size_t size, unsigned seed);

/// Packs rows of `columns` codes. Bits of a code above its own are ignored.
Bytes packOracle(PackingLayout layout, const CodeType &type, const Bytes &codes,
                 size_t columns);

/// Unpacks rows of `columns` codes, one byte a code, extended.
Bytes unpackOracle(PackingLayout layout, const CodeType &type,
                   const Bytes &bytes, size_t columns);

/// `tensor<3x63xi4>`; sizes as text, "?" for dynamic ones.
std::string printTensor(const std::string &rows, const std::string &columns,
                        const std::string &element);
/// The same of kRows rows.
std::string printTensor(size_t columns, const std::string &element);
std::string printDynamicTensor(const std::string &element);

/// `RESULT = quantx.NAME OPERAND as LAYOUT : FROM to TO`, a line.
std::string printPacking(const std::string &result, const std::string &name,
                         const std::string &operand, const Layout &layout,
                         const std::string &from, const std::string &to);

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_EXECUTE_PACKINGORACLE_H
