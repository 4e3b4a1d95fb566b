// Why the program did something, in the reader's language.
#include "alerting/causes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include "platform/base/file.h"
#include "tests/support/status_matchers.h"

namespace belgrand::alerting {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(CausesTest, AreSaidInFrenchWithWhatStandsInThem) {
  EXPECT_EQ(CauseWords("rule trend raised WARNING on north", Language::kEnglish),
            "rule trend raised WARNING on north");
  EXPECT_EQ(CauseWords("event 12 of the alert", Language::kFrench), "événement 12 de l'alerte");
  EXPECT_EQ(CauseWords("event 12 of the alert: it asks for no notice any more", Language::kFrench),
            "événement 12 de l'alerte\u00a0: elle ne demande plus d'avis");
  EXPECT_EQ(CauseWords("nobody has acknowledged it: step 1 of 2 of escalation 'town', round 1 of "
                       "3, tells head, duty-2",
                       Language::kFrench),
            "personne ne l'a prise en charge\u00a0: l'étape 1 sur 2 de l'escalade "
            "«\u00a0town\u00a0», tour 1 sur 3, prévient head, duty-2");
  const std::string raised =
      CauseWords("rule trend raised CRITICAL on the north", Language::kFrench);
  EXPECT_THAT(raised, HasSubstr("la règle trend a signalé "));
  EXPECT_THAT(raised, HasSubstr(" sur the north"));
  EXPECT_THAT(raised, Not(HasSubstr("{}")));
  EXPECT_EQ(CauseWords("of an older version", Language::kFrench),
            "(en anglais) of an older version");
  EXPECT_EQ(CauseWords("", Language::kFrench), "");
}

// Finds the causes where the sources compose them, and fills their places.
TEST(CausesTest, EachThatIsWrittenHasItsFrench) {
  const char* const source = std::getenv("BELGRAND_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  std::set<std::string> found;
  const std::regex composed(
      R"re((?:change\.cause = fmt::format\(|return fmt::format\()\s*((?:"(?:[^"\\]|\\.)*"\s*)+))re");
  for (const char* file : {"lifecycle.cc", "book_time.cc"}) {
    const auto text = base::ReadFile(std::filesystem::path(source) / "alerting" / file);
    ASSERT_OK(text);
    for (std::sregex_iterator at(text->begin(), text->end(), composed), end; at != end; ++at) {
      const std::string parts = (*at)[1];
      std::string pattern;
      bool inside = false;
      for (const char c : parts) {
        if (c == '"')
          inside = !inside;
        else if (inside)
          pattern += c;
      }
      found.insert(pattern);
    }
  }
  EXPECT_GE(found.size(), 8U) << "the sources are written otherwise now: mend this test";
  for (std::string cause : found) {
    // "rule {} {} {} on {}": raised or held; "{} is over": a silence or an inhibition.
    if (cause == "rule {} {} {} on {}") cause = "rule {} raised {} on {}";
    if (cause.starts_with("{} is over")) cause.replace(0, 2, "silence 3");
    for (auto at = cause.find("{}"); at != std::string::npos; at = cause.find("{}")) {
      cause.replace(at, 2, "x");
    }
    EXPECT_THAT(CauseWords(cause, Language::kFrench), Not(HasSubstr("(en anglais)"))) << cause;
  }
}

}  // namespace
}  // namespace belgrand::alerting
