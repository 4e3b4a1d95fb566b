// The fiche: what it claims is checked again, and what it leaves out or alters is told.
#include "services/cli/fiche.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "services/cli/fiche_text.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::cli {
namespace {

using ::belgrand::testing::StatusIs;
using compliance::Language;
using ::testing::HasSubstr;

class FicheTest : public ::testing::Test {
 protected:
  FicheTest() {
    living_.config.set_data_dir((dir_.path() / "data").string());
    living_.config.set_listen("127.0.0.1:0");
    living_.declaration.controller = "City of Seine";
    living_.processing = compliance::BuildRegister();
    living_.now = *base::ParseInstant("2024-06-01");
  }

  Recheck Find(const Fiche& fiche, std::string_view evidence) const {
    for (const Recheck& recheck : VerifyFiche(fiche, living_)) {
      if (recheck.sentence.evidence == evidence) return recheck;
    }
    ADD_FAILURE() << evidence << " is not there";
    return {};
  }

  const testing::TempDir dir_;
  Living living_;
};

TEST_F(FicheTest, ComesBackFromItsJson) {
  for (const Document document : {Document::kFiche, Document::kImpact}) {
    for (const Language language : {Language::kEnglish, Language::kFrench}) {
      const Fiche fiche = MakeFiche(document, language, living_);
      const auto parsed = ParseFiche(FicheJson(fiche));
      ASSERT_OK(parsed.status());
      EXPECT_EQ(parsed->sentences, fiche.sentences);
      EXPECT_EQ(FicheJson(*parsed), FicheJson(fiche));
      for (const Recheck& recheck : VerifyFiche(*parsed, living_)) {
        EXPECT_FALSE(recheck.altered) << recheck.sentence.evidence;
        EXPECT_EQ(recheck.now.demonstrated, recheck.sentence.demonstrated);
      }
    }
  }
}

TEST_F(FicheTest, SaysWhatIsNotDemonstrated) {
  const std::string english =
      FicheMarkdown(MakeFiche(Document::kFiche, Language::kEnglish, living_), living_);
  EXPECT_THAT(english, HasSubstr("**not demonstrated**: The audit log is whole and signed."));
  EXPECT_THAT(english, HasSubstr("- The controller is declared. `declared.controller`: declared\n"
                                 "  > City of Seine\n"));
  const std::string french =
      FicheMarkdown(MakeFiche(Document::kFiche, Language::kFrench, living_), living_);
  EXPECT_THAT(french, HasSubstr("**non démontré** : Le journal d'audit est intègre et signé."));
}

TEST_F(FicheTest, NoLongerHoldsWhenTheSystemChanges) {
  const Fiche fiche = MakeFiche(Document::kFiche, Language::kEnglish, living_);
  EXPECT_TRUE(Find(fiche, "config.transport").holds());
  EXPECT_TRUE(Find(fiche, "declared.controller").holds());
  living_.config.set_listen("0.0.0.0:7443");
  living_.declaration.controller.clear();
  living_.config.set_reflection(true);
  EXPECT_FALSE(Find(fiche, "config.transport").holds());
  EXPECT_FALSE(Find(fiche, "declared.controller").holds());
  EXPECT_FALSE(Find(fiche, "config.reflection").holds());
  EXPECT_TRUE(Find(fiche, "schema.sealed").holds());
}

TEST_F(FicheTest, NoticesASentenceThatWasAlteredOrLeftOut) {
  Fiche fiche = MakeFiche(Document::kFiche, Language::kEnglish, living_);
  const auto at = std::find_if(fiche.sentences.begin(), fiche.sentences.end(),
                               [](const Sentence& s) { return s.evidence == "schema.sealed"; });
  ASSERT_NE(at, fiche.sentences.end());
  at->text = "Everything is sealed.";
  EXPECT_TRUE(Find(fiche, "schema.sealed").altered);
  fiche.sentences.erase(at);
  const Recheck left_out = Find(fiche, "schema.sealed");
  EXPECT_TRUE(left_out.altered);
  EXPECT_EQ(left_out.sentence.text, "");
  EXPECT_FALSE(left_out.holds());
}

TEST_F(FicheTest, DemonstratesNothingByAnUnknownEvidence) {
  EXPECT_FALSE(CheckEvidence("schema.perfect", living_).demonstrated);
  std::set<std::string_view> used;
  for (const Document document : {Document::kFiche, Document::kImpact}) {
    for (const SentenceText& text : SentencesOf(document)) used.insert(text.evidence);
  }
  std::set<std::string_view> known;
  for (const Evidence& evidence : AllEvidence()) known.insert(evidence.id);
  EXPECT_EQ(used, known) << "every sentence has its evidence, and every evidence a sentence";
}

TEST_F(FicheTest, IsReadOnlyWhole) {
  const std::string good = FicheJson(MakeFiche(Document::kFiche, Language::kEnglish, living_));
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"format\": 1", "\"format\": 2"},
           {"\"language\": \"en\"", "\"language\": \"de\""},
           {"\"demonstrated\": true", "\"demonstrated\": 1"},
           {"\"section\": 1,", "\"section\": -1,"},
           {"\"made\":", "\"mode\":"}}) {
    std::string bad = good;
    const std::size_t at = bad.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bad.replace(at, from.size(), to);
    EXPECT_THAT(ParseFiche(bad).status(),
                StatusIs(base::StatusCode::kInvalidArgument, ::testing::_))
        << from;
  }
}

}  // namespace
}  // namespace belgrand::cli
