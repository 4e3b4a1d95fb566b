// What becomes of the alerts when the time series database or the detectors are replaced: the book
// of alerting ends up holding exactly what holds now, and officials read why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/services/detection_fixture.h"

namespace belgrand::detection {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class DetectionRejudgeTest : public DetectionRoleTest {
 protected:
  // Runs until everything visible is judged and handed over.
  void RunToTheEnd(const config::v1::Config& config = {}) {
    StartRole(config);
    const std::uint64_t end = feed_.End();
    EXPECT_TRUE(Eventually([&] { return role_->Ready().ok() && Processed() == end; }))
        << "at " << Processed() << " of " << end << ": " << role_->Ready();
    StopRole();
  }
  // A number at which much is held.
  std::uint64_t Richest() {
    std::set<std::string> held;
    std::uint64_t richest = 0;
    std::size_t most = 0;
    for (const std::string& said : expected_) {
      const std::size_t at = said.rfind('@');
      const std::string key = said.substr(0, at);
      const std::uint64_t number = std::stoull(said.substr(at + 1));
      // Where a key is said first it is raised.
      if (!held.insert(key).second) continue;
      if (const std::size_t now = Held(feed_.versions, number).size(); now > most) {
        most = now;
        richest = number;
      }
    }
    return richest;
  }
  storage::v1::DetectionProgress StoredProgress() {
    return SignalOutbox::Open(directory_.path() / "detection").value()->LoadProgress().value();
  }
  std::vector<v1::Signal> AppliedAfter(std::size_t known) {
    auto signals = alerting_.applied();
    signals.erase(signals.begin(), signals.begin() + static_cast<std::ptrdiff_t>(known));
    return signals;
  }
  // The reasons given for what ended after the first `known` signals.
  std::vector<std::string> Reasons(std::size_t known) {
    std::vector<std::string> reasons;
    for (const v1::Signal& signal : AppliedAfter(known)) {
      if (signal.phase() == v1::Signal::CLEARED) {
        reasons.push_back(signal.evidence().explanation());
      }
    }
    return reasons;
  }
};

TEST_F(DetectionRejudgeTest, ARestartWithoutAnyChangeSaysNothing) {
  feed_.visible = Richest();
  RunToTheEnd();
  const std::set<std::string> held = Held(feed_.versions, feed_.visible);
  ASSERT_THAT(held, Not(IsEmpty()));
  EXPECT_EQ(alerting_.Book(), held);
  const int calls = alerting_.calls;
  const std::string stored = StoredProgress().SerializeAsString();
  for (int i = 0; i < 3; ++i) RunToTheEnd();
  EXPECT_EQ(alerting_.calls, calls) << "nothing was reported";
  EXPECT_EQ(StoredProgress().SerializeAsString(), stored);
  EXPECT_EQ(StoredProgress().generation(), 0U);
}

TEST_F(DetectionRejudgeTest, AnOlderCopyThatIsShorterIsJudgedAnew) {
  feed_.visible = Richest();
  RunToTheEnd();
  const std::size_t known = alerting_.applied().size();
  feed_.visible = feed_.visible / 4;
  RunToTheEnd();
  EXPECT_EQ(alerting_.Book(), Held(feed_.versions, feed_.visible));
  EXPECT_THAT(
      Reasons(known),
      AllOf(Not(IsEmpty()), ::testing::Each(HasSubstr("replaced or restored from an older copy"))));
  EXPECT_THAT(metrics_.Text(), HasSubstr("belgrand_detection_feed_replacements_total 1"));
  EXPECT_GT(StoredProgress().generation(), 0U);
  // What comes then is heard although its numbers were used before.
  feed_.visible = feed_.versions.size();
  RunToTheEnd();
  EXPECT_EQ(alerting_.Book(), Held(feed_.versions, feed_.visible));
}

TEST_F(DetectionRejudgeTest, AnOlderCopyThatHasGrownPastThePositionIsJudgedAnew) {
  const std::uint64_t position = Richest();
  feed_.visible = position;
  RunToTheEnd();
  const std::set<std::string> before = alerting_.Book();
  const std::vector<SampleVersion> other = Versions(11);
  ASSERT_GT(other.size(), position + 1) << "as many numbers as before, and more";
  for (std::size_t i = position / 4; i < other.size(); ++i) {
    if (i < feed_.versions.size()) {
      feed_.versions[i] = other[i];
    } else {
      feed_.versions.push_back(other[i]);
    }
    feed_.versions[i].mutable_recorded_at()->set_seconds(feed_.versions[i].recorded_at().seconds() +
                                                         1'000'000'000);
  }
  feed_.visible = other.size();
  RunToTheEnd();
  const std::set<std::string> held = Held(feed_.versions, other.size());
  EXPECT_NE(held, before) << "the test must be able to tell";
  EXPECT_EQ(alerting_.Book(), held);
  EXPECT_THAT(metrics_.Text(), HasSubstr("belgrand_detection_feed_replacements_total 1"));
}

TEST_F(DetectionRejudgeTest, AnotherDatabaseIsNoticedWhileItRuns) {
  feed_.visible = Richest();
  StartRole();
  ASSERT_TRUE(Eventually([&] { return Processed() == feed_.End(); }));
  const std::set<std::string> before = alerting_.Book();
  feed_.broken = true;
  ASSERT_TRUE(Eventually([&] { return feed_.active == 0; }));
  feed_.feed_id = "feed of the second database";
  feed_.versions = Versions(11);
  feed_.visible = feed_.versions.size();
  feed_.broken = false;
  ASSERT_TRUE(Eventually([&] { return role_->Ready().ok() && Processed() == feed_.End(); }))
      << role_->Ready();
  EXPECT_NE(alerting_.Book(), before);
  EXPECT_EQ(alerting_.Book(), Held(feed_.versions, feed_.versions.size()));
}

TEST_F(DetectionRejudgeTest, AnEmptyDatabaseEndsNoAlertAndIsToldInReadiness) {
  feed_.visible = Richest();
  RunToTheEnd();
  const std::set<std::string> before = alerting_.Book();
  ASSERT_THAT(before, Not(IsEmpty()));
  feed_.feed_id = "feed of an empty database";
  feed_.visible = 0;
  StartRole();
  ASSERT_TRUE(Eventually([&] {
    return role_->Ready().code() == base::StatusCode::kFailedPrecondition;
  })) << role_->Ready();
  // It follows the empty feed, and still says so.
  ASSERT_TRUE(Eventually([&] { return feed_.active == 1 && feed_.calls >= 3; }));
  EXPECT_THAT(std::string(base::Message(role_->Ready())),
              AllOf(HasSubstr("another or an older one"), HasSubstr("alerts stay")));
  StopRole();
  EXPECT_EQ(alerting_.Book(), before);
}

TEST_F(DetectionRejudgeTest, ACrashWhileJudgingAnewLeavesNothingHalfDone) {
  feed_.visible = Richest();
  RunToTheEnd();
  const std::string stored = StoredProgress().SerializeAsString();
  const std::set<std::string> before = alerting_.Book();
  feed_.feed_id = "feed of the second database";
  feed_.versions = Versions(11);
  feed_.visible = feed_.versions.size();
  feed_.held_back = feed_.versions.size() / 2;
  StartRole();
  ASSERT_TRUE(Eventually([&] {
    return metrics_.Text().find("belgrand_detection_feed_replacements_total 1") !=
           std::string::npos;
  }));
  EXPECT_TRUE(
      Eventually([&] { return role_->Ready().code() == base::StatusCode::kFailedPrecondition; }));
  StopRole();
  EXPECT_EQ(StoredProgress().SerializeAsString(), stored) << "as if it had never begun";
  EXPECT_EQ(alerting_.Book(), before);
  // All is judged and written, but alerting has not heard of it when the process ends.
  feed_.held_back = ~std::uint64_t{0};
  alerting_.down = true;
  StartRole();
  ASSERT_TRUE(Eventually([&] { return role_->Ready().ok(); }));
  StopRole();
  EXPECT_EQ(alerting_.Book(), before);
  alerting_.down = false;
  alerting_.fail_every = 2;
  RunToTheEnd();
  EXPECT_EQ(alerting_.Book(), Held(feed_.versions, feed_.versions.size()));
}

TEST_F(DetectionRejudgeTest, AnEntryThatExpiredAtThePositionIsNoOtherFeed) {
  feed_.visible = 300;
  RunToTheEnd();
  feed_.expired = {298, 299, 300};
  RunToTheEnd();
  EXPECT_THAT(metrics_.Text(), HasSubstr("belgrand_detection_feed_replacements_total 0"));
  feed_.visible = feed_.versions.size();
  RunToTheEnd();
  EXPECT_THAT(metrics_.Text(), HasSubstr("belgrand_detection_feed_replacements_total 0"));
}

TEST_F(DetectionRejudgeTest, ADetectorThatIsTakenOutOfUseEndsItsAlerts) {
  feed_.visible = Richest();
  RunToTheEnd();
  const std::set<std::string> before = Held(feed_.versions, feed_.visible);
  ASSERT_EQ(alerting_.Book(), before);
  const std::string_view key = *before.begin();
  const std::string removed(key.substr(key.rfind('/') + 1));
  config::v1::Config config;
  std::vector<std::string> kept;
  for (const auto& detector : RegisteredDetectors()) {
    if (detector->info().selection != Selection::kDefault) continue;
    if (detector->info().name == removed) continue;
    kept.push_back(detector->info().name);
    config.mutable_detection()->add_detectors(detector->info().name);
  }
  const std::size_t known = alerting_.applied().size();
  RunToTheEnd(config);
  EXPECT_EQ(alerting_.Book(), Held(feed_.versions, feed_.visible, kept));
  EXPECT_NE(alerting_.Book(), before);
  EXPECT_THAT(Reasons(known),
              AllOf(Not(IsEmpty()),
                    ::testing::Each(AllOf(HasSubstr(removed), HasSubstr("no longer in use")))));
  // Taken back into use, it holds again what it held.
  RunToTheEnd();
  EXPECT_EQ(alerting_.Book(), before);
  const int calls = alerting_.calls;
  RunToTheEnd();
  EXPECT_EQ(alerting_.calls, calls);
}

TEST_F(DetectionRejudgeTest, ADetectorOfAnotherVersionEndsWhatOnlyTheOldOneHeld) {
  feed_.visible = Richest();
  RunToTheEnd();
  const std::set<std::string> held = Held(feed_.versions, feed_.visible);
  v1::Signal stale;
  {
    // As the version before would have left it: another fingerprint, and one signal more, which
    // alerting knows.
    auto outbox = SignalOutbox::Open(directory_.path() / "detection").value();
    auto progress = outbox->LoadProgress().value();
    stale = outbox->LoadHolds()->begin()->second;
    stale.set_signal_key("site/elsewhere/" + stale.target() + "/" + stale.detector());
    stale.set_area_id("elsewhere");
    stale.set_level(v1::SITE);
    stale.set_detector_version("0.9");
    stale.set_phase(v1::Signal::RAISED);
    stale.set_feed_sequence(progress.processed_sequence());
    progress.set_detectors("engine 0; " + progress.detectors());
    ASSERT_OK(outbox->Commit(progress, {stale}));
  }
  const std::size_t known = alerting_.applied().size();
  RunToTheEnd();
  EXPECT_EQ(alerting_.Book(), held);
  EXPECT_THAT(Reasons(known),
              ::testing::ElementsAre(AllOf(HasSubstr("site elsewhere"), HasSubstr("before 0.9"),
                                           HasSubstr("not end because samples fell"))));
  std::set<std::string> updated;
  for (const v1::Signal& signal : AppliedAfter(known)) {
    if (signal.phase() != v1::Signal::UPDATED) continue;
    updated.insert(signal.signal_key());
    EXPECT_FALSE(signal.evidence().explanation().empty());
  }
  EXPECT_EQ(updated, held) << "and alerting has the evidence of the new version";
  const int calls = alerting_.calls;
  RunToTheEnd();
  EXPECT_EQ(alerting_.calls, calls) << "said once";
}

TEST_F(DetectionRejudgeTest, ALostDirectoryRepeatsWhatAlertingDropsAndGoesOn) {
  feed_.visible = Richest();
  RunToTheEnd();
  const std::size_t known = alerting_.applied().size();
  std::filesystem::remove_all(directory_.path() / "detection");
  RunToTheEnd();
  EXPECT_EQ(alerting_.applied().size(), known);
  feed_.visible = feed_.versions.size();
  RunToTheEnd();
  EXPECT_EQ(alerting_.Book(), Held(feed_.versions, feed_.versions.size()));
}

}  // namespace
}  // namespace belgrand::detection
