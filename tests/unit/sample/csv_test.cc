#include "sample/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "tests/support/status_matchers.h"

namespace belgrand::sample {
namespace {

using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Rows = std::vector<std::vector<std::string>>;

base::StatusOr<Rows> ReadAll(const std::string& text, CsvLimits limits = {}) {
  std::istringstream in(text);
  CsvReader reader(in, limits);
  Rows rows;
  std::vector<std::string> fields;
  for (;;) {
    ASSIGN_OR_RETURN(const bool any, reader.Next(fields));
    if (!any) return rows;
    rows.push_back(fields);
  }
}

auto Refused(const char* text) {
  return StatusIs(base::StatusCode::kInvalidArgument, HasSubstr(text));
}

TEST(CsvTest, ReadsEveryLineEndingAndSeparator) {
  for (const char* text :
       {"a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\r1,2\r", "a;b\n1;2\n", "a\tb\n1\t2\n",
        "\xEF\xBB\xBF"
        "a,b\n1,2",
        "\n\na,b\n\n1,2\n\n"}) {
    EXPECT_THAT(ReadAll(text), IsOkAndHolds(Rows{{"a", "b"}, {"1", "2"}})) << text;
  }
}

TEST(CsvTest, AFileOfOneColumnHasNoSeparator) {
  EXPECT_THAT(ReadAll("a\n1\n"), IsOkAndHolds(Rows{{"a"}, {"1"}}));
}

TEST(CsvTest, QuotesHoldSeparatorsLineBreaksAndQuotes) {
  EXPECT_THAT(ReadAll("a,b\n\"x,\"\"y\"\"\nz\",2\n"),
              IsOkAndHolds(Rows{{"a", "b"}, {"x,\"y\"\nz", "2"}}));
  EXPECT_THAT(ReadAll("\"a;b\",c\n1,\"\"\n"), IsOkAndHolds(Rows{{"a;b", "c"}, {"1", ""}}));
  EXPECT_THAT(ReadAll("a,b\n5\" pipe,2\n"), IsOkAndHolds(Rows{{"a", "b"}, {"5\" pipe", "2"}}));
}

TEST(CsvTest, CountsRowsAsASpreadsheetDoes) {
  std::istringstream in("a,b\n\n\"line\nbreak\",2\n3,4\n");
  CsvReader reader(in);
  std::vector<std::string> fields;
  std::vector<std::size_t> rows;
  while (*reader.Next(fields)) rows.push_back(reader.row());
  EXPECT_THAT(rows, ElementsAre(1, 3, 4));
}

TEST(CsvTest, NamesTheFirstByteThatIsNotUtf8) {
  EXPECT_THAT(ReadAll("site_id,name\n1,ok\n2,Z\xFCrich\n"),
              StatusIs(base::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("row 3, column 2 (name)"), HasSubstr("character 2"),
                             HasSubstr("0xFC"), HasSubstr("CSV UTF-8"))));
}

TEST(CsvTest, KnowsFilesThatAreNotCsv) {
  EXPECT_THAT(ReadAll("\xFF\xFE"
                      "a\n"),
              Refused("UTF-16"));
  EXPECT_THAT(ReadAll("PK\x03\x04rest"), Refused("workbook"));
  EXPECT_THAT(ReadAll(std::string("a,b\n1,\0\n", 8)), Refused("zero byte"));
}

TEST(CsvTest, AQuoteThatIsNeverClosedNamesWhereItOpened) {
  EXPECT_THAT(ReadAll("a,b\n1,2\n3,\"cut off he"), Refused("row 3, column 2 (b)"));
  EXPECT_THAT(ReadAll("a,b\n1,\"x\"y\n"), Refused("text follows a closing quotation mark"));
}

TEST(CsvTest, LimitsAreStatedWhenTheyAreReached) {
  EXPECT_THAT(ReadAll("a\n" + std::string(11, 'x'), {.field_bytes = 10, .fields = 5}),
              Refused("longer than 10 bytes"));
  EXPECT_THAT(ReadAll("a,b\n1,2,3,4,5,6\n", {.field_bytes = 10, .fields = 5}),
              Refused("more than 5 columns"));
}

TEST(CsvTest, WhatIsWrittenReadsBackTheSame) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  constexpr std::string_view kAlphabet = "ab,;\t\"\r\n 1";
  for (int round = 0; round < 200; ++round) {
    Rows rows{{"h1", "h2", "h3"}};
    for (int r = 0; r < 5; ++r) {
      std::vector<std::string> row{"x"};  // never blank
      while (row.size() < 3) {
        std::string field;
        for (auto n = random() % 6; n > 0; --n) field += kAlphabet[random() % kAlphabet.size()];
        row.push_back(field);
      }
      rows.push_back(row);
    }
    std::string text;
    for (const auto& row : rows) {
      for (std::size_t i = 0; i < row.size(); ++i) text += (i > 0 ? "," : "") + CsvField(row[i]);
      text += '\n';
    }
    ASSERT_THAT(ReadAll(text), IsOkAndHolds(rows)) << text;
  }
}

}  // namespace
}  // namespace belgrand::sample
