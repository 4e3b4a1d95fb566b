// A streaming reader of comma-separated files as people really have them.
//
// RFC 4180 and what deviates from it in the field: a byte order mark, CRLF, LF or CR, comma,
// semicolon or tab (found in the header line), quoted fields with line breaks, blank lines. What
// cannot be read with certainty is refused with the row and column as a spreadsheet counts them:
// the header is row 1, and a line break inside quotes does not start a row.
//
// Every error is InvalidArgument and final: not UTF-8 (or UTF-16, or a spreadsheet file), a quote
// that is never closed (a truncated file), text after a closing quote, a field or row over its
// limit. A stream that fails while being read is DataLoss.
//
// Thread safety: externally synchronised. Borrows the stream.
#pragma once

#include <cstddef>
#include <istream>
#include <string>
#include <vector>

#include "platform/base/error.h"

namespace belgrand::sample {

struct CsvLimits {
  std::size_t field_bytes = std::size_t{64} << 10;
  std::size_t fields = 1024;
};

class CsvReader {
 public:
  explicit CsvReader(std::istream& in, CsvLimits limits = {}) : in_(in), limits_(limits) {}
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // The next row that is not blank; false at the end. The first one is remembered as the header,
  // for messages.
  base::StatusOr<bool> Next(std::vector<std::string>& fields);

  // Of the row that Next gave last, from 1.
  std::size_t row() const { return row_; }
  // After the first Next.
  char separator() const { return separator_; }
  // The last row given ended with the file instead of a line break.
  bool ended_without_line_break() const { return cut_; }

  // "row 7, column 3 (site_id)"; `column` from 0.
  std::string Place(std::size_t row, std::size_t column) const;

 private:
  static constexpr int kEnd = -1;

  int Peek();
  int Take();
  bool Fill();
  base::Status Begin();
  base::Status ReadRow(std::vector<std::string>& fields);
  base::Status ReadQuoted(std::size_t column, std::string& field);
  base::Status Append(std::size_t column, int c, std::string& field);
  base::Status CheckUtf8(const std::vector<std::string>& fields) const;

  std::istream& in_;
  const CsvLimits limits_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool begun_ = false;
  char separator_ = ',';
  std::size_t row_ = 0;
  bool cut_ = false;
  std::vector<std::string> header_;
};

// `field` as it must stand in a comma-separated file: quoted where it has to be.
std::string CsvField(std::string_view field);

}  // namespace belgrand::sample
