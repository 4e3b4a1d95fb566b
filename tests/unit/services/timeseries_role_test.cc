// The time series role over a real gRPC server, with a fake audit log behind the guard.
#include "services/timeseries/timeseries_role.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/server.h"
#include "platform/rpc/status.h"
#include "services/shared/timestamp.h"
#include "services/timeseries/follower_set.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::timeseries {
namespace {

using belgrand::testing::StatusIs;
using ::testing::HasSubstr;
using Response = v1::AppendSamplesResponse;

base::Instant At(std::string_view text) { return *base::ParseInstant(text); }

class CountingCompliance final : public compliance::v1::ComplianceService::Service {
 public:
  grpc::Status AppendAudit(grpc::ServerContext*, const compliance::v1::AppendAuditRequest* request,
                           compliance::v1::AppendAuditResponse*) override {
    const base::MutexLock lock(mutex_);
    for (const auto& event : request->events()) {
      entries_.push_back(event.method().substr(event.method().rfind('.') + 1) + " " +
                         event.object_ref());
    }
    return grpc::Status::OK;
  }
  std::vector<std::string> entries() {
    const base::MutexLock lock(mutex_);
    return entries_;
  }

 private:
  base::Mutex mutex_;
  std::vector<std::string> entries_;
};

class TimeseriesRoleTest : public ::testing::Test {
 protected:
  TimeseriesRoleTest() {
    auto role = CreateTimeseriesRole({}, {clock_, metrics_, peers_, guard_, directory_.path()});
    EXPECT_OK(role);
    role_ = std::move(*role);
    rpc::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.services = role_->services();
    options.services.push_back(&compliance_);
    auto server = rpc::Server::Create(options);
    EXPECT_OK(server);
    server_ = std::move(*server);
    peers_.Set(shared::RoleName::kCompliance, server_->InProcessChannel());
    EXPECT_OK(role_->Start());
    guard_.Open();
    channel_ = *rpc::OpenChannel("127.0.0.1:" + std::to_string(server_->port()), std::nullopt);
    samples_ = v1::TimeseriesService::NewStub(channel_);
    sites_ = v1::SiteService::NewStub(channel_);
    steward_ = compliance::v1::TimeseriesStewardService::NewStub(channel_);
    EXPECT_OK(PutSites({Site("shieldhall"), Site("seafield")}));
  }
  ~TimeseriesRoleTest() override {
    role_->Stop();
    server_->Stop(std::chrono::seconds(10));
  }

  static v1::Site Site(const std::string& id) {
    v1::Site site;
    site.set_site_id(id);
    site.set_district_id("district of " + id);
    site.set_population_served(1000);
    return site;
  }
  static v1::SampleVersion Sample(const std::string& id, const std::string& site, double value) {
    v1::SampleVersion sample;
    sample.set_laboratory_id("lab");
    sample.set_sample_id(id);
    sample.set_site_id(site);
    sample.set_target("sars-cov-2");
    *sample.mutable_collected_at() = shared::ToTimestamp(At("2021-01-04T08:00:00.5Z"));
    sample.set_value(value);
    sample.set_censoring(ingest::v1::NONE);
    sample.set_lod(0.5);
    sample.add_quality_flags(ingest::v1::DELAYED_ARRIVAL);
    sample.set_sampled_by_sealed("sealed name");
    sample.set_content_hash(id + site + std::to_string(value));
    return sample;
  }
  base::Status PutSites(const std::vector<v1::Site>& sites) {
    grpc::ClientContext context;
    v1::PutSitesRequest request;
    for (const v1::Site& site : sites) *request.add_sites() = site;
    v1::PutSitesResponse response;
    return rpc::FromGrpc(sites_->PutSites(&context, request, &response));
  }
  base::StatusOr<Response> Append(const std::vector<v1::SampleVersion>& samples,
                                  bool dry_run = false) {
    clock_.Advance(std::chrono::seconds(1));
    grpc::ClientContext context;
    v1::AppendSamplesRequest request;
    request.set_dry_run(dry_run);
    for (const v1::SampleVersion& sample : samples) *request.add_samples() = sample;
    Response response;
    RETURN_IF_ERROR(rpc::FromGrpc(samples_->AppendSamples(&context, request, &response)));
    return response;
  }
  base::StatusOr<std::vector<v1::SampleVersion>> Read(const v1::ReadSeriesRequest& request) {
    grpc::ClientContext context;
    auto reader = samples_->ReadSeries(&context, request);
    std::vector<v1::SampleVersion> rows;
    v1::ReadSeriesResponse response;
    while (reader->Read(&response)) {
      EXPECT_LE(response.samples_size(), 500);
      rows.insert(rows.end(), response.samples().begin(), response.samples().end());
    }
    RETURN_IF_ERROR(rpc::FromGrpc(reader->Finish()));
    return rows;
  }
  static v1::ReadSeriesRequest Series(const std::string& site) {
    v1::ReadSeriesRequest request;
    request.set_site_id(site);
    request.set_target("sars-cov-2");
    return request;
  }

  base::FakeClock clock_{At("2021-01-05")};
  metrics::Registry metrics_;
  shared::Peers peers_;
  shared::Guard guard_{clock_, metrics_, peers_};
  belgrand::testing::TempDir directory_;
  CountingCompliance compliance_;
  std::unique_ptr<shared::Role> role_;
  std::unique_ptr<rpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::TimeseriesService::Stub> samples_;
  std::unique_ptr<v1::SiteService::Stub> sites_;
  std::unique_ptr<compliance::v1::TimeseriesStewardService::Stub> steward_;
};

TEST_F(TimeseriesRoleTest, EveryFieldOfASampleComesBackButTheSealedNames) {
  v1::SampleVersion sample = Sample("s1", "shieldhall", 5000);
  *sample.mutable_known_at() = shared::ToTimestamp(At("2021-01-05T09:00:00Z"));
  sample.set_loq(2);
  sample.set_flow_m3_per_day(1234.5);
  sample.set_population_served(99);
  sample.set_method_id("m1");
  sample.set_reported_unit("gc/mL");
  sample.set_analysed_by_sealed("sealed too");
  sample.set_amendment_reason("first");
  sample.set_request_id("r1");
  ASSERT_OK(Append({sample}));
  const auto rows = Read(Series("shieldhall"));
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 1u);
  v1::SampleVersion expected = sample;
  expected.clear_sampled_by_sealed();
  expected.clear_analysed_by_sealed();
  expected.set_version(1);
  expected.set_feed_sequence(1);
  *expected.mutable_recorded_at() = shared::ToTimestamp(clock_.Now());
  EXPECT_EQ(rows->at(0).SerializeAsString(), expected.SerializeAsString());
}

TEST_F(TimeseriesRoleTest, AppendAnswersEachRowInOrder) {
  ASSERT_OK(Append({Sample("s1", "shieldhall", 1)}));
  v1::SampleVersion amended = Sample("s1", "shieldhall", 2);
  amended.set_amendment_reason("typo");
  const std::vector<v1::SampleVersion> rows = {
      Sample("s2", "seafield", 1), Sample("s1", "shieldhall", 1), Sample("s1", "shieldhall", 2),
      amended, Sample("s3", "nowhere", 1)};
  const auto dry = Append(rows, true);
  ASSERT_OK(dry);
  const auto response = Append(rows);
  ASSERT_OK(response);
  const std::vector<Response::Outcome> expected = {Response::STORED, Response::DUPLICATE,
                                                   Response::REASON_MISSING, Response::AMENDED,
                                                   Response::UNKNOWN_SITE};
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(response->results(i).outcome(), expected[static_cast<std::size_t>(i)]) << i;
    EXPECT_EQ(dry->results(i).outcome(), expected[static_cast<std::size_t>(i)]) << i;
  }
  EXPECT_EQ(response->results(3).version(), 2u);
  EXPECT_EQ(response->results(3).feed_sequence(), 3u);
  EXPECT_EQ(response->results(3).previous().value(), 1);
  EXPECT_TRUE(response->results(3).previous().sampled_by_sealed().empty());
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("belgrand_timeseries_rows_total{outcome=\"duplicate\"} 1"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("belgrand_timeseries_newest_feed_number 3"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("belgrand_timeseries_append_seconds_count 2"));
}

TEST_F(TimeseriesRoleTest, BadAppendsAreRefused) {
  EXPECT_THAT(Append({}), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("0 rows")));
  v1::SampleVersion timeless = Sample("s1", "shieldhall", 1);
  timeless.clear_collected_at();
  EXPECT_THAT(Append({timeless}),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("collected_at")));
}

TEST_F(TimeseriesRoleTest, LongSeriesComeInMessagesOfAtMost500AndRespectAsOf) {
  std::vector<v1::SampleVersion> rows;
  for (int i = 0; i < 1201; ++i) rows.push_back(Sample(fmt::format("s{}", i), "seafield", i));
  ASSERT_OK(Append(rows));
  const base::Instant then = clock_.Now();
  ASSERT_OK(Append({Sample("later", "seafield", 1)}));
  EXPECT_EQ(Read(Series("seafield"))->size(), 1202u);
  v1::ReadSeriesRequest request = Series("seafield");
  *request.mutable_as_of() = shared::ToTimestamp(then);
  EXPECT_EQ(Read(request)->size(), 1201u);
  *request.mutable_from() = shared::ToTimestamp(At("2021-01-04T09:00:00Z"));
  EXPECT_EQ(Read(request)->size(), 0u);
  EXPECT_THAT(Read(Series("nowhere")), StatusIs(base::StatusCode::kNotFound, HasSubstr("nowhere")));
}

TEST_F(TimeseriesRoleTest, HistoryIsAuditedByReference) {
  ASSERT_OK(Append({Sample("s1", "shieldhall", 1)}));
  v1::GetSampleHistoryRequest request;
  request.set_laboratory_id("lab");
  request.set_sample_id("s1");
  request.set_target("sars-cov-2");
  v1::GetSampleHistoryResponse response;
  {
    grpc::ClientContext context;
    ASSERT_OK(rpc::FromGrpc(samples_->GetSampleHistory(&context, request, &response)));
  }
  ASSERT_EQ(response.versions_size(), 1);
  // A loopback caller holds every role, the data protection officer's included.
  EXPECT_EQ(response.versions(0).sampled_by_sealed(), "sealed name");
  EXPECT_EQ(compliance_.entries().back(), "GetSampleHistory lab/s1/sars-cov-2");
  request.set_sample_id("<script>");
  grpc::ClientContext context;
  EXPECT_THAT(rpc::FromGrpc(samples_->GetSampleHistory(&context, request, &response)),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("<script>")));
  EXPECT_EQ(compliance_.entries().back(), "GetSampleHistory not an identifier");
}

TEST_F(TimeseriesRoleTest, FollowerGetsWhatIsStoredThenWhatComesAndResumesExactly) {
  std::vector<v1::SampleVersion> rows;
  for (int i = 0; i < 700; ++i) rows.push_back(Sample(fmt::format("s{}", i), "seafield", i));
  ASSERT_OK(Append(rows));
  std::uint64_t position = 0;
  {
    grpc::ClientContext context;
    auto reader = samples_->FollowFeed(&context, {});
    v1::FollowFeedResponse response;
    while (position < 700 && reader->Read(&response)) {
      EXPECT_LE(response.samples_size(), 500);
      for (const auto& sample : response.samples()) {
        EXPECT_EQ(sample.feed_sequence(), ++position);
        EXPECT_TRUE(sample.sampled_by_sealed().empty());
      }
      EXPECT_EQ(response.newest_sequence(), 700u);
    }
    EXPECT_THAT(metrics_.Text(), HasSubstr("belgrand_timeseries_followers 1"));
    ASSERT_OK(Append({Sample("live", "shieldhall", 1)}));
    ASSERT_TRUE(reader->Read(&response));
    EXPECT_EQ(response.samples(0).feed_sequence(), 701u);
    context.TryCancel();
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  grpc::ClientContext context;
  v1::FollowFeedRequest request;
  request.set_after_sequence(position);
  auto reader = samples_->FollowFeed(&context, request);
  v1::FollowFeedResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.samples(0).feed_sequence(), 701u);
  role_->Stop();
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TimeseriesRoleTest, FollowerOfAnotherDatabaseIsTurnedAway) {
  grpc::ClientContext context;
  v1::FollowFeedRequest request;
  request.set_after_sequence(5);
  auto reader = samples_->FollowFeed(&context, request);
  v1::FollowFeedResponse response;
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_THAT(rpc::FromGrpc(reader->Finish()),
              StatusIs(base::StatusCode::kOutOfRange, HasSubstr("another database")));
}

TEST_F(TimeseriesRoleTest, AFollowerShowsThePlaceItWasGivenAndIsLetInOnlyWithIt) {
  ASSERT_OK(Append({Sample("s1", "seafield", 1), Sample("s2", "seafield", 2)}));
  v1::FollowFeedResponse response;
  {
    grpc::ClientContext context;
    auto reader = samples_->FollowFeed(&context, {});
    ASSERT_TRUE(reader->Read(&response));
    context.TryCancel();
  }
  EXPECT_EQ(response.covered_sequence(), 2u);
  EXPECT_EQ(response.point().sequence(), 2u);
  v1::FollowFeedRequest request;  // from the beginning, and having been further already
  *request.mutable_handled() = response.point();
  {
    grpc::ClientContext context;
    auto reader = samples_->FollowFeed(&context, request);
    ASSERT_TRUE(reader->Read(&response));
    EXPECT_EQ(response.samples_size(), 2);
    context.TryCancel();
  }
  request.mutable_handled()->set_digest("of another entry");
  grpc::ClientContext context;
  auto reader = samples_->FollowFeed(&context, request);
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_THAT(rpc::FromGrpc(reader->Finish()),
              StatusIs(base::StatusCode::kOutOfRange, HasSubstr("older copy")));
}

TEST_F(TimeseriesRoleTest, ASiteKeepsItsHistoryAndEveryEditIsAudited) {
  v1::Site site = Site("shieldhall");
  site.set_population_served(0);
  auto& first = *site.add_populations();
  first.set_persons(1000);
  auto& second = *site.add_populations();
  *second.mutable_valid_from() = shared::ToTimestamp(At("2020-07-01"));
  second.set_persons(1500);
  auto& shares = *site.add_districts();
  shares.add_shares()->set_district_id(site.district_id());
  shares.mutable_shares(0)->set_share(0.75);
  shares.add_shares()->set_district_id("elsewhere");
  shares.mutable_shares(1)->set_share(0.25);
  site.set_institution(v1::CORRECTIONAL);
  auto& catchment = *site.mutable_catchment();
  catchment.set_license("CC0-1.0");
  auto& ring = *catchment.add_polygons()->add_rings();
  for (const double number : {0, 0, 1, 0, 1, 1, 0, 0}) ring.add_positions(number);
  const base::Instant before = clock_.Now();
  clock_.Advance(std::chrono::hours(1));
  ASSERT_OK(PutSites({site}));
  EXPECT_EQ(compliance_.entries().back(), "PutSites catalogue 2, site shieldhall");

  const auto list = [&](const v1::ListSitesRequest& request) {
    grpc::ClientContext context;
    v1::ListSitesResponse response;
    EXPECT_OK(rpc::FromGrpc(sites_->ListSites(&context, request, &response)));
    return response;
  };
  v1::ListSitesRequest request;
  request.set_site_id("shieldhall");
  v1::Site read = list(request).sites(0);
  EXPECT_EQ(read.population_served(), 1500);
  EXPECT_EQ(read.populations_size(), 2);
  EXPECT_EQ(read.districts(0).shares_size(), 2);
  EXPECT_EQ(read.version(), 2u);
  EXPECT_EQ(read.catchment().polygons_size(), 0);
  EXPECT_EQ(read.catchment().position_count(), 4u);
  request.set_with_catchments(true);
  EXPECT_EQ(list(request).sites(0).catchment().polygons(0).rings(0).positions_size(), 8);
  *request.mutable_as_of() = shared::ToTimestamp(before);
  EXPECT_EQ(list(request).sites(0).population_served(), 1000) << "as it was then";

  grpc::ClientContext context;
  v1::GetSiteHistoryRequest of;
  of.set_site_id("shieldhall");
  v1::GetSiteHistoryResponse history;
  ASSERT_OK(rpc::FromGrpc(sites_->GetSiteHistory(&context, of, &history)));
  ASSERT_EQ(history.versions_size(), 2);
  EXPECT_EQ(history.versions(0).population_served(), 1000);
  EXPECT_EQ(history.versions(1).catalogue_version(), 2u);
  grpc::ClientContext again;
  of.set_site_id("nowhere");
  EXPECT_THAT(rpc::FromGrpc(sites_->GetSiteHistory(&again, of, &history)),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("nowhere")));
}

TEST_F(TimeseriesRoleTest, EveryPartOfASiteIsCheckedAndNamed) {
  v1::Site bad = Site("bad");
  bad.add_populations()->set_persons(-1);
  bad.add_populations()->set_persons(1);
  bad.add_districts()->add_shares()->set_share(1.5);
  bad.set_institution(static_cast<v1::InstitutionClass>(99));
  auto& ring = *bad.mutable_catchment()->add_polygons()->add_rings();
  for (const double number : {0, 0, 1, 1, 1, 0, 0, 0}) ring.add_positions(number);
  bad.mutable_catchment()->set_license("CC0-1.0");
  const base::Status status = PutSites({bad});
  const auto payload = status.GetPayload("type.googleapis.com/google.rpc.BadRequest");
  ASSERT_TRUE(payload) << base::Message(status);
  const std::string details(*payload);
  for (const char* field :
       {"sites[0].populations[0].persons", "sites[0].populations[1].valid_from",
        "sites[0].population_served", "sites[0].districts[0].shares[0].district_id",
        "sites[0].districts[0].shares[0].share", "sites[0].institution",
        "sites[0].catchment.polygons[0].rings[0]", "sites[0].district_id"}) {
    EXPECT_THAT(details, HasSubstr(field));
  }
  EXPECT_THAT(details, HasSubstr("runs clockwise"));
}

TEST_F(TimeseriesRoleTest, SitesAreListedByDistrictAndEveryViolationIsNamed) {
  grpc::ClientContext context;
  v1::ListSitesRequest request;
  request.set_district_id("district of seafield");
  v1::ListSitesResponse response;
  ASSERT_OK(rpc::FromGrpc(sites_->ListSites(&context, request, &response)));
  ASSERT_EQ(response.sites_size(), 1);
  EXPECT_EQ(response.sites(0).site_id(), "seafield");
  EXPECT_EQ(response.catalogue_version(), 1u);
  v1::Site bad = Site("new");
  bad.set_population_served(0);
  bad.set_district_id("");
  const base::Status status = PutSites({Site("fine"), bad, Site("fine")});
  EXPECT_THAT(status, StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("3 violation(s)")));
  const auto payload = status.GetPayload("type.googleapis.com/google.rpc.BadRequest");
  ASSERT_TRUE(payload);
  const std::string details(*payload);
  EXPECT_THAT(details, HasSubstr("sites[1].district_id"));
  EXPECT_THAT(details, HasSubstr("sites[1].population_served"));
  EXPECT_THAT(details, HasSubstr("sites[2].site_id"));
  grpc::ClientContext again;
  request.clear_district_id();
  ASSERT_OK(rpc::FromGrpc(sites_->ListSites(&again, request, &response)));
  EXPECT_EQ(response.sites_size(), 2) << "nothing of the refused request was stored";
}

TEST_F(TimeseriesRoleTest, RetentionIsPlannedForTheFutureButNeverAppliedThere) {
  ASSERT_OK(Append({Sample("s1", "shieldhall", 1)}));
  compliance::v1::PlanExpiryRequest plan;
  *plan.mutable_now() = shared::ToTimestamp(At("2022-06-01"));
  compliance::v1::PlanExpiryResponse planned;
  {
    grpc::ClientContext context;
    ASSERT_OK(rpc::FromGrpc(steward_->PlanExpiry(&context, plan, &planned)));
  }
  EXPECT_THAT(planned.lines(), ::testing::Contains(::testing::Truly([](const auto& line) {
                return line.field() == "sampled_by_sealed" && line.expired() == 1;
              })));
  compliance::v1::ApplyExpiryRequest apply;
  *apply.mutable_now() = plan.now();
  compliance::v1::ApplyExpiryResponse applied;
  {
    grpc::ClientContext context;
    EXPECT_THAT(rpc::FromGrpc(steward_->ApplyExpiry(&context, apply, &applied)),
                StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("2022-06-01")));
  }
  clock_.Set(At("2022-06-01"));
  grpc::ClientContext context;
  ASSERT_OK(rpc::FromGrpc(steward_->ApplyExpiry(&context, apply, &applied)));
  ASSERT_EQ(applied.lines_size(), planned.lines_size());
  for (int i = 0; i < applied.lines_size(); ++i) {
    EXPECT_EQ(applied.lines(i).SerializeAsString(), planned.lines(i).SerializeAsString());
  }
}

TEST(FollowerSetTest, SeatsAreLimitedAndGivenBack) {
  FollowerSet followers;
  std::vector<FollowerSet::Seat> seats;
  for (std::size_t i = 0; i < FollowerSet::kMaxFollowers; ++i) {
    auto seat = followers.Take(i + 3);
    ASSERT_OK(seat);
    seats.push_back(std::move(*seat));
  }
  EXPECT_THAT(followers.Take(0),
              StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("limit is 64")));
  EXPECT_EQ(followers.LargestLag(10), 7u);
  seats[0].MoveTo(10);
  EXPECT_EQ(followers.LargestLag(10), 6u);
  seats.clear();
  EXPECT_EQ(followers.size(), 0u);
  EXPECT_EQ(followers.LargestLag(10), 0u);
  EXPECT_OK(followers.Take(0));
}

}  // namespace
}  // namespace belgrand::timeseries
