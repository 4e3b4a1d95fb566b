#include "services/cli/import_report.h"

#include <fmt/format.h>

#include <iostream>

namespace belgrand::cli {
namespace {

void ShowRules(const std::map<std::string, std::size_t>& counts) {
  for (const auto& [rule, count] : counts) {
    std::cout << fmt::format("    {:<26} {:>9}\n", rule, Grouped(count));
  }
}

}  // namespace

std::string Grouped(std::size_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

void ShowNotes(const sample::FileNotes& notes) {
  std::string columns;
  for (const std::string& name : notes.unread_columns)
    columns += (columns.empty() ? "" : ", ") + name;
  if (!columns.empty()) std::cout << fmt::format("  columns that are not read: {}\n", columns);
  for (const auto& [what, count] : notes.left_out) {
    std::cout << fmt::format("  left out: {}, {} times\n", what, Grouped(count));
  }
}

void ShowRejection(std::size_t line, const ingest::v1::Verdict& verdict) {
  std::cout << fmt::format("  row {}, sample \"{}\":\n", line, verdict.sample_id());
  for (const auto& violation : verdict.violations()) {
    std::cout << fmt::format("    {}: {}\n      -> {}\n", violation.rule(), violation.message(),
                             violation.remedy());
  }
}

void ShowTotals(const std::string& title, const ImportTotals& totals) {
  std::cout << title << "\n";
  std::cout << fmt::format(
      "  accepted  {:>9}\n  duplicate {:>9}\n  amended   {:>9}\n  rejected  {:>9}\n",
      Grouped(totals.accepted), Grouped(totals.duplicate), Grouped(totals.amended),
      Grouped(totals.rejected));
  ShowRules(totals.rejected_by_rule);
  if (totals.warned_by_rule.empty()) return;
  std::cout << fmt::format("  warned    {:>9}  of those stored\n", Grouped(totals.warned));
  ShowRules(totals.warned_by_rule);
}

}  // namespace belgrand::cli
