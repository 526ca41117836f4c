//===- NVVMChip.cpp - The GPUs that code is made for ----------------------===//

#include "quantx/Target/NVVM/NVVMChip.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace quantx;

llvm::ArrayRef<NVVMChip> NVVMChip::getAll() {
  static constexpr NVVMChip chips[] = {
      // name, PTX, block-scaled mma, tensor memory, wgmma
      {"sm_80", "+ptx80", false, false, false},
      {"sm_90", "+ptx84", false, false, false},
      {"sm_90a", "+ptx84", false, false, true},
      {"sm_100a", "+ptx88", false, true, false},
      {"sm_120a", "+ptx87", true, false, false}};
  return chips;
}

llvm::Expected<NVVMChip> NVVMChip::get(llvm::StringRef name) {
  for (const NVVMChip &chip : getAll())
    if (chip.name == name)
      return chip;
  auto names =
      llvm::map_range(getAll(), [](const NVVMChip &chip) { return chip.name; });
  return llvm::createStringError("unknown chip '" + name +
                                 "': expected one of " +
                                 llvm::join(names, ", "));
}
