#include "platform/base/edit_distance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace belgrand::base {
namespace {

TEST(EditDistanceTest, CountsEditsAndForgivesCase) {
  EXPECT_EQ(EditDistance("kitten", "sitting", 9), 3U);
  EXPECT_EQ(EditDistance("", "abc", 9), 3U);
  EXPECT_EQ(EditDistance("SARS-CoV-2", "sars-cov-2", 9), 0U);
  EXPECT_EQ(EditDistance("listn", "listen", 9), 1U);
}

TEST(EditDistanceTest, EqualsTheFullTableBelowEveryLimit) {
  std::mt19937 random(7);
  const auto text = [&] {
    std::string letters(random() % 9, ' ');
    for (char& letter : letters) letter = static_cast<char>('a' + random() % 3);
    return letters;
  };
  for (int round = 0; round < 2000; ++round) {
    const std::string a = text();
    const std::string b = text();
    std::vector<std::vector<std::size_t>> table(a.size() + 1,
                                                std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
      for (std::size_t j = 0; j <= b.size(); ++j) {
        if (i == 0 || j == 0) {
          table[i][j] = i + j;
          continue;
        }
        table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1,
                                table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      }
    }
    for (std::size_t limit = 0; limit < 10; ++limit) {
      ASSERT_EQ(EditDistance(a, b, limit), std::min(table[a.size()][b.size()], limit))
          << a << " " << b << " " << limit;
    }
  }
}

}  // namespace
}  // namespace belgrand::base
