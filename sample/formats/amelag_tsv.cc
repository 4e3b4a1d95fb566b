// The AMELAG files of the Robert Koch Institute: profiles amelag (per site, after the published
// table schema) and amelag_curve (the national weekly curve); docs/formats/amelag.md.
//
// The smoothed columns (vorhersage, its bounds) have seen the future and are never read.
#include <array>
#include <chrono>
#include <map>
#include <utility>

#include "sample/formats/columns.h"
#include "sample/formats/formats.h"
#include "sample/text.h"

namespace belgrand::sample {
namespace {

constexpr double kCompositeHours = 24;

enum SiteColumn : std::size_t {
  kStandort,
  kDatum,
  kViruslast,
  kTyp,
  kUnterBg,
  kBundesland,
  kEinwohner,
  kLaborwechsel,
};
constexpr std::array<std::string_view, 8> kSiteNames = {
    "standort", "datum", "viruslast", "typ", "unter_bg", "bundesland", "einwohner", "laborwechsel"};
constexpr std::size_t kSiteRequired = 5;

class SitesMapper final : public RowMapper {
 public:
  explicit SitesMapper(Columns columns) : columns_(std::move(columns)) {}

  bool Reads(std::size_t column) const override { return columns_.Reads(column); }

  FileRow Map(std::span<const std::string> fields) override {
    const auto text = [&](SiteColumn column) { return columns_(fields, column); };
    FileRow out;
    Row& row = out.row;
    row.laboratory_id = "AMELAG";
    row.site_id = IdentifierOf(text(kStandort));
    row.district_id = IdentifierOf(text(kBundesland));
    row.target = text(kTyp);
    row.sample_id = fmt::format("{}/{}", row.site_id, text(kDatum));
    ReadCollection(text(kDatum), row);
    row.unit = "gc/L";
    row.population_served = ParseNumberField(text(kEinwohner));
    // A change of laboratory or method starts a new segment of the series.
    std::size_t& laboratory = laboratories_[std::pair(row.site_id, row.target)];
    if (text(kLaborwechsel) == "ja") ++laboratory;
    row.method_id = fmt::format("laboratory {}", laboratory + 1);
    ReadLoad(text(kViruslast), text(kUnterBg), row);
    const double population = row.population_served.value.value_or(0);
    if (!row.site_id.empty() && !row.district_id.empty() && population > 0) {
      out.site = Site{.site_id = row.site_id,
                      .name = std::string(text(kStandort)),
                      .district_id = row.district_id,
                      .population_served = population};
    }
    return out;
  }

 private:
  // `datum` is the day on which the 24-hour composite began.
  static void ReadCollection(std::string_view date, Row& row) {
    row.collected_at = ParseTimeField(date);
    if (!row.collected_at.value.has_value()) return;
    row.started_at.value = *row.collected_at.value;
    *row.collected_at.value += std::chrono::hours(24);
    row.sampling.value = Sampling::kCompositeOther;
    row.composite_hours.value = kCompositeHours;
  }

  // Below the limit of quantification the publisher puts half of it where the value stands: that
  // number is no measurement, and twice it the limit.
  static void ReadLoad(std::string_view load, std::string_view below, Row& row) {
    row.value = ParseNumberField(load);
    if (below == "ja") {
      row.censoring.value = Censoring::kBelowLoq;
      if (row.value.value.has_value() && *row.value.value > 0) {
        row.loq.value = 2 * *row.value.value;
        row.quality_flags.push_back(QualityFlag::kLimitEstimated);
      }
      row.value.value.reset();
    } else if (below == "nein" || below.empty()) {
      row.censoring.value = Censoring::kNone;
    } else {
      row.censoring.text = below;
    }
  }

  const Columns columns_;
  std::map<std::pair<std::string, std::string>, std::size_t> laboratories_;
};

bool IsSites(std::span<const std::string> header) {
  return HasColumns(header, std::span(kSiteNames).first(kSiteRequired));
}

base::StatusOr<std::unique_ptr<TableMapper>> OpenSites(const std::vector<std::string>& header,
                                                       const ReadContext&) {
  ASSIGN_OR_RETURN(Columns columns, Columns::Find(header, kSiteNames, kSiteRequired, "amelag"));
  return OneRowPerLine(std::make_unique<SitesMapper>(std::move(columns)));
}

enum CurveColumn : std::size_t { kWeek, kMean, kSeries, kPlants };
constexpr std::array<std::string_view, 4> kCurveNames = {"datum", "viruslast", "typ", "n"};

class CurveMapper final : public RowMapper {
 public:
  explicit CurveMapper(Columns columns) : columns_(std::move(columns)) {}

  // `n`, the number of plants, only tells the file from the other.
  bool Reads(std::size_t column) const override {
    return columns_.Reads(column) && !columns_.Is(column, kPlants);
  }

  FileRow Map(std::span<const std::string> fields) override {
    const auto text = [&](CurveColumn column) { return columns_(fields, column); };
    FileRow out;
    Row& row = out.row;
    row.laboratory_id = "AMELAG";
    row.site_id = "Deutschland";
    row.target = text(kSeries);
    row.sample_id = fmt::format("Deutschland/{}", text(kWeek));
    row.collected_at = ParseTimeField(text(kWeek));
    row.unit = "gc/L";
    row.method_id = "weekly geometric mean of plants";
    row.value = ParseNumberField(text(kMean));
    row.censoring.value = Censoring::kNone;
    // A mean over plants, half the limit put in where a plant lay below it.
    row.quality_flags.push_back(QualityFlag::kEstimated);
    return out;
  }

 private:
  const Columns columns_;
};

bool IsCurve(std::span<const std::string> header) {
  constexpr std::array<std::string_view, 1> kSite = {"standort"};
  return HasColumns(header, kCurveNames) && !HasColumns(header, kSite);
}

base::StatusOr<std::unique_ptr<TableMapper>> OpenCurve(const std::vector<std::string>& header,
                                                       const ReadContext&) {
  ASSIGN_OR_RETURN(Columns columns,
                   Columns::Find(header, kCurveNames, kCurveNames.size(), "amelag_curve"));
  return OneRowPerLine(std::make_unique<CurveMapper>(std::move(columns)));
}

}  // namespace

constinit const Format kAmelagSitesFormat = {Profile::kAmelagSites, "amelag", IsSites, OpenSites};
constinit const Format kAmelagCurveFormat = {Profile::kAmelagCurve, "amelag_curve", IsCurve,
                                             OpenCurve};

}  // namespace belgrand::sample
