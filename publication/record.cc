#include "publication/record.h"

#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace belgrand::publication {
namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;
constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxText = 256;

std::string Line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// "name":[ one entry a line ].
template <typename Entries, typename ToJson>
void AddList(std::string_view name, const Entries& entries, ToJson to_json, std::string& text) {
  text += fmt::format(",\n\"{}\":[", name);
  bool first = true;
  for (const auto& entry : entries) {
    text += first ? "\n" : ",\n";
    text += Line(to_json(entry));
    first = false;
  }
  text += "]";
}

Json KeyJson(const UnknownKey& key) { return {key.site_id, key.target, base::FormatDay(key.week)}; }

class Parser {
 public:
  base::StatusOr<Record> Run(std::string_view text) {
    if (text.size() > kMaxRecordBytes) {
      return base::InvalidArgument("{} bytes, at most {} are read", text.size(), kMaxRecordBytes);
    }
    bool too_deep = false;
    const Json json = Json::parse(
        text,
        [&too_deep](int depth, Json::parse_event_t, Json&) {
          too_deep = too_deep || depth > kMaxDepth;
          return !too_deep;
        },
        /*allow_exceptions=*/false);
    if (too_deep || !json.is_object()) return base::InvalidArgument("it is no record of a release");
    if (Whole(json, "format", 1, std::numeric_limits<int>::max()) != kFormat && problem_.empty()) {
      problem_ = "format is not 1: read it with the release that wrote it";
    }
    Record record;
    Head(json, record);
    for (const Json& entry : List(json, "contributions")) Add(entry, record.contributions);
    for (const Json& entry : List(json, "cells")) Add(entry, record.cells);
    for (const Json& entry : List(json, "counts")) Add(entry, record.counts);
    if (json.size() != 9) Fail("it has fields that are not known");
    if (!problem_.empty()) return base::InvalidArgument("{}", problem_);
    return record;
  }

 private:
  void Fail(std::string_view what) {
    if (problem_.empty()) problem_ = what;
  }

  void Head(const Json& json, Record& record) {
    record.number = static_cast<std::uint32_t>(Whole(json, "number", 1, 1'000'000));
    record.previous_sha256 = Text(json, "previous_sha256");
    const bool hex =
        record.previous_sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!hex || record.previous_sha256.size() != (record.number == 1 ? 0U : 64U)) {
      Fail("previous_sha256 is not 64 hexadecimal digits, or, of the first, empty");
    }
    const auto created = base::ParseInstant(Text(json, "created"));
    if (created.ok()) record.created = *created;
    if (!created.ok() || base::FormatInstant(*created) != Text(json, "created")) {
      Fail("created is not an instant");
    }
    record.publication_day = DayOf(At(json, "publication_day"));
    const auto epsilon = ParseEpsilon(Text(json, "epsilon"));
    if (epsilon.ok()) record.epsilon = *epsilon;
    if (!epsilon.ok() || FormatEpsilon(*epsilon) != Text(json, "epsilon")) {
      Fail("epsilon is not a fraction in lowest terms");
    }
  }

  // Entries are lists of a fixed length; `at` gives null beyond.
  const Json& At(const Json& json, const char* name) {
    const auto found = json.find(name);
    if (found != json.end()) return *found;
    Fail(fmt::format("{} is missing", name));
    return null_;
  }
  const Json& At(const Json& json, std::size_t index, std::size_t size) {
    if (json.is_array() && json.size() == size) return json[index];
    Fail("an entry does not have as many parts as it should");
    return null_;
  }
  const Json& List(const Json& json, const char* name) {
    const Json& list = At(json, name);
    if (list.is_array()) return list;
    Fail(fmt::format("{} is no list", name));
    return empty_;
  }
  std::string Text(const Json& json, const char* name) { return TextOf(At(json, name)); }
  std::string TextOf(const Json& json) {
    if (json.is_string() && json.get_ref<const std::string&>().size() <= kMaxText) {
      return json.get<std::string>();
    }
    Fail("a text is missing or too long");
    return "";
  }
  std::int64_t Whole(const Json& json, const char* name, std::int64_t low, std::int64_t high) {
    return WholeOf(At(json, name), low, high);
  }
  std::int64_t WholeOf(const Json& json, std::int64_t low, std::int64_t high) {
    if (json.is_number_integer() &&
        !(json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX)) {
      const auto value = json.get<std::int64_t>();
      if (value >= low && value <= high) return value;
    }
    Fail(fmt::format("a number is not a whole one from {} to {}", low, high));
    return low;
  }
  base::Day DayOf(const Json& json) {
    const std::string text = TextOf(json);
    const auto day = base::ParseDay(text);
    if (day.ok()) return *day;
    Fail("a day is not written as 2024-01-31");
    return {};
  }
  UnknownKey Key(const Json& json, std::size_t size) {
    return {TextOf(At(json, 0, size)), TextOf(At(json, 1, size)), DayOf(At(json, 2, size))};
  }

  void Add(const Json& json, std::vector<Contribution>& contributions) {
    Contribution entry;
    entry.key = Key(json, 5);
    entry.milli_gc_per_l = WholeOf(At(json, 3, 5), 0, INT64_MAX);
    entry.protection =
        WholeOf(At(json, 4, 5), 0, 1) == 1 ? Protection::kProtected : Protection::kOpen;
    contributions.push_back(std::move(entry));
  }

  void Add(const Json& json, std::vector<PublishedCell>& cells) {
    PublishedCell cell;
    cell.level = static_cast<Level>(WholeOf(At(json, 0, 7), 1, 3));
    cell.area_id = TextOf(At(json, 1, 7));
    cell.target = TextOf(At(json, 2, 7));
    cell.period_start = DayOf(At(json, 3, 7));
    cell.period_weeks = static_cast<int>(WholeOf(At(json, 4, 7), 1, 52));
    cell.value = TextOf(At(json, 5, 7));
    const Json& terms = At(json, 6, 7);
    if (!terms.is_array() || terms.empty()) return Fail("a number is made of nothing");
    std::set<std::pair<std::string, base::Day>> seen;
    for (const Json& term : terms) {
      PublishedTerm entry;
      entry.key = {TextOf(At(term, 0, 3)), cell.target, DayOf(At(term, 1, 3))};
      entry.weight = WholeOf(At(term, 2, 3), 1, INT64_MAX);
      if (!seen.emplace(entry.key.site_id, entry.key.week).second) {
        return Fail("a number holds a contribution twice");
      }
      cell.terms.push_back(std::move(entry));
    }
    cells.push_back(std::move(cell));
  }

  void Add(const Json& json, std::vector<NoisyCount>& counts) {
    NoisyCount count;
    count.district_id = TextOf(At(json, 0, 5));
    count.target = TextOf(At(json, 1, 5));
    count.period_start = DayOf(At(json, 2, 5));
    count.period_weeks = static_cast<int>(WholeOf(At(json, 3, 5), 1, 52));
    count.count = WholeOf(At(json, 4, 5), INT64_MIN, INT64_MAX);
    counts.push_back(std::move(count));
  }

  std::string problem_;
  const Json null_;
  const Json empty_ = Json::array();
};

}  // namespace

std::string FormatRecord(const Record& record) {
  std::string text = "{\"format\":1";
  const auto head = [&text](std::string_view name, const Json& value) {
    text += fmt::format(",\n\"{}\":{}", name, Line(value));
  };
  head("number", record.number);
  head("previous_sha256", record.previous_sha256);
  head("created", base::FormatInstant(record.created));
  head("publication_day", base::FormatDay(record.publication_day));
  head("epsilon", FormatEpsilon(record.epsilon));
  AddList(
      "contributions", record.contributions,
      [](const Contribution& entry) {
        Json json = KeyJson(entry.key);
        json.push_back(entry.milli_gc_per_l);
        json.push_back(static_cast<int>(entry.protection));
        return json;
      },
      text);
  AddList(
      "cells", record.cells,
      [](const PublishedCell& cell) {
        Json terms = Json::array();
        for (const PublishedTerm& term : cell.terms) {
          terms.push_back({term.key.site_id, base::FormatDay(term.key.week), term.weight});
        }
        return Json::array({static_cast<int>(cell.level), cell.area_id, cell.target,
                            base::FormatDay(cell.period_start), cell.period_weeks, cell.value,
                            std::move(terms)});
      },
      text);
  AddList(
      "counts", record.counts,
      [](const NoisyCount& count) {
        return Json::array({count.district_id, count.target, base::FormatDay(count.period_start),
                            count.period_weeks, count.count});
      },
      text);
  return text + "}\n";
}

base::StatusOr<Record> ParseRecord(std::string_view text) { return Parser().Run(text); }

}  // namespace belgrand::publication
