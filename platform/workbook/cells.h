// How the cells of a spreadsheet are turned into text.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace belgrand::workbook {

enum class DateSystem { k1900, k1904 };

// "BC12" -> 54 (from 0); nullopt: no such reference.
std::optional<std::size_t> ColumnOf(std::string_view reference);

// Whether numbers in a format are shown as dates or times: one of the built-in ones, or a code with
// d, m, y, h or s outside quotes and brackets.
bool IsDateFormat(int number_format, std::string_view code);

// The shortest text that reads back as the number ("1234.5"), or a date: "2021-01-05",
// "2021-01-05T08:30:00Z", or "08:30" for a time of no day. Text that is no number stays as it is.
std::string NumberCell(std::string_view text);
std::string DateCell(std::string_view text, DateSystem system);

}  // namespace belgrand::workbook
