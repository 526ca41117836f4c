// Compiles without QUANTX_MUTANTS, and not with it.

#include "quantx/Format/Mutants.h"

#define QUANTX_MUTANT(name, defect)                                            \
  static_assert(!quantx::isPlanted(quantx::Mutant::name),                      \
                "known to the compiler");
#include "quantx/Format/Mutants.def"
