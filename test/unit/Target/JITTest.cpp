//===- JITTest.cpp - Compiling and calling in this process ----------------===//

#include "quantx/Target/CPU/JIT.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "quantx/Target/CPU/Call.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace quantx;
using ::testing::HasSubstr;

namespace {

class JITTest : public ::testing::Test {
protected:
  JITTest() {
    mlir::DialectRegistry registry;
    registerCPUTranslations(registry);
    context.appendDialectRegistry(registry);
    context.loadDialect<mlir::LLVM::LLVMDialect>();
  }

  llvm::Expected<JITFunction> create(llvm::StringRef function,
                                     llvm::StringRef target = "native") {
    module = mlir::parseSourceString<mlir::ModuleOp>(R"(
      llvm.func @elsewhere(f32) -> f32
      llvm.func @_mlir_ciface_add(%x: f32, %y: i64) -> f32 {
        %0 = llvm.sitofp %y : i64 to f32
        %1 = llvm.fadd %x, %0 : f32
        llvm.return %1 : f32
      }
      llvm.func @_mlir_ciface_broken(%x: f32) -> f32 {
        %0 = llvm.call @elsewhere(%x) : (f32) -> f32
        llvm.return %0 : f32
      }
      llvm.func @plain() {
        llvm.return
      }
      llvm.func @_mlir_ciface_declared()
    )",
                                                     &context);
    return JITFunction::create(*module, llvm::cantFail(CPUTarget::get(target)),
                               function);
  }

  std::string createError(llvm::StringRef function,
                          llvm::StringRef target = "native") {
    auto result = create(function, target);
    return result ? "no error" : llvm::toString(result.takeError());
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// A function beside one that cannot be linked.
TEST_F(JITTest, CallsByPointersToTheValues) {
  JITFunction function = llvm::cantFail(create("add"));
  float x = 1.5f, result = 0;
  int64_t y = -4;
  void *arguments[] = {&x, &y, &result};
  function.call(arguments);
  EXPECT_EQ(result, -2.5f);
}

TEST_F(JITTest, MissingSymbolIsNamed) {
  std::string error = createError("broken");
  EXPECT_THAT(error, HasSubstr("cannot link 'broken'"));
  EXPECT_THAT(error, HasSubstr("elsewhere"));
}

TEST_F(JITTest, AFunctionNeedsAWrapperWithABody) {
  for (llvm::StringRef name : {"plain", "declared", "none"})
    EXPECT_EQ(createError(name),
              "the function '" + name.str() + "' has no C wrapper");
}

TEST_F(JITTest, CodeOfAnotherArchitectureIsRefused) {
  bool isX86 = llvm::cantFail(CPUTarget::get("native")).triple.isX86();
  EXPECT_THAT(createError("add", isX86 ? "aarch64" : "x86-64-v3"),
              HasSubstr("this machine is"));
}

} // namespace
