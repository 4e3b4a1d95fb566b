// Retention as a data-protection officer carries it out with the real program, under TLS, over
// samples of a service that has run for fourteen years: a plan, a legal hold, the archive, two
// people, a crash in between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <regex>
#include <thread>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/base/file.h"
#include "platform/rpc/call_headers.h"
#include "services/timeseries/sample_store.h"
#include "tests/support/client.h"
#include "tests/support/server_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace belgrand::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RetentionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Of these the first four are past ten years, the next is in the archive, the last in use.
    WriteSamples("2012-03-05", {"old-1", "old-2", "old-3"}, "lab-a");
    WriteSamples("2013-03-05", {"old-4"}, "lab-b");
    WriteSamples(base::FormatInstant(base::Clock::System().Now() - kYear * 8), {"archived"},
                 "lab-a");
    WriteSamples(base::FormatInstant(base::Clock::System().Now() - kYear), {"in-use"}, "lab-a");
    const auto server = authority_.Issue("service", "URI:spiffe://test/service/all");
    for (const char* name : {"dpo/one", "dpo/two", "official/o", "operator/p"}) {
      const std::string file = std::regex_replace(name, std::regex("/"), "-");
      people_[name] = authority_.Issue(file, std::string("URI:spiffe://test/") + name);
    }
    config_ = dir_.path() / "config.textproto";
    ASSERT_OK(base::WriteFileAtomically(
        config_,
        fmt::format("data_dir: \"{}\" listen: \"127.0.0.1:0\" http_listen: \"127.0.0.1:0\"\n"
                    "tls {{ certificate_file: \"{}\" private_key_file: \"{}\" ca_file: \"{}\" }}\n"
                    "access {{ tokens: true }} compliance {{ two_person_above: 2 }}\n",
                    (dir_.path() / "data").string(), server.certificate, server.private_key,
                    server.authorities)));
    Start();
  }

  void WriteSamples(std::string_view day, std::initializer_list<const char*> ids,
                    const std::string& laboratory) {
    base::FakeClock clock(base::ParseInstant(day).value());
    std::filesystem::create_directories(dir_.path() / "data");
    auto store = timeseries::SampleStore::Open(
        timeseries::LayoutOptions(dir_.path() / "data/timeseries"), clock);
    ASSERT_OK(store);
    storage::v1::SiteRecord site;
    site.set_site_id("site");
    site.set_district_id("north");
    site.set_population_served(20'000);
    ASSERT_OK((*store)->sites().Put({site}, clock.Now()));
    std::vector<timeseries::Record> rows;
    for (const char* id : ids) {
      timeseries::Record& row = rows.emplace_back();
      row.set_laboratory_id(laboratory);
      row.set_sample_id(id);
      row.set_site_id("site");
      row.set_target("sars-cov-2");
      row.set_collected_at_us(base::ToMicros(clock.Now()));
      row.set_value(25'000);
      row.set_censoring(1);
      row.set_reported_unit("gc/L");
      row.set_content_hash(id);
    }
    ASSERT_OK((*store)->Append(rows));
  }

  void Start() {
    auto process = ServerProcess::Start({"--config", config_.string()}, dir_.path() / "log");
    ASSERT_OK(process);
    process_ = *std::move(process);
  }

  CommandResult Run(const std::string& who, std::vector<std::string> arguments) {
    const base::TlsFiles& files = people_.at(who);
    for (const std::string& more :
         {std::string("--server"), process_->grpc_address(), std::string("--tls-cert"),
          files.certificate, std::string("--tls-key"), files.private_key, std::string("--tls-ca"),
          files.authorities}) {
      arguments.push_back(more);
    }
    return RunBelgrand(arguments);
  }

  struct Planned {
    std::string text;
    std::string hash;
    std::string now;
  };
  Planned Plan(const std::string& who) {
    const CommandResult result = Run(who, {"retention", "plan"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::smatch found;
    const std::regex command("--plan ([0-9a-f]{64}) --now ([^ \n]+)");
    if (!std::regex_search(result.out, found, command)) ADD_FAILURE() << result.out;
    return {result.out, found[1].str(), found[2].str()};
  }
  CommandResult Act(const std::string& who, const char* verb, const Planned& plan) {
    return Run(who, {"retention", verb, "--plan", plan.hash, "--now", plan.now});
  }

  // Versions of a sample that are shown, with what the call is for, or by default.
  base::StatusOr<int> Versions(const std::string& who, const std::string& laboratory,
                               const std::string& sample, const std::string& purpose = "") {
    rpc::Headers headers;
    if (!purpose.empty()) headers.emplace_back("belgrand-purpose", purpose);
    auto channel =
        rpc::OpenChannelWithHeaders(process_->grpc_address(), people_.at(who), std::move(headers));
    RETURN_IF_ERROR(channel.status());
    timeseries::v1::GetSampleHistoryRequest request;
    request.set_laboratory_id(laboratory);
    request.set_sample_id(sample);
    request.set_target("sars-cov-2");
    const auto stub = timeseries::v1::TimeseriesService::NewStub(*channel);
    ASSIGN_OR_RETURN(
        const auto response,
        Call<timeseries::v1::GetSampleHistoryResponse>(
            *stub, &timeseries::v1::TimeseriesService::Stub::GetSampleHistory, request));
    return response.versions_size();
  }

  static constexpr std::chrono::hours kYear{24 * 366};
  const TempDir dir_;
  TestAuthority authority_{dir_.path() / "tls"};
  std::map<std::string, base::TlsFiles> people_;
  int tokens_ = 0;
  std::filesystem::path config_;
  std::unique_ptr<ServerProcess> process_;
};

TEST_F(RetentionTest, ThePlanTheHoldTheSecondPersonAndTheArchive) {
  const auto code = [&](const std::string& who, const char* sample, const char* purpose = "") {
    return Versions(who, "lab-a", sample, purpose).status().code();
  };
  // In use, in the archive, past its retention.
  EXPECT_EQ(code("official/o", "in-use"), base::StatusCode::kOk);
  EXPECT_EQ(code("official/o", "archived"), base::StatusCode::kNotFound);
  EXPECT_EQ(code("official/o", "old-1"), base::StatusCode::kNotFound);
  EXPECT_EQ(code("operator/p", "archived"), base::StatusCode::kNotFound);
  EXPECT_EQ(code("dpo/one", "archived"), base::StatusCode::kOk);
  EXPECT_EQ(code("dpo/one", "old-1"), base::StatusCode::kOk);
  EXPECT_EQ(code("official/o", "archived", "data-protection"), base::StatusCode::kPermissionDenied)
      << "an official does not say so";
  EXPECT_EQ(code("dpo/one", "archived", "surveillance"), base::StatusCode::kPermissionDenied);

  // The plan, then a hold of one laboratory: it is named, and the old plan is void.
  const Planned first = Plan("dpo/one");
  EXPECT_THAT(first.text, AllOf(HasSubstr("SampleRecord"), HasSubstr("two people"),
                                Not(HasSubstr("legal holds in force"))));
  const auto refused =
      Run("operator/p", {"retention", "hold", "place", "--authority", "court", "--reason",
                         "case 12/2026", "--review-by", "2099-01-01", "--laboratory", "lab-b"});
  EXPECT_THAT(refused.err, HasSubstr("may not call"));
  const auto too_late =
      Run("dpo/one", {"retention", "hold", "place", "--authority", "court", "--reason",
                      "case 12/2026", "--review-by", "2099-01-01", "--laboratory", "lab-b"});
  EXPECT_THAT(too_late.err, HasSubstr("six months"));
  const std::string review =
      base::FormatDay(base::DayOf(base::Clock::System().Now() + std::chrono::hours(24 * 90)));
  const auto placed =
      Run("dpo/one", {"retention", "hold", "place", "--authority", "court", "--reason",
                      "case 12/2026", "--review-by", review, "--laboratory", "lab-b"});
  ASSERT_EQ(placed.exit_code, 0) << placed.err;
  const std::string hold = placed.out.substr(0, placed.out.find(' '));
  EXPECT_THAT(Act("dpo/one", "apply", first).err, HasSubstr("plan again"));

  const Planned plan = Plan("dpo/one");
  EXPECT_THAT(plan.text, AllOf(HasSubstr("legal holds in force"), HasSubstr(hold),
                               HasSubstr("case 12/2026"), HasSubstr("laboratory=lab-b")));
  // Three of lab-a: two people. The same person twice is one.
  EXPECT_THAT(Act("dpo/one", "apply", plan).err, HasSubstr("another person than dpo:one"));
  ASSERT_EQ(Act("dpo/one", "approve", plan).exit_code, 0);
  EXPECT_THAT(Act("dpo/one", "apply", plan).err, HasSubstr("another person than dpo:one"));
  EXPECT_THAT(Act("official/o", "approve", plan).err, HasSubstr("may not call"));
  ASSERT_EQ(Act("operator/p", "approve", plan).exit_code, 0);
  EXPECT_THAT(Act("operator/p", "apply", plan).err, HasSubstr("may not call"));
  const auto applied = Act("dpo/one", "apply", plan);
  ASSERT_EQ(applied.exit_code, 0) << applied.err;
  EXPECT_EQ(code("dpo/one", "old-1"), base::StatusCode::kNotFound) << "deleted";
  EXPECT_EQ(code("dpo/one", "archived"), base::StatusCode::kOk);
  EXPECT_OK(Versions("dpo/one", "lab-b", "old-4")) << "kept";
  EXPECT_EQ(Versions("official/o", "lab-b", "old-4").status().code(), base::StatusCode::kNotFound);

  // Again: nothing is left to delete. The hold outlives a crash; released, what it kept goes.
  EXPECT_THAT(Act("dpo/two", "apply", plan).err, HasSubstr("plan again"));
  process_->Kill();
  Start();
  const Planned kept = Plan("dpo/one");
  EXPECT_THAT(kept.text, HasSubstr(hold));
  ASSERT_EQ(Act("dpo/one", "apply", kept).exit_code, 0);
  EXPECT_OK(Versions("dpo/one", "lab-b", "old-4"));
  ASSERT_EQ(Run("dpo/two", {"retention", "hold", "release", hold}).exit_code, 0);
  const Planned last = Plan("dpo/one");
  EXPECT_THAT(last.text, Not(HasSubstr("two people")));
  ASSERT_EQ(Act("dpo/one", "apply", last).exit_code, 0);
  EXPECT_EQ(Versions("dpo/one", "lab-b", "old-4").status().code(), base::StatusCode::kNotFound);
  EXPECT_THAT(Run("dpo/one", {"retention", "hold", "list"}).out, HasSubstr("released"));

  const auto audit = Run("dpo/one", {"audit", "show"});
  EXPECT_THAT(audit.out, AllOf(HasSubstr("HoldService.PlaceHold"), HasSubstr("ApplyRetention"),
                               HasSubstr("purpose data-protection"),
                               HasSubstr("purpose surveillance"), Not(HasSubstr("case 12/2026"))));
}

TEST_F(RetentionTest, TwoTokensOfOnePersonAreOnePerson) {
  const auto issue = [&](const char* owner) {
    const auto result = Run(
        "operator/p", {"identity", "create", "--owner", owner, "--role", "dpo", "--everything"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const std::string file = dir_.path() / fmt::format("token{}", ++tokens_);
    EXPECT_OK(base::WriteFileAtomically(file, result.out, 0600));
    return file;
  };
  const auto act = [&](const std::string& token, const char* verb, const Planned& plan) {
    EXPECT_EQ(::setenv("BELGRAND_TOKEN_FILE", token.c_str(), 1), 0);
    const auto result = RunBelgrand(
        {"retention", verb, "--plan", plan.hash, "--now", plan.now, "--purpose", "data-protection",
         "--server", process_->grpc_address(), "--tls-ca", people_.at("dpo/one").authorities});
    EXPECT_EQ(::unsetenv("BELGRAND_TOKEN_FILE"), 0);
    return result;
  };
  const std::string one = issue("A. Person");
  const std::string other = issue("A. Person");
  const std::string another = issue("B. Person");
  const Planned plan = Plan("dpo/one");
  ASSERT_EQ(act(one, "approve", plan).exit_code, 0);
  EXPECT_THAT(act(other, "apply", plan).err, HasSubstr("another person"));
  const auto applied = act(another, "apply", plan);
  EXPECT_EQ(applied.exit_code, 0) << applied.err;
}

// At any moment of the deletion.
TEST_F(RetentionTest, KilledWhileItDeletesItIsFinishedByTheNextPlan) {
  for (int round = 0; round < 4; ++round) {
    const Planned plan = Plan("dpo/one");
    if (plan.text.find("two people") != std::string::npos) {
      ASSERT_EQ(Act("dpo/two", "approve", plan).exit_code, 0);
    }
    CommandResult result;
    std::thread apply([&] { result = Act("dpo/one", "apply", plan); });
    // Other moments on other machines: what is tested holds at each.
    std::this_thread::sleep_for(std::chrono::milliseconds(20 * round * round));
    process_->Kill();
    apply.join();
    Start();
  }
  const Planned plan = Plan("dpo/one");
  if (plan.text.find("two people") != std::string::npos) {
    ASSERT_EQ(Act("dpo/two", "approve", plan).exit_code, 0);
  }
  ASSERT_EQ(Act("dpo/one", "apply", plan).exit_code, 0);
  EXPECT_EQ(Versions("dpo/one", "lab-a", "old-1").status().code(), base::StatusCode::kNotFound);
  EXPECT_EQ(Versions("dpo/one", "lab-b", "old-4").status().code(), base::StatusCode::kNotFound);
  EXPECT_OK(Versions("dpo/one", "lab-a", "archived"));
  EXPECT_EQ(process_->Terminate(), 0);
  const auto fsck = RunBelgrand({"fsck", (dir_.path() / "data").string()});
  EXPECT_EQ(fsck.exit_code, 0) << fsck.out << fsck.err;
}

}  // namespace
}  // namespace belgrand::testing
