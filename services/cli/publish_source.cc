#include "services/cli/publish_source.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "sample/quality.h"
#include "sample/target.h"
#include "services/cli/sites_client.h"
#include "services/shared/sample_convert.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

constexpr base::Duration kListTimeout = std::chrono::seconds(60);
constexpr base::Duration kSeriesTimeout = std::chrono::minutes(10);
constexpr double kMilli = 1'000;
// gc/L; more is an error of unit, and says nothing.
constexpr double kMostGcPerL = 1e12;

base::Day MondayOf(base::Instant at) {
  const base::Day day = base::DayOf(at);
  const std::chrono::weekday weekday(day);
  return day - std::chrono::days(weekday.iso_encoding() - 1);
}

// The number that counts in a mean; nullopt: the row says nothing. Under its limit: 0.
std::optional<double> ValueOf(const sample::Measurement& row) {
  const sample::QualityEffect effect = sample::EffectOf(row);
  if (effect.on_rise == sample::Effect::kHold) return std::nullopt;
  const bool quantified = row.censoring == sample::Censoring::kNone && row.value.has_value() &&
                          (!row.lod.has_value() || *row.value >= *row.lod);
  if (quantified) {
    const bool plausible = *row.value > 0 && *row.value <= kMostGcPerL;
    return plausible ? row.value : std::nullopt;
  }
  if (row.censoring == sample::Censoring::kNone && !row.value.has_value()) return std::nullopt;
  if (effect.on_fall == sample::Effect::kHold) return std::nullopt;
  return 0;
}

base::Status ReadSeries(timeseries::v1::TimeseriesService::Stub& stub, const sample::Site& site,
                        sample::Institution institution, const std::string& target,
                        const SourceOptions& options, WeekBuilder& builder) {
  timeseries::v1::ReadSeriesRequest request;
  request.set_site_id(site.site_id);
  request.set_target(target);
  *request.mutable_from() = shared::ToTimestamp(options.from);
  *request.mutable_to() = shared::ToTimestamp(options.to);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kSeriesTimeout);
  const auto reader = stub.ReadSeries(&context, request);
  timeseries::v1::ReadSeriesResponse response;
  base::Status status = base::OkStatus();
  while (status.ok() && reader->Read(&response)) {
    for (const timeseries::v1::SampleVersion& version : response.samples()) {
      if (version.voided()) continue;
      const auto row = shared::ToMeasurement(version);
      if (!row.ok()) {
        status = base::Annotate(row.status(), version.sample_id());
        break;
      }
      builder.Add(*row, site, institution);
    }
  }
  if (!status.ok()) context.TryCancel();
  const base::Status finished = rpc::FromGrpc(reader->Finish());
  RETURN_IF_ERROR(status);
  return finished;
}

// Which row an observation is a version of.
std::string RowOf(const detection::Observation& observation) {
  const sample::Measurement& row = observation.measurement;
  return row.laboratory_id + '\n' + row.sample_id + '\n' + row.target + '\n' + row.gene;
}

}  // namespace

void WeekBuilder::Add(const sample::Measurement& row, const sample::Site& site,
                      sample::Institution institution) {
  ++report_.rows;
  const auto value = ValueOf(row);
  if (!value.has_value()) {
    ++report_.held;
    return;
  }
  const base::Day monday = MondayOf(row.collected_at);
  // As of the Monday: a population that changes within a week belongs to the next one.
  const base::Instant at(monday);
  const double persons = site.PopulationAt(at);
  std::map<std::string, std::int64_t> by_district;
  for (const sample::DistrictShare& share : site.SharesAt(at)) {
    const std::int64_t count = std::llround(persons * share.share);
    if (count > 0) by_district[share.district_id] += count;
  }
  if (by_district.empty()) {
    ++report_.without_persons;
    return;
  }
  Week& week = weeks_[{row.site_id, row.target, monday}];
  week.sum += *value * kMilli;
  ++week.rows;
  week.detected = week.detected || *value > 0;
  week.persons = std::move(by_district);
  week.district_id = site.district_id;
  week.institution = institution;
}

std::vector<publication::SiteWeek> WeekBuilder::Finish() const {
  std::vector<publication::SiteWeek> weeks;
  for (const auto& [key, week] : weeks_) {
    publication::SiteWeek entry;
    entry.site_id = key.site_id;
    entry.target = key.target;
    entry.week = key.week;
    entry.milli_gc_per_l = std::llround(week.sum / week.rows);
    entry.detected = week.detected;
    entry.persons = week.persons;
    entry.district_id = week.district_id;
    std::int64_t persons = 0;
    for (const auto& [district, count] : week.persons) persons += count;
    const bool none = week.institution == sample::Institution::kNotSaid ||
                      week.institution == sample::Institution::kNotSpecific;
    entry.site_class = publication::Classify(
        persons,
        none ? publication::InstitutionKind::kNone : publication::InstitutionKind::kInstitution,
        options_.rules);
    weeks.push_back(std::move(entry));
  }
  return weeks;
}

base::Status ReadFromService(const std::shared_ptr<grpc::Channel>& channel,
                             const SourceOptions& options, WeekBuilder& builder) {
  const auto sites = timeseries::v1::SiteService::NewStub(channel);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kListTimeout);
  timeseries::v1::ListSitesResponse catalogue;
  RETURN_IF_ERROR(rpc::FromGrpc(sites->ListSites(&context, {}, &catalogue)));
  std::vector<std::string> targets = options.targets;
  if (targets.empty()) {
    for (const sample::Target& target : sample::KnownTargets()) targets.emplace_back(target.code);
  }
  const auto stub = timeseries::v1::TimeseriesService::NewStub(channel);
  for (const timeseries::v1::Site& entry : catalogue.sites()) {
    const sample::Site site = shared::ToSite(entry);
    // The numbers are the same (sample/institution.h); one of a newer release is an institution.
    const auto institution = static_cast<sample::Institution>(entry.institution());
    builder.report().kind_not_said += institution == sample::Institution::kNotSaid;
    for (const std::string& target : targets) {
      RETURN_IF_ERROR(ReadSeries(*stub, site, institution, target, options, builder));
    }
  }
  return base::OkStatus();
}

base::Status ReadFromFile(const HistoryFlags& history, const SourceOptions& options,
                          WeekBuilder& builder) {
  std::map<std::string, sample::Institution> institutions;
  if (!history.sites.empty()) {
    ASSIGN_OR_RETURN(const sample::SiteFile file, ReadSiteFile(history.sites, {}));
    for (const sample::SiteEntry& entry : file.sites) {
      institutions[entry.site.site_id] = entry.institution;
    }
  }
  HistoryFlags concentrations = history;
  concentrations.keep_loads = false;
  SourceReport& report = builder.report();
  ASSIGN_OR_RETURN(const auto observations, LoadHistory(concentrations, report.file));
  std::map<std::string, const detection::Observation*> newest;
  for (const detection::Observation& observation : observations) {
    const detection::Observation*& kept = newest[RowOf(observation)];
    if (kept == nullptr || observation.version >= kept->version) kept = &observation;
  }
  std::set<std::string> kind_not_said;
  for (const auto& [row, kept] : newest) {
    const sample::Measurement& measurement = kept->measurement;
    const bool wanted =
        options.targets.empty() || std::find(options.targets.begin(), options.targets.end(),
                                             measurement.target) != options.targets.end();
    if (kept->voided || !wanted) continue;
    const base::Instant at = measurement.collected_at;
    auto& span = report.span;
    if (!span.has_value()) span.emplace(at, at);
    span->first = std::min(span->first, at);
    span->second = std::max(span->second, at);
    if (at < options.from || at >= options.to) continue;
    sample::Site site{measurement.site_id, "", kept->district_id, kept->population};
    if (!kept->shares.empty()) site.districts = {{std::nullopt, kept->shares}};
    const sample::Institution institution = institutions[measurement.site_id];
    if (institution == sample::Institution::kNotSaid) kind_not_said.insert(measurement.site_id);
    builder.Add(measurement, site, institution);
  }
  report.kind_not_said = kind_not_said.size();
  return base::OkStatus();
}

}  // namespace belgrand::cli
