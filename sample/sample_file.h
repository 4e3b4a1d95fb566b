// Reads a file of samples, whatever its format, as rows and the sites they name.
//
// A format (sample/formats/formats.h) maps the columns of one kind of file to Row; the reader does
// what all have in common: it finds the format by the header, counts rows, and refuses a file that
// is cut off. A line with the wrong number of columns is a violation of that row (column_count),
// for then no column can be trusted; a file that ends in the middle of its last line is refused
// whole.
//
// Thread safety: externally synchronised. Borrows the stream and what the context points to.
#pragma once

#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "sample/csv.h"
#include "sample/table_mapper.h"

namespace belgrand::sample {

// The kinds of file; sample/formats/formats.cc lists them with their names.
enum class Profile {
  // docs/formats/sample_csv.md
  kSampleCsv,
  // The published Scottish sample file (sample/scotland_csv.h).
  kScotland,
  kSwissDpcr,
  kSwissMultivirus,
  kOpenZh,
  kAmelagSites,
  kAmelagCurve,
  kOdmV1Long,
  kOdmV1Wide,
  kOdmLong,
  kOdmWide,
  kNwss,
  // A laboratory's own columns (sample/formats/mapping.h); never found by the header.
  kMapping,
};

std::string_view ProfileName(Profile profile);
// InvalidArgument lists the known names.
base::StatusOr<Profile> ParseProfile(std::string_view name);
// Every name that ParseProfile knows.
std::vector<std::string> ProfileNames();

// A CSV file as lines. Owns the stream in the second form.
std::unique_ptr<RowSource> NewCsvSource(std::istream& in);
std::unique_ptr<RowSource> NewCsvSource(std::unique_ptr<std::istream> in);

class SampleFileReader {
 public:
  // Reads the header. Without `profile` it is found by the columns; a context with a mapping needs
  // none. InvalidArgument: the header does not fit, and how.
  static base::StatusOr<std::unique_ptr<SampleFileReader>> Open(std::istream& in,
                                                                std::optional<Profile> profile);
  static base::StatusOr<std::unique_ptr<SampleFileReader>> Open(std::unique_ptr<RowSource> source,
                                                                std::optional<Profile> profile,
                                                                ReadContext context);

  // False at the end. Errors are final and concern the file, not a row.
  base::StatusOr<bool> Next(FileRow& out);

  Profile profile() const { return profile_; }
  // Whole once Next has given false.
  const FileNotes& notes() const { return notes_; }

 private:
  SampleFileReader(std::unique_ptr<RowSource> source, ReadContext context)
      : source_(std::move(source)), context_(std::move(context)) {}

  base::Status ReadLine();
  void NoteUnread();

  const std::unique_ptr<RowSource> source_;
  const ReadContext context_;
  Profile profile_ = Profile::kSampleCsv;
  std::unique_ptr<TableMapper> mapper_;
  std::vector<std::string> header_;
  // Columns that the format does not read and that have held nothing so far.
  std::vector<std::size_t> unread_;
  // Columns that it does not read and that hold something.
  std::vector<std::size_t> found_unread_;
  FileNotes notes_;
  std::vector<std::string> fields_;
  // Rows that are ready; `at_` is the next one.
  std::vector<FileRow> ready_;
  std::size_t at_ = 0;
  bool finished_ = false;
};

}  // namespace belgrand::sample
