// What every import format is made of: rows of text come in, samples go out.
//
// A format maps the lines of one kind of file to Row. Where a line is a sample it is a RowMapper;
// where a line holds several samples (wide tables) or a sample several lines (replicates, long
// tables) it is a TableMapper, which may hold samples back until the end of the file.
//
// Thread safety: externally synchronised.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "sample/row.h"

namespace belgrand::sample {

class Mapping;
class SiteTable;

struct FileRow {
  Row row;
  // Where the file says enough of the row's site: identifier, district and population.
  std::optional<Site> site;
};

// Where lines of text fields come from: a CSV file, the sheet of a workbook.
class RowSource {
 public:
  virtual ~RowSource() = default;
  // The next line that is not blank; false at the end. Errors are final.
  virtual base::StatusOr<bool> Next(std::vector<std::string>& fields) = 0;
  // Of the line that Next gave last, as a spreadsheet counts, from 1.
  virtual std::size_t row() const = 0;
  // The line ended with the file, so it may be cut off.
  virtual bool ended_without_line_break() const { return false; }
};

// Opens a table that lies beside the file by its name ("samples.csv"); null where there is none.
using OpenBeside = std::function<base::StatusOr<std::unique_ptr<RowSource>>(std::string_view name)>;

// What a format may use besides its own lines; each may be null.
struct ReadContext {
  const SiteTable* sites = nullptr;
  const Mapping* mapping = nullptr;
  OpenBeside open_beside;
};

// What a file holds and no row carries: said to whoever imports it, never passed over in silence.
struct FileNotes {
  // Columns that hold something and are not read, in the order of the file; those of a table beside
  // it with its name in front ("samples.csv: notes").
  std::vector<std::string> unread_columns;
  // What was read and became part of no row, and how often.
  std::map<std::string, std::size_t> left_out;
};

class TableMapper {
 public:
  virtual ~TableMapper() = default;
  // Whether anything of a column of the header can reach a row.
  virtual bool Reads(std::size_t column) const = 0;
  // After Finish: adds what became part of no row.
  virtual void Tell(FileNotes& notes) const { static_cast<void>(notes); }
  // Appends what the line completes. REQUIRES: as many fields as the header has.
  virtual void Add(std::span<const std::string> fields, std::size_t line,
                   std::vector<FileRow>& out) = 0;
  // After the last line: appends what was held back.
  virtual void Finish(std::vector<FileRow>& out) { static_cast<void>(out); }
};

// A format in which every line is a sample.
class RowMapper {
 public:
  virtual ~RowMapper() = default;
  virtual bool Reads(std::size_t column) const = 0;
  // REQUIRES: as many fields as the header has.
  virtual FileRow Map(std::span<const std::string> fields) = 0;
};

std::unique_ptr<TableMapper> OneRowPerLine(std::unique_ptr<RowMapper> mapper);

// A number, an instant or their absence ("" or "NA"), as files write them.
Field<double> ParseNumberField(std::string_view text);
Field<base::Instant> ParseTimeField(std::string_view text);

}  // namespace belgrand::sample
