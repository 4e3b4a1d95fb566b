#include "platform/config/load.h"

#include <fstream>
#include <random>
#include <string>

#include "belgrand/config/v1/config.pb.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::config {
namespace {

using ::belgrand::testing::IsOk;
using ::belgrand::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = base::StatusCode::kInvalidArgument;

base::Status Parse(std::string_view text, v1::Config* config) {
  return ParseTextproto(text, "belgrand.conf", config);
}
base::Status Parse(std::string_view text) {
  v1::Config config;
  return Parse(text, &config);
}

TEST(TextprotoTest, ReadsAFileAsItIsWritten) {
  v1::Config config;
  ASSERT_OK(
      Parse("# where data lives\ndata_dir: \"/var/lib/belgrand\"\n"
            "ingest { max_batch_rows: 100 }\nstop_timeout { seconds: 3 }\n",
            &config));
  EXPECT_EQ(config.data_dir(), "/var/lib/belgrand");
  EXPECT_EQ(config.ingest().max_batch_rows(), 100U);
  EXPECT_EQ(config.stop_timeout().seconds(), 3);
}

TEST(TextprotoTest, AnEmptyFileIsTheDefault) { EXPECT_OK(Parse("")); }

TEST(TextprotoTest, NamesATypoItsPlaceAndTheNearestName) {
  EXPECT_THAT(Parse("data_dir: \"d\"\nlistn: \"127.0.0.1:0\"\n"),
              StatusIs(kInvalid,
                       "belgrand.conf:2:1: belgrand.config.v1.Config has no field "
                       "'listn'; did you mean 'listen'?"));
}

TEST(TextprotoTest, FindsATypoInsideABlockAndBehindTabs) {
  EXPECT_THAT(Parse("tls {\n\t\tca_fil: \"ca.pem\"\n}\n"),
              StatusIs(kInvalid, HasSubstr("belgrand.conf:2:3: belgrand.config.v1.Tls has no field "
                                           "'ca_fil'; did you mean 'ca_file'?")));
}

TEST(TextprotoTest, SaysWhereAMisplacedFieldBelongs) {
  EXPECT_THAT(Parse("max_batch_rows: 100\n"),
              StatusIs(kInvalid, HasSubstr("belgrand.conf:1:1: belgrand.config.v1.Config has no "
                                           "field 'max_batch_rows'; it belongs inside ingest {")));
}

TEST(TextprotoTest, ListsTheKnownNamesWhenNoneIsNear) {
  EXPECT_THAT(Parse("tls { zzzzzzzzzzzz: 1 }\n"),
              StatusIs(kInvalid, HasSubstr("it has: certificate_file, private_key_file, ca_file")));
}

TEST(TextprotoTest, NamesAValueOfTheWrongType) {
  EXPECT_THAT(Parse("ingest {\n  max_batch_rows: \"many\"\n}\n"),
              StatusIs(kInvalid, AllOf(HasSubstr("belgrand.conf:2:19: "), HasSubstr("integer"))));
  EXPECT_THAT(Parse("listen: 7443\n"),
              StatusIs(kInvalid, AllOf(HasSubstr("belgrand.conf:1:9: "), HasSubstr("string"))));
  EXPECT_THAT(Parse("reflection: maybe\n"),
              StatusIs(kInvalid, AllOf(HasSubstr("belgrand.conf:1:13: "), HasSubstr("reflection"),
                                       HasSubstr("true or false"))));
}

TEST(TextprotoTest, ReportsIndependentMistakesTogether) {
  EXPECT_THAT(
      Parse("data_dirr: \"d\"\nlisten: 7443\nreflection: maybe\nhttp_listn: \"x\"\n"),
      StatusIs(kInvalid, AllOf(HasSubstr("belgrand.conf:1:1: "), HasSubstr("'data_dir'"),
                               HasSubstr("belgrand.conf:2:9: "), HasSubstr("belgrand.conf:3:"),
                               HasSubstr("'http_listen'"), HasSubstr("belgrand.conf:4:1: "))));
}

TEST(TextprotoTest, InventsNoMistakeBehindATextOfTwoLines) {
  EXPECT_THAT(
      Parse("reflection: \"a\"\n  \"b\"\ndata_dir: \"d\"\n"),
      StatusIs(kInvalid, AllOf(HasSubstr("belgrand.conf:1:"), Not(HasSubstr("belgrand.conf:2:")))));
}

TEST(TextprotoTest, RefusesABlockThatIsNotClosed) {
  EXPECT_THAT(Parse("tls {\n  ca_file: \"x\"\n"),
              StatusIs(kInvalid, HasSubstr("belgrand.conf:3:")));
}

TEST(TextprotoTest, RefusesAFieldGivenTwice) {
  EXPECT_THAT(Parse("data_dir: \"a\"\ndata_dir: \"b\"\n"),
              StatusIs(kInvalid, AllOf(HasSubstr("belgrand.conf:2:"), HasSubstr("data_dir"))));
}

TEST(TextprotoTest, RefusesTwoChannelsForOneReceiver) {
  EXPECT_THAT(Parse("alerting { receivers { name: \"r\" stream {} mail {} } }\n"),
              StatusIs(kInvalid, HasSubstr("oneof")));
}

TEST(TextprotoTest, NamesTheByteThatIsNotUtf8) {
  EXPECT_THAT(Parse("data_dir: \"d\"\nlisten: \"caf\xe9\"\n"),
              StatusIs(kInvalid,
                       "belgrand.conf:2:13: byte 0xe9 is not UTF-8: save the file as "
                       "UTF-8"));
  EXPECT_THAT(Parse("data_dir: \"\xc0\xaf\"\n"), StatusIs(kInvalid, HasSubstr("0xc0")));
  EXPECT_THAT(Parse("data_dir: \"\xed\xa0\x80\"\n"), StatusIs(kInvalid, HasSubstr("0xed")));
  EXPECT_OK(
      Parse("\xEF\xBB\xBF"
            "data_dir: \"donn\xc3\xa9"
            "es\"\n"));
}

TEST(TextprotoTest, LeavesTheMessageAloneOnError) {
  v1::Config config;
  config.set_data_dir("before");
  EXPECT_THAT(Parse("data_dir: \"after\"\nlistn: \"x\"\n", &config), Not(IsOk()));
  EXPECT_EQ(config.data_dir(), "before");
  ASSERT_OK(Parse("listen: \"x\"\n", &config));
  EXPECT_EQ(config.data_dir(), "");
}

TEST(TextprotoTest, RefusesMoreThanTheLimit) {
  EXPECT_THAT(Parse(std::string(kMaxConfigBytes + 1, '#')),
              StatusIs(kInvalid, HasSubstr("1048577")));
  EXPECT_OK(Parse(std::string(kMaxConfigBytes, '#')));
}

TEST(TextprotoTest, StopsAtAManageableNumberOfProblems) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "wrong_" + std::to_string(i) + ": 1\n";
  const std::string message = base::Message(Parse(text));
  EXPECT_THAT(message, HasSubstr("more problems"));
  EXPECT_LT(message.size(), 20'000U);
}

TEST(TextprotoTest, SurvivesDepthAndLength) {
  std::string deep;
  for (int i = 0; i < 300'000; ++i) deep += "x{";
  EXPECT_THAT(Parse(deep), Not(IsOk()));
  const std::string name(500'000, 'n');
  EXPECT_THAT(Parse(name + ": 1\n"), Not(IsOk()));
  EXPECT_THAT(Parse("reflection: " + name + "\n"), Not(IsOk()));
  EXPECT_THAT(Parse("reflection: \"" + name + "\"\nlisten: 1\n"), Not(IsOk()));
  EXPECT_LT(base::Message(Parse(name + ": 1\n")).size(), 20'000U);
}

TEST(TextprotoTest, SurvivesRandomDamage) {
  const std::string good =
      "data_dir: \"d\"\nlisten: '127.0.0.1:0'\ntls { ca_file: \"x\" }\ningest {\n  max_batch_rows: "
      "7 "
      "# rows\n}\nalerting { receivers { name: \"r\" stream {} } receivers { name: \"m\" mail { "
      "to: "
      "[\"a\", \"b\"] } } }\nreflection: true\nstop_timeout { seconds: 3 nanos: -1 }\n";
  ASSERT_OK(Parse(good));
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (auto edits = 1 + random() % 4; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random() % 256);
          break;
        case 1:
          text.erase(at, 1 + random() % 5);
          break;
        default:
          text.insert(at, 1, "{}[]:\"'\n#<>x0-"[random() % 14]);
      }
    }
    const base::Status status = Parse(text);
    if (status.ok()) continue;
    ++refused;
    EXPECT_THAT(base::Message(status), ::testing::StartsWith("belgrand.conf:")) << text;
  }
  EXPECT_GT(refused, 1000);
}

TEST(LoadTextprotoTest, NamesTheFileThatIsMissingOrADirectory) {
  const testing::TempDir dir;
  EXPECT_THAT(LoadTextproto<v1::Config>(dir.path() / "none.conf"),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("none.conf")));
  EXPECT_THAT(LoadTextproto<v1::Config>(dir.path()),
              StatusIs(kInvalid, HasSubstr("is a directory")));
}

TEST(LoadTextprotoTest, LoadsAFileAndNamesItInProblems) {
  const testing::TempDir dir;
  const auto path = dir.path() / "belgrand.conf";
  std::ofstream(path) << "log_level: \"debug\"\n";
  const base::StatusOr<v1::Config> config = LoadTextproto<v1::Config>(path);
  ASSERT_OK(config);
  EXPECT_EQ(config->log_level(), "debug");
  std::ofstream(path) << "log_levle: \"debug\"\n";
  EXPECT_THAT(LoadTextproto<v1::Config>(path),
              StatusIs(kInvalid, HasSubstr(path.string() + ":1:1: ")));
}

}  // namespace
}  // namespace belgrand::config
