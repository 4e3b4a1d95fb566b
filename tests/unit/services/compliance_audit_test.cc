// The audit half of the compliance role: entries, references, reading, failing closed.
#include <map>
#include <random>

#include "belgrand/storage/v1/audit_entry.pb.h"
#include "compliance/audit_verify.h"
#include "platform/base/file.h"
#include "platform/base/utf8.h"
#include "services/compliance/audit_entries.h"
#include "tests/support/file_size_limit.h"
#include "tests/unit/services/compliance_fixture.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::IsOk;
using ::belgrand::testing::StatusIs;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using ComplianceAuditTest = testing::ComplianceFixture;

TEST_F(ComplianceAuditTest, FirstLogsThatItStarted) {
  const auto entries = Read(0, 10);
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].method(), "start");
  EXPECT_EQ(entries[0].object_ref(), "compliance");
  EXPECT_EQ(entries[0].at_us(), base::ToMicros(clock_.Now()));
}

TEST_F(ComplianceAuditTest, KeepsWhatWasReportedWithoutTheName) {
  v1::AppendAuditRequest request;
  auto& event = *request.add_events();
  *event.mutable_at() = shared::ToTimestamp(base::ParseInstant("2031-05-01T10:00:00Z").value());
  event.set_actor("official:canary.name");
  event.set_role(privacy::v1::HEALTH_OFFICIAL);
  event.set_method("belgrand.alerting.v1.AlertingService.GetAlert");
  event.set_decision(v1::DENIED);
  event.set_status_code(7);
  event.set_request_id("r1");
  event.set_object_kind("alert");
  event.set_object_ref("D1/fluav/rise");
  event.set_record_count(4);
  v1::AppendAuditResponse response;
  ASSERT_OK(Call(&Stub::AppendAudit, request, &response));
  EXPECT_EQ(response.first_index(), 1U);
  const auto entry = Read(1, 1).at(0);
  EXPECT_EQ(base::FormatInstant(base::FromMicros(entry.at_us())), "2031-05-01T10:00:00Z");
  EXPECT_EQ(entry.role(), privacy::v1::HEALTH_OFFICIAL);
  EXPECT_EQ(entry.method(), "belgrand.alerting.v1.AlertingService.GetAlert");
  EXPECT_EQ(entry.decision(), v1::DENIED);
  EXPECT_EQ(entry.status_code(), 7);
  EXPECT_EQ(entry.request_id(), "r1");
  EXPECT_EQ(entry.object_kind(), "alert");
  EXPECT_EQ(entry.object_ref(), "D1/fluav/rise");
  EXPECT_EQ(entry.record_count(), 4U);
  EXPECT_THAT(entry.actor_ref(), SizeIs(16));
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir_.path())) {
    if (!file.is_regular_file()) continue;
    EXPECT_THAT(base::ReadFile(file.path()).value(), Not(HasSubstr("canary.name"))) << file.path();
  }
}

TEST_F(ComplianceAuditTest, GivesAnActorOneReferenceAcrossRestarts) {
  ASSERT_OK(Append("official:a", "m"));
  const std::string first = Read(last_index_, 1).at(0).actor_ref();
  ASSERT_OK(Append("official:b", "m"));
  EXPECT_NE(Read(last_index_, 1).at(0).actor_ref(), first);
  Restart();
  ASSERT_OK(Append("official:a", "m"));
  EXPECT_EQ(Read(last_index_, 1).at(0).actor_ref(), first);
}

TEST_F(ComplianceAuditTest, LosesEveryReferenceWithTheKey) {
  ASSERT_OK(Append("official:a", "m"));
  const std::string first = Read(last_index_, 1).at(0).actor_ref();
  End();
  std::filesystem::remove(dir_.path() / "keys/audit_actor.key");
  Begin();
  ASSERT_OK(Append("official:a", "m"));
  EXPECT_NE(Read(last_index_, 1).at(0).actor_ref(), first);
}

TEST_F(ComplianceAuditTest, LogsThatTheLogWasRead) {
  Read(0, 10);
  const auto entries = Read(1, 1);
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].method(), "belgrand.compliance.v1.ComplianceService.ReadAudit");
  EXPECT_EQ(entries[0].object_kind(), "audit");
  EXPECT_EQ(entries[0].object_ref(), "0+10");
  EXPECT_EQ(entries[0].record_count(), 1U);
}

TEST_F(ComplianceAuditTest, RefusesToReadOutsideItsLimits) {
  const auto read = [&](std::uint64_t first, std::uint32_t count) {
    v1::ReadAuditRequest request;
    request.set_first_index(first);
    request.set_count(count);
    v1::ReadAuditResponse response;
    const base::Status status = Call(&Stub::ReadAudit, request, &response);
    EXPECT_THAT(response.entries(), IsEmpty());
    return status;
  };
  EXPECT_THAT(read(0, 0), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("1 to 1000")));
  EXPECT_THAT(read(0, 1001), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("1001")));
  EXPECT_THAT(read(999, 1), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("999")));
}

TEST_F(ComplianceAuditTest, RefusesEventsThatSayNothing) {
  EXPECT_THAT(Append("", "m"), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("no actor")));
  EXPECT_THAT(Append("a", ""),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("no method")));
  v1::AppendAuditResponse response;
  EXPECT_THAT(Call(&Stub::AppendAudit, v1::AppendAuditRequest(), &response),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("0 events")));
  EXPECT_THAT(Read(0, 10), SizeIs(1));
}

TEST_F(ComplianceAuditTest, SignsACheckpointThatVerifiesOffline) {
  for (int i = 0; i < 300; ++i) ASSERT_OK(Append("laboratory:l", "m"));
  v1::GetCheckpointResponse checkpoint;
  ASSERT_OK(Call(&Stub::GetCheckpoint, v1::GetCheckpointRequest(), &checkpoint));
  EXPECT_THAT(checkpoint.checkpoint(), HasSubstr("belgrand.local/audit\n301\n"));
  const auto report = VerifyAuditLog(log_directory(), checkpoint.verifier_key());
  ASSERT_OK(report);
  EXPECT_TRUE(report->ok()) << FormatAuditReport(*report);
  EXPECT_EQ(report->signed_entries, 301U);
}

TEST_F(ComplianceAuditTest, AnswersNothingThatItCannotLog) {
  ASSERT_OK(Append("laboratory:l", "m"));
  v1::ReadAuditRequest read;
  read.set_count(10);
  {
    const testing::FileSizeLimit full(1);
    EXPECT_THAT(Append("laboratory:l", "m"),
                AnyOf(StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("")),
                      StatusIs(base::StatusCode::kUnavailable, HasSubstr(""))));
    v1::ReadAuditResponse response;
    EXPECT_THAT(Call(&Stub::ReadAudit, read, &response),
                StatusIs(base::StatusCode::kUnavailable, HasSubstr("audit log")));
    EXPECT_THAT(response.entries(), IsEmpty());
    EXPECT_THAT(role_->Ready(), Not(IsOk()));
  }
  ASSERT_OK(Append("laboratory:l", "m"));
  EXPECT_OK(role_->Ready());
  EXPECT_EQ(last_index_, 2U);
  Restart();
  EXPECT_THAT(Read(0, 10), SizeIs(4));  // start, two appends, start
}

TEST_F(ComplianceAuditTest, KeepsEveryAcknowledgedEntryOverRandomRestarts) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::map<std::uint64_t, std::string> model;
  for (int step = 0; step < 200; ++step) {
    const auto choice = random() % 100;
    if (choice < 80) {
      const std::string method = "m" + std::to_string(random() % 1000);
      ASSERT_OK(Append("laboratory:" + std::to_string(random() % 5), method));
      ASSERT_TRUE(model.emplace(last_index_, method).second) << "index given twice";
    } else if (choice < 97 && !model.empty()) {
      auto known = model.begin();
      std::advance(known, static_cast<std::ptrdiff_t>(random() % model.size()));
      ASSERT_EQ(Read(known->first, 1).at(0).method(), known->second);
    } else {
      Restart();
    }
    clock_.Advance(std::chrono::seconds(random() % 30));
  }
  Restart();
  for (const auto& [index, method] : model) ASSERT_EQ(Read(index, 1).at(0).method(), method);
  End();
  const auto report = VerifyAuditLog(log_directory(), "");
  ASSERT_OK(report);
  EXPECT_TRUE(report->ok()) << FormatAuditReport(*report);
  EXPECT_EQ(report->unsigned_entries(), 0U);
}

TEST(AuditEntriesTest, CutsWhatIsTooLongAndKeepsItUtf8) {
  const testing::TempDir dir;
  const auto entries = AuditEntries::Open(dir.path() / "key");
  ASSERT_OK(entries);
  v1::AuditEvent event;
  event.set_actor(std::string(100'000, 'a'));
  event.set_method("m");
  event.set_decision(v1::ALLOWED);
  std::string reference;
  for (int i = 0; i < 1000; ++i) reference += "\xc3\xa9";
  event.set_object_ref(reference);
  event.set_object_kind("bad \xff byte");
  const auto bytes = entries->Encode(event, base::FromMicros(5));
  ASSERT_OK(bytes);
  EXPECT_LT(bytes->size(), 65'535U);
  storage::v1::AuditEntry entry;
  ASSERT_TRUE(entry.ParseFromString(*bytes));
  EXPECT_LE(entry.object_ref().size(), 512U);
  EXPECT_THAT(entry.object_ref(), ::testing::EndsWith("\xc3\xa9..."));
  EXPECT_EQ(entry.object_kind(), "bad ...");
  EXPECT_TRUE(base::IsUtf8(entry.object_ref()));
  EXPECT_EQ(entry.at_us(), 5);
}

TEST(AuditEntriesTest, RefusesAKeyFileThatIsNone) {
  const testing::TempDir dir;
  ASSERT_OK(base::WriteFileAtomically(dir.path() / "key", "short"));
  EXPECT_THAT(AuditEntries::Open(dir.path() / "key"),
              StatusIs(base::StatusCode::kDataLoss, HasSubstr("32 bytes")));
}

TEST(AuditEntriesTest, MakesAPrivateKeyFile) {
  const testing::TempDir dir;
  ASSERT_OK(AuditEntries::Open(dir.path() / "key"));
  const auto permissions = std::filesystem::status(dir.path() / "key").permissions();
  EXPECT_EQ(permissions & std::filesystem::perms(0777), std::filesystem::perms(0600));
  EXPECT_EQ(std::filesystem::file_size(dir.path() / "key"), 32U);
}

}  // namespace
}  // namespace belgrand::compliance
