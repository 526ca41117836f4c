//===- HostCalls.cpp - Calls of this program's functions ------------------===//

#include "HostCalls.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/raw_ostream.h"
#include <deque>

using namespace mlir;
using namespace quantx::test;

Value quantx::test::createAddress(ImplicitLocOpBuilder &b,
                                  const void *address) {
  Value bits = LLVM::ConstantOp::create(
      b, b.getI64IntegerAttr(int64_t(reinterpret_cast<uintptr_t>(address))));
  return LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext()),
                                  bits);
}

Value quantx::test::createHostCall(ImplicitLocOpBuilder &b,
                                   const void *function, Type result,
                                   ValueRange arguments) {
  Type returned = result ? result : LLVM::LLVMVoidType::get(b.getContext());
  auto type = LLVM::LLVMFunctionType::get(
      returned, llvm::to_vector(arguments.getTypes()));
  SmallVector<Value> operands = {createAddress(b, function)};
  llvm::append_range(operands, arguments);
  auto call = LLVM::CallOp::create(b, type, operands);
  return result ? call.getResult() : Value();
}

void quantx::test::reportUnknown(Operation *op, const char *reason) {
  llvm::errs() << "cannot simulate '" << *op << "': " << reason << "\n";
  llvm::report_fatal_error("cannot simulate a module");
}

const char *quantx::test::getSite(Operation *op) {
  static std::deque<std::string> sites;
  std::string &text = sites.emplace_back();
  llvm::raw_string_ostream os(text);
  os << op->getName() << " at ";
  if (auto location = op->getLoc()->findInstanceOf<FileLineColLoc>())
    os << "line " << location.getLine();
  else
    os << op->getLoc();
  return text.c_str();
}
