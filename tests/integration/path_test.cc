// The whole path, on real processes: a laboratory's rows become alerts that an official follows,
// confirms and acknowledges, with everything audited. Runs once with all roles in one process and
// once with every role in its own under mutual TLS.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "platform/base/file.h"
#include "tests/support/client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wave.h"

namespace belgrand::testing {
namespace {

using ingest::v1::Sample;
using ingest::v1::Verdict;
using shared::RoleName;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class PathTest : public ::testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    deployment_ = std::make_unique<Deployment>(GetParam(), dir_.path() / "run");
    ASSERT_OK(deployment_->Start());
    client_ = std::make_unique<Client>(*deployment_);
    ASSERT_OK(client_->PutSites(WaveSites(options_)));
  }

  // Streams everything in batches of 50; returns the verdicts.
  std::vector<Verdict> StreamAll(const std::vector<Sample>& samples) {
    grpc::ClientContext context;
    const auto stream = client_->laboratory->StreamSamples(&context);
    std::vector<Verdict> verdicts;
    for (std::size_t at = 0; at < samples.size(); at += 50) {
      ingest::v1::StreamSamplesRequest request;
      request.set_batch_id(at);
      const auto end =
          samples.begin() + static_cast<std::ptrdiff_t>(std::min(at + 50, samples.size()));
      request.mutable_samples()->Assign(samples.begin() + static_cast<std::ptrdiff_t>(at), end);
      ingest::v1::StreamSamplesResponse response;
      if (!stream->Write(request) || !stream->Read(&response)) break;
      EXPECT_EQ(response.batch_id(), at);
      verdicts.insert(verdicts.end(), response.verdicts().begin(), response.verdicts().end());
    }
    stream->WritesDone();
    const grpc::Status status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return verdicts;
  }

  // What an official's client receives, confirmed up to the last event.
  std::vector<alerting::v1::AlertEvent> FollowUntil(std::uint64_t sequence) {
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(60));
    alerting::v1::FollowAlertsRequest request;
    request.set_subscriber("console");
    const auto reader = client_->official->FollowAlerts(&context, request);
    std::vector<alerting::v1::AlertEvent> events;
    for (alerting::v1::AlertEvent event; events.empty() || events.back().sequence() < sequence;) {
      if (!reader->Read(&event)) break;
      events.push_back(event);
    }
    context.TryCancel();
    reader->Finish();
    if (!events.empty()) {
      alerting::v1::ConfirmEventsRequest confirm;
      confirm.set_subscriber("console");
      confirm.set_up_to_sequence(events.back().sequence());
      EXPECT_OK(Call<alerting::v1::ConfirmEventsResponse>(
          *client_->official, &alerting::v1::AlertingService::Stub::ConfirmEvents, confirm));
    }
    return events;
  }

  std::uint64_t LastSequence(const std::vector<Verdict>& verdicts) {
    std::uint64_t last = 0;
    for (const Verdict& verdict : verdicts) last = std::max(last, verdict.feed_sequence());
    return last;
  }

  const TempDir dir_;
  const WaveOptions options_ = {};
  std::unique_ptr<Deployment> deployment_;
  std::unique_ptr<Client> client_;
};

TEST_P(PathTest, SamplesBecomeAlertsThatAnOfficialReceivesAndAcknowledges) {
  const auto samples = WaveSamples(options_);
  const auto verdicts = StreamAll(samples);
  ASSERT_THAT(verdicts, SizeIs(samples.size()));
  for (const Verdict& verdict : verdicts) {
    ASSERT_EQ(verdict.outcome(), Verdict::ACCEPTED)
        << (verdict.violations_size() > 0 ? verdict.violations(0).message() : "");
  }
  EXPECT_EQ(LastSequence(verdicts), samples.size()) << "the feed has no gap";
  ASSERT_TRUE(client_->WaitForDetection(samples.size()));

  const auto alerts = client_->ListAlerts();
  ASSERT_OK(alerts);
  for (int district = 0; district < options_.districts; ++district) {
    EXPECT_TRUE(std::any_of(alerts->begin(), alerts->end(),
                            [&](const auto& alert) {
                              return alert.district_id() == DistrictName(district) &&
                                     alert.kind() == detection::v1::RISE;
                            }))
        << DistrictName(district) << " saw a wave and raised no alert";
  }

  ASSERT_FALSE(alerts->empty());
  std::uint64_t newest = 0;
  for (const auto& alert : *alerts) {
    const auto detail = client_->GetAlert(alert.alert_id());
    ASSERT_OK(detail);
    ASSERT_FALSE(detail->history().empty());
    newest = std::max(newest, detail->history(detail->history_size() - 1).sequence());
  }
  const auto events = FollowUntil(newest);
  ASSERT_THAT(events, SizeIs(newest));
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].sequence(), i + 1);
    EXPECT_FALSE(events[i].repeat());
  }
  EXPECT_EQ(events[0].kind(), alerting::v1::OPENED);
  EXPECT_THAT(events[0].alert().evidence().explanation(), Not(::testing::IsEmpty()));
  EXPECT_GT(events[0].alert().evidence().samples_size() + events[0].alert().evidence().sites_size(),
            0);
  for (const auto& alert : *alerts) {
    const auto detail = client_->GetAlert(alert.alert_id());
    ASSERT_OK(detail);
    for (const auto& delivery : detail->deliveries()) {
      EXPECT_EQ(delivery.state(), alerting::v1::DELIVERED) << delivery.receiver();
    }
  }
}

TEST_P(PathTest, AcknowledgingWorksThroughTheApiAndTheCommandLine) {
  WaveOptions rising = options_;
  rising.days = 150;  // ends while the wave of both districts still rises
  const auto samples = WaveSamples(rising);
  ASSERT_THAT(StreamAll(samples), SizeIs(samples.size()));
  ASSERT_TRUE(client_->WaitForDetection(samples.size()));
  const auto alerts = client_->ListAlerts();
  ASSERT_OK(alerts);
  std::vector<std::string> open;
  for (const auto& alert : *alerts) {
    if (alert.state() == alerting::v1::OPEN || alert.state() == alerting::v1::OPEN_AGAIN) {
      open.push_back(alert.alert_id());
    }
  }
  ASSERT_GE(open.size(), 2U);

  alerting::v1::AcknowledgeAlertRequest request;
  request.set_alert_id(open[0]);
  const auto acknowledge = [&] {
    return Call<alerting::v1::AcknowledgeAlertResponse>(
        *client_->official, &alerting::v1::AlertingService::Stub::AcknowledgeAlert, request);
  };
  EXPECT_THAT(acknowledge(), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("by")));
  request.set_by("duty officer");
  request.set_comment("calling the plant");
  ASSERT_OK(acknowledge());
  ASSERT_OK(acknowledge()) << "repeating is harmless";
  const auto detail = client_->GetAlert(open[0]);
  ASSERT_OK(detail);
  EXPECT_EQ(detail->alert().state(), alerting::v1::ACKNOWLEDGED);
  EXPECT_EQ(detail->alert().acknowledged_by(), "duty officer");
  EXPECT_EQ(std::count_if(detail->history().begin(), detail->history().end(),
                          [](const auto& event) {
                            return event.kind() == alerting::v1::ACKNOWLEDGED_BY &&
                                   event.comment() == "calling the plant";
                          }),
            1);

  std::vector<std::string> command = {"alerts",      "ack",       open[1], "--by",
                                      "night shift", "--comment", "seen"};
  for (const std::string& flag : deployment_->ClientFlags(RoleName::kAlerting, "official")) {
    command.push_back(flag);
  }
  const CommandResult result = RunBelgrand(command);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto other = client_->GetAlert(open[1]);
  ASSERT_OK(other);
  EXPECT_EQ(other->alert().acknowledged_by(), "night shift");
}

TEST_P(PathTest, ResendingIsSafeAndAChangeNeedsAReason) {
  auto samples = WaveSamples(options_);
  samples.resize(20);
  ASSERT_THAT(StreamAll(samples), SizeIs(20));
  const auto again = StreamAll(samples);
  ASSERT_THAT(again, SizeIs(20));
  for (const Verdict& verdict : again) EXPECT_EQ(verdict.outcome(), Verdict::DUPLICATE);

  Sample changed = samples[3];
  changed.set_value(samples[3].value() * 3);
  const auto refused = client_->Submit({changed});
  ASSERT_OK(refused);
  ASSERT_EQ(refused->verdicts(0).outcome(), Verdict::REJECTED);
  EXPECT_EQ(refused->verdicts(0).violations(0).rule(), "amendment_reason_required");

  const auto before = client_->History(changed);
  ASSERT_OK(before);
  changed.set_amendment_reason("transcription error at the bench");
  const auto amended = client_->Submit({changed});
  ASSERT_OK(amended);
  ASSERT_EQ(amended->verdicts(0).outcome(), Verdict::AMENDED);
  const auto history = client_->History(changed);
  ASSERT_OK(history);
  ASSERT_THAT(history->versions(), SizeIs(2));
  EXPECT_DOUBLE_EQ(history->versions(0).value(), samples[3].value());
  EXPECT_DOUBLE_EQ(history->versions(1).value(), changed.value());

  // As known then: before the amendment was recorded, the old value stands.
  timeseries::v1::ReadSeriesRequest request;
  request.set_site_id(changed.site_id());
  request.set_target(changed.target());
  *request.mutable_from() = changed.collected_at();
  *request.mutable_to() = changed.collected_at();
  request.mutable_to()->set_seconds(request.to().seconds() + 1);
  const auto now = client_->ReadSeries(request);
  ASSERT_OK(now);
  ASSERT_THAT(*now, SizeIs(1));
  EXPECT_DOUBLE_EQ((*now)[0].value(), changed.value());
  *request.mutable_as_of() = history->versions(0).recorded_at();
  const auto then = client_->ReadSeries(request);
  ASSERT_OK(then);
  ASSERT_THAT(*then, SizeIs(1));
  EXPECT_DOUBLE_EQ((*then)[0].value(), samples[3].value());
}

TEST_P(PathTest, EveryAnsweredCallIsInTheAuditLogAndATamperedByteIsNamed) {
  auto samples = WaveSamples(options_);
  samples.resize(30);
  const auto response = client_->Submit(samples);
  ASSERT_OK(response);
  const auto entries = client_->ReadAudit();
  ASSERT_OK(entries);
  const auto entry = std::find_if(entries->begin(), entries->end(), [&](const auto& candidate) {
    return candidate.request_id() == response->request_id();
  });
  ASSERT_NE(entry, entries->end());
  EXPECT_EQ(entry->record_count(), 30U);
  EXPECT_EQ(entry->method(), "belgrand.ingest.v1.IngestService.SubmitSamples");
  const auto history = client_->History(samples[0]);
  ASSERT_OK(history);
  EXPECT_EQ(history->versions(0).request_id(), response->request_id());

  EXPECT_THAT(deployment_->TerminateAll(), Each(0));
  const auto log = deployment_->data(RoleName::kCompliance) / "audit";
  const CommandResult good = RunBelgrand({"audit", "verify", log.string()});
  EXPECT_EQ(good.exit_code, 0) << good.out << good.err;

  const auto bundles = log / "tile" / "entries";
  std::filesystem::path bundle;
  for (const auto& file : std::filesystem::recursive_directory_iterator(bundles)) {
    if (file.is_regular_file()) bundle = file.path();
  }
  ASSERT_FALSE(bundle.empty());
  auto bytes = base::ReadFile(bundle);
  ASSERT_OK(bytes);
  // Inside the third entry: past two entries of (length, content), then into the content.
  std::size_t at = 0;
  for (int skip = 0; skip < 2; ++skip) {
    const auto byte = [&](std::size_t i) -> unsigned {
      return static_cast<unsigned char>((*bytes)[i]);
    };
    at += 2U + (byte(at) << 8U | byte(at + 1));
  }
  (*bytes)[at + 2 + 4] = static_cast<char>((*bytes)[at + 2 + 4] ^ 1);
  ASSERT_OK(base::WriteFileAtomically(bundle, *bytes));
  const CommandResult bad = RunBelgrand({"audit", "verify", log.string()});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_THAT(bad.out + bad.err, HasSubstr("entry 2"));
}

TEST_P(PathTest, NoNameOfAPersonReachesDiskLogOrMetrics) {
  auto samples = WaveSamples(options_);
  samples.resize(40);
  ASSERT_THAT(StreamAll(samples), SizeIs(40));
  std::string bad_name_verdict;
  Sample bad = samples[0];
  bad.set_unit("furlong");
  const auto verdict = client_->Submit({bad});
  ASSERT_OK(verdict);
  EXPECT_EQ(verdict->verdicts(0).outcome(), Verdict::REJECTED);
  std::string seen;
  for (const RoleName role : shared::kAllRoles) {
    ServerProcess& process = deployment_->process(role);
    if (GetParam() == Shape::kOneProcess) seen += HttpGet(process.http_port(), "/metrics");
  }
  EXPECT_THAT(deployment_->TerminateAll(), Each(0));
  seen += deployment_->Logs();
  bool control_found = false;
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir_.path() / "run")) {
    if (!file.is_regular_file()) continue;
    const auto content = base::ReadFile(file.path());
    if (!content.ok()) continue;
    control_found = control_found || content->find("site-0-0") != std::string::npos;
    seen += *content;
  }
  // Positive control: the write-ahead log shows what is stored in clear, so a stored name would
  // show too.
  EXPECT_TRUE(control_found);
  EXPECT_THAT(seen, Not(HasSubstr("sampler of")));
  EXPECT_THAT(seen, Not(HasSubstr("analyst of")));
}

TEST_P(PathTest, OperatorsSeeHealthAndMetricsThatAnswerQuestions) {
  auto samples = WaveSamples(options_);
  samples.resize(12);
  samples[5].set_unit("furlong");
  const auto response = client_->Submit(samples);
  ASSERT_OK(response);
  std::vector<std::string> health = {"health"};
  for (const std::string& flag : deployment_->ClientFlags(RoleName::kIngest, "operator")) {
    health.push_back(flag);
  }
  const CommandResult result = RunBelgrand(health);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  if (GetParam() == Shape::kProcessPerRole) return;  // the page is under mutual TLS there
  const int port = deployment_->process(RoleName::kIngest).http_port();
  EXPECT_EQ(HttpGet(port, "/healthz"), "ok\n");
  EXPECT_TRUE(Eventually([&] { return HttpGet(port, "/readyz") == "ready\n"; }))
      << HttpGet(port, "/readyz");
  const std::string metrics = HttpGet(port, "/metrics");
  EXPECT_THAT(metrics, HasSubstr("belgrand_ingest_rows_total{verdict=\"accepted\"} 11"));
  EXPECT_THAT(metrics, HasSubstr("belgrand_ingest_rows_total{verdict=\"rejected\"} 1"));
}

INSTANTIATE_TEST_SUITE_P(Shapes, PathTest,
                         ::testing::Values(Shape::kOneProcess, Shape::kProcessPerRole),
                         [](const auto& shape) {
                           return shape.param == Shape::kOneProcess ? "OneProcess"
                                                                    : "ProcessPerRole";
                         });

}  // namespace
}  // namespace belgrand::testing
