#include "sensor/sequence_window.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace belgrand::sensor {
namespace {

TEST(SequenceWindowTest, TheMarkMovesOnlyOverWhatHasNoGap) {
  SequenceWindow window;
  window.Add(3, 5);
  EXPECT_EQ(window.through(), 0U);
  window.Add(1, 1);
  EXPECT_EQ(window.through(), 1U);
  window.Add(2, 2);
  EXPECT_EQ(window.through(), 5U);
  EXPECT_TRUE(window.islands().empty());
}

TEST(SequenceWindowTest, AgreesWithASetOfNumbers) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    SequenceWindow window;
    std::set<std::uint64_t> model;
    for (int i = 0; i < 60; ++i) {
      const std::uint64_t first = random() % 200 + 1;
      const std::uint64_t last = first + random() % 8;
      window.Add(first, last);
      for (std::uint64_t n = first; n <= last; ++n) model.insert(n);
      std::uint64_t through = 0;
      while (model.contains(through + 1)) ++through;
      ASSERT_EQ(window.through(), through);
      for (std::uint64_t n = 1; n <= 210; ++n)
        ASSERT_EQ(window.Contains(n), model.contains(n)) << n;
      std::uint64_t before = window.through();
      for (const auto& [from, to] : window.islands()) {
        ASSERT_GT(from, before + 1) << "islands do not touch";
        ASSERT_GE(to, from);
        before = to;
      }
    }
  }
}

}  // namespace
}  // namespace belgrand::sensor
