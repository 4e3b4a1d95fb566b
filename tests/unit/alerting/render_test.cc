// What officials and programs read of an alert, byte for byte (tests/golden/alert_event*).
#include "alerting/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "alerting/plot.h"
#include "alerting/render_facts.h"
#include "tests/unit/alerting/golden.h"
#include "tests/unit/alerting/sample_event.h"

namespace belgrand::alerting {
namespace {

using ::testing::AllOf;
using testing::ExpectGolden;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SampleEvent;

TEST(RenderTest, TextIsAsAgreed) { ExpectGolden("alert_event.txt", RenderText(SampleEvent())); }
TEST(RenderTest, HtmlIsAsAgreed) { ExpectGolden("alert_event.html", RenderHtml(SampleEvent())); }
TEST(RenderTest, JsonIsAsAgreed) {
  ExpectGolden("alert_event.json", RenderJson(SampleEvent(), "instance-7"));
}

TEST(RenderTest, FrenchTextIsAsAgreed) {
  ExpectGolden("alert_event_fr.txt", RenderText(SampleEvent(), {.language = Language::kFrench}));
}
TEST(RenderTest, FrenchHtmlWithLinksAndPlotIsAsAgreed) {
  ExpectGolden("alert_event_fr.html",
               RenderHtml(SampleEvent(), {.language = Language::kFrench,
                                          .acknowledge_url = "https://alerts.example/act/a&b",
                                          .dismiss_url = "https://alerts.example/act/c",
                                          .links_until = "2020-11-07T09:12:00Z",
                                          .plot_id = "plot-1@city.example"}));
}

TEST(RenderTest, LinksReplaceTheCommandAndFollowTheState) {
  v1::AlertEvent event = SampleEvent();
  const Rendering links{.acknowledge_url = "https://a.example/1",
                        .dismiss_url = "https://a.example/2",
                        .links_until = "2020-11-07T09:12:00Z"};
  EXPECT_THAT(RenderText(event, links),
              AllOf(HasSubstr("https://a.example/1"), HasSubstr("https://a.example/2"),
                    Not(HasSubstr("belgrand alerts ack"))));
  event.mutable_alert()->set_state(v1::ACKNOWLEDGED);
  EXPECT_THAT(RenderHtml(event, links),
              AllOf(Not(HasSubstr("https://a.example/1")), HasSubstr("https://a.example/2")));
  event.mutable_alert()->set_state(v1::RESOLVED);
  EXPECT_THAT(RenderText(event, links), Not(HasSubstr("a.example")));
}

TEST(RenderTest, SeamsAndNormalisedValuesStandInTablesOfTheirOwn) {
  v1::AlertEvent event = SampleEvent();
  EXPECT_THAT(RenderText(event), AllOf(Not(HasSubstr("normalised")), Not(HasSubstr("bridges"))));
  auto& evidence = *event.mutable_alert()->mutable_evidence();
  auto& seam = *evidence.add_seams();
  seam.set_site_id("works");
  seam.mutable_at()->set_seconds(1'600'000'000);
  seam.add_changes(detection::v1::Seam::LABORATORY);
  seam.set_before("lab-a");
  seam.set_after("lab-b");
  seam.set_offset_log10(0.4);
  seam.set_sd_log10(0.15);
  auto& load = *evidence.mutable_samples(0)->add_normalised();
  load.set_normalisation(detection::v1::FLOW_AND_POPULATION);
  load.set_value(7.1e11);
  load.set_lod(1e9);
  auto& ratio = *evidence.mutable_samples(0)->add_normalised();
  ratio.set_normalisation(detection::v1::PMMOV_RATIO);
  ratio.add_missing(detection::v1::PMMOV);
  EXPECT_THAT(RenderText(event), AllOf(HasSubstr("2020-09-13  works"), HasSubstr("laboratory"),
                                       HasSubstr("2.51"), HasSubstr("+0.40"), HasSubstr("0.15"),
                                       HasSubstr("per million PMMoV"), HasSubstr("no PMMoV")));
  EXPECT_THAT(RenderText(event, {.language = Language::kFrench}),
              AllOf(HasSubstr("laboratoire"), HasSubstr("+0,40"), HasSubstr("sans PMMoV")));
  const auto json = nlohmann::json::parse(RenderJson(event, "i-7")).at("alert").at("evidence");
  EXPECT_EQ(json.at("seams").at(0).at("changes").at(0), "laboratory");
  EXPECT_DOUBLE_EQ(json.at("seams").at(0).at("offset_log10").get<double>(), 0.4);
  const auto& normalised = json.at("samples").at(0).at("normalised");
  EXPECT_DOUBLE_EQ(normalised.at(0).at("value").get<double>(), 7.1e11);
  EXPECT_EQ(normalised.at(1).at("missing").at(0), "pmmov");
}

TEST(RenderTest, SubjectSaysWhatAndWhereInOneLine) {
  v1::AlertEvent event = SampleEvent();
  EXPECT_EQ(RenderSubject(event), "WARNING: SARS-CoV-2 rise in Île: new alert");
  event.set_repeat(true);
  EXPECT_EQ(RenderSubject(event), "(repeat) WARNING: SARS-CoV-2 rise in Île: new alert");
  EXPECT_EQ(RenderSubject(event, Language::kFrench),
            "(répétition) ALERTE\u00a0: hausse SARS-CoV-2, Île\u00a0: nouvelle alerte");
}

TEST(RenderTest, ASpikeStatesItsOwnProbabilityAndNoneOfARise) {
  v1::AlertEvent event = SampleEvent();
  event.mutable_alert()->set_kind(detection::v1::SPIKE);
  event.mutable_alert()->mutable_evidence()->set_probability_spike(0.874);
  EXPECT_THAT(RenderText(event), AllOf(HasSubstr("Probability that this sample is a spike"),
                                       HasSubstr("87"), Not(HasSubstr("rising"))));
  EXPECT_THAT(RenderText(event, {.language = Language::kFrench}),
              AllOf(HasSubstr("un pic de contamination"), HasSubstr("87"), Not(HasSubstr("monte")),
                    Not(HasSubstr("croît"))));
  const auto json = nlohmann::json::parse(RenderJson(event, "i-7")).at("alert").at("evidence");
  EXPECT_DOUBLE_EQ(json.at("probability_spike").get<double>(), 0.874);
  EXPECT_FALSE(json.contains("probability_rising"));
}

TEST(RenderTest, ARiseKeepsItsProbabilityAndHasNoneOfASpike) {
  const auto json =
      nlohmann::json::parse(RenderJson(SampleEvent(), "i-7")).at("alert").at("evidence");
  EXPECT_DOUBLE_EQ(json.at("probability_rising").get<double>(), 0.982);
  EXPECT_FALSE(json.contains("probability_spike"));
}

TEST(RenderTest, TheReasonIsInTheReadersLanguage) {
  v1::AlertEvent event = SampleEvent();
  const Rendering french{.language = Language::kFrench};
  EXPECT_THAT(RenderText(event, french), HasSubstr("(en anglais)")) << "evidence of older versions";
  event.mutable_alert()->mutable_evidence()->set_explanation_fr("Le niveau monte.");
  EXPECT_THAT(RenderText(event, french),
              AllOf(HasSubstr("Le niveau monte."), Not(HasSubstr("en anglais"))));
  EXPECT_THAT(RenderText(event), Not(HasSubstr("Le niveau")));
}

TEST(RenderTest, WeakEvidenceSaysVerifyAndWhy) {
  v1::AlertEvent event = SampleEvent();
  auto& evidence = *event.mutable_alert()->mutable_evidence();
  EXPECT_THAT(RenderText(event), Not(HasSubstr("Weak")));
  evidence.set_verify(true);
  evidence.set_few_samples(3);
  evidence.mutable_samples(2)->add_doubts(detection::v1::GRAB_SAMPLE);
  EXPECT_THAT(RenderText(event), AllOf(HasSubstr("Weak evidence: verify"), HasSubstr("Few samples"),
                                       HasSubstr("Weak because"), HasSubstr("grab sample")));
  EXPECT_THAT(RenderText(event, {.language = Language::kFrench}),
              AllOf(HasSubstr("Preuves faibles"), HasSubstr("Peu d'échantillons"),
                    HasSubstr("Faible car"), HasSubstr("ponctuel")));
  const auto json = nlohmann::json::parse(RenderJson(event, "i-7")).at("alert").at("evidence");
  EXPECT_TRUE(json.at("verify").get<bool>());
  EXPECT_EQ(json.at("few_samples").get<int>(), 3);
  EXPECT_EQ(json.at("samples").at(2).at("doubts").at(0).get<std::string>(), "grab_sample");
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

// The first bytes of a PNG (section 5.2 of its specification), then its width and height.
std::string PngHeader(int width, int height) {
  std::string out("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
  for (const int number : {width, height}) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
  }
  return out;
}

TEST(PlotTest, IsAPictureOfTheEvidence) {
  v1::AlertEvent event = SampleEvent();
  const std::string plot = DrawPlot(event, Language::kEnglish);
  EXPECT_TRUE(plot.starts_with(PngHeader(2 * kPlotWidth, 2 * kPlotHeight)));
  EXPECT_EQ(DrawPlot(event, Language::kEnglish), plot) << "the same event, the same picture";
  auto* sample = event.mutable_alert()->mutable_evidence()->mutable_samples(2);
  sample->set_value(sample->value() * 2);
  EXPECT_NE(DrawPlot(event, Language::kEnglish), plot);
}

TEST(PlotTest, WithoutASampleThatHasAPlaceThereIsNone) {
  v1::AlertEvent event = SampleEvent();
  auto* evidence = event.mutable_alert()->mutable_evidence();
  evidence->clear_samples();
  EXPECT_EQ(DrawPlot(event, Language::kEnglish), "");
  auto* sample = evidence->add_samples();
  sample->set_censoring(ingest::v1::NOT_DETECTED);
  EXPECT_EQ(DrawPlot(event, Language::kEnglish), "") << "a limit that is not known has no place";
  sample->set_lod(250);
  EXPECT_NE(DrawPlot(event, Language::kFrench), "");
  sample->set_lod(std::numeric_limits<double>::infinity());
  EXPECT_EQ(DrawPlot(event, Language::kEnglish), "");
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
  EXPECT_EQ(FormatQuantity(1'234'567, Language::kFrench), "1\u202f230\u202f000");
  EXPECT_EQ(FormatQuantity(12.34, Language::kFrench), "12,3");
}

// An alert of data that did not come, as the watch of detection raises it.
v1::AlertEvent GapEvent() {
  v1::AlertEvent event = SampleEvent();
  v1::Alert& alert = *event.mutable_alert();
  alert.set_rule("missing-sample");
  alert.set_kind(detection::v1::DATA_GAP);
  alert.set_alert_class(v1::DATA);
  alert.set_owner("sampling team");
  alert.mutable_evidence()->Clear();
  alert.mutable_evidence()->set_explanation("Samples that are planned have not come.");
  return event;
}

TEST(RenderTest, MissingDataAreNamedWithWhoMustActAndClaimNothingOfTheSewage) {
  const std::string text = RenderText(GapEvent());
  EXPECT_THAT(text, HasSubstr("WARNING: data are missing in Île: missing sample"));
  EXPECT_THAT(text, HasSubstr("Owner     sampling team."));
  EXPECT_THAT(text, HasSubstr("missing from: Île, works-1"));
  EXPECT_THAT(text, HasSubstr("Overdue since 2020-11-02"));
  EXPECT_THAT(text, Not(HasSubstr("rise")));
  EXPECT_THAT(text, Not(HasSubstr("gc/L")));
  const std::string french = RenderText(GapEvent(), {.language = Language::kFrench});
  EXPECT_THAT(french, HasSubstr("données manquantes, Île\u00a0: échantillon manquant"));
  EXPECT_THAT(french, HasSubstr("Qui agit  sampling team."));
  EXPECT_THAT(RenderSubject(GapEvent()), HasSubstr("SARS-CoV-2 data gap in Île"));
  EXPECT_THAT(RenderJson(GapEvent(), "x-7"), HasSubstr("\"owner\": \"sampling team\""));
}

}  // namespace
}  // namespace belgrand::alerting
