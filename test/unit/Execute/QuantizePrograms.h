//===- QuantizePrograms.h - Programs that quantize, and their results -----===//

#ifndef QUANTX_TEST_UNIT_EXECUTE_QUANTIZEPROGRAMS_H
#define QUANTX_TEST_UNIT_EXECUTE_QUANTIZEPROGRAMS_H

#include "Program.h"
#include "Reference.h"
#include "gtest/gtest.h"

namespace quantx::test {

/// A function of a matrix, a seed and, for methods that take them, weights,
/// that quantizes by the method of `type` and dequantizes. `attributes` are
/// those of the op.
std::string getProgram(const TypeSpec &type,
                       const std::string &attributes = "");

/// A function of a tensor of rank 2 or 3, and a seed, that quantizes it and
/// gives the parts.
std::string getQuantizeProgram(const TypeSpec &type, bool isRank3);

/// Runs one of these programs on `matrix`, which it rounds to the expressed
/// type.
std::vector<Array> runOn(const Program &program, const TypeSpec &type,
                         llvm::ArrayRef<int64_t> shape,
                         std::vector<float> &matrix, int64_t seed,
                         const Weights &weights = {});

/// The same by any way to run it.
std::vector<Array>
runOn(llvm::function_ref<std::vector<Array>(llvm::ArrayRef<TensorView>)> run,
      const TypeSpec &type, llvm::ArrayRef<int64_t> shape,
      std::vector<float> &matrix, int64_t seed, const Weights &weights = {});

/// The parts of the quantized matrix, the first results, against the reference:
/// all bits.
void expectEqualParts(const TypeSpec &type, const QuantizedMatrix &want,
                      const std::vector<Array> &got);

/// The results of the first one, all bits, against the reference.
void expectEqual(const TypeSpec &type, const QuantizedMatrix &want,
                 const std::vector<Array> &got);

/// `f4E2M1FN_f8E8M0FNU_1x32_floor`: the parameters, as a test's name.
std::string formatName(const testing::TestParamInfo<TypeSpec> &info);

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_EXECUTE_QUANTIZEPROGRAMS_H
