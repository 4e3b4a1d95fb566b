#include "compliance/schema_baseline.h"

#include <fmt/ranges.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <tuple>

#include "belgrand/privacy/v1/privacy.pb.h"
#include "compliance/policy.h"
#include "compliance/proof_text.h"
#include "compliance/read_limit.h"
#include "compliance/retention.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;
using Options = std::map<std::string, std::string>;
using Kind = SchemaChange::Kind;

std::string ValueOf(const pb::Message& message, const pb::FieldDescriptor& field, int index) {
  const pb::Reflection& reflection = *message.GetReflection();
  const bool list = index >= 0;
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      return (list ? reflection.GetRepeatedEnum(message, &field, index)
                   : reflection.GetEnum(message, &field))
          ->name();
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "true" : "false";
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      return fmt::format("{}", reflection.GetUInt32(message, &field));
    case pb::FieldDescriptor::CPPTYPE_INT32:
      return fmt::format("{}", reflection.GetInt32(message, &field));
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return list ? reflection.GetRepeatedString(message, &field, index)
                  : reflection.GetString(message, &field);
    default:
      // Kinds that no option has today: their presence is a fact all the same.
      return "set";
  }
}

// Everything that is set in a policy, by name.
Options OptionsOf(const pb::Message& policy) {
  Options options;
  std::vector<const pb::FieldDescriptor*> set;
  policy.GetReflection()->ListFields(policy, &set);
  for (const pb::FieldDescriptor* field : set) {
    if (!field->is_repeated()) {
      options[field->name()] = ValueOf(policy, *field, -1);
      continue;
    }
    std::set<std::string> values;
    for (int i = 0; i < policy.GetReflection()->FieldSize(policy, field); ++i) {
      values.insert(ValueOf(policy, *field, i));
    }
    options[field->name()] = fmt::format("{}", fmt::join(values, ","));
  }
  return options;
}

void AddMethod(const pb::MethodDescriptor& method, SchemaFacts& facts) {
  const auto& policy = method.options().GetExtension(privacy::v1::method);
  facts.facts["method " + method.full_name()] = OptionsOf(policy);
  if (!IsForOthers(policy)) return;
  for (const pb::FieldDescriptor* field : PersonalFieldsOf(*method.output_type())) {
    facts.facts[fmt::format("shows {} {}", method.full_name(), field->full_name())] = {};
  }
}

std::vector<std::string> Split(std::string_view list, char separator) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(separator), list.size());
    parts.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return parts;
}

// Negative: `a` is shorter. Nothing set is for ever. Whole days decide; the rest is noise beside
// months, and what looks equal but is written otherwise counts as longer.
int CompareRetention(const std::string& a, const std::string& b) {
  const auto days = [](const std::string& text) {
    if (text.empty()) return std::int64_t{INT64_MAX};
    const auto duration = ParseIsoDuration(text);
    if (!duration.ok()) return std::int64_t{INT64_MAX};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration->time).count();
    // A month has at least 28 and at most 31 days; twelve have 365.
    return (duration->months * std::int64_t{36525} / 1200 + duration->days) * 86'400 + seconds;
  };
  const std::int64_t left = days(a);
  const std::int64_t right = days(b);
  if (left == right) return a == b ? 0 : 1;
  return left < right ? -1 : 1;
}

class Comparison {
 public:
  explicit Comparison(std::string fact) : fact_(std::move(fact)) {}

  void Add(Kind kind, const std::string& what) {
    changes_.push_back({kind, fmt::format("{}: {}", fact_, what)});
  }

  void Compare(const Options& before, const Options& now) {
    std::set<std::string> names;
    for (const auto& [name, value] : before) names.insert(name);
    for (const auto& [name, value] : now) names.insert(name);
    had_retention_ = before.contains("retention");
    for (const std::string& name : names) {
      const auto old_value = before.find(name);
      const auto new_value = now.find(name);
      CompareOption(name, old_value == before.end() ? "" : old_value->second,
                    new_value == now.end() ? "" : new_value->second);
    }
  }

  std::vector<SchemaChange>& changes() { return changes_; }

 private:
  void CompareOption(const std::string& name, const std::string& before, const std::string& now) {
    if (before == now) return;
    const std::string what = fmt::format("{} {} -> {}", name, before.empty() ? "unset" : before,
                                         now.empty() ? "unset" : now);
    if (name == "roles" || name == "recipients" || name == "purposes" || name == "transfers" ||
        name == "readers" || name == "read_for") {
      // Where nothing was said of purposes there was no limit to them.
      if (name == "purposes" && before.empty()) {
        Add(Kind::kNarrows, what);
      } else if (name == "purposes" && now.empty()) {
        Add(Kind::kWidens, what);
      } else {
        CompareLists(name, before, now);
      }
    } else if (name == "retention" || name == "archive_after") {
      Add(CompareRetention(now, before) < 0 ? Kind::kNarrows : Kind::kWidens, what);
    } else if (name == "clock_field" && before.empty() && !had_retention_) {
      Add(Kind::kNarrows, what);  // the clock of a period that begins with it
    } else if (name == "encrypt") {
      Add(now == "true" ? Kind::kNarrows : Kind::kWidens, what);
    } else if (name == "audit") {
      Add(now == "AUDITED" ? Kind::kNarrows : Kind::kWidens, what);
    } else if (name.starts_with("min_")) {
      const auto number = [](const std::string& text) { return ParseDecimal(text).value_or(0); };
      Add(number(now) > number(before) ? Kind::kNarrows : Kind::kWidens, what);
    } else {
      Add(Kind::kWidens, what);
    }
  }

  void CompareLists(const std::string& name, const std::string& before, const std::string& now) {
    const std::vector<std::string> old_values = Split(before, ',');
    const std::vector<std::string> new_values = Split(now, ',');
    const auto holds = [](const std::vector<std::string>& list, const std::string& value) {
      return std::find(list.begin(), list.end(), value) != list.end();
    };
    for (const std::string& value : new_values) {
      if (!holds(old_values, value)) Add(Kind::kWidens, fmt::format("{} +{}", name, value));
    }
    for (const std::string& value : old_values) {
      if (!holds(new_values, value)) Add(Kind::kNarrows, fmt::format("{} -{}", name, value));
    }
  }

  const std::string fact_;
  bool had_retention_ = false;
  std::vector<SchemaChange> changes_;
};

std::string Described(const Options& options) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : options) parts.push_back(fmt::format("{}={}", name, value));
  return parts.empty() ? "new" : fmt::format("new, {}", fmt::join(parts, " "));
}

bool IsDay(std::string_view text) { return base::ParseInstant(text).ok() && text.size() == 10; }

}  // namespace

SchemaFacts DescribeSchema(const std::vector<const pb::FileDescriptor*>& files) {
  SchemaFacts facts;
  for (const pb::Descriptor* message : AllMessages(files)) {
    if (const auto* record = RecordPolicyOf(*message)) {
      facts.facts["record " + message->full_name()] = OptionsOf(*record);
    }
    for (int i = 0; i < message->field_count(); ++i) {
      const pb::FieldDescriptor& field = *message->field(i);
      if (IsWithheld(CategoryOf(field))) {
        facts.facts["field " + field.full_name()] = OptionsOf(FieldPolicyOf(field));
      } else {
        facts.harmless.insert(field.full_name());
      }
    }
  }
  for (const pb::FileDescriptor* file : files) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        AddMethod(*file->service(s)->method(m), facts);
      }
    }
  }
  return facts;
}

std::string FormatFacts(const SchemaFacts& facts) {
  std::string text;
  for (const auto& [fact, options] : facts.facts) {
    text += fact;
    for (const auto& [name, value] : options) text += fmt::format("\t{}={}", name, value);
    text += '\n';
  }
  return text;
}

base::StatusOr<SchemaFacts> ParseFacts(std::string_view text) {
  SchemaFacts facts;
  std::string_view line;
  for (int number = 1; TakeLine(text, line); ++number) {
    std::vector<std::string> parts = Split(line, '\t');
    if (parts.empty() || parts[0].find(' ') == std::string::npos) {
      return base::InvalidArgument("line {} is no fact", number);
    }
    Options& options = facts.facts[parts[0]];
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const std::size_t equals = parts[i].find('=');
      if (equals == std::string::npos) {
        return base::InvalidArgument("line {}: '{}' is no option", number, parts[i]);
      }
      options[parts[i].substr(0, equals)] = parts[i].substr(equals + 1);
    }
  }
  if (!text.empty()) return base::InvalidArgument("the last line has no end");
  return facts;
}

std::vector<SchemaChange> CompareFacts(const SchemaFacts& before, const SchemaFacts& now) {
  std::vector<SchemaChange> changes;
  const auto take = [&changes](Comparison& comparison) {
    for (SchemaChange& change : comparison.changes()) changes.push_back(std::move(change));
  };
  for (const auto& [fact, options] : now.facts) {
    Comparison comparison(fact);
    if (const auto old = before.facts.find(fact); old != before.facts.end()) {
      comparison.Compare(old->second, options);
    } else {
      // What a method shows is a fact of its own, and so is every personal field of a record.
      const bool neutral = fact.starts_with("method ") || fact.starts_with("record ");
      comparison.Add(neutral ? Kind::kNeutral : Kind::kWidens, Described(options));
    }
    take(comparison);
  }
  for (const auto& [fact, options] : before.facts) {
    if (now.facts.contains(fact)) continue;
    Comparison comparison(fact);
    const std::string name = fact.substr(fact.find(' ') + 1);
    if (fact.starts_with("field ") && now.harmless.contains(name)) {
      comparison.Add(Kind::kWidens, "no longer called personal");
    } else if (fact.starts_with("record ") &&
               std::any_of(now.harmless.begin(), now.harmless.end(),
                           [&](const std::string& f) { return f.starts_with(name + "."); })) {
      comparison.Add(Kind::kWidens, "no longer has a policy");
    } else {
      comparison.Add(Kind::kNarrows, "gone");
    }
    take(comparison);
  }
  std::sort(changes.begin(), changes.end(), [](const SchemaChange& a, const SchemaChange& b) {
    return std::tie(a.text, a.kind) < std::tie(b.text, b.kind);
  });
  return changes;
}

base::StatusOr<std::vector<std::string>> ParseApproval(std::string_view text) {
  std::vector<std::string> changes;
  bool by = false;
  bool day = false;
  bool reason = false;
  std::string_view line;
  while (TakeLine(text, line)) {
    const auto value = [&line](std::string_view name) {
      return line.starts_with(name) ? line.substr(name.size()) : std::string_view();
    };
    by = by || !value("approved_by: ").empty();
    day = day || IsDay(value("date: "));
    reason = reason || !value("reason: ").empty();
    if (const std::string_view change = value("change: "); !change.empty()) {
      changes.emplace_back(change);
    }
  }
  if (by && day && reason && !changes.empty()) return changes;
  return base::InvalidArgument(
      "an approval has lines 'approved_by: <role>', 'date: YYYY-MM-DD', 'reason: ...' and at least "
      "one 'change: ...'; this one lacks {}",
      !by       ? "approved_by"
      : !day    ? "date"
      : !reason ? "reason"
                : "change");
}

}  // namespace belgrand::compliance
