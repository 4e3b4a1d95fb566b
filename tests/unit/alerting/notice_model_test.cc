// Random work on alerts and their public notices, with restarts, against a model.
#include "tests/unit/alerting/notice_model.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "alerting/notice.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/alerting/cap_breaches.h"
#include "tests/unit/alerting/rules.h"
#include "tests/unit/alerting/shelf.h"

namespace belgrand::alerting {
namespace {

using storage::v1::NoticeRecord;
using testing::MakeSignal;
using testing::NoticeModel;
using testing::Shelf;
using testing::Signal;

constexpr char kRules[] = R"(notices {
  propose { min_severity: WARNING } sender: "alerts@city.example"
  expires_after { seconds: 345600 } decide_within { seconds: 7200 } })";

class NoticeModelTest : public ::testing::TestWithParam<unsigned> {
 protected:
  // What the alerts did since the last time.
  void TellModel() {
    const auto events = shelf_->EventsAfter(seen_, 1'000'000);
    ASSERT_OK(events);
    for (const auto& event : *events) {
      seen_ = event.sequence();
      const auto& alert = event.alert();
      if (alert.rule() != "trend") continue;
      model_.Follow(alert.district_id(), static_cast<v1::EventKind>(event.kind()),
                    Stands(alert.state()), alert.severity(), alert.episode());
    }
  }

  void ExpectSame() {
    const auto notices = shelf_->Notices();
    ASSERT_OK(notices);
    ASSERT_EQ(notices->size(), model_.notices.size());
    std::map<std::string, bool> told;
    for (std::size_t i = 0; i < notices->size(); ++i) {
      const NoticeRecord& notice = (*notices)[notices->size() - 1 - i];
      const NoticeModel::Notice& expected = model_.notices[i];
      SCOPED_TRACE("notice " + std::to_string(notice.notice_id()));
      EXPECT_EQ(notice.notice_id(), i + 1);
      EXPECT_EQ(notice.district_id(), expected.district);
      EXPECT_EQ(notice.state(), expected.state);
      EXPECT_EQ(notice.draft().type(), expected.waiting);
      EXPECT_EQ(notice.draft().first_approval().by(), expected.first.first);
      EXPECT_EQ(notice.draft().first_approval().identity(), expected.first.second);
      EXPECT_EQ(notice.waiting_told(), expected.told);
      ASSERT_EQ(static_cast<std::size_t>(notice.releases_size()), expected.out.size());
      for (std::size_t n = 0; n < expected.out.size(); ++n) {
        EXPECT_EQ(notice.releases(static_cast<int>(n)).type(), expected.out[n]);
      }
      ASSERT_EQ(static_cast<std::size_t>(notice.steps_size()), expected.steps);
      told[expected.district] |= expected.told;
      // What was written before is as it was.
      std::vector<std::string>& before = written_[notice.notice_id()];
      for (std::size_t n = 0; n < before.size(); ++n) {
        EXPECT_EQ(notice.steps(static_cast<int>(n)).SerializeAsString(), before[n]);
      }
      before.clear();
      for (const auto& step : notice.steps()) before.push_back(step.SerializeAsString());
    }
    for (const auto& [district, waits] : told) {
      const auto alert = shelf_->Get(district + "/SARS-CoV-2/notice-waiting");
      EXPECT_EQ(alert.ok() && Stands(alert->state()), waits) << district;
    }
  }

  // Nothing is out that the wrong people let out, and every chain keeps the rules of CAP.
  void ExpectSound() {
    const auto releases = shelf_->NewestReleases(1'000'000);
    ASSERT_OK(releases);
    std::map<std::uint64_t, std::vector<std::string>> chains;
    for (auto release = releases->rbegin(); release != releases->rend(); ++release) {
      chains[release->notice_id()].push_back(release->text());
    }
    const auto notices = shelf_->Notices();
    ASSERT_OK(notices);
    for (const NoticeRecord& notice : *notices) {
      int out = 0;
      std::vector<storage::v1::NoticeStepRecord> approvals;
      bool withdrawn = false;
      for (const auto& step : notice.steps()) {
        withdrawn |= step.kind() == v1::NOTICE_WITHDRAWN;
        if (step.kind() == v1::DRAFT_APPROVED) approvals.push_back(step);
        if (step.kind() == v1::DRAFT_CHANGED) approvals.clear();
        if (step.kind() == v1::DRAFT_REFUSED || step.kind() == v1::NOTICE_WITHDRAWN) {
          approvals.clear();
        }
        if (step.kind() != v1::DRAFT_RELEASED) continue;
        const auto& release = notice.releases(out++);
        EXPECT_EQ(step.digest(), release.digest());
        const bool cancel = release.type() == v1::NOTICE_CANCEL;
        if (!withdrawn) {
          ASSERT_EQ(approvals.size(), cancel ? 1U : 2U);
          if (!cancel) {
            EXPECT_NE(approvals[0].by(), approvals[1].by());
          }
        }
        for (const auto& approval : approvals) EXPECT_EQ(approval.digest(), release.digest());
        approvals.clear();
      }
      EXPECT_EQ(out, notice.releases_size());
      if (chains.contains(notice.notice_id())) {
        EXPECT_EQ(testing::Breaches(chains[notice.notice_id()]), "");
      }
    }
  }

  Shelf shelf_{{{"console", {}, true}}, testing::Rules(kRules)};
  NoticeModel model_;
  std::uint64_t seen_ = 0;
  std::map<std::uint64_t, std::vector<std::string>> written_;
};

TEST_P(NoticeModelTest, BehavesAsTheModelThroughRandomWorkAndRestarts) {
  const unsigned seed = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  shelf_.clock().Set(base::FromMicros(1'699'999'980'000'000));  // on a whole minute
  std::uint64_t feed = 0;
  for (int step = 0; step < 600; ++step) {
    shelf_.clock().Advance(std::chrono::minutes(pick(20) == 0 ? pick(4'000) : pick(50)));
    model_.now = base::ToMicros(shelf_.clock().Now()) / 60'000'000;
    const std::string district = pick(2) != 0 ? "north" : "south";
    const std::string id = district + "/SARS-CoV-2/trend";
    const std::size_t count = model_.notices.size();
    // Mostly the newest ones.
    const std::size_t any = count == 0 ? 0 : count - 1 - static_cast<std::size_t>(pick(2)) % count;
    const std::string name(1, static_cast<char>('A' + pick(3)));
    switch (pick(20)) {
      case 0:
      case 1: {
        const auto phase = static_cast<Signal::Phase>(1 + pick(3));
        ASSERT_OK(
            shelf_.Apply({MakeSignal({.area = district,
                                      .phase = phase,
                                      .severity = static_cast<detection::v1::Severity>(1 + pick(3)),
                                      .feed = ++feed,
                                      .district = district})}));
        break;
      }
      case 2: {
        if (pick(2) == 0) {
          const auto closing = pick(2) == 0 ? Closing::kResolve : Closing::kDismiss;
          (void)shelf_->Close(id, closing, "official", "x").ok();
        } else {
          (void)shelf_->Reopen(id, "official", "x").ok();
        }
        break;
      }
      case 3:
        if (count == 0 || pick(3) != 0) break;
        ASSERT_EQ(shelf_->WithdrawNotice(any + 1, name, "x").ok(), model_.Withdraw(any));
        break;
      case 4: {
        if (count == 0 || pick(2) == 0) break;
        const auto digest = NoticeDigest(shelf_->GetNotice(any + 1)->draft());
        ASSERT_EQ(shelf_->RefuseNotice(any + 1, digest, name, "x").ok(), model_.Refuse(any));
        break;
      }
      case 5:
        shelf_.Restart();
        break;
      case 6:
      case 7:
        ASSERT_OK(shelf_->Tick());
        model_.Tick();
        break;
      default: {
        if (count == 0) break;
        const std::string identity = pick(2) == 0 ? "" : "official:" + std::to_string(pick(2));
        const auto digest = NoticeDigest(shelf_->GetNotice(any + 1)->draft());
        ASSERT_FALSE(shelf_->ApproveNotice(any + 1, "another text", {name, identity}, "").ok());
        ASSERT_EQ(shelf_->ApproveNotice(any + 1, digest, {name, identity}, "").ok(),
                  model_.Approve(any, name, identity));
      }
    }
    TellModel();
    ExpectSame();
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
  shelf_.Restart();
  ExpectSame();
  ExpectSound();
  for (const v1::NoticeType type : {v1::NOTICE_ALERT, v1::NOTICE_UPDATE, v1::NOTICE_CANCEL}) {
    EXPECT_GT(model_.released[type], 0) << "the work reached every part";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, NoticeModelTest, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace belgrand::alerting
