//===- TensorTest.cpp - Tests of opening and writing tensor files ---------===//

#include "quantx/IO/Tensor.h"
#include "TestFiles.h"
#include "quantx/IO/Npy.h"
#include "quantx/IO/TensorOutputs.h"
#include "llvm/ADT/StringExtras.h"

using namespace quantx;
using llvm::StringRef;

/// A byte tensor.
static TensorView bytes(StringRef data) {
  return {ElementType::UInt8,
          {int64_t(data.size())},
          llvm::arrayRefFromStringRef(data)};
}

static std::string writeNpy(const TensorView &tensor) {
  std::string file;
  llvm::raw_string_ostream os(file);
  EXPECT_EQ(message(quantx::writeNpy(os, tensor)), "");
  return file;
}

TEST(TensorSpecTest, forms) {
  auto spec = parseTensorSpec("a/x.npy");
  ASSERT_TRUE(bool(spec));
  EXPECT_EQ(spec->path, "a/x.npy");
  EXPECT_EQ(spec->name, "");
  spec = parseTensorSpec("a/m.safetensors:model.w:0.npy");
  ASSERT_TRUE(bool(spec));
  EXPECT_EQ(spec->path, "a/m.safetensors");
  EXPECT_EQ(spec->name, "model.w:0.npy");
}

TEST(TensorSpecTest, errors) {
  EXPECT_EQ(message(parseTensorSpec("x.bin")),
            "expected x.npy or m.safetensors:tensor.name, found 'x.bin'");
  EXPECT_EQ(message(parseTensorSpec("m.safetensors")),
            "m.safetensors: expected the name of a tensor after a colon, as in "
            "m.safetensors:tensor.name");
  EXPECT_EQ(message(parseTensorSpec("m.safetensors:")),
            "expected the name of a tensor after 'm.safetensors:'");
}

TEST(TensorSizeTest, negative) {
  EXPECT_EQ(message(getByteSize(ElementType::UInt8, {2, -1})),
            "the shape 2x-1 has a negative size");
}

using OpenTensorTest = FileTest;

TEST_F(OpenTensorTest, missingFile) {
  EXPECT_EQ(message(openTensor(path("no.npy"))),
            path("no.npy") + ": cannot read it: No such file or directory");
  EXPECT_EQ(message(openTensor((folder + "/no.safetensors:w").str())),
            path("no.safetensors") +
                ": cannot read it: No such file or directory");
  ASSERT_FALSE(llvm::sys::fs::create_directory(path("d.npy")));
  EXPECT_EQ(message(openTensor(path("d.npy"))),
            path("d.npy") + ": cannot read it: Is a directory");
}

TEST_F(OpenTensorTest, mapsLargeFiles) {
  // 1 MiB of data in a file that fills its last page, and one that does not.
  for (size_t size : {(size_t(1) << 20) - 128, size_t(1) << 20}) {
    std::string data(size, 'x');
    auto file = openTensor(write("x.npy", writeNpy(bytes(data))));
    ASSERT_TRUE(bool(file)) << message(std::move(file));
    EXPECT_EQ(file->storage->getBufferKind(),
              llvm::MemoryBuffer::MemoryBuffer_MMap);
    EXPECT_EQ(llvm::toStringRef(file->tensor.data), data);
  }
}

TEST_F(OpenTensorTest, copiesMisalignedData) {
  std::string header =
      R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
      R"("w":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})";
  std::string length(8, '\0');
  length[0] = char(header.size());
  std::string name =
      write("m.safetensors", length + header + "x" + "1234") + ":w";
  auto file = openTensor(name);
  ASSERT_TRUE(bool(file)) << message(std::move(file));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file->tensor.data.data()) % 4, 0u);
  EXPECT_EQ(llvm::toStringRef(file->tensor.data), "1234");
}

TEST_F(OpenTensorTest, errorsNameTheFile) {
  std::string name = write("x.npy", "not an array");
  EXPECT_TRUE(StringRef(message(openTensor(name)))
                  .starts_with(name + ": not a .npy file"));
}

//===----------------------------------------------------------------------===//
// OutputFile
//===----------------------------------------------------------------------===//

using OutputFileTest = FileTest;

TEST_F(OutputFileTest, appearsOnCommit) {
  std::string name = write("x", "old");
  {
    auto file = OutputFile::create(name);
    ASSERT_TRUE(bool(file)) << message(std::move(file));
    file->os() << "new";
    EXPECT_EQ(message(file->finish()), "");
    EXPECT_EQ(read(name), "old");
    EXPECT_EQ(message(file->commit()), "");
  }
  EXPECT_EQ(read(name), "new");
  EXPECT_EQ(countFiles(), 1u);
}

TEST_F(OutputFileTest, leavesNothingBehind) {
  {
    auto file = OutputFile::create(path("x"));
    ASSERT_TRUE(bool(file)) << message(std::move(file));
    file->os() << "half";
    EXPECT_EQ(countFiles(), 1u);
  }
  EXPECT_EQ(countFiles(), 0u);
}

TEST_F(OutputFileTest, followsLinks) {
  std::string name = write("x", "old");
  ASSERT_FALSE(llvm::sys::fs::create_link(name, path("link")));
  auto file = OutputFile::create(path("link"));
  ASSERT_TRUE(bool(file)) << message(std::move(file));
  file->os() << "new";
  EXPECT_EQ(message(file->commit()), "");
  EXPECT_EQ(read(name), "new");
  EXPECT_TRUE(llvm::sys::fs::is_symlink_file(path("link")));
}

TEST_F(OutputFileTest, errors) {
  EXPECT_EQ(message(OutputFile::create(folder)),
            (folder + ": cannot write it: it is a directory").str());
  EXPECT_EQ(message(OutputFile::create(path("no/x"))),
            path("no/x") + ": cannot write it: No such file or directory");
  // A full disk: the error appears at the latest when the stream is flushed.
  auto file = OutputFile::create("/dev/full");
  ASSERT_TRUE(bool(file)) << message(std::move(file));
  file->os() << "x";
  EXPECT_EQ(message(file->commit()),
            "/dev/full: cannot write it: No space left on device");
}

//===----------------------------------------------------------------------===//
// TensorOutputs
//===----------------------------------------------------------------------===//

using TensorOutputsTest = FileTest;

TEST_F(TensorOutputsTest, writesAll) {
  std::string npy = path("x.npy");
  std::string safetensors = path("m.safetensors");
  {
    auto outputs =
        TensorOutputs::create({safetensors + ":a", npy, safetensors + ":b"});
    ASSERT_TRUE(bool(outputs)) << message(std::move(outputs));
    EXPECT_EQ(message(outputs->write({bytes("1"), bytes("22"), bytes("333")})),
              "");
  }
  EXPECT_EQ(countFiles(), 2u);
  EXPECT_EQ(read(npy), writeNpy(bytes("22")));
  auto file = openTensor(safetensors + ":b");
  ASSERT_TRUE(bool(file)) << message(std::move(file));
  EXPECT_EQ(llvm::toStringRef(file->tensor.data), "333");
}

TEST_F(TensorOutputsTest, allOrNothing) {
  std::string old = write("x.npy", "old");
  {
    auto outputs = TensorOutputs::create({old, path("y.npy")});
    ASSERT_TRUE(bool(outputs)) << message(std::move(outputs));
    EXPECT_EQ(message(outputs->write({bytes("1"), {ElementType::F4, {2}, {}}})),
              "numpy has no type for F4: expected a type of whole bytes");
  }
  EXPECT_EQ(read(old), "old");
  EXPECT_EQ(countFiles(), 1u);
}

TEST_F(TensorOutputsTest, sameOutputTwice) {
  std::string name = path("x.npy");
  std::string other = path("./x.npy");
  EXPECT_EQ(message(TensorOutputs::create({name, other})),
            "the outputs #0 and #1 are both '" + other + "'");
  EXPECT_EQ(countFiles(), 0u);
}

TEST_F(TensorOutputsTest, badPath) {
  EXPECT_EQ(message(TensorOutputs::create({path("x.npy"), path("no/y.npy")})),
            path("no/y.npy") + ": cannot write it: No such file or directory");
  EXPECT_EQ(countFiles(), 0u);
}
