// docs/errors.md against the code: every rule and every status the code can make stands there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <string>

#include "sample/rule.h"

namespace belgrand {
namespace {

using ::testing::IsSubsetOf;

// First cells, in back quotes, of the table rows between two headings.
std::set<std::string> FirstCells(const std::string& from, const std::string& to) {
  std::ifstream in(std::string(std::getenv("BELGRAND_SOURCE_DIR")) + "/docs/errors.md");
  std::set<std::string> cells;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) inside = line == from || (inside && line != to);
    if (!inside || !line.starts_with("| `")) continue;
    EXPECT_TRUE(cells.insert(line.substr(3, line.find('`', 3) - 3)).second) << line << " twice";
  }
  return cells;
}

TEST(ErrorsDocTest, EveryRuleOfTheCodeIsInTheTableAndNoOther) {
  const std::set<std::string> coded(sample::kRuleNames.begin(), sample::kRuleNames.end());
  EXPECT_EQ(FirstCells("## Rules of rows", "## Status codes"), coded);
}

TEST(ErrorsDocTest, EveryStatusThatTheCodeMakesIsInTheTable) {
  std::ifstream in(std::string(std::getenv("BELGRAND_SOURCE_DIR")) + "/platform/base/error.h");
  std::set<std::string> made;
  for (std::string line; std::getline(in, line);) {
    const std::string mark = "BELGRAND_STATUS_MAKER(";
    if (!line.starts_with(mark)) continue;
    std::string code;  // kNotFound -> NOT_FOUND
    const std::string name = line.substr(mark.size(), line.find(',') - mark.size());
    for (const char c : name) {
      if (c >= 'A' && c <= 'Z' && !code.empty()) code += '_';
      code += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    made.insert(code);
  }
  EXPECT_GE(made.size(), 10U) << "the makers moved: this test reads platform/base/error.h";
  EXPECT_THAT(made, IsSubsetOf(FirstCells("## Status codes", "")));
}

}  // namespace
}  // namespace belgrand
