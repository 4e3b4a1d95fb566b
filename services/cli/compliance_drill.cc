#include "services/cli/compliance_drill.h"

#include <stdlib.h>

#include <filesystem>
#include <ostream>

#include "services/cli/compliance_drill_audit.h"
#include "services/cli/compliance_drill_schema.h"

namespace belgrand::cli {
namespace {

constexpr std::size_t kWidth = 46;

// Breaks a long sentence into lines of at most kWidth letters, at spaces.
std::vector<std::string> Wrap(const std::string& text) {
  std::vector<std::string> lines(1);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > kWidth)
      lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
    at = end + 1;
  }
  return lines;
}

void PrintRow(std::ostream& out, const std::string& promise, const std::string& shown,
              const std::string& result) {
  const std::vector<std::string> left = Wrap(promise);
  const std::vector<std::string> right = Wrap(shown);
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    out << fmt::format("| {:<46} | {:<46} | {:<6} |\n", i < left.size() ? left[i] : "",
                       i < right.size() ? right[i] : "", i == 0 ? result : "");
  }
}

}  // namespace

std::vector<DrillStep> ComplianceDrillSteps() {
  std::vector<DrillStep> steps = AuditDrillSteps();
  for (DrillStep& step : SchemaDrillSteps()) steps.push_back(std::move(step));
  return steps;
}

bool RunComplianceDrill(const std::vector<DrillStep>& steps, std::ostream& out) {
  std::string home = (std::filesystem::temp_directory_path() / "belgrand.drill.XXXXXX").string();
  if (::mkdtemp(home.data()) == nullptr) {
    out << fmt::format("cannot make a temporary directory {}\n", home);
    return false;
  }
  const std::string rule = fmt::format("+{0:-^48}+{0:-^48}+{0:-^8}+\n", "");
  out << rule;
  PrintRow(out, "promise", "how it was tried", "result");
  out << rule;
  std::size_t held = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string directory = fmt::format("{}/{}", home, i);
    std::filesystem::create_directory(directory);
    const auto shown = steps[i].run(directory);
    if (shown.ok()) ++held;
    PrintRow(out, steps[i].promise, shown.ok() ? *shown : base::Message(shown.status()),
             shown.ok() ? "holds" : "FAILED");
    out << rule << std::flush;
  }
  std::error_code ignored;
  std::filesystem::remove_all(home, ignored);
  out << fmt::format("{} of {} promises hold\n", held, steps.size())
      << "not tried here: this service's own backups (belgrand backup drill), log (belgrand audit "
         "verify), witnesses (belgrand audit checkpoint) and releases (belgrand publish check)\n";
  return held == steps.size();
}

}  // namespace belgrand::cli
