//===- SafetensorsWriter.cpp - Writing .safetensors -----------------------===//

#include "quantx/IO/Safetensors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"

using namespace quantx;

void quantx::writeSafetensors(llvm::raw_ostream &os,
                              llvm::ArrayRef<NamedTensor> tensors) {
  llvm::SmallVector<const NamedTensor *> order;
  for (const NamedTensor &tensor : tensors)
    order.push_back(&tensor);
  llvm::stable_sort(order, [](const NamedTensor *lhs, const NamedTensor *rhs) {
    return getAlignment(lhs->tensor.type) > getAlignment(rhs->tensor.type);
  });

  std::string header;
  llvm::raw_string_ostream headerOS(header);
  llvm::json::OStream json(headerOS);
  uint64_t position = 0;
  json.objectBegin();
  for (const NamedTensor *entry : order) {
    const TensorView &tensor = entry->tensor;
    uint64_t end = position + tensor.data.size();
    json.attributeObject(entry->name, [&] {
      json.attribute("dtype", getSafetensorsName(tensor.type));
      json.attribute("shape", llvm::json::Array(tensor.shape));
      json.attribute("data_offsets",
                     llvm::json::Array{int64_t(position), int64_t(end)});
    });
    position = end;
  }
  json.objectEnd();
  header.resize(llvm::alignTo(header.size(), sizeof(uint64_t)), ' ');

  llvm::support::endian::Writer(os, llvm::endianness::little)
      .write(uint64_t(header.size()));
  os << header;
  for (const NamedTensor *entry : order)
    os << llvm::toStringRef(entry->tensor.data);
}
