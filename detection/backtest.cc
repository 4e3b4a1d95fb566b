#include "detection/backtest.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <tuple>

#include "detection/engine.h"
#include "sample/sample_file.h"
#include "sample/text.h"
#include "sample/validate.h"

namespace belgrand::detection {
namespace {

constexpr double kDaysPerYear = 365.25;

// What a measurement does not carry, of the row at its place in the file.
struct Extra {
  // Of persons and comment: part of what makes two sendings the same content.
  std::size_t rest = 0;
  std::string reason;
  bool names_district = false;
};

// Numbers of a load may lie beyond what a concentration can be: they are judged at a scale that
// keeps every bit.
constexpr int kLoadScale = -40;

void Rescale(std::optional<double>& number, int exponent) {
  if (number.has_value()) number = std::ldexp(*number, exponent);
}

bool IsLoad(const sample::Validated& validated) {
  return !validated.ok() && std::ranges::all_of(validated.violations, [](const auto& violation) {
    return violation.rule() == sample::Rule::kUnknownUnit && violation.field == "unit";
  });
}

// Judges a row that breaks no rule but that of its unit as if the unit were known.
sample::Validated ValidateLoad(sample::Row row, base::Instant now) {
  const std::string unit = sample::Printable(row.unit);
  row.unit = "gc/L";
  for (auto* number : {&row.value.value, &row.lod.value, &row.loq.value}) {
    Rescale(*number, kLoadScale);
  }
  for (auto& replicate : row.replicates) Rescale(replicate.value.value, kLoadScale);
  sample::Validated validated = sample::Validate(row, nullptr, now);
  if (!validated.ok()) return validated;
  sample::Measurement& m = *validated.measurement;
  for (auto* number : {&m.value, &m.lod, &m.loq}) Rescale(*number, -kLoadScale);
  for (auto& replicate : m.replicates) Rescale(replicate.value, -kLoadScale);
  m.target += ' ' + unit;
  return validated;
}

void CountRejected(std::string_view rule, ReadReport& report) {
  ++report.rejected[std::string(rule)];
}

// False when intake would refuse the row: then it is counted.
bool ToObservation(const sample::FileRow& in, const ReadOptions& options, ReadReport& report,
                   Observation& out, Extra& extra) {
  const sample::Row& row = in.row;
  sample::Validated validated = sample::Validate(row, nullptr, options.now);
  const bool load = options.loads == ReadOptions::Loads::kKeep && IsLoad(validated);
  if (load) validated = ValidateLoad(row, options.now);
  if (!validated.ok()) {
    std::set<std::string_view> rules;
    for (const auto& violation : validated.violations) rules.insert(RuleName(violation.rule()));
    for (const std::string_view rule : rules) CountRejected(rule, report);
    return false;
  }
  report.loads += load ? 1 : 0;
  out.measurement = *std::move(validated.measurement);
  sample::Measurement& m = out.measurement;
  // Nobody asks a history how its numbers were written.
  m.reported = {};
  extra.rest = std::hash<std::string>()(validated.sampled_by + '\n' + validated.analysed_by + '\n' +
                                        validated.comment);
  extra.reason = std::move(validated.amendment_reason);
  extra.names_district = !row.district_id.empty();
  out.district_id = !row.district_id.empty()                   ? row.district_id
                    : in.site && !in.site->district_id.empty() ? in.site->district_id
                                                               : row.site_id;
  out.population = in.site ? in.site->population_served : row.population_served.value.value_or(0);
  out.known_at = std::max(m.known_at.value_or(m.collected_at), m.collected_at);
  return true;
}

// What of a measurement is content: all but how its numbers were written. A field that is added to
// Measurement must be named here, or this does not compile.
auto ContentOf(const sample::Measurement& m) {
  const auto& [laboratory, sample, site, target, gene, collected, known, value, censoring, lod, loq,
               flow, population, method, method_version, flags, collection, controls, normalisers,
               replicates, reported, retest_of] = m;
  static_cast<void>(reported);
  return std::tie(laboratory, sample, site, target, gene, collected, known, value, censoring, lod,
                  loq, flow, population, method, method_version, flags, collection, controls,
                  normalisers, replicates, retest_of);
}

// Of a row of the file, every version that was kept.
struct Kept {
  std::size_t place = 0;
  const Extra* extra = nullptr;
};

enum class Repetition { kNew, kDuplicate, kAmendment, kReasonMissing };

// As the time series store decides (services/timeseries/append_plan.cc).
Repetition Decide(const std::vector<Kept>& versions, const std::vector<Observation>& observations,
                  const Observation& again, const Extra& extra) {
  if (versions.empty()) return Repetition::kNew;
  const auto same = [&](const Kept& kept) {
    return kept.extra->rest == extra.rest &&
           ContentOf(observations[kept.place].measurement) == ContentOf(again.measurement);
  };
  if (same(versions.back())) return Repetition::kDuplicate;
  const auto sent_before = [&](const Kept& kept) {
    return kept.extra->reason == extra.reason && same(kept);
  };
  if (std::ranges::any_of(versions, sent_before)) return Repetition::kDuplicate;
  return extra.reason.empty() ? Repetition::kReasonMissing : Repetition::kAmendment;
}

// Gives repetitions of (laboratory, sample, target, gene) their versions, and leaves out those that
// intake would not store. `extras` by feed_sequence.
void SettleRepetitions(const std::vector<Extra>& extras, std::vector<Observation>& observations,
                       ReadReport& report) {
  std::map<std::tuple<std::string, std::string, std::string, std::string>, std::vector<Kept>> seen;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < observations.size(); ++i) {
    const sample::Measurement& m = observations[i].measurement;
    const Extra& extra = extras[observations[i].feed_sequence];
    auto& versions = seen[{m.laboratory_id, m.sample_id, m.target, m.gene}];
    switch (Decide(versions, observations, observations[i], extra)) {
      case Repetition::kDuplicate:
        ++report.duplicates;
        continue;
      case Repetition::kReasonMissing:
        CountRejected(RuleName(sample::Rule::kAmendmentReasonRequired), report);
        continue;
      case Repetition::kNew:
      case Repetition::kAmendment:
        break;
    }
    versions.push_back({kept, &extra});
    observations[i].version = static_cast<std::uint32_t>(versions.size());
    if (kept != i) observations[kept] = std::move(observations[i]);
    ++kept;
  }
  observations.resize(kept);
}

// The newest word of the file on a site's district holds for all its rows, as in the catalogue.
void SettleDistricts(const std::map<std::string, std::string>& districts,
                     const std::vector<Extra>& extras, std::vector<Observation>& observations,
                     ReadReport& report) {
  std::erase_if(observations, [&](Observation& o) {
    const auto found = districts.find(o.measurement.site_id);
    if (found == districts.end() || found->second == o.district_id) return false;
    if (extras[o.feed_sequence].names_district) {
      CountRejected(RuleName(sample::Rule::kDistrictMismatch), report);
      return true;
    }
    o.district_id = found->second;
    return false;
  });
}

struct PartitionResult {
  std::vector<AlertRow> alerts;
  EngineStatistics statistics;
  double site_years = 0;
  double district_years = 0;
};

void Apply(const SignalChange& change, std::uint64_t order, std::map<std::string, AlertRow>& open,
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
                                       change.district_id,
                                       order};
    return;
  }
  const auto found = open.find(change.signal_key);
  if (found == open.end()) return;
  found->second.severity = std::max(found->second.severity, change.severity);
  if (change.phase != Phase::kCleared) return;
  found->second.closed_on = day;
  found->second.closed_order = order;
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
  std::uint64_t order = 0;
  for (const Observation* observation : partition) {
    for (const SignalChange& change : engine.OnSample(*observation)) {
      Apply(change, ++order, open, result.alerts);
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

base::StatusOr<std::vector<Observation>> ReadObservations(std::istream& in,
                                                          const ReadOptions& options,
                                                          ReadReport& report) {
  ASSIGN_OR_RETURN(const auto reader, sample::SampleFileReader::Open(in, std::nullopt));
  return ReadObservations(*reader, options, report);
}

base::StatusOr<std::vector<Observation>> ReadObservations(sample::SampleFileReader& reader,
                                                          const ReadOptions& options,
                                                          ReadReport& report) {
  std::vector<Observation> observations;
  std::vector<Extra> extras;
  std::map<std::string, std::string> districts;
  for (;;) {
    sample::FileRow row;
    ASSIGN_OR_RETURN(const bool more, reader.Next(row));
    if (!more) break;
    ++report.rows;
    if (row.site.has_value() && !row.site->district_id.empty()) {
      districts[row.site->site_id] = row.site->district_id;
    }
    Observation observation;
    Extra extra;
    if (!ToObservation(row, options, report, observation, extra)) continue;
    observation.feed_sequence = extras.size();
    extras.push_back(std::move(extra));
    observations.push_back(std::move(observation));
  }
  SettleDistricts(districts, extras, observations, report);
  std::stable_sort(
      observations.begin(), observations.end(), [](const Observation& a, const Observation& b) {
        return a.known_at != b.known_at ? a.known_at < b.known_at
                                        : a.measurement.collected_at < b.measurement.collected_at;
      });
  SettleRepetitions(extras, observations, report);
  report.used = observations.size();
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
      "level,area,target,opened_on,closed_on,severity,detector,observed_on,district,opened_order,"
      "closed_order\n";
  for (const AlertRow& alert : alerts) {
    text += fmt::format(
        "{},{},{},{},{},{},{},{},{},{},{}\n", NameOf(alert.level), CsvText(alert.area_id),
        CsvText(alert.target), base::FormatDay(alert.opened_on),
        alert.closed_on ? base::FormatDay(*alert.closed_on) : "", NameOf(alert.severity),
        alert.detector, base::FormatDay(alert.observed_on), CsvText(alert.district_id),
        alert.opened_order, alert.closed_on ? fmt::format("{}", alert.closed_order) : "");
  }
  return text;
}

}  // namespace belgrand::detection
