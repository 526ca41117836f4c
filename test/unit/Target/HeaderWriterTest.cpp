//===- HeaderWriterTest.cpp - The text of C headers -----------------------===//

#include "quantx/Target/CPU/HeaderWriter.h"
#include "mlir/IR/Builders.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace quantx;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

class HeaderWriterTest : public ::testing::Test {
protected:
  static std::string write(const FunctionSignature &function) {
    std::string text;
    llvm::raw_string_ostream os(text);
    llvm::cantFail(writeHeader(os, "out/my-kernel.h", function));
    return text;
  }
  static ValueSignature scalar(mlir::Type type) { return {type, {}, true, ""}; }
  static ValueSignature tensor(mlir::Type type, llvm::ArrayRef<int64_t> shape,
                               llvm::StringRef role = "") {
    return {type, llvm::SmallVector<int64_t, 3>(shape), false, role.str()};
  }

  mlir::MLIRContext context;
  mlir::Builder builder{&context};
};

TEST_F(HeaderWriterTest, GuardIsAnIdentifier) {
  std::string text = write({"f", {}, {}});
  EXPECT_THAT(text, HasSubstr("#ifndef QUANTX_MY_KERNEL_H\n"
                              "#define QUANTX_MY_KERNEL_H\n"));
  EXPECT_THAT(text, HasSubstr("void _mlir_ciface_f(void);\n"));
}

TEST_F(HeaderWriterTest, OneResultIsFilledInPlace) {
  mlir::Type f32 = builder.getF32Type();
  std::string text = write({"f", {tensor(f32, {8, 64})}, {tensor(f32, {8})}});
  EXPECT_THAT(text, HasSubstr("struct quantx_2d_float {\n"
                              "  float *allocated;\n"
                              "  float *aligned;\n"
                              "  int64_t offset;\n"
                              "  int64_t sizes[2];\n"
                              "  int64_t strides[2];\n"
                              "};\n"));
  EXPECT_THAT(text, HasSubstr("void _mlir_ciface_f(struct quantx_1d_float "
                              "*output0,\n"
                              "    struct quantx_2d_float *input0);\n"));
  EXPECT_THAT(text, HasSubstr(" * input0: 8x64 f32\n"));
}

TEST_F(HeaderWriterTest, OneScalarIsReturned) {
  std::string text =
      write({"f",
             {scalar(builder.getF16Type()), scalar(builder.getIndexType())},
             {scalar(builder.getBF16Type())}});
  EXPECT_THAT(text, HasSubstr("__bf16 _mlir_ciface_f(_Float16 input0,\n"
                              "    int64_t input1);\n"));
  EXPECT_THAT(text, Not(HasSubstr("struct")));
}

TEST_F(HeaderWriterTest, SeveralResultsAreAStruct) {
  std::string text =
      write({"f",
             {},
             {tensor(builder.getI8Type(), {}, "global scale"),
              scalar(builder.getI1Type()), scalar(builder.getBF16Type())}});
  EXPECT_THAT(text, HasSubstr("struct f_results {\n"
                              "  struct quantx_0d_uint8 output0;\n"
                              "  bool output1;\n"
                              "  uint16_t output2;\n"
                              "};\n"));
  EXPECT_THAT(text, HasSubstr(" * output0: 0-d i8, global scale\n"));
  EXPECT_THAT(text, Not(HasSubstr("sizes[0]")));
}

TEST_F(HeaderWriterTest, NamesThatCLacksAreRefused) {
  for (llvm::StringRef name : {"a.b", "1st", "", "f g"}) {
    std::string text;
    llvm::raw_string_ostream os(text);
    EXPECT_EQ(llvm::toString(writeHeader(
                  os, "k.h", FunctionSignature{name.str(), {}, {}})),
              "the function '" + name.str() +
                  "' has no name in C: expected letters, digits and "
                  "underscores");
    EXPECT_EQ(text, "");
  }
}

} // namespace
