// Judging alerts on sites by spikes that were injected (inject.h).
//
// A spike is caught when a site alert opened on one of the days on which its samples became known;
// an alert already open before does not count: it said nothing new. Every other site alert counts
// as false. Real histories hold real spikes and real waves that nobody labelled, so the rate
// of false alerts is an upper bound, equally so for every detector. Area-years: the years of each
// (site, target) between the first and the last day on which a sample became known.
// Thread safety: pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "detection/backtest.h"
#include "detection/inject.h"

namespace belgrand::detection {

struct SpikeOutcome {
  InjectedSpike spike;
  // Of the first alert that caught it; the delay counts from the day the first sample was known.
  std::optional<base::Day> opened_on;
};

struct SpikeScore {
  std::vector<SpikeOutcome> outcomes;
  std::vector<AlertRow> true_alerts;
  std::vector<AlertRow> false_alerts;
};

SpikeScore ScoreSpikes(const std::vector<InjectedSpike>& spikes,
                       const std::vector<AlertRow>& alerts);

// Years by (site, target).
std::map<std::pair<std::string, std::string>, double> SiteYears(
    const std::vector<Observation>& observations);

}  // namespace belgrand::detection
