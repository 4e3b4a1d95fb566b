// A laboratory's own columns, described once in a file: docs/formats/mapping.md.
//
// A mapping turns every line into a line of the project's sample CSV and hands it to that format,
// so that a mistake gets the same verdict with a mapping as without one. It changes how things are
// written (names of columns, dates, decimal signs, words), never a number.
//
// Thread safety: immutable after Parse.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "sample/sample.h"

namespace belgrand::sample {

inline constexpr std::size_t kMaxMappingBytes = std::size_t{1} << 20;

class Mapping {
 public:
  // JSON text. InvalidArgument names the key, what it holds and what it may hold.
  static base::StatusOr<Mapping> Parse(std::string_view json);

  struct Spelling {
    std::string text;
    Censoring censoring;
  };

  std::string name;
  // Column of the file -> field of the sample CSV.
  std::map<std::string, std::string> columns;
  // Columns that are left out on purpose; "*": every column that is not named.
  std::vector<std::string> ignore;
  // Field -> text, in which {Column} stands for what the column holds.
  std::map<std::string, std::string> constants;
  // Field -> its unit.
  std::map<std::string, std::string> units;
  // Such as "DD.MM.YYYY hh:mm"; empty: ISO 8601.
  std::string date_format;
  // Of dates with an hour, "+01:00" or "Z".
  std::string utc_offset = "Z";
  char decimal = '.';
  // 0: none.
  char thousands = 0;
  std::vector<std::string> missing;
  // What stands where the value would: the state it means.
  std::vector<Spelling> spellings;
  // What "<250" means; kNone: nothing, and it is refused.
  Censoring less_than = Censoring::kNone;
  // A plain value is compared with the limits of its row.
  bool by_limits = false;
  // Field -> word of the laboratory -> word of the sample CSV.
  std::map<std::string, std::map<std::string, std::string>> words;
};

}  // namespace belgrand::sample
