#include "services/cli/alerts_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "alerting/render.h"
#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/time.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/alert_names.h"
#include "services/cli/alerts_words.h"
#include "services/cli/client_verb.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

namespace v1 = alerting::v1;
using alerting::Language;
using alerting::Pick;
using alerting::Say;
using Stub = v1::AlertingService::Stub;

constexpr auto kTimeout = std::chrono::seconds(30);

struct Flags {
  ClientFlags client;
  std::vector<std::string> districts;
  std::vector<std::string> targets;
  std::vector<std::string> rules;
  std::vector<std::string> kinds;
  bool include_critical = false;
  std::string by;
  std::string reason;
  std::string from;
  std::string until;
  std::uint64_t silence_id = 0;
  bool all = false;
  std::string example;
  // None is named here: for alerts_words.h.
  std::string alert_id;
};

const std::map<std::string, detection::v1::SignalKind>& Kinds() {
  static const std::map<std::string, detection::v1::SignalKind> kinds = {
      {"spike", detection::v1::SPIKE},
      {"rise", detection::v1::RISE},
      {"data-gap", detection::v1::DATA_GAP}};
  return kinds;
}

template <typename Request, typename Response>
base::StatusOr<Response> Call(const Flags& flags,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              const Request& request) {
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  const auto stub = v1::AlertingService::NewStub(channel);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  Response response;
  RETURN_IF_ERROR(rpc::FromGrpc(((*stub).*method)(&context, request, &response)));
  return response;
}

base::Status Refuse(const std::string& wrong) {
  return wrong.empty() ? base::OkStatus() : base::InvalidArgument("{}", wrong);
}

base::Status CheckNames(const Flags& flags) {
  for (const std::string& target : flags.targets) RETURN_IF_ERROR(Refuse(WrongTarget(target)));
  for (const std::string& rule : flags.rules) RETURN_IF_ERROR(Refuse(WrongRule(rule)));
  return base::OkStatus();
}

// Says so where no site of the catalogue lies in a district. Nothing where the catalogue is kept by
// another process or not shown to the caller: the district may exist all the same.
void AskAboutDistricts(const Flags& flags, const std::vector<std::string>& districts) {
  const auto channel = Connect(flags.client);
  if (!channel.ok() || districts.empty()) return;
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  timeseries::v1::ListSitesResponse catalogue;
  const auto stub = timeseries::v1::SiteService::NewStub(*channel);
  if (!stub->ListSites(&context, {}, &catalogue).ok()) return;
  std::set<std::string> known;
  for (const auto& site : catalogue.sites()) {
    known.insert(site.district_id());
    for (const auto& dated : site.districts()) {
      for (const auto& share : dated.shares()) known.insert(share.district_id());
    }
  }
  for (const std::string& district : districts) {
    if (district.empty() || known.contains(district)) continue;
    std::cerr << fmt::format(
        "note: no site of the catalogue lies in district \"{}\"; districts: {}\n", district,
        fmt::join(known, ", "));
  }
}

v1::SilenceMatch MatchOf(const Flags& flags) {
  v1::SilenceMatch match;
  match.mutable_district_ids()->Assign(flags.districts.begin(), flags.districts.end());
  match.mutable_targets()->Assign(flags.targets.begin(), flags.targets.end());
  match.mutable_rules()->Assign(flags.rules.begin(), flags.rules.end());
  for (const std::string& kind : flags.kinds) match.add_kinds(Kinds().at(kind));
  match.set_include_critical(flags.include_critical);
  return match;
}

std::string MatchWords(const v1::SilenceMatch& match, Language language) {
  std::string out;
  const auto add = [&](std::string_view name, const auto& values) {
    if (!values.empty()) out += fmt::format(" {}={}", name, fmt::join(values, "|"));
  };
  add("district", match.district_ids());
  add("target", match.targets());
  add("rule", match.rules());
  std::vector<std::string> kinds;
  for (const auto& [name, kind] : Kinds()) {
    for (const int wanted : match.kinds()) {
      if (wanted == kind) kinds.push_back(name);
    }
  }
  add("kind", kinds);
  return out + std::string(match.include_critical()
                               ? Pick(language, ", CRITICAL too", ", CRITIQUE aussi")
                               : Pick(language, ", not CRITICAL", ", sauf CRITIQUE"));
}

void PrintSilence(const v1::Silence& silence, Language language) {
  std::cout << Say(language, "silence {}: {} to {}{}\n  by {}: {}\n",
                   "silence {}\u00a0: du {} au {}{}\n  par {}\u00a0: {}\n", silence.silence_id(),
                   When(silence.starts_at()), When(silence.ends_at()),
                   MatchWords(silence.match(), language), silence.owner(), silence.reason());
  if (!silence.ended_by().empty()) {
    std::cout << Say(language, "  ended by {}\n", "  terminé par {}\n", silence.ended_by());
  }
  if (silence.awaits_consent()) {
    std::cout << Say(language,
                     "  mutes NOTHING yet: it is broad, and a second person must consent:\n"
                     "  belgrand alerts silence consent {} --by NAME\n",
                     "  ne met ENCORE rien en sourdine\u00a0: elle est large, une seconde personne "
                     "doit y consentir\u00a0:\n  belgrand alerts silence consent {} --by NOM\n",
                     silence.silence_id());
  } else if (!silence.consented_by().empty()) {
    std::cout << Say(language, "  consented by {} at {}\n", "  consentie par {} le {}\n",
                     silence.consented_by(), When(silence.consented_at()));
  }
}

base::Status Preview(const Flags& flags) {
  RETURN_IF_ERROR(CheckNames(flags));
  AskAboutDistricts(flags, flags.districts);
  v1::PreviewSilenceRequest request;
  *request.mutable_match() = MatchOf(flags);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::PreviewSilence, request));
  const Language language = LanguageOf(flags.client);
  const int count = response.alerts_size();
  std::cout << Say(language, "would mute {} alert{} that stand{} now\n",
                   "mettrait en sourdine {} alerte{} en cours{}\n", count, count == 1 ? "" : "s",
                   count == 1 ? Pick(language, "s", "") : std::string_view());
  for (const v1::Alert& alert : response.alerts()) {
    std::cout << "  " << alerting::RenderLine(alert, language) << "\n";
  }
  if (response.needs_consent()) {
    std::cout << Pick(language,
                      "it is broad: a second person must consent before it mutes anything\n",
                      "elle est large\u00a0: une seconde personne doit y consentir avant qu'elle "
                      "n'ait d'effet\n");
  }
  return base::OkStatus();
}

base::Status ReadInstant(const std::string& text, google::protobuf::Timestamp* out) {
  ASSIGN_OR_RETURN(const base::Instant instant, base::ParseInstant(text));
  *out = shared::ToTimestamp(instant);
  return base::OkStatus();
}

base::Status Create(const Flags& flags) {
  RETURN_IF_ERROR(CheckNames(flags));
  AskAboutDistricts(flags, flags.districts);
  v1::CreateSilenceRequest request;
  *request.mutable_match() = MatchOf(flags);
  request.set_owner(flags.by);
  request.set_reason(flags.reason);
  if (!flags.from.empty()) {
    RETURN_IF_ERROR(ReadInstant(flags.from, request.mutable_starts_at()));
  }
  RETURN_IF_ERROR(ReadInstant(flags.until, request.mutable_ends_at()));
  RETURN_IF_ERROR(Preview(flags));
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::CreateSilence, request));
  PrintSilence(response.silence(), LanguageOf(flags.client));
  return base::OkStatus();
}

base::Status End(const Flags& flags) {
  v1::EndSilenceRequest request;
  request.set_silence_id(flags.silence_id);
  request.set_by(flags.by);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::EndSilence, request));
  PrintSilence(response.silence(), LanguageOf(flags.client));
  return base::OkStatus();
}

base::Status Consent(const Flags& flags) {
  v1::ConsentToSilenceRequest request;
  request.set_silence_id(flags.silence_id);
  request.set_by(flags.by);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::ConsentToSilence, request));
  PrintSilence(response.silence(), LanguageOf(flags.client));
  return base::OkStatus();
}

base::Status ListAll(const Flags& flags) {
  v1::ListSilencesRequest request;
  request.set_include_ended(flags.all);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::ListSilences, request));
  const Language language = LanguageOf(flags.client);
  if (response.silences().empty()) std::cout << Pick(language, "no silences\n", "aucun silence\n");
  for (const v1::Silence& silence : response.silences()) PrintSilence(silence, language);
  return base::OkStatus();
}

using Setter = std::function<base::Status(const std::string&)>;

std::map<std::string_view, Setter> SettersOf(v1::ExplainRouteRequest& request) {
  return {
      {"district",
       [&request](const std::string& v) {
         request.set_district_id(v);
         return base::OkStatus();
       }},
      {"target",
       [&request](const std::string& v) {
         request.set_target(v);
         return Refuse(WrongTarget(v));
       }},
      {"rule",
       [&request](const std::string& v) {
         request.set_rule(v);
         return Refuse(WrongRule(v));
       }},
      {"kind",
       [&request](const std::string& v) {
         if (!Kinds().contains(v)) return base::InvalidArgument("kind '{}': say spike or rise", v);
         request.set_kind(Kinds().at(v));
         return base::OkStatus();
       }},
      {"severity",
       [&request](const std::string& v) {
         const std::map<std::string, detection::v1::Severity> levels = {
             {"watch", detection::v1::WATCH},
             {"warning", detection::v1::WARNING},
             {"critical", detection::v1::CRITICAL}};
         if (!levels.contains(v)) {
           return base::InvalidArgument("severity '{}': say watch, warning or critical", v);
         }
         request.set_severity(levels.at(v));
         return base::OkStatus();
       }},
      {"at", [&request](const std::string& v) { return ReadInstant(v, request.mutable_at()); }}};
}

// Where the next name and its '=' begin; npos: nowhere.
std::size_t NextName(std::string_view text, const std::map<std::string_view, Setter>& setters) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (at > 0 && text[at - 1] != ' ' && text[at - 1] != ',') continue;
    for (const auto& [name, setter] : setters) {
      const std::string_view rest = text.substr(at);
      if (rest.starts_with(name) && rest.substr(name.size()).starts_with('=')) return at;
    }
  }
  return std::string_view::npos;
}

// "district=Greater Glasgow and Clyde target=sars-cov-2", separated by spaces or commas: a value
// ends where the next name begins, for districts have spaces.
base::StatusOr<v1::ExplainRouteRequest> ParseExample(std::string_view text) {
  v1::ExplainRouteRequest request;
  request.set_kind(detection::v1::RISE);
  request.set_severity(detection::v1::WARNING);
  const auto setters = SettersOf(request);
  const std::size_t first = NextName(text, setters);
  const std::string_view before = text.substr(0, first);
  if (first == std::string_view::npos || before.find_first_not_of(" ,") != before.npos) {
    return base::InvalidArgument(
        "--example: '{}' is not name=value of district, target, rule, kind, severity or at",
        before);
  }
  text.remove_prefix(first);
  while (!text.empty()) {
    const std::size_t equals = text.find('=');
    const Setter& set = setters.at(text.substr(0, equals));
    std::string_view value = text.substr(equals + 1);
    const std::size_t end = NextName(value, setters);
    text = end == std::string_view::npos ? std::string_view() : value.substr(end);
    value = value.substr(0, end);
    value = value.substr(0, value.find_last_not_of(" ,") + 1);
    if (value.find('=') != std::string_view::npos) {
      return base::InvalidArgument(
          "--example: '{}' holds a name that is none of district, target, rule, kind, severity and "
          "at",
          value);
    }
    RETURN_IF_ERROR(set(std::string(value)));
  }
  return request;
}

base::Status ExplainRoute(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto request, ParseExample(flags.example));
  AskAboutDistricts(flags, {request.district_id()});
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::ExplainRoute, request));
  const Language language = LanguageOf(flags.client);
  if (response.destinations().empty()) {
    std::cout << Pick(language, "nobody is told\n", "personne n'est prévenu\n");
  }
  for (const auto& to : response.destinations()) {
    std::cout << Say(language, "{:<20} by {}", "{:<20} par {}", to.receiver(), to.way());
    if (to.has_held_until()) {
      std::cout << Say(language, "; held by quiet hours '{}' until {}",
                       "\u00a0; retenu par les heures calmes «\u00a0{}\u00a0» jusqu'au {}",
                       to.quiet_hours(), When(to.held_until()));
    }
    std::cout << "\n";
  }
  if (!response.muted_by().empty()) {
    std::cout << Say(language, "muted by {}: only streams show it\n",
                     "en sourdine par {}\u00a0: seuls les flux la montrent\n", response.muted_by());
  }
  for (const auto& step : response.steps()) {
    std::cout << Say(language, "unless acknowledged by {}, escalation '{}' tells {}\n",
                     "sans prise en charge avant le {}, l'escalade «\u00a0{}\u00a0» prévient {}\n",
                     When(step.at()), response.escalation(),
                     fmt::format("{}", fmt::join(step.receivers(), ", ")));
  }
  return base::OkStatus();
}

void AddMatch(CLI::App& verb, Flags& flags) {
  verb.add_option("--district", flags.districts, "only of these districts");
  verb.add_option("--target", flags.targets, "only of these targets");
  verb.add_option("--rule", flags.rules, "only of these rules");
  verb.add_option("--kind", flags.kinds, "only of these kinds")->check(CLI::IsMember(Kinds()));
  verb.add_flag("--include-critical", flags.include_critical,
                "mute CRITICAL alerts too; without it they are told");
}

}  // namespace

void AddAlertRules(CLI::App& alerts, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  auto* silence =
      alerts.add_subcommand("silence", "Mute alerts until an end, and look at silences");
  silence->require_subcommand(1);
  auto* preview =
      AddClientVerb(*silence, run, flags, "preview",
                    "What a silence would mute now, without making it", Spoken<Flags, Preview>);
  auto* create =
      AddClientVerb(*silence, run, flags, "create", "Make a silence", Spoken<Flags, Create>);
  for (auto* verb : {preview, create}) AddMatch(*verb, *flags);
  auto* end = AddClientVerb(*silence, run, flags, "end", "End a silence now", Spoken<Flags, End>);
  auto* consent =
      AddClientVerb(*silence, run, flags, "consent",
                    "Consent, as the second person, to a broad silence", Spoken<Flags, Consent>);
  for (auto* verb : {end, consent}) {
    verb->add_option("number", flags->silence_id, "its number, as listed")->required();
  }
  for (auto* verb : {create, end, consent}) {
    verb->add_option("--by", flags->by, "name of the official who acts")->required();
  }
  create->add_option("--reason", flags->reason, "why nobody need hear of them")->required();
  create->add_option("--from", flags->from, "when it begins (ISO 8601); now unless said");
  create->add_option("--until", flags->until, "when it ends (ISO 8601)")->required();
  auto* list = AddClientVerb(*silence, run, flags, "list", "Silences that have not ended",
                             Spoken<Flags, ListAll>);
  list->add_flag("--all", flags->all, "those that have ended too");

  auto* route = AddClientVerb(alerts, run, flags, "route",
                              "Where an alert would go, when, and why; nothing is sent",
                              Spoken<Flags, ExplainRoute>);
  route
      ->add_option("--example", flags->example,
                   "\"district=D target=T [rule=R] [kind=spike|rise] "
                   "[severity=watch|warning|critical] [at=INSTANT]\"")
      ->required();
}

}  // namespace belgrand::cli
