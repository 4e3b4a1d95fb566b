#include "detection/simulate.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "detection/random.h"

namespace belgrand::detection {
namespace {

using Days = std::chrono::days;

struct Laboratory {
  const char* id;
  const char* method;
  double lod;
  double loq;
  double noise_sd;
};
constexpr Laboratory kLaboratories[] = {{"lab-a", "rt-qpcr-1", 1300, 6000, 0.30},
                                        {"lab-b", "dpcr-1", 600, 2400, 0.20}};

struct WaveShape {
  double middle;  // day of the steepest climb
  double width;   // days
  double size;    // log10
  double decline_days;
  double peak() const { return middle + 2.2 * width; }
  double onset() const { return middle - 2.2 * width; }
};

// Logistic climb; after the peak it loses a log10 in `decline_days`.
double HeightAt(const WaveShape& wave, double day) {
  const double climb = wave.size / (1 + std::exp(-(day - wave.middle) / wave.width));
  if (day <= wave.peak()) return climb;
  const double top = wave.size / (1 + std::exp(-2.2));
  return std::max(top - (day - wave.peak()) / wave.decline_days, 0.0);
}

std::vector<WaveShape> DrawWaves(const SimulationOptions& options, Random& random) {
  std::vector<WaveShape> waves;
  const double room = static_cast<double>(options.days) / std::max(options.waves, 1);
  for (int i = 0; i < options.waves; ++i) {
    const double middle = room * (i + random.Uniform(0.45, 0.6));
    waves.push_back(
        {middle, random.Uniform(4.5, 9), random.Uniform(0.7, 1.6), random.Uniform(25, 45)});
  }
  return waves;
}

// Level of a district for every day: a random walk drawn back to its mean, plus the waves.
std::vector<double> DistrictLevels(const SimulationOptions& options,
                                   const std::vector<WaveShape>& waves, Random& random) {
  std::vector<double> levels;
  double walk = 0;
  const double mean = random.Uniform(3.3, 4.0);
  for (int day = 0; day < options.days; ++day) {
    walk = 0.98 * walk + 0.02 * random.Normal();
    double level = mean + walk;
    for (const WaveShape& wave : waves) level += HeightAt(wave, day);
    levels.push_back(level);
  }
  return levels;
}

std::vector<int> SamplingDays(const SimulationOptions& options, Random& random) {
  std::vector<int> days;
  const int interval = random.Integer(3, 7);
  for (int day = random.Integer(0, interval - 1); day < options.days; day += interval) {
    if (random.Uniform() < 0.01) day += random.Integer(14, 35);
    if (day < options.days && random.Uniform() >= 0.1) days.push_back(day);
  }
  return days;
}

void SetReading(double log10_value, const Laboratory& laboratory, Random& random,
                sample::Measurement& row) {
  // As laboratories report: four significant digits.
  const double raw = std::pow(10.0, std::clamp(log10_value, -2.0, 12.0));
  const double unit = std::pow(10.0, std::floor(std::log10(raw)) - 3);
  const double value = std::round(raw / unit) * unit;
  row.lod = laboratory.lod;
  row.loq = laboratory.loq;
  if (value < laboratory.lod) {
    row.censoring =
        random.Uniform() < 0.5 ? sample::Censoring::kNotDetected : sample::Censoring::kBelowLod;
  } else if (value < laboratory.loq) {
    row.censoring = sample::Censoring::kBelowLoq;
  } else {
    row.censoring = sample::Censoring::kNone;
    row.value = value;
  }
}

struct SiteWriter {
  const SimulationOptions& options;
  const std::vector<double>& district_levels;
  Simulation& out;

  // `spike_at`: index of the first spiked visit, or -1.
  void Write(std::size_t index, const std::vector<int>& days, int spike_at, Random& random) const {
    const sample::Site& site = out.sites[index];
    const Laboratory& laboratory = kLaboratories[index % std::size(kLaboratories)];
    const double offset = 0.35 * random.Normal();
    const int spike_length = random.Integer(1, 3);
    const double spike_size = random.Uniform(1.0, 2.0);
    double walk = 0;
    int walked = 0;
    for (std::size_t visit = 0; visit < days.size(); ++visit) {
      const int day = days[visit];
      for (; walked < day; ++walked) walk = 0.97 * walk + 0.03 * random.Normal();
      double reading = district_levels[static_cast<std::size_t>(day)] + offset + walk +
                       laboratory.noise_sd * random.Normal();
      if (random.Uniform() < 0.02) reading += random.Normal();
      const int since = static_cast<int>(visit) - spike_at;
      if (spike_at >= 0 && since >= 0 && since < spike_length) reading += spike_size;
      SimulatedSample sample;
      sample.site = index;
      sample::Measurement& row = sample.measurement;
      row.laboratory_id = laboratory.id;
      row.method_id = laboratory.method;
      row.sample_id = fmt::format("{}-{:04}", site.site_id, visit + 1);
      row.site_id = site.site_id;
      row.target = options.target;
      row.collected_at = base::Instant(options.first_day + Days(day));
      row.known_at = row.collected_at + Days(random.Integer(1, 6));
      row.flow_m3_per_day = std::round(site.population_served * 0.2 * random.Uniform(0.8, 1.4));
      SetReading(reading, laboratory, random, row);
      out.samples.push_back(std::move(sample));
    }
    if (spike_at < 0) return;
    const std::size_t last =
        std::min(days.size() - 1, static_cast<std::size_t>(spike_at + spike_length - 1));
    out.events.push_back({true, site.site_id, options.target,
                          options.first_day + Days(days[static_cast<std::size_t>(spike_at)]),
                          options.first_day + Days(days[last]), spike_size});
  }
};

void AddDistrict(const SimulationOptions& options, int district, Random& random, Simulation& out) {
  const std::string district_id = fmt::format("district-{}", district + 1);
  const std::vector<WaveShape> waves = DrawWaves(options, random);
  const std::vector<double> levels = DistrictLevels(options, waves, random);
  for (const WaveShape& wave : waves) {
    const auto day = [&](double at) {
      return options.first_day +
             Days(static_cast<int>(std::clamp(std::round(at), 0.0, options.days - 1.0)));
    };
    out.events.push_back(
        {false, district_id, options.target, day(wave.onset()), day(wave.peak()), wave.size});
  }
  std::vector<bool> spiked(static_cast<std::size_t>(options.sites), false);
  for (int i = 0; i < std::min(options.spikes, options.sites); ++i) {
    spiked[static_cast<std::size_t>(random.Integer(0, options.sites - 1))] = true;
  }
  const SiteWriter writer{options, levels, out};
  for (int s = 0; s < options.sites; ++s) {
    sample::Site site;
    site.site_id = fmt::format("site-{}-{}", district + 1, s + 1);
    site.name = site.site_id;
    site.district_id = district_id;
    site.population_served = std::round(std::pow(10.0, random.Uniform(3.7, 5.7)));
    out.sites.push_back(site);
    const std::vector<int> days = SamplingDays(options, random);
    int spike_at = -1;
    if (spiked[static_cast<std::size_t>(s)] && days.size() >= 20) {
      spike_at = random.Integer(10, static_cast<int>(days.size()) - 5);
    }
    writer.Write(out.sites.size() - 1, days, spike_at, random);
  }
}

base::Status CheckRange(std::string_view name, int value, int least, int most) {
  if (value >= least && value <= most) return base::OkStatus();
  return base::InvalidArgument("{}: {} is out of range; give {} to {}", name, value, least, most);
}

}  // namespace

base::StatusOr<Simulation> Simulate(const SimulationOptions& options) {
  RETURN_IF_ERROR(CheckRange("districts", options.districts, 1, 1000));
  RETURN_IF_ERROR(CheckRange("sites", options.sites, 1, 1000));
  RETURN_IF_ERROR(CheckRange("days", options.days, 1, 36500));
  RETURN_IF_ERROR(CheckRange("waves", options.waves, 0, 100));
  RETURN_IF_ERROR(CheckRange("spikes", options.spikes, 0, 1000));
  Simulation simulation;
  Random random(options.seed);
  for (int d = 0; d < options.districts; ++d) {
    // Its own stream: a district stays the same whatever its neighbours have.
    Random district(random.Bits());
    AddDistrict(options, d, district, simulation);
  }
  std::stable_sort(simulation.samples.begin(), simulation.samples.end(),
                   [](const SimulatedSample& a, const SimulatedSample& b) {
                     return std::tie(*a.measurement.known_at, a.measurement.collected_at) <
                            std::tie(*b.measurement.known_at, b.measurement.collected_at);
                   });
  return simulation;
}

std::string EventsCsv(const std::vector<TrueEvent>& events) {
  std::string text = "kind,area,target,onset,peak,size_log10\n";
  for (const TrueEvent& event : events) {
    text += fmt::format("{},{},{},{},{},{:.3f}\n", event.spike ? "spike" : "wave", event.area_id,
                        event.target, base::FormatDay(event.onset), base::FormatDay(event.peak),
                        event.size_log10);
  }
  return text;
}

}  // namespace belgrand::detection
