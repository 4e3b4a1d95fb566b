#include "detection/inject.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>
#include <utility>

#include "detection/backtest.h"
#include "detection/random.h"

namespace belgrand::detection {
namespace {

using Days = std::chrono::days;

template <typename Number>
base::StatusOr<Number> ParseNumber(std::string_view name, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return base::InvalidArgument("inject: {}={} is not a number", name, text);
  }
  return value;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

base::Status Apply(std::string_view part, InjectOptions& options) {
  const std::size_t equals = part.find('=');
  const std::string_view name = part.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? "" : part.substr(equals + 1);
  if (name == "spikes") {
    ASSIGN_OR_RETURN(options.spikes, ParseNumber<int>(name, value));
    if (options.spikes < 1 || options.spikes > 1'000'000) {
      return base::InvalidArgument("inject: spikes={} must be 1 to 1,000,000", value);
    }
    return base::OkStatus();
  }
  if (name == "seed") {
    ASSIGN_OR_RETURN(options.seed, ParseNumber<std::uint64_t>(name, value));
    return base::OkStatus();
  }
  if (name != "factor") {
    return base::InvalidArgument("inject: '{}' is unknown; give spikes=N,seed=S,factor=F or F:F:F",
                                 name);
  }
  options.factors.clear();
  for (const std::string_view factor : Split(value, ':')) {
    ASSIGN_OR_RETURN(const double number, ParseNumber<double>(name, factor));
    if (!(number > 1 && number <= 1e6)) {
      return base::InvalidArgument("inject: factor={} must be above 1, at most 1e6", factor);
    }
    options.factors.push_back(number);
  }
  return base::OkStatus();
}

// The row as the laboratory would have reported it had the sample held `factor` times as much.
void Raise(sample::Measurement& row, double factor) {
  using sample::Censoring;
  double base = row.value.value_or(0);
  if (row.censoring == Censoring::kBelowLod || row.censoring == Censoring::kNotDetected) {
    base = row.lod.value_or(0) / 2;
  } else if (row.censoring == Censoring::kBelowLoq) {
    base = (row.lod.value_or(0) + row.loq.value_or(0)) / 2;
  }
  if (base <= 0) return;
  const double raised = base * factor;
  if (row.lod && raised < *row.lod) return;
  row.value = raised;
  row.censoring = row.loq && raised < *row.loq ? Censoring::kBelowLoq : Censoring::kNone;
}

// Rows of a site and target by sampled day.
using Series = std::map<base::Day, std::vector<std::size_t>>;
using SeriesName = std::pair<std::string, std::string>;

struct Candidate {
  const SeriesName* name = nullptr;
  const Series* series = nullptr;
  Series::const_iterator first;
  std::size_t left = 0;  // sampled days from `first` on
};

std::vector<Candidate> Candidates(const std::map<SeriesName, Series>& all) {
  std::vector<Candidate> candidates;
  for (const auto& [name, series] : all) {
    std::size_t position = 0;
    for (auto it = series.begin(); it != series.end(); ++it, ++position) {
      if (position < InjectOptions::kBefore) continue;
      candidates.push_back({&name, &series, it, series.size() - position});
    }
  }
  return candidates;
}

}  // namespace

base::StatusOr<InjectOptions> ParseInjectOptions(std::string_view text) {
  InjectOptions options;
  for (const std::string_view part : Split(text, ',')) RETURN_IF_ERROR(Apply(part, options));
  return options;
}

Injection InjectSpikes(const std::vector<Observation>& observations, const InjectOptions& options) {
  Injection result;
  result.observations = observations;
  std::map<SeriesName, Series> all;
  for (std::size_t i = 0; i < observations.size(); ++i) {
    const sample::Measurement& row = observations[i].measurement;
    if (!ToLogValue(row)) continue;
    all[{row.site_id, row.target}][base::DayOf(row.collected_at)].push_back(i);
  }
  std::vector<Candidate> candidates = Candidates(all);
  Random random(options.seed);
  std::map<SeriesName, std::vector<std::pair<base::Day, base::Day>>> taken;
  for (std::size_t left = candidates.size();
       left > 0 && result.spikes.size() < static_cast<std::size_t>(options.spikes); --left) {
    const auto pick = static_cast<std::size_t>(random.Bits() % left);
    std::swap(candidates[pick], candidates[left - 1]);
    const Candidate& at = candidates[left - 1];
    const auto length = std::min(static_cast<std::size_t>(random.Integer(1, 3)), at.left);
    const auto end = std::next(at.first, static_cast<std::ptrdiff_t>(length));
    InjectedSpike spike;
    std::tie(spike.site_id, spike.target) = *at.name;
    spike.first = at.first->first;
    spike.last = std::prev(end)->first;
    spike.samples = static_cast<int>(length);
    auto& others = taken[*at.name];
    const bool room = std::none_of(others.begin(), others.end(), [&](const auto& other) {
      return spike.first - other.second <= Days(InjectOptions::kApartDays) &&
             other.first - spike.last <= Days(InjectOptions::kApartDays);
    });
    if (!room) continue;
    others.emplace_back(spike.first, spike.last);
    spike.factor = options.factors[result.spikes.size() % options.factors.size()];
    spike.first_known = base::Day::max();
    spike.last_known = base::Day::min();
    for (auto day = at.first; day != end; ++day) {
      for (const std::size_t row : day->second) {
        Raise(result.observations[row].measurement, spike.factor);
        const base::Day known = base::DayOf(observations[row].known_at);
        spike.first_known = std::min(spike.first_known, known);
        spike.last_known = std::max(spike.last_known, known);
      }
    }
    result.spikes.push_back(std::move(spike));
  }
  std::sort(result.spikes.begin(), result.spikes.end(), [](const auto& a, const auto& b) {
    return std::tie(a.site_id, a.target, a.first) < std::tie(b.site_id, b.target, b.first);
  });
  return result;
}

std::string SpikesCsv(const std::vector<InjectedSpike>& spikes) {
  std::string text = "site,target,first,last,samples,factor,first_known,last_known\n";
  for (const InjectedSpike& s : spikes) {
    text += fmt::format("{},{},{},{},{},{},{},{}\n", CsvText(s.site_id), CsvText(s.target),
                        base::FormatDay(s.first), base::FormatDay(s.last), s.samples, s.factor,
                        base::FormatDay(s.first_known), base::FormatDay(s.last_known));
  }
  return text;
}

}  // namespace belgrand::detection
