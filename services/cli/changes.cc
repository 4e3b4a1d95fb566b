#include "services/cli/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "services/shared/sample_convert.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

using alerting::v1::AlertEvent;
using timeseries::v1::SampleVersion;

// A site that has been silent for longer is no longer missed here; its plan goes on missing it.
constexpr std::chrono::days kMissedFor(56);

bool Within(const Span& span, base::Instant cutoff, base::Instant at) {
  return at >= span.from && at < span.to && at <= cutoff;
}

enum class Part { kNone, kOpened, kEnded, kRevised };

Part PartOf(alerting::v1::EventKind kind) {
  switch (kind) {
    case alerting::v1::OPENED:
    case alerting::v1::REOPENED:
    case alerting::v1::REOPENED_BY:
      return Part::kOpened;
    case alerting::v1::RESOLVED_BY_DETECTION:
    case alerting::v1::RESOLVED_BY_HAND:
    case alerting::v1::DISMISSED_BY:
      return Part::kEnded;
    case alerting::v1::SEVERITY_CHANGED:
    case alerting::v1::ACKNOWLEDGED_BY:
    case alerting::v1::ESCALATED_BY:
    case alerting::v1::OUTCOME_RECORDED:
      return Part::kRevised;
    default:
      return Part::kNone;  // of deliveries
  }
}

void AddAlerts(const WeekData& data, const Span& span, Reasons reasons, Changes& changes) {
  std::map<Part, std::vector<AlertChange>> parts;
  for (const AlertStory& story : data.alerts) {
    for (const AlertEvent& event : story.history) {
      const Part part = PartOf(event.kind());
      if (part == Part::kNone || !Within(span, data.cutoff, shared::ToInstant(event.at()))) {
        continue;
      }
      AlertChange& change = parts[part].emplace_back();
      change.reason = event.comment().empty() || reasons == Reasons::kLeaveOut ? event.cause()
                                                                               : event.comment();
      change.event = event;
      change.event.clear_by();
      change.event.clear_comment();
      change.event.mutable_alert()->clear_acknowledged_by();
    }
  }
  const auto order = [](std::vector<AlertChange>& events) {
    std::ranges::sort(events, {}, [](const AlertChange& c) { return c.event.sequence(); });
    return std::move(events);
  };
  changes.opened = order(parts[Part::kOpened]);
  changes.ended = order(parts[Part::kEnded]);
  changes.revised = order(parts[Part::kRevised]);
}

std::string Joined(const google::protobuf::RepeatedField<int>& flags) {
  std::string text;
  for (const int flag : flags) {
    text += (text.empty() ? "" : ", ") +
            ingest::v1::QualityFlag_Name(static_cast<ingest::v1::QualityFlag>(flag));
  }
  return text;
}

std::string Number(bool present, double value) {
  return present ? fmt::format("{:g}", value) : std::string();
}

// What stands beside the result; the content hash says of the rest that there is a difference.
std::vector<FieldChange> FieldsOf(const SampleVersion& before, const SampleVersion& after) {
  std::vector<FieldChange> fields;
  const auto add = [&](const char* name, const std::string& was, const std::string& is) {
    if (was != is) fields.push_back({name, was, is});
  };
  const auto when = [](const SampleVersion& v) {
    return base::FormatInstant(shared::ToInstant(v.collected_at()));
  };
  add("site_id", before.site_id(), after.site_id());
  add("collected_at", when(before), when(after));
  add("quality_flags", Joined(before.quality_flags()), Joined(after.quality_flags()));
  add("method_id", before.method_id(), after.method_id());
  add("method_version", before.method_version(), after.method_version());
  add("flow_m3_per_day", Number(before.has_flow_m3_per_day(), before.flow_m3_per_day()),
      Number(after.has_flow_m3_per_day(), after.flow_m3_per_day()));
  add("population_served", Number(before.has_population_served(), before.population_served()),
      Number(after.has_population_served(), after.population_served()));
  return fields;
}

std::map<std::string, std::string> DistrictsOf(const WeekData& data) {
  std::map<std::string, std::string> districts;
  for (const auto& site : data.sites) districts[site.site_id()] = site.district_id();
  return districts;
}

void AddValues(const WeekData& data, const Span& span, Reasons reasons, Changes& changes) {
  const auto districts = DistrictsOf(data);
  for (const RowVersions& row : data.rows) {
    for (std::size_t i = 1; i < row.size(); ++i) {
      if (!Within(span, data.cutoff, shared::ToInstant(row[i].recorded_at()))) continue;
      ValueChange& change = changes.values.emplace_back();
      change.before = row[i - 1];
      change.after = row[i];
      if (reasons == Reasons::kLeaveOut) change.after.clear_amendment_reason();
      const auto district = districts.find(row[i].site_id());
      if (district != districts.end()) change.district_id = district->second;
      if (!row[i].voided()) change.fields = FieldsOf(row[i - 1], row[i]);
    }
  }
  std::ranges::stable_sort(changes.values, {},
                           [](const ValueChange& change) { return change.after.feed_sequence(); });
}

// What came of one series within the span, and when it was usable before.
struct SeriesUse {
  std::optional<base::Day> last_used;
  std::size_t used = 0;
  std::size_t held = 0;
  std::size_t voided = 0;
  std::set<std::string> flags;
  std::string void_reason;
};

void Count(const SampleVersion& newest, const Span& span, SeriesUse& use) {
  const base::Instant at = shared::ToInstant(newest.collected_at());
  if (at >= span.to) return;
  const bool within = at >= span.from;
  if (newest.voided()) {
    use.voided += within;
    if (within) use.void_reason = newest.amendment_reason();
    return;
  }
  const auto row = shared::ToMeasurement(newest);
  if (row.ok() && detection::ToLogValue(*row).has_value()) {
    use.used += within;
    use.last_used = std::max(use.last_used.value_or(base::DayOf(at)), base::DayOf(at));
    return;
  }
  if (!within) return;
  ++use.held;
  for (const int flag : newest.quality_flags()) {
    use.flags.insert(ingest::v1::QualityFlag_Name(static_cast<ingest::v1::QualityFlag>(flag)));
  }
}

// The standing alert of class DATA that speaks of the series.
std::string GapOf(const WeekData& data, const Exclusion& exclusion) {
  for (const AlertStory& story : data.alerts) {
    const alerting::v1::Alert& alert = story.alert;
    const bool stands = alert.state() != alerting::v1::RESOLVED &&
                        alert.state() != alerting::v1::DISMISSED &&
                        alert.state() != alerting::v1::PENDING;
    if (!stands || alert.alert_class() != alerting::v1::DATA ||
        alert.district_id() != exclusion.district_id) {
      continue;
    }
    const bool all = alert.target() != exclusion.target && !alert.target().empty();
    const bool named = std::ranges::any_of(alert.active_areas(), [&](const std::string& area) {
      return area.find(exclusion.site_id) != std::string::npos || area == exclusion.district_id;
    });
    if (named && !all) return fmt::format("{} ({})", alert.rule(), alert.owner());
  }
  return "";
}

void AddExclusions(const WeekData& data, const Span& span, Reasons reasons, Changes& changes) {
  std::map<std::pair<std::string, std::string>, SeriesUse> series;
  for (const RowVersions& row : data.rows) {
    Count(row.back(), span, series[{row.back().site_id(), row.back().target()}]);
  }
  const auto districts = DistrictsOf(data);
  const base::Day oldest = base::DayOf(span.from) - kMissedFor;
  for (const auto& [key, use] : series) {
    if (use.used > 0 || !use.last_used || *use.last_used < oldest) continue;
    Exclusion& exclusion = changes.excluded.emplace_back();
    exclusion.site_id = key.first;
    exclusion.target = key.second;
    const auto district = districts.find(key.first);
    if (district != districts.end()) exclusion.district_id = district->second;
    exclusion.last_used = *use.last_used;
    if (use.held > 0) {
      exclusion.cause = ExclusionCause::kHeld;
      for (const std::string& flag : use.flags) {
        exclusion.detail += (exclusion.detail.empty() ? "" : ", ") + flag;
      }
    } else if (use.voided > 0) {
      exclusion.cause = ExclusionCause::kVoided;
      if (reasons == Reasons::kTell) exclusion.detail = use.void_reason;
    } else {
      exclusion.detail = GapOf(data, exclusion);
    }
  }
}

std::string PopulationsOf(const timeseries::v1::Site& site) {
  std::string text;
  for (const auto& dated : site.populations()) {
    text +=
        fmt::format("{}{}{:.0f}", text.empty() ? "" : "; ",
                    dated.has_valid_from()
                        ? base::FormatDay(base::DayOf(shared::ToInstant(dated.valid_from()))) + ": "
                        : "",
                    dated.persons());
  }
  return text.empty() ? fmt::format("{:.0f}", site.population_served()) : text;
}

std::string SharesOf(const timeseries::v1::Site& site) {
  std::string text;
  for (const auto& dated : site.districts()) {
    for (const auto& share : dated.shares()) {
      text +=
          fmt::format("{}{} {:g}", text.empty() ? "" : ", ", share.district_id(), share.share());
    }
  }
  return text;
}

std::vector<FieldChange> SiteFields(const timeseries::v1::Site& before,
                                    const timeseries::v1::Site& after) {
  std::vector<FieldChange> fields;
  const auto add = [&](const char* name, const std::string& was, const std::string& is) {
    if (was != is) fields.push_back({name, was, is});
  };
  const auto catchment = [](const timeseries::v1::Site& site) {
    return site.has_catchment() ? fmt::format("{} positions", site.catchment().position_count())
                                : std::string();
  };
  add("name", before.name(), after.name());
  add("district_id", before.district_id(), after.district_id());
  add("population_served", PopulationsOf(before), PopulationsOf(after));
  add("districts", SharesOf(before), SharesOf(after));
  add("institution", timeseries::v1::InstitutionClass_Name(before.institution()),
      timeseries::v1::InstitutionClass_Name(after.institution()));
  add("catchment", catchment(before), catchment(after));
  return fields;
}

void AddSites(const WeekData& data, const Span& span, Changes& changes) {
  for (const auto& versions : data.changed_sites) {
    for (std::size_t i = 0; i < versions.size(); ++i) {
      const base::Instant at = shared::ToInstant(versions[i].recorded_at());
      if (!Within(span, data.cutoff, at)) continue;
      SiteEdit& edit = changes.sites.emplace_back();
      edit.site_id = versions[i].site_id();
      edit.district_id = versions[i].district_id();
      edit.version = versions[i].version();
      edit.recorded_at = at;
      edit.catalogue_version = versions[i].catalogue_version();
      if (i > 0) edit.fields = SiteFields(versions[i - 1], versions[i]);
    }
  }
  std::ranges::stable_sort(changes.sites, {}, &SiteEdit::recorded_at);
}

using Parts = google::protobuf::RepeatedPtrField<detection::v1::Setup::Part>;

// True: they differ.
bool Compare(const Parts& before, const Parts& after, std::vector<FieldChange>& fields) {
  std::map<std::string, std::pair<std::string, std::string>> values;
  for (const auto& part : before) values[part.name()].first = part.value();
  for (const auto& part : after) values[part.name()].second = part.value();
  const std::size_t count = fields.size();
  for (auto& [name, value] : values) {
    if (value.first != value.second) fields.push_back({name, value.first, value.second});
  }
  return fields.size() > count;
}

void AddSetups(const WeekData& data, const Span& span, Changes& changes) {
  changes.setups_unknown = data.setups_unknown;
  for (std::size_t i = 1; i < data.setups.size(); ++i) {
    const base::Instant since = shared::ToInstant(data.setups[i].since());
    if (!Within(span, data.cutoff, since)) continue;
    SetupChange& change = changes.setups.emplace_back();
    change.since = since;
    change.release_before = data.setups[i - 1].release();
    change.release = data.setups[i].release();
    Compare(data.setups[i - 1].methods(), data.setups[i].methods(), change.fields);
    change.configured =
        Compare(data.setups[i - 1].settings(), data.setups[i].settings(), change.fields);
  }
}

}  // namespace

Changes FindChanges(const WeekData& data, const Span& span, Reasons reasons) {
  Changes changes;
  changes.span = span;
  changes.cutoff = data.cutoff;
  AddAlerts(data, span, reasons, changes);
  AddValues(data, span, reasons, changes);
  AddExclusions(data, span, reasons, changes);
  AddSites(data, span, changes);
  AddSetups(data, span, changes);
  return changes;
}

}  // namespace belgrand::cli
