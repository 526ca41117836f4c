//===- IRWriter.h - Programs from a fuzzer's bytes --------------*- C++ -*-===//

#ifndef QUANTX_FUZZ_IRWRITER_H
#define QUANTX_FUZZ_IRWRITER_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace quantx::fuzz {

/// Writes a module of one function on a scaled type, both chosen by the bytes.
/// Shapes and types fit each other; whether the type is allowed, a method suits
/// it and a size makes sense is left open, so the module may not verify.
std::string writeIR(const uint8_t *data, size_t size);

} // namespace quantx::fuzz

#endif // QUANTX_FUZZ_IRWRITER_H
