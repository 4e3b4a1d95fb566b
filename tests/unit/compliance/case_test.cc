// The clock of a case, what may happen to it, and the book that keeps it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compliance/case_book.h"
#include "compliance/case_rules.h"
#include "compliance/frames.h"
#include "platform/base/file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::IsOk;
using ::belgrand::testing::StatusIs;
using storage::v1::CaseRecord;
using ::testing::_;
using ::testing::HasSubstr;

base::Instant At(const char* text) { return base::ParseInstant(text).value(); }

CaseRecord Opened(v1::CaseKind kind, const char* received, const char* now) {
  CaseRecord record;
  record.set_case_id("c1");
  record.set_kind(kind);
  EXPECT_OK(Begin(record, At(received), At(now)));
  return record;
}

TEST(CaseClockTest, EndsWithTheDayOfTheNextMonthOrItsLastDay) {
  // The month of receipt, and what Regulation 1182/71 makes of it; the end is the midnight after.
  EXPECT_EQ(DueAt(At("2031-01-10T15:00:00Z"), 0), At("2031-02-11"));
  EXPECT_EQ(DueAt(At("2031-01-31T00:00:00Z"), 0), At("2031-03-01"));
  EXPECT_EQ(DueAt(At("2032-01-31T00:00:00Z"), 0), At("2032-03-01")) << "29 February is the last";
  EXPECT_EQ(DueAt(At("2031-12-31T23:59:59Z"), 0), At("2032-02-01"));
  EXPECT_EQ(DueAt(At("2031-11-30T12:00:00Z"), 2), At("2032-03-01")) << "three months";
}

TEST(CaseClockTest, RemindsAWeekBeforeAndCallsOutWhatIsLate) {
  const CaseRecord record = Opened(v1::ACCESS, "2031-01-10", "2031-01-12");
  EXPECT_EQ(UrgencyOf(record, At("2031-02-03T23:59:59Z")), Urgency::kNone);
  EXPECT_EQ(UrgencyOf(record, At("2031-02-04")), Urgency::kDueSoon);
  EXPECT_EQ(UrgencyOf(record, At("2031-02-10T23:59:59Z")), Urgency::kDueSoon);
  EXPECT_EQ(UrgencyOf(record, At("2031-02-11")), Urgency::kOverdue);
}

TEST(CaseRulesTest, ARequestArrivesInThePastYear) {
  CaseRecord record;
  EXPECT_THAT(Begin(record, At("2031-01-02"), At("2031-01-01")),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("in the future")));
  EXPECT_THAT(Begin(record, At("2029-12-01"), At("2031-01-01")),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("more than a year ago")));
}

TEST(CaseRulesTest, IsExtendedByTwoMonthsInAllAndOnlyInTime) {
  CaseRecord record = Opened(v1::ACCESS, "2031-01-10", "2031-01-10");
  EXPECT_THAT(Extend(record, 3, "many", At("2031-01-11")),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("Article 12(3)")));
  EXPECT_THAT(Extend(record, 1, "", At("2031-01-11")),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("reason has 0 bytes")));
  EXPECT_OK(Extend(record, 1, "many records", At("2031-01-11")));
  EXPECT_EQ(base::FromMicros(record.due_at_us()), At("2031-03-11"));
  EXPECT_OK(Extend(record, 1, "many records", At("2031-02-11")));
  EXPECT_THAT(Extend(record, 1, "more", At("2031-02-12")),
              StatusIs(base::StatusCode::kInvalidArgument, _));
  CaseRecord late = Opened(v1::ACCESS, "2031-01-10", "2031-01-10");
  EXPECT_THAT(Extend(late, 1, "late", At("2031-02-11")),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("told before that")));
}

TEST(CaseRulesTest, ARefusalSaysWhyAndLiftsAndAGrantStands) {
  CaseRecord refused = Opened(v1::OBJECTION, "2031-01-10", "2031-01-10");
  EXPECT_TRUE(Restricts(refused));
  EXPECT_THAT(Decide(refused, v1::REFUSED, "", At("2031-01-20")),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("note")));
  EXPECT_OK(Decide(refused, v1::REFUSED, "public interest", At("2031-01-20")));
  EXPECT_FALSE(Restricts(refused));
  EXPECT_NE(refused.closed_at_us(), 0);
  EXPECT_THAT(Decide(refused, v1::GRANTED, "", At("2031-01-21")),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("was decided")));

  CaseRecord granted = Opened(v1::RESTRICTION, "2031-01-10", "2031-01-10");
  EXPECT_OK(Decide(granted, v1::GRANTED, "", At("2031-01-20")));
  EXPECT_TRUE(Restricts(granted));
  EXPECT_EQ(granted.closed_at_us(), 0) << "kept for as long as it restricts";
  EXPECT_THAT(Lift(granted, Informed::kNo, At("2031-01-21")),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("Article 18(3)")));
  EXPECT_OK(Lift(granted, Informed::kYes, At("2031-01-21")));
  EXPECT_FALSE(Restricts(granted));
  EXPECT_EQ(base::FromMicros(granted.closed_at_us()), At("2031-01-21"));
  EXPECT_THAT(Lift(granted, Informed::kYes, At("2031-01-22")),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("nothing to lift")));
}

TEST(CaseBookTest, AChangeIsOnDiskWholeOrNotAtAll) {
  const testing::TempDir dir;
  const auto path = dir.path() / kCaseBookFile;
  {
    auto book = CaseBook::Open(path);
    ASSERT_OK(book);
    EXPECT_OK((*book)->Update([](CaseBookContent& content) {
      content.ledger_id = std::string(16, 'l');
      content.erased_through = 7;
      content.cases.emplace_back().set_case_id("first");
      content.orders.emplace_back().set_order_id("order");
      return base::OkStatus();
    }));
    EXPECT_THAT((*book)->Update([](CaseBookContent& content) -> base::Status {
      content.cases.clear();
      return base::NotFound("changed its mind");
    }),
                StatusIs(base::StatusCode::kNotFound, "changed its mind"));
    EXPECT_THAT((*book)->Update([](CaseBookContent& content) {
      content.cases.front().set_note(std::string(kMaxFramePayloadBytes, 'x'));
      return base::OkStatus();
    }),
                StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("shorten")));
    EXPECT_EQ((*book)->Read().cases.size(), 1U);
  }
  auto again = CaseBook::Open(path);
  ASSERT_OK(again);
  CaseBookContent content = (*again)->Read();
  EXPECT_EQ(content.erased_through, 7U);
  EXPECT_EQ(content.ledger_id, std::string(16, 'l'));
  EXPECT_NE(content.FindCase("first"), nullptr);
  EXPECT_NE(content.FindOrder("order"), nullptr);
  EXPECT_EQ(content.FindCase("other"), nullptr);
}

TEST(CaseBookTest, RefusesAFileThatIsCutDamagedOrLonger) {
  CaseBookContent content;
  content.cases.emplace_back().set_case_id("first");
  content.cases.emplace_back().set_case_id("second");
  const std::string bytes = EncodeCaseBook(content).value();
  EXPECT_OK(ParseCaseBook(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(ParseCaseBook(bytes.substr(0, size)), StatusIs(base::StatusCode::kDataLoss, _))
        << size;
  }
  EXPECT_THAT(ParseCaseBook(bytes + bytes), StatusIs(base::StatusCode::kDataLoss, _));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string altered = bytes;
    altered[at] = static_cast<char>(altered[at] ^ 1);
    EXPECT_FALSE(ParseCaseBook(altered).ok()) << "byte " << at;
  }
}

}  // namespace
}  // namespace belgrand::compliance
