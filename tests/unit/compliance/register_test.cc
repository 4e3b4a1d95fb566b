// The register against a walk of its own over the descriptors.
#include "compliance/register.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <set>

#include "compliance/policy.h"
#include "tests/support/status_matchers.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

// Every personal field that a stored message declares itself, by the fields' own names.
std::set<std::string> StoredPersonalFields() {
  std::set<std::string> names;
  for (const auto* message : AllMessages(SchemaFiles())) {
    if (RecordPolicyOf(*message) == nullptr) continue;
    for (int i = 0; i < message->field_count(); ++i) {
      if (IsPersonal(CategoryOf(*message->field(i)))) {
        names.insert(std::string(message->field(i)->full_name()));
      }
    }
  }
  return names;
}

TEST(RegisterTest, HoldsEveryStoredPersonalFieldAndNoOther) {
  std::set<std::string> own;
  for (const Activity& activity : BuildRegister().activities) {
    for (const PersonalField& field : activity.fields) {
      for (const StoredRecord& record : activity.records) {
        const std::string prefix = record.message + ".";
        if (!field.name.starts_with(prefix)) continue;
        // A field of a message inside another is told below both.
        if (field.name.find('.', prefix.size()) == std::string::npos) own.insert(field.name);
      }
    }
  }
  EXPECT_EQ(own, StoredPersonalFields());
  EXPECT_TRUE(own.contains("belgrand.storage.v1.SampleRecord.sampled_by_sealed"));
}

TEST(RegisterTest, HoldsEveryStoredRecordOnceUnderItsActivity) {
  std::multiset<std::string> told;
  std::multiset<std::string> stored;
  for (const Activity& activity : BuildRegister().activities) {
    for (const StoredRecord& record : activity.records) told.insert(record.message);
  }
  for (const auto* message : AllMessages(SchemaFiles())) {
    if (RecordPolicyOf(*message) != nullptr) stored.insert(std::string(message->full_name()));
  }
  EXPECT_EQ(told, stored);
}

TEST(RegisterTest, NamesTheRolesOfEveryMethodThatShowsPersonalFields) {
  const Register processing = BuildRegister();
  ASSERT_FALSE(processing.disclosures.empty());
  for (const Disclosure& disclosure : processing.disclosures) {
    EXPECT_FALSE(disclosure.roles.empty()) << disclosure.method;
    EXPECT_FALSE(disclosure.fields.empty()) << disclosure.method;
  }
}

TEST(RegisterTest, IsTheSameEveryTimeInBothLanguages) {
  Declaration declaration;
  declaration.controller = "City of Seine | health";
  declaration.contact = "Hall\n1";
  EXPECT_EQ(RegisterJson(BuildRegister(), declaration), RegisterJson(BuildRegister(), declaration));
  const std::string english = RegisterMarkdown(BuildRegister(), declaration, Language::kEnglish);
  const std::string french = RegisterMarkdown(BuildRegister(), declaration, Language::kFrench);
  EXPECT_THAT(english, HasSubstr("| Controller | City of Seine \\| health |"));
  EXPECT_THAT(english, HasSubstr("| Contact | Hall 1 |"));
  EXPECT_THAT(english, HasSubstr("SampleRecord.sampled_by_sealed` | name or login | who takes "
                                 "samples | yes | 1 year |"));
  EXPECT_THAT(french, HasSubstr("SampleRecord.sampled_by_sealed` | nom ou identifiant | préleveur "
                                "| oui | 1 an |"));
  EXPECT_THAT(english, HasSubstr("*not declared*"));
}

TEST(RegisterTest, SaysDurationsInWords) {
  EXPECT_EQ(DurationText("P10Y", Language::kFrench), "10 ans");
  EXPECT_EQ(DurationText("P18M", Language::kEnglish), "18 months");
  EXPECT_EQ(DurationText("P2W", Language::kEnglish), "14 days");
  EXPECT_EQ(DurationText("PT1H", Language::kEnglish), "PT1H");
  EXPECT_THAT(DurationText("", Language::kFrench), HasSubstr("tant que"));
}

TEST(DeclarationTest, HoldsTextsUnderKnownNames) {
  const auto declaration = ParseDeclaration(R"({"controller":"City","transfers":"none"})");
  ASSERT_OK(declaration.status());
  EXPECT_EQ(declaration->controller, "City");
  EXPECT_EQ(declaration->transfers, "none");
  for (const char* bad : {"", "[]", R"({"controler":"City"})", R"({"controller":1})"}) {
    EXPECT_THAT(ParseDeclaration(bad).status(),
                StatusIs(base::StatusCode::kInvalidArgument, Not(HasSubstr("City"))));
  }
}

}  // namespace
}  // namespace belgrand::compliance
