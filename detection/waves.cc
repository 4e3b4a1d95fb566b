#include "detection/waves.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <utility>

#include "sample/csv.h"
#include "sample/target.h"

namespace belgrand::detection {
namespace {

using Days = std::chrono::days;
constexpr Days kEarly{21};
// Of cases a day.
constexpr double kLeastPeak = 10;
constexpr double kLeastClimb = 2;
constexpr double kOverAt = 0.7;
// Of a level, log10.
constexpr double kLeastLevelClimb = 0.5;
constexpr double kLevelOverAt = 0.3;
constexpr std::size_t kLeastClimbDays = 10;
constexpr Days kSettling{28};
// Beyond any date of a file, and far from the end of the type.
constexpr base::Day kNever{Days(1000000)};
constexpr double kOnsetShare = 0.1;

std::vector<double> CentredWeek(const std::vector<double>& values) {
  std::vector<double> smooth(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t from = i >= 3 ? i - 3 : 0;
    const std::size_t to = std::min(i + 4, values.size());
    double sum = 0;
    for (std::size_t j = from; j < to; ++j) sum += values[j];
    smooth[i] = sum / static_cast<double>(to - from);
  }
  return smooth;
}

// Where a wave is, as positions in its series.
struct Climb {
  std::size_t trough = 0;
  std::size_t onset = 0;
  std::size_t peak = 0;
};

// When a series climbs, against its trough, and when that is over, against its peak.
struct ClimbRule {
  std::function<bool(double value, double trough)> climbs;
  std::function<bool(double value, double peak)> over;
};

std::vector<Climb> FindClimbs(const std::vector<double>& s, const ClimbRule& rule) {
  std::vector<Climb> waves;
  std::size_t trough = 0;
  std::size_t peak = 0;
  bool climbing = false;
  const auto close = [&] {
    const double limit = s[trough] + kOnsetShare * (s[peak] - s[trough]);
    std::size_t onset = peak;
    while (onset > trough && s[onset] > limit) --onset;
    if (peak - onset >= kLeastClimbDays) waves.push_back({trough, onset, peak});
  };
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (!climbing) {
      if (s[i] <= s[trough]) trough = i;
      climbing = rule.climbs(s[i], s[trough]);
      peak = i;
      continue;
    }
    if (s[i] > s[peak]) peak = i;
    if (!rule.over(s[i], s[peak])) continue;
    close();
    climbing = false;
    trough = i;
  }
  if (climbing) close();
  return waves;
}

std::vector<Climb> ClimbsOfCases(const std::vector<double>& daily) {
  return FindClimbs(daily, {[](double value, double trough) {
                              return value >= kLeastPeak && value >= kLeastClimb * trough;
                            },
                            [](double value, double peak) { return value <= kOverAt * peak; }});
}

std::vector<Climb> ClimbsOfLevel(const std::vector<double>& level) {
  return FindClimbs(level,
                    {[](double value, double trough) { return value >= trough + kLeastLevelClimb; },
                     [](double value, double peak) { return value <= peak - kLevelOverAt; }});
}

}  // namespace

base::StatusOr<std::vector<Wave>> ReadWaves(std::istream& in) {
  const std::vector<std::string> plain = {"area", "target", "onset", "peak"};
  const std::vector<std::string> truth = {"kind", "area", "target", "onset", "peak", "size_log10"};
  sample::CsvReader csv(in);
  std::vector<std::string> header;
  ASSIGN_OR_RETURN(const bool any, csv.Next(header));
  if (!any || (header != plain && header != truth)) {
    return base::InvalidArgument(
        "waves, line 1: expected the header area,target,onset,peak (or the truth file of "
        "simulate)");
  }
  const std::size_t area = header == truth ? 1 : 0;
  std::vector<std::string> fields;
  std::vector<Wave> waves;
  for (std::size_t line = 2;; ++line) {
    ASSIGN_OR_RETURN(const bool more, csv.Next(fields));
    if (!more) break;
    if (fields.size() != header.size()) {
      return base::InvalidArgument("waves, line {}: {} fields, the header has {}", line,
                                   fields.size(), header.size());
    }
    // The truth file also lists spikes, which are no waves.
    if (header == truth && fields[0] != "wave") continue;
    ASSIGN_OR_RETURN(const base::Day onset, base::ParseDay(fields[area + 2]));
    ASSIGN_OR_RETURN(const base::Day peak, base::ParseDay(fields[area + 3]));
    if (peak < onset) {
      return base::InvalidArgument("waves, line {}: peak {} lies before onset {}", line,
                                   fields[area + 3], fields[area + 2]);
    }
    const std::string& target = fields[area + 1];
    waves.push_back(
        {fields[area], std::string(sample::CanonicalTarget(target).value_or(target)), onset, peak});
  }
  return waves;
}

base::StatusOr<std::vector<Wave>> WavesOfCumulativeCases(std::istream& in,
                                                         const std::string& target) {
  sample::CsvReader csv(in);
  std::vector<std::string> header;
  ASSIGN_OR_RETURN(const bool any, csv.Next(header));
  if (!any || header.size() < 2) {
    return base::InvalidArgument("cases: expected a header Date,<area>,<area>,...");
  }
  std::vector<base::Day> days;
  std::vector<std::vector<double>> daily(header.size() - 1);
  std::vector<double> last(header.size() - 1, 0);
  std::vector<std::string> fields;
  for (std::size_t line = 2;; ++line) {
    ASSIGN_OR_RETURN(const bool more, csv.Next(fields));
    if (!more) break;
    if (fields.size() != header.size()) {
      return base::InvalidArgument("cases, line {}: {} fields, the header has {}", line,
                                   fields.size(), header.size());
    }
    ASSIGN_OR_RETURN(const base::Day day, base::ParseDay(fields[0]));
    days.push_back(day);
    for (std::size_t a = 0; a < last.size(); ++a) {
      const std::string& text = fields[a + 1];
      double total = last[a];
      std::from_chars(text.data(), text.data() + text.size(), total);
      // The total may be corrected downwards; new cases are never negative.
      daily[a].push_back(std::max(total - last[a], 0.0));
      last[a] = std::max(total, last[a]);
    }
  }
  std::vector<Wave> waves;
  for (std::size_t a = 0; a < daily.size(); ++a) {
    for (const Climb& climb : ClimbsOfCases(CentredWeek(daily[a]))) {
      waves.push_back({header[a + 1], target, days[climb.onset], days[climb.peak]});
    }
  }
  return waves;
}

std::vector<Wave> WavesOfCurves(const std::vector<LevelCurve>& curves) {
  std::vector<Wave> waves;
  for (const LevelCurve& curve : curves) {
    if (curve.level != AreaLevel::kDistrict) continue;
    for (const std::vector<LevelPoint>& piece : curve.pieces) {
      std::vector<double> level;
      for (const LevelPoint& point : piece) level.push_back(point.mean);
      for (const Climb& climb : ClimbsOfLevel(level)) {
        if (piece[climb.peak].lower <= piece[climb.trough].mean) continue;
        waves.push_back(
            {curve.area_id, curve.target, piece[climb.onset].day, piece[climb.peak].day});
      }
    }
  }
  return waves;
}

double JudgedSpan::years() const {
  return from < to ? static_cast<double>((to - from).count()) / 365.25 : 0;
}

JudgedAreas JudgedAreasOf(const std::vector<Wave>& waves,
                          const std::vector<Observation>& observations) {
  JudgedAreas judged;
  if (waves.empty()) return judged;
  base::Day end = waves.front().peak;
  for (const Wave& wave : waves) {
    end = std::max(end, wave.peak);
    judged.try_emplace({wave.area_id, wave.target}, JudgedSpan{kNever, kNever});
  }
  end += kAfterLastPeak;
  for (const Observation& o : observations) {
    const auto found = judged.find({o.district_id, o.measurement.target});
    if (found == judged.end()) continue;
    found->second.from = std::min(found->second.from, base::DayOf(o.known_at));
  }
  for (auto& [area, span] : judged) span.to = end;
  return judged;
}

WaveScore ScoreWaves(const std::vector<Wave>& waves, const std::vector<AlertRow>& alerts,
                     const std::vector<Observation>& observations) {
  return ScoreWaves(waves, alerts, JudgedAreasOf(waves, observations));
}

WaveScore ScoreWaves(const std::vector<Wave>& waves, const std::vector<AlertRow>& alerts,
                     const JudgedAreas& judged) {
  WaveScore score;
  for (const auto& [area, span] : judged) score.area_years += span.years();
  std::vector<int> leads;
  std::vector<bool> useful(alerts.size(), false);
  for (const Wave& wave : waves) {
    // Nobody can warn of a wave that was under way before the sampling was.
    if (wave.peak < judged.at({wave.area_id, wave.target}).from + kSettling) continue;
    WaveOutcome outcome{wave, false, std::nullopt};
    const base::Day from = wave.onset - kEarly;
    for (std::size_t i = 0; i < alerts.size(); ++i) {
      const AlertRow& alert = alerts[i];
      if (alert.level != AreaLevel::kDistrict || alert.area_id != wave.area_id ||
          alert.target != wave.target || alert.opened_on > wave.peak ||
          alert.closed_on.value_or(base::Day::max()) < from) {
        continue;
      }
      outcome.met = true;
      if (alert.opened_on < from) continue;
      useful[i] = true;
      outcome.opened_on = std::min(outcome.opened_on.value_or(alert.opened_on), alert.opened_on);
    }
    score.met += outcome.met ? 1 : 0;
    if (outcome.opened_on) {
      ++score.in_time;
      leads.push_back(static_cast<int>((wave.peak - *outcome.opened_on).count()));
    }
    score.outcomes.push_back(std::move(outcome));
  }
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    const auto area = judged.find({alerts[i].area_id, alerts[i].target});
    if (useful[i]) score.true_alerts.push_back(alerts[i]);
    if (useful[i] || alerts[i].level != AreaLevel::kDistrict || area == judged.end()) continue;
    if (alerts[i].opened_on > area->second.to) continue;
    score.false_alerts.push_back(alerts[i]);
    score.late += std::any_of(waves.begin(), waves.end(), [&](const Wave& wave) {
      return wave.area_id == alerts[i].area_id && wave.target == alerts[i].target &&
             alerts[i].opened_on > wave.peak && alerts[i].opened_on <= wave.peak + kAfterLastPeak;
    });
  }
  std::sort(leads.begin(), leads.end());
  if (!leads.empty()) score.median_lead_days = leads[leads.size() / 2];
  return score;
}

}  // namespace belgrand::detection
