#include "platform/base/edit_distance.h"

#include <gtest/gtest.h>

namespace belgrand::base {
namespace {

TEST(EditDistanceTest, CountsEditsAndForgivesCase) {
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
  EXPECT_EQ(EditDistance("", "abc"), 3U);
  EXPECT_EQ(EditDistance("SARS-CoV-2", "sars-cov-2"), 0U);
  EXPECT_EQ(EditDistance("listn", "listen"), 1U);
}

}  // namespace
}  // namespace belgrand::base
