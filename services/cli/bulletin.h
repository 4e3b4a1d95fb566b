// The weekly bulletin: what a health official reads of a week, in two pages.
//
// Every number follows from a WeekData: levels and growth are those of detection (the same engine
// over the same feed, up to the end of the week), the activity level is the CDC's
// (detection/levels/wval.h), alerts and changes are those of `belgrand alerts changes`. The same
// data gives the same bytes. It is for officials and not for publication: small groups are not
// hidden here (docs/publication.md), but nothing of a person is in it: no names, and no reason that
// somebody wrote in free words.
//
// Units: log10 gc/L and natural log per day, as in detection. Thread safety: pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alerting/language.h"
#include "detection/levels/wval.h"
#include "detection/signal.h"
#include "detection/smooth/curves.h"
#include "services/cli/changes.h"
#include "services/cli/week_data.h"

namespace belgrand::cli {

enum class Trend { kUnknown, kFalling, kNone, kRising };
// By samples of four weeks and the width of the 95 % interval: high from 8 samples and a factor of
// 2.5 between its ends, medium from 4 samples and a factor of 10.
enum class Confidence { kNone, kLow, kMedium, kHigh };

// One district and target.
struct DistrictLine {
  std::string district_id;
  std::string target;
  // Detection's estimate at the end of the week; nullopt: it has none.
  std::optional<detection::AreaState> state;
  // Median over the district's sites; nullopt: no scale for the target, or too young a series.
  std::optional<double> wval;
  detection::ActivityLevel level = detection::ActivityLevel::kVeryLow;
  // Usable rows, collected in the week and in the four weeks to its end.
  std::size_t samples = 0;
  std::size_t samples_of_four_weeks = 0;
  // The most severe alert that stands at the cut-off, 0: none; and the rules of all.
  int severity = 0;
  std::vector<std::string> rules;

  Trend trend() const;
  Confidence confidence() const;
};

struct CurveDot {
  base::Day day{};
  double log10 = 0;  // a row below a limit: the limit
  bool quantified = true;
};

// The half-year to the end of the week.
struct BulletinCurve {
  std::string district_id;
  std::string target;
  std::vector<CurveDot> dots;
  // Smoothed with hindsight (detection/smooth/curves.h), which table and alerts are not.
  std::vector<std::vector<detection::LevelPoint>> pieces;
};

// A row of the week that is not used.
struct HeldBack {
  std::string why;  // a quality flag's name; empty: a limit is missing, or its controls say so
  std::size_t rows = 0;
};

struct DataGap {
  std::string district_id;
  std::string rule;
  std::string owner;
  std::size_t areas = 0;
};

struct DistrictShape {
  std::string district_id;
  // Outer rings and holes, longitude and latitude.
  std::vector<std::vector<std::pair<double, double>>> rings;
};

// What another bulletin of the same week said otherwise.
struct LineChange {
  std::string district_id;
  std::string target;
  std::vector<FieldChange> fields;
};
struct SinceVersion {
  int version = 0;
  base::Instant cutoff{};
  Changes changes;
  std::vector<LineChange> lines;
};

struct Bulletin {
  Span span;
  base::Instant cutoff{};
  int version = 1;
  // Most urgent first: severity, then level, then growth.
  std::vector<DistrictLine> lines;
  std::vector<BulletinCurve> curves;  // of the first lines, in their order
  std::vector<DistrictShape> shapes;  // in order of district
  // "CC-BY-4.0, City of X": of the outlines that are drawn.
  std::vector<std::string> licences;
  // Every district of the catalogue, and the most severe alert of any target.
  std::map<std::string, int> districts;
  std::vector<std::string> without_data;  // districts without a usable sample in the week
  std::vector<HeldBack> held_back;
  std::size_t voided = 0;
  std::vector<DataGap> gaps;
  // Of the week and up to the cut-off.
  Changes changes;
  std::optional<SinceVersion> since;
};

inline constexpr std::size_t kMostTableLines = 24;
inline constexpr std::size_t kMostCurves = 12;

base::StatusOr<Bulletin> MakeBulletin(const WeekData& data);
// Says which version it is, and what changed since the one before it.
void FollowVersion(const WeekData& data, int version, base::Instant cutoff,
                   std::vector<LineChange> lines, Bulletin& bulletin);

// Drawings, complete <svg> elements with a title and a description.
std::string MapSvg(const Bulletin& bulletin, alerting::Language language);
std::string CurveSvg(const Bulletin& bulletin, const BulletinCurve& curve, std::size_t number,
                     alerting::Language language);
// A page of its own that loads nothing; two sheets of A4 when it is printed.
std::string BulletinHtml(const Bulletin& bulletin, alerting::Language language);
// All numbers. "format": 1; fields are only ever added.
std::string BulletinJson(const Bulletin& bulletin);

std::string SeverityMark(int severity);  // for eyes that do not tell colours apart
std::string AlertWord(int severity, alerting::Language language);
std::string LevelWord(const DistrictLine& line, alerting::Language language);
std::string TrendWord(const DistrictLine& line, alerting::Language language);
std::string ConfidenceWord(Confidence confidence, alerting::Language language);
// Its name, or its code where that is too long for a table: "SARS-CoV-2", "RSV".
std::string TargetName(const std::string& target);

}  // namespace belgrand::cli
