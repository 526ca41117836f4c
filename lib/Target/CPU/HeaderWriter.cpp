//===- HeaderWriter.cpp - C headers of compiled functions -----------------===//

#include "quantx/Target/CPU/HeaderWriter.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include <map>

using namespace quantx;
using llvm::Error;
using llvm::StringRef;

/// The C type of elements in memory. Types that C lacks are their bits.
static StringRef getCElementType(const ValueSignature &value) {
  switch (getElementType(value.elementType)) {
  case ElementType::Bool:
    return "bool";
  case ElementType::Int16:
    return "int16_t";
  case ElementType::UInt16:
  case ElementType::Float16:
  case ElementType::BFloat16:
    return "uint16_t";
  case ElementType::Int32:
    return "int32_t";
  case ElementType::UInt32:
    return "uint32_t";
  case ElementType::Int64:
    return "int64_t";
  case ElementType::UInt64:
    return "uint64_t";
  case ElementType::Float32:
    return "float";
  case ElementType::Float64:
    return "double";
  default:
    return "uint8_t";
  }
}

/// The C type of a scalar parameter, which has to be passed in the register
/// that the compiled code expects it in.
static StringRef getCScalarType(const ValueSignature &value) {
  switch (getElementType(value.elementType)) {
  case ElementType::Float16:
    return "_Float16";
  case ElementType::BFloat16:
    return "__bf16";
  default:
    return getCElementType(value);
  }
}

/// The name of the struct that describes a tensor.
static std::string getDescriptorName(const ValueSignature &value) {
  StringRef element = getCElementType(value);
  element.consume_back("_t");
  return ("quantx_" + llvm::Twine(value.shape.size()) + "d_" + element).str();
}

/// The C type of a parameter.
static std::string getCType(const ValueSignature &value) {
  return value.isScalar ? getCScalarType(value).str()
                        : "struct " + getDescriptorName(value);
}

/// The C type of one of several results, which are stored in a struct.
static std::string getCMemberType(const ValueSignature &value) {
  return value.isScalar ? getCElementType(value).str() : getCType(value);
}

/// "8x64 f32" and what part of a quantized tensor it is.
static std::string describe(const ValueSignature &value) {
  std::string text = formatValue(value);
  // The array type of files says nothing to a C program.
  text.resize(text.rfind(" ("));
  if (value.isScalar)
    text = text.substr(text.find(' ') + 1);
  return value.role.empty() ? text : text + ", " + value.role;
}

/// Writes one struct for each kind of descriptor that the functions use.
static void writeDescriptors(llvm::raw_ostream &os,
                             llvm::ArrayRef<FunctionSignature> functions) {
  std::map<std::string, const ValueSignature *> descriptors;
  for (const FunctionSignature &function : functions) {
    for (const auto *values : {&function.inputs, &function.outputs}) {
      for (const ValueSignature &value : *values)
        if (!value.isScalar)
          descriptors.emplace(getDescriptorName(value), &value);
    }
  }
  for (const auto &[name, value] : descriptors) {
    StringRef element = getCElementType(*value);
    size_t rank = value->shape.size();
    // C++ programs and several headers of this kind can meet in one file.
    os << "\n#ifndef " << StringRef(name).upper() << "\n#define "
       << StringRef(name).upper() << "\nstruct " << name << " {\n  " << element
       << " *allocated;\n  " << element << " *aligned;\n  int64_t offset;\n";
    if (rank)
      os << "  int64_t sizes[" << rank << "];\n  int64_t strides[" << rank
         << "];\n";
    os << "};\n#endif\n";
  }
}

/// Writes the comment that says what each parameter is.
static void writeComment(llvm::raw_ostream &os,
                         const FunctionSignature &function) {
  os << "\n/* " << function.name << "\n *\n";
  for (const auto &[index, value] : llvm::enumerate(function.inputs))
    os << " * input" << index << ": " << describe(value) << "\n";
  for (const auto &[index, value] : llvm::enumerate(function.outputs))
    os << " * output" << index << ": " << describe(value) << "\n";
  os << " */\n";
}

static void writeFunction(llvm::raw_ostream &os,
                          const FunctionSignature &function) {
  llvm::ArrayRef<ValueSignature> outputs = function.outputs;
  bool returnsValue = outputs.size() == 1 && outputs[0].isScalar;
  std::string resultsType;
  if (outputs.size() == 1 && !returnsValue)
    resultsType = getCType(outputs[0]);
  if (outputs.size() > 1) {
    resultsType = "struct " + function.name + "_results";
    os << "\n" << resultsType << " {\n";
    for (const auto &[index, value] : llvm::enumerate(outputs))
      os << "  " << getCMemberType(value) << " output" << index << ";\n";
    os << "};\n";
  }
  writeComment(os, function);
  llvm::SmallVector<std::string> parameters;
  if (!resultsType.empty())
    parameters.push_back(resultsType +
                         (outputs.size() > 1 ? " *outputs" : " *output0"));
  for (const auto &[index, value] : llvm::enumerate(function.inputs))
    parameters.push_back(getCType(value) + (value.isScalar ? " " : " *") +
                         "input" + std::to_string(index));
  os << (returnsValue ? getCScalarType(outputs[0]) : "void") << " _mlir_ciface_"
     << function.name << "("
     << (parameters.empty() ? "void" : llvm::join(parameters, ",\n    "))
     << ");\n";
}

static bool isIdentifier(StringRef name) {
  return !name.empty() && !llvm::isDigit(name.front()) &&
         llvm::all_of(name,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

static constexpr llvm::StringLiteral preamble = R"(
/* Generated by quant-compile.
 *
 * A tensor is passed as a descriptor, by pointer: element (i, j) is
 * aligned[offset + i * strides[0] + j * strides[1]]. Inputs are in C order, their
 * offset is 0, and they are not written to. The function fills the descriptors of
 * its outputs; the caller owns their memory and ends it with free(allocated).
 * 16-bit floats in memory are uint16_t, codes of 8 bits and less are packed into
 * uint8_t.
 */
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
)";

Error quantx::writeHeader(llvm::raw_ostream &os, StringRef fileName,
                          llvm::ArrayRef<FunctionSignature> functions) {
  for (const FunctionSignature &function : functions) {
    if (!isIdentifier(function.name)) {
      return llvm::createStringError("the function '" + function.name +
                                     "' has no name in C: expected letters, "
                                     "digits and underscores");
    }
  }
  std::string guard = llvm::sys::path::filename(fileName).upper();
  for (char &c : guard)
    c = llvm::isAlnum(c) ? c : '_';
  guard = "QUANTX_" + guard;
  os << "#ifndef " << guard << "\n#define " << guard << "\n" << preamble;
  writeDescriptors(os, functions);
  for (const FunctionSignature &function : functions)
    writeFunction(os, function);
  os << "\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
  return Error::success();
}
