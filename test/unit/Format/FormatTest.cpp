//===- FormatTest.cpp - The format table against published numbers --------===//

#include "Oracle.h"
#include "gtest/gtest.h"

using namespace quantx;

namespace {

// OFP8 1.0 table 1 and OCP MX 1.0 tables 3 to 5, typed from the documents.
struct Published {
  const char *name;
  unsigned bits;
  int bias;
  double maxFinite;
  int maxExponent;
  double minNormal;
  double minSubnormal;
};
constexpr Published published[] = {
    {"f8E4M3FN", 8, 7, 448.0, 8, 0x1p-6, 0x1p-9},
    {"f8E5M2", 8, 15, 57344.0, 15, 0x1p-14, 0x1p-16},
    {"f6E2M3FN", 6, 1, 7.5, 2, 1.0, 0.125},
    {"f6E3M2FN", 6, 3, 28.0, 4, 0.25, 0.0625},
    {"f4E2M1FN", 4, 1, 6.0, 2, 1.0, 0.5},
};

TEST(FormatTest, TableMatchesThePublishedOne) {
  ASSERT_EQ(getFloatFormats().size(), std::size(published));
  for (auto [row, expected] : llvm::zip(getFloatFormats(), published)) {
    SCOPED_TRACE(expected.name);
    EXPECT_EQ(row.name, expected.name);
    EXPECT_EQ(row.bits, expected.bits);
    EXPECT_EQ(row.bits, 1 + row.exponentBits + row.mantissaBits);
    EXPECT_EQ(row.bias, expected.bias);
    EXPECT_EQ(row.getMaxFinite(), expected.maxFinite);
    EXPECT_EQ(row.getMaxExponent(), expected.maxExponent);
    EXPECT_EQ(std::ldexp(1.0, row.getMinExponent()), expected.minNormal);
    EXPECT_EQ(std::ldexp(1.0, row.getMinExponent() - int(row.mantissaBits)),
              expected.minSubnormal);
  }
}

TEST(FormatTest, SpecialCodesMatchAPFloat) {
  for (const FloatFormat &row : getFloatFormats()) {
    SCOPED_TRACE(row.name.str());
    const llvm::fltSemantics &semantics = oracle::getSemantics(row);
    auto getCode = [](const llvm::APFloat &value) {
      return value.bitcastToAPInt().getZExtValue();
    };
    EXPECT_EQ(row.maxFiniteCode, getCode(llvm::APFloat::getLargest(semantics)));
    if (row.nonFinite != NonFinite::None) {
      EXPECT_EQ(row.nanCode, getCode(llvm::APFloat::getQNaN(semantics)));
    }
    if (row.nonFinite == NonFinite::InfAndNan) {
      EXPECT_EQ(row.getInfCode(), getCode(llvm::APFloat::getInf(semantics)));
    }
  }
}

TEST(FormatTest, LookupFindsRowsByTypeKeyword) {
  for (const FloatFormat &row : getFloatFormats()) {
    EXPECT_EQ(lookupFloatFormat(row.name), &row);
  }
  EXPECT_EQ(lookupFloatFormat("f8E4M3"), nullptr);
  EXPECT_EQ(lookupFloatFormat(""), nullptr);
}

void expectTraits(const ElementTraits &traits, double maxFinite,
                  int maxExponent, unsigned mantissaBits) {
  EXPECT_EQ(traits.maxFinite, maxFinite);
  EXPECT_EQ(traits.maxExponent, maxExponent);
  EXPECT_EQ(traits.mantissaBits, mantissaBits);
}

TEST(FormatTest, TraitsOfElements) {
  expectTraits(getElementTraits(*lookupFloatFormat("f8E4M3FN")), 448, 8, 3);
  expectTraits(getElementTraits(*lookupFloatFormat("f4E2M1FN")), 6, 2, 1);
  expectTraits(getElementTraits(IntegerFormat{8, true}), 127, 6, 6);
  expectTraits(getElementTraits(IntegerFormat{8, false}), 255, 7, 7);
  expectTraits(getElementTraits(IntegerFormat{4, false}), 15, 3, 3);
  expectTraits(getElementTraits(IntegerFormat{4, true}), 7, 2, 2);
  expectTraits(getElementTraits(IntegerFormat{2, true}), 1, 0, 0);
  // MXINT8: emax 0, largest 1 + 63/64.
  expectTraits(getElementTraits(IntegerFormat{8, true, 6}), 1 + 63.0 / 64, 0,
               6);
}

} // namespace
