#include "alerting/receivers/sms.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "alerting/alert_id.h"
#include "alerting/lifecycle.h"
#include "alerting/receivers/http_post.h"
#include "alerting/receivers/recipients.h"
#include "alerting/receivers/sms_text.h"
#include "alerting/render.h"
#include "alerting/render_facts.h"
#include "alerting/text.h"
#include "platform/crypto/secret.h"

namespace belgrand::alerting {
namespace {

using Verdict = Outcome::Verdict;

constexpr std::size_t kDefaultParts = 2;
constexpr std::size_t kMaxParts = 8;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr std::string_view kText = "text/plain";

struct Place {
  std::string_view name;
  std::string value;
};
using Places = std::vector<Place>;
using Escape = std::string (*)(std::string_view);

std::string AsJson(std::string_view text) {
  const std::string quoted =
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}
std::string AsIs(std::string_view text) { return std::string(text); }
// No value can end a header and begin another.
std::string AsHeader(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

std::string_view ContentType(const config::v1::Sms& sms) {
  return sms.content_type().empty() ? kJson : std::string_view(sms.content_type());
}

Escape EscapeOf(std::string_view content_type) {
  return content_type == kJson ? &AsJson : content_type == kForm ? &PercentEncode : &AsIs;
}

constexpr std::array<std::string_view, 7> kPlaces = {
    "to", "text", "message_id", "event_id", "alert_id", "severity", "secret"};

bool IsPlaceName(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

// Calls `literal` and `place` for the parts of a template, in order. "{" begins a place only when a
// name and "}" follow: the braces of JSON stay what they are.
template <typename Literal, typename OnPlace>
void WalkTemplate(std::string_view text, Literal literal, OnPlace place) {
  while (!text.empty()) {
    const auto open = text.find('{');
    literal(text.substr(0, open));
    if (open == std::string_view::npos) return;
    text.remove_prefix(open);
    const auto close = text.find('}');
    const std::string_view name =
        close == std::string_view::npos ? std::string_view() : text.substr(1, close - 1);
    if (IsPlaceName(name)) {
      place(name);
      text.remove_prefix(close + 1);
    } else {
      literal(text.substr(0, 1));
      text.remove_prefix(1);
    }
  }
}

std::string Fill(std::string_view pattern, const Places& places, Escape escape) {
  std::string out;
  WalkTemplate(
      pattern, [&](std::string_view literal) { out += literal; },
      [&](std::string_view name) {
        const auto found = std::ranges::find(places, name, &Place::name);
        if (found != places.end()) out += escape(found->value);
      });
  return out;
}

void CheckPlaces(std::string_view field, std::string_view pattern,
                 std::vector<std::string>& problems) {
  WalkTemplate(
      pattern, [](std::string_view) {},
      [&](std::string_view name) {
        if (std::ranges::find(kPlaces, name) != kPlaces.end()) return;
        problems.push_back(fmt::format(
            "{} holds {{{}}}: known are {{to}}, {{text}}, {{message_id}}, {{event_id}}, "
            "{{alert_id}}, {{severity}} and {{secret}}",
            field, name));
      });
}

bool Holds(std::string_view pattern, std::string_view wanted) {
  bool found = false;
  WalkTemplate(
      pattern, [](std::string_view) {},
      [&](std::string_view name) { found = found || name == wanted; });
  return found;
}

bool IsNumber(std::string_view text) {
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  return digits.size() >= 3 && digits.size() <= 15 &&
         std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

bool IsHeader(std::string_view text) {
  const auto colon = text.find(':');
  return colon != 0 && colon != std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; }) &&
         text.substr(0, colon).find(' ') == std::string_view::npos;
}

class Sms final : public Receiver {
 public:
  Sms(const config::v1::Sms& config, Language language) : config_(config), language_(language) {}

  Outcome Deliver(const Delivery& delivery) override {
    std::string secret;
    if (!config_.secret_file().empty()) {
      auto read = ReadSecretFile(config_.secret_file(), 1);
      if (!read.ok()) {
        return {.verdict = Verdict::kRefused, .result = base::Message(read.status())};
      }
      secret = *std::move(read);
    }
    const std::size_t parts = config_.max_parts() == 0 ? kDefaultParts : config_.max_parts();
    const std::string text = SmsText(delivery.event, language_, parts);
    const Outcome outcome = SendToEach(delivery, config_.to(), "accepted by the gateway",
                                       [&](int i) { return SendToOne(delivery, i, text, secret); });
    crypto::Cleanse(secret);
    return outcome;
  }

  void Cancel() override { cancelled_ = true; }

 private:
  Outcome SendToOne(const Delivery& delivery, int recipient, const std::string& text,
                    const std::string& secret) {
    const v1::Alert& alert = delivery.event.alert();
    const Places places = {{"to", config_.to(recipient)},
                           {"text", text},
                           {"message_id", fmt::format("{}-{}", delivery.event_id, recipient + 1)},
                           {"event_id", delivery.event_id},
                           {"alert_id", alert.alert_id()},
                           {"severity", SeverityWord(alert.severity())},
                           {"secret", secret}};
    HttpPost post;
    post.url = Fill(config_.url(), places, &PercentEncode);
    const auto parsed = ParseUrl(post.url);
    if (!parsed.ok()) return {.verdict = Verdict::kRefused, .result = "url: not an absolute URL"};
    post.parsed = *parsed;
    post.ca_file = config_.ca_file();
    post.headers.push_back(fmt::format("Content-Type: {}; charset=utf-8", ContentType(config_)));
    for (const std::string& header : config_.headers()) {
      post.headers.push_back(Fill(header, places, &AsHeader));
    }
    post.body = Fill(config_.body(), places, EscapeOf(ContentType(config_)));
    return Post(post, cancelled_);
  }

  const config::v1::Sms config_;
  const Language language_;
  std::atomic<bool> cancelled_ = false;
};

void CheckBody(const config::v1::Sms& sms, std::vector<std::string>& problems) {
  const std::string_view type = ContentType(sms);
  if (type != kJson && type != kForm && type != kText) {
    problems.push_back(
        fmt::format("sms.content_type is '{}': write {}, {} or {}", type, kJson, kForm, kText));
  }
  CheckPlaces("sms.body", sms.body(), problems);
  for (const std::string_view place : {"to", "text"}) {
    if (Holds(sms.body(), place) || Holds(sms.url(), place)) continue;
    problems.push_back(fmt::format(
        "sms: neither body nor url holds {{{}}}: the gateway would not learn it", place));
  }
  if (type != kJson) return;
  const Places example = {{"to", "+33100000000"}, {"text", "\"quoted\"\n"}};
  if (!nlohmann::json::accept(Fill(sms.body(), example, &AsJson))) {
    problems.emplace_back(
        "sms.body is no JSON once its places are filled: put each place between quotes");
  }
}

}  // namespace

std::vector<std::string> CheckSms(const config::v1::Sms& sms) {
  const Places example = {{"to", "+33100000000"}};
  std::vector<std::string> problems =
      CheckPostUrl("sms.url", Fill(sms.url(), example, &PercentEncode));
  CheckPlaces("sms.url", sms.url(), problems);
  for (int i = 0; i < sms.headers_size(); ++i) {
    const std::string field = fmt::format("sms.headers[{}]", i);
    if (!IsHeader(sms.headers(i))) problems.push_back(field + ": write \"Name: value\"");
    CheckPlaces(field, sms.headers(i), problems);
  }
  CheckBody(sms, problems);
  if (sms.to().empty()) problems.emplace_back("sms.to is empty: name at least one recipient");
  if (sms.to_size() > kMaxRecipients) {
    problems.push_back(fmt::format("sms.to names {} recipients: at most {}; use a second receiver",
                                   sms.to_size(), kMaxRecipients));
  }
  for (int i = 0; i < sms.to_size(); ++i) {
    // Numbers are personal: positions are named, values are not.
    if (!IsNumber(sms.to(i))) {
      problems.push_back(
          fmt::format("sms.to[{}] is not a telephone number: write + and 3 to 15 digits", i));
    }
  }
  if (sms.max_parts() > kMaxParts) {
    problems.push_back(
        fmt::format("sms.max_parts: {} is outside 1 to {}", sms.max_parts(), kMaxParts));
  }
  const bool uses_secret =
      Holds(sms.url(), "secret") || Holds(sms.body(), "secret") ||
      std::ranges::any_of(sms.headers(), [](const auto& h) { return Holds(h, "secret"); });
  if (uses_secret != !sms.secret_file().empty()) {
    problems.emplace_back("sms: {secret} and secret_file come together or not at all");
  } else if (uses_secret) {
    if (auto secret = ReadSecretFile(sms.secret_file(), 1); !secret.ok()) {
      problems.push_back("sms.secret_file: " + base::Message(secret.status()));
    } else {
      crypto::Cleanse(*secret);
    }
  }
  for (std::string& problem : CheckCaFile("sms.ca_file", sms.ca_file())) {
    problems.push_back(std::move(problem));
  }
  return problems;
}

std::string SmsText(const v1::AlertEvent& event, Language language, std::size_t max_parts) {
  const auto& evidence = event.alert().evidence();
  std::string text = RenderSubject(event, language) + ".";
  if (!IsClosed(event.alert().state()) && !event.alert().exercise())
    text += " " + AdviceOf(event.alert().severity(), language);
  if (evidence.estimate_log10() != 0) {
    text += Say(language, " Level {} gc/L", " Niveau {} gc/L",
                FormatQuantity(std::pow(10.0, evidence.estimate_log10()), language));
    if (evidence.baseline_log10() != 0) {
      text += Say(language, ", expected {}", ", attendu {}",
                  FormatQuantity(std::pow(10.0, evidence.baseline_log10()), language));
    }
    text += ".";
  }
  text += Say(language, " Event {}.", " Événement {}.", event.sequence());
  return FitSms(PlainForSms(text), max_parts);
}

std::unique_ptr<Receiver> MakeSms(const config::v1::Sms& sms, Language language) {
  return std::make_unique<Sms>(sms, language);
}

}  // namespace belgrand::alerting
