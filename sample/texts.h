// What a verdict says about a row, in every language that verdicts speak.
//
// A finding names its text and the particulars; words are made from both when the finding leaves,
// in the language of whoever asked. Tables: texts_en.cc, texts_fr.cc. In a text {0} is the field
// and {1} its value; {2} and on are the particulars that the text names. Field names, codes, units
// and numbers are never translated: they are what stands in the file.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sample/rule.h"

namespace belgrand::sample {

enum class Language { kEnglish, kFrench };

// "fr", "FR", "fr_CH.UTF-8", "fr-CA" are French; everything else, and nothing, is English.
Language LanguageOf(std::string_view locale);

// One way of breaking a rule. The particulars from {2} on stand behind each.
enum class Text {
  // How the row is written.
  kColumnCount,        // columns of the header
  kNotUtf8,            // position of the byte
  kTooManyBytes,       // size, limit
  kTooManyCharacters,  // size, limit
  kMissing,
  kCensoringMissing,
  kIdentifierTooLong,  // size, limit
  kInvalidIdentifier,
  kNotADate,
  kNumberWithComma,
  kNumberWithLess,
  kNotANumber,
  kUnknownCensoring,
  kUnknownFlag,  // known words
  kUnknownCode,  // known words
  kGivenTwice,
  kReportedColumn,
  // What it refers to.
  kUnknownSite,
  kUnknownSiteNear,    // nearest
  kDistrictMismatch,   // site, its district
  kOtherLaboratory,    // laboratory of the certificate
  kUnknownTarget,      // known targets
  kUnknownTargetNear,  // known targets, nearest
  kGeneMismatch,       // target as written, gene it names
  kUnknownUnit,        // known units
  kRetestOfItself,
  // When.
  kDateInFuture,          // now
  kDateTooEarly,          // first day
  kKnownBeforeCollected,  // collected_at
  kStartAfterEnd,         // collected_at
  // How much.
  kAnalysisFailed,
  kValueRequired,
  kValueNotFinite,
  kValueTooLarge,
  kValueNotPositive,
  kValueWithNonDetect,
  kLodRequired,  // censoring
  kLoqRequired,  // censoring
  kLimitNotPositive,
  kLimitTooLarge,
  kLoqBelowLod,              // lod
  kValueAboveLod,            // lod
  kValueAboveLoq,            // loq
  kValueBelowLodQuantified,  // lod
  kValueBelowLodBetween,     // lod
  kFlowNotPositive,
  kPopulationNotPositive,
  kOutOfRange,         // lowest, highest
  kTooManyReplicates,  // limit
  // Beside other rows.
  kDuplicateInBatch,         // row, difference
  kAmendmentReasonRequired,  // row, version, difference
  kTooManyVersions,          // row, version
  kUnknownRow,               // row
  // Warnings.
  kValueBelowLoq,  // loq
  kFlowPerPerson,  // litres, persons
  kFlowZero,
  kTenfoldJump,             // ratio, value before
  kDateOrder,               // other field, its time
  kCompositeHoursDiffer,    // hours from start to end
  kValueOutsideReplicates,  // lowest, highest
  kSupersededResend,        // current version
  kQualityHeld,
  kCount,
};

// Of the whole table, for tests and documents.
Rule RuleOf(Text text);
// What would be accepted, language-neutral; may hold particulars, may be empty.
std::string_view AllowedTemplate(Text text);
std::string_view MessageTemplate(Text text, Language language);
std::string_view RemedyTemplate(Text text, Language language);

// Puts field, value and particulars into a template.
std::string Fill(std::string_view text, std::string_view field, std::string_view value,
                 const std::vector<std::string>& particulars);

// Stands for the words of a finding that no longer fits into an answer.
std::string_view TooManyFindings(Language language);

namespace texts {
// A table of one language; one entry for each Text, in its order.
struct Words {
  Text text;
  std::string_view message;
  std::string_view remedy;
};
extern const Words kEnglish[static_cast<std::size_t>(Text::kCount)];
extern const Words kFrench[static_cast<std::size_t>(Text::kCount)];
}  // namespace texts

}  // namespace belgrand::sample
