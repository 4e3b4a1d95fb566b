#include "compliance/holds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <random>

#include "belgrand/storage/v1/alert_record.pb.h"
#include "belgrand/storage/v1/sample_record.pb.h"
#include "belgrand/storage/v1/sensor_record.pb.h"
#include "compliance/expiry_plan.h"
#include "compliance/read_gate.h"
#include "platform/base/file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;
using Verdict = ExpiryTally::Verdict;
using storage::v1::SampleRecord;

constexpr base::StatusCode kInvalid = base::StatusCode::kInvalidArgument;
constexpr base::Duration kDay = std::chrono::hours(24);

base::Instant At(std::string_view text) { return base::ParseInstant(text).value(); }
void Set(google::protobuf::Timestamp& timestamp, base::Instant instant) {
  timestamp.set_seconds(base::ToMicros(instant) / 1'000'000);
}

v1::PlaceHoldRequest Request(base::Instant review_by) {
  v1::PlaceHoldRequest request;
  request.set_authority("court of the city");
  request.set_reason("case 12/2026");
  Set(*request.mutable_review_by(), review_by);
  request.mutable_scope()->add_laboratory_ids("lab-a");
  return request;
}

// Clears the reasons of which `mentions` is true.
HoldBook::Rewording Without(const std::function<bool(const HoldBook::Record&)>& mentions) {
  return [mentions](const HoldBook::Record& hold) {
    return mentions(hold) ? std::optional<std::string>("") : std::nullopt;
  };
}

class HoldBookTest : public ::testing::Test {
 protected:
  HoldBookTest() { Reopen(); }
  void Reopen() {
    book_.reset();
    auto opened = HoldBook::Open(file_);
    ASSERT_OK(opened);
    book_ = *std::move(opened);
  }
  const belgrand::testing::TempDir directory_;
  const std::filesystem::path file_ = directory_.path() / "holds.bin";
  base::Instant now_ = At("2026-01-01");
  std::unique_ptr<HoldBook> book_;
};

TEST_F(HoldBookTest, AHoldIsInForceUntilItIsReleasedAlsoOverRestartsAndPastItsReview) {
  const auto placed = book_->Place(Request(At("2026-06-01")), now_);
  ASSERT_OK(placed);
  Reopen();
  EXPECT_EQ(book_->InForce().size(), 1U);
  EXPECT_EQ(book_->Overdue(At("2026-05-31")), 0U);
  EXPECT_EQ(book_->Overdue(At("2026-06-01")), 1U);
  EXPECT_EQ(book_->InForce().size(), 1U) << "nobody looked at it: it holds on";
  ASSERT_OK(book_->Review(placed->hold_id(), At("2026-09-01"), At("2026-06-02")));
  EXPECT_EQ(book_->Overdue(At("2026-06-02")), 0U);
  ASSERT_OK(book_->Release(placed->hold_id(), At("2026-07-01")));
  ASSERT_OK(book_->Release(placed->hold_id(), At("2026-08-01")));
  Reopen();
  EXPECT_TRUE(book_->InForce().empty());
  ASSERT_EQ(book_->List().size(), 1U);
  EXPECT_EQ(book_->List()[0].released_us(), base::ToMicros(At("2026-07-01"))) << "once";
  EXPECT_THAT(book_->Review(placed->hold_id(), At("2026-09-01"), At("2026-07-02")),
              StatusIs(base::StatusCode::kFailedPrecondition, _));
  EXPECT_THAT(book_->Release("none", now_), StatusIs(base::StatusCode::kNotFound, _));
  // Of a released one nothing stays for ever.
  EXPECT_EQ(book_->ApplyExpiry(At("2031-06-30")).value()[0].expired(), 0U);
  EXPECT_EQ(book_->ApplyExpiry(At("2031-07-01")).value()[0].expired(), 1U);
  Reopen();
  EXPECT_TRUE(book_->List().empty());
}

TEST_F(HoldBookTest, RefusesWhatSaysTooLittle) {
  const auto refused = [&](const char* what,
                           const std::function<void(v1::PlaceHoldRequest&)>& edit) {
    auto request = Request(At("2026-06-01"));
    edit(request);
    EXPECT_THAT(book_->Place(request, now_), StatusIs(kInvalid, HasSubstr(what)));
  };
  refused("authority", [](auto& r) { r.clear_authority(); });
  refused("authority", [](auto& r) { r.set_authority(std::string(201, 'a')); });
  refused("reason", [](auto& r) { r.clear_reason(); });
  refused("reason", [](auto& r) { r.set_reason(std::string(1'001, 'a')); });
  refused("review_by", [](auto& r) { r.clear_review_by(); });
  refused("six months", [](auto& r) { Set(*r.mutable_review_by(), At("2026-07-05")); });
  refused("six months", [](auto& r) { Set(*r.mutable_review_by(), At("2026-01-01")); });
  refused("names nothing", [](auto& r) { r.clear_scope(); });
  refused("no stored record", [](auto& r) { r.mutable_scope()->add_records("SampleRecord"); });
  refused("before it begins", [](auto& r) {
    Set(*r.mutable_scope()->mutable_from(), At("2025-01-02"));
    Set(*r.mutable_scope()->mutable_to(), At("2025-01-02"));
  });
  refused("limit is 1000", [](auto& r) {
    for (int i = 0; i < 1'001; ++i) r.mutable_scope()->add_site_ids(std::to_string(i));
  });
  EXPECT_TRUE(book_->List().empty());
}

TEST_F(HoldBookTest, ADamagedFileIsRefusedWhole) {
  ASSERT_OK(book_->Place(Request(At("2026-06-01")), now_));
  const std::string bytes = base::ReadFile(file_).value();
  book_.reset();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string other = bytes;
    other[i] = static_cast<char>(other[i] ^ 1);
    ASSERT_OK(base::WriteFileAtomically(file_, other));
    EXPECT_FALSE(HoldBook::Open(file_).ok()) << "byte " << i;
  }
}

TEST_F(HoldBookTest, AReasonIsForgottenAndTheHoldStays) {
  ASSERT_OK(book_->Place(Request(At("2026-06-01")), now_));
  EXPECT_EQ(
      book_->ReplaceReasons(Without([](const auto& hold) { return hold.reason() == "x"; })).value(),
      0U);
  EXPECT_EQ(book_->ReplaceReasons(Without([](const auto&) { return true; })).value(), 1U);
  EXPECT_EQ(book_->ReplaceReasons(Without([](const auto&) { return true; })).value(), 0U);
  Reopen();
  EXPECT_EQ(book_->List()[0].reason(), "");
  EXPECT_EQ(book_->InForce().size(), 1U);
}

// Beside a plain list.
TEST_F(HoldBookTest, ARandomLifeAgreesWithAModel) {
  struct Held {
    std::string id;
    std::string reason;
    base::Instant review;
    std::optional<base::Instant> released;
  };
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  std::vector<Held> model;
  for (int step = 0; step < 1'000; ++step) {
    Held* const some = model.empty() ? nullptr : &model[random() % model.size()];
    const base::Instant review = now_ + static_cast<int>(random() % 200) * kDay;
    const bool in_time = review > now_ && review <= now_ + HoldBook::kLongestReview;
    switch (random() % 8) {
      case 0:
      case 1: {
        auto request = Request(review);
        request.set_reason(fmt::format("case {}", step));
        const auto placed = book_->Place(request, now_);
        ASSERT_EQ(placed.ok(), in_time);
        if (in_time) model.push_back({placed->hold_id(), request.reason(), review, {}});
        break;
      }
      case 2: {
        if (some == nullptr) break;
        const bool ok = in_time && !some->released;
        ASSERT_EQ(book_->Review(some->id, review, now_).ok(), ok);
        if (ok) some->review = review;
        break;
      }
      case 3:
        if (some == nullptr) break;
        ASSERT_OK(book_->Release(some->id, now_));
        if (!some->released) some->released = now_;
        break;
      case 4: {
        if (some == nullptr) break;
        const std::string reason = some->reason;
        const std::uint64_t count = reason.empty() ? 0 : 1;
        ASSERT_EQ(
            book_
                ->ReplaceReasons(Without([&](const auto& hold) { return hold.reason() == reason; }))
                .value(),
            count);
        some->reason.clear();
        break;
      }
      case 5:
        Reopen();
        break;
      case 6: {
        const auto gone = [&](const Held& hold) {
          return hold.released &&
                 AddDuration(*hold.released, {.months = 60, .days = 0, .time = {}}) <= now_;
        };
        const std::uint64_t expected =
            static_cast<std::uint64_t>(std::count_if(model.begin(), model.end(), gone));
        ASSERT_EQ(book_->PlanExpiry(now_).value()[0].expired(), expected);
        ASSERT_EQ(book_->ApplyExpiry(now_).value()[0].expired(), expected);
        std::erase_if(model, gone);
        break;
      }
      default:
        // A second at least: the list is in order of opening.
        now_ += std::chrono::seconds(1) + static_cast<int>(random() % 60) * kDay;
    }
    std::size_t in_force = 0;
    std::size_t overdue = 0;
    const auto list = book_->List();
    ASSERT_EQ(list.size(), model.size()) << "step " << step;
    for (const Held& hold : model) {
      in_force += hold.released ? 0U : 1U;
      overdue += !hold.released && hold.review <= now_ ? 1U : 0U;
      const auto found = std::find_if(list.begin(), list.end(),
                                      [&](const auto& r) { return r.hold_id() == hold.id; });
      ASSERT_NE(found, list.end());
      ASSERT_EQ(found->reason(), hold.reason);
      ASSERT_EQ(found->released_us(), hold.released ? base::ToMicros(*hold.released) : 0);
    }
    ASSERT_EQ(book_->InForce().size(), in_force);
    ASSERT_EQ(book_->Overdue(now_), overdue);
  }
}

SampleRecord Sample(const std::string& laboratory, const std::string& site,
                    std::string_view recorded_at = "2015-03-01") {
  SampleRecord record;
  record.set_laboratory_id(laboratory);
  record.set_site_id(site);
  record.set_recorded_at_us(base::ToMicros(At(recorded_at)));
  return record;
}

std::vector<std::string> DistrictsOf(std::string_view site) {
  return site == "n1" || site == "n2" ? std::vector<std::string>{"north"}
                                      : std::vector<std::string>{"south", "west"};
}

bool Keeps(const v1::HoldScope& scope, const google::protobuf::Message& record,
           std::string_view site = {}) {
  return HoldMatcher(*record.GetDescriptor(), {scope}, DistrictsOf)
      .Keeps(record, At("2015-03-01"), site);
}

TEST(HoldMatcherTest, KeepsWhatMatchesEveryListThatNamesSomething) {
  v1::HoldScope scope;
  scope.add_laboratory_ids("lab-a");
  EXPECT_TRUE(Keeps(scope, Sample("lab-a", "n1")));
  EXPECT_FALSE(Keeps(scope, Sample("lab-b", "n1")));
  scope.add_district_ids("north");
  EXPECT_TRUE(Keeps(scope, Sample("lab-a", "n1")));
  EXPECT_FALSE(Keeps(scope, Sample("lab-a", "s1")));
  EXPECT_TRUE(Keeps(scope, Sample("lab-a", ""))) << "a row that takes another back names no site";
  scope.add_site_ids("n2");
  EXPECT_FALSE(Keeps(scope, Sample("lab-a", "n1")));
  EXPECT_TRUE(Keeps(scope, Sample("lab-a", "n2")));
  Set(*scope.mutable_from(), At("2015-03-01"));
  Set(*scope.mutable_to(), At("2015-03-02"));
  EXPECT_TRUE(Keeps(scope, Sample("lab-a", "n2")));
  Set(*scope.mutable_from(), At("2015-03-02"));
  Set(*scope.mutable_to(), At("2015-03-03"));
  EXPECT_FALSE(Keeps(scope, Sample("lab-a", "n2")));
  Set(*scope.mutable_from(), At("2015-02-01"));
  Set(*scope.mutable_to(), At("2015-03-01"));
  EXPECT_FALSE(Keeps(scope, Sample("lab-a", "n2"))) << "the end is not within";
  v1::HoldScope other;
  other.add_records("belgrand.storage.v1.AlertRecord");
  EXPECT_FALSE(Keeps(other, Sample("lab-a", "n2")));
}

TEST(HoldMatcherTest, LooksWhereARecordSaysItsPlace) {
  v1::HoldScope north;
  north.add_district_ids("north");
  storage::v1::AlertEventRecord event;
  event.mutable_alert()->set_district_id("north");
  EXPECT_TRUE(Keeps(north, event)) << "in the alert that it holds";
  event.mutable_alert()->set_district_id("south");
  EXPECT_FALSE(Keeps(north, event));
  const storage::v1::SensorChunkRecord chunk;
  EXPECT_TRUE(Keeps(north, chunk, "n1")) << "told beside it";
  EXPECT_FALSE(Keeps(north, chunk, "s1"));
  v1::HoldScope laboratory;
  laboratory.add_laboratory_ids("lab-a");
  EXPECT_FALSE(Keeps(laboratory, chunk, "n1")) << "a reading has no laboratory";
}

TEST(HoldMatcherTest, TheTallyIsThatOfAnIndependentCount) {
  const unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  const base::Instant now = At("2026-01-01");
  for (int round = 0; round < 200; ++round) {
    HoldScopes holds;
    for (auto i = random() % 3; i > 0; --i) {
      v1::HoldScope& hold = holds.emplace_back();
      if (random() % 2 == 0) hold.add_laboratory_ids("lab-" + std::to_string(random() % 3));
      if (random() % 2 == 0) hold.add_site_ids(random() % 2 == 0 ? "n1" : "s1");
      if (random() % 3 == 0) hold.add_district_ids(random() % 2 == 0 ? "north" : "west");
    }
    ExpiryTally tally(*SampleRecord::descriptor(), now,
                      HoldMatcher(*SampleRecord::descriptor(), holds, DistrictsOf));
    std::uint64_t expired = 0;
    std::uint64_t blocked = 0;
    std::uint64_t archived = 0;
    for (int i = 0; i < 50; ++i) {
      const std::string laboratory = "lab-" + std::to_string(random() % 3);
      const std::string site = random() % 2 == 0 ? "n1" : "s1";
      // Years apart: no calendar is needed to count them.
      const int year = 2012 + static_cast<int>(random() % 13);
      const SampleRecord record = Sample(laboratory, site, fmt::format("{}-06-01", year));
      bool held = false;
      for (const v1::HoldScope& hold : holds) {
        const bool lab = hold.laboratory_ids().empty() || hold.laboratory_ids(0) == laboratory;
        const bool at = hold.site_ids().empty() || hold.site_ids(0) == site;
        const bool in =
            hold.district_ids().empty() ||
            (site == "n1" ? hold.district_ids(0) == "north" : hold.district_ids(0) == "west");
        held = held || (lab && at && in);
      }
      const bool past = year <= 2015;
      expired += past && !held ? 1 : 0;
      blocked += past && held ? 1 : 0;
      archived += !past && year <= 2018 ? 1 : 0;
      EXPECT_EQ(tally.Count(record), past && !held ? Verdict::kDeleteRecord : Verdict::kKeep);
    }
    const v1::ExpiryLine line = tally.Lines()[0];
    ASSERT_EQ(line.expired(), expired);
    ASSERT_EQ(line.blocked(), blocked);
    ASSERT_EQ(line.archived(), archived);
    ASSERT_EQ(line.held(), 50U);
  }
}

TEST(HoldMatcherTest, AHoldInForceIsPartOfThePlan) {
  v1::HoldScope hold;
  hold.add_laboratory_ids("lab-a");
  EXPECT_NE(PlanHash({}, At("2026-01-01"), {hold}), PlanHash({}, At("2026-01-01")));
}

TEST(ReadGateTest, ShowsInUseToEverybodyAndTheRestForDataProtectionAlone) {
  const base::Instant now = At("2026-01-01");
  const auto shows = [&](privacy::v1::Purpose purpose, const char* recorded) {
    return ReadGate(*SampleRecord::descriptor(), now, purpose).Shows(Sample("l", "s", recorded));
  };
  EXPECT_TRUE(shows(privacy::v1::SURVEILLANCE, "2019-01-01T00:00:01Z"));
  EXPECT_FALSE(shows(privacy::v1::SURVEILLANCE, "2019-01-01")) << "seven years: the archive";
  EXPECT_FALSE(shows(privacy::v1::OPERATION, "2010-01-01")) << "past its retention, on hold";
  EXPECT_TRUE(shows(privacy::v1::DATA_PROTECTION, "2019-01-01"));
  EXPECT_TRUE(shows(privacy::v1::DATA_PROTECTION, "2010-01-01"));
  SampleRecord undated;
  EXPECT_TRUE(ReadGate(*SampleRecord::descriptor(), now, privacy::v1::SURVEILLANCE).Shows(undated));
}

TEST(ReadGateTest, AgreesWithTheCalendarOnEveryDay) {
  std::vector<RetentionPolicy> policies = RetentionPolicies(*SampleRecord::descriptor());
  const RetentionPolicy& whole = policies.front();
  ASSERT_TRUE(whole.archive_after);
  // Around leap days, where two days of a year have one anniversary.
  for (const char* start : {"2024-02-20", "2027-02-20", "2028-02-20", "2031-02-20"}) {
    for (int i = 0; i < 15; ++i) {
      const base::Instant now = At(start) + i * kDay + std::chrono::seconds(7);
      const ReadGate gate(*SampleRecord::descriptor(), now, privacy::v1::SURVEILLANCE);
      for (int j = -10; j < 10; ++j) {
        const base::Instant recorded = now - 7 * 365 * kDay + j * kDay;
        SampleRecord record;
        record.set_recorded_at_us(base::ToMicros(recorded));
        EXPECT_EQ(gate.Shows(record), AddDuration(recorded, *whole.archive_after) > now)
            << base::FormatInstant(recorded) << " at " << base::FormatInstant(now);
      }
    }
  }
}

}  // namespace
}  // namespace belgrand::compliance
