//===- TensorOutputs.cpp - Writing a set of tensors -----------------------===//

#include "quantx/IO/TensorOutputs.h"
#include "Diagnostics.h"
#include "quantx/IO/Npy.h"
#include "quantx/IO/Safetensors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Path.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;

/// A path under which two spellings of one file are equal: the folder, which
/// exists, resolved.
static std::string getCanonicalPath(llvm::StringRef path) {
  llvm::SmallString<128> result;
  if (!llvm::sys::fs::real_path(path, result))
    return result.str().str();
  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  if (llvm::sys::fs::real_path(folder.empty() ? "." : folder, result))
    return path.str();
  llvm::sys::path::append(result, llvm::sys::path::filename(path));
  return result.str().str();
}

Expected<TensorOutputs>
TensorOutputs::create(llvm::ArrayRef<std::string> specs) {
  TensorOutputs outputs;
  llvm::StringMap<size_t> fileIndices;
  for (const auto &[index, text] : llvm::enumerate(specs)) {
    Expected<TensorSpec> spec = parseTensorSpec(text);
    if (!spec)
      return spec.takeError();
    auto [it, isNew] = fileIndices.try_emplace(getCanonicalPath(spec->path),
                                               outputs.files.size());
    if (isNew) {
      Expected<OutputFile> output = OutputFile::create(spec->path);
      if (!output)
        return output.takeError();
      outputs.files.push_back({std::move(*output), {}});
    }
    auto &members = outputs.files[it->second].members;
    for (const auto &[other, name] : members) {
      if (name == spec->name) {
        return llvm::createStringError("the outputs #" + llvm::Twine(other) +
                                       " and #" + llvm::Twine(index) +
                                       " are both " + quote(text));
      }
    }
    members.emplace_back(index, spec->name);
  }
  return outputs;
}

Error TensorOutputs::write(llvm::ArrayRef<TensorView> tensors) {
  for (File &file : files) {
    // A .npy file has one member, without a name.
    if (file.members.front().second.empty()) {
      if (Error error =
              writeNpy(file.output.os(), tensors[file.members.front().first]))
        return error;
    } else {
      std::vector<NamedTensor> members;
      for (const auto &[index, name] : file.members)
        members.push_back({name, tensors[index]});
      writeSafetensors(file.output.os(), members);
    }
    if (Error error = file.output.finish())
      return error;
  }
  for (File &file : files)
    if (Error error = file.output.commit())
      return error;
  return Error::success();
}
