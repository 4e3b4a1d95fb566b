#include "services/cli/bulletin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <tuple>

#include "detection/engine.h"
#include "services/shared/sample_convert.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

using detection::Observation;
using std::chrono::days;

constexpr days kFourWeeks(28);
constexpr days kCurveDays(182);
constexpr days kKnownDays(60);  // a site silent for longer is not counted among the district's
constexpr double kSure = 0.95;

using Key = std::pair<std::string, std::string>;  // district, target

std::int64_t Number(base::Day day) { return day.time_since_epoch().count(); }

// A row as it stands at the cut-off.
struct Row {
  sample::Measurement measurement;
  std::vector<std::string> districts;
  std::optional<detection::LogValue> value;
};

struct Rows {
  std::vector<Row> rows;
  std::size_t voided = 0;  // of the week
};

std::map<std::string, sample::Site> SitesOf(const WeekData& data) {
  std::map<std::string, sample::Site> sites;
  for (const auto& site : data.sites) sites[site.site_id()] = shared::ToSite(site);
  return sites;
}

Rows NewestRows(const WeekData& data) {
  Rows rows;
  const auto sites = SitesOf(data);
  for (const RowVersions& versions : data.rows) {
    const auto& newest = versions.back();
    const base::Instant at = shared::ToInstant(newest.collected_at());
    if (at >= data.span.to) continue;
    if (newest.voided()) {
      rows.voided += at >= data.span.from;
      continue;
    }
    auto measurement = shared::ToMeasurement(newest);
    const auto site = sites.find(newest.site_id());
    if (!measurement.ok() || site == sites.end()) continue;
    Row& row = rows.rows.emplace_back();
    row.measurement = *std::move(measurement);
    row.value = detection::ToLogValue(row.measurement);
    for (const auto& share : site->second.SharesAt(at)) row.districts.push_back(share.district_id);
    if (row.districts.empty()) row.districts.push_back(site->second.district_id);
  }
  return rows;
}

// Gene readings of a day and method become one value; of a method there is one series.
std::vector<detection::WvalSample> WvalSamples(const std::vector<const Row*>& rows) {
  std::map<std::tuple<std::int64_t, std::string>, std::vector<detection::GeneReading>> days_read;
  for (const Row* row : rows) {
    const sample::Measurement& read = row->measurement;
    const double concentration = row->value->quantified() ? std::pow(10.0, row->value->low)
                                                          : 0.5 * std::pow(10.0, row->value->high);
    if (!std::isfinite(concentration)) continue;  // at least so much: no number
    const std::string method =
        read.laboratory_id + '\n' + read.method_id + '\n' + read.method_version;
    days_read[{Number(base::DayOf(read.collected_at)), method}].push_back(
        {read.gene, concentration});
  }
  std::map<std::string, std::uint32_t> methods;
  std::vector<detection::WvalSample> samples;
  for (const auto& [key, readings] : days_read) {
    const auto method =
        methods.emplace(std::get<1>(key), static_cast<std::uint32_t>(methods.size())).first->second;
    samples.push_back({std::get<0>(key), detection::CombineGenes(readings), method});
  }
  return samples;
}

std::optional<double> DistrictWval(const std::map<std::string, std::vector<const Row*>>& sites,
                                   const std::string& target, const Span& span) {
  const auto scale = detection::WvalScaleOf(target);
  if (!scale) return std::nullopt;
  const std::int64_t first = Number(base::DayOf(span.from));
  const std::int64_t end = Number(base::DayOf(span.to));
  std::vector<double> values;
  std::size_t known = 0;
  for (const auto& [site, rows] : sites) {
    base::Day newest{};
    for (const Row* row : rows) {
      newest = std::max(newest, base::DayOf(row->measurement.collected_at));
    }
    if (base::DayOf(span.to) - newest > kKnownDays) continue;
    ++known;
    double sum = 0;
    std::size_t count = 0;
    for (const auto& series : detection::WvalOfSite(WvalSamples(rows), *scale, first)) {
      for (const auto& point : series.points) {
        if (point.day < first || point.day >= end) continue;
        sum += point.wval;
        ++count;
      }
    }
    if (count > 0) values.push_back(sum / static_cast<double>(count));
  }
  const auto district = detection::WvalOfDistrict(std::move(values), known);
  return district ? std::optional(district->wval) : std::nullopt;
}

bool Stands(const alerting::v1::Alert& alert) {
  return alert.state() != alerting::v1::RESOLVED && alert.state() != alerting::v1::DISMISSED &&
         alert.state() != alerting::v1::PENDING &&
         alert.state() != alerting::v1::ALERT_STATE_UNSPECIFIED;
}

void AddAlerts(const WeekData& data, std::map<Key, DistrictLine>& lines, Bulletin& bulletin) {
  for (const AlertStory& story : data.alerts) {
    const alerting::v1::Alert& alert = story.alert;
    if (!Stands(alert)) continue;
    if (alert.alert_class() == alerting::v1::DATA) {
      bulletin.gaps.push_back({alert.district_id(), alert.rule(), alert.owner(),
                               static_cast<std::size_t>(alert.active_areas_size())});
      continue;
    }
    if (alert.alert_class() == alerting::v1::OPERATIONS) continue;
    const int severity = static_cast<int>(alert.severity());
    DistrictLine& line = lines[{alert.district_id(), alert.target()}];
    line.severity = std::max(line.severity, severity);
    line.rules.push_back(alert.rule());
    int& worst = bulletin.districts[alert.district_id()];
    worst = std::max(worst, severity);
  }
}

void CountRows(const WeekData& data, const Rows& rows, std::map<Key, DistrictLine>& lines,
               Bulletin& bulletin) {
  std::map<std::string, std::size_t> held;
  std::set<std::string> with_data;
  const base::Instant four_weeks = data.span.to - kFourWeeks;
  for (const Row& row : rows.rows) {
    const base::Instant at = row.measurement.collected_at;
    const bool within = at >= data.span.from;
    if (!row.value) {
      if (!within) continue;
      std::string why;
      for (const sample::QualityFlag flag : row.measurement.quality_flags) {
        why += (why.empty() ? "" : ", ") +
               ingest::v1::QualityFlag_Name(static_cast<ingest::v1::QualityFlag>(flag));
      }
      ++held[why];
      continue;
    }
    if (at < data.span.to - kCurveDays) continue;
    for (const std::string& district : row.districts) {
      DistrictLine& line = lines[{district, row.measurement.target}];
      line.samples += within;
      line.samples_of_four_weeks += at >= four_weeks;
      if (within) with_data.insert(district);
    }
  }
  for (const auto& [why, count] : held) bulletin.held_back.push_back({why, count});
  bulletin.voided = rows.voided;
  for (const auto& [district, severity] : bulletin.districts) {
    if (!with_data.contains(district)) bulletin.without_data.push_back(district);
  }
}

void AddLevels(const WeekData& data, const Rows& rows, std::map<Key, DistrictLine>& lines) {
  std::map<Key, std::map<std::string, std::vector<const Row*>>> by_district;
  for (const Row& row : rows.rows) {
    if (!row.value) continue;
    for (const std::string& district : row.districts) {
      by_district[{district, row.measurement.target}][row.measurement.site_id].push_back(&row);
    }
  }
  for (auto& [key, line] : lines) {
    const auto sites = by_district.find(key);
    if (sites == by_district.end()) continue;
    line.wval = DistrictWval(sites->second, key.second, data.span);
    if (line.wval) {
      line.level = detection::ActivityLevelOf(*line.wval, *detection::WvalScaleOf(key.second));
    }
  }
}

void AddCurves(const std::vector<Observation>& feed, const WeekData& data, Bulletin& bulletin) {
  std::vector<Observation> recent;
  for (const Observation& observation : feed) {
    if (observation.measurement.collected_at >= data.span.to - kCurveDays) {
      recent.push_back(observation);
    }
  }
  const std::size_t count = std::min(bulletin.lines.size(), kMostCurves);
  std::set<std::string> targets;
  for (std::size_t i = 0; i < count; ++i) targets.insert(bulletin.lines[i].target);
  std::erase_if(recent,
                [&](const Observation& o) { return !targets.contains(o.measurement.target); });
  detection::SmoothOptions options;
  options.level = detection::AreaLevel::kDistrict;
  const auto curves = detection::SmoothHistory(recent, options, 1);
  for (std::size_t i = 0; i < count; ++i) {
    const DistrictLine& line = bulletin.lines[i];
    BulletinCurve& out = bulletin.curves.emplace_back();
    out.district_id = line.district_id;
    out.target = line.target;
    for (const detection::LevelCurve& curve : curves) {
      if (curve.area_id == line.district_id && curve.target == line.target)
        out.pieces = curve.pieces;
    }
  }
}

void AddDots(const Rows& rows, const WeekData& data, Bulletin& bulletin) {
  for (BulletinCurve& curve : bulletin.curves) {
    for (const Row& row : rows.rows) {
      if (!row.value || row.measurement.target != curve.target ||
          row.measurement.collected_at < data.span.to - kCurveDays ||
          std::ranges::find(row.districts, curve.district_id) == row.districts.end()) {
        continue;
      }
      const double shown = std::isfinite(row.value->high) ? row.value->high : row.value->low;
      if (!std::isfinite(shown)) continue;
      curve.dots.push_back(
          {base::DayOf(row.measurement.collected_at), shown, row.value->quantified()});
    }
    std::ranges::sort(curve.dots, {}, [](const CurveDot& dot) {
      return std::tuple(dot.day, dot.log10, dot.quantified);
    });
  }
}

void AddShapes(const WeekData& data, Bulletin& bulletin) {
  std::map<std::string, DistrictShape> shapes;
  std::set<std::string> licences;
  for (const auto& site : data.sites) {
    // The outline of one institution says where a few people live.
    if (site.institution() > timeseries::v1::NOT_INSTITUTION_SPECIFIC) continue;
    for (const auto& polygon : site.catchment().polygons()) {
      for (const auto& ring : polygon.rings()) {
        auto& out = shapes[site.district_id()].rings.emplace_back();
        for (int i = 0; i + 1 < ring.positions_size(); i += 2) {
          out.emplace_back(ring.positions(i), ring.positions(i + 1));
        }
      }
    }
    if (site.catchment().polygons().empty()) continue;
    licences.insert(site.catchment().license() +
                    (site.catchment().attribution().empty() ? "" : ", ") +
                    site.catchment().attribution());
  }
  for (auto& [district, shape] : shapes) {
    shape.district_id = district;
    bulletin.shapes.push_back(std::move(shape));
  }
  bulletin.licences.assign(licences.begin(), licences.end());
}

void Order(std::map<Key, DistrictLine> lines, Bulletin& bulletin) {
  for (auto& [key, line] : lines) {
    line.district_id = key.first;
    line.target = key.second;
    std::ranges::sort(line.rules);
    bulletin.lines.push_back(std::move(line));
  }
  std::ranges::stable_sort(bulletin.lines, {}, [](const DistrictLine& line) {
    return std::tuple(-line.severity, line.wval ? -static_cast<int>(line.level) : 1,
                      line.state ? -line.state->growth_per_day : 1e9);
  });
}

}  // namespace

Trend DistrictLine::trend() const {
  if (!state) return Trend::kUnknown;
  if (state->probability_rising >= kSure) return Trend::kRising;
  return state->probability_rising <= 1 - kSure ? Trend::kFalling : Trend::kNone;
}

Confidence DistrictLine::confidence() const {
  if (!state) return Confidence::kNone;
  const double width = state->upper_log10 - state->lower_log10;
  if (samples_of_four_weeks >= 8 && width <= std::log10(2.5)) return Confidence::kHigh;
  return samples_of_four_weeks >= 4 && width <= 1 ? Confidence::kMedium : Confidence::kLow;
}

base::StatusOr<Bulletin> MakeBulletin(const WeekData& data) {
  Bulletin bulletin;
  bulletin.span = data.span;
  bulletin.cutoff = data.cutoff;
  for (const auto& site : data.sites) bulletin.districts.emplace(site.district_id(), 0);
  const std::vector<Observation> feed = FeedOf(data, data.span.to);
  ASSIGN_OR_RETURN(const auto engine, detection::Engine::Create());
  for (const Observation& observation : feed) engine->OnSample(observation);
  const Rows rows = NewestRows(data);
  std::map<Key, DistrictLine> lines;
  AddAlerts(data, lines, bulletin);
  CountRows(data, rows, lines, bulletin);
  for (detection::AreaState& state : engine->States("", "")) {
    if (state.level != detection::AreaLevel::kDistrict) continue;
    const auto line = lines.find({state.district_id, state.target});
    if (line != lines.end()) line->second.state = std::move(state);
  }
  AddLevels(data, rows, lines);
  Order(std::move(lines), bulletin);
  AddCurves(feed, data, bulletin);
  AddDots(rows, data, bulletin);
  AddShapes(data, bulletin);
  Span until_cutoff = data.span;
  until_cutoff.to = std::max(data.span.to, data.cutoff + base::Duration(1));
  bulletin.changes = FindChanges(data, until_cutoff, Reasons::kLeaveOut);
  bulletin.changes.excluded = FindChanges(data, data.span, Reasons::kLeaveOut).excluded;
  return bulletin;
}

void FollowVersion(const WeekData& data, int version, base::Instant cutoff,
                   std::vector<LineChange> lines, Bulletin& bulletin) {
  bulletin.version = version + 1;
  Span since = data.span;
  since.from = cutoff + base::Duration(1);
  since.to = data.cutoff + base::Duration(1);
  SinceVersion& out = bulletin.since.emplace();
  out.version = version;
  out.cutoff = cutoff;
  out.changes = FindChanges(data, since, Reasons::kLeaveOut);
  out.changes.excluded.clear();
  out.lines = std::move(lines);
}

}  // namespace belgrand::cli
