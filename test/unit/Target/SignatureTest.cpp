//===- SignatureTest.cpp - Signatures and the arrays that fit them --------===//

#include "quantx/Target/CPU/Signature.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace quantx;
using mlir::ShapedType;

namespace {

class SignatureTest : public ::testing::Test {
protected:
  static ValueSignature tensor(mlir::Type element,
                               llvm::ArrayRef<int64_t> shape) {
    return {element, llvm::SmallVector<int64_t, 4>(shape), false, ""};
  }
  static std::string check(const ValueSignature &value, ElementType type,
                           llvm::ArrayRef<int64_t> shape) {
    TensorView view{type, llvm::SmallVector<int64_t, 4>(shape), {}};
    return llvm::toString(checkTensor(value, view));
  }

  mlir::MLIRContext context;
  mlir::Builder builder{&context};
};

TEST_F(SignatureTest, FormatValue) {
  mlir::Type e8m0 = mlir::Float8E8M0FNUType::get(&context);
  EXPECT_EQ(formatValue(tensor(e8m0, {4, 2})), "4x2 f8E8M0FNU (uint8)");
  EXPECT_EQ(formatValue(tensor(builder.getBF16Type(), {ShapedType::kDynamic})),
            "? bf16 (uint16)");
  EXPECT_EQ(formatValue(tensor(builder.getIndexType(), {})),
            "0-d index (int64)");
  EXPECT_EQ(formatValue(tensor(builder.getI1Type(), {0})), "0 i1 (bool)");
}

TEST_F(SignatureTest, ArraysThatFit) {
  ValueSignature floats =
      tensor(builder.getF32Type(), {ShapedType::kDynamic, 4});
  EXPECT_EQ(check(floats, ElementType::Float32, {7, 4}), "");
  EXPECT_EQ(check(floats, ElementType::Float32, {0, 4}), "");
  EXPECT_EQ(check(floats, ElementType::Float32, {4, 7}),
            "expected ?x4 f32 (float32), found 4x7 float32");
  EXPECT_EQ(check(floats, ElementType::Float32, {4}),
            "expected ?x4 f32 (float32), found 4 float32");
  EXPECT_EQ(check(floats, ElementType::Float64, {7, 4}),
            "expected ?x4 f32 (float32), found 7x4 float64");
}

TEST_F(SignatureTest, BytesAreBytesAndWideIntegersAreOfTheirSize) {
  for (ElementType type : {ElementType::Int8, ElementType::UInt8}) {
    EXPECT_TRUE(acceptsElement(builder.getI8Type(), type));
    EXPECT_TRUE(acceptsElement(mlir::Float8E5M2Type::get(&context), type));
    EXPECT_FALSE(acceptsElement(builder.getI16Type(), type));
  }
  EXPECT_TRUE(acceptsElement(builder.getI32Type(), ElementType::UInt32));
  EXPECT_TRUE(acceptsElement(builder.getIndexType(), ElementType::UInt64));
  EXPECT_FALSE(acceptsElement(builder.getIndexType(), ElementType::Int32));
  EXPECT_TRUE(acceptsElement(builder.getBF16Type(), ElementType::UInt16));
  EXPECT_FALSE(acceptsElement(builder.getF16Type(), ElementType::UInt16));
  EXPECT_FALSE(acceptsElement(builder.getF32Type(), ElementType::UInt32));
  // An f8 format is not another one.
  EXPECT_FALSE(
      acceptsElement(mlir::Float8E5M2Type::get(&context), ElementType::F8E4M3));
}

TEST_F(SignatureTest, OnlyPublicFunctionsWithABodyHaveOne) {
  context.loadDialect<mlir::func::FuncDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(R"(
    func.func private @f() -> f32
    func.func private @helper() { return }
    func.func @a(%x: tensor<?x4xf32>, %y: i64) -> f32 {
      %0 = func.call @f() : () -> f32
      return %0 : f32
    }
  )",
                                                        &context);
  auto signatures = llvm::cantFail(getSignatures(*module, *module));
  ASSERT_EQ(signatures.size(), 1u);
  EXPECT_EQ(signatures[0].name, "a");
  ASSERT_EQ(signatures[0].inputs.size(), 2u);
  EXPECT_FALSE(signatures[0].inputs[0].isScalar);
  EXPECT_EQ(signatures[0].inputs[0].shape[0], ShapedType::kDynamic);
  EXPECT_TRUE(signatures[0].inputs[1].isScalar);
  ASSERT_EQ(signatures[0].outputs.size(), 1u);
  EXPECT_TRUE(signatures[0].outputs[0].isScalar);
}

TEST_F(SignatureTest, TypesWithoutArraysAreNamed) {
  context.loadDialect<mlir::func::FuncDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      "func.func @f(%x: f32, %y: memref<4xf32>) { return }", &context);
  auto signatures = getSignatures(*module, *module);
  ASSERT_FALSE(bool(signatures));
  EXPECT_EQ(llvm::toString(signatures.takeError()),
            "function 'f': argument #1: expected a ranked tensor or a scalar, "
            "of floats of 8 to 64 bits or integers, found memref<4xf32>");
}

} // namespace
