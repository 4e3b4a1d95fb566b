#include "services/cli/import_report.h"

#include <fmt/format.h>

#include <iostream>

#include "sample/text.h"

namespace belgrand::cli {
namespace {

// Of the report alone: rules, codes and columns are what stands in the file and are not translated.
struct Words {
  std::string_view accepted;
  std::string_view duplicate;
  std::string_view amended;
  std::string_view rejected;
  std::string_view warned;
  std::string_view of_those_stored;
  std::string_view unread;
  // {0}: what, {1}: how often.
  std::string_view left_out;
  // {0}: row, {1}: sample.
  std::string_view row;
};
constexpr Words kEnglish = {"accepted",
                            "duplicate",
                            "amended",
                            "rejected",
                            "warned",
                            "of those stored",
                            "columns that are not read",
                            "left out: {}, {} times",
                            "row {}, sample \"{}\":"};
constexpr Words kFrench = {"acceptées",
                           "doublons",
                           "corrigées",
                           "rejetées",
                           "averties",
                           "parmi celles enregistrées",
                           "colonnes qui ne sont pas lues",
                           "laissé de côté : {}, {} fois",
                           "ligne {}, échantillon « {} » :"};

const Words& WordsOf(Language language) {
  return language == Language::kFrench ? kFrench : kEnglish;
}

// A letter with a mark is one column wide.
std::string Padded(std::string_view word) {
  const std::size_t width = sample::CountCharacters(word);
  return std::string(word) + std::string(width < 10 ? 10 - width : 0, ' ');
}

void ShowRules(const std::map<std::string, std::size_t>& counts, Language language) {
  for (const auto& [rule, count] : counts) {
    std::cout << fmt::format("    {:<26} {:>9}\n", rule, Grouped(count, language));
  }
}

}  // namespace

std::string Grouped(std::size_t number, Language language) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) {
      text.push_back(language == Language::kFrench ? ' ' : ',');
    }
    text.push_back(digits[i]);
  }
  return text;
}

std::string Counted(std::size_t number, std::string_view one, std::string_view many,
                    Language language) {
  // In French zero is singular.
  const bool single = number == 1 || (number == 0 && language == Language::kFrench);
  return fmt::format("{} {}", Grouped(number, language), single ? one : many);
}

void ShowNotes(const sample::FileNotes& notes, Language language) {
  const Words& words = WordsOf(language);
  std::string columns;
  for (const std::string& name : notes.unread_columns) {
    columns += (columns.empty() ? "" : ", ") + name;
  }
  if (!columns.empty()) {
    std::cout << fmt::format("  {}{}: {}\n", words.unread, language == Language::kFrench ? " " : "",
                             columns);
  }
  for (const auto& [what, count] : notes.left_out) {
    std::cout << "  " << fmt::format(fmt::runtime(words.left_out), what, Grouped(count, language))
              << "\n";
  }
}

void ShowRejection(std::size_t line, const ingest::v1::Verdict& verdict, Language language) {
  std::cout << "  " << fmt::format(fmt::runtime(WordsOf(language).row), line, verdict.sample_id())
            << "\n";
  for (const auto& violation : verdict.violations()) {
    std::cout << fmt::format("    {}: {}\n      -> {}\n", violation.rule(), violation.message(),
                             violation.remedy());
  }
}

void ShowTotals(const std::string& title, const ImportTotals& totals, Language language) {
  const Words& words = WordsOf(language);
  std::cout << title << "\n";
  const auto line = [&](std::string_view word, std::size_t count) {
    return fmt::format("  {}{:>9}", Padded(word), Grouped(count, language));
  };
  std::cout << line(words.accepted, totals.accepted) << "\n"
            << line(words.duplicate, totals.duplicate) << "\n"
            << line(words.amended, totals.amended) << "\n"
            << line(words.rejected, totals.rejected) << "\n";
  ShowRules(totals.rejected_by_rule, language);
  if (totals.warned_by_rule.empty()) return;
  std::cout << line(words.warned, totals.warned) << "  " << words.of_those_stored << "\n";
  ShowRules(totals.warned_by_rule, language);
}

}  // namespace belgrand::cli
