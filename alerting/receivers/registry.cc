#include "alerting/receivers/registry.h"

#include <algorithm>
#include <array>

#include "alerting/receivers/alertmanager.h"
#include "alerting/receivers/mail.h"
#include "alerting/receivers/sms.h"
#include "alerting/receivers/webhook.h"

namespace belgrand::alerting {
namespace {

using Config = config::v1::Receiver;
using Tools = ReceiverTools;

constexpr std::size_t kMaxReceiverName = 64;

Language LanguageOf(const Config& config) {
  return config.language() == config::v1::FRENCH ? Language::kFrench : Language::kEnglish;
}

struct Channel {
  Config::ChannelCase channel;
  std::vector<std::string> (*check)(const Config&);
  std::unique_ptr<Receiver> (*make)(const Config&, const Tools&);
};

constexpr std::array kChannels = {
    Channel{Config::kStream, [](const Config&) { return std::vector<std::string>(); },
            [](const Config&, const Tools&) { return std::unique_ptr<Receiver>(); }},
    Channel{Config::kMail, [](const Config& config) { return CheckMail(config.mail()); },
            [](const Config& config, const Tools& tools) {
              return MakeMail(config.mail(), config.name(), LanguageOf(config), tools.links);
            }},
    Channel{Config::kWebhook, [](const Config& config) { return CheckWebhook(config.webhook()); },
            [](const Config& config, const Tools& tools) {
              return MakeWebhook(config.webhook(), tools.clock);
            }},
    Channel{Config::kSms, [](const Config& config) { return CheckSms(config.sms()); },
            [](const Config& config, const Tools&) {
              return MakeSms(config.sms(), LanguageOf(config));
            }},
    Channel{Config::kAlertmanager,
            [](const Config& config) { return CheckAlertmanager(config.alertmanager()); },
            [](const Config& config, const Tools& tools) {
              return MakeAlertmanager(config.alertmanager(), tools.clock);
            }},
};

const Channel* FindChannel(const Config& config) {
  const auto found = std::ranges::find(kChannels, config.channel_case(), &Channel::channel);
  return found == kChannels.end() ? nullptr : &*found;
}

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

}  // namespace

std::vector<std::string> CheckReceiver(const Config& receiver) {
  std::vector<std::string> problems;
  if (receiver.name().empty()) {
    problems.emplace_back("name is missing: it appears in receipts and metrics");
  } else if (receiver.name().size() > kMaxReceiverName ||
             !std::ranges::all_of(receiver.name(), IsNameCharacter)) {
    problems.push_back(fmt::format("name '{}': use at most {} letters, digits, '-', '_' and '.'",
                                   receiver.name().substr(0, 80), kMaxReceiverName));
  }
  for (const std::string& district : receiver.district_ids()) {
    if (district.empty()) problems.emplace_back("district_ids holds an empty text: remove it");
  }
  const Channel* channel = FindChannel(receiver);
  if (channel == nullptr) {
    problems.emplace_back(
        "no channel: write stream {}, mail {...}, webhook {...}, sms {...} or alertmanager {...}");
    return problems;
  }
  for (std::string& problem : channel->check(receiver)) problems.push_back(std::move(problem));
  return problems;
}

std::unique_ptr<Receiver> MakeReceiver(const Config& receiver, const Tools& tools) {
  const Channel* channel = FindChannel(receiver);
  return channel == nullptr ? nullptr : channel->make(receiver, tools);
}

}  // namespace belgrand::alerting
