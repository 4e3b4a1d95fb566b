#include "platform/workbook/xlsx.h"

#include <charconv>
#include <map>
#include <utility>

#include "platform/workbook/archive.h"
#include "platform/workbook/cells.h"
#include "platform/workbook/xml.h"

namespace belgrand::workbook {
namespace {

constexpr std::size_t kMaxRows = std::size_t{1} << 20;

std::string Get(const Attributes& attributes, std::string_view name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::string() : found->second;
}

template <typename Number>
Number NumberOr(std::string_view text, Number otherwise) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stopped == end ? number : otherwise;
}

// xl/workbook.xml: the sheets in their order, and where days are counted from.
class BookHandler final : public XmlHandler {
 public:
  struct Sheet {
    std::string name;
    std::string relation;
  };

  base::Status Start(std::string_view element, const Attributes& attributes) override {
    if (element == "sheet") sheets.push_back({Get(attributes, "name"), Get(attributes, "id")});
    if (element == "workbookPr") {
      const std::string is_1904 = Get(attributes, "date1904");
      if (is_1904 == "1" || is_1904 == "true") dates = DateSystem::k1904;
    }
    return base::OkStatus();
  }
  base::Status End(std::string_view) override { return base::OkStatus(); }
  base::Status Text(std::string_view) override { return base::OkStatus(); }

  std::vector<Sheet> sheets;
  DateSystem dates = DateSystem::k1900;
};

// Relations: id -> part.
class RelationsHandler final : public XmlHandler {
 public:
  base::Status Start(std::string_view element, const Attributes& attributes) override {
    if (element == "Relationship") {
      targets.insert_or_assign(Get(attributes, "Id"), Get(attributes, "Target"));
    }
    return base::OkStatus();
  }
  base::Status End(std::string_view) override { return base::OkStatus(); }
  base::Status Text(std::string_view) override { return base::OkStatus(); }

  std::map<std::string, std::string> targets;
};

// xl/styles.xml: which cell styles show a number as a date.
class StylesHandler final : public XmlHandler {
 public:
  base::Status Start(std::string_view element, const Attributes& attributes) override {
    if (element == "numFmt") {
      codes_.insert_or_assign(NumberOr(Get(attributes, "numFmtId"), -1),
                              Get(attributes, "formatCode"));
    } else if (element == "cellXfs") {
      inside_ = true;
    } else if (element == "xf" && inside_) {
      const int format = NumberOr(Get(attributes, "numFmtId"), 0);
      const auto code = codes_.find(format);
      is_date.push_back(IsDateFormat(format, code == codes_.end() ? "" : code->second));
    }
    return base::OkStatus();
  }
  base::Status End(std::string_view element) override {
    if (element == "cellXfs") inside_ = false;
    return base::OkStatus();
  }
  base::Status Text(std::string_view) override { return base::OkStatus(); }

  std::vector<bool> is_date;

 private:
  bool inside_ = false;
  std::map<int, std::string> codes_;
};

// Text in <t>, without the reading aids in <rPh>.
class TextCollector {
 public:
  explicit TextCollector(const XlsxLimits& limits) : limits_(limits) {}

  void Start(std::string_view element) {
    if (element == "rPh") ++aids_;
    if (element == "t" && aids_ == 0) open_ = true;
  }
  void End(std::string_view element) {
    if (element == "rPh" && aids_ > 0) --aids_;
    if (element == "t") open_ = false;
  }
  base::Status Add(std::string_view more) {
    if (!open_) return base::OkStatus();
    if (text.size() + more.size() > limits_.cell_bytes) {
      return base::ResourceExhausted("a cell has more than {} bytes", limits_.cell_bytes);
    }
    text += more;
    return base::OkStatus();
  }

  std::string text;

 private:
  const XlsxLimits& limits_;
  bool open_ = false;
  std::size_t aids_ = 0;
};

class SharedStringsHandler final : public XmlHandler {
 public:
  explicit SharedStringsHandler(const XlsxLimits& limits) : limits_(limits), collector_(limits) {}

  base::Status Start(std::string_view element, const Attributes&) override {
    if (element == "si") collector_.text.clear();
    collector_.Start(element);
    return base::OkStatus();
  }
  base::Status End(std::string_view element) override {
    collector_.End(element);
    if (element != "si") return base::OkStatus();
    bytes_ += collector_.text.size() + sizeof(std::string);
    if (bytes_ > limits_.text_bytes) {
      return base::ResourceExhausted("the texts have more than {} bytes", limits_.text_bytes);
    }
    strings.push_back(std::move(collector_.text));
    collector_.text.clear();
    return base::OkStatus();
  }
  base::Status Text(std::string_view text) override { return collector_.Add(text); }

  std::vector<std::string> strings;

 private:
  const XlsxLimits& limits_;
  TextCollector collector_;
  std::size_t bytes_ = 0;
};

class SheetHandler final : public XmlHandler {
 public:
  SheetHandler(const XlsxLimits& limits, const std::vector<std::string>& strings,
               const std::vector<bool>& is_date, DateSystem dates)
      : limits_(limits), strings_(strings), is_date_(is_date), dates_(dates), inline_(limits) {}

  base::Status Start(std::string_view element, const Attributes& attributes) override {
    inline_.Start(element);
    if (element == "row") return StartRow(attributes);
    if (element == "c") return StartCell(attributes);
    if (element == "v") in_value_ = true;
    return base::OkStatus();
  }

  base::Status End(std::string_view element) override {
    inline_.End(element);
    if (element == "v") in_value_ = false;
    if (element == "c") return EndCell();
    if (element == "row") EndRow();
    return base::OkStatus();
  }

  base::Status Text(std::string_view text) override {
    if (!in_value_) return inline_.Add(text);
    if (value_.size() + text.size() > limits_.cell_bytes) {
      return base::ResourceExhausted("a cell has more than {} bytes", limits_.cell_bytes);
    }
    value_ += text;
    return base::OkStatus();
  }

  std::vector<SheetRow> rows;

 private:
  base::Status StartRow(const Attributes& attributes) {
    const std::size_t number = NumberOr(Get(attributes, "r"), number_ + 1);
    if (number <= number_ || number > kMaxRows) {
      return base::InvalidArgument("row {} follows row {}", number, number_);
    }
    number_ = number;
    row_ = {.number = number, .cells = {}};
    column_ = 0;
    return base::OkStatus();
  }

  base::Status StartCell(const Attributes& attributes) {
    const std::string reference = Get(attributes, "r");
    if (!reference.empty()) {
      const auto column = ColumnOf(reference);
      if (!column.has_value()) return base::InvalidArgument("a cell has no place");
      column_ = *column;
    }
    if (column_ >= limits_.columns) {
      return base::ResourceExhausted("row {} has more than {} columns", number_, limits_.columns);
    }
    type_ = Get(attributes, "t");
    style_ = NumberOr<std::size_t>(Get(attributes, "s"), 0);
    value_.clear();
    inline_.text.clear();
    return base::OkStatus();
  }

  base::Status EndCell() {
    std::string text;
    if (type_ == "s") {
      const auto index = NumberOr<std::size_t>(value_, strings_.size());
      if (index >= strings_.size()) {
        return base::InvalidArgument("row {} names a text that the workbook has not", number_);
      }
      text = strings_[index];
    } else if (type_ == "inlineStr") {
      text = std::move(inline_.text);
    } else if (type_ == "b") {
      text = value_ == "1" ? "TRUE" : "FALSE";
    } else if (type_.empty() || type_ == "n") {
      const bool date = style_ < is_date_.size() && is_date_[style_];
      text = date ? DateCell(value_, dates_) : NumberCell(value_);
    } else {
      text = std::move(value_);
    }
    if (!text.empty()) {
      bytes_ += text.size() + (column_ + 1 - std::min(column_, row_.cells.size())) * sizeof(text);
      if (bytes_ > limits_.text_bytes) {
        return base::ResourceExhausted("the cells have more than {} bytes", limits_.text_bytes);
      }
      if (row_.cells.size() <= column_) row_.cells.resize(column_ + 1);
      row_.cells[column_] = std::move(text);
    }
    ++column_;
    return base::OkStatus();
  }

  void EndRow() {
    if (!row_.cells.empty()) rows.push_back(std::move(row_));
    row_ = {};
  }

  const XlsxLimits& limits_;
  const std::vector<std::string>& strings_;
  const std::vector<bool>& is_date_;
  const DateSystem dates_;
  TextCollector inline_;
  std::size_t number_ = 0;
  std::size_t column_ = 0;
  std::size_t bytes_ = 0;
  SheetRow row_;
  bool in_value_ = false;
  std::string type_;
  std::size_t style_ = 0;
  std::string value_;
};

base::Status ReadPart(const Archive& archive, const std::string& name, const XlsxLimits& limits,
                      XmlHandler& handler) {
  ASSIGN_OR_RETURN(const std::string text, archive.Read(name, limits.part_bytes));
  return ReadXml(name, text, handler);
}

// A part that a workbook may do without.
base::Status ReadOptional(const Archive& archive, const std::string& name, const XlsxLimits& limits,
                          XmlHandler& handler) {
  const base::Status status = ReadPart(archive, name, limits, handler);
  return status.code() == base::StatusCode::kNotFound ? base::OkStatus() : status;
}

base::StatusOr<std::string> PartOf(const BookHandler& book, const RelationsHandler& relations,
                                   std::string_view sheet) {
  std::string names;
  for (const BookHandler::Sheet& candidate : book.sheets) {
    names += (names.empty() ? "" : ", ") + candidate.name;
    if (!sheet.empty() && candidate.name != sheet) continue;
    const auto target = relations.targets.find(candidate.relation);
    if (target == relations.targets.end()) {
      return base::InvalidArgument("sheet {} has no part in the workbook", candidate.name);
    }
    const std::string& part = target->second;
    return part.starts_with("/") ? part.substr(1) : "xl/" + part;
  }
  return base::InvalidArgument("the workbook has no sheet \"{}\"; it has: {}", sheet, names);
}

}  // namespace

base::StatusOr<std::vector<SheetRow>> ReadXlsx(std::string_view bytes, std::string_view sheet,
                                               const XlsxLimits& limits) {
  ASSIGN_OR_RETURN(const Archive archive, Archive::Open(bytes));
  BookHandler book;
  RelationsHandler relations;
  const base::Status found = ReadPart(archive, "xl/workbook.xml", limits, book);
  if (found.code() == base::StatusCode::kNotFound) {
    return base::InvalidArgument("the archive holds no workbook: save the sheet as .xlsx or CSV");
  }
  RETURN_IF_ERROR(found);
  RETURN_IF_ERROR(ReadPart(archive, "xl/_rels/workbook.xml.rels", limits, relations));
  ASSIGN_OR_RETURN(const std::string part, PartOf(book, relations, sheet));
  StylesHandler styles;
  RETURN_IF_ERROR(ReadOptional(archive, "xl/styles.xml", limits, styles));
  SharedStringsHandler strings(limits);
  RETURN_IF_ERROR(ReadOptional(archive, "xl/sharedStrings.xml", limits, strings));
  SheetHandler handler(limits, strings.strings, styles.is_date, book.dates);
  RETURN_IF_ERROR(ReadPart(archive, part, limits, handler));
  return std::move(handler.rows);
}

}  // namespace belgrand::workbook
