// What changed within a time, and why: alerts, values, sites that fell out, the catalogue.
//
// Everything in it follows from a WeekData, so that it can be made again as of the same cut-off.
// Names of persons are not in it; reasons that officials or laboratories wrote are, as they wrote
// them (`Reasons::kLeaveOut` where the reader is not known).
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "alerting/language.h"
#include "services/cli/week_data.h"

namespace belgrand::cli {

// One field of something that was changed, by its name in the contract.
struct FieldChange {
  std::string field;
  std::string before;
  std::string after;
};

// Something that happened to an alert.
struct AlertChange {
  // Without names of persons.
  alerting::v1::AlertEvent event;
  std::string reason;
};

// A new version of a row.
struct ValueChange {
  timeseries::v1::SampleVersion before;
  timeseries::v1::SampleVersion after;
  std::string district_id;
  // Beside the result itself; empty for a row that was taken back.
  std::vector<FieldChange> fields;
};

enum class ExclusionCause {
  // Nothing was collected, or it has not come.
  kNothingCame,
  // Everything that came is held by quality control, or lacks a limit.
  kHeld,
  // Everything that came was taken back.
  kVoided,
};

// A series that gave usable values in the eight weeks before, and gives none of the time.
struct Exclusion {
  std::string site_id;
  std::string district_id;
  std::string target;
  base::Day last_used{};
  ExclusionCause cause = ExclusionCause::kNothingCame;
  // Of kHeld the flags; of kVoided the laboratory's reason; of kNothingCame the alert that says so,
  // with whoever must act.
  std::string detail;
};

struct SiteEdit {
  std::string site_id;
  std::string district_id;
  // 1: new in the catalogue.
  std::uint32_t version = 0;
  base::Instant recorded_at{};
  // The audit log's entry of the edit names it.
  std::uint64_t catalogue_version = 0;
  std::vector<FieldChange> fields;
};

// What judges from an instant on, where it is another than before.
struct SetupChange {
  base::Instant since{};
  // By name: "detector district-rise", "sampling plan weekly".
  std::vector<FieldChange> fields;
  std::string release_before;
  std::string release;
  // The configuration was changed, not (only) the program.
  bool configured = false;
};

struct Changes {
  Span span;
  base::Instant cutoff{};
  std::vector<AlertChange> opened;  // new, or back again
  std::vector<AlertChange> ended;
  std::vector<AlertChange> revised;  // severity, state, what it turned out to be
  std::vector<ValueChange> values;
  std::vector<Exclusion> excluded;
  std::vector<SiteEdit> sites;
  std::vector<SetupChange> setups;
  std::string setups_unknown;  // why nobody says what judged; empty: `setups` does

  // Exclusions are a state, no change: they do not count.
  bool empty() const {
    return opened.empty() && ended.empty() && revised.empty() && values.empty() && sites.empty() &&
           setups.empty();
  }
};

enum class Reasons { kTell, kLeaveOut };

// Of [span.from, span.to), as known at the cut-off. REQUIRES: the span does not begin before that
// of the data.
Changes FindChanges(const WeekData& data, const Span& span, Reasons reasons);

// Why: in the language, where the program says it; a person's words are theirs.
std::string ReasonWords(const AlertChange& change, alerting::Language language);
// "15,800 gc/L", "not detected (LOD 250)", "taken back".
std::string ResultWords(const timeseries::v1::SampleVersion& version, alerting::Language language);
// "persons served", "district"...: a field of the contract in words.
std::string FieldWords(const std::string& field, alerting::Language language);
// The reason of a change of what judges.
std::string ReleaseWords(const SetupChange& change, alerting::Language language);
std::string CauseWords(const Exclusion& exclusion, alerting::Language language);

// For people; at most `kMostLines` of a kind, and how many more there are.
inline constexpr std::size_t kMostLines = 200;
std::string ChangesText(const Changes& changes, alerting::Language language);
// "format": 1; fields are only ever added. Everything, in one line and a newline.
std::string ChangesJson(const Changes& changes);

}  // namespace belgrand::cli
