// What retention would delete, as lines that a person can read and a hash that binds them.
//
// A steward (the role that owns a database) walks its records once through an ExpiryTally, for the
// plan and again for the deletion: both take the same decision from the same code. The compliance
// service merges the lines of all stewards and hashes them; applying a plan whose hash no longer
// comes out is refused.
//
// Thread safety: an ExpiryTally is externally synchronised; functions are safe.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/compliance/v1/compliance.pb.h"
#include "compliance/holds.h"
#include "compliance/retention.h"
#include "platform/base/time.h"

namespace belgrand::compliance {

class ExpiryTally {
 public:
  enum class Verdict {
    kKeep,
    kClearFields,   // ClearExpiredFields(tally.policies(), &record, tally.now()), then store it
    kDeleteRecord,  // with everything in it
  };

  // For stored records of this type. What `holds` keep does not expire: it is counted as blocked.
  ExpiryTally(const google::protobuf::Descriptor& record, base::Instant now,
              HoldMatcher holds = {});

  // Counts one record and says what has to happen to it. A field of a record that is deleted as a
  // whole is not counted as cleared as well. `site_id`: of a record that does not say it itself.
  Verdict Count(const google::protobuf::Message& record, std::string_view site_id = {});
  // The same, for records that `holds` cannot judge one by one. Asked only of what expires.
  using IsHeld = std::function<bool(const google::protobuf::Message& record)>;
  Verdict Count(const google::protobuf::Message& record, const IsHeld& is_held);

  // One line for each policy, in the order of RetentionPolicies. Zero counts are lines too: they
  // show that somebody looked.
  std::vector<v1::ExpiryLine> Lines() const;

  const std::vector<RetentionPolicy>& policies() const { return policies_; }
  base::Instant now() const { return now_; }

 private:
  Verdict Count(const google::protobuf::Message& record, std::string_view site_id,
                const IsHeld* is_held);
  bool IsKept(const google::protobuf::Message& record, std::string_view site_id,
              const IsHeld* is_held) const;

  struct Line {
    std::uint64_t held = 0;
    std::uint64_t expired = 0;
    std::uint64_t blocked = 0;
    std::uint64_t archived = 0;
    base::Instant oldest;
    base::Instant newest;
    std::string digest;
  };
  std::vector<RetentionPolicy> policies_;
  base::Instant now_;
  HoldMatcher holds_;
  std::vector<Line> lines_;
};

// Adds up lines of the same record, field and retention, and sorts by them.
std::vector<v1::ExpiryLine> MergeLines(const std::vector<v1::ExpiryLine>& lines);

// Adds 32 bytes to a sum modulo 2^256, big-endian; an empty sum is zero. The order does not matter.
void AddDigest(std::string_view digest, std::string& sum);

// SHA-256, hex, over a text of `now` and of what each line would delete: record, field, retention,
// number expired, oldest, newest and digest (layout: docs/formats/retention_plan.md). Not over
// `held`: a sample that arrives between plan and deletion does not change what is deleted. The
// order of lines does not matter. The hash binds the contents of what is deleted and the holds in
// force.
std::string PlanHash(const std::vector<v1::ExpiryLine>& lines, base::Instant now,
                     const HoldScopes& holds = {});

}  // namespace belgrand::compliance
