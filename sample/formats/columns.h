// Small tools that the formats share: columns by name, identifiers out of names, censoring by
// comparison with the limits.
//
// Thread safety: pure functions; Columns is immutable.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/base/error.h"
#include "sample/row.h"

namespace belgrand::sample {

// Whether every name stands in the header, case ignored.
bool HasColumns(std::span<const std::string> header, std::span<const std::string_view> names);

// Where the named columns of a header stand.
class Columns {
 public:
  // The first `required` names must be there: InvalidArgument names the missing ones. Columns that
  // are not named are not read.
  static base::StatusOr<Columns> Find(std::span<const std::string> header,
                                      std::span<const std::string_view> names, std::size_t required,
                                      std::string_view profile);

  // Trimmed; empty for an absent column and for "NA".
  std::string_view operator()(std::span<const std::string> fields, std::size_t column) const;

  // Whether the column of the header, by position, is one of the named ones.
  bool Reads(std::size_t position) const;
  // Whether it is the named column of that number.
  bool Is(std::size_t position, std::size_t column) const { return positions_[column] == position; }

 private:
  std::vector<std::size_t> positions_;
};

// A name as an identifier: letters with marks are written out (oe for an o with two dots), '&' is
// "and", other characters that an identifier may not hold are left out.
std::string IdentifierOf(std::string_view name);

// Tells rows of one sample and target apart: "id", then "id/2", "id/3".
class RepeatCounter {
 public:
  std::string Unique(std::string id, std::string_view target);

 private:
  std::unordered_map<std::string, std::size_t> seen_;
};

// A number that may be zero, as instruments write it, beside limits that may be absent: the
// explicit state it stands for. Zero (and -0) is "not detected"; less than zero is left as a value,
// which Validate refuses.
Censoring CensoringOf(double value, std::optional<double> lod, std::optional<double> loq);

// Sets value and censoring so; text that is no number stays text, which Validate refuses.
void SetByLimits(const Field<double>& number, Row& row);

// As files write an instant: midnight UTC as a date; empty when absent.
std::string TimeText(const std::optional<base::Instant>& time);

}  // namespace belgrand::sample
