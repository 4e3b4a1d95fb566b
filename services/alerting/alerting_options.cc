#include "services/alerting/alerting_options.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "alerting/receivers/registry.h"
#include "services/alerting/delivery_watch.h"
#include "services/alerting/link_pages.h"
#include "services/alerting/notice_feed.h"

namespace belgrand::alerting {
namespace {

constexpr std::uint32_t kMaxAttempts = 1'000;
constexpr std::size_t kMaxReceivers = 256;
constexpr base::Duration kGiveUpStreamAfter = std::chrono::hours(24);
constexpr base::Duration kLongestGiveUp = std::chrono::days(3650);

base::Duration ToDuration(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) +
         std::chrono::microseconds(duration.nanos() / 1'000);
}

}  // namespace

std::vector<config::v1::Receiver> ReceiversOf(const config::v1::Alerting& config) {
  if (!config.receivers().empty()) return {config.receivers().begin(), config.receivers().end()};
  config::v1::Receiver console;
  console.set_name("console");
  console.mutable_stream();
  return {console};
}

std::vector<Route> RoutesOf(const std::vector<config::v1::Receiver>& receivers) {
  std::vector<Route> routes;
  for (const auto& receiver : receivers) {
    routes.push_back({receiver.name(),
                      {receiver.district_ids().begin(), receiver.district_ids().end()},
                      receiver.has_stream()});
  }
  return routes;
}

base::Duration GiveUpAfter(const config::v1::Stream& stream) {
  return stream.has_give_up_after() ? ToDuration(stream.give_up_after()) : kGiveUpStreamAfter;
}

RetryPolicy RetryPolicyOf(const config::v1::Alerting& config) {
  RetryPolicy policy;
  if (config.has_first_retry()) policy.first_retry = ToDuration(config.first_retry());
  if (config.max_attempts() != 0) policy.max_attempts = config.max_attempts();
  return policy;
}

std::vector<std::string> CheckAlertingConfig(const config::v1::Alerting& config) {
  std::vector<std::string> problems;
  std::map<std::string, int> first_use;
  for (int i = 0; i < config.receivers_size(); ++i) {
    const config::v1::Receiver& receiver = config.receivers(i);
    const std::string where = fmt::format("alerting.receivers[{}]", i);
    for (const std::string& problem : CheckReceiver(receiver)) {
      problems.push_back(where + ": " + problem);
    }
    if (const auto wait = GiveUpAfter(receiver.stream());
        wait < std::chrono::seconds(1) || wait > kLongestGiveUp) {
      problems.push_back(
          fmt::format("{}: stream.give_up_after: {} s is outside 1 s to {} s", where,
                      std::chrono::duration<double>(wait).count(),
                      std::chrono::duration_cast<std::chrono::seconds>(kLongestGiveUp).count()));
    }
    if (receiver.name().empty()) continue;
    const auto [first, added] = first_use.emplace(receiver.name(), i);
    if (!added) {
      problems.push_back(
          fmt::format("{}: name '{}' is also that of receivers[{}]; receipts need distinct names",
                      where, receiver.name(), first->second));
    }
  }
  if (static_cast<std::size_t>(config.receivers_size()) > kMaxReceivers) {
    problems.push_back(fmt::format("alerting.receivers: {} receivers, at most {}",
                                   config.receivers_size(), kMaxReceivers));
  }
  for (std::string& problem : CheckPolicy(config, RoutesOf(ReceiversOf(config)))) {
    problems.push_back(std::move(problem));
  }
  if (config.has_links()) {
    for (const std::string& problem : CheckLinks(config.links())) {
      problems.push_back("alerting." + problem);
    }
  }
  if (config.has_notices()) {
    for (const std::string& problem : CheckNotices(config.notices())) {
      problems.push_back("alerting." + problem);
    }
    if (config.notices().has_feed()) {
      for (const std::string& problem : CheckNoticeFeed(config.notices().feed())) {
        problems.push_back("alerting." + problem);
      }
    }
  }
  if (config.has_heartbeat()) {
    for (const std::string& problem : CheckHeartbeat(config.heartbeat())) {
      problems.push_back("alerting." + problem);
    }
  }
  if (config.has_exercise()) {
    for (const std::string& problem : CheckExercise(config.exercise())) {
      problems.push_back("alerting." + problem);
    }
  }
  const RetryPolicy policy = RetryPolicyOf(config);
  if (policy.first_retry < std::chrono::seconds(1) || policy.first_retry > policy.longest_wait) {
    problems.push_back(
        fmt::format("alerting.first_retry: {} s is outside 1 s to {} s",
                    std::chrono::duration<double>(policy.first_retry).count(),
                    std::chrono::duration_cast<std::chrono::seconds>(policy.longest_wait).count()));
  }
  if (policy.max_attempts > kMaxAttempts) {
    problems.push_back(fmt::format("alerting.max_attempts: {} is outside 1 to {}",
                                   policy.max_attempts, kMaxAttempts));
  }
  return problems;
}

}  // namespace belgrand::alerting
