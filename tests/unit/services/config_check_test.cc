// The mistakes that people make first when they edit the configuration, and what they are told.
#include "services/shared/config_check.h"

#include <gmock/gmock.h>

#include <fstream>

#include "platform/config/load.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::shared {
namespace {

using config::v1::Config;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::vector<std::string> Problems(const std::string& text) {
  const auto config = config::ParseTextproto<config::v1::Config>(text, "belgrand.conf");
  EXPECT_OK(config);
  return config.ok() ? CheckConfig(*config) : std::vector<std::string>{"unparsed"};
}

TEST(ConfigCheckTest, AnEmptyFileIsGood) { EXPECT_THAT(Problems(""), IsEmpty()); }

TEST(WithDefaultsTest, FillsWhatTheProtoPromises) {
  const config::v1::Config config = WithDefaults({});
  EXPECT_EQ(config.data_dir(), "data");
  EXPECT_EQ(config.listen(), "127.0.0.1:7443");
  EXPECT_EQ(config.http_listen(), "127.0.0.1:7480");
  EXPECT_EQ(config.log_level(), "info");
  EXPECT_EQ(config.stop_timeout().seconds(), 10);
  EXPECT_EQ(config.ingest().max_batch_rows(), 5000U);
  EXPECT_EQ(config.ingest().max_message_bytes(), 16U << 20);
  EXPECT_EQ(config.ingest().max_streams(), 64U);
  EXPECT_EQ(config.timeseries().block_cache_bytes(), 64U << 20);
  EXPECT_EQ(config.timeseries().write_buffer_bytes(), 64U << 20);
  EXPECT_EQ(config.timeseries().identity_filter_bytes(), 64U << 20);
  ASSERT_THAT(config.alerting().receivers(), SizeIs(1));
  EXPECT_EQ(config.alerting().receivers(0).name(), "console");
  EXPECT_EQ(config.alerting().receivers(0).stream().give_up_after().seconds(), 24 * 3600);
  EXPECT_EQ(config.alerting().first_retry().seconds(), 5);
  EXPECT_EQ(config.alerting().max_attempts(), 12U);
  EXPECT_EQ(config.compliance().audit_origin(), "belgrand.local/audit");
  EXPECT_EQ(config.compliance().keyring_dir(), "data/keyring");
  EXPECT_FALSE(config.has_tls());
  EXPECT_EQ(WithDefaults(config).SerializeAsString(), config.SerializeAsString());
}

TEST(WithDefaultsTest, KeepsWhatIsSet) {
  config::v1::Config config;
  config.set_data_dir("/srv/b");
  config.mutable_ingest()->set_max_batch_rows(7);
  config.mutable_stop_timeout()->set_seconds(1);
  config = WithDefaults(config);
  EXPECT_EQ(config.compliance().keyring_dir(), "/srv/b/keyring");
  EXPECT_EQ(config.ingest().max_batch_rows(), 7U);
  EXPECT_EQ(config.stop_timeout().seconds(), 1);
}

TEST(ConfigCheckTest, NamesAnAddressThatIsNone) {
  EXPECT_THAT(Problems("listen: \"7443\""),
              ElementsAre(AllOf(StartsWith("listen: "), HasSubstr("'7443' is not host:port"))));
  EXPECT_THAT(Problems("http_listen: \"127.0.0.1:http\""),
              ElementsAre(AllOf(StartsWith("http_listen: "), HasSubstr("port 'http'"))));
  EXPECT_THAT(Problems("listen: \"127.0.0.1:70000\""), ElementsAre(HasSubstr("'70000'")));
  EXPECT_THAT(Problems("listen: \"::1:7443\""), ElementsAre(HasSubstr("in brackets")));
  EXPECT_THAT(Problems("peers { ingest: \"http://lab:7443\" }"),
              ElementsAre(AllOf(StartsWith("peers.ingest: "), HasSubstr("brackets"))));
  EXPECT_THAT(Problems("peers { ingest: \"/tmp/socket:1\" }"),
              ElementsAre(HasSubstr("without a scheme or path")));
  EXPECT_THAT(Problems("peers { ingest: \"127.0.0.1:0\" }"), ElementsAre(HasSubstr("port 0")));
}

TEST(ConfigCheckTest, RefusesToLeaveTheMachineWithoutTls) {
  EXPECT_THAT(Problems("listen: \"0.0.0.0:7443\""),
              ElementsAre(AllOf(StartsWith("listen: "), HasSubstr("add a tls block"))));
  EXPECT_THAT(Problems("http_listen: \"[::]:7480\""), ElementsAre(StartsWith("http_listen: ")));
  EXPECT_THAT(Problems("peers { compliance: \"belgrand-compliance:7443\" }"),
              ElementsAre(AllOf(StartsWith("peers.compliance: "), HasSubstr("tls is not set"))));
  EXPECT_THAT(Problems("listen: \"localhost:0\" http_listen: \"[::1]:0\" "
                       "peers { ingest: \"127.0.0.9:1\" }"),
              IsEmpty());
}

TEST(CheckPeersOfTest, NamesEachRoleThatIsCalledAndHasNoAddress) {
  const Config none;
  EXPECT_THAT(CheckPeersOf(none, {kAllRoles.begin(), kAllRoles.end()}), IsEmpty());
  EXPECT_THAT(
      CheckPeersOf(none, {RoleName::kIngest}),
      ElementsAre("peers.compliance: is not set, and this process serves ingest, which needs the "
                  "compliance role; give its host:port, or add compliance to --role",
                  "peers.timeseries: is not set, and this process serves ingest, which needs the "
                  "timeseries role; give its host:port, or add timeseries to --role"));
  EXPECT_THAT(CheckPeersOf(none, {RoleName::kIngest, RoleName::kDetection, RoleName::kTimeseries}),
              ElementsAre(AllOf(StartsWith("peers.compliance: "),
                                HasSubstr("serves timeseries and ingest and detection,")),
                          AllOf(StartsWith("peers.alerting: "), HasSubstr("serves detection,"))));
  EXPECT_THAT(CheckPeersOf(none, {}), IsEmpty()) << "a client calls nobody by this";
  Config some;
  some.mutable_peers()->set_compliance("127.0.0.1:1");
  EXPECT_THAT(CheckPeersOf(some, {RoleName::kTimeseries}), IsEmpty());
  EXPECT_THAT(CheckPeersOf(some, {RoleName::kIngest}),
              ElementsAre(StartsWith("peers.timeseries: ")));
}

TEST(ConfigCheckTest, RefusesOneAddressForTwoListeners) {
  EXPECT_THAT(Problems("listen: \"127.0.0.1:9000\" http_listen: \"127.0.0.1:9000\""),
              ElementsAre(StartsWith("http_listen: ")));
  EXPECT_THAT(Problems("listen: \"127.0.0.1:0\" http_listen: \"127.0.0.1:0\""), IsEmpty());
}

TEST(ConfigCheckTest, NamesEachTlsFileThatIsMissing) {
  const testing::TempDir dir;
  const std::string good = (dir.path() / "cert.pem").string();
  std::ofstream(good) << "pem";
  EXPECT_THAT(Problems("tls { certificate_file: \"" + good + "\" ca_file: \"" +
                       (dir.path() / "ca.pem").string() + "\" }"),
              ElementsAre(AllOf(StartsWith("tls.private_key_file: "), HasSubstr("is missing")),
                          AllOf(StartsWith("tls.ca_file: "), HasSubstr("does not exist"))));
  EXPECT_THAT(Problems("tls { certificate_file: \"" + good + "\" private_key_file: \"" + good +
                       "\" ca_file: \"" + dir.path().string() + "\" }"),
              ElementsAre(AllOf(StartsWith("tls.ca_file: "), HasSubstr("is not a file"))));
  EXPECT_THAT(Problems("listen: \"0.0.0.0:7443\" tls { certificate_file: \"" + good +
                       "\" private_key_file: \"" + good + "\" ca_file: \"" + good + "\" }"),
              IsEmpty());
}

TEST(ConfigCheckTest, KeepsBackupsApartFromTheDataAndTheKeys) {
  for (const char* backups : {"d", "d/backups", ".", "/"}) {
    EXPECT_THAT(Problems(std::string("data_dir: \"d\" compliance { keyring_dir: \"d/keyring\" } "
                                     "backup { directory: \"") +
                         backups + "\" }"),
                ::testing::Contains(
                    AllOf(StartsWith("backup.directory: "), HasSubstr("overlaps data_dir"))))
        << backups;
  }
  EXPECT_THAT(Problems("data_dir: \"d\" compliance { keyring_dir: \"keys\" } "
                       "backup { directory: \"keys/backups\" }"),
              ElementsAre(AllOf(StartsWith("backup.directory: "),
                                HasSubstr("overlaps compliance.keyring_dir"))));
  EXPECT_THAT(Problems("data_dir: \"d\" backup { directory: \"backups\" keep: 2 }"), IsEmpty());
}

TEST(ConfigCheckTest, KeepsTheKeyringOutOfTheDataOfARole) {
  for (const char* keyring :
       {"d/timeseries", "d/timeseries/keys", "d/./compliance/../compliance/", "d", ".", "/"}) {
    EXPECT_THAT(
        Problems(std::string("data_dir: \"d\" compliance { keyring_dir: \"") + keyring + "\" }"),
        ElementsAre(AllOf(StartsWith("compliance.keyring_dir: "), HasSubstr("overlaps"))))
        << keyring;
  }
  for (const char* keyring : {"d/keyring", "d/timeseries-keys", "elsewhere", "/srv/keyring"}) {
    EXPECT_THAT(
        Problems(std::string("data_dir: \"d\" compliance { keyring_dir: \"") + keyring + "\" }"),
        IsEmpty())
        << keyring;
  }
}

TEST(ConfigCheckTest, RefusesADataDirectoryThatIsAFile) {
  const testing::TempDir dir;
  const std::string file = (dir.path() / "file").string();
  std::ofstream(file) << "x";
  EXPECT_THAT(Problems("data_dir: \"" + file + "\""),
              Contains(AllOf(StartsWith("data_dir: "), HasSubstr("no directory"))));
}

TEST(ConfigCheckTest, NamesALimitThatIsOutOfRange) {
  EXPECT_THAT(Problems("ingest { max_batch_rows: 1000000 }"),
              ElementsAre("ingest.max_batch_rows: 1000000 is outside 1 to 10000"));
  EXPECT_THAT(Problems("ingest { max_message_bytes: 1000 }"),
              ElementsAre(StartsWith("ingest.max_message_bytes: 1000 ")));
  EXPECT_THAT(Problems("ingest { max_streams: 4000000000 }"),
              ElementsAre(StartsWith("ingest.max_streams: ")));
  EXPECT_THAT(
      Problems("ingest { max_batch_rows: 100 max_rows_in_flight_per_laboratory: 99 }"),
      ElementsAre(StartsWith("ingest.max_rows_in_flight_per_laboratory: 99 is outside 100")));
  EXPECT_THAT(Problems("ingest { max_message_bytes: 200000000 }"), IsEmpty());
  EXPECT_THAT(Problems("ingest { max_message_bytes: 1000000 max_bytes_in_flight: 1999999 }"),
              ElementsAre(StartsWith("ingest.max_bytes_in_flight: 1999999 is outside 2000000")));
  EXPECT_THAT(Problems("ingest { stream_idle_timeout {} acknowledgement_timeout {} }"), SizeIs(2));
  EXPECT_THAT(Problems("connections { max_header_bytes: 10 max_idle {} max_age {} }"), SizeIs(3));
  EXPECT_THAT(Problems("timeseries { block_cache_bytes: 64 write_buffer_bytes: 64 "
                       "identity_filter_bytes: 64 }"),
              SizeIs(3));
  EXPECT_THAT(Problems("stop_timeout { seconds: -1 }"), ElementsAre(StartsWith("stop_timeout: ")));
  EXPECT_THAT(Problems("stop_timeout { seconds: 100000 }"), SizeIs(1));
}

TEST(ConfigCheckTest, NamesALogLevelThatIsNone) {
  EXPECT_THAT(Problems("log_level: \"verbose\""),
              ElementsAre(AllOf(StartsWith("log_level: "), HasSubstr("verbose"))));
}

TEST(ConfigCheckTest, RefusesAnOriginThatASignedNoteCannotCarry) {
  EXPECT_THAT(Problems("compliance { audit_origin: \"my log\" }"),
              ElementsAre(StartsWith("compliance.audit_origin: ")));
  EXPECT_THAT(Problems("compliance { audit_origin: \"a+b\" }"), SizeIs(1));
}

// Published test keys (tests/golden/compliance_vectors.json).
constexpr char kLogKey[] =
    "audit.belgrand.example/log1+12236281+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
constexpr char kWitnessKey[] =
    "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";

TEST(ConfigCheckTest, TakesWitnessesAndTheRoleOfOne) {
  EXPECT_THAT(Problems(fmt::format("compliance {{ witnesses {{ url: 'https://w.example/witness' "
                                   "verifier_key: '{}' }} }}",
                                   kWitnessKey)),
              IsEmpty());
  EXPECT_THAT(
      Problems(fmt::format("witness {{ name: 'w.example/w1' log_verifier_keys: '{}' }}", kLogKey)),
      IsEmpty());
}

TEST(ConfigCheckTest, NamesWhatIsWrongWithAWitness) {
  EXPECT_THAT(
      Problems(
          fmt::format("compliance {{ witnesses {{ url: 'http://w.example/' verifier_key: '{0}' }}\n"
                      "witnesses {{ url: 'https://w.example/' verifier_key: '{1}' tls {{ }} }}\n"
                      "witnesses {{ url: 'https://w.example/' verifier_key: '{1}' }} }}",
                      kLogKey, kWitnessKey)),
      ElementsAre(AllOf(StartsWith("compliance.witnesses[0].url: "), HasSubstr("use https")),
                  AllOf(StartsWith("compliance.witnesses[0].verifier_key: "), HasSubstr("type 4")),
                  StartsWith("compliance.witnesses[1].tls.ca_file: "),
                  AllOf(StartsWith("compliance.witnesses[2].verifier_key: "), HasSubstr("twice"))));
  EXPECT_THAT(Problems("witness { name: 'a b' }"),
              ElementsAre(StartsWith("witness.name: "), StartsWith("witness.log_verifier_keys: ")));
  EXPECT_THAT(
      Problems(fmt::format("witness {{ name: 'w' log_verifier_keys: ['{}', 'x'] }}", kWitnessKey)),
      ElementsAre(AllOf(StartsWith("witness.log_verifier_keys[0]: "), HasSubstr("type 1")),
                  StartsWith("witness.log_verifier_keys[1]: ")));
}

TEST(ConfigCheckTest, ReportsEveryProblemAtOnce) {
  EXPECT_THAT(Problems("listen: \"x\" http_listen: \"0.0.0.0:80\" log_level: \"loud\" "
                       "tls { } ingest { max_batch_rows: 4000000000 } "
                       "peers { alerting: \"nowhere\" }"),
              SizeIs(7));
}

}  // namespace
}  // namespace belgrand::shared
