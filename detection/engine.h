// The detection engine: samples in, as they become known; changes of signals out.
//
// The state is a pure function of the sequence of observations: no clock, no randomness, no
// look-ahead. The service and the backtest run this same class. Groups of (district, target) do not
// influence one another, except that an amended row may move from one to another, and that a policy
// of false alarms (false_alarms.h) compares all of them before anything is raised. A site belongs
// to the district that acts on it; its samples count in every district where its persons live.
//
// A row amended by a higher version replaces the old one, one that is voided leaves; a late row
// takes its place by date of collection. Signals already emitted are not taken back: the state
// moves on from there. Numbers are finite for every input; a row that says nothing usable changes
// nothing. Thread safety: none; one owner.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "detection/detector.h"
#include "detection/false_alarms.h"
#include "detection/hysteresis.h"
#include "detection/observation.h"
#include "detection/signal.h"
#include "detection/track.h"
#include "platform/base/error.h"

namespace belgrand::detection {

struct EngineStatistics {
  std::uint64_t observations = 0;
  // Held by quality control, or without the limit that their censoring needs.
  std::uint64_t held = 0;
  // Versions that took a row back.
  std::uint64_t voided = 0;
  // Older than the window of their area.
  std::uint64_t too_late = 0;
  // A version already replaced.
  std::uint64_t superseded = 0;
  std::uint64_t areas = 0;
};

// One evaluation of one detector, as the engine made it: what a sweep over thresholds judges anew.
struct Reading {
  std::size_t detector = 0;  // position in Engine::detectors()
  AreaLevel level = AreaLevel::kSite;
  std::string_view area_id;
  base::Instant known_at{};
  double newest_day = 0;
  // nullptr: the site fell silent, which ends its signals.
  const Finding* finding = nullptr;
};

class Engine {
 public:
  // `detectors` by registered name; empty: those that are in use by default, and on rare targets
  // that which reports their mere presence, which no policy of false alarms holds back.
  // InvalidArgument names one that is not registered, or what the policy of false alarms does not
  // allow.
  static base::StatusOr<std::unique_ptr<Engine>> Create(
      const std::vector<std::string>& detectors = {}, const FalseAlarmPolicy& policy = {});
  ~Engine();

  std::vector<SignalChange> OnSample(const Observation& observation);

  // Every signal that is held now, as kUpdated with the evidence of now, in order of district,
  // target, level (district first), area and detector. The numbers go into the changes as they are.
  std::vector<SignalChange> Held(std::uint64_t feed_sequence, base::Instant known_at) const;
  // Forgets all observations: as after Create.
  void Reset();
  // What judges: the engine and each of its detectors, with versions and limits. While it stays the
  // same, the same observations give the same signals.
  std::string Fingerprint() const;
  const std::vector<const Detector*>& detectors() const { return detectors_; }
  // Calls `probe` with every evaluation from now on, in order.
  void Watch(std::function<void(const Reading&)> probe) { probe_ = std::move(probe); }

  // Areas in order of district, target, level (district first) and name; an empty filter means all.
  std::vector<AreaState> States(std::string_view district_id, std::string_view target) const;
  const EngineStatistics& statistics() const { return statistics_; }

 private:
  struct Area {
    Area(const TrendParameters& parameters, Past past) : track(parameters, past) {}
    Track track;
    // By position in detectors_.
    std::map<std::size_t, Hold> holds;
    // By the same position: the stream of the control of false alarms, where there is one.
    std::map<std::size_t, std::size_t> streams;
  };
  // A finding as it is judged here.
  struct Judged {
    Finding finding;
    // What the score was compared with, and words on it for who reads the alert.
    double limit = 0;
    std::string words;
    std::string french_words;
  };
  // Everything of one district and target.
  struct Group;
  struct Location {
    // Where its site is.
    std::pair<std::string, std::string> group;
    // The districts in which it counts.
    std::vector<std::string> districts;
    std::string site_id;
    GroupKey key;
    std::uint32_t version = 0;
  };
  // laboratory, sample, target, gene
  using RowKey = std::tuple<std::string, std::string, std::string, std::string>;

  Engine(std::vector<const Detector*> detectors, std::vector<bool> rare_only,
         std::unique_ptr<FalseAlarmControl> control);
  void Insert(const Observation& observation, const LogValue& value, const RowKey& row_key);
  Group& GroupOf(const std::pair<std::string, std::string>& key);
  // Takes the row out of its tracks; false: it was in none.
  bool Evict(const Location& location, const RowKey& row_key);
  void EvaluateSite(const Location& location, const Observation& cause,
                    std::vector<SignalChange>& changes);
  void EvaluateDistrict(const std::pair<std::string, std::string>& group_key,
                        const Observation& cause, std::vector<SignalChange>& changes);
  void Evaluate(Group& group, AreaLevel level, const std::string& area_id, Area& area,
                const Observation& cause, std::vector<SignalChange>& changes);
  Judged Judge(std::size_t detector, const Group& group, const std::string& area_id, Area& area,
               const AreaView& view, const Observation& cause);
  // Judges by the policy of false alarms.
  void Control(std::size_t detector, const Group& group, const std::string& area_id, Area& area,
               const Observation& cause, Judged& judged);
  static const Track* DistrictOf(const Group& group, AreaLevel level);
  void ClearSilentSites(Group& group, const Observation& cause, std::vector<SignalChange>& changes);
  void AddHeld(const Group& group, AreaLevel level, const std::string& area_id, const Area& area,
               const Observation& cause, std::vector<SignalChange>& held) const;
  SignalChange MakeChange(const Group& group, AreaLevel level, const std::string& area_id,
                          const Area& area, const Detector& detector, const Judged& judged,
                          const Hold& hold, Phase phase, const Observation& cause) const;
  void Forget();
  AreaState StateOf(const Group& group, AreaLevel level, const std::string& area_id,
                    const Area& area) const;

  const std::vector<const Detector*> detectors_;
  // By position: it looks at rare targets alone.
  const std::vector<bool> rare_only_;
  const Past past_;  // kKeep when a detector asks for it
  // nullptr: each detector's own limit, each area by itself.
  std::unique_ptr<FalseAlarmControl> control_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Group>> groups_;
  std::map<RowKey, Location> rows_;
  EngineStatistics statistics_;
  std::function<void(const Reading&)> probe_;
};

}  // namespace belgrand::detection
