//===- Diagnostics.h - Errors of the IO layer -------------------*- C++ -*-===//

#ifndef QUANTX_LIB_IO_DIAGNOSTICS_H
#define QUANTX_LIB_IO_DIAGNOSTICS_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

namespace quantx {

/// The error "PATH: MESSAGE".
llvm::Error makeFileError(llvm::StringRef path, const llvm::Twine &message);

/// Text from a file between single quotes, fit for one line of a diagnostic:
/// escaped, and cut when it is long.
std::string quote(llvm::StringRef text);

} // namespace quantx

#endif // QUANTX_LIB_IO_DIAGNOSTICS_H
