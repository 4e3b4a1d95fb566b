#include "detection/backtest.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

#include "detection/engine.h"
#include "sample/sample_file.h"
#include "sample/target.h"
#include "sample/text.h"
#include "sample/unit.h"

namespace belgrand::detection {
namespace {

constexpr double kDaysPerYear = 365.25;

std::optional<double> Scaled(const std::optional<double>& value, double factor) {
  if (!value) return std::nullopt;
  return *value * factor;
}

// Empty when the row became an observation, else the reason why not.
std::string ToObservation(const sample::FileRow& in, std::uint64_t line, Observation& out) {
  const sample::Row& row = in.row;
  if (!row.collected_at.value) return "no readable collected_on";
  if (row.site_id.empty()) return "no site_id";
  if (row.target.empty()) return "no target";
  if (!row.censoring.value && row.quality_flags.empty()) return "no readable censoring";
  const double factor = sample::FactorToGcPerLitre(row.unit).value_or(1.0);
  sample::Measurement& m = out.measurement;
  m.laboratory_id = row.laboratory_id;
  m.sample_id = row.sample_id.empty() ? fmt::format("row {}", line) : row.sample_id;
  m.site_id = row.site_id;
  // As intake does: two genes of a virus are streams of one target. An unknown target stays.
  m.target = sample::CanonicalTarget(row.target).value_or(row.target);
  m.collected_at = *row.collected_at.value;
  m.known_at = row.known_at.value;
  m.censoring = row.censoring.value.value_or(sample::Censoring::kNone);
  m.value = Scaled(row.value.value, factor);
  m.lod = Scaled(row.lod.value, factor);
  m.loq = Scaled(row.loq.value, factor);
  m.flow_m3_per_day = row.flow.number.value;
  m.population_served = row.population_served.value;
  m.method_id = row.method_id;
  m.method_version = row.method_version;
  m.gene =
      row.gene.empty() ? std::string(sample::GeneOfTarget(row.target)) : sample::Lower(row.gene);
  m.quality_flags = row.quality_flags;
  out.district_id = !row.district_id.empty()                   ? row.district_id
                    : in.site && !in.site->district_id.empty() ? in.site->district_id
                                                               : row.site_id;
  out.population = in.site ? in.site->population_served : row.population_served.value.value_or(0);
  out.known_at = std::max(m.known_at.value_or(m.collected_at), m.collected_at);
  return "";
}

// Loads and ratios beside concentrations are another quantity, as a target of their own; where a
// target is always given in one unit it keeps its name. `units` by observation; empty: gc/L.
void SplitByUnit(const std::vector<std::string>& units, std::vector<Observation>& observations) {
  std::map<std::string, std::set<std::string>> by_target;
  for (std::size_t i = 0; i < units.size(); ++i) {
    by_target[observations[i].measurement.target].insert(units[i]);
  }
  for (std::size_t i = 0; i < units.size(); ++i) {
    std::string& target = observations[i].measurement.target;
    if (!units[i].empty() && by_target[target].size() > 1) target += ' ' + units[i];
  }
}

// Gives every repetition of (laboratory, sample, target, gene) its version or its own identity.
void NumberVersions(std::vector<Observation>& observations) {
  struct Last {
    std::string site_id;
    base::Day day;
    base::Instant known_at;
    std::uint32_t version;
    std::uint32_t repetitions;
  };
  std::map<std::tuple<std::string, std::string, std::string, std::string>, Last> seen;
  for (Observation& o : observations) {
    sample::Measurement& m = o.measurement;
    const base::Day day = base::DayOf(m.collected_at);
    const auto [place, is_new] = seen.try_emplace({m.laboratory_id, m.sample_id, m.target, m.gene},
                                                  Last{m.site_id, day, o.known_at, 1, 1});
    if (is_new) continue;
    Last& last = place->second;
    if (last.site_id == m.site_id && last.day == day && last.known_at < o.known_at) {
      last.known_at = o.known_at;
      o.version = ++last.version;
    } else {
      m.sample_id += fmt::format("#{}", ++last.repetitions);
    }
  }
}

struct PartitionResult {
  std::vector<AlertRow> alerts;
  EngineStatistics statistics;
  double site_years = 0;
  double district_years = 0;
};

void Apply(const SignalChange& change, std::map<std::string, AlertRow>& open,
           std::vector<AlertRow>& closed) {
  const base::Day day = base::DayOf(change.known_at);
  if (change.phase == Phase::kRaised) {
    open[change.signal_key] = AlertRow{change.level,
                                       change.area_id,
                                       change.target,
                                       day,
                                       base::DayOf(change.observed_at),
                                       {},
                                       change.severity,
                                       change.detector,
                                       change.district_id};
    return;
  }
  const auto found = open.find(change.signal_key);
  if (found == open.end()) return;
  found->second.severity = std::max(found->second.severity, change.severity);
  if (change.phase != Phase::kCleared) return;
  found->second.closed_on = day;
  closed.push_back(std::move(found->second));
  open.erase(found);
}

constexpr std::size_t kProgressEvery = 1024;

PartitionResult RunPartition(const Partition& partition, Engine& engine, Progress& progress) {
  PartitionResult result;
  std::map<std::string, AlertRow> open;
  using Span = std::pair<base::Instant, base::Instant>;
  // Of (district, target), its sites.
  std::map<std::pair<std::string, std::string>, std::map<std::string, Span>> groups;
  std::size_t done = 0;
  for (const Observation* observation : partition) {
    for (const SignalChange& change : engine.OnSample(*observation)) {
      Apply(change, open, result.alerts);
    }
    const base::Instant at = observation->measurement.collected_at;
    auto& sites = groups[{observation->district_id, observation->measurement.target}];
    Span& span = sites.try_emplace(observation->measurement.site_id, at, at).first->second;
    span = {std::min(span.first, at), std::max(span.second, at)};
    if (++done % kProgressEvery == 0) progress.Add(kProgressEvery);
  }
  progress.Add(done % kProgressEvery);
  for (auto& [key, alert] : open) result.alerts.push_back(std::move(alert));
  const auto years = [](base::Instant from, base::Instant to) {
    return static_cast<double>((base::DayOf(to) - base::DayOf(from)).count()) / kDaysPerYear;
  };
  for (const auto& [group, sites] : groups) {
    base::Instant first = base::Instant::max();
    base::Instant last = base::Instant::min();
    for (const auto& [site, span] : sites) {
      result.site_years += years(span.first, span.second);
      first = std::min(first, span.first);
      last = std::max(last, span.second);
    }
    result.district_years += years(first, last);
  }
  result.statistics = engine.statistics();
  return result;
}

}  // namespace

base::StatusOr<std::vector<Observation>> ReadObservations(std::istream& in, ReadReport& report) {
  ASSIGN_OR_RETURN(const auto reader, sample::SampleFileReader::Open(in, std::nullopt));
  return ReadObservations(*reader, report);
}

base::StatusOr<std::vector<Observation>> ReadObservations(sample::SampleFileReader& reader,
                                                          ReadReport& report) {
  std::vector<Observation> observations;
  std::vector<std::string> units;
  for (;;) {
    sample::FileRow row;
    ASSIGN_OR_RETURN(const bool more, reader.Next(row));
    if (!more) break;
    ++report.rows;
    Observation observation;
    const std::string reason = ToObservation(row, report.rows + 1, observation);
    if (!reason.empty()) {
      ++report.skipped[reason];
      continue;
    }
    ++report.used;
    units.push_back(sample::FactorToGcPerLitre(row.row.unit) ? "" : row.row.unit);
    observations.push_back(std::move(observation));
  }
  SplitByUnit(units, observations);
  std::stable_sort(
      observations.begin(), observations.end(), [](const Observation& a, const Observation& b) {
        return a.known_at != b.known_at ? a.known_at < b.known_at
                                        : a.measurement.collected_at < b.measurement.collected_at;
      });
  NumberVersions(observations);
  std::uint64_t sequence = 0;
  for (Observation& observation : observations) observation.feed_sequence = ++sequence;
  return observations;
}

base::StatusOr<BacktestResult> RunBacktest(const std::vector<Observation>& observations,
                                           const std::vector<std::string>& detectors,
                                           unsigned threads, const OnProgress& on_progress,
                                           const FalseAlarmPolicy& policy) {
  std::vector<Partition> partitions;
  if (policy.active()) {
    Partition& all = partitions.emplace_back();
    for (const Observation& observation : observations) all.push_back(&observation);
  } else {
    partitions = PartitionByGroup(observations);
  }
  std::vector<std::unique_ptr<Engine>> engines;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    ASSIGN_OR_RETURN(auto engine, Engine::Create(detectors, policy));
    engines.push_back(std::move(engine));
  }
  std::vector<PartitionResult> results(partitions.size());
  Progress progress(observations.size(), on_progress);
  InParallel(partitions.size(), threads, [&](std::size_t i) {
    results[i] = RunPartition(partitions[i], *engines[i], progress);
    engines[i].reset();
  });

  BacktestResult total;
  for (PartitionResult& result : results) {
    std::move(result.alerts.begin(), result.alerts.end(), std::back_inserter(total.alerts));
    total.observations += result.statistics.observations;
    total.held += result.statistics.held;
    total.too_late += result.statistics.too_late;
    total.district_years += result.district_years;
    total.site_years += result.site_years;
  }
  SortAlerts(total.alerts);
  return total;
}

void SortAlerts(std::vector<AlertRow>& alerts) {
  std::sort(alerts.begin(), alerts.end(), [](const AlertRow& a, const AlertRow& b) {
    const auto key = [](const AlertRow& r) {
      return std::tuple(r.opened_on, -static_cast<int>(r.level), std::string_view(r.area_id),
                        std::string_view(r.target), std::string_view(r.detector),
                        r.closed_on.value_or(base::Day::max()));
    };
    return key(a) < key(b);
  });
}

std::string CsvText(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string AlertsCsv(const std::vector<AlertRow>& alerts) {
  std::string text =
      "level,area,target,opened_on,closed_on,severity,detector,observed_on,district\n";
  for (const AlertRow& alert : alerts) {
    text += fmt::format("{},{},{},{},{},{},{},{},{}\n", NameOf(alert.level), CsvText(alert.area_id),
                        CsvText(alert.target), base::FormatDay(alert.opened_on),
                        alert.closed_on ? base::FormatDay(*alert.closed_on) : "",
                        NameOf(alert.severity), alert.detector, base::FormatDay(alert.observed_on),
                        CsvText(alert.district_id));
  }
  return text;
}

}  // namespace belgrand::detection
