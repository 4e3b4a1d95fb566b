#include "alerting/receivers/alertmanager.h"

#include <cctype>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "alerting/lifecycle.h"
#include "alerting/receivers/http_post.h"
#include "alerting/render.h"
#include "alerting/render_facts.h"
#include "platform/base/time.h"
#include "platform/crypto/secret.h"

namespace belgrand::alerting {
namespace {

using Json = nlohmann::ordered_json;
using Verdict = Outcome::Verdict;

constexpr base::Duration kDefaultExpiry = std::chrono::days(30);
constexpr base::Duration kShortestExpiry = std::chrono::hours(1);
constexpr base::Duration kLongestExpiry = std::chrono::days(3650);

base::Duration ExpiryOf(const config::v1::Alertmanager& config) {
  if (!config.has_expires_after()) return kDefaultExpiry;
  return std::chrono::seconds(config.expires_after().seconds()) +
         std::chrono::microseconds(config.expires_after().nanos() / 1'000);
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string Address(const config::v1::Alertmanager& config) {
  std::string url = config.url();
  while (url.ends_with('/')) url.pop_back();
  return url + "/api/v2/alerts";
}

class Alertmanager final : public Receiver {
 public:
  Alertmanager(const config::v1::Alertmanager& config, const base::Clock& clock)
      : config_(config), clock_(clock) {}

  Outcome Deliver(const Delivery& delivery) override {
    HttpPost post;
    post.url = Address(config_);
    post.parsed = ParseUrl(post.url).value_or(Url());
    post.ca_file = config_.ca_file();
    post.headers = {"Content-Type: application/json"};
    if (!config_.token_file().empty()) {
      auto token = ReadSecretFile(config_.token_file(), 1);
      if (!token.ok()) {
        return {.verdict = Verdict::kRefused, .result = base::Message(token.status())};
      }
      post.headers.push_back("Authorization: Bearer " + *token);
      crypto::Cleanse(*token);
    }
    post.body = AlertmanagerBody(delivery, clock_.Now(), ExpiryOf(config_));
    Outcome outcome = Post(post, cancelled_);
    if (!config_.token_file().empty()) crypto::Cleanse(post.headers.back());
    return outcome;
  }

  void Cancel() override { cancelled_ = true; }

 private:
  const config::v1::Alertmanager config_;
  const base::Clock& clock_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace

std::vector<std::string> CheckAlertmanager(const config::v1::Alertmanager& config) {
  std::vector<std::string> problems = CheckPostUrl("alertmanager.url", config.url());
  if (config.url().find("/api/") != std::string::npos) {
    problems.emplace_back("alertmanager.url holds a path of the API: leave /api/v2/alerts out");
  }
  if (!config.token_file().empty()) {
    if (auto token = ReadSecretFile(config.token_file(), 1); !token.ok()) {
      problems.push_back("alertmanager.token_file: " + base::Message(token.status()));
    } else {
      if (token->find_first_of("\r\n") != std::string::npos) {
        problems.emplace_back("alertmanager.token_file holds several lines: one token is needed");
      }
      crypto::Cleanse(*token);
    }
  }
  for (std::string& problem : CheckCaFile("alertmanager.ca_file", config.ca_file())) {
    problems.push_back(std::move(problem));
  }
  if (const auto expiry = ExpiryOf(config); expiry < kShortestExpiry || expiry > kLongestExpiry) {
    problems.push_back(
        fmt::format("alertmanager.expires_after: {} s is outside {} s to {} s",
                    std::chrono::duration<double>(expiry).count(),
                    std::chrono::duration_cast<std::chrono::seconds>(kShortestExpiry).count(),
                    std::chrono::duration_cast<std::chrono::seconds>(kLongestExpiry).count()));
  }
  return problems;
}

std::string AlertmanagerBody(const Delivery& delivery, base::Instant now,
                             base::Duration expires_after) {
  const v1::Alert& alert = delivery.event.alert();
  const bool over = IsClosed(alert.state());
  const auto& ended = over && alert.has_resolved_at() ? alert.resolved_at() : delivery.event.at();
  const auto expires = std::chrono::floor<std::chrono::seconds>(now + expires_after);
  Json body = Json::array();
  for (const auto severity :
       {detection::v1::WATCH, detection::v1::WARNING, detection::v1::CRITICAL}) {
    const bool active = !over && severity == alert.severity();
    const std::string end = active ? base::FormatInstant(expires) : FormatTimestamp(ended);
    // It refuses, for good, what ends before it begins: so it is where our clock was set back.
    const auto ends = active ? std::pair(std::int64_t{expires.time_since_epoch().count()}, 0)
                             : std::pair(std::int64_t{ended.seconds()}, int{ended.nanos()});
    const bool backwards =
        std::pair(std::int64_t{alert.opened_at().seconds()}, int{alert.opened_at().nanos()}) > ends;
    Json labels = {{"alertname", "Belgrand"},
                   {"district", alert.district_id()},
                   {"target", alert.target()},
                   {"rule", alert.rule()},
                   {"kind", alert.alert_class() == v1::OPERATIONS ? "operations"
                            : alert.alert_class() == v1::DATA     ? "data_gap"
                                                                  : KindWord(alert.kind())},
                   {"severity", Lower(SeverityWord(severity))}};
    if (!alert.owner().empty()) labels["owner"] = alert.owner();
    if (alert.exercise()) labels["exercise"] = "true";
    Json annotations = {{"summary", Headline(delivery.event)},
                        {"description", RenderText(delivery.event)},
                        {"alert_id", alert.alert_id()},
                        {"event_id", delivery.event_id},
                        {"state", StateWord(alert.state())}};
    body.push_back({{"labels", labels},
                    {"annotations", annotations},
                    {"startsAt", backwards ? end : FormatTimestamp(alert.opened_at())},
                    {"endsAt", end}});
  }
  // Bytes that are not UTF-8 are replaced: dump would throw.
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::unique_ptr<Receiver> MakeAlertmanager(const config::v1::Alertmanager& config,
                                           const base::Clock& clock) {
  return std::make_unique<Alertmanager>(config, clock);
}

}  // namespace belgrand::alerting
