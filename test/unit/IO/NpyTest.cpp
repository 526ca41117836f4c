//===- NpyTest.cpp - Tests of NumPy's array format ------------------------===//

#include "quantx/IO/Npy.h"
#include "TestFiles.h"
#include "llvm/ADT/StringExtras.h"

using namespace quantx;
using llvm::StringRef;

/// A version 1.0 file with an unpadded header.
static std::string makeNpy(StringRef header, StringRef data) {
  std::string text = header.str() + "\n";
  std::string file = "\x93NUMPY";
  file += {'\1', '\0', char(text.size() & 0xFF), char(text.size() >> 8)};
  return file + text + data.str();
}

static std::string makeHeader(StringRef descr, StringRef shape) {
  return ("{'descr': '" + descr +
          "', 'fortran_order': False, 'shape': " + shape + ", }")
      .str();
}

static llvm::Expected<TensorView> parse(StringRef file) {
  return parseNpy(llvm::MemoryBufferRef(file, "x.npy"));
}

/// The error of a file with this header and data.
static std::string getError(StringRef header, StringRef data = "") {
  return message(parse(makeNpy(header, data)));
}

//===----------------------------------------------------------------------===//
// Files as numpy 2.4.6 writes them
//===----------------------------------------------------------------------===//

/// A numpy file of which the header is padded to a multiple of 64 bytes.
static std::string numpyFile(StringRef start, StringRef dictionary,
                             StringRef data, size_t headerEnd = 128) {
  std::string file = start.str() + dictionary.str();
  file.resize(headerEnd - 1, ' ');
  return file + "\n" + data.str();
}

TEST(NpyTest, readsVersion1) {
  std::string file =
      numpyFile({"\x93NUMPY\1\0v\0", 10},
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
                {"\0\0\0\0\0\0\x80?\0\0\0@\0\0@@\0\0\x80@\0\0\xa0@", 24});
  auto tensor = parse(file);
  ASSERT_TRUE(bool(tensor)) << message(std::move(tensor));
  EXPECT_EQ(tensor->type, ElementType::Float32);
  EXPECT_EQ(formatShape(tensor->shape), "2x3");
  ASSERT_EQ(tensor->data.size(), 24u);
  float last;
  memcpy(&last, tensor->data.data() + 20, 4);
  EXPECT_EQ(last, 5.0f);
  // In place, not copied.
  EXPECT_EQ(tensor->data.data(),
            reinterpret_cast<const uint8_t *>(file.data()) + 128);
}

TEST(NpyTest, readsZeroDimensions) {
  std::string file = numpyFile(
      {"\x93NUMPY\1\0v\0", 10},
      "{'descr': '|u1', 'fortran_order': False, 'shape': (), }", "\7");
  auto tensor = parse(file);
  ASSERT_TRUE(bool(tensor)) << message(std::move(tensor));
  EXPECT_EQ(tensor->type, ElementType::UInt8);
  EXPECT_TRUE(tensor->shape.empty());
  EXPECT_EQ(formatTensor(tensor->type, tensor->shape), "0-d uint8");
  ASSERT_EQ(tensor->data.size(), 1u);
  EXPECT_EQ(tensor->data[0], 7);
}

TEST(NpyTest, readsEmptyArray) {
  std::string file = numpyFile(
      {"\x93NUMPY\1\0v\0", 10},
      "{'descr': '<f2', 'fortran_order': False, 'shape': (0, 4), }", "");
  auto tensor = parse(file);
  ASSERT_TRUE(bool(tensor)) << message(std::move(tensor));
  EXPECT_EQ(formatTensor(tensor->type, tensor->shape), "0x4 float16");
  EXPECT_TRUE(tensor->data.empty());
}

TEST(NpyTest, readsVersion2) {
  std::string file =
      numpyFile({"\x93NUMPY\2\0t\0\0\0", 12},
                "{'descr': '<u2', 'fortran_order': False, 'shape': (2,), }",
                {"\1\0\2\0", 4});
  auto tensor = parse(file);
  ASSERT_TRUE(bool(tensor)) << message(std::move(tensor));
  EXPECT_EQ(formatTensor(tensor->type, tensor->shape), "2 uint16");
}

TEST(NpyTest, readsVersion3) {
  auto tensor =
      parse(numpyFile({"\x93NUMPY\3\0t\0\0\0", 12},
                      "{'descr': '|b1', 'fortran_order': False, 'shape': "
                      "(2,), }",
                      {"\1\0", 2}));
  ASSERT_TRUE(bool(tensor)) << message(std::move(tensor));
  EXPECT_EQ(formatTensor(tensor->type, tensor->shape), "2 bool");
}

TEST(NpyTest, readsEveryDescr) {
  for (auto [descr, name, bytes] :
       {std::tuple{"|b1", "bool", 1}, std::tuple{"|i1", "int8", 1},
        std::tuple{"|u1", "uint8", 1}, std::tuple{"<i2", "int16", 2},
        std::tuple{"<u2", "uint16", 2}, std::tuple{"<i4", "int32", 4},
        std::tuple{"<u4", "uint32", 4}, std::tuple{"<i8", "int64", 8},
        std::tuple{"<u8", "uint64", 8}, std::tuple{"<f2", "float16", 2},
        std::tuple{"<f4", "float32", 4}, std::tuple{"<f8", "float64", 8},
        std::tuple{"<c8", "complex64", 8}}) {
    std::string file = makeNpy(makeHeader(descr, "()"), std::string(bytes, 0));
    auto tensor = parse(file);
    ASSERT_TRUE(bool(tensor)) << message(std::move(tensor));
    EXPECT_EQ(getName(tensor->type), name);
  }
}

TEST(NpyTest, readsKeysInAnyOrderAndQuotes) {
  std::string file = makeNpy(
      "{\"shape\":(1,2,3),'fortran_order' : False,'descr':\"|i1\"}", "abcdef");
  auto tensor = parse(file);
  ASSERT_TRUE(bool(tensor)) << message(std::move(tensor));
  EXPECT_EQ(formatTensor(tensor->type, tensor->shape), "1x2x3 int8");
}

TEST(NpyTest, readsFortranOrderOfOneDimension) {
  std::string file =
      makeNpy("{'descr': '|i1', 'fortran_order': True, 'shape': (2,), }", "ab");
  auto tensor = parse(file);
  EXPECT_TRUE(bool(tensor)) << message(std::move(tensor));
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST(NpyTest, badMagic) {
  EXPECT_EQ(message(parse("")),
            "x.npy: not a .npy file: expected it to begin with \\x93NUMPY, "
            "found an empty file");
  EXPECT_EQ(message(parse("PK\3\4 archive")),
            "x.npy: not a .npy file: expected it to begin with \\x93NUMPY, "
            "found 'PK\\003\\004 a'");
}

TEST(NpyTest, badVersion) {
  EXPECT_EQ(message(parse({"\x93NUMPY\4\0\0\0", 10})),
            "x.npy: unsupported version: expected 1.0, 2.0 or 3.0, found 4.0");
  EXPECT_EQ(message(parse({"\x93NUMPY\1\1\0\0", 10})),
            "x.npy: unsupported version: expected 1.0, 2.0 or 3.0, found 1.1");
}

TEST(NpyTest, truncatedHeader) {
  EXPECT_EQ(message(parse("\x93NUMPY\1")),
            "x.npy: truncated: it ends before its version");
  EXPECT_EQ(message(parse({"\x93NUMPY\2\0t\0\0", 11})),
            "x.npy: truncated: it ends before the length of its header");
  EXPECT_EQ(message(parse({"\x93NUMPY\1\0v\0{'descr'", 18})),
            "x.npy: truncated: its header should have 118 bytes, 8 are left");
}

TEST(NpyTest, truncatedData) {
  EXPECT_EQ(getError(makeHeader("<f4", "(8, 64)"), std::string(1024, 0)),
            "x.npy: truncated: header says 8x64 float32 = 2048 bytes of data, "
            "file has 1024");
}

TEST(NpyTest, trailingBytes) {
  EXPECT_EQ(getError(makeHeader("|u1", "(2,)"), "abc"),
            "x.npy: bytes after its end: header says 2 uint8 = 2 bytes of "
            "data, file has 3");
}

TEST(NpyTest, fortranOrder) {
  EXPECT_EQ(getError("{'descr': '|u1', 'fortran_order': True, 'shape': (2, "
                     "2), }",
                     "abcd"),
            "x.npy: expected C order, found Fortran order; convert it with "
            "numpy.ascontiguousarray");
}

TEST(NpyTest, unsupportedType) {
  EXPECT_EQ(getError(makeHeader(">f4", "()"), "abcd"),
            "x.npy: expected little-endian data, found big-endian '>f4'; "
            "convert it with astype('<f4')");
  EXPECT_EQ(getError(makeHeader("|V2", "()"), "ab"),
            "x.npy: unsupported element type '|V2': store bf16 as "
            "view('uint16') and 8-bit floats as view('uint8')");
  EXPECT_EQ(getError(makeHeader("<U3", "()"), "ab"),
            "x.npy: unsupported element type '<U3': expected bool, integers, "
            "float16, float32 or float64, such as '<f4'");
  EXPECT_EQ(getError(makeHeader("", "()"), "ab"),
            "x.npy: unsupported element type '': expected bool, integers, "
            "float16, float32 or float64, such as '<f4'");
  EXPECT_EQ(getError("{'descr': [('a', '<f4')], 'fortran_order': False, "
                     "'shape': (2,), }"),
            "x.npy: malformed header: expected a string (records are not "
            "supported), found '[('a', '<f4')], 'fortran'");
}

TEST(NpyTest, hugeShapes) {
  EXPECT_EQ(getError(makeHeader("<f4", "(4294967296, 4294967296)")),
            "x.npy: the shape 4294967296x4294967296 has more bytes than can be "
            "addressed");
  EXPECT_EQ(getError(makeHeader("|u1", "(99999999999999999999,)")),
            "x.npy: malformed header: expected a tuple of sizes, found "
            "'99999999999999999999,), '");
  // An empty array has no bytes whatever its other sizes are.
  EXPECT_EQ(getError(makeHeader("<f4", "(4294967296, 0, 4294967296)")), "");
}

TEST(NpyTest, malformedHeader) {
  StringRef prefix = "x.npy: malformed header: expected ";
  for (auto [header, expected] :
       {std::pair{"", "'{', found the end"}, std::pair{"[]", "'{', found '[]'"},
        std::pair{"{'descr' '<f4'}", "':', found ''<f4'}'"},
        std::pair{"{'descr': '<f4'", "',' or '}', found the end"},
        std::pair{"{'descr': '<f4", "a closing quote, found '<f4'"},
        std::pair{"{'shape': 3}", "a tuple, found '3}'"},
        std::pair{"{'shape': (-3,)}", "a tuple of sizes, found '-3,)}'"},
        std::pair{"{'shape': (,)}", "a tuple of sizes, found ',)}'"},
        std::pair{"{'shape': (3 4)}", "a tuple of sizes, found '4)}'"},
        std::pair{"{'shape': (0x3,)}", "a tuple of sizes, found 'x3,)}'"},
        std::pair{"{'shape': (3)}",
                  "a tuple, not a number in parentheses, found '}'"},
        std::pair{"{'fortran_order': 0}", "True or False, found '0}'"},
        std::pair{"{}", "the keys 'descr', 'fortran_order' and 'shape', found "
                        "no 'descr'"},
        std::pair{"{'descr': '<f4', 'shape': ()}",
                  "the keys 'descr', 'fortran_order' and 'shape', found no "
                  "'fortran_order'"},
        std::pair{"{'order': 'C'}", "the keys 'descr', 'fortran_order' and "
                                    "'shape', found 'order'"}})
    EXPECT_EQ(getError(header), (prefix + expected).str()) << header;
  EXPECT_EQ(getError("{'shape': (), 'shape': ()}"),
            "x.npy: malformed header: the key 'shape' occurs twice");
  EXPECT_EQ(getError(makeHeader("<f4", "()") + "x", "abcd"),
            "x.npy: malformed header: expected nothing after '}', found 'x'");
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static std::string write(ElementType type, llvm::ArrayRef<int64_t> shape,
                         StringRef data) {
  std::string file;
  llvm::raw_string_ostream os(file);
  TensorView tensor{type, llvm::SmallVector<int64_t, 4>(shape),
                    llvm::arrayRefFromStringRef(data)};
  EXPECT_EQ(message(writeNpy(os, tensor)), "");
  return file;
}

TEST(NpyTest, writesWhatNumpyWrites) {
  EXPECT_EQ(write(ElementType::UInt8, {}, "\7"),
            numpyFile({"\x93NUMPY\1\0v\0", 10},
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (), }",
                      "\7"));
  EXPECT_EQ(
      write(ElementType::UInt16, {2}, {"\1\0\2\0", 4}),
      numpyFile({"\x93NUMPY\1\0v\0", 10},
                "{'descr': '<u2', 'fortran_order': False, 'shape': (2,), }",
                {"\1\0\2\0", 4}));
  EXPECT_EQ(
      write(ElementType::Float16, {0, 4}, ""),
      numpyFile({"\x93NUMPY\1\0v\0", 10},
                "{'descr': '<f2', 'fortran_order': False, 'shape': (0, 4), }",
                ""));
}

TEST(NpyTest, writesTypesThatNumpyLacks) {
  for (auto [type, bytes, back] :
       {std::tuple{ElementType::BFloat16, 2, ElementType::UInt16},
        std::tuple{ElementType::F8E8M0, 1, ElementType::UInt8}}) {
    std::string file = write(type, {}, std::string(bytes, 1));
    auto tensor = parse(file);
    ASSERT_TRUE(bool(tensor));
    EXPECT_EQ(tensor->type, back);
  }
  std::string file;
  llvm::raw_string_ostream os(file);
  EXPECT_EQ(message(writeNpy(os, {ElementType::F4, {2}, {}})),
            "numpy has no type for F4: expected a type of whole bytes");
  EXPECT_EQ(file, "");
}

TEST(NpyTest, writesLongHeaderAsVersion2) {
  std::vector<int64_t> shape(30000, 1);
  std::string file = write(ElementType::UInt8, shape, "a");
  EXPECT_EQ(file[6], 2);
  EXPECT_EQ((file.size() - 1) % 64, 0u);
  auto tensor = parse(file);
  ASSERT_TRUE(bool(tensor)) << message(std::move(tensor));
  EXPECT_EQ(tensor->shape.size(), shape.size());
}
