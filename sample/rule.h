// Every rule a row can break, with the stable identifier that verdicts carry.
//
// The identifiers are part of the interface: scripts of laboratories match on them. docs/errors.md
// explains each; a test holds the two together. A rule may be added, never renamed.
#pragma once

#include <array>
#include <string_view>

namespace belgrand::sample {

enum class Rule {
  // How the row is written.
  kColumnCount,
  kNotUtf8,
  kTextTooLong,
  kRequiredField,
  kInvalidIdentifier,
  kIdentifierTooLong,
  kNotADate,
  kNotANumber,
  kUnknownCensoring,
  kUnknownQualityFlag,
  // What it refers to.
  kUnknownSite,
  kDistrictMismatch,
  kOtherLaboratory,
  kUnknownTarget,
  kUnknownUnit,
  // When.
  kDateInFuture,
  kDateTooEarly,
  kKnownBeforeCollected,
  // How much.
  kAnalysisFailed,
  kValueRequired,
  kValueNotFinite,
  kValueNotPositive,
  kValueWithNonDetect,
  kLodRequired,
  kLoqRequired,
  kLimitNotPositive,
  kLoqBelowLod,
  kValueAboveLod,
  kValueAboveLoq,
  kValueBelowLod,
  kFlowNotPositive,
  kPopulationNotPositive,
  // Beside other rows.
  kDuplicateInBatch,
  kAmendmentReasonRequired,
  kTooManyVersions,
  // Warnings: the row is stored as sent.
  kValueBelowLoq,
  kFlowPerPersonUnusual,
  kTenfoldJump,
  kSupersededResend,
  kQualityHeld,
};

// In the order of the enum.
inline constexpr std::array<std::string_view, 40> kRuleNames = {
    "column_count",
    "not_utf8",
    "text_too_long",
    "required_field",
    "invalid_identifier",
    "identifier_too_long",
    "not_a_date",
    "not_a_number",
    "unknown_censoring",
    "unknown_quality_flag",
    "unknown_site",
    "district_mismatch",
    "other_laboratory",
    "unknown_target",
    "unknown_unit",
    "date_in_future",
    "date_too_early",
    "known_before_collected",
    "analysis_failed",
    "value_required",
    "value_not_finite",
    "value_not_positive",
    "value_with_non_detect",
    "lod_required",
    "loq_required",
    "limit_not_positive",
    "loq_below_lod",
    "value_above_lod",
    "value_above_loq",
    "value_below_lod",
    "flow_not_positive",
    "population_not_positive",
    "duplicate_in_batch",
    "amendment_reason_required",
    "too_many_versions",
    "value_below_loq",
    "flow_per_person_unusual",
    "tenfold_jump",
    "superseded_resend",
    "quality_held",
};
static_assert(kRuleNames.size() == static_cast<std::size_t>(Rule::kQualityHeld) + 1);

constexpr std::string_view RuleName(Rule rule) {
  return kRuleNames[static_cast<std::size_t>(rule)];
}

}  // namespace belgrand::sample
