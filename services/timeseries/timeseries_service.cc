#include "services/timeseries/timeseries_service.h"

#include <algorithm>
#include <array>
#include <map>

#include "compliance/read_gate.h"
#include "compliance/retention.h"
#include "sample/validate.h"
#include "services/shared/timestamp.h"
#include "services/timeseries/convert.h"
#include "services/timeseries/feed_point.h"
#include "services/timeseries/scope.h"

namespace belgrand::timeseries {
namespace {

constexpr char kReadSeries[] = "belgrand.timeseries.v1.TimeseriesService.ReadSeries";
constexpr char kGetSampleHistory[] = "belgrand.timeseries.v1.TimeseriesService.GetSampleHistory";
constexpr int kMaxPlaces = 500;
// How soon a follower's thread notices that its client is gone.
constexpr base::Duration kCancelPoll = std::chrono::milliseconds(200);

std::optional<base::Instant> ToOptional(bool present,
                                        const google::protobuf::Timestamp& timestamp) {
  if (!present) return std::nullopt;
  return shared::ToInstant(timestamp);
}

SeriesQuery ToQuery(const v1::ReadSeriesRequest& request) {
  return {.site_id = request.site_id(),
          .target = request.target(),
          .from = ToOptional(request.has_from(), request.from()),
          .to = ToOptional(request.has_to(), request.to()),
          .as_of = ToOptional(request.has_as_of(), request.as_of())};
}

void ToProto(const AppendResult& result, v1::AppendSamplesResponse::Result& proto) {
  proto.set_outcome(
      static_cast<v1::AppendSamplesResponse::Outcome>(static_cast<int>(result.outcome)));
  proto.set_version(result.version);
  proto.set_feed_sequence(result.feed_sequence);
  if (result.previous) {
    *proto.mutable_previous() = ToSampleVersion(*result.previous, SealedFields::kLeaveOut);
  }
}

// For the audit log: nothing that a caller made up.
std::string Reference(std::initializer_list<std::string_view> parts) {
  std::string reference;
  for (const std::string_view part : parts) {
    if (!sample::IsIdentifier(part)) return "not an identifier";
    if (!reference.empty()) reference += '/';
    reference += part;
  }
  return reference;
}

base::Status Stopping() {
  return base::Unavailable("the service is stopping: resume when it is back");
}

}  // namespace

v1::SampleVersion TimeseriesServiceImpl::Shown(const Record& record, SealedFields sealed,
                                               Comment comment) const {
  const auto convert = [&](const Record& shown) {
    v1::SampleVersion sample = ToSampleVersion(shown, sealed);
    if (comment == Comment::kInclude) sample.set_comment(shown.comment());
    return sample;
  };
  if (!restrictions_.any()) return convert(record);
  Record discreet = record;
  restrictions_.Withhold(discreet, record.laboratory_id());
  return convert(discreet);
}

grpc::Status TimeseriesServiceImpl::AppendSamples(grpc::ServerContext* context,
                                                  const v1::AppendSamplesRequest* request,
                                                  v1::AppendSamplesResponse* response) {
  return guard_.Unary(*context, "belgrand.timeseries.v1.TimeseriesService.AppendSamples",
                      [&](const shared::Caller&, shared::CallReport& report) -> base::Status {
                        report.object_kind = "sample";
                        report.record_count = static_cast<std::uint64_t>(request->samples_size());
                        return Append(*request, *response);
                      });
}

base::Status TimeseriesServiceImpl::Append(v1::AppendSamplesRequest request,
                                           v1::AppendSamplesResponse& response) {
  std::vector<Record> rows;
  rows.reserve(static_cast<std::size_t>(request.samples_size()));
  for (v1::SampleVersion& sample : *request.mutable_samples()) {
    if (!sample.has_collected_at() && !sample.voided()) {
      return base::InvalidArgument("samples[{}].collected_at is missing: say when it was collected",
                                   rows.size());
    }
    rows.push_back(ToRecord(std::move(sample)));
  }
  return Store(PointersTo(rows), request.dry_run() ? AppendMode::kDryRun : AppendMode::kCommit,
               request.derived_hashes() ? Hashes::kDerived : Hashes::kGiven, response);
}

base::Status TimeseriesServiceImpl::AppendRows(std::span<Record* const> rows, Mode mode,
                                               v1::AppendSamplesResponse& response) {
  return Store(rows, mode == Mode::kDryRun ? AppendMode::kDryRun : AppendMode::kCommit,
               Hashes::kDerived, response);
}

base::Status TimeseriesServiceImpl::Store(std::span<Record* const> rows, AppendMode mode,
                                          Hashes hashes, v1::AppendSamplesResponse& response) {
  const auto started = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(const auto results, store_.Append(rows, mode, hashes));
  if (mode == AppendMode::kCommit) {
    metrics_.ObserveAppend(
        std::chrono::duration_cast<base::Duration>(std::chrono::steady_clock::now() - started));
    metrics_.CountRows(results);
  }
  response.mutable_results()->Reserve(static_cast<int>(results.size()));
  for (const AppendResult& result : results) ToProto(result, *response.add_results());
  return base::OkStatus();
}

grpc::Status TimeseriesServiceImpl::ReadSeries(grpc::ServerContext* context,
                                               const v1::ReadSeriesRequest* request,
                                               grpc::ServerWriter<v1::ReadSeriesResponse>* writer) {
  shared::CallReport report;
  report.object_kind = "series";
  report.object_ref = Reference({request->site_id(), request->target()});
  return guard_.Stream(*context, kReadSeries, report, [&](const shared::Caller& caller) {
    if (!HoldsSite(caller, request->site_id())) {
      return guard_.Deny(caller, kReadSeries, NoSeries(request->site_id()));
    }
    return SendSeries(*context, caller, ToQuery(*request), *writer);
  });
}

std::vector<std::string> TimeseriesServiceImpl::DistrictsOfSite(const std::string& site_id) const {
  const auto list = store_.sites().Read({.site_id = site_id}, base::Instant{});
  if (!list.ok() || list->sites.empty()) return {};
  return DistrictsOf(list->sites.front());
}

// A site that is not there is not held, but that is for the store to say.
bool TimeseriesServiceImpl::HoldsSite(const shared::Caller& caller,
                                      const std::string& site_id) const {
  if (!caller.scope.LimitsPlaces()) return !caller.scope.Empty();
  return !store_.sites().Has(site_id) || caller.scope.HoldsPlace(site_id, DistrictsOfSite(site_id));
}

// By the newest version that says where the sample was taken.
bool TimeseriesServiceImpl::HoldsPlaceOf(const shared::Caller& caller,
                                         const std::vector<Record>& history) const {
  if (!caller.scope.LimitsPlaces()) return !caller.scope.Empty();
  const auto placed = std::find_if(history.rbegin(), history.rend(), [](const Record& version) {
    return !version.site_id().empty();
  });
  return placed != history.rend() &&
         caller.scope.HoldsPlace(placed->site_id(), DistrictsOfSite(placed->site_id()));
}

base::Status TimeseriesServiceImpl::SendSeries(const grpc::ServerContext& context,
                                               const shared::Caller& caller,
                                               const SeriesQuery& query,
                                               grpc::ServerWriter<v1::ReadSeriesResponse>& writer) {
  ASSIGN_OR_RETURN(auto reader, store_.ReadSeries(query));
  const compliance::ReadGate gate(*Record::descriptor(), clock_.Now(), caller.purpose);
  while (!context.IsCancelled()) {
    if (stopping_) return Stopping();
    ASSIGN_OR_RETURN(const auto rows, reader.Next(kMaxRowsPerMessage));
    if (rows.empty()) return base::OkStatus();
    v1::ReadSeriesResponse response;
    for (const Record& row : rows) {
      if (!gate.Shows(row) || !caller.scope.HoldsLaboratory(row.laboratory_id())) continue;
      *response.add_samples() = Shown(row, SealedFields::kLeaveOut);
    }
    if (response.samples().empty()) continue;
    if (!writer.Write(response)) break;
  }
  return base::MakeStatus(base::StatusCode::kCancelled, "the client went away");
}

grpc::Status TimeseriesServiceImpl::ReadLatestValues(grpc::ServerContext* context,
                                                     const v1::ReadLatestValuesRequest* request,
                                                     v1::ReadLatestValuesResponse* response) {
  return guard_.Unary(*context, "belgrand.timeseries.v1.TimeseriesService.ReadLatestValues",
                      [&](const shared::Caller&, shared::CallReport&) -> base::Status {
                        if (request->places_size() > kMaxPlaces) {
                          return base::InvalidArgument("{} places: ask for at most {}",
                                                       request->places_size(), kMaxPlaces);
                        }
                        for (const auto& place : request->places()) {
                          RETURN_IF_ERROR(AddLatestValues(place, *response));
                        }
                        return base::OkStatus();
                      });
}

base::Status TimeseriesServiceImpl::AddLatestValues(const v1::ReadLatestValuesRequest::Place& place,
                                                    v1::ReadLatestValuesResponse& response) {
  auto reader = store_.ReadSeries({.site_id = place.site_id(),
                                   .target = place.target(),
                                   .from = ToOptional(place.has_from(), place.from())});
  if (reader.status().code() == base::StatusCode::kNotFound) return base::OkStatus();
  RETURN_IF_ERROR(reader.status());
  // In order of collection, so that the last one of each stays.
  std::map<std::array<std::string, 4>, Record> newest;
  for (;;) {
    ASSIGN_OR_RETURN(std::vector<Record> rows, reader->Next(kMaxRowsPerMessage));
    if (rows.empty()) break;
    for (Record& row : rows) {
      if (row.censoring() != ingest::v1::NONE || !row.has_value()) continue;
      newest[{row.gene(), row.laboratory_id(), row.method_id(), row.method_version()}] =
          std::move(row);
    }
  }
  for (const auto& [stream, row] : newest) {
    v1::ReadLatestValuesResponse::Value& value = *response.add_values();
    value.set_site_id(row.site_id());
    value.set_target(row.target());
    value.set_gene(row.gene());
    value.set_laboratory_id(row.laboratory_id());
    value.set_method_id(row.method_id());
    value.set_method_version(row.method_version());
    *value.mutable_collected_at() = shared::ToTimestamp(base::FromMicros(row.collected_at_us()));
    value.set_value(row.value());
  }
  return base::OkStatus();
}

grpc::Status TimeseriesServiceImpl::GetSampleHistory(grpc::ServerContext* context,
                                                     const v1::GetSampleHistoryRequest* request,
                                                     v1::GetSampleHistoryResponse* response) {
  return guard_.Unary(
      *context, kGetSampleHistory,
      [&](const shared::Caller& caller, shared::CallReport& report) -> base::Status {
        report.object_kind = "sample";
        report.object_ref =
            Reference({request->laboratory_id(), request->sample_id(), request->target()});
        ASSIGN_OR_RETURN(auto history,
                         store_.History(request->laboratory_id(), request->sample_id(),
                                        request->target(), request->gene()));
        if (!caller.scope.HoldsLaboratory(request->laboratory_id()) ||
            !HoldsPlaceOf(caller, history)) {
          return guard_.Deny(caller, kGetSampleHistory,
                             NoSample(request->laboratory_id(), request->sample_id(),
                                      request->target(), request->gene()));
        }
        const compliance::ReadGate gate(*Record::descriptor(), clock_.Now(), caller.purpose);
        std::erase_if(history, [&](const Record& version) { return !gate.Shows(version); });
        if (history.empty()) {
          return NoSample(request->laboratory_id(), request->sample_id(), request->target(),
                          request->gene());
        }
        // What a hold keeps past its own time is not for others either.
        if (caller.purpose != privacy::v1::DATA_PROTECTION) {
          for (Record& version : history) compliance::ClearExpiredFields(&version, clock_.Now());
        }
        report.record_count = history.size();
        // Only who may open sealed names is given them.
        const bool may_open = std::find(caller.roles.begin(), caller.roles.end(),
                                        privacy::v1::DATA_PROTECTION_OFFICER) != caller.roles.end();
        for (const Record& version : history) {
          *response->add_versions() =
              Shown(version, may_open ? SealedFields::kInclude : SealedFields::kLeaveOut,
                    Comment::kInclude);
        }
        return base::OkStatus();
      });
}

grpc::Status TimeseriesServiceImpl::FollowFeed(grpc::ServerContext* context,
                                               const v1::FollowFeedRequest* request,
                                               grpc::ServerWriter<v1::FollowFeedResponse>* writer) {
  shared::CallReport report;
  report.object_kind = "series";
  report.object_ref = "feed";
  return guard_.Stream(
      *context, "belgrand.timeseries.v1.TimeseriesService.FollowFeed", report,
      [&](const shared::Caller& caller) { return SendFeed(*context, caller, *request, *writer); });
}

base::Status TimeseriesServiceImpl::SendFeed(const grpc::ServerContext& context,
                                             const shared::Caller& caller,
                                             const v1::FollowFeedRequest& request,
                                             grpc::ServerWriter<v1::FollowFeedResponse>& writer) {
  std::uint64_t after = request.after_sequence();
  if (const std::uint64_t newest = store_.NewestFeed(); after > newest) {
    return base::MakeStatus(
        base::StatusCode::kOutOfRange,
        fmt::format("after_sequence {} lies beyond the newest number {}: the follower belongs to "
                    "another database, start it again from 0",
                    after, newest));
  }
  if (request.has_handled()) RETURN_IF_ERROR(CheckPoint(store_, request.handled()));
  ASSIGN_OR_RETURN(auto seat, followers_.Take(after));
  const bool is_role = std::find(caller.roles.begin(), caller.roles.end(),
                                 privacy::v1::INTERNAL_SERVICE) != caller.roles.end();
  while (!context.IsCancelled()) {
    if (stopping_) return Stopping();
    if (!store_.WaitForFeed(after, kCancelPoll)) continue;
    ASSIGN_OR_RETURN(const FeedPage page, store_.ReadFeed(after, kMaxRowsPerMessage));
    after = page.last_read;
    v1::FollowFeedResponse response;
    const compliance::ReadGate gate(*Record::descriptor(), clock_.Now(), caller.purpose);
    for (const Record& record : page.records) {
      // What detection has learnt from stays its own.
      if (!is_role && !gate.Shows(record)) continue;
      *response.add_samples() = Shown(record, SealedFields::kLeaveOut);
    }
    response.set_newest_sequence(page.newest);
    response.set_covered_sequence(page.last_read);
    response.mutable_point()->set_feed_id(store_.feed_id());
    if (!page.records.empty()) {
      *response.mutable_point() = PointOf(store_.feed_id(), page.records.back());
    }
    if (!writer.Write(response)) break;
    seat.MoveTo(after);
  }
  return base::MakeStatus(base::StatusCode::kCancelled, "the client went away");
}

}  // namespace belgrand::timeseries
