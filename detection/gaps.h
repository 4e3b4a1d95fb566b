// Which samples and readings should be here by now and are not: gaps of the data, each with whoever
// must act.
//
// A plan says of sites and targets how often a sample is collected, how soon its result is here,
// and who owns the work. A series (a site, a target) is overdue once the result of its next sample
// should be here: newest collection + every + result_within + grace; a site that never delivered
// counts from when it was listed. What is overdue is told by the widest cause that the data show:
//
//   no-new-data      every series that is planned in a district is overdue, and there are two;
//   late-laboratory  the sample was collected, for another target of it is here, and the result of
//                    this one is due; or every planned series of the laboratory is overdue, at two
//                    sites at least;
//   missing-sample   anything else.
//
// A sensor is silent (silent-sensor) when its newest reading is older than its own greatest gap and
// the limit of the configuration.
// What is taken back (voided) was collected, so it is no gap. Pure functions of what they are
// given; the clock is passed in. Thread safety: ArrivalBook none.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "detection/signal.h"
#include "platform/base/time.h"

namespace belgrand::detection {

inline constexpr std::string_view kNoNewData = "no-new-data";
inline constexpr std::string_view kLateLaboratory = "late-laboratory";
inline constexpr std::string_view kMissingSample = "missing-sample";
inline constexpr std::string_view kSilentSensor = "silent-sensor";
// Stands for the target of what concerns all of them.
inline constexpr std::string_view kAnyTarget = "any";

struct SamplingPlan {
  std::string name;
  // Empty: all. Targets that are named are expected of every site of the plan; with none, those
  // that the site has delivered.
  std::vector<std::string> district_ids = {};
  std::vector<std::string> site_ids = {};
  std::vector<std::string> targets = {};
  base::Duration every{};
  base::Duration result_within{};
  base::Duration grace{};
  std::string owner;
};

struct GapRules {
  // The first that names a site and a target holds for them.
  std::vector<SamplingPlan> plans = {};
  // Absent: sensors are not watched.
  std::optional<base::Duration> silent_after = {};
  std::string sensor_owner = {};
};

struct PlannedSite {
  std::string site_id;
  std::string district_id;
  base::Instant listed_at{};
};

struct SensorState {
  std::string sensor_id;
  std::string site_id;
  std::string quantity;
  base::Instant newest_at{};
  // Its greatest gap that is no fault.
  base::Duration max_gap{};
};

// The newest sample of each series.
class ArrivalBook {
 public:
  struct Newest {
    base::Instant collected_at{};
    std::string laboratory_id;
  };
  // Target, newest.
  using Targets = std::map<std::string, Newest>;

  void Take(const std::string& site_id, const std::string& target, const std::string& laboratory_id,
            base::Instant collected_at);
  // Empty for a site that never delivered.
  const Targets& Of(const std::string& site_id) const;
  void Clear() { by_site_.clear(); }

 private:
  std::map<std::string, Targets> by_site_;
};

// One area of one alert of the data. Gaps of one district, target and rule are one alert: they have
// one owner line and one explanation, which tells of all of them.
struct Gap {
  std::string rule;
  std::string district_id;
  std::string target;
  // A site, laboratory, sensor or district.
  std::string area_id;
  AreaLevel level = AreaLevel::kSite;
  Severity severity = Severity::kWatch;
  // When it became one.
  base::Instant since{};
  std::string owner;
  std::string explanation;
  std::string explanation_fr;

  // "<rule>/<area>/<target>": no key of a detector begins so.
  std::string SignalKey() const { return rule + "/" + area_id + "/" + target; }
};

// In order of district, rule, target and area.
std::vector<Gap> FindGaps(const GapRules& rules, const std::vector<PlannedSite>& sites,
                          const ArrivalBook& arrivals, const std::vector<SensorState>& sensors,
                          base::Instant now);

}  // namespace belgrand::detection
