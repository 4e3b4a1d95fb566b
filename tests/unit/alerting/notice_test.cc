// Public notices: proposed for an alert, approved by two people, released, updated and cancelled.
#include "alerting/notice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "alerting/atom.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/alerting/cap_breaches.h"
#include "tests/unit/alerting/rules.h"
#include "tests/unit/alerting/shelf.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::StatusIs;
using detection::v1::CRITICAL;
using detection::v1::WARNING;
using detection::v1::WATCH;
using storage::v1::NoticeRecord;
using ::testing::AllOf;
using testing::Breaches;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeSignal;
using ::testing::Not;
using testing::Rules;
using testing::Shelf;
using testing::Signal;
using testing::SignalSpec;
using ::testing::SizeIs;

constexpr char kNotices[] = R"(
  notices {
    propose { min_severity: WARNING kinds: RISE }
    sender: "alerts@city.example" sender_name: "City of Example"
    instruction: "Wash your hands." instruction_fr: "Lavez-vous les mains."
    expires_after { seconds: 345600 } decide_within { seconds: 7200 } owner: "the duty doctor"
    areas { district_id: "north" name: "The north" name_fr: "Le nord"
            polygons: "48.8,2.3 48.8,2.4 48.9,2.4 48.8,2.3" }
  })";
constexpr char kId[] = "north/SARS-CoV-2/trend";
constexpr char kWaiting[] = "north/SARS-CoV-2/notice-waiting";

class NoticeTest : public ::testing::Test {
 protected:
  AlertBook& book() { return *shelf_; }
  void Tell(SignalSpec spec) {
    spec.feed = ++feed_;
    shelf_.clock().Advance(std::chrono::seconds(1));
    ASSERT_OK(shelf_.Apply({MakeSignal(spec)}));
  }
  void Pass(base::Duration time) {
    shelf_.clock().Advance(time);
    ASSERT_OK(book().Tick());
  }
  NoticeRecord Notice(std::uint64_t number = 1) {
    const auto notice = book().GetNotice(number);
    EXPECT_OK(notice);
    return notice.value_or(NoticeRecord());
  }
  std::string Digest(std::uint64_t number = 1) { return NoticeDigest(Notice(number).draft()); }
  base::StatusOr<NoticeRecord> Approve(const std::string& by, const std::string& identity = "",
                                       std::uint64_t number = 1) {
    return book().ApproveNotice(number, Digest(number), {by, identity}, "checked");
  }
  void Release(std::uint64_t number = 1) {
    ASSERT_OK(Approve("A. One", "", number));
    ASSERT_OK(Approve("B. Two", "", number));
  }
  std::vector<std::string> Steps(std::uint64_t number = 1) {
    std::vector<std::string> steps;
    const NoticeRecord notice = Notice(number);
    for (const auto& step : notice.steps()) {
      steps.push_back(v1::NoticeStepKind_Name(static_cast<v1::NoticeStepKind>(step.kind())) +
                      (step.by().empty() ? "" : " " + step.by()));
    }
    return steps;
  }
  // Texts that are out, oldest first.
  std::vector<std::string> Out() {
    std::vector<std::string> texts;
    const auto releases = book().NewestReleases(1'000);
    EXPECT_OK(releases);
    for (auto release = releases->rbegin(); release != releases->rend(); ++release) {
      texts.push_back(release->text());
    }
    return texts;
  }
  bool Waits() {
    const auto alert = book().Get(kWaiting);
    return alert.ok() && Stands(alert->state());
  }

  Shelf shelf_{{{"console", {}, true}}, Rules(kNotices)};
  std::uint64_t feed_ = 0;
};

TEST_F(NoticeTest, IsProposedWhenTheConfigurationNamesTheAlertAndNotBefore) {
  Tell({.severity = WATCH});
  Tell({.kind = detection::v1::SPIKE, .severity = CRITICAL, .rule = "spike"});
  Tell({.kind = detection::v1::DATA_GAP, .severity = WARNING, .rule = "missing-sample"});
  EXPECT_THAT(*book().Notices(), IsEmpty());
  Tell({.phase = Signal::UPDATED, .severity = WARNING});
  ASSERT_THAT(*book().Notices(), SizeIs(1));
  EXPECT_EQ(Notice().state(), v1::NOTICE_PROPOSED);
  EXPECT_EQ(Notice().draft().type(), v1::NOTICE_ALERT);
  EXPECT_THAT(Steps(), ElementsAre("DRAFT_PROPOSED"));
  EXPECT_THAT(Out(), IsEmpty()) << "nothing is out before two people said so";
}

TEST_F(NoticeTest, TwoPeopleReleaseExactlyTheTextTheyApproved) {
  Tell({.severity = WARNING});
  const NoticeRecord before = Notice();
  EXPECT_THAT(DraftText(before.draft()), HasSubstr("<status>Draft</status>"));
  ASSERT_OK(Approve("A. One"));
  EXPECT_EQ(Notice().state(), v1::NOTICE_PROPOSED);
  EXPECT_THAT(Out(), IsEmpty());
  shelf_.Restart();
  for (const char* same : {"A. One", "a. one", " A.  ONE "}) {
    EXPECT_THAT(Approve(same), StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("same")));
  }
  ASSERT_OK(Approve("B. Two"));
  EXPECT_EQ(Notice().state(), v1::NOTICE_RELEASED);
  EXPECT_FALSE(Notice().has_draft()) << "with what was kept of the first approver";
  ASSERT_THAT(Out(), ElementsAre(before.draft().text()));
  EXPECT_EQ(Notice().releases(0).digest(), NoticeDigest(before.draft()));
  EXPECT_THAT(
      Out()[0],
      AllOf(HasSubstr("<status>Actual</status>"), HasSubstr("<msgType>Alert</msgType>"),
            HasSubstr("<areaDesc>Le nord</areaDesc>"),
            HasSubstr("<instruction>Wash your hands.</instruction>"), Not(HasSubstr("A. One"))));
  EXPECT_EQ(Breaches(Out()), "");
  EXPECT_THAT(Steps(), ElementsAre("DRAFT_PROPOSED", "DRAFT_APPROVED A. One",
                                   "DRAFT_APPROVED B. Two", "DRAFT_RELEASED"));
  EXPECT_THAT(book().ApproveNotice(1, NoticeDigest(before.draft()), {"C. Three"}, ""),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("nothing of it waits")));
}

TEST_F(NoticeTest, OneIdentityUnderTwoNamesIsOnePerson) {
  Tell({.severity = WARNING});
  ASSERT_OK(Approve("A. One", "official:7"));
  shelf_.Restart();
  EXPECT_THAT(Approve("B. Two", "official:7"),
              StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("identity")));
  EXPECT_THAT(Approve("A. One", "official:8"),
              StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("same person")));
  EXPECT_OK(Approve("B. Two", "official:8"));
  EXPECT_THAT(Out(), SizeIs(1));
}

TEST_F(NoticeTest, AnApprovalIsOfOneTextAndAnotherTextStartsAnew) {
  Tell({.severity = WARNING});
  const std::string old = Digest();
  ASSERT_OK(Approve("A. One"));
  Tell({.phase = Signal::UPDATED, .severity = WARNING});
  EXPECT_EQ(Digest(), old) << "evidence alone is no other text";
  Tell({.phase = Signal::UPDATED, .severity = CRITICAL});
  EXPECT_NE(Digest(), old);
  EXPECT_THAT(book().ApproveNotice(1, old, {"B. Two"}, ""),
              StatusIs(base::StatusCode::kAborted, HasSubstr("read the notice again")));
  EXPECT_THAT(book().ApproveNotice(1, Digest().substr(0, 8), {"B. Two"}, ""),
              StatusIs(base::StatusCode::kAborted, HasSubstr("not whole")));
  ASSERT_OK(Approve("B. Two"));
  EXPECT_THAT(Out(), IsEmpty()) << "it is the first of this text";
  ASSERT_OK(Approve("A. One"));
  EXPECT_THAT(Out(), SizeIs(1));
  EXPECT_EQ(Breaches(Out()), "");
}

TEST_F(NoticeTest, UpdatesNeedTwoACancelOneAndAllAreAChain) {
  Tell({.severity = WARNING});
  Release();
  Tell({.phase = Signal::UPDATED, .severity = CRITICAL});
  EXPECT_EQ(Notice().draft().type(), v1::NOTICE_UPDATE);
  EXPECT_EQ(Notice().state(), v1::NOTICE_RELEASED);
  EXPECT_THAT(Out(), SizeIs(1)) << "what is out stays until two people say otherwise";
  Release();
  Tell({.phase = Signal::UPDATED, .severity = WATCH});
  Tell({.phase = Signal::UPDATED, .severity = WATCH});
  EXPECT_EQ(Notice().draft().type(), v1::NOTICE_UPDATE) << "also a fall below what is proposed";
  shelf_.Restart();
  Tell({.phase = Signal::CLEARED, .severity = WATCH});
  EXPECT_EQ(Notice().draft().type(), v1::NOTICE_CANCEL) << "in place of the update nobody decided";
  ASSERT_OK(Approve("B. Two"));
  EXPECT_EQ(Notice().state(), v1::NOTICE_CANCELLED);
  ASSERT_THAT(Out(), SizeIs(3));
  EXPECT_EQ(Breaches(Out()), "");
  EXPECT_THAT(Out()[2], HasSubstr("<responseType>AllClear</responseType>"));
  Tell({.severity = WARNING});
  EXPECT_EQ(Notice(2).draft().type(), v1::NOTICE_ALERT) << "another episode, another chain";
  EXPECT_THAT(Notice(2).draft().text(), Not(HasSubstr("references")));
}

TEST_F(NoticeTest, WhatIsRefusedComesBackOnlyWhenItIsWorseOrAnew) {
  Tell({.severity = WARNING});
  ASSERT_OK(Approve("A. One"));
  EXPECT_THAT(book().RefuseNotice(1, Digest(), "B. Two", " "),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("say why")));
  ASSERT_OK(book().RefuseNotice(1, Digest(), "B. Two", "one sample"));
  EXPECT_EQ(Notice().state(), v1::NOTICE_REFUSED);
  EXPECT_THAT(book().WithdrawNotice(1, "B. Two", "x"),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("refuse a draft")));
  ASSERT_OK(book().Close(kId, Closing::kResolve, "A. One", "x"));
  ASSERT_OK(book().Reopen(kId, "A. One", "x"));
  EXPECT_THAT(*book().Notices(), SizeIs(1)) << "the same episode, no worse";
  shelf_.Restart();
  ASSERT_OK(book().Tick());
  EXPECT_THAT(*book().Notices(), SizeIs(1));
  Tell({.phase = Signal::UPDATED, .severity = CRITICAL});
  EXPECT_THAT(*book().Notices(), SizeIs(2));
  EXPECT_EQ(Notice(2).draft().type(), v1::NOTICE_ALERT);
  ASSERT_OK(book().RefuseNotice(2, Digest(2), "B. Two", "x"));
  Tell({.phase = Signal::CLEARED});
  Tell({.severity = WARNING});
  EXPECT_THAT(*book().Notices(), SizeIs(3)) << "another episode";
}

TEST_F(NoticeTest, ARefusedUpdateLeavesWhatIsOut) {
  Tell({.severity = WARNING});
  Release();
  Tell({.phase = Signal::UPDATED, .severity = CRITICAL});
  ASSERT_OK(book().RefuseNotice(1, Digest(), "B. Two", "x"));
  EXPECT_EQ(Notice().state(), v1::NOTICE_RELEASED);
  EXPECT_THAT(Out(), SizeIs(1));
  Tell({.phase = Signal::CLEARED});
  EXPECT_EQ(Notice().draft().type(), v1::NOTICE_CANCEL);
}

TEST_F(NoticeTest, OnePersonTakesBackWhatIsWrongAtOnce) {
  Tell({.severity = WARNING});
  Release();
  EXPECT_THAT(book().WithdrawNotice(1, "A. One", ""),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("reason")));
  ASSERT_OK(book().WithdrawNotice(1, "A. One", "mixed-up samples of S. Somebody"));
  EXPECT_EQ(Notice().state(), v1::NOTICE_CANCELLED);
  ASSERT_THAT(Out(), SizeIs(2));
  EXPECT_EQ(Breaches(Out()), "");
  EXPECT_THAT(Out()[1], AllOf(HasSubstr("<headline>Withdrawn: "), Not(HasSubstr("AllClear")),
                              Not(HasSubstr("Somebody"))));
  Pass(std::chrono::hours(1));
  EXPECT_THAT(*book().Notices(), SizeIs(1)) << "it is not proposed again because it still stands";
  EXPECT_THAT(book().WithdrawNotice(1, "A. One", "x"),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("cancelled")));
}

TEST_F(NoticeTest, WhatNobodyReleasedEndsWithItsAlert) {
  Tell({.severity = WARNING});
  Tell({.phase = Signal::CLEARED});
  EXPECT_EQ(Notice().state(), v1::NOTICE_LAPSED);
  EXPECT_FALSE(Notice().has_draft());
  EXPECT_THAT(Out(), IsEmpty());
}

TEST_F(NoticeTest, AStuckApprovalIsAnAlertWithAnOwnerUntilItIsDecided) {
  Tell({.severity = WARNING});
  Pass(std::chrono::minutes(119));
  EXPECT_FALSE(Waits());
  Pass(std::chrono::minutes(1));
  ASSERT_TRUE(Waits());
  const auto alert = book().Get(kWaiting);
  EXPECT_EQ(alert->alert_class(), v1::OPERATIONS);
  EXPECT_EQ(alert->owner(), "the duty doctor");
  EXPECT_THAT(alert->evidence(), AllOf(HasSubstr("first approval"), HasSubstr("the duty doctor")));
  Tell({.phase = Signal::UPDATED, .severity = CRITICAL});
  EXPECT_TRUE(Waits()) << "another text is no decision";
  shelf_.Restart();
  ASSERT_OK(Approve("A. One"));
  EXPECT_FALSE(Waits());
  Pass(std::chrono::minutes(121));
  EXPECT_THAT(book().Get(kWaiting)->evidence(), HasSubstr("second approval"));
  EXPECT_TRUE(Waits());
  ASSERT_OK(Approve("B. Two"));
  EXPECT_FALSE(Waits());
  Tell({.phase = Signal::CLEARED});
  Pass(std::chrono::minutes(121));
  EXPECT_TRUE(Waits()) << "a Cancel waits too";
  ASSERT_OK(book().RefuseNotice(1, Digest(), "A. One", "x"));
  EXPECT_FALSE(Waits());
  EXPECT_THAT(*book().Notices(), SizeIs(1)) << "the alert of the waiting is none for the public";
}

TEST_F(NoticeTest, TextsEndAndAreMadeAnewInTime) {
  Tell({.severity = WARNING});
  ASSERT_OK(Approve("A. One"));
  const std::string old = Digest();
  shelf_.clock().Advance(std::chrono::hours(97));
  EXPECT_THAT(book().ApproveNotice(1, old, {"B. Two"}, ""),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("expired")));
  ASSERT_OK(book().Tick());
  EXPECT_NE(Digest(), old);
  EXPECT_EQ(ApprovalsOf(Notice().draft()), 0U);
  Release();
  Pass(std::chrono::hours(71));
  EXPECT_FALSE(Notice().has_draft());
  Pass(std::chrono::hours(1));
  EXPECT_EQ(Notice().draft().type(), v1::NOTICE_UPDATE) << "a day before its end, as it stands";
  ASSERT_OK(book().RefuseNotice(1, Digest(), "B. Two", "it may end"));
  Pass(std::chrono::minutes(1));
  EXPECT_FALSE(Notice().has_draft()) << "that was said";
  Tell({.phase = Signal::CLEARED});
  EXPECT_EQ(Notice().draft().type(), v1::NOTICE_CANCEL);
  Pass(std::chrono::hours(24));
  EXPECT_EQ(Notice().state(), v1::NOTICE_LAPSED) << "the public has been told when it ends";
}

TEST_F(NoticeTest, AnAlertThatStoodBeforeTheConfigurationNamedItIsProposed) {
  shelf_.SetRules({});
  shelf_.Restart();
  Tell({.severity = WARNING});
  Tell({.area = "south", .severity = WATCH, .district = "south"});
  EXPECT_THAT(*book().Notices(), IsEmpty());
  shelf_.SetRules(Rules(kNotices));
  shelf_.Restart();
  ASSERT_OK(book().Tick());
  ASSERT_THAT(*book().Notices(), SizeIs(1));
  EXPECT_EQ(Notice().district_id(), "north");
  ASSERT_OK(book().Tick());
  EXPECT_THAT(*book().Notices(), SizeIs(1));
}

TEST_F(NoticeTest, TheFeedIsAtomAndShowsTheNewest) {
  const FeedOptions english{
      .base_url = "https://city.example/x", .instance_id = "i", .sender_name = "City <of> Example"};
  EXPECT_EQ(Breaches({RenderFeed({}, english)}, "atom_check.py"), "");
  for (const char* district : {"north", "south & west"}) {
    Tell({.area = district, .severity = WARNING, .district = district});
  }
  Release(1);
  Pass(std::chrono::seconds(2));
  Release(2);
  Pass(std::chrono::seconds(2));
  ASSERT_OK(book().WithdrawNotice(1, "A. One", "x"));
  auto french = english;
  french.language = Language::kFrench;
  for (const FeedOptions& options : {english, french}) {
    const std::string feed = RenderFeed(*book().NewestReleases(10), options);
    EXPECT_EQ(Breaches({feed}, "atom_check.py"), "");
    EXPECT_THAT(feed, AllOf(HasSubstr("south &amp; west"), Not(HasSubstr("A. One")),
                            HasSubstr("https://city.example/x/notices/3.xml")));
  }
  EXPECT_THAT(RenderFeed(*book().NewestReleases(10), french), HasSubstr("Fin d&#39;un avis"));
  const auto newest = book().NewestReleases(2);
  ASSERT_OK(newest);
  ASSERT_THAT(*newest, SizeIs(2));
  EXPECT_EQ(newest->front().release_id(), 3U);
  EXPECT_EQ(std::system(("python3 '" + std::string(std::getenv("BELGRAND_SOURCE_DIR")) +
                         "/tests/support/atom_check.py' --self-test")
                            .c_str()),
            0);
}

TEST(NoticeConfigTest, EveryMistakeIsNamed) {
  EXPECT_THAT(CheckNotices(Rules(kNotices).notices()), IsEmpty());
  EXPECT_THAT(CheckNotices({}), ElementsAre(HasSubstr("propose is empty"), HasSubstr("sender")));
  const auto wrong = Rules(R"(notices {
    propose { kinds: OPERATIONS windows: "night" } sender: "s"
    instruction: "x" expires_after { seconds: 60 } decide_within { seconds: 1 }
    areas { polygons: "1,1 x" } areas { district_id: "n" polygons: "1,1 1,2 2,2" }
    areas { district_id: "n" } })");
  EXPECT_THAT(CheckNotices(wrong.notices()),
              ElementsAre(HasSubstr("windows"), HasSubstr("kinds"), HasSubstr("instruction_fr"),
                          HasSubstr("expires_after"), HasSubstr("decide_within"),
                          HasSubstr("areas[0].district_id"), HasSubstr("'x' is no position"),
                          HasSubstr("four positions"), HasSubstr("named before")));
}

}  // namespace
}  // namespace belgrand::alerting
