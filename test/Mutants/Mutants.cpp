//===- Mutants.cpp - Which defect is planted ------------------------------===//

#include "quantx/Format/Mutants.h"
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

using namespace quantx;

static constexpr const char *names[] = {
#define QUANTX_MUTANT(name, defect) #name,
#include "quantx/Format/Mutants.def"
#undef QUANTX_MUTANT
};

// Static initializers ask too, so that LLVM's streams may not be there yet.
static std::optional<Mutant> readPlanted() {
  const char *wanted = std::getenv("QUANTX_MUTANT");
  if (!wanted || !*wanted)
    return std::nullopt;
  for (size_t i = 0; i < std::size(names); ++i) {
    if (std::string_view(names[i]) == wanted)
      return Mutant(i);
  }
  std::fprintf(stderr, "QUANTX_MUTANT: unknown mutant '%s': expected one of",
               wanted);
  for (const char *name : names)
    std::fprintf(stderr, " %s", name);
  std::fputc('\n', stderr);
  std::_Exit(1);
}

bool quantx::isPlanted(Mutant mutant) {
  static const std::optional<Mutant> planted = readPlanted();
  return planted == mutant;
}
