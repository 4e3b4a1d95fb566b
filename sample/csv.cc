#include "sample/csv.h"

#include <algorithm>
#include <array>

#include "sample/text.h"

namespace belgrand::sample {
namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;
constexpr std::array kSeparators = {',', ';', '\t'};

bool IsBlank(const std::vector<std::string>& fields) {
  return std::ranges::all_of(fields, [](const std::string& f) { return Trim(f).empty(); });
}

// The candidate that stands most often outside quotes in the first line; comma when there is none.
char FindSeparator(std::string_view text) {
  std::array<std::size_t, kSeparators.size()> count{};
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' || c == '\r') break;
    const auto found = std::ranges::find(kSeparators, c);
    if (found != kSeparators.end()) ++count[static_cast<std::size_t>(found - kSeparators.begin())];
  }
  return kSeparators[static_cast<std::size_t>(std::ranges::max_element(count) - count.begin())];
}

}  // namespace

bool CsvReader::Fill() {
  buffer_.resize(kChunk);
  in_.read(buffer_.data(), static_cast<std::streamsize>(kChunk));
  buffer_.resize(static_cast<std::size_t>(in_.gcount()));
  at_ = 0;
  return !buffer_.empty();
}

int CsvReader::Peek() {
  if (at_ == buffer_.size() && !Fill()) return kEnd;
  return static_cast<unsigned char>(buffer_[at_]);
}

int CsvReader::Take() {
  const int c = Peek();
  if (c != kEnd) ++at_;
  return c;
}

base::Status CsvReader::Begin() {
  begun_ = true;
  if (Peek() == kEnd) return base::OkStatus();
  const std::string_view start = buffer_;
  if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF")) {
    return base::InvalidArgument(
        "the file is UTF-16, not UTF-8: in the spreadsheet, save it as \"CSV UTF-8\"");
  }
  if (start.starts_with("PK\x03\x04") || start.starts_with("\xD0\xCF\x11\xE0")) {
    return base::InvalidArgument(
        "the file is a spreadsheet workbook, not CSV: export the sheet as \"CSV UTF-8\"");
  }
  if (start.starts_with("\xEF\xBB\xBF")) at_ = 3;
  separator_ = FindSeparator(start.substr(at_));
  return base::OkStatus();
}

base::StatusOr<bool> CsvReader::Next(std::vector<std::string>& fields) {
  if (!begun_) RETURN_IF_ERROR(Begin());
  while (Peek() != kEnd) {
    ++row_;
    RETURN_IF_ERROR(ReadRow(fields));
    if (IsBlank(fields)) continue;
    RETURN_IF_ERROR(CheckUtf8(fields));
    if (header_.empty()) header_ = fields;
    return true;
  }
  if (in_.bad()) return base::DataLoss("the file cannot be read after row {}", row_);
  return false;
}

base::Status CsvReader::ReadRow(std::vector<std::string>& fields) {
  fields.clear();
  cut_ = false;
  for (;;) {
    const std::size_t column = fields.size();
    if (column == limits_.fields) {
      return base::InvalidArgument("row {} has more than {} columns; is the separator right?", row_,
                                   limits_.fields);
    }
    std::string field;
    if (Peek() == '"') RETURN_IF_ERROR(ReadQuoted(column, field));
    int c = Take();
    while (c != kEnd && c != separator_ && c != '\n' && c != '\r') {
      RETURN_IF_ERROR(Append(column, c, field));
      c = Take();
    }
    fields.push_back(std::move(field));
    if (c == separator_) continue;
    if (c == '\r' && Peek() == '\n') Take();
    cut_ = c == kEnd;
    return base::OkStatus();
  }
}

base::Status CsvReader::ReadQuoted(std::size_t column, std::string& field) {
  Take();
  for (;;) {
    const int c = Take();
    if (c == kEnd) {
      return base::InvalidArgument(
          "{}: the quote that opens here is never closed: the file is cut off, or a quotation mark "
          "is missing; export it again",
          Place(row_, column));
    }
    if (c != '"') {
      RETURN_IF_ERROR(Append(column, c, field));
      continue;
    }
    const int after = Peek();
    if (after == '"') {
      RETURN_IF_ERROR(Append(column, Take(), field));
    } else if (after == kEnd || after == separator_ || after == '\n' || after == '\r') {
      return base::OkStatus();
    } else {
      return base::InvalidArgument(
          "{}: text follows a closing quotation mark; inside quotes a quotation mark is written "
          "twice",
          Place(row_, column));
    }
  }
}

base::Status CsvReader::Append(std::size_t column, int c, std::string& field) {
  if (c == 0) {
    return base::InvalidArgument("{}: the file holds a zero byte: it is not a text file",
                                 Place(row_, column));
  }
  if (field.size() == limits_.field_bytes) {
    return base::InvalidArgument(
        "{}: the field is longer than {} bytes: is a quotation mark opened and never closed?",
        Place(row_, column), limits_.field_bytes);
  }
  field.push_back(static_cast<char>(c));
  return base::OkStatus();
}

base::Status CsvReader::CheckUtf8(const std::vector<std::string>& fields) const {
  for (std::size_t column = 0; column < fields.size(); ++column) {
    const auto at = FirstInvalidUtf8(fields[column]);
    if (!at.has_value()) continue;
    return base::InvalidArgument(
        "{}: the file is not UTF-8: character {} is byte 0x{:02X}; in the spreadsheet, save it as "
        "\"CSV UTF-8\"",
        Place(row_, column), CountCharacters(std::string_view(fields[column]).substr(0, *at)) + 1,
        static_cast<unsigned char>(fields[column][*at]));
  }
  return base::OkStatus();
}

std::string CsvReader::Place(std::size_t row, std::size_t column) const {
  if (column < header_.size() && row > 1) {
    return fmt::format("row {}, column {} ({})", row, column + 1, Printable(header_[column]));
  }
  return fmt::format("row {}, column {}", row, column + 1);
}

std::string CsvField(std::string_view field) {
  if (field.find_first_of(",;\t\"\r\n") == std::string_view::npos) return std::string(field);
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

}  // namespace belgrand::sample
