// Reads a sheet of an Office Open XML workbook (.xlsx, ECMA-376) as rows of text.
//
// What a spreadsheet shows as a date comes as ISO 8601 (an hour without zone is taken as UTC), a
// number as the shortest text that reads back as it, so that the readers of CSV files find what
// they find there. Formulas come as the value that was stored with them.
//
// Built on libzip and expat: both are small, read untrusted files everywhere, and leave memory and
// depth under the limits below; a whole spreadsheet library would evaluate far more than is needed.
//
// Errors: InvalidArgument: no workbook, damaged, or no such sheet; ResourceExhausted: over a limit.
// Thread safety: pure function.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"

namespace belgrand::workbook {

struct XlsxLimits {
  // Of one part, unpacked.
  std::size_t part_bytes = std::size_t{512} << 20;
  std::size_t columns = 1024;
  std::size_t cell_bytes = std::size_t{64} << 10;
  // Of all cells together.
  std::size_t text_bytes = std::size_t{1} << 30;
};

struct SheetRow {
  // As the spreadsheet counts, from 1.
  std::size_t number = 0;
  // Without empty cells at the end; rows without any text are left out.
  std::vector<std::string> cells;
};

// `sheet`: its name; empty: the first one.
base::StatusOr<std::vector<SheetRow>> ReadXlsx(std::string_view bytes, std::string_view sheet,
                                               const XlsxLimits& limits = {});

}  // namespace belgrand::workbook
