//===- SafetensorsTest.cpp - Tests of the .safetensors format -------------===//

#include "quantx/IO/Safetensors.h"
#include "TestFiles.h"
#include "llvm/ADT/StringExtras.h"

using namespace quantx;
using llvm::StringRef;

/// A file with this header and data.
static std::string makeFile(StringRef header, StringRef data) {
  std::string file;
  for (unsigned i = 0; i < 8; ++i)
    file += char(uint64_t(header.size()) >> (8 * i));
  return file + header.str() + data.str();
}

static llvm::Expected<Safetensors> parse(StringRef file) {
  return Safetensors::parse(llvm::MemoryBufferRef(file, "m.safetensors"));
}

/// The error of a file with this header and data.
static std::string getError(StringRef header, StringRef data = "") {
  return message(parse(makeFile(header, data)));
}

/// A header's entry.
static std::string entry(StringRef name, StringRef dtype, StringRef shape,
                         StringRef offsets) {
  return ("\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
          ",\"data_offsets\":" + offsets + "}")
      .str();
}

TEST(SafetensorsTest, reads) {
  // As the reference implementation writes it: padded, by alignment.
  std::string file = makeFile(
      R"({"__metadata__":{"format":"pt"},)"
      R"("b":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
      R"("a.weight":{"dtype":"F8_E8M0","shape":[3],"data_offsets":[8,11]}} )",
      "12345678abc");
  auto result = parse(file);
  ASSERT_TRUE(bool(result)) << message(std::move(result));
  ASSERT_EQ(result->getTensors().size(), 2u);
  EXPECT_EQ(result->getTensors()[0].name, "b");
  EXPECT_EQ(result->getMetadata().at("format"), "pt");
  auto tensor = result->lookup("a.weight");
  ASSERT_TRUE(bool(tensor)) << message(std::move(tensor));
  EXPECT_EQ(formatTensor(tensor->type, tensor->shape), "3 F8_E8M0");
  EXPECT_EQ(llvm::toStringRef(tensor->data), "abc");
}

TEST(SafetensorsTest, readsScalarsEmptyAndPackedTensors) {
  std::string file = makeFile("{" + entry("s", "I64", "[]", "[0,8]") + "," +
                                  entry("none", "F32", "[0,5]", "[8,8]") + "," +
                                  entry("p", "F4", "[2,3]", "[8,11]") + "}",
                              "12345678abc");
  auto result = parse(file);
  ASSERT_TRUE(bool(result)) << message(std::move(result));
  EXPECT_EQ(result->lookup("s")->data.size(), 8u);
  EXPECT_TRUE(result->lookup("none")->data.empty());
  EXPECT_EQ(llvm::toStringRef(result->lookup("p")->data), "abc");
}

TEST(SafetensorsTest, readsFileWithoutTensors) {
  auto result = parse(makeFile("{}", ""));
  ASSERT_TRUE(bool(result)) << message(std::move(result));
  EXPECT_EQ(message(result->lookup("w")),
            "m.safetensors: no tensor 'w': the file is empty");
}

TEST(SafetensorsTest, readsEveryDtype) {
  for (StringRef dtype :
       {"BOOL",    "U8",      "I8",          "F8_E5M2",    "F8_E4M3", "F8_E8M0",
        "I16",     "U16",     "F16",         "BF16",       "I32",     "U32",
        "F32",     "F64",     "I64",         "U64",        "C64",     "F4",
        "F6_E2M3", "F6_E3M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"}) {
    std::optional<ElementType> type = parseSafetensorsName(dtype);
    ASSERT_TRUE(type.has_value()) << dtype.str();
    EXPECT_EQ(getSafetensorsName(*type), dtype);
    unsigned bytes = getBitWidth(*type);
    std::string file = makeFile(
        "{" + entry("t", dtype, "[8]", "[0," + std::to_string(bytes) + "]") +
            "}",
        std::string(bytes, 'x'));
    EXPECT_EQ(message(parse(file)), "") << dtype.str();
  }
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST(SafetensorsTest, truncatedHeader) {
  EXPECT_EQ(message(parse("1234")),
            "m.safetensors: truncated: expected 8 bytes with the length of the "
            "header, file has 4");
  EXPECT_EQ(message(parse({"\x10\0\0\0\0\0\0\0{}", 10})),
            "m.safetensors: truncated, or not a .safetensors file: its header "
            "should have 16 bytes, 2 are left");
  EXPECT_EQ(message(parse("\xff\xff\xff\xff\xff\xff\xff\xff{}")),
            "m.safetensors: truncated, or not a .safetensors file: its header "
            "should have 18446744073709551615 bytes, 2 are left");
}

TEST(SafetensorsTest, invalidJSON) {
  EXPECT_EQ(getError(""), "m.safetensors: the header is not valid JSON: "
                          "[1:0, byte=0]: Unexpected EOF");
  EXPECT_TRUE(StringRef(getError("{\"a\":")).contains("not valid JSON"));
  EXPECT_TRUE(StringRef(getError("{\"\xff\":1}")).contains("not valid JSON"));
  EXPECT_TRUE(StringRef(getError("{} {}")).contains("not valid JSON"));
  EXPECT_TRUE(StringRef(getError("{\"a\\")).contains("not valid JSON"));
  EXPECT_TRUE(StringRef(getError("}]")).contains("not valid JSON"));
}

TEST(SafetensorsTest, deepNesting) {
  EXPECT_EQ(getError(std::string(1 << 22, '[')),
            "m.safetensors: the header is nested too deeply");
  // Brackets in strings do not nest.
  EXPECT_EQ(
      getError("{" + entry(std::string(64, '['), "U8", "[]", "[0,1]") + "}",
               "a"),
      "");
}

TEST(SafetensorsTest, notAnObject) {
  EXPECT_EQ(getError("[1]"), "m.safetensors: expected the header to be a JSON "
                             "object, found another value");
  EXPECT_EQ(getError("{\"w\":1}"),
            "m.safetensors: tensor 'w': expected a JSON object");
  EXPECT_EQ(getError("{\"__metadata__\":1}"),
            "m.safetensors: expected '__metadata__' to be an object");
  EXPECT_EQ(getError("{\"__metadata__\":{\"a\":1}}"),
            "m.safetensors: expected the metadata 'a' to be a string");
}

TEST(SafetensorsTest, missingOrMalformedFields) {
  StringRef prefix = "m.safetensors: tensor 'w': ";
  for (auto [fields, expected] :
       {std::pair{R"("shape":[1],"data_offsets":[0,1])",
                  "expected 'dtype', a string"},
        std::pair{R"("dtype":"U8","data_offsets":[0,1])",
                  "expected 'shape', a list of non-negative integers"},
        std::pair{R"("dtype":"U8","shape":[1])",
                  "expected 'data_offsets', a list of non-negative integers"},
        std::pair{R"("dtype":"U8","shape":[-1],"data_offsets":[0,1])",
                  "expected 'shape', a list of non-negative integers"},
        std::pair{R"("dtype":"U8","shape":[1.5],"data_offsets":[0,1])",
                  "expected 'shape', a list of non-negative integers"},
        std::pair{R"("dtype":"U8","shape":[1],"data_offsets":[-1,0])",
                  "expected 'data_offsets', a list of non-negative integers"},
        std::pair{R"("dtype":"U8","shape":[1],"data_offsets":[0])",
                  "expected 'data_offsets' [begin, end] with begin <= end, "
                  "found [0]"},
        std::pair{R"("dtype":"U8","shape":[1],"data_offsets":[1,0])",
                  "expected 'data_offsets' [begin, end] with begin <= end, "
                  "found [1, 0]"},
        std::pair{R"("dtype":"F99","shape":[1],"data_offsets":[0,1])",
                  "unknown dtype 'F99': expected one such as 'F32' or 'U8'"}}) {
    EXPECT_EQ(getError("{\"w\":{" + std::string(fields) + "}}", "a"),
              (prefix + expected).str())
        << fields;
  }
}

TEST(SafetensorsTest, bytesPastTheEnd) {
  EXPECT_EQ(getError("{" + entry("w", "U8", "[4]", "[0,4]") + "}", "abc"),
            "m.safetensors: tensor 'w': truncated: its bytes end at 4, file "
            "has 3 bytes of data");
}

TEST(SafetensorsTest, sizeMismatch) {
  EXPECT_EQ(getError("{" + entry("w", "F32", "[2]", "[0,7]") + "}", "abcdefg"),
            "m.safetensors: tensor 'w': 2 float32 = 8 bytes, but "
            "'data_offsets' give it 7");
  EXPECT_EQ(getError("{" +
                     entry("w", "F32", "[4294967296,4294967296]", "[0,0]") +
                     "}"),
            "m.safetensors: tensor 'w': the shape 4294967296x4294967296 has "
            "more bytes than can be addressed");
  EXPECT_EQ(getError("{" + entry("w", "F4", "[3]", "[0,2]") + "}", "ab"),
            "m.safetensors: tensor 'w': 3 F4 does not fill whole bytes: it has "
            "12 bits");
}

TEST(SafetensorsTest, coverage) {
  std::string a = entry("a", "U8", "[2]", "[0,2]");
  EXPECT_EQ(
      getError("{" + a + "," + entry("b", "U8", "[2]", "[1,3]") + "}", "abc"),
      "m.safetensors: the tensors 'a' and 'b' overlap at byte 1 of the "
      "data");
  EXPECT_EQ(
      getError("{" + a + "," + entry("b", "U8", "[1]", "[3,4]") + "}", "abcd"),
      "m.safetensors: bytes 2 to 3 of the data, before the tensor 'b', "
      "belong to no tensor");
  EXPECT_EQ(getError("{" + a + "}", "abc"),
            "m.safetensors: bytes after its end: the tensors have 2 bytes, "
            "file has 3 bytes of data");
}

TEST(SafetensorsTest, duplicateName) {
  std::string a = entry("a\\\"]", "U8", "[0]", "[0,0]");
  EXPECT_EQ(getError("{" + a + "," + a + "}"),
            "m.safetensors: the name 'a\\\\\\\"]' occurs twice");
}

TEST(SafetensorsTest, unknownName) {
  std::string header = "{";
  for (unsigned i = 0; i < 10; ++i)
    header += entry("layer." + std::to_string(i), "U8", "[0]", "[0,0]") + ",";
  header += entry("lm_head", "U8", "[0]", "[0,0]") + "}";
  std::string file = makeFile(header, "");
  auto result = parse(file);
  ASSERT_TRUE(bool(result)) << message(std::move(result));
  EXPECT_EQ(message(result->lookup("lm.head")),
            "m.safetensors: no tensor 'lm.head': it has 'lm_head', 'layer.0', "
            "'layer.1', 'layer.2', 'layer.3', 'layer.4', 'layer.5', 'layer.6' "
            "and 3 more");
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

TEST(SafetensorsTest, writes) {
  std::string file;
  llvm::raw_string_ostream os(file);
  writeSafetensors(
      os,
      {{"a", {ElementType::UInt8, {3}, llvm::arrayRefFromStringRef("abc")}},
       {"b \"q\"",
        {ElementType::BFloat16, {2, 1}, llvm::arrayRefFromStringRef("1234")}},
       {"c", {ElementType::UInt8, {0}, {}}}});
  EXPECT_EQ(uint8_t(file[0]) % 8, 0);
  auto result = parse(file);
  ASSERT_TRUE(bool(result)) << message(std::move(result));
  EXPECT_EQ(result->getTensors()[0].name, "b \"q\"");
  EXPECT_EQ(llvm::toStringRef(result->lookup("a")->data), "abc");
  EXPECT_EQ(llvm::toStringRef(result->lookup("b \"q\"")->data), "1234");
  EXPECT_EQ(result->lookup("b \"q\"")->type, ElementType::BFloat16);
}
