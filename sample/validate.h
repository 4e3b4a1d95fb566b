// Judges one row: every violation at once, each naming the field, the value, the rule and the
// remedy.
//
// The rules and their reasons stand in docs/errors.md. A row without a violation becomes a
// Measurement in gc/L; warnings never hold a row back. Decisions worth knowing:
//  - a quantified value below the LOD contradicts itself and is refused (value_below_lod): taken as
//  a
//    number it would count as exact; a value between LOD and LOQ sent as quantified is only warned
//    of;
//  - a failed analysis without a value is refused with a rule of its own (analysis_failed): there
//  is
//    nothing to store, and the repeat analysis can then come under the same sample_id;
//  - a flow of zero is asked about, kept as it was written, and the flow counts as unknown: it is
//    written for "not known" more often than for a dry sewer;
//  - zero with not_detected is read as absent, as many laboratories write it so; zero anywhere else
//  is
//    not a concentration.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/base/time.h"
#include "sample/catalogue.h"
#include "sample/row.h"

namespace belgrand::sample {

inline constexpr std::size_t kMaxIdentifierCharacters = 64;
inline constexpr std::size_t kMaxPersonBytes = 320;
inline constexpr std::size_t kMaxReasonCharacters = 500;
inline constexpr std::size_t kMaxCommentCharacters = 1000;
inline constexpr std::size_t kMaxReplicates = 32;

// 1 to 64 characters of [A-Za-z0-9._:/-], and spaces inside.
bool IsIdentifier(std::string_view text);

struct Validated {
  // Present exactly when `violations` is empty.
  std::optional<Measurement> measurement;
  // What a Measurement does not carry.
  std::string reported_unit;
  std::string sampled_by;
  std::string analysed_by;
  std::string amended_by;
  std::string amendment_reason;
  std::string comment;
  std::vector<Violation> violations;
  std::vector<Violation> warnings;

  bool ok() const { return violations.empty(); }
};

// `sites` may be null: then nothing is said about site and district (a client that has no
// catalogue).
Validated Validate(const Row& row, const Catalogue* sites, base::Instant now);
// The same, in place. REQUIRES: `out` is as constructed.
void Validate(const Row& row, const Catalogue* sites, base::Instant now, Validated& out);

// A warning when `measurement` lies a factor of ten or more from `previous`, the quantified value
// (gc/L) before it in the same series; nullopt otherwise, and for censored values.
std::optional<Violation> TenfoldJump(const Measurement& measurement, double previous);

}  // namespace belgrand::sample
