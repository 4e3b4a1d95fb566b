#include "sample/validate.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "sample/findings.h"
#include "sample/quality.h"
#include "sample/target.h"
#include "sample/text.h"
#include "sample/unit.h"

namespace belgrand::sample {
namespace {

using base::Instant;

enum class Presence { kRequired, kOptional };
enum class Privacy { kPublic, kPersonal };

constexpr base::Day kFirstDay = std::chrono::year{2015} / 1 / 1;
// Implied flow per person, L/day: 1 to 99 % of ordinary sites; far outside is an error or a holiday
// town.
constexpr double kMinFlowPerPerson = 130;
constexpr double kMaxFlowPerPerson = 730;

bool IsIdentifierCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("._:/- ").find(c) != std::string_view::npos;
}

bool HasIdentifierShape(std::string_view text) {
  return !text.empty() && text.front() != ' ' && text.back() != ' ' &&
         std::ranges::all_of(text, IsIdentifierCharacter);
}

class Checker {
 public:
  Checker(const Row& row, const Catalogue* sites, Instant now)
      : row_(row), sites_(sites), now_(now) {
    findings_.violations = row.reader_violations;
  }

  Validated Run() {
    // The reader could not tell the columns apart: nothing else of the row can be judged.
    if (!findings_.violations.empty()) return Result();
    CheckIdentifiers();
    CheckSite();
    CheckTimes();
    CheckTargetAndUnit();
    CheckCodes();
    CheckNumbers(row_, factor_, findings_, out_);
    CheckTexts();
    Plausibility();
    return Result();
  }

 private:
  void Require(std::string_view field) {
    findings_.Reject(field, "", Rule::kRequiredField, fmt::format("{} is missing", field),
                     fmt::format("send {}", field));
  }

  // True when `text` holds broken UTF-8; then nothing more is said about it.
  bool BrokenUtf8(std::string_view field, std::string_view text,
                  Privacy privacy = Privacy::kPublic) {
    const auto at = FirstInvalidUtf8(text);
    if (!at.has_value()) return false;
    findings_.Reject(field, privacy == Privacy::kPersonal ? kWithheld : text, Rule::kNotUtf8,
                     fmt::format("{} is not UTF-8 from byte {} on", field, *at + 1),
                     "send text in UTF-8 (in a spreadsheet: save as \"CSV UTF-8\")");
    return true;
  }

  void Identifier(std::string_view field, std::string_view text, Presence presence) {
    if (text.empty()) {
      if (presence == Presence::kRequired) Require(field);
      return;
    }
    if (BrokenUtf8(field, text)) return;
    if (CountCharacters(text) > kMaxIdentifierCharacters) {
      findings_.Reject(field, text, Rule::kIdentifierTooLong,
                       fmt::format("{} has {} characters; the limit is {}", field,
                                   CountCharacters(text), kMaxIdentifierCharacters),
                       "shorten it, the same way every time");
    }
    if (!HasIdentifierShape(text)) {
      findings_.Reject(field, text, Rule::kInvalidIdentifier,
                       fmt::format("{} \"{}\" holds a character that an identifier may not hold",
                                   field, Printable(text)),
                       "use A-Z a-z 0-9 . _ : / - and spaces inside; no personal names");
    }
  }

  void CheckIdentifiers() {
    Identifier("sample_id", row_.sample_id, Presence::kRequired);
    Identifier("laboratory_id", row_.laboratory_id, Presence::kRequired);
    Identifier("site_id", row_.site_id, Presence::kRequired);
    Identifier("district_id", row_.district_id, Presence::kOptional);
    Identifier("method_id", row_.method_id, Presence::kOptional);
    out_.sample_id = row_.sample_id;
    out_.laboratory_id = row_.laboratory_id;
    out_.site_id = row_.site_id;
    out_.method_id = row_.method_id;
  }

  void CheckSite() {
    if (sites_ == nullptr || !IsIdentifier(row_.site_id)) return;
    site_ = sites_->Find(row_.site_id);
    if (site_ == nullptr) {
      const std::string_view near = sites_->Nearest(row_.site_id);
      findings_.Reject("site_id", row_.site_id, Rule::kUnknownSite,
                       fmt::format("site \"{}\" is not in the catalogue of {} sites", row_.site_id,
                                   sites_->size()),
                       near.empty() ? "check the spelling, or have the operator register the site"
                                    : fmt::format("did you mean \"{}\"? otherwise have the "
                                                  "operator register the site",
                                                  near));
    } else if (IsIdentifier(row_.district_id) && row_.district_id != site_->district_id) {
      findings_.Reject("district_id", row_.district_id, Rule::kDistrictMismatch,
                       fmt::format("site \"{}\" lies in district \"{}\", not \"{}\"", row_.site_id,
                                   site_->district_id, row_.district_id),
                       "correct the site or the district, or leave district_id empty");
    }
  }

  // The instant, when it is there and within what the service accepts.
  std::optional<Instant> Time(std::string_view field, const Field<Instant>& time,
                              Presence presence) {
    if (time.absent()) {
      if (presence == Presence::kRequired) Require(field);
      return std::nullopt;
    }
    if (!time.value.has_value()) {
      findings_.Reject(field, time.text, Rule::kNotADate,
                       fmt::format("{} is not a date: \"{}\"", field, Printable(time.text)),
                       "write 2021-01-31, or 2021-01-31T14:00:00Z with the hour and its zone");
      return std::nullopt;
    }
    const std::string text = base::FormatInstant(*time.value);
    if (*time.value > now_ + std::chrono::days(1)) {
      findings_.Reject(field, text, Rule::kDateInFuture,
                       fmt::format("{} {} lies in the future: it is {} now", field, text,
                                   base::FormatInstant(now_)),
                       "check the year and the order of day and month");
      return std::nullopt;
    }
    if (*time.value < kFirstDay) {
      findings_.Reject(field, text, Rule::kDateTooEarly,
                       fmt::format("{} {} lies before 2015-01-01", field, text),
                       "check the year; samples before 2015 are not taken");
      return std::nullopt;
    }
    return time.value;
  }

  void CheckTimes() {
    const auto collected = Time("collected_at", row_.collected_at, Presence::kRequired);
    const auto known = Time("known_at", row_.known_at, Presence::kOptional);
    if (collected.has_value() && known.has_value() && *known < *collected) {
      findings_.Reject("known_at", base::FormatInstant(*known), Rule::kKnownBeforeCollected,
                       fmt::format("the result was known at {}, before the sample was collected "
                                   "at {}",
                                   base::FormatInstant(*known), base::FormatInstant(*collected)),
                       "check that the two dates are not exchanged");
    }
    if (collected.has_value()) out_.collected_at = *collected;
    out_.known_at = known;
  }

  void CheckTargetAndUnit() {
    if (row_.target.empty()) {
      Require("target");
    } else if (!BrokenUtf8("target", row_.target)) {
      if (const auto code = CanonicalTarget(row_.target)) {
        out_.target = *code;
      } else {
        const std::string_view near = NearestTarget(row_.target);
        findings_.Reject("target", row_.target, Rule::kUnknownTarget,
                         fmt::format("target \"{}\" is not known", Printable(row_.target)),
                         (near.empty() ? std::string() : fmt::format("did you mean {}? ", near)) +
                             fmt::format("known targets: {}", TargetList()));
      }
    }
    if (row_.unit.empty()) {
      Require("unit");
    } else if (!BrokenUtf8("unit", row_.unit)) {
      if (const auto factor = FactorToGcPerLitre(row_.unit)) {
        factor_ = *factor;
      } else {
        findings_.Reject(
            "unit", row_.unit, Rule::kUnknownUnit,
            fmt::format("unit \"{}\" is not a known unit of concentration", Printable(row_.unit)),
            fmt::format("convert value, lod and loq to one of: {}", UnitList()));
      }
    }
  }

  void CheckCodes() {
    if (row_.censoring.value.has_value()) {
      out_.censoring = *row_.censoring.value;
    } else if (!row_.censoring.text.empty()) {
      findings_.Reject("censoring", row_.censoring.text, Rule::kUnknownCensoring,
                       fmt::format("censoring \"{}\" is not known", Printable(row_.censoring.text)),
                       "send none, below_lod, below_loq or not_detected");
    } else if (std::ranges::find(row_.quality_flags, QualityFlag::kAnalysisFailed) ==
               row_.quality_flags.end()) {
      findings_.Reject("censoring", "", Rule::kRequiredField, "censoring is missing",
                       "send none, below_lod, below_loq or not_detected");
    } else if (!row_.value.absent()) {
      Require("censoring");
    }
    for (const std::string& flag : row_.unknown_quality_flags) {
      findings_.Reject("quality_flags", flag, Rule::kUnknownQualityFlag,
                       fmt::format("quality flag \"{}\" is not known", Printable(flag)),
                       "send one of ntc_amplified, analysis_failed, inhibition_unaddressed, "
                       "wrong_temperature, delayed_arrival, sample_compromised");
    }
    out_.quality_flags = row_.quality_flags;
    auto& flags = out_.quality_flags;
    std::sort(flags.begin(), flags.end());
    flags.erase(std::unique(flags.begin(), flags.end()), flags.end());
  }

  void Person(std::string_view field, std::string_view name) {
    if (BrokenUtf8(field, name, Privacy::kPersonal) || name.size() <= kMaxPersonBytes) return;
    findings_.Reject(
        field, kWithheld, Rule::kTextTooLong,
        fmt::format("{} has {} bytes; the limit is {}", field, name.size(), kMaxPersonBytes),
        "send one name or staff number");
  }

  void CheckTexts() {
    Person("sampled_by", row_.sampled_by);
    Person("analysed_by", row_.analysed_by);
    // Typed by a person, so it may name one.
    if (!BrokenUtf8("amendment_reason", row_.amendment_reason, Privacy::kPersonal) &&
        CountCharacters(row_.amendment_reason) > kMaxReasonCharacters) {
      findings_.Reject("amendment_reason", kWithheld, Rule::kTextTooLong,
                       fmt::format("amendment_reason has {} characters; the limit is {}",
                                   CountCharacters(row_.amendment_reason), kMaxReasonCharacters),
                       "say it in one or two sentences");
    }
  }

  void Plausibility() {
    if (IsHeld(out_.quality_flags)) {
      findings_.Warn("quality_flags", "", Rule::kQualityHeld,
                     "a quality flag of this row says that the value cannot be trusted: it is "
                     "stored, but detection does not use it",
                     "send the result of a repeat analysis when there is one");
    }
    if (site_ == nullptr || !out_.flow_m3_per_day.has_value()) return;
    const double persons = out_.population_served.value_or(site_->population_served);
    if (persons <= 0) return;
    const double litres = *out_.flow_m3_per_day * 1000 / persons;
    if (litres >= kMinFlowPerPerson && litres <= kMaxFlowPerPerson) return;
    findings_.Warn("flow_m3_per_day", NumberText(*out_.flow_m3_per_day),
                   Rule::kFlowPerPersonUnusual,
                   fmt::format("the flow means {:.0f} L a day for each of {:.0f} persons; usual is "
                               "{:.0f} to {:.0f}",
                               litres, persons, kMinFlowPerPerson, kMaxFlowPerPerson),
                   "check that the flow is in m3/d and that the population served is right");
  }

  Validated Result() {
    Validated result;
    if (findings_.violations.empty()) result.measurement = std::move(out_);
    result.reported_unit = row_.unit;
    result.sampled_by = row_.sampled_by;
    result.analysed_by = row_.analysed_by;
    result.amendment_reason = row_.amendment_reason;
    result.violations = std::move(findings_.violations);
    result.warnings = std::move(findings_.warnings);
    return result;
  }

  const Row& row_;
  const Catalogue* sites_;
  const Instant now_;
  const Site* site_ = nullptr;
  double factor_ = 1;
  Findings findings_;
  Measurement out_;
};

}  // namespace

bool IsIdentifier(std::string_view text) {
  return text.size() <= kMaxIdentifierCharacters && HasIdentifierShape(text);
}

Validated Validate(const Row& row, const Catalogue* sites, Instant now) {
  return Checker(row, sites, now).Run();
}

}  // namespace belgrand::sample
