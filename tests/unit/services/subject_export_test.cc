// Who was shown what, told from the open audit log and those closed before it.
#include "services/compliance/subject_export.h"

#include <gmock/gmock.h>

#include <fstream>

#include "services/compliance/audit_steward.h"
#include "services/shared/timestamp.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {
namespace {

using ::testing::Contains;
using ::testing::Not;

constexpr char kHistory[] = "belgrand.timeseries.v1.TimeseriesService.GetSampleHistory";
constexpr char kProgress[] = "belgrand.detection.v1.DetectionService.GetProgress";

// One record that names the person.
class OneRow final : public PersonHolder {
 public:
  std::string_view name() const override { return "timeseries"; }
  base::StatusOr<v1::FindPersonsResponse> Find(const v1::FindPersonsRequest&) override {
    return v1::FindPersonsResponse();
  }
  base::StatusOr<v1::ErasePersonsResponse> Erase(const v1::ErasePersonsRequest&) override {
    return v1::ErasePersonsResponse();
  }
  base::Status Collect(const v1::CollectPersonsRequest&, const Take& take) override {
    v1::HeldRecord record;
    const auto add = [&](const char* name, const char* value) {
      record.add_fields()->set_name(name);
      record.mutable_fields()->rbegin()->set_value(value);
    };
    add("laboratory_id", "lab-a");
    add("sample_id", "s1");
    add("target", "N");
    return take(std::move(record));
  }
  base::Status Restrict(const v1::SetRestrictionsRequest&) override { return base::OkStatus(); }
};

class SubjectExportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto entries = AuditEntries::Open(dir_.path() / "actor.key");
    ASSERT_OK(entries);
    entries_ = std::make_unique<AuditEntries>(*entries);
    AuditShardsOptions options;
    options.log.directory = dir_.path() / "audit";
    options.log.origin = "test.example/audit";
    options.log.seed_path = dir_.path() / "seed";
    options.closed = dir_.path() / kClosedLogsDirectory;
    options.anchor = dir_.path() / "anchor";
    auto shards = AuditShards::Open(options, clock_, *entries_);
    ASSERT_OK(shards);
    shards_ = *std::move(shards);
    keyring_ = Keyring::OpenDirectory({dir_.path() / "keys"}).value();
    holders_.push_back(std::make_unique<OneRow>());
  }
  void At(const char* day) {
    clock_.Set(base::ParseInstant(day).value());
    ASSERT_OK(shards_->RollIfDue());
  }
  void Called(const char* actor, const char* method, const char* object,
              v1::Decision decision = v1::ALLOWED, const char* kind = "sample") {
    v1::AuditEvent event;
    event.set_actor(actor);
    event.set_role(privacy::v1::HEALTH_OFFICIAL);
    event.set_method(method);
    event.set_decision(decision);
    event.set_object_kind(kind);
    event.set_object_ref(object);
    const std::string entry = entries_->Encode(event, clock_.Now()).value();
    ASSERT_OK(shards_->Append({&entry, 1}));
  }
  // The last message of an export.
  v1::ExportSubjectResponse Export() {
    const SubjectExport exporter(*keyring_, *shards_, holders_);
    v1::Case of_case;
    of_case.set_subject(privacy::v1::SAMPLER);
    v1::ExportSubjectResponse last;
    EXPECT_OK(exporter.Run(of_case, {}, [&](const v1::ExportSubjectResponse& page) {
      last = page;
      return base::OkStatus();
    }));
    EXPECT_TRUE(last.complete());
    return last;
  }

  testing::TempDir dir_;
  base::FakeClock clock_{base::ParseInstant("2031-03-01T08:00:00Z").value()};
  std::unique_ptr<AuditEntries> entries_;
  std::unique_ptr<AuditShards> shards_;
  std::unique_ptr<Keyring> keyring_;
  std::vector<std::unique_ptr<PersonHolder>> holders_;
};

TEST_F(SubjectExportTest, RecipientsOfHalfYearsThatEndedAreAmongThem) {
  Called("official:a", kHistory, "lab-a/s1/N");
  Called("official:b", kHistory, "lab-a/s2/N");
  Called("official:b", kProgress, "");  // shows nobody
  Called("official:c", kHistory, "lab-a/s1/N", v1::DENIED);
  Called("official:c", kHistory, "lab-a/s1/N", v1::ALLOWED, "case_intent");
  At("2031-08-02T09:00:00Z");
  Called("official:a", kHistory, "lab-a/s1/N");
  const auto seen = Export();
  ASSERT_EQ(seen.recipients_size(), 1);
  const v1::DataRecipient& officials = seen.recipients(0);
  EXPECT_EQ(officials.method(), kHistory);
  EXPECT_EQ(officials.calls(), 3U);
  EXPECT_EQ(officials.callers(), 2U);
  EXPECT_EQ(officials.calls_about_records(), 2U);
  EXPECT_EQ(shared::ToInstant(officials.first_at()),
            base::ParseInstant("2031-03-01T08:00:00Z").value());
  EXPECT_EQ(shared::ToInstant(officials.last_at()), clock_.Now());
  EXPECT_EQ(shared::ToInstant(seen.audit_since()),
            base::ParseInstant("2031-03-01T08:00:00Z").value());
  // Five, what the new log says of the old one, and one.
  EXPECT_EQ(seen.audit_entries(), 7U);
  EXPECT_EQ(seen.audit_logs_expired() + seen.audit_logs_damaged(), 0U);
}

TEST_F(SubjectExportTest, SaysWhatTheLogsDoNotHoldAnyMore) {
  Called("official:a", kHistory, "lab-a/s1/N");
  At("2031-07-02T09:00:00Z");
  clock_.Set(base::ParseInstant("2031-09-01").value());
  Called("official:b", kHistory, "lab-a/s1/N");
  At("2032-01-05T09:00:00Z");
  Called("official:c", kHistory, "lab-a/s1/N");
  EXPECT_EQ(Export().recipients(0).calls(), 3U);
  AuditSteward steward(*shards_, clock_);
  ASSERT_OK(steward.Apply(clock_.Now(), {}));
  auto seen = Export();
  EXPECT_EQ(seen.audit_logs_expired(), 1U);
  EXPECT_EQ(seen.recipients(0).calls(), 2U);
  EXPECT_EQ(shared::ToInstant(seen.audit_since()),
            base::ParseInstant("2031-07-02T09:00:00Z").value());
  // A log that is damaged keeps no person from their answer, and is counted.
  const auto closed = shards_->Closed();
  ASSERT_OK(closed);
  std::ofstream(closed->at(1).directory / "checkpoint") << "no checkpoint\n";
  seen = Export();
  EXPECT_EQ(seen.audit_logs_damaged(), 1U);
  EXPECT_EQ(seen.recipients(0).calls(), 1U);
}

TEST_F(SubjectExportTest, PurposesNameTheListsThatHoldAnybody) {
  for (const auto subject : {privacy::v1::SAMPLER, privacy::v1::OFFICIAL, privacy::v1::OPERATOR}) {
    std::vector<std::string> records;
    for (const auto& purpose : PurposesOf(subject)) records.push_back(purpose.record());
    EXPECT_THAT(records, Contains("belgrand.storage.v1.CaseRecord"));
    EXPECT_THAT(records, Contains("belgrand.storage.v1.IdentityRecord"));
    EXPECT_THAT(records, Not(Contains("belgrand.storage.v1.SensorChunkRecord")));
  }
}

}  // namespace
}  // namespace belgrand::compliance
