#include "services/cli/verdict_columns.h"

#include <array>
#include <cctype>

namespace belgrand::cli {
namespace {

struct Name {
  std::string_view field;
  std::string_view column;
};

// Where the project's own CSV names its columns otherwise.
constexpr std::array kSampleCsv = {
    Name{"laboratory_id", "lab_id"},
    Name{"collected_at", "collected_on"},
    Name{"known_at", "known_on"},
    Name{"started_at", "started_on"},
    Name{"received_at", "received_on"},
    Name{"population_served", "population"},
    Name{"sampling", "sample_type"},
    Name{"received_celsius", "received_temperature"},
    Name{"ammonium_mg_n_per_l", "ammonium"},
    Name{"pmmov_gc_per_l", "pmmov"},
};

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

VerdictColumns::VerdictColumns(sample::Profile profile, const sample::Mapping* mapping) {
  if (profile != sample::Profile::kSampleCsv && mapping == nullptr) return;
  for (const Name& name : kSampleCsv) columns_.emplace(name.field, name.column);
  if (mapping == nullptr) return;
  for (const auto& [column, mapped] : mapping->columns) {
    std::string field = mapped;
    for (const Name& name : kSampleCsv) {
      if (name.column == mapped) field = name.field;
    }
    columns_[field] = column;
  }
}

// A name of several words (collected_at) means the field wherever it stands; one that is a word of
// the language too ("value", "unit") only at the start, where a message names its field.
std::string VerdictColumns::Renamed(std::string_view text) const {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && IsWord(text[end])) ++end;
    if (end == at) {
      out += text[at++];
      continue;
    }
    const std::string_view word = text.substr(at, end - at);
    const auto found = columns_.find(word);
    const bool named =
        found != columns_.end() && (at == 0 || word.find('_') != std::string_view::npos);
    out += named ? std::string_view(found->second) : word;
    at = end;
  }
  return out;
}

void VerdictColumns::Rename(ingest::v1::Verdict& verdict) const {
  if (columns_.empty()) return;
  for (auto* findings : {verdict.mutable_violations(), verdict.mutable_warnings()}) {
    for (ingest::v1::Violation& finding : *findings) {
      if (const auto found = columns_.find(finding.field()); found != columns_.end()) {
        finding.set_field(found->second);
      }
      finding.set_message(Renamed(finding.message()));
      finding.set_remedy(Renamed(finding.remedy()));
    }
  }
}

}  // namespace belgrand::cli
