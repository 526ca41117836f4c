//===- Program.h - Compiles MLIR text and calls it --------------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_EXECUTE_PROGRAM_H
#define QUANTX_TEST_UNIT_EXECUTE_PROGRAM_H

#include "quantx/Target/CPU/JIT.h"
#include "quantx/Target/CPU/Signature.h"
#include "support/Compiler.h"
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace quantx::test {

/// A result: its shape and its bytes.
struct Array {
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
};

/// The elements of an array, whose type the caller knows.
template <typename T>
std::vector<T> getElements(const Array &array) {
  std::vector<T> elements(array.bytes.size() / sizeof(T));
  std::memcpy(elements.data(), array.bytes.data(), array.bytes.size());
  return elements;
}

/// A way to compile, and its name in tests.
struct Form {
  const char *name;
  const char *target;
  /// Elements of a vector at most, 0 for scalars; null for the pipeline's.
  std::optional<int64_t> chunk;
};

inline constexpr Form kForms[] = {{"generic", "generic", std::nullopt},
                                  {"native", "native", std::nullopt},
                                  {"scalar", "generic", 0}};

/// Parses and verifies `text`.
std::unique_ptr<Compiler> parseProgram(const std::string &text);

/// One compiled function. Errors abort the test program: they are bugs.
class Program {
public:
  /// Compiles the only public function of `text` for `target`.
  Program(const std::string &text, llvm::StringRef target = "native",
          int64_t threads = 1, std::optional<int64_t> chunk = std::nullopt,
          std::optional<int64_t> nontemporalThreshold = std::nullopt);
  Program(const std::string &text, const Form &form)
      : Program(text, form.target, /*threads=*/1, form.chunk) {}

  std::vector<Array> run(llvm::ArrayRef<TensorView> inputs) const;

private:
  /// Owns the types in the signature.
  std::unique_ptr<Compiler> compiler;
  FunctionSignature signature;
  std::optional<JITFunction> function;
};

/// A view of `values` as an array of `shape` whose elements have type `type`.
template <typename T>
TensorView viewArray(ElementType type, llvm::ArrayRef<int64_t> shape,
                     const std::vector<T> &values) {
  TensorView view{type, {}, {}};
  view.shape.assign(shape.begin(), shape.end());
  view.data = llvm::ArrayRef(reinterpret_cast<const uint8_t *>(values.data()),
                             values.size() * sizeof(T));
  return view;
}

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_EXECUTE_PROGRAM_H
