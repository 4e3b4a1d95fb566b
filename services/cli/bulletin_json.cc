// The numbers of a bulletin for programs, and what two versions of them say otherwise.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "services/cli/bulletin.h"
#include "services/cli/bulletin_archive.h"

namespace belgrand::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string_view NameOf(Trend trend) {
  switch (trend) {
    case Trend::kUnknown:
      return "unknown";
    case Trend::kFalling:
      return "falling";
    case Trend::kNone:
      return "not_clear";
    case Trend::kRising:
      return "rising";
  }
  return "";
}

// As it is shown: five digits, so that another machine's last bit makes no new version.
double Rounded(double value) {
  return std::isfinite(value) ? std::stod(fmt::format("{:.5g}", value)) : 0;
}

Json LinesJson(const Bulletin& bulletin) {
  Json list = Json::array();
  for (const DistrictLine& line : bulletin.lines) {
    Json json = {{"district_id", line.district_id}, {"target", line.target}};
    if (line.wval) {
      json["activity_level"] = detection::NameOf(line.level);
      json["wval"] = Rounded(*line.wval);
    }
    if (line.state) {
      json["estimate_gc_per_l"] = Rounded(std::pow(10.0, line.state->estimate_log10));
      json["lower_gc_per_l"] = Rounded(std::pow(10.0, line.state->lower_log10));
      json["upper_gc_per_l"] = Rounded(std::pow(10.0, line.state->upper_log10));
      json["growth_per_day"] = Rounded(line.state->growth_per_day);
      json["probability_rising"] = Rounded(line.state->probability_rising);
    }
    json["trend"] = NameOf(line.trend());
    json["samples"] = line.samples;
    json["samples_of_four_weeks"] = line.samples_of_four_weeks;
    json["confidence"] = ConfidenceWord(line.confidence(), alerting::Language::kEnglish);
    json["severity"] = line.severity;
    json["rules"] = line.rules;
    list.push_back(std::move(json));
  }
  return list;
}

Json CaveatsJson(const Bulletin& bulletin) {
  Json json = {{"districts_without_data", bulletin.without_data}, {"voided", bulletin.voided}};
  json["held_back"] = Json::array();
  for (const HeldBack& held : bulletin.held_back) {
    json["held_back"].push_back({{"flags", held.why}, {"rows", held.rows}});
  }
  json["missing_data"] = Json::array();
  for (const DataGap& gap : bulletin.gaps) {
    json["missing_data"].push_back({{"district_id", gap.district_id},
                                    {"rule", gap.rule},
                                    {"owner", gap.owner},
                                    {"areas", gap.areas}});
  }
  return json;
}

// What does not move with the cut-off alone.
Json WithoutTimes(const std::string& changes) {
  Json json = Json::parse(changes);
  json.erase("cutoff");
  json.erase("span");
  json.erase("from");
  json.erase("to");
  return json;
}

std::string Shown(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

using Lines = std::map<std::pair<std::string, std::string>, Json>;

Lines LinesOf(const Json& bulletin) {
  Lines lines;
  const Json& data = bulletin.at("data");
  for (const Json& line : data.at("lines")) {
    lines[{line.at("district_id").get<std::string>(), line.at("target").get<std::string>()}] = line;
  }
  return lines;
}

void Compare(const Json& before, const Json& after, LineChange& change) {
  for (const char* field :
       {"activity_level", "estimate_gc_per_l", "trend", "samples", "severity"}) {
    const std::string was = before.contains(field) ? Shown(before.at(field)) : "";
    const std::string is = after.contains(field) ? Shown(after.at(field)) : "";
    if (was != is) change.fields.push_back({field, was, is});
  }
}

}  // namespace

std::string BulletinJson(const Bulletin& bulletin) {
  Json data;
  data["lines"] = LinesJson(bulletin);
  data["caveats"] = CaveatsJson(bulletin);
  data["outlines"] = bulletin.licences;
  data["changes"] = WithoutTimes(ChangesJson(bulletin.changes));
  Json json = {{"format", 1},
               {"week", bulletin.span.name},
               {"version", bulletin.version},
               {"cutoff", base::FormatInstant(bulletin.cutoff)},
               {"data", std::move(data)}};
  if (bulletin.since) {
    Json lines = Json::array();
    for (const LineChange& line : bulletin.since->lines) {
      Json fields = Json::array();
      for (const FieldChange& field : line.fields) {
        fields.push_back(
            {{"field", field.field}, {"before", field.before}, {"after", field.after}});
      }
      lines.push_back(
          {{"district_id", line.district_id}, {"target", line.target}, {"fields", fields}});
    }
    json["since"] = {{"version", bulletin.since->version},
                     {"cutoff", base::FormatInstant(bulletin.since->cutoff)},
                     {"lines", std::move(lines)},
                     {"changes", WithoutTimes(ChangesJson(bulletin.since->changes))}};
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

base::StatusOr<bool> SaysTheSame(const std::string& before, const std::string& after) {
  const Json was = Json::parse(before, nullptr, false);
  const Json is = Json::parse(after, nullptr, false);
  if (!was.is_object() || !was.contains("data") || !is.is_object() || !is.contains("data")) {
    return base::DataLoss("bulletin.json of the archived version is damaged");
  }
  return was.at("data") == is.at("data");
}

base::StatusOr<std::string> CutoffOf(const std::string& bulletin) {
  const Json json = Json::parse(bulletin, nullptr, false);
  if (!json.is_object() || !json.contains("cutoff") || !json["cutoff"].is_string()) {
    return base::DataLoss("bulletin.json of the archived version is damaged");
  }
  return json["cutoff"].get<std::string>();
}

std::vector<LineChange> ChangedLines(const std::string& before, const std::string& after) {
  std::vector<LineChange> changes;
  const Lines was = LinesOf(Json::parse(before));
  const Lines is = LinesOf(Json::parse(after));
  Lines all = was;
  all.insert(is.begin(), is.end());
  const Json none = Json::object();
  for (const auto& [key, line] : all) {
    LineChange change{key.first, key.second, {}};
    const auto old_line = was.find(key);
    const auto new_line = is.find(key);
    Compare(old_line == was.end() ? none : old_line->second,
            new_line == is.end() ? none : new_line->second, change);
    if (!change.fields.empty()) changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace belgrand::cli
