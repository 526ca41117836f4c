//===- PackingOracle.cpp - Packed codes as lists of bits ------------------===//

#include "PackingOracle.h"
#include <algorithm>
#include <random>

using namespace quantx;
using namespace quantx::test;

Bytes quantx::test::drawBytes(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (uint8_t &byte : bytes)
    byte = uint8_t(random());
  return bytes;
}

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

/// The codes of a row of `columns` in the order of their bits in memory;
/// `columns` stands for a place without a code.
static std::vector<size_t> getOrder(PackingLayout layout, size_t columns) {
  std::vector<size_t> order;
  size_t blockSize = layout == PackingLayout::SplitHalf      ? 32
                     : layout == PackingLayout::Interleaved8 ? 8
                                                             : 1;
  for (size_t first = 0; first < columns; first += blockSize) {
    size_t size = std::min(blockSize, columns - first);
    size_t half = (size + 1) / 2;
    for (size_t place = 0; place < size + size % 2; ++place) {
      size_t index = place;
      if (layout == PackingLayout::SplitHalf)
        index = place % 2 == 0 ? place / 2 : half + place / 2;
      if (layout == PackingLayout::Interleaved8)
        index = place < half ? 2 * place : 2 * (place - half) + 1;
      if (layout != PackingLayout::Linear || place < size)
        order.push_back(index < size ? first + index : columns);
    }
  }
  return order;
}

Bytes quantx::test::packOracle(PackingLayout layout, const CodeType &type,
                               const Bytes &codes, size_t columns) {
  size_t rowBits = (columns * type.bits + 7) / 8 * 8;
  std::vector<bool> bits;
  for (size_t row = 0; row < kRows; ++row) {
    std::vector<bool> rowOfBits;
    for (size_t column : getOrder(layout, columns)) {
      uint8_t code = column == columns ? 0 : codes[row * columns + column];
      for (unsigned bit = 0; bit < type.bits; ++bit)
        rowOfBits.push_back(code >> bit & 1);
    }
    rowOfBits.resize(rowBits);
    bits.insert(bits.end(), rowOfBits.begin(), rowOfBits.end());
  }
  Bytes bytes(bits.size() / 8);
  for (size_t bit = 0; bit < bits.size(); ++bit)
    bytes[bit / 8] |= uint8_t(bits[bit] << bit % 8);
  return bytes;
}

Bytes quantx::test::unpackOracle(PackingLayout layout, const CodeType &type,
                                 const Bytes &bytes, size_t columns) {
  size_t rowSize = (columns * type.bits + 7) / 8;
  Bytes codes(kRows * columns);
  std::vector<size_t> order = getOrder(layout, columns);
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t place = 0; place < order.size(); ++place) {
      if (order[place] == columns)
        continue;
      int code = 0;
      for (unsigned bit = 0; bit < type.bits; ++bit) {
        size_t position = place * type.bits + bit;
        int value = bytes[row * rowSize + position / 8] >> position % 8 & 1;
        bool isSignBit = type.isSigned && bit == type.bits - 1;
        code += (isSignBit ? -value : value) * (1 << bit);
      }
      codes[row * columns + order[place]] = uint8_t(code);
    }
  }
  return codes;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

std::string CodeType::print() const {
  return (isSigned ? "i" : "ui") + std::to_string(bits);
}

std::string Layout::print() const {
  return std::string("#quantx.packing<") + name + ">";
}

std::string quantx::test::printTensor(const std::string &rows,
                                      const std::string &columns,
                                      const std::string &element) {
  return "tensor<" + rows + "x" + columns + "x" + element + ">";
}

std::string quantx::test::printTensor(size_t columns,
                                      const std::string &element) {
  return printTensor(std::to_string(kRows), std::to_string(columns), element);
}

std::string quantx::test::printDynamicTensor(const std::string &element) {
  return printTensor("?", "?", element);
}

std::string
quantx::test::printPacking(const std::string &result, const std::string &name,
                           const std::string &operand, const Layout &layout,
                           const std::string &from, const std::string &to) {
  return "  " + result + " = quantx." + name + " " + operand + " as " +
         layout.print() + " : " + from + " to " + to + "\n";
}
