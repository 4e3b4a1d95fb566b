// What `import` and `submit` print about the rows they delivered; on standard output.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "belgrand/ingest/v1/ingest.pb.h"
#include "sample/table_mapper.h"
#include "sample/texts.h"
#include "services/cli/import_client.h"

namespace belgrand::cli {

// More rejected rows than these are only counted on the terminal.
inline constexpr std::size_t kShownRejections = 20;

using sample::Language;

// "1,234,567", in French "1 234 567".
std::string Grouped(std::size_t number, Language language = Language::kEnglish);
// "1 site", "1,234 sites".
std::string Counted(std::size_t number, std::string_view one, std::string_view many,
                    Language language = Language::kEnglish);
// What the file holds and no row carries; nothing when there is nothing.
void ShowNotes(const sample::FileNotes& notes, Language language = Language::kEnglish);
// The rules a row breaks, and how to mend it.
void ShowRejection(std::size_t line, const ingest::v1::Verdict& verdict,
                   Language language = Language::kEnglish);
// `title` and the counts by verdict and rule.
void ShowTotals(const std::string& title, const ImportTotals& totals,
                Language language = Language::kEnglish);

}  // namespace belgrand::cli
