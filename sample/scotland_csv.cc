#include "sample/scotland_csv.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "sample/findings.h"
#include "sample/text.h"
#include "sample/validate.h"

namespace belgrand::sample {
namespace {

enum Column : std::size_t {
  kBoard,
  kSite,
  kPopulation,
  kCollected,
  kAnalysed,
  kNumber,
  kClass,
  kValue,
  kFlow,
  kModelledFlow,
  kLab,
  kColumns,
};

constexpr std::array<std::string_view, kColumns> kNames = {
    "Health_Board",   "Site",
    "Population",     "Date_collected",
    "Date_analysed",  "SW_sample_number",
    "N1_description", "N1_Reported_value-gc_per_L",
    "Flow-L_per_day", "Modelled_flow-L_per_day",
    "Analysis_lab"};

constexpr std::string_view kLowVolume = " - Low Volume";

struct Limits {
  double lod;
  double loq;
};
constexpr Limits kLowVolumeLimits = {6640, 9427};
constexpr Limits kOtherLimits = {1316, 11368};

std::string_view Present(std::string_view text) { return text == "NA" ? std::string_view() : text; }

// Site names hold parentheses and '&', which an identifier may not.
std::string Identifier(std::string_view text) {
  std::string id;
  for (const char c : text) {
    if (c == '&') {
      id += "and";
    } else if (c != '(' && c != ')') {
      id.push_back(c);
    }
  }
  return id;
}

// The numbers of the file are litres a day.
Field<double> FlowInCubicMetres(std::string_view measured, std::string_view modelled) {
  Field<double> flow = ParseNumberField(Present(measured).empty() ? modelled : measured);
  if (flow.value) *flow.value /= 1000;
  return flow;
}

void ReadClass(std::string_view text, std::string_view value, Row& row) {
  row.value = ParseNumberField(value);
  if (text == "Positive") {
    row.censoring.value = Censoring::kNone;
  } else if (text == "Positive (DNQ)") {
    row.censoring.value = Censoring::kBelowLoq;
  } else if (text == "Weak Positive") {
    row.censoring.value = Censoring::kBelowLod;
  } else if (text == "Negative") {
    row.censoring.value = Censoring::kNotDetected;
    if (row.value.value == 0) row.value.value.reset();
  } else if (text == "Analysis Failed") {
    row.quality_flags.push_back(QualityFlag::kAnalysisFailed);
  } else {
    row.censoring.text = text;
  }
}

class ScotlandMapper final : public RowMapper {
 public:
  explicit ScotlandMapper(const std::array<std::size_t, kColumns>& positions)
      : positions_(positions) {}

  bool Reads(std::size_t column) const override {
    return std::ranges::find(positions_, column) != positions_.end();
  }

  FileRow Map(std::span<const std::string> fields) override {
    const auto text = [&](Column column) { return Trim(fields[positions_[column]]); };
    FileRow out;
    Row& row = out.row;
    row.site_id = Identifier(text(kSite));
    row.district_id = text(kBoard);
    row.collected_at = ParseTimeField(text(kCollected));
    row.known_at = ParseTimeField(text(kAnalysed));
    row.sample_id = UniqueId(text(kNumber), row.site_id, text(kCollected));
    row.target = "sars-cov-2";
    row.unit = "gc/L";
    ReadClass(text(kClass), text(kValue), row);
    ReadLab(text(kLab), row);
    row.flow.number = FlowInCubicMetres(text(kFlow), text(kModelledFlow));
    row.population_served = ParseNumberField(text(kPopulation));
    const double population = row.population_served.value.value_or(0);
    if (!row.site_id.empty() && !row.district_id.empty() && population > 0) {
      out.site = Site{.site_id = row.site_id,
                      .name = std::string(text(kSite)),
                      .district_id = row.district_id,
                      .population_served = population};
    }
    return out;
  }

 private:
  std::string UniqueId(std::string_view number, std::string_view site, std::string_view date) {
    std::string id =
        Present(number).empty() ? fmt::format("{}/{}", site, date) : std::string(number);
    const std::size_t times = ++seen_[id];
    return times == 1 ? id : fmt::format("{}/{}", id, times);
  }

  static void ReadLab(std::string_view lab, Row& row) {
    const bool low_volume = lab.ends_with(kLowVolume);
    if (low_volume) lab.remove_suffix(kLowVolume.size());
    row.laboratory_id = Present(lab);
    row.method_id = fmt::format("{} N1 {}", lab, low_volume ? "low volume" : "standard");
    const Limits limits = low_volume ? kLowVolumeLimits : kOtherLimits;
    row.lod.value = limits.lod;
    row.loq.value = limits.loq;
  }

  const std::array<std::size_t, kColumns> positions_;
  std::unordered_map<std::string, std::size_t> seen_;
};

}  // namespace

bool IsScotlandHeader(std::span<const std::string> header) {
  const auto has = [&](Column column) {
    return std::ranges::find(header, kNames[column]) != header.end();
  };
  return has(kBoard) && has(kClass) && has(kLab);
}

base::StatusOr<std::unique_ptr<RowMapper>> NewScotlandMapper(
    const std::vector<std::string>& header) {
  std::array<std::size_t, kColumns> positions{};
  std::string missing;
  for (std::size_t i = 0; i < kColumns; ++i) {
    const auto found = std::ranges::find(header, kNames[i]);
    positions[i] = static_cast<std::size_t>(found - header.begin());
    if (found == header.end())
      missing += fmt::format("{}{}", missing.empty() ? "" : ", ", kNames[i]);
  }
  if (!missing.empty()) {
    return base::InvalidArgument(
        "the header row does not fit the profile scotland: missing column(s): {}", missing);
  }
  return std::make_unique<ScotlandMapper>(positions);
}

}  // namespace belgrand::sample
