// Every finding has words in every language, and all languages name the same particulars.
#include "sample/texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "sample/violation.h"

namespace belgrand::sample {
namespace {

std::vector<Text> AllTexts() {
  std::vector<Text> all;
  for (int i = 0; i < static_cast<int>(Text::kCount); ++i) all.push_back(static_cast<Text>(i));
  return all;
}

// The numbers in braces.
std::set<int> Placeholders(std::string_view text) {
  std::set<int> numbers;
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) return {-1};
    numbers.insert(std::stoi(std::string(text.substr(at + 1, end - at - 1))));
  }
  return numbers;
}

TEST(TextsTest, TablesAreInTheOrderOfTheTexts) {
  for (const Text text : AllTexts()) {
    const auto at = static_cast<std::size_t>(text);
    EXPECT_EQ(texts::kEnglish[at].text, text) << at;
    EXPECT_EQ(texts::kFrench[at].text, text) << at;
  }
}

TEST(TextsTest, EveryTextHasWordsInBothLanguages) {
  for (const Text text : AllTexts()) {
    for (const Language language : {Language::kEnglish, Language::kFrench}) {
      EXPECT_FALSE(MessageTemplate(text, language).empty()) << static_cast<int>(text);
      EXPECT_FALSE(RemedyTemplate(text, language).empty()) << static_cast<int>(text);
    }
    EXPECT_NE(MessageTemplate(text, Language::kEnglish), MessageTemplate(text, Language::kFrench));
    EXPECT_NE(RemedyTemplate(text, Language::kEnglish), RemedyTemplate(text, Language::kFrench));
  }
}

TEST(TextsTest, BothLanguagesNameTheSameParticulars) {
  for (const Text text : AllTexts()) {
    EXPECT_EQ(Placeholders(MessageTemplate(text, Language::kEnglish)),
              Placeholders(MessageTemplate(text, Language::kFrench)))
        << MessageTemplate(text, Language::kEnglish);
    EXPECT_EQ(Placeholders(RemedyTemplate(text, Language::kEnglish)),
              Placeholders(RemedyTemplate(text, Language::kFrench)))
        << RemedyTemplate(text, Language::kEnglish);
  }
}

TEST(TextsTest, EveryRuleHasAText) {
  std::set<Rule> rules;
  for (const Text text : AllTexts()) rules.insert(RuleOf(text));
  EXPECT_EQ(rules.size(), kRuleNames.size());
}

TEST(TextsTest, AFindingIsTheSameInEitherLanguageButForItsWords) {
  const Violation violation{"lod", "5", Text::kLoqBelowLod, {"9"}};
  EXPECT_EQ(violation.Message(Language::kEnglish), "lod 5 lies below the lod 9");
  EXPECT_EQ(violation.Message(Language::kFrench), "lod 5 est sous la lod 9");
  EXPECT_EQ(violation.Allowed(), ">= 9");
}

TEST(TextsTest, BracesOfTheDataAreNotRead) {
  const Violation violation{"target", "{0}{9}", Text::kUnknownTarget, {"a, b"}};
  EXPECT_EQ(violation.Message(Language::kEnglish), "target \"{0}{9}\" is not known");
}

TEST(LanguageTest, IsReadFromLocalesAndIsEnglishOtherwise) {
  for (const char* french : {"fr", "FR", "fr_CH.UTF-8", "fr-CA", "fr.UTF-8"}) {
    EXPECT_EQ(LanguageOf(french), Language::kFrench) << french;
  }
  for (const char* other : {"", "f", "en", "C", "C.UTF-8", "frr_DE", "de_CH"}) {
    EXPECT_EQ(LanguageOf(other), Language::kEnglish) << other;
  }
}

}  // namespace
}  // namespace belgrand::sample
