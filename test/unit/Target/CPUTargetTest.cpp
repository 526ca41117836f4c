//===- CPUTargetTest.cpp - Names of CPUs and what they mean ---------------===//

#include "quantx/Target/CPU/CPUTarget.h"
#include "quantx/Target/CPU/CPUStrategy.h"
#include "gtest/gtest.h"

using namespace quantx;

namespace {

TEST(CPUTargetTest, EveryNameGivesAMachine) {
  ASSERT_EQ(CPUTarget::getNames().front(), "native");
  for (llvm::StringRef name : CPUTarget::getNames()) {
    auto target = CPUTarget::get(name);
    ASSERT_TRUE(bool(target)) << name.str();
    EXPECT_EQ(target->name, name);
    auto machine = target->createTargetMachine();
    ASSERT_TRUE(bool(machine)) << llvm::toString(machine.takeError());
    EXPECT_EQ((*machine)->getTargetTriple(), target->triple);
    EXPECT_EQ((*machine)->getRelocationModel(), llvm::Reloc::PIC_);
  }
}

TEST(CPUTargetTest, EachHasAStrategy) {
  ASSERT_EQ(CPUStrategy::getAll().size(), CPUTarget::getNames().size());
  for (auto [strategy, name] :
       llvm::zip_equal(CPUStrategy::getAll(), CPUTarget::getNames())) {
    EXPECT_EQ(strategy.target, name);
    // A machine without AVX-512 has the row of another target.
    if (name != "native" || CPUTarget::get(name)->hasWideVectors()) {
      EXPECT_EQ(&CPUStrategy::get(name), &strategy);
    }
    // Lines ahead, and no more of them than a whole tile.
    EXPECT_EQ(strategy.prefetchDistance % 64, 0);
    EXPECT_LE(strategy.prefetchDistance, strategy.prefetchLimit);
  }
  EXPECT_EQ(&CPUStrategy::get("unknown"), &CPUStrategy::get("native"));
}

TEST(CPUTargetTest, UnknownNamesAreAnsweredWithTheKnown) {
  for (llvm::StringRef name : {"", "Native", "x86-64-v5", "sm_90"}) {
    auto target = CPUTarget::get(name);
    ASSERT_FALSE(bool(target));
    EXPECT_EQ(llvm::toString(target.takeError()),
              "unknown target '" + name.str() +
                  "': expected one of native, x86-64-v4+amx, "
                  "x86-64-v4+avx512vbmi, x86-64-v4, x86-64-v3, generic, "
                  "aarch64");
  }
}

TEST(CPUTargetTest, VectorsAreAsWideAsTheTargetSays) {
  EXPECT_EQ(llvm::cantFail(CPUTarget::get("x86-64-v4")).vectorWidth, 512u);
  EXPECT_EQ(llvm::cantFail(CPUTarget::get("x86-64-v3")).vectorWidth, 0u);
  EXPECT_EQ(llvm::cantFail(CPUTarget::get("generic")).vectorWidth, 0u);
  // The tuning of several CPUs with AVX-512 would stop at 256.
  CPUTarget native = llvm::cantFail(CPUTarget::get("native"));
  bool hasAVX512 = native.features.find("+avx512f") != std::string::npos;
  EXPECT_EQ(native.vectorWidth, hasAVX512 ? 512u : 0u);
}

TEST(CPUTargetTest, OneHasTiles) {
  for (llvm::StringRef name : CPUTarget::getNames()) {
    CPUTarget target = llvm::cantFail(CPUTarget::get(name));
    bool expected =
        name == "native" ? target.hasTiles() : name == "x86-64-v4+amx";
    EXPECT_EQ(target.hasTiles(), expected) << name.str();
  }
  // No CPU has tiles alone.
  EXPECT_TRUE(llvm::cantFail(CPUTarget::get("x86-64-v4+amx")).hasByteDots());
  EXPECT_FALSE(
      llvm::cantFail(CPUTarget::get("x86-64-v4+amx")).hasFastPairDots());
  // Another system would be asked for them in another way.
  CPUTarget windows = llvm::cantFail(CPUTarget::get("x86-64-v4+amx"));
  windows.triple = llvm::Triple("x86_64-pc-windows-msvc");
  EXPECT_FALSE(windows.hasTiles());
}

TEST(CPUTargetTest, NativeAndGenericCodeRunsHere) {
  for (llvm::StringRef name : {"native", "generic"})
    EXPECT_FALSE(bool(llvm::cantFail(CPUTarget::get(name)).checkRunsHere()));
}

TEST(CPUTargetTest, CodeOfAnotherArchitectureDoesNot) {
  CPUTarget native = llvm::cantFail(CPUTarget::get("native"));
  bool isX86 = native.triple.isX86();
  CPUTarget other =
      llvm::cantFail(CPUTarget::get(isX86 ? "aarch64" : "x86-64-v3"));
  EXPECT_EQ(llvm::toString(other.checkRunsHere()),
            ("cannot run code for " + other.triple.getArchName() +
             ": this machine is " + native.triple.getArchName())
                .str());
}

} // namespace
