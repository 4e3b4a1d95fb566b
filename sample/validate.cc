#include "sample/validate.h"

#include <algorithm>
#include <array>
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

// Implied flow per person, L/day: 1 to 99 % of ordinary sites; far outside is an error or a holiday
// town.
constexpr double kMinFlowPerPerson = 130;
constexpr double kMaxFlowPerPerson = 730;

// By character.
constexpr auto kInIdentifiers = [] {
  std::array<bool, 256> in{};
  for (unsigned char c = 'A'; c <= 'Z'; ++c) in[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) in[c] = true;
  for (unsigned char c = '0'; c <= '9'; ++c) in[c] = true;
  for (const char c : {'.', '_', ':', '/', '-', ' '}) in[static_cast<unsigned char>(c)] = true;
  return in;
}();

bool HasIdentifierShape(std::string_view text) {
  return !text.empty() && text.front() != ' ' && text.back() != ' ' &&
         std::ranges::all_of(text,
                             [](char c) { return kInIdentifiers[static_cast<unsigned char>(c)]; });
}

class Checker {
 public:
  Checker(const Row& row, const Catalogue* sites, Instant now, Validated& result)
      : row_(row), sites_(sites), now_(now), result_(result), out_(result.measurement.emplace()) {
    findings_.violations = row.reader_violations;
  }

  void Run() {
    // The reader could not tell the columns apart: nothing else of the row can be judged.
    if (!findings_.violations.empty()) return Conclude();
    CheckIdentifiers();
    CheckSite();
    CheckTimes(row_, now_, findings_, out_);
    CheckTarget();
    CheckUnit();
    CheckCodes(row_, findings_, out_);
    CheckNumbers(row_, findings_, out_);
    CheckQuantities(row_, findings_, out_);
    CheckTexts();
    Plausibility();
    Conclude();
  }

 private:
  // True when `text` holds broken UTF-8; then nothing more is said about it.
  bool BrokenUtf8(std::string_view field, std::string_view text,
                  Privacy privacy = Privacy::kPublic) {
    const auto at = FirstInvalidUtf8(text);
    if (!at.has_value()) return false;
    findings_.Reject(field, privacy == Privacy::kPersonal ? kWithheld : text, Text::kNotUtf8,
                     {std::to_string(*at + 1)});
    return true;
  }

  void Identifier(std::string_view field, std::string_view text, Presence presence) {
    if (text.empty()) {
      if (presence == Presence::kRequired) findings_.Reject(field, "", Text::kMissing);
      return;
    }
    if (IsIdentifier(text) || BrokenUtf8(field, text)) return;
    if (const std::size_t size = CountCharacters(text); size > kMaxIdentifierCharacters) {
      findings_.Reject(field, text, Text::kIdentifierTooLong,
                       {std::to_string(size), std::to_string(kMaxIdentifierCharacters)});
    }
    if (!HasIdentifierShape(text)) findings_.Reject(field, text, Text::kInvalidIdentifier);
  }

  void CheckIdentifiers() {
    Identifier("sample_id", row_.sample_id, Presence::kRequired);
    Identifier("laboratory_id", row_.laboratory_id, Presence::kRequired);
    Identifier("site_id", row_.site_id, Presence::kRequired);
    Identifier("district_id", row_.district_id, Presence::kOptional);
    Identifier("method_id", row_.method_id, Presence::kOptional);
    Identifier("method_version", row_.method_version, Presence::kOptional);
    Identifier("retest_of", row_.retest_of, Presence::kOptional);
    if (!row_.retest_of.empty() && row_.retest_of == row_.sample_id) {
      findings_.Reject("retest_of", row_.retest_of, Text::kRetestOfItself);
    }
    out_.sample_id = row_.sample_id;
    out_.laboratory_id = row_.laboratory_id;
    out_.site_id = row_.site_id;
    out_.method_id = row_.method_id;
    out_.method_version = row_.method_version;
    out_.retest_of = row_.retest_of;
  }

  void CheckSite() {
    if (sites_ == nullptr || !IsIdentifier(row_.site_id)) return;
    site_ = sites_->Find(row_.site_id);
    if (site_ == nullptr) {
      const std::string_view near = sites_->Nearest(row_.site_id);
      if (near.empty()) {
        findings_.Reject("site_id", row_.site_id, Text::kUnknownSite);
      } else {
        findings_.Reject("site_id", row_.site_id, Text::kUnknownSiteNear, {std::string(near)});
      }
    } else if (row_.district_id != site_->district_id && IsIdentifier(row_.district_id)) {
      findings_.Reject("district_id", row_.district_id, Text::kDistrictMismatch,
                       {row_.site_id, site_->district_id});
    }
  }

  void CheckTarget() {
    CheckGene();
    if (row_.target.empty()) return findings_.Reject("target", "", Text::kMissing);
    if (BrokenUtf8("target", row_.target)) return;
    const auto code = CanonicalTarget(row_.target);
    if (!code.has_value()) {
      const std::string_view near = NearestTarget(row_.target);
      std::vector<std::string> particulars = {TargetList()};
      if (!near.empty()) particulars.emplace_back(near);
      return findings_.Reject("target", row_.target,
                              near.empty() ? Text::kUnknownTarget : Text::kUnknownTargetNear,
                              std::move(particulars));
    }
    out_.target = *code;
    const std::string_view named = GeneOfTarget(row_.target);
    if (named.empty()) return;
    if (out_.gene.empty()) {
      out_.gene = named;
    } else if (out_.gene != named) {
      findings_.Reject("gene", row_.gene, Text::kGeneMismatch,
                       {Printable(row_.target), std::string(named)});
    }
  }

  void CheckGene() {
    Identifier("gene", row_.gene, Presence::kOptional);
    out_.gene = Lower(row_.gene);
  }

  void CheckUnit() {
    if (row_.unit.empty()) return findings_.Reject("unit", "", Text::kMissing);
    if (BrokenUtf8("unit", row_.unit)) return;
    if (ConversionOf(Dimension::kConcentration, row_.unit).has_value()) return;
    findings_.Reject("unit", row_.unit, Text::kUnknownUnit,
                     {std::string(UnitList(Dimension::kConcentration))});
  }

  void Person(std::string_view field, std::string_view name) {
    if (BrokenUtf8(field, name, Privacy::kPersonal) || name.size() <= kMaxPersonBytes) return;
    findings_.Reject(field, kWithheld, Text::kTooManyBytes,
                     {std::to_string(name.size()), std::to_string(kMaxPersonBytes)});
  }

  // Typed by a person, so it may name one.
  void FreeText(std::string_view field, std::string_view text, std::size_t limit) {
    if (BrokenUtf8(field, text, Privacy::kPersonal)) return;
    const std::size_t size = CountCharacters(text);
    if (size <= limit) return;
    findings_.Reject(field, kWithheld, Text::kTooManyCharacters,
                     {std::to_string(size), std::to_string(limit)});
  }

  void CheckTexts() {
    Person("sampled_by", row_.sampled_by);
    Person("analysed_by", row_.analysed_by);
    Person("amended_by", row_.amended_by);
    FreeText("amendment_reason", row_.amendment_reason, kMaxReasonCharacters);
    FreeText("comment", row_.comment, kMaxCommentCharacters);
  }

  void Plausibility() {
    if (IsHeld(out_)) findings_.Warn("quality_flags", "", Text::kQualityHeld);
    if (site_ == nullptr || !out_.flow_m3_per_day.has_value()) return;
    const double persons = out_.population_served.value_or(site_->PopulationAt(out_.collected_at));
    if (persons <= 0) return;
    const double litres = *out_.flow_m3_per_day * 1000 / persons;
    if (litres >= kMinFlowPerPerson && litres <= kMaxFlowPerPerson) return;
    findings_.Warn("flow_m3_per_day", NumberText(*out_.flow_m3_per_day), Text::kFlowPerPerson,
                   {fmt::format("{:.0f}", litres), fmt::format("{:.0f}", persons)});
  }

  void Conclude() {
    if (!findings_.violations.empty()) result_.measurement.reset();
    result_.reported_unit = row_.unit;
    result_.sampled_by = row_.sampled_by;
    result_.analysed_by = row_.analysed_by;
    result_.amended_by = row_.amended_by;
    result_.amendment_reason = row_.amendment_reason;
    result_.comment = row_.comment;
    result_.violations = std::move(findings_.violations);
    result_.warnings = std::move(findings_.warnings);
  }

  const Row& row_;
  const Catalogue* sites_;
  const Instant now_;
  Validated& result_;
  Measurement& out_;  // of result_
  const Site* site_ = nullptr;
  Findings findings_;
};

}  // namespace

bool IsIdentifier(std::string_view text) {
  return text.size() <= kMaxIdentifierCharacters && HasIdentifierShape(text);
}

Validated Validate(const Row& row, const Catalogue* sites, Instant now) {
  Validated validated;
  Validate(row, sites, now, validated);
  return validated;
}

void Validate(const Row& row, const Catalogue* sites, Instant now, Validated& out) {
  Checker(row, sites, now, out).Run();
}

}  // namespace belgrand::sample
