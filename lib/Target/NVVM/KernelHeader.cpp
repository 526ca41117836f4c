//===- KernelHeader.cpp - C headers of kernels ----------------------------===//

#include "quantx/Target/NVVM/KernelHeader.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Path.h"

using namespace quantx;
using llvm::StringRef;

/// `text` with an underscore for what no identifier has.
static std::string toIdentifier(StringRef text) {
  std::string name;
  for (char c : text)
    name += llvm::isAlnum(c) ? c : '_';
  return name;
}

/// The C type of a parameter: the driver's pointers to device memory are
/// integers.
static StringRef getCType(const KernelDescription::Parameter &parameter) {
  if (parameter.isPointer)
    return "uint64_t";
  return llvm::StringSwitch<StringRef>(parameter.type)
      .Case("f32", "float")
      .Case("f64", "double")
      .Case("i32", "int32_t")
      .Case("i16", "int16_t")
      .Case("i8", "uint8_t")
      .Default("int64_t");
}

static void writeComment(llvm::raw_ostream &os,
                         const KernelDescription &kernel) {
  os << "/* " << kernel.name << ": quantx." << kernel.op << "\n *\n"
     << " * grid: any number of blocks along x\n"
     << " * block: " << kernel.blockSize << " threads\n"
     << " * dynamic shared memory: " << kernel.dynamicSharedMemory << " bytes\n"
     << " * parameters:\n";
  for (const KernelDescription::Parameter &parameter : kernel.parameters) {
    os << " *   " << parameter.name << ": "
       << (parameter.isPointer ? "device memory of " : "") << parameter.type
       << "\n";
  }
  os << " */\n";
}

static void writeKernel(llvm::raw_ostream &os,
                        const KernelDescription &kernel) {
  std::string name = toIdentifier(kernel.name);
  std::string macro = StringRef(name).upper();
  writeComment(os, kernel);
  os << "#define " << macro << "_NAME \"" << kernel.name << "\"\n"
     << "#define " << macro << "_BLOCK " << kernel.blockSize << "\n"
     << "#define " << macro << "_SHARED_BYTES " << kernel.dynamicSharedMemory
     << "\n"
     << "struct " << name << "_parameters {\n";
  for (const KernelDescription::Parameter &parameter : kernel.parameters)
    os << "  " << getCType(parameter) << " " << toIdentifier(parameter.name)
       << ";\n";
  os << "};\n\n";
}

void quantx::writeKernelHeader(llvm::raw_ostream &os, StringRef fileName,
                               StringRef chip,
                               llvm::ArrayRef<KernelDescription> kernels) {
  std::string guard =
      StringRef(toIdentifier(llvm::sys::path::filename(fileName))).upper();
  os << "/* Kernels for " << chip << ", made by quant-compile.\n"
     << " *\n"
     << " * cuLaunchKernel takes the addresses of the parameters one by one, "
        "in "
        "their order:\n"
     << " * the members of the struct of a kernel.\n"
     << " */\n"
     << "#ifndef " << guard << "\n#define " << guard << "\n\n"
     << "#include <stdint.h>\n\n";
  for (const KernelDescription &kernel : kernels)
    writeKernel(os, kernel);
  os << "#endif /* " << guard << " */\n";
}
