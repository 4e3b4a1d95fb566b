// The receivers against real servers on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "alerting/receivers/mail.h"
#include "alerting/receivers/mime.h"
#include "alerting/receivers/registry.h"
#include "alerting/receivers/webhook.h"
#include "platform/base/clock.h"
#include "tests/support/sink.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/alerting/golden.h"
#include "tests/unit/alerting/sample_event.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::Sink;
using belgrand::testing::TempDir;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::SampleEvent;
using ::testing::SizeIs;
using Verdict = Outcome::Verdict;

const base::FakeClock kClock{base::FromMicros(1'700'000'000'000'000)};
constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

std::string WriteFile(const TempDir& dir, const std::string& name, const std::string& content) {
  const std::string path = dir.path() / name;
  std::ofstream(path) << content;
  return path;
}

// A certificate for "localhost" and 127.0.0.1, made afresh.
struct Certificate {
  explicit Certificate(const TempDir& dir)
      : certificate(dir.path() / "cert.pem"), key(dir.path() / "key.pem") {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout '" +
        key + "' -out '" + certificate + "' 2>/dev/null";
    BELGRAND_CHECK(std::system(command.c_str()) == 0);
  }
  std::string certificate;
  std::string key;
};

Delivery MakeDelivery() { return {.event = SampleEvent(), .event_id = "instance-7"}; }

std::set<std::string> AcceptedBy(const Outcome& outcome) {
  std::set<std::string> accepted;
  for (const RecipientOutcome& one : outcome.recipients) {
    if (one.verdict == Verdict::kAccepted) accepted.insert(one.recipient);
  }
  return accepted;
}

class MailTest : public ::testing::Test {
 protected:
  config::v1::Mail Config(const Sink& sink,
                          std::vector<std::string> to = {"official@city.example"}) {
    config::v1::Mail mail;
    mail.set_server("smtp://127.0.0.1:" + std::to_string(sink.port()));
    mail.set_from("belgrand@city.example");
    for (const auto& address : to) mail.add_to(address);
    return mail;
  }
  Outcome Send(const config::v1::Mail& mail, const Delivery& delivery = MakeDelivery()) {
    EXPECT_THAT(CheckMail(mail), IsEmpty());
    return MakeMail(mail, "officials", Language::kEnglish, nullptr)->Deliver(delivery);
  }
  TempDir dir_;
};

TEST_F(MailTest, AnOfficialGetsAReadableLetter) {
  Sink sink("smtp_sink.py");
  const Outcome outcome = Send(Config(sink));
  EXPECT_EQ(outcome.verdict, Verdict::kAccepted) << outcome.result;
  EXPECT_THAT(AcceptedBy(outcome), ElementsAre("official@city.example"));
  const auto mail = sink.Next();
  ASSERT_TRUE(mail);
  EXPECT_EQ(mail->at("from"), "belgrand@city.example");
  EXPECT_EQ(mail->at("to"), nlohmann::json::array({"official@city.example"}));
  const std::string data = mail->at("data");
  EXPECT_THAT(data, HasSubstr("Date: Wed, 04 Nov 2020 09:12:00 +0000\r\n"));
  EXPECT_THAT(data, HasSubstr("Auto-Submitted: auto-generated\r\n"));
  EXPECT_THAT(data,
              HasSubstr("Subject: =?UTF-8?B?V0FSTklORzogU0FSUy1Db1YtMiByaXNlIGluIMOObGU6IG5ld"));
  EXPECT_THAT(data, HasSubstr("Content-Type: text/plain; charset=utf-8"));
  EXPECT_THAT(data, HasSubstr("Content-Type: text/html; charset=utf-8"));
  EXPECT_THAT(data,
              HasSubstr("WARNING: sustained rise of SARS-CoV-2 in the sewage of =C3=8Ele\r\n"));
  EXPECT_THAT(data, HasSubstr("belgrand alerts ack"));
  EXPECT_THAT(data, Not(HasSubstr("Belgrand-Repeat")));
}

// A mail as it is sent, but for the picture: its bytes depend on the fonts of the machine.
std::string WithoutPicture(std::string mail) {
  const std::string start = "filename=\"plot.png\"\r\n\r\n";
  const auto from = mail.find(start);
  EXPECT_NE(from, std::string::npos) << "no picture";
  if (from == std::string::npos) return mail;
  const auto first = from + start.size();
  const auto end = mail.find("\r\n--", first);
  EXPECT_TRUE(mail.substr(first).starts_with("iVBORw0KGgo")) << "not a PNG";
  return mail.replace(first, end - first, "(picture)");
}

TEST_F(MailTest, MailsAreAsAgreedInBothLanguages) {
  config::v1::Mail mail;
  mail.set_from("belgrand@city.example");
  mail.add_to("official@city.example");
  testing::ExpectGolden("mail_en.eml",
                        WithoutPicture(ComposeMail(mail, "officials", MakeDelivery(), {})));
  const LinkSigner links(
      {.public_url = "https://alerts.city.example", .secret = kSecret, .instance_id = "instance"});
  testing::ExpectGolden(
      "mail_fr.eml",
      WithoutPicture(ComposeMail(
          mail, "officials", MakeDelivery(),
          {.language = Language::kFrench, .links = &links, .address = "official@city.example"})));
}

TEST_F(MailTest, AnEventWithoutSamplesIsAMailWithoutAPicture) {
  Delivery delivery = MakeDelivery();
  delivery.event.mutable_alert()->mutable_evidence()->clear_samples();
  config::v1::Mail mail;
  mail.set_from("belgrand@city.example");
  const std::string letter = ComposeMail(mail, "officials", delivery, {});
  EXPECT_THAT(letter,
              AllOf(HasSubstr("text/html"), Not(HasSubstr("image/png")), Not(HasSubstr("cid:"))));
}

TEST_F(MailTest, ASecondTryHasTheSameMessageIdAndSaysRepeat) {
  Sink sink("smtp_sink.py");
  Delivery delivery = MakeDelivery();
  Send(Config(sink), delivery);
  delivery.event.set_repeat(true);
  Send(Config(sink), delivery);
  const auto message_id = [&]() -> std::string {
    const auto mail = sink.Next();
    if (!mail) return "none";
    const std::string data = mail->at("data");
    const auto start = data.find("Message-ID: ");
    return data.substr(start, data.find("\r\n", start) - start) +
           (data.find("Belgrand-Repeat: yes") != std::string::npos ? " repeat" : "");
  };
  const std::string first = message_id();
  EXPECT_EQ(message_id(), first + " repeat");
}

TEST_F(MailTest, OneBadAddressSilencesNobody) {
  Sink sink("smtp_sink.py", {"--reject", "gone@city.example=550"});
  const auto config = Config(sink, {"a@city.example", "gone@city.example", "c@city.example"});
  const Outcome outcome = Send(config);
  EXPECT_EQ(outcome.verdict, Verdict::kRejected);
  EXPECT_EQ(outcome.result, "recipient 2 of 3: SMTP 550");
  EXPECT_THAT(AcceptedBy(outcome), ElementsAre("a@city.example", "c@city.example"));
  EXPECT_EQ(sink.Next()->at("to")[0], "a@city.example");
  EXPECT_EQ(sink.Next()->at("to")[0], "c@city.example");
}

TEST_F(MailTest, ARetryGoesToThoseWhoHaveItNot) {
  Sink sink("smtp_sink.py", {"--after-data", "250,451"});
  const auto config = Config(sink, {"a@city.example", "b@city.example"});
  Outcome outcome = Send(config);
  EXPECT_EQ(outcome.verdict, Verdict::kRefused);
  EXPECT_EQ(outcome.result, "recipient 2 of 2: SMTP 451");
  Delivery again = MakeDelivery();
  again.accepted = AcceptedBy(outcome);
  outcome = Send(config, again);
  EXPECT_EQ(outcome.verdict, Verdict::kAccepted);
  EXPECT_EQ(sink.Next()->at("to")[0], "a@city.example");
  EXPECT_EQ(sink.Next()->at("to")[0], "b@city.example");
  EXPECT_TRUE(sink.IsEmpty());
}

TEST_F(MailTest, ALetterWithoutAnAnswerMayHaveArrived) {
  Sink sink("smtp_sink.py", {"--after-data", "lose"});
  EXPECT_EQ(Send(Config(sink)).verdict, Verdict::kUncertain);
  EXPECT_TRUE(sink.Next()) << "it did arrive";
}

TEST_F(MailTest, RefusalsAreToldApart) {
  Sink sink("smtp_sink.py", {"--after-data", "554,452", "--reject", "later@city.example=450"});
  EXPECT_EQ(Send(Config(sink)).verdict, Verdict::kRejected);
  EXPECT_EQ(Send(Config(sink)).verdict, Verdict::kRefused);
  EXPECT_EQ(Send(Config(sink, {"later@city.example"})).verdict, Verdict::kRefused);
  auto nobody = Config(sink);
  nobody.set_server("smtp://127.0.0.1:1");
  const Outcome outcome = Send(nobody);
  EXPECT_EQ(outcome.verdict, Verdict::kRefused);
  EXPECT_THAT(outcome.result, Not(HasSubstr("@"))) << "no address in what operators see";
}

TEST_F(MailTest, LogsInOverStartTlsAndChecksTheCertificate) {
  const Certificate tls(dir_);
  Sink sink("smtp_sink.py", {"--certificate", tls.certificate, "--private-key", tls.key, "--login",
                             "belgrand:correct horse"});
  auto mail = Config(sink);
  mail.set_require_tls(true);
  EXPECT_EQ(Send(mail).verdict, Verdict::kRefused) << "an unknown authority is refused";
  mail.set_ca_file(tls.certificate);
  mail.set_username("belgrand");
  mail.set_password_file(WriteFile(dir_, "password", "wrong\n"));
  const Outcome denied = Send(mail);
  EXPECT_EQ(denied.verdict, Verdict::kRefused) << "a wrong password is mended, the alert kept";
  mail.set_password_file(WriteFile(dir_, "password", "correct horse\n"));
  const Outcome outcome = Send(mail);
  EXPECT_EQ(outcome.verdict, Verdict::kAccepted) << outcome.result;
  const auto received = sink.Next();
  ASSERT_TRUE(received);
  EXPECT_TRUE(received->at("tls").get<bool>());
  EXPECT_TRUE(received->at("login").get<bool>());
}

TEST_F(MailTest, RefusesToSendInTheClearWhenTlsIsRequired) {
  Sink sink("smtp_sink.py");
  auto mail = Config(sink);
  mail.set_require_tls(true);
  EXPECT_EQ(Send(mail).verdict, Verdict::kRefused);
  EXPECT_TRUE(sink.IsEmpty());
}

TEST(MimeTest, HeadersStayOneLineAndDecodable) {
  EXPECT_EQ(EncodeHeaderValue("plain"), "plain");
  EXPECT_EQ(EncodeHeaderValue("a\r\nBcc: x"), "=?UTF-8?B?YSAgQmNjOiB4?=");
  EXPECT_EQ(EncodeHeaderValue("=?x"), "=?UTF-8?B?PT94?=");
  std::string long_text;
  for (int i = 0; i < 60; ++i) long_text += "\xc3\xa9";
  const std::string encoded = EncodeHeaderValue(long_text);
  for (std::size_t at = 0; at < encoded.size();) {
    const auto end = std::min(encoded.find("\r\n", at), encoded.size());
    EXPECT_LE(end - at, 76U);
    at = end + 2;
  }
}

TEST(MimeTest, QuotedPrintableKeepsTextAndLineLimits) {
  EXPECT_EQ(QuotedPrintable("caf\xc3\xa9 = 1\n"), "caf=C3=A9 =3D 1\r\n");
  EXPECT_EQ(QuotedPrintable("trailing \nx"), "trailing=20\r\nx");
  const std::string folded = QuotedPrintable(std::string(200, 'x'));
  EXPECT_EQ(folded,
            std::string(75, 'x') + "=\r\n" + std::string(75, 'x') + "=\r\n" + std::string(50, 'x'));
}

class WebhookTest : public ::testing::Test {
 protected:
  config::v1::Webhook Config(const Sink& sink, const std::string& scheme = "http") {
    config::v1::Webhook webhook;
    webhook.set_url(scheme + "://127.0.0.1:" + std::to_string(sink.port()) + "/hook?x=1");
    webhook.set_secret_file(WriteFile(dir_, "secret", std::string(kSecret) + "\n"));
    return webhook;
  }
  Outcome Send(const config::v1::Webhook& webhook) {
    EXPECT_THAT(CheckWebhook(webhook), IsEmpty());
    return MakeWebhook(webhook, kClock)->Deliver(MakeDelivery());
  }
  TempDir dir_;
};

TEST_F(WebhookTest, PostsASignedBody) {
  Sink sink("http_sink.py");
  EXPECT_EQ(Send(Config(sink)).verdict, Verdict::kAccepted);
  const auto request = sink.Next();
  ASSERT_TRUE(request);
  const auto& headers = request->at("headers");
  EXPECT_EQ(request->at("path"), "/hook?x=1");
  EXPECT_EQ(headers.at("belgrand-event-id"), "instance-7");
  EXPECT_EQ(headers.at("belgrand-timestamp"), "1700000000");
  EXPECT_EQ(headers.at("content-type"), "application/json");
  const std::string body = request->at("body");
  EXPECT_EQ(headers.at("belgrand-signature"), SignWebhook(kSecret, "1700000000", body));
  EXPECT_NE(headers.at("belgrand-signature"), SignWebhook(kSecret, "1700000001", body));
  EXPECT_EQ(nlohmann::json::parse(body).at("alert").at("district_id"), "Île");
}

// Computed with: printf '1700000000.{}' | openssl dgst -sha256 -hmac
// 0123456789abcdef0123456789abcdef
TEST_F(WebhookTest, SignatureIsWhatAnotherProgramComputes) {
  EXPECT_EQ(SignWebhook(kSecret, "1700000000", "{}"),
            "v1=417adf36b901772f658597a76d329694e335e65fc0849d7715c3ca33406309b5");
}

TEST_F(WebhookTest, AnswersDecideWhetherItIsTriedAgain) {
  Sink sink("http_sink.py", {"--answers", "204,410,404,408,429,500,503,302,drop", "--retry-after",
                             "120", "--location", "http://127.0.0.1:1/"});
  const auto config = Config(sink);
  const std::vector<std::pair<Verdict, std::string>> expected = {
      {Verdict::kAccepted, "HTTP 204"},
      {Verdict::kRejected, "HTTP 410"},
      {Verdict::kRejected, "HTTP 404"},
      {Verdict::kUncertain, "HTTP 408"},
      {Verdict::kRefused, "HTTP 429"},
      {Verdict::kUncertain, "HTTP 500"},
      {Verdict::kUncertain, "HTTP 503"},
      {Verdict::kRejected, "HTTP 302: redirects are not followed"},
      {Verdict::kUncertain, ""}};
  for (const auto& [verdict, text] : expected) {
    const Outcome outcome = Send(config);
    EXPECT_EQ(outcome.verdict, verdict) << text << ", got: " << outcome.result;
    EXPECT_THAT(outcome.result, HasSubstr(text));
    if (text == "HTTP 429") {
      EXPECT_EQ(outcome.retry_after, std::chrono::seconds(120));
    }
    EXPECT_THAT(outcome.result, Not(HasSubstr("127.0.0.1")));
    EXPECT_TRUE(sink.Next());
  }
  auto nobody = config;
  nobody.set_url("http://127.0.0.1:1/");
  EXPECT_EQ(Send(nobody).verdict, Verdict::kRefused) << "nothing was sent";
}

TEST_F(WebhookTest, SpeaksTlsOnlyToTheConfiguredAuthority) {
  const Certificate tls(dir_);
  Sink sink("http_sink.py", {"--certificate", tls.certificate, "--private-key", tls.key});
  auto webhook = Config(sink, "https");
  EXPECT_EQ(Send(webhook).verdict, Verdict::kRefused);
  webhook.set_ca_file(tls.certificate);
  const Outcome outcome = Send(webhook);
  EXPECT_EQ(outcome.verdict, Verdict::kAccepted) << outcome.result;
}

TEST_F(WebhookTest, ALongAnswerIsNotReadToItsEnd) {
  Sink sink("http_sink.py", {"--answer-bytes", "100000000"});
  EXPECT_EQ(Send(Config(sink)).verdict, Verdict::kAccepted);
}

TEST_F(WebhookTest, CancelBreaksAnUnansweredCallOff) {
  Sink sink("http_sink.py", {"--answers", "slow"});
  const auto receiver = MakeWebhook(Config(sink), kClock);
  std::thread canceller([&] {
    EXPECT_TRUE(sink.Next());
    receiver->Cancel();
  });
  EXPECT_EQ(receiver->Deliver(MakeDelivery()).verdict, Verdict::kCancelled);
  canceller.join();
}

TEST(ReceiverConfigTest, EveryMistakeIsNamed) {
  const TempDir dir;
  const auto problems_of = [](const config::v1::Receiver& receiver) {
    std::string all;
    for (const std::string& problem : CheckReceiver(receiver)) all += problem + "\n";
    return all;
  };
  config::v1::Receiver receiver;
  EXPECT_THAT(problems_of(receiver), AllOf(HasSubstr("name is missing"), HasSubstr("no channel")));
  receiver.set_name("bad name");
  receiver.mutable_webhook();
  EXPECT_THAT(problems_of(receiver),
              AllOf(HasSubstr("name 'bad name'"), HasSubstr("url is missing"),
                    HasSubstr("secret_file is missing")));
  receiver.set_name("hook");
  receiver.mutable_webhook()->set_url("http://alerts.example/x");
  receiver.mutable_webhook()->set_secret_file(WriteFile(dir, "short", "short"));
  EXPECT_THAT(problems_of(receiver),
              AllOf(HasSubstr("plain http to 'alerts.example'"), HasSubstr("holds 5 bytes")));
  receiver.mutable_webhook()->set_url("ftp://user@alerts.example/x");
  receiver.mutable_webhook()->set_secret_file(dir.path() / "absent");
  EXPECT_THAT(problems_of(receiver),
              AllOf(HasSubstr("scheme 'ftp'"), HasSubstr("user name"), HasSubstr("absent")));
  receiver.mutable_webhook()->set_url("nonsense");
  EXPECT_THAT(problems_of(receiver), HasSubstr("not an absolute URL"));
  auto* mail = receiver.mutable_mail();
  EXPECT_THAT(problems_of(receiver), AllOf(HasSubstr("server is missing"), HasSubstr("from is not"),
                                           HasSubstr("to is empty")));
  mail->set_server("http://mail.example");
  mail->set_from("a@b");
  mail->add_to("x@y\r\nRCPT TO:<z@y>");
  mail->set_username("u");
  EXPECT_THAT(problems_of(receiver), AllOf(HasSubstr("scheme 'http'"), HasSubstr("to[0] is not"),
                                           HasSubstr("come together"), Not(HasSubstr("RCPT"))));
}

}  // namespace
}  // namespace belgrand::alerting
