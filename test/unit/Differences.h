//===- Differences.h - Where another implementation answers otherwise -----===//
//
// Comparing with an implementation that follows other rules in places: each
// such place is a Difference, with a name, exactly the inputs that it covers,
// and what either side answers. An input outside of them must give equal bits,
// and one inside must differ as stated. So a difference that appears, changes
// or disappears is a failure, and the list of names is complete.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TEST_UNIT_DIFFERENCES_H
#define QUANTX_TEST_UNIT_DIFFERENCES_H

#include "gtest/gtest.h"
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace quantx::test {

/// A rule by which their answer to an In, an Out, is not ours.
template <typename In, typename Out>
struct Difference {
  std::string name;
  std::function<bool(In)> covers;
  std::function<Out(In)> ours;
  std::function<Out(In)> theirs;
};

/// Compares two implementations input by input, then demands with
/// `expectAllSeen` that each difference covered some input.
template <typename In, typename Out>
class Comparison {
public:
  explicit Comparison(std::vector<Difference<In, Out>> differences)
      : differences(std::move(differences)) {}

  /// Fails, fatally, unless the answers are equal or differ as a name says.
  /// `where` describes the input.
  void compare(In input, Out ours, Out theirs, const std::string &where) {
    for (const Difference<In, Out> &difference : differences) {
      if (!difference.covers(input)) {
        continue;
      }
      seen.insert(difference.name);
      ASSERT_EQ(ours, difference.ours(input)) << where << difference.name;
      ASSERT_EQ(theirs, difference.theirs(input)) << where << difference.name;
      ASSERT_NE(ours, theirs) << where << difference.name << " is none";
      return;
    }
    ASSERT_EQ(ours, theirs) << where << "a difference without a name";
  }

  void expectAllSeen() const {
    for (const Difference<In, Out> &difference : differences) {
      EXPECT_TRUE(seen.count(difference.name))
          << difference.name << " covers no input";
    }
  }

private:
  std::vector<Difference<In, Out>> differences;
  std::set<std::string> seen;
};

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_DIFFERENCES_H
