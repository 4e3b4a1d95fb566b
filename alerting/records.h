// Reading stored records.
#pragma once

#include <limits>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::alerting {

// DataLoss: `value` is not a record of that type.
template <typename Record>
base::StatusOr<Record> ParseRecord(std::string_view what, std::string_view value) {
  Record record;
  if (value.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
      !record.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return base::DataLoss("a stored {} of the alerting database is damaged: restore the backup",
                          what);
  }
  return record;
}

}  // namespace belgrand::alerting
