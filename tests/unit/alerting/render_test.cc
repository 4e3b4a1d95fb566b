// What officials and programs read of an alert, byte for byte (tests/golden/alert_event.*).
// BELGRAND_UPDATE_GOLDEN=1 writes the files anew; read the difference before it is kept.
#include "alerting/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "alerting/render_facts.h"
#include "tests/unit/alerting/sample_event.h"

namespace belgrand::alerting {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::SampleEvent;

void ExpectGolden(const std::string& name, const std::string& actual) {
  const char* source = std::getenv("BELGRAND_SOURCE_DIR");
  ASSERT_NE(source, nullptr) << "run by ctest, or set BELGRAND_SOURCE_DIR";
  const std::string path = std::string(source) + "/tests/golden/" + name;
  if (std::getenv("BELGRAND_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path;
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(actual, expected.str()) << path;
}

TEST(RenderTest, TextIsAsAgreed) { ExpectGolden("alert_event.txt", RenderText(SampleEvent())); }
TEST(RenderTest, HtmlIsAsAgreed) { ExpectGolden("alert_event.html", RenderHtml(SampleEvent())); }
TEST(RenderTest, JsonIsAsAgreed) {
  ExpectGolden("alert_event.json", RenderJson(SampleEvent(), "instance-7"));
}

TEST(RenderTest, SubjectSaysWhatAndWhereInOneLine) {
  v1::AlertEvent event = SampleEvent();
  EXPECT_EQ(RenderSubject(event), "WARNING: SARS-CoV-2 rise in Île: new alert");
  event.set_repeat(true);
  EXPECT_EQ(RenderSubject(event), "(repeat) WARNING: SARS-CoV-2 rise in Île: new alert");
}

TEST(RenderTest, ARepeatSaysSoInEveryForm) {
  v1::AlertEvent event = SampleEvent();
  EXPECT_THAT(RenderText(event), Not(HasSubstr("Repeat")));
  event.set_repeat(true);
  EXPECT_THAT(RenderText(event), HasSubstr("Repeat: event 7 may have reached you before"));
  EXPECT_THAT(RenderHtml(event), HasSubstr("Repeat: event 7 may have reached you before"));
  EXPECT_TRUE(nlohmann::json::parse(RenderJson(event, "i-7")).at("repeat").get<bool>());
}

TEST(RenderTest, AsksForAnAcknowledgementOnlyWhileItIsOpen) {
  v1::AlertEvent event = SampleEvent();
  EXPECT_THAT(RenderText(event), HasSubstr("belgrand alerts ack %C3%8Ele/SARS-CoV-2/trend --by"));
  event.set_kind(v1::ACKNOWLEDGED_BY);
  event.set_by("A. Official");
  event.set_comment("calling the hospital");
  event.mutable_alert()->set_state(v1::ACKNOWLEDGED);
  EXPECT_THAT(RenderText(event), Not(HasSubstr("belgrand alerts ack")));
  EXPECT_THAT(RenderText(event), HasSubstr("By A. Official. calling the hospital"));
}

TEST(RenderTest, NothingFromOutsideBecomesMarkup) {
  v1::AlertEvent event = SampleEvent();
  event.set_comment("<script>alert(1)</script>");
  event.mutable_alert()->set_district_id("<b>");
  EXPECT_THAT(RenderHtml(event), Not(HasSubstr("<script>")));
  EXPECT_THAT(RenderHtml(event), Not(HasSubstr("<b>")));
}

TEST(RenderTest, BytesThatAreNotTextDoNotBreakTheJson) {
  v1::AlertEvent event = SampleEvent();
  event.mutable_alert()->add_active_areas("\xff\xfe");
  EXPECT_TRUE(nlohmann::json::accept(RenderJson(event, "i-7")));
}

TEST(RenderTest, AnEventWithoutEvidenceIsStillReadable) {
  v1::AlertEvent event;
  EXPECT_THAT(RenderText(event), HasSubstr("UNKNOWN"));
  EXPECT_TRUE(nlohmann::json::accept(RenderJson(event, "i-1")));
}

TEST(QuantityTest, KeepsThreeDigitsAndGroupsThousands) {
  EXPECT_EQ(FormatQuantity(0), "0");
  EXPECT_EQ(FormatQuantity(15'848.9), "15,800");
  EXPECT_EQ(FormatQuantity(999.6), "1,000");
  EXPECT_EQ(FormatQuantity(123.4), "123");
  EXPECT_EQ(FormatQuantity(12.34), "12.3");
  EXPECT_EQ(FormatQuantity(0.03214), "0.0321");
  EXPECT_EQ(FormatQuantity(1'234'567), "1,230,000");
  EXPECT_EQ(FormatQuantity(-15'848.9), "-15,800");
  EXPECT_EQ(FormatQuantity(1e300), "1.00e+300");
  EXPECT_EQ(FormatQuantity(std::nan("")), "unknown");
}

}  // namespace
}  // namespace belgrand::alerting
