// SMS through a gateway, and Alertmanager: against a sink on loopback and, where Debian's
// prometheus-alertmanager is installed, the real one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alerting/receivers/alertmanager.h"
#include "alerting/receivers/registry.h"
#include "alerting/receivers/sms.h"
#include "alerting/receivers/sms_text.h"
#include "platform/base/clock.h"
#include "tests/support/sink.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/alerting/sample_event.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::Sink;
using belgrand::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::SampleEvent;
using Alphabet = SmsLength::Alphabet;
using Verdict = Outcome::Verdict;

Delivery MakeDelivery() { return {.event = SampleEvent(), .event_id = "instance-7"}; }

std::string Repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(SmsTextTest, CountsAsTheNetworkDoes) {
  const auto expect = [](const std::string& text, Alphabet alphabet, std::size_t units,
                         std::size_t parts) {
    const SmsLength length = MeasureSms(text);
    EXPECT_EQ(length.alphabet, alphabet) << text;
    EXPECT_EQ(length.units, units) << text;
    EXPECT_EQ(length.parts, parts) << text;
  };
  expect("", Alphabet::kGsm7, 0, 0);
  expect(std::string(160, 'a'), Alphabet::kGsm7, 160, 1);
  expect(std::string(161, 'a'), Alphabet::kGsm7, 161, 2);
  expect(std::string(306, 'a'), Alphabet::kGsm7, 306, 2);
  expect(std::string(307, 'a'), Alphabet::kGsm7, 307, 3);
  expect("é à ç" /* the small c with cedilla is not in the alphabet */, Alphabet::kUcs2, 5, 1);
  expect("éàùÉ", Alphabet::kGsm7, 4, 1);
  expect("[€]", Alphabet::kGsm7, 6, 1);
  expect(Repeat("Î", 70), Alphabet::kUcs2, 70, 1);
  expect(Repeat("Î", 71), Alphabet::kUcs2, 71, 2);
  expect("\U0001f9a0", Alphabet::kUcs2, 2, 1);
}

TEST(SmsTextTest, CutsAtASpaceAndSaysSo) {
  const std::string words = Repeat("word ", 100);
  const std::string cut = FitSms(words, 1);
  EXPECT_LE(MeasureSms(cut).units, 160U);
  EXPECT_TRUE(cut.ends_with("word...")) << cut;
  EXPECT_EQ(FitSms(std::string(200, 'x'), 1), std::string(157, 'x') + "...");
  EXPECT_EQ(FitSms("short", 1), "short");
  EXPECT_EQ(PlainForSms("1\u202f230\u00a0: l\u2019eau"), "1 230 : l'eau");
}

TEST(SmsTextTest, NoLengthAndNoAlphabetBreaksTheLimit) {
  for (const std::string unit : {"a ", "é", "€", "Î ", "\U0001f9a0"}) {
    for (int n = 0; n < 400; n += 7) {
      for (std::size_t parts = 1; parts <= 3; ++parts) {
        ASSERT_LE(MeasureSms(FitSms(Repeat(unit, n), parts)).parts, parts) << unit << " x " << n;
      }
    }
  }
}

TEST(SmsTextTest, SaysWhatWhereAndHowUrgent) {
  EXPECT_EQ(SmsText(SampleEvent(), Language::kEnglish, 8),
            "WARNING: SARS-CoV-2 rise in Île: new alert. Act within the working day. Level 15,800 "
            "gc/L, expected 3,980. Event 7.");
  EXPECT_EQ(SmsText(SampleEvent(), Language::kFrench, 8),
            "ALERTE : hausse SARS-CoV-2, Île : nouvelle alerte. À traiter dans la journée de "
            "travail. Niveau 15 800 gc/L, attendu 3 980. Événement 7.");
}

class SmsTest : public ::testing::Test {
 protected:
  config::v1::Sms Config(const Sink& sink) {
    config::v1::Sms sms;
    sms.set_url("http://127.0.0.1:" + std::to_string(sink.port()) + "/send?to={to}");
    sms.add_headers("Authorization: Bearer {secret}");
    sms.add_headers("Idempotency-Key: {message_id}");
    sms.set_body(
        R"({"recipient": "{to}", "message": "{text}", "options": {"class": "{severity}"}})");
    sms.add_to("+33600000001");
    sms.add_to("+33600000002");
    const std::string path = dir_.path() / "secret";
    std::ofstream(path) << "s3cret\n";
    sms.set_secret_file(path);
    return sms;
  }
  std::string ProblemsOf(const config::v1::Sms& sms) {
    std::string all;
    for (const std::string& problem : CheckSms(sms)) all += problem + "\n";
    return all;
  }
  TempDir dir_;
};

TEST_F(SmsTest, FillsTheTemplateForEachRecipient) {
  Sink sink("http_sink.py");
  const auto config = Config(sink);
  EXPECT_THAT(CheckSms(config), IsEmpty());
  Delivery delivery = MakeDelivery();
  delivery.event.mutable_alert()->set_district_id("\"Nord\"\n");
  const Outcome outcome = MakeSms(config, Language::kEnglish)->Deliver(delivery);
  EXPECT_EQ(outcome.verdict, Verdict::kAccepted) << outcome.result;
  ASSERT_EQ(outcome.recipients.size(), 2U);
  EXPECT_EQ(outcome.recipients[1].recipient, "+33600000002");
  const auto first = sink.Next();
  const auto second = sink.Next();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->at("path"), "/send?to=%2B33600000001");
  EXPECT_EQ(first->at("headers").at("authorization"), "Bearer s3cret");
  EXPECT_EQ(first->at("headers").at("idempotency-key"), "instance-7-1");
  EXPECT_EQ(second->at("headers").at("idempotency-key"), "instance-7-2");
  EXPECT_EQ(first->at("headers").at("content-type"), "application/json; charset=utf-8");
  const auto body = nlohmann::json::parse(first->at("body").get<std::string>());
  EXPECT_EQ(body.at("recipient"), "+33600000001");
  EXPECT_THAT(body.at("message").get<std::string>(), HasSubstr("rise in \"Nord\"\n"));
  EXPECT_EQ(body.at("options").at("class"), "WARNING");
}

TEST_F(SmsTest, AFormIsPercentEncoded) {
  Sink sink("http_sink.py");
  auto config = Config(sink);
  config.set_content_type("application/x-www-form-urlencoded");
  config.set_body("to={to}&text={text}");
  EXPECT_THAT(CheckSms(config), IsEmpty());
  MakeSms(config, Language::kEnglish)->Deliver(MakeDelivery());
  const auto request = sink.Next();
  ASSERT_TRUE(request);
  EXPECT_THAT(request->at("body").get<std::string>(),
              AllOf(HasSubstr("to=%2B33600000001&text=WARNING%3A%20SARS"), Not(HasSubstr(" "))));
}

TEST_F(SmsTest, ARetryGoesToThoseWhoHaveItNotUnderTheSameId) {
  Sink sink("http_sink.py", {"--answers", "200,503"});
  const auto receiver = MakeSms(Config(sink), Language::kFrench);
  Delivery delivery = MakeDelivery();
  const Outcome outcome = receiver->Deliver(delivery);
  EXPECT_EQ(outcome.verdict, Verdict::kUncertain);
  EXPECT_EQ(outcome.result, "recipient 2 of 2: HTTP 503");
  sink.Next();
  const auto failed = sink.Next();
  ASSERT_EQ(outcome.recipients.size(), 2U);
  EXPECT_EQ(outcome.recipients[1].verdict, Verdict::kUncertain);
  delivery.accepted = {outcome.recipients[0].recipient};
  EXPECT_EQ(receiver->Deliver(delivery).verdict, Verdict::kAccepted);
  const auto again = sink.Next();
  ASSERT_TRUE(failed && again);
  EXPECT_EQ(again->at("headers").at("idempotency-key"),
            failed->at("headers").at("idempotency-key"));
  EXPECT_TRUE(sink.IsEmpty());
}

TEST_F(SmsTest, EveryMistakeOfTheTemplateIsNamed) {
  Sink sink("http_sink.py");
  auto config = Config(sink);
  config.set_body(R"({"recipient": {to}, "message": "{txet}"})");
  config.add_headers("no colon");
  config.add_to("not a number");
  config.set_max_parts(9);
  config.clear_secret_file();
  EXPECT_THAT(ProblemsOf(config),
              AllOf(HasSubstr("sms.body holds {txet}"), HasSubstr("holds {text}"),
                    HasSubstr("is no JSON"), HasSubstr("sms.headers[2]: write"),
                    HasSubstr("sms.to[2] is not"), HasSubstr("sms.max_parts: 9"),
                    HasSubstr("secret_file come together"), Not(HasSubstr("not a number"))));
  config = Config(sink);
  config.set_url("http://gateway.example/");
  config.set_content_type("text/html");
  EXPECT_THAT(ProblemsOf(config),
              AllOf(HasSubstr("plain http to 'gateway.example'"), HasSubstr("'text/html'")));
}

const base::FakeClock kClock{base::FromMicros(1'700'000'000'000'000)};

nlohmann::json BodyOf(const v1::AlertEvent& event) {
  return nlohmann::json::parse(
      AlertmanagerBody({.event = event, .event_id = "i-7"}, kClock.Now(), std::chrono::hours(1)));
}

// Alertmanager answers 400 to what ends before it begins, and a 400 is for good.
TEST(AlertmanagerTest, WhatEndsBeforeItBeganBecauseTheClockWasSetBackHasNoLength) {
  v1::AlertEvent event;
  auto& alert = *event.mutable_alert();
  alert.set_state(v1::RESOLVED);
  alert.set_severity(detection::v1::WARNING);
  alert.mutable_opened_at()->set_seconds(1'700'007'200);
  alert.mutable_resolved_at()->set_seconds(1'700'000'000);
  const auto body = BodyOf(event);
  ASSERT_FALSE(body.empty());
  for (const auto& one : body) {
    EXPECT_EQ(one.at("startsAt"), "2023-11-14T22:13:20Z");
    EXPECT_EQ(one.at("endsAt"), "2023-11-14T22:13:20Z");
  }
}

TEST(AlertmanagerTest, OneSeverityStandsAndTheOthersEnd) {
  v1::AlertEvent event = SampleEvent();
  auto body = BodyOf(event);
  ASSERT_EQ(body.size(), 3U);
  EXPECT_EQ(body[0].at("labels").at("severity"), "watch");
  EXPECT_EQ(body[0].at("endsAt"), "2020-11-04T09:12:00Z");
  EXPECT_EQ(body[1].at("labels").at("severity"), "warning");
  EXPECT_EQ(body[1].at("labels").at("district"), "Île");
  EXPECT_EQ(body[1].at("startsAt"), "2020-11-04T09:12:00Z");
  EXPECT_EQ(body[1].at("endsAt"), "2023-11-14T23:13:20Z") << "an hour from now";
  EXPECT_EQ(body[1].at("annotations").at("event_id"), "i-7");
  event.mutable_alert()->set_state(v1::RESOLVED);
  event.mutable_alert()->mutable_resolved_at()->set_seconds(event.at().seconds() + 60);
  for (const auto& alert : BodyOf(event)) EXPECT_EQ(alert.at("endsAt"), "2020-11-04T09:13:00Z");
}

TEST(AlertmanagerTest, EveryMistakeIsNamed) {
  config::v1::Alertmanager config;
  config.set_url("https://am.example/api/v2/alerts");
  config.set_token_file("/nonexistent/token");
  config.mutable_expires_after()->set_seconds(60);
  std::string all;
  for (const std::string& problem : CheckAlertmanager(config)) all += problem + "\n";
  EXPECT_THAT(all, AllOf(HasSubstr("leave /api/v2/alerts out"), HasSubstr("token_file"),
                         HasSubstr("60 s is outside 3600 s")));
}

TEST(AlertmanagerTest, ARealAlertmanagerShowsTheAlertAndItsEnd) {
  if (!std::filesystem::exists("/usr/bin/prometheus-alertmanager")) {
    GTEST_SKIP() << "Debian's package prometheus-alertmanager is not installed";
  }
  Sink real("alertmanager.py");
  config::v1::Alertmanager config;
  config.set_url("http://127.0.0.1:" + std::to_string(real.port()));
  EXPECT_THAT(CheckAlertmanager(config), IsEmpty());
  // Alertmanager knows the time of day: the alert must stand then.
  const auto now = base::Clock::System().Now();
  const base::FakeClock clock{now};
  const auto receiver = MakeAlertmanager(config, clock);
  v1::AlertEvent event = SampleEvent();
  const auto shown = [&] {
    real.Say("alerts");
    const auto answer = real.Next();
    return answer ? *answer : nlohmann::json();
  };
  const auto deliver = [&] {
    return receiver->Deliver({.event = event, .event_id = "i-7"}).verdict;
  };
  ASSERT_EQ(deliver(), Verdict::kAccepted);
  auto alerts = shown();
  ASSERT_EQ(alerts.size(), 1U) << alerts;
  EXPECT_EQ(alerts[0].at("labels").at("severity"), "warning");
  EXPECT_EQ(alerts[0].at("labels").at("district"), "Île");
  ASSERT_EQ(deliver(), Verdict::kAccepted);
  EXPECT_EQ(shown().size(), 1U) << "a repeat is the same alert";
  event.mutable_alert()->set_severity(detection::v1::CRITICAL);
  ASSERT_EQ(deliver(), Verdict::kAccepted);
  alerts = shown();
  ASSERT_EQ(alerts.size(), 1U) << alerts;
  EXPECT_EQ(alerts[0].at("labels").at("severity"), "critical");
  event.mutable_alert()->set_state(v1::RESOLVED);
  *event.mutable_alert()->mutable_resolved_at() = event.at();
  ASSERT_EQ(deliver(), Verdict::kAccepted);
  EXPECT_EQ(shown().size(), 0U);
}

}  // namespace
}  // namespace belgrand::alerting
