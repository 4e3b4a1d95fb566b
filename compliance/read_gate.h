// What a call may see of stored records by their age: in use, in the restricted archive, or past
// their retention and not deleted yet (because a legal hold keeps them, or nobody has applied the
// plan). Only calls for data protection are answered with the last two.
//
// Cheap for each record: the calendar is looked at once for almost all. Thread safety: as a value.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "belgrand/privacy/v1/privacy.pb.h"
#include "compliance/retention.h"
#include "platform/base/time.h"

namespace belgrand::compliance {

class ReadGate {
 public:
  // For stored records of this type. Without a retention: shows everything.
  ReadGate(const google::protobuf::Descriptor& record, base::Instant now,
           privacy::v1::Purpose purpose);

  bool Shows(const google::protobuf::Message& record) const;

  // The first instant whose records are in use, for those that are read by the time they say
  // themselves. The least number: shows everything.
  std::int64_t in_use_from_us() const { return in_use_from_us_; }

 private:
  std::vector<const google::protobuf::FieldDescriptor*> clock_;  // path to it
  bool shows_everything_ = true;
  base::Instant now_;
  CalendarDuration in_use_;
  // Records whose clock is not after the first are out of use, after the second in use; between
  // them the calendar is asked (2024-02-29 and its eve can both become 2025-02-28).
  std::int64_t surely_out_us_ = 0;
  std::int64_t surely_in_us_ = 0;
  std::int64_t in_use_from_us_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace belgrand::compliance
