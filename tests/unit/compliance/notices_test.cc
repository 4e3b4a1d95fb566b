// Notices against the register they are computed from.
#include "compliance/notices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(NoticeTest, TellsEachKindOfPersonEveryActivityThatHoldsThem) {
  const Register processing = BuildRegister();
  for (const auto subject : {privacy::v1::SAMPLER, privacy::v1::LAB_STAFF, privacy::v1::OFFICIAL,
                             privacy::v1::OPERATOR}) {
    for (const Language language : {Language::kEnglish, Language::kFrench}) {
      const auto notice = NoticeFor(subject, processing, {}, language);
      ASSERT_OK(notice);
      for (const Activity& activity : processing.activities) {
        bool holds = false;
        for (const PersonalField& field : activity.fields) {
          if (field.subject != subject) continue;
          holds = true;
          EXPECT_THAT(*notice, HasSubstr(CategoryText(field.category, language) + ": " +
                                         DurationText(field.retention, language)))
              << field.name;
        }
        const auto heading = HasSubstr("### " + ActivityText(activity.name, language) + "\n");
        if (holds) {
          EXPECT_THAT(*notice, heading);
        } else {
          EXPECT_THAT(*notice, Not(heading));
        }
      }
    }
  }
}

TEST(NoticeTest, ErasureAndObjectionAreOfferedOnlyWhereTheyAreOwed) {
  Register processing;
  Activity& activity = processing.activities.emplace_back();
  activity.name = "accountability";
  activity.legal_bases = {"6(1)(c)"};
  PersonalField& field = activity.fields.emplace_back();
  field.category = privacy::v1::WORK_ACTIVITY;
  field.subject = privacy::v1::OPERATOR;
  auto notice = NoticeFor(privacy::v1::OPERATOR, processing, {}, Language::kEnglish);
  ASSERT_OK(notice);
  EXPECT_THAT(*notice, Not(HasSubstr("object")));
  EXPECT_THAT(*notice, HasSubstr("ends by itself"));
  processing.activities.front().legal_bases = {"6(1)(e)"};
  notice = NoticeFor(privacy::v1::OPERATOR, processing, {}, Language::kEnglish);
  ASSERT_OK(notice);
  EXPECT_THAT(*notice, HasSubstr("you may object to it, and have it erased"));
}

TEST(NoticeTest, OfWhomNothingIsStoredThereIsNone) {
  EXPECT_THAT(NoticeFor(privacy::v1::SAMPLER, {}, {}, Language::kEnglish),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("SAMPLER")));
}

TEST(NoticeTest, ThePosterSaysTheFloorAndWhoAnswers) {
  Declaration declaration;
  declaration.controller = "City of Lutetia";
  const std::string poster = SitePoster(3000, declaration, Language::kEnglish);
  EXPECT_THAT(poster, HasSubstr("fewer than 3000 persons"));
  EXPECT_THAT(poster, HasSubstr("City of Lutetia"));
  EXPECT_THAT(poster, HasSubstr("not declared"));
  EXPECT_THAT(SitePoster(3000, {}, Language::kFrench), HasSubstr("moins de 3000 personnes"));
}

}  // namespace
}  // namespace belgrand::compliance
