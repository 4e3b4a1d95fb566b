#include "services/cli/verdicts_csv.h"

#include <string>
#include <string_view>

#include "sample/csv.h"

namespace belgrand::cli {
namespace {

// Text that came from the file; a spreadsheet must not take it for a formula.
std::string Cell(std::string_view text) {
  const bool formula = !text.empty() && std::string_view("=+-@").find(text[0]) != text.npos &&
                       text.find_first_not_of("+-.0123456789eE") != text.npos;
  return sample::CsvField(formula ? "'" + std::string(text) : std::string(text));
}

}  // namespace

const char* OutcomeName(ingest::v1::Verdict::Outcome outcome) {
  switch (outcome) {
    case ingest::v1::Verdict::ACCEPTED:
      return "accepted";
    case ingest::v1::Verdict::DUPLICATE:
      return "duplicate";
    case ingest::v1::Verdict::AMENDED:
      return "amended";
    case ingest::v1::Verdict::VOIDED:
      return "voided";
    default:
      return "rejected";
  }
}

VerdictsCsv::VerdictsCsv(std::ostream& out) : out_(out) {
  out_ << "row,sample_id,site_id,target,outcome,version,severity,rule,field,value,message,remedy,"
          "allowed\n";
}

void VerdictsCsv::Write(const sample::Row& row, const ingest::v1::Verdict& verdict) {
  for (const auto& violation : verdict.violations())
    WriteLine(row, verdict, "violation", violation);
  for (const auto& warning : verdict.warnings()) WriteLine(row, verdict, "warning", warning);
  if (verdict.violations().empty() && verdict.warnings().empty()) WriteLine(row, verdict, "", {});
}

void VerdictsCsv::WriteLine(const sample::Row& row, const ingest::v1::Verdict& verdict,
                            const char* severity, const ingest::v1::Violation& finding) {
  out_ << row.line << ',' << Cell(row.sample_id) << ',' << Cell(row.site_id) << ','
       << Cell(row.target) << ',' << OutcomeName(verdict.outcome()) << ',' << verdict.version()
       << ',' << severity << ',' << finding.rule() << ',' << finding.field() << ','
       << Cell(finding.value()) << ',' << Cell(finding.message()) << ',' << Cell(finding.remedy())
       << ',' << Cell(finding.allowed()) << '\n';
}

}  // namespace belgrand::cli
