#include "sample/texts.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <array>

namespace belgrand::sample {
namespace {

struct Entry {
  Text text;
  Rule rule;
  std::string_view allowed;
};

constexpr std::string_view kNumber = "1234.5, 1.2e4";
constexpr std::string_view kPositive = "> 0";
constexpr std::string_view kCensorings = "none, below_lod, below_loq, not_detected";

// In the order of Text.
constexpr std::array kEntries = {
    Entry{Text::kColumnCount, Rule::kColumnCount, "{2}"},
    Entry{Text::kNotUtf8, Rule::kNotUtf8, "UTF-8"},
    Entry{Text::kTooManyBytes, Rule::kTextTooLong, "<= {3}"},
    Entry{Text::kTooManyCharacters, Rule::kTextTooLong, "<= {3}"},
    Entry{Text::kMissing, Rule::kRequiredField, ""},
    Entry{Text::kCensoringMissing, Rule::kRequiredField, kCensorings},
    Entry{Text::kIdentifierTooLong, Rule::kIdentifierTooLong, "<= {3}"},
    Entry{Text::kInvalidIdentifier, Rule::kInvalidIdentifier, "A-Z a-z 0-9 . _ : / -"},
    Entry{Text::kNotADate, Rule::kNotADate, "2021-01-31, 2021-01-31T14:00:00Z"},
    Entry{Text::kNumberWithComma, Rule::kNotANumber, kNumber},
    Entry{Text::kNumberWithLess, Rule::kNotANumber, kNumber},
    Entry{Text::kNotANumber, Rule::kNotANumber, kNumber},
    Entry{Text::kUnknownCensoring, Rule::kUnknownCensoring, kCensorings},
    Entry{Text::kUnknownFlag, Rule::kUnknownQualityFlag, "{2}"},
    Entry{Text::kUnknownCode, Rule::kUnknownCode, "{2}"},
    Entry{Text::kGivenTwice, Rule::kGivenTwice, ""},
    Entry{Text::kReportedColumn, Rule::kReportedColumn,
          "FLOW, RECEIVED_TEMPERATURE, AMMONIUM, PMMOV"},
    Entry{Text::kUnknownSite, Rule::kUnknownSite, ""},
    Entry{Text::kUnknownSiteNear, Rule::kUnknownSite, "{2}"},
    Entry{Text::kDistrictMismatch, Rule::kDistrictMismatch, "{3}"},
    Entry{Text::kOtherLaboratory, Rule::kOtherLaboratory, "{2}"},
    Entry{Text::kUnknownTarget, Rule::kUnknownTarget, "{2}"},
    Entry{Text::kUnknownTargetNear, Rule::kUnknownTarget, "{2}"},
    Entry{Text::kGeneMismatch, Rule::kGeneMismatch, "{3}"},
    Entry{Text::kUnknownUnit, Rule::kUnknownUnit, "{2}"},
    Entry{Text::kRetestOfItself, Rule::kRetestOfItself, ""},
    Entry{Text::kDateInFuture, Rule::kDateInFuture, "<= {2} + 1 d"},
    Entry{Text::kDateTooEarly, Rule::kDateTooEarly, ">= {2}"},
    Entry{Text::kKnownBeforeCollected, Rule::kKnownBeforeCollected, ">= {2}"},
    Entry{Text::kStartAfterEnd, Rule::kStartAfterEnd, "<= {2}"},
    Entry{Text::kAnalysisFailed, Rule::kAnalysisFailed, ""},
    Entry{Text::kValueRequired, Rule::kValueRequired, kPositive},
    Entry{Text::kValueNotFinite, Rule::kValueNotFinite, kPositive},
    Entry{Text::kValueTooLarge, Rule::kValueNotFinite, kPositive},
    Entry{Text::kValueNotPositive, Rule::kValueNotPositive, kPositive},
    Entry{Text::kValueWithNonDetect, Rule::kValueWithNonDetect, ""},
    Entry{Text::kLodRequired, Rule::kLodRequired, kPositive},
    Entry{Text::kLoqRequired, Rule::kLoqRequired, kPositive},
    Entry{Text::kLimitNotPositive, Rule::kLimitNotPositive, kPositive},
    Entry{Text::kLimitTooLarge, Rule::kLimitNotPositive, kPositive},
    Entry{Text::kLoqBelowLod, Rule::kLoqBelowLod, ">= {2}"},
    Entry{Text::kValueAboveLod, Rule::kValueAboveLod, "<= {2}"},
    Entry{Text::kValueAboveLoq, Rule::kValueAboveLoq, "<= {2}"},
    Entry{Text::kValueBelowLodQuantified, Rule::kValueBelowLod, ">= {2}"},
    Entry{Text::kValueBelowLodBetween, Rule::kValueBelowLod, ">= {2}"},
    Entry{Text::kFlowNotPositive, Rule::kFlowNotPositive, kPositive},
    Entry{Text::kPopulationNotPositive, Rule::kPopulationNotPositive, kPositive},
    Entry{Text::kOutOfRange, Rule::kOutOfRange, "{2} .. {3}"},
    Entry{Text::kTooManyReplicates, Rule::kTooManyReplicates, "<= {2}"},
    Entry{Text::kDuplicateInBatch, Rule::kDuplicateInBatch, ""},
    Entry{Text::kAmendmentReasonRequired, Rule::kAmendmentReasonRequired, ""},
    Entry{Text::kTooManyVersions, Rule::kTooManyVersions, "<= {3}"},
    Entry{Text::kUnknownRow, Rule::kUnknownRow, ""},
    Entry{Text::kValueBelowLoq, Rule::kValueBelowLoq, ">= {2}"},
    Entry{Text::kFlowPerPerson, Rule::kFlowPerPersonUnusual, "130 .. 730 L/d"},
    Entry{Text::kFlowZero, Rule::kFlowZero, kPositive},
    Entry{Text::kTenfoldJump, Rule::kTenfoldJump, "0.1 .. 10"},
    Entry{Text::kDateOrder, Rule::kDateOrder, ">= {3}"},
    Entry{Text::kCompositeHoursDiffer, Rule::kCompositeHoursDiffer, "{2} +- 1"},
    Entry{Text::kValueOutsideReplicates, Rule::kValueOutsideReplicates, "{2} .. {3}"},
    Entry{Text::kSupersededResend, Rule::kSupersededResend, ""},
    Entry{Text::kQualityHeld, Rule::kQualityHeld, ""},
};
static_assert(kEntries.size() == static_cast<std::size_t>(Text::kCount));
static_assert(
    [] {
      for (std::size_t i = 0; i < kEntries.size(); ++i) {
        if (kEntries[i].text != static_cast<Text>(i)) return false;
      }
      return true;
    }(),
    "one entry for each Text, in its order");

const Entry& EntryOf(Text text) { return kEntries[static_cast<std::size_t>(text)]; }

const texts::Words& WordsOf(Text text, Language language) {
  return (language == Language::kFrench ? texts::kFrench
                                        : texts::kEnglish)[static_cast<std::size_t>(text)];
}

}  // namespace

Language LanguageOf(std::string_view locale) {
  const auto is = [&](std::size_t at, char lower, char upper) {
    return locale[at] == lower || locale[at] == upper;
  };
  if (locale.size() < 2 || !is(0, 'f', 'F') || !is(1, 'r', 'R')) return Language::kEnglish;
  const bool whole = locale.size() == 2 || locale[2] == '_' || locale[2] == '-' || locale[2] == '.';
  return whole ? Language::kFrench : Language::kEnglish;
}

Rule RuleOf(Text text) { return EntryOf(text).rule; }
std::string_view AllowedTemplate(Text text) { return EntryOf(text).allowed; }
std::string_view MessageTemplate(Text text, Language language) {
  return WordsOf(text, language).message;
}
std::string_view RemedyTemplate(Text text, Language language) {
  return WordsOf(text, language).remedy;
}

std::string Fill(std::string_view text, std::string_view field, std::string_view value,
                 const std::vector<std::string>& particulars) {
  fmt::dynamic_format_arg_store<fmt::format_context> arguments;
  arguments.push_back(field);
  arguments.push_back(value);
  for (const std::string& particular : particulars) arguments.push_back(particular);
  return fmt::vformat(fmt::string_view(text.data(), text.size()), arguments);
}

std::string_view TooManyFindings(Language language) {
  return language == Language::kFrench
             ? "ce lot contient plus d'erreurs qu'une réponse ne peut en porter : voir "
               "docs/errors.md"
             : "more is wrong with this batch than fits into one answer: see docs/errors.md";
}

}  // namespace belgrand::sample
