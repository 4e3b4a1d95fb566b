#include "sample/formats/mapping.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "sample/codes.h"
#include "sample/findings.h"
#include "sample/formats/columns.h"
#include "sample/formats/formats.h"
#include "sample/sample_csv.h"
#include "sample/text.h"

namespace belgrand::sample {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 13> kKeys = {
    "name",    "columns",   "ignore",  "constants", "units",     "date_format", "utc_offset",
    "decimal", "thousands", "missing", "spellings", "less_than", "by_limits"};
constexpr std::array<std::string_view, 4> kDates = {"collected_on", "known_on", "started_on",
                                                    "received_on"};
constexpr std::array<std::string_view, 12> kNumbers = {"value",
                                                       "lod",
                                                       "loq",
                                                       "population",
                                                       "flow",
                                                       "flow_m3_per_day",
                                                       "ammonium",
                                                       "pmmov",
                                                       "hold_hours",
                                                       "composite_hours",
                                                       "recovery_percent",
                                                       "received_temperature"};

struct UnitField {
  std::string_view field;
  std::string_view unit;
};
constexpr std::array kUnitFields = {
    UnitField{"value", "unit"},
    UnitField{"flow", "flow_unit"},
    UnitField{"ammonium", "ammonium_unit"},
    UnitField{"pmmov", "pmmov_unit"},
    UnitField{"received_temperature", "received_temperature_unit"},
};

template <typename List>
bool Contains(const List& list, std::string_view text) {
  return std::ranges::find(list, text) != std::ranges::end(list);
}

base::Status Wrong(std::string_view key, std::string_view expected) {
  return base::InvalidArgument("mapping: \"{}\" must be {}", key, expected);
}

base::Status ReadText(const Json& json, const char* key, std::string& out) {
  const auto found = json.find(key);
  if (found == json.end()) return base::OkStatus();
  if (!found->is_string()) return Wrong(key, "text in quotation marks");
  out = found->get<std::string>();
  return base::OkStatus();
}

base::Status ReadList(const Json& json, const char* key, std::vector<std::string>& out) {
  const auto found = json.find(key);
  if (found == json.end()) return base::OkStatus();
  if (!found->is_array()) return Wrong(key, "a list of texts");
  for (const Json& item : *found) {
    if (!item.is_string()) return Wrong(key, "a list of texts");
    out.push_back(item.get<std::string>());
  }
  return base::OkStatus();
}

base::Status ReadMap(const Json& json, const char* key, std::map<std::string, std::string>& out) {
  const auto found = json.find(key);
  if (found == json.end()) return base::OkStatus();
  if (!found->is_object()) return Wrong(key, "an object of texts");
  for (const auto& [name, value] : found->items()) {
    if (!value.is_string()) return Wrong(key, "an object of texts");
    out.emplace(name, value.get<std::string>());
  }
  return base::OkStatus();
}

base::Status ReadSign(const Json& json, const char* key, std::string_view allowed, char& out) {
  std::string text;
  RETURN_IF_ERROR(ReadText(json, key, text));
  if (text.empty()) return base::OkStatus();
  if (text.size() != 1 || allowed.find(text[0]) == std::string_view::npos) {
    return Wrong(key, fmt::format("one character of \"{}\"", allowed));
  }
  out = text[0];
  return base::OkStatus();
}

base::Status ReadCensorings(const Json& json, Mapping& out) {
  std::map<std::string, std::string> spellings;
  RETURN_IF_ERROR(ReadMap(json, "spellings", spellings));
  for (const auto& [text, word] : spellings) {
    const auto censoring = ParseCensoring(word);
    if (!censoring.has_value() || *censoring == Censoring::kNone) {
      return Wrong(fmt::format("spellings.{}", text), "below_lod, below_loq or not_detected");
    }
    out.spellings.push_back({text, *censoring});
  }
  std::string less;
  RETURN_IF_ERROR(ReadText(json, "less_than", less));
  if (less.empty()) return base::OkStatus();
  const auto censoring = ParseCensoring(less);
  if (!censoring.has_value() ||
      (*censoring != Censoring::kBelowLod && *censoring != Censoring::kBelowLoq)) {
    return Wrong("less_than", "below_lod or below_loq");
  }
  out.less_than = *censoring;
  return base::OkStatus();
}

base::Status ReadWords(const Json& json, Mapping& out) {
  const auto found = json.find("words");
  if (found == json.end()) return base::OkStatus();
  if (!found->is_object()) return Wrong("words", "an object of objects");
  for (const auto& [field, words] : found->items()) {
    const Json one = {{"words", words}};
    RETURN_IF_ERROR(ReadMap(one, "words", out.words[field]));
  }
  return base::OkStatus();
}

// "DD.MM.YYYY" -> 2021-01-31; the text itself where it does not fit, for Validate to refuse.
std::string IsoDate(std::string_view text, const Mapping& mapping) {
  if (mapping.date_format.empty()) return std::string(text);
  std::map<char, std::string> parts;
  std::string_view rest = text;
  for (const char c : mapping.date_format) {
    const bool field = std::string_view("DMYhm").find(c) != std::string_view::npos;
    if (!field) {
      if (rest.empty() || rest.front() != c) return std::string(text);
      rest.remove_prefix(1);
      continue;
    }
    // A single digit may stand for two ("3.1.2021"), except in years.
    const bool digit = !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
    if (!digit && (c == 'Y' || parts[c].empty())) return std::string(text);
    if (!digit) continue;
    parts[c].push_back(rest.front());
    rest.remove_prefix(1);
  }
  if (!rest.empty()) return std::string(text);
  const auto two = [](const std::string& part) { return part.size() == 1 ? "0" + part : part; };
  const std::string day = fmt::format("{}-{}-{}", parts['Y'], two(parts['M']), two(parts['D']));
  if (parts['h'].empty()) return day;
  const std::string minute = parts['m'].empty() ? "00" : two(parts['m']);
  return fmt::format("{}T{}:{}:00{}", day, two(parts['h']), minute, mapping.utc_offset);
}

std::optional<double> NumberIn(std::string_view text) { return ParseNumberField(text).value; }

// A number with a decimal point; the text itself where it is no number, for Validate to refuse.
std::string PlainNumber(std::string_view text, const Mapping& mapping) {
  std::string number(text);
  if (mapping.thousands != 0) std::erase(number, mapping.thousands);
  if (mapping.decimal != '.') {
    // A point that is not declared stays wrong: 1.234 must not become a thousandth of itself.
    if (number.find('.') != std::string::npos) {
      return NumberIn(text).has_value() ? std::string(text) + "?" : std::string(text);
    }
    std::ranges::replace(number, mapping.decimal, '.');
  }
  return NumberIn(number).has_value() ? number : std::string(text);
}

class MappingMapper final : public RowMapper {
 public:
  MappingMapper(const Mapping& mapping, std::vector<std::string> file_header,
                std::vector<std::string> fields, std::unique_ptr<RowMapper> inner)
      : mapping_(mapping),
        file_header_(std::move(file_header)),
        fields_(std::move(fields)),
        inner_(std::move(inner)) {}

  // A column that is neither mapped nor left out by name is refused.
  bool Reads(std::size_t) const override { return true; }

  FileRow Map(std::span<const std::string> cells) override {
    std::map<std::string, std::string, std::less<>> line;
    for (std::size_t i = 0; i < file_header_.size(); ++i) {
      const auto column = mapping_.columns.find(file_header_[i]);
      if (column == mapping_.columns.end()) continue;
      line[column->second] = Written(column->second, Trim(cells[i]));
    }
    for (const auto& [field, text] : mapping_.constants) {
      line[field] = Written(field, FillIn(text, cells));
    }
    for (const UnitField& unit : kUnitFields) {
      const auto found = mapping_.units.find(std::string(unit.field));
      if (found != mapping_.units.end() && !line[std::string(unit.field)].empty()) {
        line[std::string(unit.unit)] = found->second;
      }
    }
    // The unit of the row is that of its limits too.
    if (mapping_.units.contains("value")) line["unit"] = mapping_.units.at("value");
    if (!Given("censoring")) ReadState(line);
    std::vector<std::string> out;
    for (const std::string& field : fields_) out.push_back(line[field]);
    return inner_->Map(out);
  }

 private:
  bool Given(std::string_view field) const {
    if (mapping_.constants.contains(std::string(field))) return true;
    return std::ranges::any_of(mapping_.columns,
                               [&](const auto& column) { return column.second == field; });
  }

  // As the sample CSV writes it.
  std::string Written(const std::string& field, std::string_view text) const {
    if (Contains(mapping_.missing, text)) return "";
    const auto words = mapping_.words.find(field);
    if (words != mapping_.words.end()) {
      const auto word = words->second.find(std::string(text));
      if (word != words->second.end()) return word->second;
    }
    if (Contains(kDates, field)) return IsoDate(text, mapping_);
    if (Contains(kNumbers, field)) {
      const bool less = !text.empty() && text.front() == '<';
      return less ? "<" + PlainNumber(Trim(text.substr(1)), mapping_) : PlainNumber(text, mapping_);
    }
    if (field == "site_id" || field == "sample_id" || field == "district_id") {
      return IdentifierOf(text);
    }
    return std::string(text);
  }

  std::string FillIn(std::string_view text, std::span<const std::string> cells) const {
    std::string out;
    while (!text.empty()) {
      const std::size_t close = text.front() == '{' ? text.find('}') : std::string_view::npos;
      if (close == std::string_view::npos) {
        out.push_back(text.front());
        text.remove_prefix(1);
        continue;
      }
      const auto column = std::ranges::find(file_header_, text.substr(1, close - 1));
      if (column != file_header_.end()) {
        out += Trim(cells[static_cast<std::size_t>(column - file_header_.begin())]);
      }
      text.remove_prefix(close + 1);
    }
    return out;
  }

  // What the text in the place of the value says about detection.
  void ReadState(std::map<std::string, std::string, std::less<>>& line) const {
    std::string& value = line["value"];
    std::string& censoring = line["censoring"];
    censoring = CensoringName(Censoring::kNone);
    for (const Mapping::Spelling& spelling : mapping_.spellings) {
      const auto number = NumberIn(PlainNumber(spelling.text, mapping_));
      const bool same = value == spelling.text || (number.has_value() && number == NumberIn(value));
      if (!same) continue;
      censoring = CensoringName(spelling.censoring);
      value.clear();
      return;
    }
    if (value.starts_with('<') && mapping_.less_than != Censoring::kNone &&
        NumberIn(std::string_view(value).substr(1)).has_value()) {
      censoring = CensoringName(mapping_.less_than);
      std::string& limit = line[mapping_.less_than == Censoring::kBelowLod ? "lod" : "loq"];
      if (limit.empty()) limit = value.substr(1);
      value.clear();
      return;
    }
    const auto number = NumberIn(value);
    if (!mapping_.by_limits || !number.has_value()) return;
    const Censoring state = CensoringOf(*number, NumberIn(line["lod"]), NumberIn(line["loq"]));
    censoring = CensoringName(state);
    if (state == Censoring::kNotDetected) value.clear();
  }

  const Mapping mapping_;
  const std::vector<std::string> file_header_;
  const std::vector<std::string> fields_;
  const std::unique_ptr<RowMapper> inner_;
};

// Columns that the mapping names and the file has not, or the other way round.
base::Status CheckHeader(const Mapping& mapping, const std::vector<std::string>& header) {
  std::string problems;
  const auto add = [&](std::string problem) {
    problems += (problems.empty() ? "" : "; ") + std::move(problem);
  };
  for (const auto& [column, field] : mapping.columns) {
    if (!Contains(header, column)) {
      add(fmt::format("column \"{}\" of the mapping is not in the file", Printable(column)));
    }
  }
  const bool any = Contains(mapping.ignore, "*");
  for (const std::string& column : header) {
    if (any || mapping.columns.contains(column) || Contains(mapping.ignore, column)) continue;
    bool used = false;
    for (const auto& [field, text] : mapping.constants) {
      used = used || text.find("{" + column + "}") != std::string::npos;
    }
    if (!used) {
      add(fmt::format("column \"{}\" of the file is neither mapped nor ignored",
                      Printable(column)));
    }
  }
  if (problems.empty()) return base::OkStatus();
  return base::InvalidArgument("the header row does not fit the mapping: {}", problems);
}

base::StatusOr<std::unique_ptr<TableMapper>> OpenMapping(const std::vector<std::string>& header,
                                                         const ReadContext& context) {
  if (context.mapping == nullptr) {
    return base::InvalidArgument("the profile mapping needs a mapping file");
  }
  const Mapping& mapping = *context.mapping;
  std::vector<std::string> columns;
  for (const std::string& name : header) columns.emplace_back(Trim(name));
  RETURN_IF_ERROR(CheckHeader(mapping, columns));
  std::vector<std::string> fields;
  const auto add = [&](std::string_view field) {
    if (!Contains(fields, field)) fields.emplace_back(field);
  };
  for (const auto& [column, field] : mapping.columns) add(field);
  for (const auto& [field, text] : mapping.constants) add(field);
  for (const UnitField& unit : kUnitFields) {
    if (mapping.units.contains(std::string(unit.field))) add(unit.unit);
  }
  add("censoring");
  if (mapping.less_than == Censoring::kBelowLod) add("lod");
  if (mapping.less_than == Censoring::kBelowLoq) add("loq");
  auto inner = NewSampleCsvMapper(fields);
  if (!inner.ok()) return base::Annotate(inner.status(), "mapping");
  return OneRowPerLine(std::make_unique<MappingMapper>(mapping, std::move(columns),
                                                       std::move(fields), *std::move(inner)));
}

bool NeverMapping(std::span<const std::string>) { return false; }

base::Status CheckKeys(const Json& json) {
  for (const auto& [key, value] : json.items()) {
    if (Contains(kKeys, key) || key == "words") continue;
    const std::string_view near = Nearest(key, kKeys);
    return base::InvalidArgument("mapping: key \"{}\" is not known{}", Printable(key),
                                 near.empty() ? "" : fmt::format(" (did you mean {}?)", near));
  }
  return base::OkStatus();
}

base::Status CheckFields(const Mapping& mapping) {
  std::map<std::string, std::string> sources;
  for (const auto& [column, field] : mapping.columns) {
    const auto [at, fresh] = sources.try_emplace(field, column);
    if (!fresh) {
      return base::InvalidArgument("mapping: columns \"{}\" and \"{}\" are both {}",
                                   Printable(at->second), Printable(column), Printable(field));
    }
  }
  for (const auto& [field, unit] : mapping.units) {
    const bool known =
        std::ranges::find(kUnitFields, field, &UnitField::field) != std::ranges::end(kUnitFields);
    if (!known) {
      return Wrong(fmt::format("units.{}", Printable(field)),
                   "under value, flow, ammonium, pmmov or received_temperature");
    }
  }
  return base::OkStatus();
}

}  // namespace

base::StatusOr<Mapping> Mapping::Parse(std::string_view text) {
  if (text.size() > kMaxMappingBytes) {
    return base::InvalidArgument("mapping: {} bytes; at most {}", text.size(), kMaxMappingBytes);
  }
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return base::InvalidArgument("mapping: the file is no JSON object");
  RETURN_IF_ERROR(CheckKeys(json));
  Mapping mapping;
  RETURN_IF_ERROR(ReadText(json, "name", mapping.name));
  RETURN_IF_ERROR(ReadMap(json, "columns", mapping.columns));
  RETURN_IF_ERROR(ReadList(json, "ignore", mapping.ignore));
  RETURN_IF_ERROR(ReadMap(json, "constants", mapping.constants));
  RETURN_IF_ERROR(ReadMap(json, "units", mapping.units));
  RETURN_IF_ERROR(ReadText(json, "date_format", mapping.date_format));
  RETURN_IF_ERROR(ReadText(json, "utc_offset", mapping.utc_offset));
  RETURN_IF_ERROR(ReadSign(json, "decimal", ".,", mapping.decimal));
  RETURN_IF_ERROR(ReadSign(json, "thousands", ".,' ", mapping.thousands));
  RETURN_IF_ERROR(ReadList(json, "missing", mapping.missing));
  RETURN_IF_ERROR(ReadCensorings(json, mapping));
  RETURN_IF_ERROR(ReadWords(json, mapping));
  if (const auto limits = json.find("by_limits"); limits != json.end()) {
    if (!limits->is_boolean()) return Wrong("by_limits", "true or false");
    mapping.by_limits = limits->get<bool>();
  }
  if (mapping.decimal == mapping.thousands) {
    return Wrong("thousands", "another sign than \"decimal\"");
  }
  if (mapping.columns.empty()) return Wrong("columns", "an object of column: field");
  RETURN_IF_ERROR(CheckFields(mapping));
  return mapping;
}

constinit const Format kMappingFormat = {Profile::kMapping, "mapping", NeverMapping, OpenMapping};

}  // namespace belgrand::sample
