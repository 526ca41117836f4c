//===- Mutants.h - Planted defects, to try the tests ------------*- C++ -*-===//
//
// A mutant is a known mistake, planted at the place where one would make it:
//
//   if (isPlanted(Mutant::TiesAway))
//     rounding.mode = RoundingMode::NearestAway;
//
// scripts/mutants demands that the tests fail for each of them. Only the
// programs that it runs are compiled with QUANTX_MUTANTS, and plant the mutant
// that the environment variable QUANTX_MUTANT names. In every other program
// isPlanted is the constant false, and nothing of a mutant is left.
//
// For .cpp files of lib alone: this header is not installed.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_FORMAT_MUTANTS_H
#define QUANTX_FORMAT_MUTANTS_H

namespace quantx {

/// The rows of Mutants.def, which say what is wrong in each.
enum class Mutant {
#define QUANTX_MUTANT(name, defect) name,
#include "quantx/Format/Mutants.def"
#undef QUANTX_MUTANT
};

#ifdef QUANTX_MUTANTS
/// Whether QUANTX_MUTANT is the name of `mutant`. Ends the program, with a
/// message, where it is set and names none.
bool isPlanted(Mutant mutant);
#else
constexpr bool isPlanted(Mutant) { return false; }
#endif

} // namespace quantx

#endif // QUANTX_FORMAT_MUTANTS_H
