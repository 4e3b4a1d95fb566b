// Tokens of links and what they may do: rules one by one, then a random run against a model.
#include "alerting/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "alerting/convert.h"
#include "alerting/link_desk.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/alerting/sample_event.h"
#include "tests/unit/alerting/signals.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::StatusIs;
using belgrand::testing::TempDir;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SampleEvent;
using testing::Signal;

constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";
constexpr base::Duration kValid = std::chrono::hours(72);
constexpr char kAnna[] = "anna@city.example";
constexpr char kBo[] = "bo@city.example";

LinkOptions Options(const std::string& instance = "instance") {
  return {.public_url = "https://alerts.city.example",
          .valid_for = kValid,
          .secret = kSecret,
          .instance_id = instance};
}

std::string TokenOf(const std::string& url) { return url.substr(url.rfind('/') + 1); }

Signal DistrictSignal(const std::string& district, std::uint64_t feed, Signal::Phase phase,
                      detection::v1::Severity severity) {
  return testing::MakeSignal(
      {.area = district, .phase = phase, .severity = severity, .feed = feed, .district = district});
}

TEST(LinkSignerTest, ATokenSaysWhatWasSignedAndNoAddress) {
  const LinkSigner signer(Options());
  const v1::AlertEvent event = SampleEvent();
  const std::string url = signer.Url(event, LinkAction::kDismiss, kAnna);
  EXPECT_THAT(url, HasSubstr("https://alerts.city.example/act/"));
  EXPECT_EQ(TokenOf(url).find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                           "0123456789-_"),
            std::string::npos);
  const auto claim = signer.Open(TokenOf(url));
  ASSERT_OK(claim);
  EXPECT_EQ(claim->action, LinkAction::kDismiss);
  EXPECT_EQ(claim->event_sequence, 7U);
  EXPECT_EQ(claim->alert_id, event.alert().alert_id());
  EXPECT_EQ(claim->person, signer.PersonOf(kAnna));
  EXPECT_EQ(claim->expires, base::FromMicros(event.at().seconds() * 1'000'000) + kValid);
  EXPECT_EQ(signer.Url(event, LinkAction::kDismiss, kAnna), url) << "a repeat holds the same link";
}

TEST(LinkSignerTest, EverythingThatIsBoundChangesTheToken) {
  const LinkSigner signer(Options());
  std::set<std::string> tokens;
  v1::AlertEvent event = SampleEvent();
  const auto add = [&](LinkAction action, const char* address) {
    tokens.insert(TokenOf(signer.Url(event, action, address)));
  };
  add(LinkAction::kAcknowledge, kAnna);
  add(LinkAction::kDismiss, kAnna);
  add(LinkAction::kAcknowledge, kBo);
  event.set_sequence(8);
  add(LinkAction::kAcknowledge, kAnna);
  event.mutable_alert()->set_alert_id("a/b/c");
  add(LinkAction::kAcknowledge, kAnna);
  event.mutable_at()->set_seconds(event.at().seconds() + 1);
  add(LinkAction::kAcknowledge, kAnna);
  EXPECT_EQ(tokens.size(), 6U);
}

TEST(LinkSignerTest, NoChangedBitAndNoOtherKeyOpens) {
  const LinkSigner signer(Options());
  const std::string token = TokenOf(signer.Url(SampleEvent(), LinkAction::kAcknowledge, kAnna));
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char c : {'A', 'z', '-', '+', '=', '%', '\0'}) {
      std::string changed = token;
      if (changed[i] == c) continue;
      changed[i] = c;
      EXPECT_THAT(signer.Open(changed), StatusIs(base::StatusCode::kPermissionDenied, ::testing::_))
          << i;
    }
    EXPECT_FALSE(signer.Open(token.substr(0, i)).ok());
  }
  EXPECT_FALSE(signer.Open(token + "A").ok());
  EXPECT_FALSE(signer.Open("").ok());
  EXPECT_FALSE(signer.Open(std::string(100'000, 'A')).ok());
  EXPECT_FALSE(LinkSigner(Options("another")).Open(token).ok()) << "of another database";
  LinkOptions other = Options();
  other.secret = "another secret of thirty-two bytes";
  EXPECT_FALSE(LinkSigner(other).Open(token).ok());
  EXPECT_THAT(signer.Open(token + "A").status().ToString(), Not(HasSubstr(token)));
}

// A desk on a book on disk that tests close and open again.
class Office {
 public:
  Office() { Restart(); }
  ~Office() { Close(); }

  void Restart() {
    Close();
    auto store = OpenAlertStore(dir_.path() / "alerting");
    ASSERT_OK(store);
    store_ = *std::move(store);
    auto book = AlertBook::Open(*store_, clock_, {{}, "instance"});
    ASSERT_OK(book);
    book_ = *std::move(book);
    signer_ = std::make_unique<LinkSigner>(Options(book_->instance_id()));
    desk_ = std::make_unique<LinkDesk>(
        *book_, *store_, clock_, *signer_,
        LinkDesk::Persons{{signer_->PersonOf(kAnna), {kAnna, Language::kFrench}},
                          {signer_->PersonOf(kBo), {kBo, Language::kEnglish}}});
  }

  void Apply(const Signal& signal) {
    const Signal* pointer = &signal;
    EXPECT_OK(book_->Apply({&pointer, 1}));
  }
  v1::AlertEvent NewestEvent() {
    const auto event = book_->Event(book_->newest_sequence());
    EXPECT_OK(event);
    return ToWire(*event, Repeat::kNo);
  }
  std::string Token(const v1::AlertEvent& event, LinkAction action, const char* who) {
    return TokenOf(signer_->Url(event, action, who));
  }
  LinkVerdict Use(const std::string& token, const std::string& words = "words") {
    return desk_
        ->Use(token, words,
              [this](const LinkClaim&, const base::Status&) {
                ++witnessed_;
                return witness_;
              })
        .verdict;
  }
  LinkVerdict Look(const std::string& token) { return desk_->Look(token).verdict; }

  AlertBook& book() { return *book_; }
  base::FakeClock& clock() { return clock_; }
  base::Status witness_;
  int witnessed_ = 0;

 private:
  void Close() {
    desk_.reset();
    signer_.reset();
    book_.reset();
    store_.reset();
  }

  TempDir dir_;
  base::FakeClock clock_{base::FromMicros(1'700'000'000'000'000)};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<AlertBook> book_;
  std::unique_ptr<LinkSigner> signer_;
  std::unique_ptr<LinkDesk> desk_;
};

class LinkDeskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    office_.Apply(DistrictSignal("north", 1, Signal::RAISED, detection::v1::WARNING));
    event_ = office_.NewestEvent();
  }
  std::string Acknowledge(const char* who = kAnna) {
    return office_.Token(event_, LinkAction::kAcknowledge, who);
  }
  std::string Dismiss(const char* who = kAnna) {
    return office_.Token(event_, LinkAction::kDismiss, who);
  }
  v1::AlertState State() {
    return static_cast<v1::AlertState>(office_.book().Get(event_.alert().alert_id())->state());
  }
  Office office_;
  v1::AlertEvent event_;
};

TEST_F(LinkDeskTest, ALookChangesNothingHoweverOften) {
  const std::uint64_t before = office_.book().newest_sequence();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(office_.Look(Acknowledge()), LinkVerdict::kUsable);
    EXPECT_EQ(office_.Look(Dismiss()), LinkVerdict::kUsable);
  }
  EXPECT_EQ(office_.book().newest_sequence(), before);
  EXPECT_EQ(office_.witnessed_, 0);
  EXPECT_EQ(State(), v1::OPEN);
}

TEST_F(LinkDeskTest, AUseActsInThePersonsNameOnceAlsoAfterARestart) {
  EXPECT_EQ(office_.Use(Acknowledge(), "calling the clinic"), LinkVerdict::kDone);
  const auto alert = office_.book().Get(event_.alert().alert_id());
  ASSERT_OK(alert);
  EXPECT_EQ(alert->state(), v1::ACKNOWLEDGED);
  EXPECT_EQ(alert->acknowledged_by(), kAnna);
  EXPECT_EQ(office_.book().History(event_.alert().alert_id())->back().comment(),
            "calling the clinic");
  EXPECT_EQ(office_.Use(Acknowledge()), LinkVerdict::kUsedBefore);
  office_.Restart();
  EXPECT_EQ(office_.Look(Acknowledge()), LinkVerdict::kUsedBefore);
  EXPECT_EQ(office_.Use(Acknowledge()), LinkVerdict::kUsedBefore);
  EXPECT_EQ(office_.witnessed_, 3) << "refused uses are witnessed as well";
  EXPECT_EQ(office_.Look(Acknowledge(kBo)), LinkVerdict::kUsable)
      << "everybody's link is their own";
  EXPECT_EQ(office_.Use(Acknowledge(kBo)), LinkVerdict::kTaken) << "it is Anna's now, and says so";
  EXPECT_EQ(office_.book().Get(event_.alert().alert_id())->acknowledged_by(), kAnna);
  EXPECT_EQ(office_.Use(Acknowledge(kBo)), LinkVerdict::kUsedBefore);
}

TEST_F(LinkDeskTest, DismissingNeedsAReasonAndTheLinkWaitsForIt) {
  EXPECT_EQ(office_.Use(Dismiss(), " \n"), LinkVerdict::kNeedsReason);
  EXPECT_EQ(State(), v1::OPEN);
  EXPECT_EQ(office_.Use(Dismiss(), "pump test"), LinkVerdict::kDone);
  EXPECT_EQ(State(), v1::DISMISSED);
  EXPECT_EQ(office_.Use(Acknowledge()), LinkVerdict::kOutdated) << "it is closed";
}

TEST_F(LinkDeskTest, ExpiredStrangersAndForgeriesDoNothing) {
  EXPECT_EQ(office_.Use(Acknowledge("carl@elsewhere.example")), LinkVerdict::kUnknown);
  EXPECT_EQ(office_.Use("forged"), LinkVerdict::kInvalid);
  const std::string late = Acknowledge();
  office_.clock().Advance(kValid);
  EXPECT_EQ(office_.Use(late), LinkVerdict::kExpired);
  EXPECT_EQ(State(), v1::OPEN);
}

TEST_F(LinkDeskTest, ALinkOfAnEarlierEpisodeDoesNotTouchTheNextOne) {
  const std::string old = Acknowledge();
  office_.Apply(DistrictSignal("north", 2, Signal::CLEARED, detection::v1::WARNING));
  office_.Apply(DistrictSignal("north", 3, Signal::RAISED, detection::v1::WARNING));
  ASSERT_EQ(State(), v1::OPEN_AGAIN);
  EXPECT_EQ(office_.Use(old), LinkVerdict::kOutdated);
  EXPECT_EQ(State(), v1::OPEN_AGAIN);
}

TEST_F(LinkDeskTest, WithoutAWitnessNothingIsSaidToBeDoneAndTheLinkStays) {
  office_.witness_ = base::Unavailable("no audit log");
  EXPECT_EQ(office_.Use(Acknowledge()), LinkVerdict::kUnavailable);
  office_.witness_ = base::OkStatus();
  EXPECT_EQ(office_.Use(Acknowledge()), LinkVerdict::kDone);
  EXPECT_EQ(office_.book().History(event_.alert().alert_id())->size(), 2U)
      << "acknowledged once, whatever became of the first answer";
}

// Against a model that knows of each token only: what it is for, when it ends, and whether it was
// answered as done.
TEST(LinkDeskModelTest, RandomUsesWithRestartsFollowTheModel) {
  struct Link {
    std::string token;
    LinkAction action;
    std::string who;
    std::string alert_id;
    std::uint32_t episode;
    base::Instant expires;
    bool used = false;
  };
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  Office office;
  std::vector<Link> links;
  std::uint64_t feed = 0;
  std::map<LinkVerdict, int> seen;
  for (int step = 0; step < 1'500; ++step) {
    const std::size_t what = pick(20);
    if (what < 3) {
      const std::string district = std::vector<std::string>{"north", "south"}[pick(2)];
      const std::uint64_t before = office.book().newest_sequence();
      office.Apply(DistrictSignal(district, ++feed, pick(3) == 0 ? Signal::CLEARED : Signal::RAISED,
                                  pick(2) == 0 ? detection::v1::WARNING : detection::v1::CRITICAL));
      if (office.book().newest_sequence() == before) continue;
      const v1::AlertEvent event = office.NewestEvent();
      for (const auto action : {LinkAction::kAcknowledge, LinkAction::kDismiss}) {
        for (const char* who : {kAnna, kBo}) {
          links.push_back({office.Token(event, action, who), action, who, event.alert().alert_id(),
                           event.alert().episode(),
                           base::FromMicros(event.at().seconds() * 1'000'000) + kValid});
        }
      }
    } else if (what == 3) {
      office.Restart();
    } else if (what == 4) {
      office.clock().Advance(std::chrono::hours(pick(12)));
    } else if (!links.empty()) {
      // Mostly recent ones: the old have all expired.
      Link& link = links[links.size() - 1 - pick(std::min<std::size_t>(links.size(), 24))];
      const auto alert = office.book().Get(link.alert_id);
      ASSERT_OK(alert);
      const bool open = !IsClosed(alert->state()) && alert->episode() == link.episode;
      const bool fails = pick(8) == 0;
      office.witness_ = fails ? base::Unavailable("no audit log") : base::OkStatus();
      LinkVerdict expected = link.used                              ? LinkVerdict::kUsedBefore
                             : office.clock().Now() >= link.expires ? LinkVerdict::kExpired
                             : !open                                ? LinkVerdict::kOutdated
                                                                    : LinkVerdict::kUsable;
      const std::uint64_t before = office.book().newest_sequence();
      ASSERT_EQ(office.Look(link.token), expected);
      ASSERT_EQ(office.book().newest_sequence(), before) << "a look changed something";
      if (what < 8) continue;
      if (fails) {
        expected = LinkVerdict::kUnavailable;
      } else if (expected == LinkVerdict::kUsable) {
        const bool taken = link.action == LinkAction::kAcknowledge &&
                           alert->state() == v1::ACKNOWLEDGED &&
                           alert->acknowledged_by() != link.who;
        expected = taken ? LinkVerdict::kTaken : LinkVerdict::kDone;
        link.used = true;
      }
      const LinkVerdict verdict = office.Use(link.token);
      ASSERT_EQ(verdict, expected);
      ++seen[verdict];
      const auto after = office.book().Get(link.alert_id);
      ASSERT_OK(after);
      if (verdict == LinkVerdict::kDone) {
        ASSERT_EQ(after->state(),
                  link.action == LinkAction::kDismiss ? v1::DISMISSED : v1::ACKNOWLEDGED);
      } else if (!open || verdict == LinkVerdict::kExpired || verdict == LinkVerdict::kUsedBefore ||
                 verdict == LinkVerdict::kTaken) {
        ASSERT_EQ(after->state(), alert->state()) << "a refused use changed something";
      }
    }
  }
  for (const auto verdict : {LinkVerdict::kDone, LinkVerdict::kUsedBefore, LinkVerdict::kOutdated,
                             LinkVerdict::kUnavailable, LinkVerdict::kTaken}) {
    EXPECT_GT(seen[verdict], 0) << "never came: " << static_cast<int>(verdict);
  }
}

}  // namespace
}  // namespace belgrand::alerting
