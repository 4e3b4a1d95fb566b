#include "platform/config/load.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "platform/base/edit_distance.h"
#include "platform/base/file.h"
#include "platform/base/utf8.h"

namespace belgrand::config {
namespace {

namespace pb = google::protobuf;

constexpr int kMaxProblems = 50;
// Deeper than any configuration; bounds the stack that hostile text can use.
constexpr int kMaxDepth = 32;
// Of one problem: the text of a file can be one long word.
constexpr std::size_t kMaxProblemText = 2000;

struct Problem {
  int line = 0;  // from 0
  int column = 0;
  std::string text;
  friend bool operator==(const Problem&, const Problem&) = default;
  friend bool operator<(const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column, a.text) < std::tie(b.line, b.column, b.text);
  }
};

// Unknown names arrive as warnings (they are allowed so that parsing goes on) and count as problems
// here.
class Collector final : public pb::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    errors.push_back({line, column, Shorten(message)});
  }
  void AddWarning(int line, int column, const std::string& message) override {
    unknown.push_back({line, column, Shorten(message)});
  }
  std::vector<Problem> errors;
  std::vector<Problem> unknown;

 private:
  static std::string Shorten(const std::string& message) {
    return message.size() <= kMaxProblemText ? message : message.substr(0, 200) + "...";
  }
};

std::string Suggest(const pb::Descriptor& type, const std::string& name) {
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::Descriptor* const part = type.field(i)->message_type();
    if (part != nullptr && part->FindFieldByName(name) != nullptr) {
      return fmt::format("; it belongs inside {} {{ ... }}", type.field(i)->name());
    }
  }
  const pb::FieldDescriptor* nearest = nullptr;
  std::size_t best = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (int i = 0; i < type.field_count(); ++i) {
    const std::size_t distance = base::EditDistance(name, type.field(i)->name(), best);
    if (distance < best) {
      best = distance;
      nearest = type.field(i);
    }
  }
  if (nearest != nullptr) return fmt::format("; did you mean '{}'?", nearest->name());
  std::string known;
  for (int i = 0; i < type.field_count(); ++i) {
    known += (known.empty() ? "" : ", ") + type.field(i)->name();
  }
  return known.empty() ? "; it has no fields" : "; it has: " + known;
}

// protobuf counts a tab as the way to the next multiple of 8; editors jump to characters.
int CharacterColumn(const std::string& line, int column) {
  int at = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (at >= column) return static_cast<int>(i);
    at += line[i] == '\t' ? 8 - at % 8 : 1;
  }
  return static_cast<int>(line.size()) + std::max(0, column - at);
}

// What stands in quotes behind `words`.
std::optional<std::string> QuotedAfter(const std::string& text, std::string_view words) {
  const std::size_t at = text.find(words);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = at + words.size();
  if (begin >= text.size() || text[begin] != '"') return std::nullopt;
  const std::size_t end = text.find('"', begin + 1);
  if (end == std::string::npos || end == begin + 1) return std::nullopt;
  return text.substr(begin + 1, end - begin - 1);
}

// Rewrites protobuf's "Message type "x" has no field named "y"." with the position of the name
// itself.
Problem ExplainUnknown(Problem problem, const std::vector<std::string>& lines,
                       const pb::DescriptorPool& pool) {
  const std::optional<std::string> type_name = QuotedAfter(problem.text, "Message type ");
  const std::optional<std::string> name = QuotedAfter(problem.text, " has no field named ");
  if (!type_name || !name) return problem;
  if (const auto line = static_cast<std::size_t>(problem.line); line < lines.size()) {
    const std::size_t at = lines[line].rfind(*name, static_cast<std::size_t>(problem.column));
    if (at != std::string::npos) problem.column = static_cast<int>(at);
  }
  const pb::Descriptor* const type = pool.FindMessageTypeByName(*type_name);
  problem.text = fmt::format("{} has no field '{}'{}", *type_name, *name,
                             type == nullptr ? "" : Suggest(*type, *name));
  return problem;
}

// protobuf reports a bad word (a boolean, an enum value) from behind it: moves the problem back to
// it.
Problem ExplainWord(Problem problem, const std::vector<std::string>& lines) {
  const bool is_boolean = problem.text.rfind("Invalid value for boolean field ", 0) == 0;
  const std::optional<std::string> found =
      QuotedAfter(problem.text, is_boolean ? "Value: " : "Unknown enumeration value of ");
  if (!found) return problem;
  const std::string& word = *found;
  int column = problem.column - 1;
  const int last = std::min(problem.line, static_cast<int>(lines.size()) - 1);
  for (int line = last; line >= 0; --line, column = std::numeric_limits<int>::max()) {
    if (column < 0) continue;
    const std::size_t at =
        lines[static_cast<std::size_t>(line)].rfind(word, static_cast<std::size_t>(column));
    if (at == std::string::npos) continue;
    problem.line = line;
    problem.column = static_cast<int>(at);
    break;
  }
  if (is_boolean) problem.text += " Write true or false.";
  return problem;
}

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

std::string JoinLines(const std::vector<std::string>& lines) {
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += '\n';
    text += lines[i];
  }
  return text;
}

// "name: value" and no bracket.
bool IsPlainLine(std::string_view line) {
  if (line.find_first_of("{}[]<>") != std::string_view::npos) return false;
  const std::size_t name = line.find_first_not_of(" \t");
  const std::size_t colon = line.find(':');
  if (name == std::string_view::npos || colon == std::string_view::npos || colon == name) {
    return false;
  }
  const auto is_word = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  std::string_view word = line.substr(name, colon - name);
  while (!word.empty() && (word.back() == ' ' || word.back() == '\t')) word.remove_suffix(1);
  return std::all_of(word.begin(), word.end(), is_word) &&
         line.find_first_not_of(" \t\r", colon + 1) != std::string_view::npos;
}

bool BeginsWithQuote(std::string_view line) {
  const std::size_t at = line.find_first_not_of(" \t");
  return at != std::string_view::npos && (line[at] == '"' || line[at] == '\'');
}

// Blanks line `index` if it is a plain "name: value" that does not go on in the next line.
bool BlankPlainLine(std::vector<std::string>& lines, int index) {
  const auto at = static_cast<std::size_t>(index);
  if (index < 0 || at >= lines.size() || !IsPlainLine(lines[at])) return false;
  if (at + 1 < lines.size() && BeginsWithQuote(lines[at + 1])) return false;
  lines[at].clear();
  return true;
}

std::optional<Problem> FindBadUtf8(const std::vector<std::string>& lines) {
  for (std::size_t line = 0; line < lines.size(); ++line) {
    const std::size_t at = base::Utf8ValidPrefix(lines[line]);
    if (at == lines[line].size()) continue;
    return Problem{static_cast<int>(line), static_cast<int>(at),
                   fmt::format("byte 0x{:02x} is not UTF-8: save the file as UTF-8",
                               static_cast<unsigned char>(lines[line][at]))};
  }
  return std::nullopt;
}

base::Status Report(std::vector<Problem> problems, std::string_view name) {
  std::sort(problems.begin(), problems.end());
  problems.erase(std::unique(problems.begin(), problems.end()), problems.end());
  std::string text;
  int count = 0;
  for (const Problem& problem : problems) {
    if (count++ == kMaxProblems) {
      text += fmt::format("\n{}: and more problems after these {}", name, kMaxProblems);
      break;
    }
    text += fmt::format("{}{}:{}:{}: {}", text.empty() ? "" : "\n", name, problem.line + 1,
                        problem.column + 1, problem.text);
  }
  return base::MakeStatus(base::StatusCode::kInvalidArgument, text);
}

}  // namespace

base::Status ParseTextproto(std::string_view text, std::string_view name, pb::Message* message) {
  if (text.size() > kMaxConfigBytes) {
    return base::InvalidArgument("{}: {} bytes are more than a configuration may have ({})", name,
                                 text.size(), kMaxConfigBytes);
  }
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  const std::vector<std::string> lines = SplitLines(text);
  if (const std::optional<Problem> bad = FindBadUtf8(lines)) return Report({*bad}, name);

  const std::unique_ptr<pb::Message> fresh(message->New());
  const pb::DescriptorPool& pool = *message->GetDescriptor()->file()->pool();
  std::vector<Problem> problems;
  std::vector<std::string> remaining = lines;
  for (int round = 0; round <= kMaxProblems; ++round) {
    Collector collector;
    pb::TextFormat::Parser parser;
    parser.RecordErrorsTo(&collector);
    parser.AllowUnknownField(true);
    parser.SetRecursionLimit(kMaxDepth);
    const bool parsed = parser.ParseFromString(JoinLines(remaining), fresh.get());
    for (std::vector<Problem>* list : {&collector.unknown, &collector.errors}) {
      for (Problem& problem : *list) {
        if (const auto line = static_cast<std::size_t>(problem.line); line < lines.size()) {
          problem.column = CharacterColumn(lines[line], problem.column);
        }
        problem = ExplainWord(ExplainUnknown(std::move(problem), lines, pool), lines);
        problems.push_back(problem);
      }
    }
    if (parsed && collector.errors.empty()) break;
    if (collector.errors.empty()) {
      problems.push_back({0, 0, "cannot be parsed"});
      break;
    }
    if (!BlankPlainLine(remaining, collector.errors.front().line)) break;
  }
  if (!problems.empty()) return Report(std::move(problems), name);
  message->GetReflection()->Swap(message, fresh.get());
  return base::OkStatus();
}

base::Status LoadTextprotoInto(const std::filesystem::path& path, pb::Message* message) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return base::InvalidArgument("{} is a directory: name the configuration file in it",
                                 path.string());
  }
  const base::StatusOr<std::string> text = base::ReadFile(path, kMaxConfigBytes);
  RETURN_IF_ERROR(text.status());
  return ParseTextproto(*text, path.string(), message);
}

}  // namespace belgrand::config
