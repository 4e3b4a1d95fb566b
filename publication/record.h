// What a release leaves behind so that later ones know it: docs/formats/publication.md.
//
// A record is not for the public: it holds what the published numbers are made of. It names the
// bytes of the record before it by their SHA-256, so a record that is changed, taken out or put in
// is noticed by the next; one that is cut off at the end is not, except by the public metadata,
// which names it too.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "platform/base/time.h"
#include "publication/noise.h"
#include "publication/plan.h"

namespace belgrand::publication {

inline constexpr std::size_t kMaxRecordBytes = std::size_t{256} << 20;

// New, or changed since the last record that held it.
struct Contribution {
  UnknownKey key;
  std::int64_t milli_gc_per_l = 0;
  // By its class; once protected, always protected.
  Protection protection = Protection::kProtected;

  friend bool operator==(const Contribution&, const Contribution&) = default;
};

struct PublishedTerm {
  UnknownKey key;
  std::int64_t weight = 0;

  friend bool operator==(const PublishedTerm&, const PublishedTerm&) = default;
};

struct PublishedCell {
  Level level = Level::kTotal;
  std::string area_id;
  std::string target;
  base::Day period_start;
  int period_weeks = 1;
  // As it was published.
  std::string value;
  std::vector<PublishedTerm> terms;

  friend bool operator==(const PublishedCell&, const PublishedCell&) = default;
};

// A count with its noise, drawn once and for ever.
struct NoisyCount {
  std::string district_id;
  std::string target;
  base::Day period_start;
  int period_weeks = 1;
  std::int64_t count = 0;

  friend bool operator==(const NoisyCount&, const NoisyCount&) = default;
};

struct Record {
  // From 1, without gaps.
  std::uint32_t number = 0;
  // Of the record before, in hexadecimal; empty for the first.
  std::string previous_sha256;
  base::Instant created{};
  base::Day publication_day;
  std::vector<Contribution> contributions;
  std::vector<PublishedCell> cells;
  // Drawn for this release; none where no noise was asked for.
  std::vector<NoisyCount> counts;
  Epsilon epsilon;

  friend bool operator==(const Record&, const Record&) = default;
};

// JSON, one entry a line; the same record always gives the same bytes.
std::string FormatRecord(const Record& record);
// InvalidArgument names the place and what is wrong there.
base::StatusOr<Record> ParseRecord(std::string_view text);

}  // namespace belgrand::publication
