#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/workbook/cells.h"
#include "platform/workbook/xlsx.h"
#include "tests/support/status_matchers.h"
#include "tests/support/zip_writer.h"

namespace belgrand::workbook {
namespace {

using ::belgrand::testing::StatusIs;
using ::belgrand::testing::WorkbookOf;
using ::belgrand::testing::ZipOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kStrings[] =
    "<sst><si><t>Probe</t></si><si><r><t>K&#246;</t></r><r><t>ln</t></r>"
    "<rPh><t>aid</t></rPh></si></sst>";

TEST(XlsxTest, CellsComeAsACsvFileWouldWriteThem) {
  const auto rows = ReadXlsx(WorkbookOf(R"(<worksheet><sheetData>
        <row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>Datum</t></is></c></row>
        <row r="4"><c r="A4" t="s"><v>1</v></c><c r="B4"><v>1234.5</v></c><c r="C4" s="1"><v>44201</v></c>
          <c r="D4" s="1"><v>44201.354166666664</v></c><c r="E4" s="2"><v>0.35416666666666669</v></c>
          <c r="F4" t="b"><v>1</v></c><c r="G4" t="str"><f>A4</f><v>made</v></c><c r="H4" t="e"><v>#N/A</v></c></row>
        <row r="5"><c r="A5"/></row>
      </sheetData></worksheet>)",
                                        kStrings),
                             "");
  ASSERT_OK(rows);
  ASSERT_THAT(*rows, SizeIs(2));
  EXPECT_THAT((*rows)[0].cells, ElementsAre("Probe", "", "Datum"));
  EXPECT_EQ((*rows)[1].number, 4U);
  EXPECT_THAT((*rows)[1].cells, ElementsAre("Köln", "1234.5", "2021-01-05", "2021-01-05T08:30:00Z",
                                            "08:30", "TRUE", "made", "#N/A"));
}

TEST(XlsxTest, SheetsAreFoundByName) {
  const std::string book = WorkbookOf("<worksheet/>");
  EXPECT_OK(ReadXlsx(book, "Data"));
  EXPECT_THAT(ReadXlsx(book, "Other"),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("it has: Data")));
}

TEST(XlsxTest, WhatIsNoWorkbookIsRefused) {
  EXPECT_THAT(ReadXlsx("PK\x03\x04", ""),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("no zip archive")));
  EXPECT_THAT(ReadXlsx(ZipOf({{"a", "b"}}), ""),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("holds no workbook")));
  EXPECT_THAT(ReadXlsx(WorkbookOf("<worksheet>"), ""),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("sheet1.xml: line 1")));
  EXPECT_THAT(
      ReadXlsx(WorkbookOf(R"(<worksheet><row><c t="s"><v>7</v></c></row></worksheet>)"), ""),
      StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("a text that the workbook")));
}

TEST(XlsxTest, EntitiesAndBombsAreRefused) {
  EXPECT_THAT(
      ReadXlsx(WorkbookOf("<!DOCTYPE x [<!ENTITY a \"b\">]><worksheet>&a;</worksheet>"), ""),
      StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("document type")));
  XlsxLimits limits;
  limits.part_bytes = std::size_t{1} << 20;
  const std::string bomb = WorkbookOf("<worksheet>" + std::string(std::size_t{64} << 20, ' '));
  EXPECT_LT(bomb.size(), limits.part_bytes);
  EXPECT_THAT(ReadXlsx(bomb, "", limits),
              StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("unpacked")));
  EXPECT_THAT(
      ReadXlsx(WorkbookOf(R"(<worksheet><row><c r="XFD1"><v>1</v></c></row></worksheet>)"), ""),
      StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("1024 columns")));
}

TEST(CellsTest, FormatsThatShowDatesAreKnownFromTheirCode) {
  EXPECT_TRUE(IsDateFormat(14, ""));
  EXPECT_TRUE(IsDateFormat(164, "[$-407]dd/mm/yy"));
  EXPECT_FALSE(IsDateFormat(164, "0.00\" days\""));
  EXPECT_FALSE(IsDateFormat(164, "[Red]#,##0.00\\d"));
  EXPECT_FALSE(IsDateFormat(2, ""));
}

TEST(CellsTest, DatesCountFromTheSystemOfTheWorkbook) {
  EXPECT_EQ(DateCell("61", DateSystem::k1900), "1900-03-01");
  EXPECT_EQ(DateCell("42739", DateSystem::k1904), "2021-01-05");
  EXPECT_EQ(DateCell("-1", DateSystem::k1900), "-1");
  EXPECT_EQ(DateCell("nothing", DateSystem::k1900), "nothing");
  EXPECT_EQ(NumberCell("12.300000000000001"), "12.3") << "the same number, as it was typed";
  EXPECT_EQ(ColumnOf("BC12"), 54U);
  EXPECT_EQ(ColumnOf("12"), std::nullopt);
}

}  // namespace
}  // namespace belgrand::workbook
