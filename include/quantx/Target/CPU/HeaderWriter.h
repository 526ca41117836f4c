//===- HeaderWriter.h - C headers of compiled functions ---------*- C++ -*-===//

#ifndef QUANTX_TARGET_CPU_HEADERWRITER_H
#define QUANTX_TARGET_CPU_HEADERWRITER_H

#include "quantx/Target/CPU/Signature.h"

namespace quantx {

/// Writes a C header (C99, also C++) that declares how to call the functions:
/// a struct for each kind of memref descriptor, and for each function its
/// prototype with the type and shape of every parameter. `fileName` gives the
/// include guard. Fails on a name that is not a C identifier.
llvm::Error writeHeader(llvm::raw_ostream &os, llvm::StringRef fileName,
                        llvm::ArrayRef<FunctionSignature> functions);

} // namespace quantx

#endif // QUANTX_TARGET_CPU_HEADERWRITER_H
