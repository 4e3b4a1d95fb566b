// Two persons above a threshold, and holds that change between a plan and its deletion.
#include "services/compliance/retention_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>

#include "belgrand/storage/v1/sample_record.pb.h"
#include "compliance/expiry_plan.h"
#include "services/shared/timestamp.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using storage::v1::SampleRecord;
using ::testing::_;
using ::testing::HasSubstr;

constexpr base::StatusCode kNotNow = base::StatusCode::kFailedPrecondition;

struct Shelf {
  std::vector<SampleRecord> records;
  std::function<void()> while_applying;
};

class MemorySteward final : public Steward {
 public:
  explicit MemorySteward(Shelf& shelf) : shelf_(shelf) {}
  std::string_view name() const override { return "memory"; }
  base::StatusOr<std::vector<v1::ExpiryLine>> Plan(base::Instant now,
                                                   const HoldScopes& holds) override {
    return Walk(now, holds).Lines();
  }
  base::StatusOr<std::vector<v1::ExpiryLine>> Apply(base::Instant now,
                                                    const HoldScopes& holds) override {
    if (shelf_.while_applying) shelf_.while_applying();
    std::vector<SampleRecord> kept;
    const auto lines = Walk(now, holds, &kept).Lines();
    shelf_.records = kept;
    return lines;
  }

 private:
  ExpiryTally Walk(base::Instant now, const HoldScopes& holds,
                   std::vector<SampleRecord>* kept = nullptr) {
    const auto& type = *SampleRecord::descriptor();
    ExpiryTally tally(type, now, HoldMatcher(type, holds));
    for (const SampleRecord& record : shelf_.records) {
      const bool goes = tally.Count(record) == ExpiryTally::Verdict::kDeleteRecord;
      if (!goes && kept != nullptr) kept->push_back(record);
    }
    return tally;
  }
  Shelf& shelf_;
};

class RetentionRunnerTest : public ::testing::Test {
 protected:
  RetentionRunnerTest() {
    for (int i = 0; i < 4; ++i) {
      SampleRecord& record = shelf_.records.emplace_back();
      record.set_recorded_at_us(base::ToMicros(base::ParseInstant("2015-01-01").value()));
      record.set_laboratory_id(i < 3 ? "lab-a" : "lab-b");
      record.set_site_id("s");
    }
    Restart();
  }
  void Restart() {
    runner_.reset();
    holds_ = HoldBook::Open(dir_.path() / "holds.bin").value();
    std::vector<std::unique_ptr<Steward>> stewards;
    stewards.push_back(std::make_unique<MemorySteward>(shelf_));
    runner_ = std::make_unique<RetentionRunner>(
        clock_, std::move(stewards), *holds_,
        TwoPersonRule{3, [](const std::string& actor) {
                        return actor.starts_with("dpo:1") ? "A. Person" : "";
                      }});
  }
  base::StatusOr<HoldBook::Record> Hold(const std::string& laboratory) {
    v1::PlaceHoldRequest request;
    request.set_authority("court");
    request.set_reason("case");
    *request.mutable_review_by() = shared::ToTimestamp(clock_.Now() + std::chrono::hours(24));
    request.mutable_scope()->add_laboratory_ids(laboratory);
    return holds_->Place(request, clock_.Now());
  }
  static base::Instant NowOf(const v1::PlanRetentionResponse& plan) {
    return shared::ToInstant(plan.now());
  }

  testing::TempDir dir_;
  base::FakeClock clock_{base::ParseInstant("2031-06-01T12:00:00Z").value()};
  Shelf shelf_;
  std::unique_ptr<HoldBook> holds_;
  std::unique_ptr<RetentionRunner> runner_;
};

TEST_F(RetentionRunnerTest, ALargePlanTakesAnotherPerson) {
  const auto plan = runner_->Plan(std::nullopt).value();
  EXPECT_TRUE(plan.needs_approval());
  const auto apply = [&](const char* actor) {
    return runner_->Apply(plan.plan_hash(), NowOf(plan), actor);
  };
  EXPECT_THAT(apply("dpo:10"), StatusIs(kNotNow, HasSubstr("another person than dpo:10")));
  ASSERT_OK(runner_->Approve(plan.plan_hash(), NowOf(plan), "dpo:10"));
  EXPECT_THAT(apply("dpo:10"), StatusIs(kNotNow, _)) << "not oneself";
  EXPECT_THAT(apply("dpo:11"), StatusIs(kNotNow, _)) << "another token of the same person";
  EXPECT_THAT(runner_->Approve("0", NowOf(plan), "operator:2"), StatusIs(kNotNow, _));
  ASSERT_OK(runner_->Approve(plan.plan_hash(), NowOf(plan), "operator:2"));
  clock_.Advance(RetentionRunner::kApprovalLasts);
  EXPECT_THAT(apply("dpo:10"), StatusIs(kNotNow, _)) << "a day later";
  ASSERT_OK(runner_->Approve(plan.plan_hash(), NowOf(plan), "operator:2"));
  EXPECT_EQ(shelf_.records.size(), 4U);
  ASSERT_OK(apply("dpo:10"));
  EXPECT_TRUE(shelf_.records.empty());
}

TEST_F(RetentionRunnerTest, AnApprovalIsOfThePlanThatWasRead) {
  const auto plan = runner_->Plan(std::nullopt).value();
  ASSERT_OK(runner_->Approve(plan.plan_hash(), NowOf(plan), "operator:2"));
  shelf_.records.push_back(shelf_.records.front());
  EXPECT_THAT(runner_->Apply(plan.plan_hash(), NowOf(plan), "dpo:10"), StatusIs(kNotNow, _));
  const auto now = runner_->Plan(NowOf(plan)).value();
  EXPECT_THAT(runner_->Apply(now.plan_hash(), NowOf(now), "dpo:10"),
              StatusIs(kNotNow, HasSubstr("another person")));
}

TEST_F(RetentionRunnerTest, AHoldKeepsWhatItNamesAndMakesThePlanSmaller) {
  const auto before = runner_->Plan(std::nullopt).value();
  const auto hold = Hold("lab-a");
  ASSERT_OK(hold);
  EXPECT_THAT(runner_->Apply(before.plan_hash(), NowOf(before), "dpo:10"),
              StatusIs(kNotNow, HasSubstr("plan again")));
  const auto plan = runner_->Plan(std::nullopt).value();
  EXPECT_FALSE(plan.needs_approval()) << "one record is left to delete";
  EXPECT_EQ(plan.lines(0).blocked(), 3U);
  // Nobody changes the holds under a deletion.
  shelf_.while_applying = [&] {
    EXPECT_THAT(runner_->WhileIdle([] { return base::OkStatus(); }),
                StatusIs(base::StatusCode::kUnavailable, _));
  };
  ASSERT_OK(runner_->Apply(plan.plan_hash(), NowOf(plan), "dpo:10"));
  EXPECT_EQ(shelf_.records.size(), 3U);
  ASSERT_OK(
      runner_->WhileIdle([&] { return holds_->Release(hold->hold_id(), clock_.Now()).status(); }));
  const auto after = runner_->Plan(std::nullopt).value();
  EXPECT_EQ(after.lines(0).expired(), 3U);
  ASSERT_OK(runner_->Apply(after.plan_hash(), NowOf(after), "dpo:10"));
  EXPECT_TRUE(shelf_.records.empty());
}

TEST_F(RetentionRunnerTest, AHoldThatKeepsNothingMoreStillMakesOneReadThePlanAgain) {
  const auto plan = runner_->Plan(std::nullopt).value();
  ASSERT_OK(Hold("lab-c"));
  EXPECT_NE(runner_->Plan(NowOf(plan)).value().plan_hash(), plan.plan_hash());
}

TEST_F(RetentionRunnerTest, ARestartForgetsApprovalsAndKeepsHolds) {
  const auto plan = runner_->Plan(std::nullopt).value();
  ASSERT_OK(runner_->Approve(plan.plan_hash(), NowOf(plan), "operator:2"));
  Restart();
  EXPECT_THAT(runner_->Apply(plan.plan_hash(), NowOf(plan), "dpo:10"), StatusIs(kNotNow, _));
  ASSERT_OK(Hold("lab-a"));
  Restart();
  const auto after = runner_->Plan(std::nullopt).value();
  EXPECT_EQ(after.lines(0).blocked(), 3U);
  ASSERT_EQ(after.holds_size(), 1);
  EXPECT_EQ(after.holds(0).authority(), "court");
  EXPECT_EQ(after.lines(0).digest(), "") << "for the hash alone";
}

// Beside plain lists. Every record has a laboratory of its own kind and an instant of its own.
TEST_F(RetentionRunnerTest, ARandomLifeAgreesWithAModel) {
  struct Model {
    base::Instant now;
    std::vector<std::string> expired;  // ids
    std::multiset<std::string> held;   // laboratories
    bool operator==(const Model&) const = default;
  };
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const char* const actors[] = {"dpo:10", "dpo:11", "operator:2", "dpo:3"};
  const auto person = [](const std::string& actor) {
    return actor.starts_with("dpo:1") ? std::string("A. Person") : actor;
  };
  shelf_.records.clear();
  std::map<std::string, std::string> holds;  // by id: laboratory
  int named = 0;
  int applied = 0;
  std::optional<std::pair<std::string, Model>> plan;
  std::map<std::pair<std::string, std::string>, base::Instant> approved;  // by plan and person
  const auto state = [&](base::Instant now) {
    Model model{.now = now, .expired = {}, .held = {}};
    for (const auto& [id, laboratory] : holds) model.held.insert(laboratory);
    for (const SampleRecord& record : shelf_.records) {
      const auto end = AddDuration(base::FromMicros(record.recorded_at_us()),
                                   {.months = 120, .days = 0, .time = {}});
      if (end <= now && !model.held.contains(record.laboratory_id())) {
        model.expired.push_back(record.sample_id());
      }
    }
    return model;
  };
  for (int step = 0; step < 3'000; ++step) {
    const char* const actor = actors[random() % 4];
    switch (random() % 9) {
      case 0:
      case 1: {
        // Pauses leave time to approve a plan and to carry it out before it is outdated.
        if (step % 200 < 100) break;
        SampleRecord& record = shelf_.records.emplace_back();
        record.set_sample_id(fmt::format("s{}", ++named));
        record.set_laboratory_id(random() % 2 == 0 ? "lab-a" : "lab-b");
        record.set_site_id("s");
        // Half of them past their time.
        const auto age = std::chrono::hours(24 * (3'600 + static_cast<int>(random() % 106)));
        record.set_recorded_at_us(base::ToMicros(clock_.Now() - age));
        break;
      }
      case 2: {
        // Of both at once nothing would ever expire.
        if (!holds.empty() && random() % 8 != 0) break;
        const std::string laboratory = random() % 2 == 0 ? "lab-a" : "lab-b";
        const auto hold = Hold(laboratory);
        ASSERT_OK(hold);
        holds.emplace(hold->hold_id(), laboratory);
        break;
      }
      case 3:
        if (holds.empty()) break;
        ASSERT_OK(holds_->Release(holds.begin()->first, clock_.Now()));
        holds.erase(holds.begin());
        break;
      case 4:
        clock_.Advance(std::chrono::hours(random() % 30));
        break;
      case 5:
        Restart();
        approved.clear();
        break;
      case 6: {
        const auto made = runner_->Plan(std::nullopt);
        ASSERT_OK(made);
        plan.emplace(made->plan_hash(), state(NowOf(*made)));
        ASSERT_EQ(made->lines(0).expired(), plan->second.expired.size());
        ASSERT_EQ(made->needs_approval(), plan->second.expired.size() > 3);
        break;
      }
      case 7: {
        if (!plan) break;
        const bool same = state(plan->second.now) == plan->second;
        ASSERT_EQ(runner_->Approve(plan->first, plan->second.now, actor).ok(), same);
        if (same) {
          approved[{plan->first, person(actor)}] = clock_.Now() + RetentionRunner::kApprovalLasts;
        }
        break;
      }
      default: {
        if (!plan) break;
        const bool same = state(plan->second.now) == plan->second;
        const bool allowed = plan->second.expired.size() <= 3 ||
                             std::ranges::any_of(approved, [&](const auto& other) {
                               return other.first.first == plan->first &&
                                      other.first.second != person(actor) &&
                                      other.second > clock_.Now();
                             });
        const std::size_t before = shelf_.records.size();
        const auto done = runner_->Apply(plan->first, plan->second.now, actor);
        ASSERT_EQ(done.ok(), same && allowed) << "step " << step;
        const std::size_t gone = done.ok() ? plan->second.expired.size() : 0;
        ASSERT_EQ(shelf_.records.size(), before - gone);
        applied += gone > 3 ? 1 : 0;
        if (done.ok()) {
          ASSERT_EQ(done->lines(0).expired(), gone);
          ASSERT_TRUE(state(plan->second.now).expired.empty());
        }
      }
    }
  }
  EXPECT_GT(applied, 0) << "no large plan was ever carried out: the test shows nothing";
}

}  // namespace
}  // namespace belgrand::compliance
