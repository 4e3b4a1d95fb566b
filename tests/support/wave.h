// A small made-up surveillance network whose districts see one clear wave: enough to raise alerts.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "belgrand/ingest/v1/sample.pb.h"
#include "belgrand/timeseries/v1/timeseries.pb.h"

namespace belgrand::testing {

struct WaveOptions {
  int districts = 2;
  int sites_per_district = 3;
  int days = 240;
  int interval_days = 3;
  // Rise of 1.5 log10 over four weeks, from this day on, then back.
  int wave_starts = 120;
  std::int64_t first_day = 18500;  // days since 1970
};

inline std::string DistrictName(int district) { return "district-" + std::to_string(district); }
inline std::string SiteName(int district, int site) {
  return "site-" + std::to_string(district) + "-" + std::to_string(site);
}

inline std::vector<timeseries::v1::Site> WaveSites(const WaveOptions& options) {
  std::vector<timeseries::v1::Site> sites;
  for (int district = 0; district < options.districts; ++district) {
    for (int site = 0; site < options.sites_per_district; ++site) {
      auto& added = sites.emplace_back();
      added.set_site_id(SiteName(district, site));
      added.set_name(SiteName(district, site));
      added.set_district_id(DistrictName(district));
      added.set_population_served(20'000 + 10'000 * site);
    }
  }
  return sites;
}

// In order of time. Noise of 0.12 log10 from a fixed hash, so that every run sees the same values.
inline std::vector<ingest::v1::Sample> WaveSamples(const WaveOptions& options) {
  std::vector<ingest::v1::Sample> samples;
  std::uint64_t state = 88172645463325252U;
  const auto noise = [&state] {
    double sum = 0;
    for (int i = 0; i < 12; ++i) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      sum += static_cast<double>(state >> 11) / 9007199254740992.0;
    }
    return 0.12 * (sum - 6);
  };
  for (int day = 0; day < options.days; day += options.interval_days) {
    for (int district = 0; district < options.districts; ++district) {
      for (int site = 0; site < options.sites_per_district; ++site) {
        const double phase = (day - options.wave_starts - 7.0 * district) / 28.0;
        const double lift = phase <= 0   ? 0
                            : phase <= 1 ? 1.5 * phase
                                         : std::max(0.0, 1.5 * (2 - phase));
        ingest::v1::Sample& sample = samples.emplace_back();
        sample.set_laboratory_id("lab-a");
        sample.set_sample_id(SiteName(district, site) + "/" + std::to_string(day));
        sample.set_site_id(SiteName(district, site));
        sample.mutable_collected_at()->set_seconds((options.first_day + day) * 86400);
        sample.set_target("sars-cov-2");
        sample.set_unit("gc/L");
        sample.set_value(std::pow(10.0, 4.0 + lift + noise()));
        sample.set_censoring(ingest::v1::NONE);
        sample.set_lod(1000);
        sample.set_loq(3000);
        sample.set_method_id("rt-qpcr-1");
        sample.set_sampled_by("sampler of " + SiteName(district, site));
        sample.set_analysed_by("analyst of lab-a");
      }
    }
  }
  return samples;
}

}  // namespace belgrand::testing
