//===- ConversionMovesTest.cpp - Moving small floats in registers ---------===//
//
// What stands between arith.truncf and vector.bitcast in real code: shuffles,
// selects, slices, constants. The reference moves codes in arrays.
//
//===----------------------------------------------------------------------===//

#include "ConversionOracle.h"
#include "Lowerings.h"
#include "Program.h"
#include "quantx/Format/Packing.h"
#include "llvm/ADT/STLExtras.h"
#include <random>

using namespace quantx;
using namespace quantx::test;

using Codes = std::vector<uint8_t>;

static constexpr int64_t size = 16;

namespace {

/// What a move has: %a and %b, vectors of 16 codes; %m, a mask, the first of
/// whose elements is %c; and the constant %k.
struct Operands {
  Codes a, b, k;
  std::vector<bool> mask;
};

/// Ops that define %r, a vector of 16 small floats, where F stands for their
/// type, and what it is.
struct Move {
  const char *name;
  const char *ops;
  std::function<Codes(const Operands &)> apply;
};

} // namespace

/// The codes at `indices` of a, followed by b.
static Codes pick(const Operands &in, std::vector<int> indices) {
  Codes result;
  for (int index : indices)
    result.push_back(index < size ? in.a[index] : in.b[index - size]);
  return result;
}

static Codes select(const Operands &in, const Codes &ifTrue,
                    const Codes &ifFalse) {
  Codes result;
  for (int64_t i = 0; i < size; ++i)
    result.push_back(in.mask[i] ? ifTrue[i] : ifFalse[i]);
  return result;
}

static std::vector<Move> getMoves() {
  return {
      {"Shuffle",
       "%r = vector.shuffle %a, %b [31, 0, 1, 17, 2, 2, 30, 9, 8, 7, 6, 5, 20, "
       "21, 22, 15] : vector<16xF>, vector<16xF>\n",
       [](const Operands &in) {
         return pick(in,
                     {31, 0, 1, 17, 2, 2, 30, 9, 8, 7, 6, 5, 20, 21, 22, 15});
       }},
      {"Select", "%r = arith.select %m, %a, %b : vector<16xi1>, vector<16xF>\n",
       [](const Operands &in) { return select(in, in.a, in.b); }},
      {"SelectWhole", "%r = arith.select %c, %a, %b : vector<16xF>\n",
       [](const Operands &in) { return in.mask[0] ? in.a : in.b; }},
      {"SelectConstant",
       "%r = arith.select %m, %k, %b : vector<16xi1>, vector<16xF>\n",
       [](const Operands &in) { return select(in, in.k, in.b); }},
      {"Element",
       "%e = vector.extract %a[3] : F from vector<16xF>\n"
       "%r = vector.insert %e, %b[5] : F into vector<16xF>\n",
       [](const Operands &in) {
         Codes result = in.b;
         result[5] = in.a[3];
         return result;
       }},
      {"Slice",
       "%s = vector.extract_strided_slice %a {offsets = [2], sizes = [5], "
       "strides = [1]} : vector<16xF> to vector<5xF>\n"
       "%r = vector.insert_strided_slice %s, %b {offsets = [8], strides = [1]} "
       ": vector<5xF> into vector<16xF>\n",
       [](const Operands &in) {
         Codes result = in.b;
         std::copy_n(in.a.begin() + 2, 5, result.begin() + 8);
         return result;
       }},
      {"Transpose",
       "%s = vector.shape_cast %a : vector<16xF> to vector<2x8xF>\n"
       "%t = vector.transpose %s, [1, 0] : vector<2x8xF> to vector<8x2xF>\n"
       "%r = vector.shape_cast %t : vector<8x2xF> to vector<16xF>\n",
       [](const Operands &in) {
         return pick(in,
                     {0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15});
       }},
      {"Broadcast",
       "%e = vector.extract %b[7] : F from vector<16xF>\n"
       "%r = vector.broadcast %e : F to vector<16xF>\n",
       [](const Operands &in) { return Codes(size, in.b[7]); }},
      {"Interleave",
       "%s = vector.extract_strided_slice %a {offsets = [8], sizes = [8], "
       "strides = [1]} : vector<16xF> to vector<8xF>\n"
       "%t = vector.extract_strided_slice %b {offsets = [0], sizes = [8], "
       "strides = [1]} : vector<16xF> to vector<8xF>\n"
       "%r = vector.interleave %s, %t : vector<8xF> -> vector<16xF>\n",
       [](const Operands &in) {
         return pick(in, {8, 16, 9, 17, 10, 18, 11, 19, 12, 20, 13, 21, 14, 22,
                          15, 23});
       }},
      {"Deinterleave",
       "%s, %t = vector.deinterleave %a : vector<16xF> -> vector<8xF>\n"
       "%u = vector.insert_strided_slice %t, %b {offsets = [0], strides = [1]} "
       ": vector<8xF> into vector<16xF>\n"
       "%r = vector.insert_strided_slice %s, %u {offsets = [8], strides = [1]} "
       ": vector<8xF> into vector<16xF>\n",
       [](const Operands &in) {
         return pick(in,
                     {1, 3, 5, 7, 9, 11, 13, 15, 0, 2, 4, 6, 8, 10, 12, 14});
       }},
      {"Elements",
       "%e:16 = vector.to_elements %a : vector<16xF>\n"
       "%r = vector.from_elements %e#15, %e#14, %e#13, %e#12, %e#11, %e#10, "
       "%e#9, %e#8, %e#7, %e#6, %e#5, %e#4, %e#3, %e#2, %e#1, %e#0 : "
       "vector<16xF>\n",
       [](const Operands &in) { return Codes(in.a.rbegin(), in.a.rend()); }},
      {"Rows",
       "%s = vector.shape_cast %a : vector<16xF> to vector<4x4xF>\n"
       "%t = vector.extract %s[3] : vector<4xF> from vector<4x4xF>\n"
       "%u = vector.insert %t, %s[1] : vector<4xF> into vector<4x4xF>\n"
       "%r = vector.shape_cast %u : vector<4x4xF> to vector<16xF>\n",
       [](const Operands &in) {
         return pick(
             in, {0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15});
       }},
      {"Branch",
       "%r = scf.if %c -> vector<16xF> {\n"
       "  scf.yield %b : vector<16xF>\n"
       "} else {\n"
       "  scf.yield %a : vector<16xF>\n"
       "}\n",
       [](const Operands &in) { return in.mask[0] ? in.b : in.a; }},
      {"Loop",
       "%r = scf.for %i = %c0 to %c3 step %c1 iter_args(%s = %a) -> "
       "vector<16xF> {\n"
       "  %t = vector.shuffle %s, %b [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "
       "13, 14, 15, 16] : vector<16xF>, vector<16xF>\n"
       "  scf.yield %t : vector<16xF>\n"
       "}\n",
       [](const Operands &in) {
         return pick(in,
                     {3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16});
       }},
  };
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

/// Values that every format has.
static const char *const constantValues =
    "[0.5, 1.0, 2.0, 4.0, 1.0, 0.5, 2.0, 2.0, 4.0, 4.0, 1.0, 0.5, 0.5, 2.0, "
    "1.0, 4.0]";
static const float constants[] = {0.5, 1, 2, 4,   1,   0.5, 2, 2,
                                  4,   4, 1, 0.5, 0.5, 2,   1, 4};

/// f(x, y) -> the packed codes of %r: a and b are x and y, m is x < y.
static std::string getProgram(const std::string &format, const Move &move) {
  std::string ops;
  for (const char *c = move.ops; *c; ++c)
    ops += *c == 'F' ? format : std::string(1, *c);
  unsigned bits = getBits(format);
  std::string lanes = "vector<" + std::to_string(bits / 2) + "xi32>";
  std::string bytes = std::to_string(size * bits / 8) + "xi8>";
  std::string read = "[%c0], %zero {in_bounds = [true]} : tensor<16xf32>, "
                     "vector<16xf32>\n";
  std::string narrow = "vector<16x" + format + ">";
  return "func.func @f(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<" +
         bytes +
         " {\n"
         "%c0 = arith.constant 0 : index\n"
         "%c1 = arith.constant 1 : index\n"
         "%c3 = arith.constant 3 : index\n"
         "%zero = arith.constant 0.0 : f32\n"
         "%vx = vector.transfer_read %x" +
         read + "%vy = vector.transfer_read %y" + read +
         "%m = arith.cmpf olt, %vx, %vy : vector<16xf32>\n"
         "%c = vector.extract %m[0] : i1 from vector<16xi1>\n"
         "%k = arith.constant dense<" +
         constantValues + "> : " + narrow +
         "\n"
         "%a = arith.truncf %vx : vector<16xf32> to " +
         narrow +
         "\n"
         "%b = arith.truncf %vy : vector<16xf32> to " +
         narrow + "\n" + ops + "%lanes = vector.bitcast %r : " + narrow +
         " to " + lanes + "\n%bytes = vector.bitcast %lanes : " + lanes +
         " to vector<" + bytes + "\n%o = tensor.empty() : tensor<" + bytes +
         "\n%w = vector.transfer_write %bytes, %o[%c0] {in_bounds = [true]} : "
         "vector<" +
         bytes + ", tensor<" + bytes + "\nreturn %w : tensor<" + bytes +
         "\n}\n";
}

static Codes encodeAll(const std::string &format,
                       llvm::ArrayRef<float> values) {
  Codes codes;
  for (float value : values)
    codes.push_back(expectCode(format, WideType::F32, oracle::toBits(value),
                               RoundingMode::NearestEven, /*saturate=*/false));
  return codes;
}

/// Small multiples of a quarter, signed, with ties and NaN among them.
static std::vector<float> drawValues(std::mt19937 &random) {
  std::vector<float> values;
  for (int64_t i = 0; i < size; ++i) {
    values.push_back(random() % 32 == 0 ? NAN
                                        : float(int(random() % 129) - 64) / 4);
  }
  return values;
}

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

namespace {

struct Case {
  std::string format;
  Move move;
};

std::vector<Case> getCases() {
  std::vector<Case> cases;
  for (const std::string &format : getNarrowFormats())
    for (const Move &move : getMoves())
      cases.push_back({format, move});
  return cases;
}

class ConversionMovesTest : public testing::TestWithParam<Case> {};

} // namespace

// Moves know no target but the conversions around them, so `generic` and the
// widest are enough.
TEST_P(ConversionMovesTest, MovesCodes) {
  const auto &[format, move] = GetParam();
  std::mt19937 random(3);
  for (const char *target : {"generic", "native"}) {
    SCOPED_TRACE(target);
    Program program(getProgram(format, move), target);
    for (int run = 0; run < 50; ++run) {
      std::vector<float> x = drawValues(random);
      std::vector<float> y = drawValues(random);
      Operands operands = {encodeAll(format, x),
                           encodeAll(format, y),
                           encodeAll(format, constants),
                           {}};
      for (auto [lhs, rhs] : llvm::zip(x, y))
        operands.mask.push_back(lhs < rhs);
      Codes packed(size * getBits(format) / 8);
      packLinear(move.apply(operands), size, getBits(format), packed);
      ASSERT_EQ(program
                    .run({viewArray(ElementType::Float32, {size}, x),
                          viewArray(ElementType::Float32, {size}, y)})
                    .front()
                    .bytes,
                packed);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, ConversionMovesTest,
                         testing::ValuesIn(getCases()),
                         [](const testing::TestParamInfo<Case> &info) {
                           return info.param.format + "_" +
                                  info.param.move.name;
                         });
