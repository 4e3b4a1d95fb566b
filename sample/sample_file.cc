#include "sample/sample_file.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "sample/formats/formats.h"
#include "sample/formats/site_table.h"
#include "sample/text.h"

namespace belgrand::sample {
namespace {

bool IsMissing(std::string_view text) { return text.empty() || text == "NA"; }

FileRow WrongColumnCount(std::size_t found, std::size_t expected) {
  FileRow out;
  out.row.reader_violations.push_back(
      {"", std::to_string(found), Text::kColumnCount, {std::to_string(expected)}});
  return out;
}

// A date whose year the service does not take ("1899-12-30", "9999-12-31") is a date all the same:
// intake says that it lies too early or in the future. nullopt: no date in any year.
std::optional<base::Instant> InAnyYear(std::string_view text) {
  constexpr std::size_t kYearDigits = 4;
  constexpr std::string_view kLeapYear = "2000";
  int year = 0;
  const char* const end = text.data() + std::min(text.size(), kYearDigits);
  const auto [stopped, error] = std::from_chars(text.data(), end, year);
  if (error != std::errc() || stopped != text.data() + kYearDigits || year < 1) return std::nullopt;
  const auto moved =
      base::ParseInstant(std::string(kLeapYear) + std::string(text.substr(kYearDigits)));
  if (!moved.ok()) return std::nullopt;
  const base::Day day = base::DayOf(*moved);
  const std::chrono::year_month_day there(day);
  const auto here = std::chrono::year(year) / there.month() / there.day();
  if (!here.ok()) return std::nullopt;
  return base::Instant(base::Day(here)) + (*moved - base::Instant(day));
}

class CsvSource final : public RowSource {
 public:
  explicit CsvSource(std::istream& in) : csv_(in) {}
  explicit CsvSource(std::unique_ptr<std::istream> in) : owned_(std::move(in)), csv_(*owned_) {}

  base::StatusOr<bool> Next(std::vector<std::string>& fields) override { return csv_.Next(fields); }
  std::size_t row() const override { return csv_.row(); }
  bool ended_without_line_break() const override { return csv_.ended_without_line_break(); }

 private:
  const std::unique_ptr<std::istream> owned_;
  CsvReader csv_;
};

class LineMapper final : public TableMapper {
 public:
  explicit LineMapper(std::unique_ptr<RowMapper> mapper) : mapper_(std::move(mapper)) {}

  bool Reads(std::size_t column) const override { return mapper_->Reads(column); }
  void Add(std::span<const std::string> fields, std::size_t line,
           std::vector<FileRow>& out) override {
    out.push_back(mapper_->Map(fields));
    out.back().row.line = line;
  }

 private:
  const std::unique_ptr<RowMapper> mapper_;
};

}  // namespace

std::unique_ptr<RowSource> NewCsvSource(std::istream& in) {
  return std::make_unique<CsvSource>(in);
}

std::unique_ptr<RowSource> NewCsvSource(std::unique_ptr<std::istream> in) {
  return std::make_unique<CsvSource>(std::move(in));
}

std::unique_ptr<TableMapper> OneRowPerLine(std::unique_ptr<RowMapper> mapper) {
  return std::make_unique<LineMapper>(std::move(mapper));
}

Field<double> ParseNumberField(std::string_view text) {
  text = Trim(text);
  Field<double> field;
  if (IsMissing(text)) return field;
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stopped == end) {
    field.value = number;
  } else {
    field.text = text;
  }
  return field;
}

Field<base::Instant> ParseTimeField(std::string_view text) {
  text = Trim(text);
  Field<base::Instant> field;
  if (IsMissing(text)) return field;
  if (const auto instant = base::ParseInstant(text); instant.ok()) {
    field.value = *instant;
  } else if (const auto other = InAnyYear(text)) {
    field.value = *other;
  } else {
    field.text = text;
  }
  return field;
}

base::StatusOr<std::unique_ptr<SampleFileReader>> SampleFileReader::Open(
    std::istream& in, std::optional<Profile> profile) {
  return Open(NewCsvSource(in), profile, {});
}

base::StatusOr<std::unique_ptr<SampleFileReader>> SampleFileReader::Open(
    std::unique_ptr<RowSource> source, std::optional<Profile> profile, ReadContext context) {
  std::unique_ptr<SampleFileReader> reader(
      new SampleFileReader(std::move(source), std::move(context)));
  std::vector<std::string>& header = reader->header_;
  ASSIGN_OR_RETURN(const bool any, reader->source_->Next(header));
  if (!any) return base::InvalidArgument("the file is empty: not even a header row");
  if (reader->context_.mapping != nullptr) profile = Profile::kMapping;
  const Format& format = profile.has_value() ? FormatOf(*profile) : RecogniseFormat(header);
  reader->profile_ = format.profile;
  ASSIGN_OR_RETURN(reader->mapper_, format.open(header, reader->context_));
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (!reader->mapper_->Reads(i)) reader->unread_.push_back(i);
  }
  return reader;
}

void SampleFileReader::NoteUnread() {
  std::erase_if(unread_, [this](std::size_t column) {
    if (IsMissing(Trim(fields_[column]))) return false;
    found_unread_.push_back(column);
    return true;
  });
}

base::Status SampleFileReader::ReadLine() {
  ready_.clear();
  at_ = 0;
  ASSIGN_OR_RETURN(const bool any, source_->Next(fields_));
  if (!any) {
    finished_ = true;
    mapper_->Finish(ready_);
    std::ranges::sort(found_unread_);
    for (const std::size_t column : found_unread_) {
      const std::string name = Printable(Trim(header_[column]));
      notes_.unread_columns.push_back(name.empty() ? fmt::format("column {}", column + 1) : name);
    }
    mapper_->Tell(notes_);
    return base::OkStatus();
  }
  if (fields_.size() < header_.size() && source_->ended_without_line_break()) {
    return base::InvalidArgument(
        "the file ends in the middle of row {}: {} of {} columns and no line break; it is cut off: "
        "export it again",
        source_->row(), fields_.size(), header_.size());
  }
  if (fields_.size() == header_.size()) {
    NoteUnread();
    mapper_->Add(fields_, source_->row(), ready_);
  } else {
    ready_.push_back(WrongColumnCount(fields_.size(), header_.size()));
    ready_.back().row.line = source_->row();
  }
  return base::OkStatus();
}

base::StatusOr<bool> SampleFileReader::Next(FileRow& out) {
  while (at_ == ready_.size()) {
    if (finished_) return false;
    RETURN_IF_ERROR(ReadLine());
  }
  out = std::move(ready_[at_++]);
  if (!out.site.has_value() && context_.sites != nullptr) {
    out.site = context_.sites->Find(out.row.site_id);
  }
  return true;
}

}  // namespace belgrand::sample
