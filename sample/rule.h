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
  kUnknownCode,
  kGivenTwice,
  kReportedColumn,
  // What it refers to.
  kUnknownSite,
  kDistrictMismatch,
  kOtherLaboratory,
  kUnknownTarget,
  kUnknownUnit,
  kGeneMismatch,
  kRetestOfItself,
  // When.
  kDateInFuture,
  kDateTooEarly,
  kKnownBeforeCollected,
  kStartAfterEnd,
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
  kOutOfRange,
  kTooManyReplicates,
  // Beside other rows.
  kDuplicateInBatch,
  kAmendmentReasonRequired,
  kTooManyVersions,
  kUnknownRow,
  // Warnings: the row is stored as sent.
  kValueBelowLoq,
  kFlowPerPersonUnusual,
  kFlowZero,
  kTenfoldJump,
  kDateOrder,
  kCompositeHoursDiffer,
  kValueOutsideReplicates,
  kSupersededResend,
  kQualityHeld,
};

// In the order of the enum.
inline constexpr std::array<std::string_view, 53> kRuleNames = {
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
    "unknown_code",
    "given_twice",
    "reported_column",
    "unknown_site",
    "district_mismatch",
    "other_laboratory",
    "unknown_target",
    "unknown_unit",
    "gene_mismatch",
    "retest_of_itself",
    "date_in_future",
    "date_too_early",
    "known_before_collected",
    "start_after_end",
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
    "out_of_range",
    "too_many_replicates",
    "duplicate_in_batch",
    "amendment_reason_required",
    "too_many_versions",
    "unknown_row",
    "value_below_loq",
    "flow_per_person_unusual",
    "flow_zero",
    "tenfold_jump",
    "date_order",
    "composite_hours_differ",
    "value_outside_replicates",
    "superseded_resend",
    "quality_held",
};
static_assert(kRuleNames.size() == static_cast<std::size_t>(Rule::kQualityHeld) + 1);

constexpr std::string_view RuleName(Rule rule) {
  return kRuleNames[static_cast<std::size_t>(rule)];
}

}  // namespace belgrand::sample
