#include "services/cli/alerts_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <thread>

#include "alerting/notice.h"
#include "alerting/render.h"
#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "platform/base/time.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/alerts_cap.h"
#include "services/cli/alerts_changes.h"
#include "services/cli/alerts_follow.h"
#include "services/cli/alerts_notice.h"
#include "services/cli/alerts_rules.h"
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
constexpr std::string_view kRule =
    "----------------------------------------------------------------------------------------------"
    "--\n";

struct Flags {
  ClientFlags client;
  std::string district;
  std::vector<std::string> states;
  bool ids_only = false;
  std::string alert_id;
  std::string by;
  std::string text;
  std::string outcome;
  std::string as_of;
  bool awaiting_outcome = false;
  std::string rule;
  FollowOptions follow;
};

const std::map<std::string, v1::AlertState>& States() {
  static const std::map<std::string, v1::AlertState> states = {
      {"open", v1::OPEN},           {"acknowledged", v1::ACKNOWLEDGED},
      {"escalated", v1::ESCALATED}, {"resolved", v1::RESOLVED},
      {"dismissed", v1::DISMISSED}, {"open-again", v1::OPEN_AGAIN},
      {"pending", v1::PENDING}};
  return states;
}

const std::map<std::string, v1::AlertOutcome>& Outcomes() {
  static const std::map<std::string, v1::AlertOutcome> outcomes = {
      {"true", v1::TRUE_ALERT},
      {"false", v1::FALSE_ALERT},
      {"data-fault", v1::DATA_FAULT},
      {"no-action", v1::NO_ACTION_NEEDED}};
  return outcomes;
}

v1::AlertOutcome OutcomeOf(const Flags& flags) {
  const auto outcome = Outcomes().find(flags.outcome);
  return outcome == Outcomes().end() ? v1::OUTCOME_UNSPECIFIED : outcome->second;
}

base::Status ReadAsOf(const Flags& flags, const std::function<void(base::Instant)>& set) {
  if (flags.as_of.empty()) return base::OkStatus();
  ASSIGN_OR_RETURN(const base::Instant as_of, base::ParseInstant(flags.as_of));
  set(as_of);
  return base::OkStatus();
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

base::Status List(const Flags& flags) {
  v1::ListAlertsRequest request;
  request.set_district_id(flags.district);
  for (const std::string& state : flags.states) {
    request.add_states(States().at(state));
  }
  request.set_awaiting_outcome(flags.awaiting_outcome);
  RETURN_IF_ERROR(ReadAsOf(
      flags, [&](base::Instant as_of) { *request.mutable_as_of() = shared::ToTimestamp(as_of); }));
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::ListAlerts, request));
  const Language language = LanguageOf(flags.client);
  if (response.alerts().empty() && !flags.ids_only) {
    std::cout << Pick(language, "no alerts\n", "aucune alerte\n");
  }
  for (const v1::Alert& alert : response.alerts()) {
    std::cout << (flags.ids_only ? alert.alert_id() : alerting::RenderLine(alert, language))
              << "\n";
  }
  return base::OkStatus();
}

base::Status Show(const Flags& flags) {
  v1::GetAlertRequest request;
  request.set_alert_id(flags.alert_id);
  RETURN_IF_ERROR(ReadAsOf(
      flags, [&](base::Instant as_of) { *request.mutable_as_of() = shared::ToTimestamp(as_of); }));
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::GetAlert, request));
  v1::AlertEvent newest;
  if (!response.history().empty()) newest = *response.history().rbegin();
  *newest.mutable_alert() = response.alert();
  const Language language = LanguageOf(flags.client);
  std::cout << alerting::RenderText(newest, {.language = language});
  if (const std::string& muted_by = response.alert().muted_by(); !muted_by.empty()) {
    std::cout << Say(language, "Muted by {}\n", "Mise en sourdine par {}\n", muted_by);
  }
  if (response.alert().has_next_step_at()) {
    std::cout << Say(language, "Escalation '{}': next step at {}\n",
                     "Escalade «\u00a0{}\u00a0»\u00a0: prochaine étape le {}\n",
                     response.alert().escalation(), When(response.alert().next_step_at()));
  }
  std::cout << Pick(language, "\nHistory\n", "\nHistorique\n");
  for (const v1::AlertEvent& event : response.history()) {
    std::cout << HistoryLine(event, language);
  }
  std::cout << Pick(language, "\nDeliveries\n", "\nEnvois\n");
  for (const v1::Delivery& delivery : response.deliveries()) {
    std::cout << DeliveryLines(delivery, language);
  }
  return base::OkStatus();
}

base::Status Acknowledge(const Flags& flags) {
  v1::AcknowledgeAlertRequest request;
  request.set_alert_id(flags.alert_id);
  request.set_by(flags.by);
  request.set_comment(flags.text);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::AcknowledgeAlert, request));
  const Language language = LanguageOf(flags.client);
  const v1::Alert& alert = response.alert();
  if (!alerting::IsSamePerson({alert.acknowledged_by()}, {flags.by})) {
    const std::string holder = alert.acknowledged_by().empty()
                                   ? std::string(Pick(language, "(name erased)", "(nom effacé)"))
                                   : alert.acknowledged_by();
    return base::AlreadyExists(
        "{}", Say(language,
                  "nothing was changed: {} has been acknowledged by {} since {}; talk to them, or "
                  "hand it on with `belgrand alerts escalate`",
                  "rien n'a été modifié\u00a0: {} est prise en charge par {} depuis le {}\u00a0; "
                  "parlez-lui, ou transmettez-la avec `belgrand alerts escalate`",
                  alert.alert_id(), holder, When(alert.acknowledged_at())));
  }
  std::cout << Say(language, "{}: acknowledged by {} at {}\n",
                   "{}\u00a0: prise en charge par {} le {}\n", alert.alert_id(),
                   alert.acknowledged_by(), When(alert.acknowledged_at()));
  return base::OkStatus();
}

template <typename Request, typename Method>
base::Status ActWithReason(const Flags& flags, Method method, Request request,
                           std::string_view done, std::string_view done_french) {
  request.set_alert_id(flags.alert_id);
  request.set_by(flags.by);
  request.set_reason(flags.text);
  ASSIGN_OR_RETURN(const auto response, Call(flags, method, request));
  const Language language = LanguageOf(flags.client);
  std::cout << Say(language, "{}: {} at {}\n", "{}\u00a0: {} le {}\n", response.alert().alert_id(),
                   Pick(language, done, done_french), When(response.alert().changed_at()));
  return base::OkStatus();
}

base::Status Resolve(const Flags& flags) {
  v1::ResolveAlertRequest request;
  request.set_outcome(OutcomeOf(flags));
  RETURN_IF_ERROR(ActWithReason(flags, &Stub::ResolveAlert, request, "resolved", "close"));
  if (flags.outcome.empty()) {
    std::cout << Say(
        LanguageOf(flags.client),
        "What was it? Say so, and the next alert of this rule says how often it is right here:\n"
        "  belgrand alerts outcome {} --outcome true|false|data-fault|no-action --by \"{}\"\n",
        "Qu'était-ce\u00a0? Dites-le, et la prochaine alerte de cette règle dira combien de fois "
        "elle a été juste ici\u00a0:\n"
        "  belgrand alerts outcome {} --outcome true|false|data-fault|no-action --by \"{}\"\n",
        flags.alert_id, flags.by);
  }
  return base::OkStatus();
}

base::Status Dismiss(const Flags& flags) {
  v1::DismissAlertRequest request;
  request.set_outcome(OutcomeOf(flags));
  return ActWithReason(flags, &Stub::DismissAlert, request, "dismissed", "écartée");
}

base::Status Escalate(const Flags& flags) {
  return ActWithReason(flags, &Stub::EscalateAlert, v1::EscalateAlertRequest(), "escalated",
                       "transmise");
}

base::Status Reopen(const Flags& flags) {
  return ActWithReason(flags, &Stub::ReopenAlert, v1::ReopenAlertRequest(), "open again",
                       "rouverte");
}

base::Status SayOutcome(const Flags& flags) {
  v1::RecordOutcomeRequest request;
  request.set_alert_id(flags.alert_id);
  request.set_by(flags.by);
  request.set_outcome(OutcomeOf(flags));
  request.set_comment(flags.text);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::RecordOutcome, request));
  const Language language = LanguageOf(flags.client);
  std::cout << Say(language, "{}: {}\n", "{}\u00a0: {}\n", response.alert().alert_id(),
                   OutcomeWords(response.alert().outcome(), language));
  return base::OkStatus();
}

base::Status ShowRecord(const Flags& flags) {
  v1::ListTrackRecordsRequest request;
  request.set_district_id(flags.district);
  request.set_rule(flags.rule);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::ListTrackRecords, request));
  const Language language = LanguageOf(flags.client);
  if (response.rows().empty()) {
    std::cout << Pick(language, "no alert has an outcome yet\n",
                      "aucune alerte n'a encore d'issue\n");
  }
  for (const auto& row : response.rows()) {
    std::cout << fmt::format("{:<24} {:<24} {}\n", row.district_id(), row.rule(),
                             alerting::RecordWords(row.record(), language));
  }
  return base::OkStatus();
}

base::Status ShowDeadLetters(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto response,
                   Call(flags, &Stub::ListDeadLetters, v1::ListDeadLettersRequest()));
  const Language language = LanguageOf(flags.client);
  if (response.deliveries().empty()) {
    std::cout << Pick(language, "no dead letters\n", "aucun envoi abandonné\n");
  }
  for (const v1::Delivery& delivery : response.deliveries()) {
    std::cout << delivery.alert_id() << "\n" << DeliveryLines(delivery, language);
  }
  return base::OkStatus();
}

base::Status Follow(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  const Language language = LanguageOf(flags.client);
  const auto show = [language](const v1::AlertEvent& event) {
    // Out of our hands before it is confirmed.
    std::cout << kRule << alerting::RenderText(event, {.language = language}) << std::flush;
  };
  FollowOptions options = flags.follow;
  auto wait = std::chrono::seconds(1);
  while (true) {
    const base::Status status = FollowAlerts(channel, options, [&](const v1::AlertEvent& event) {
      show(event);
      wait = std::chrono::seconds(1);
      if (options.after) options.after = event.sequence();
    });
    // gRPC says CANCELLED to a call that reaches a service in the moment in which it stops.
    const bool passing = status.code() == base::StatusCode::kUnavailable ||
                         status.code() == base::StatusCode::kCancelled;
    if (!passing || options.once) return status;
    const auto seconds = wait.count();
    std::cerr << Say(language, "{}: {}; trying again in {} s\n",
                     "{}\u00a0: {}\u00a0; nouvel essai dans {} s\n", flags.client.server,
                     base::Message(status), seconds);
    std::this_thread::sleep_for(wait);
    wait = std::min(wait * 2, std::chrono::seconds(30));
  }
}

}  // namespace

void AddAlerts(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  app.require_subcommand(1);

  auto* list = AddClientVerb(app, run, flags, "list", "List alerts, newest change first",
                             Spoken<Flags, List>);
  list->add_option("--district", flags->district, "only of this district");
  list->add_flag("--ids", flags->ids_only, "only their ids, one a line, for scripts");
  list->add_option("--state", flags->states, "only in these states")
      ->check(CLI::IsMember(States()));
  list->add_flag("--awaiting-outcome", flags->awaiting_outcome,
                 "only closed ones of which nobody has said what they were");

  auto* show = AddClientVerb(app, run, flags, "show",
                             "Show one alert, its history, and who was told of it when",
                             Spoken<Flags, Show>);
  auto* ack = AddClientVerb(app, run, flags, "ack", "Take responsibility for an alert",
                            Spoken<Flags, Acknowledge>);
  auto* escalate = AddClientVerb(app, run, flags, "escalate",
                                 "Hand an alert on: it waits for an acknowledgement again",
                                 Spoken<Flags, Escalate>);
  auto* resolve =
      AddClientVerb(app, run, flags, "resolve", "Close an alert by hand", Spoken<Flags, Resolve>);
  auto* dismiss = AddClientVerb(app, run, flags, "dismiss", "Close an alert that was not real",
                                Spoken<Flags, Dismiss>);
  auto* reopen =
      AddClientVerb(app, run, flags, "reopen", "Take a closing back", Spoken<Flags, Reopen>);
  auto* outcome =
      AddClientVerb(app, run, flags, "outcome", "Say of a closed alert what it turned out to be",
                    Spoken<Flags, SayOutcome>);
  for (auto* verb : {show, ack, escalate, resolve, dismiss, reopen, outcome}) {
    verb->add_option("id", flags->alert_id, "id of the alert, as listed")->required();
  }
  for (auto* verb : {ack, escalate, resolve, dismiss, reopen, outcome}) {
    verb->add_option("--by", flags->by, "name of the official who acts")->required();
  }
  for (auto* verb : {list, show}) {
    verb->add_option("--as-of", flags->as_of, "as it was told of at this instant (ISO 8601)");
  }
  ack->add_option("--comment", flags->text, "what is being done");
  escalate->add_option("--reason", flags->text, "why others must act")->required();
  resolve->add_option("--reason", flags->text, "why it can be closed")->required();
  dismiss->add_option("--reason", flags->text, "why it is not real")->required();
  reopen->add_option("--reason", flags->text, "why it must stand again")->required();
  outcome->add_option("--comment", flags->text, "what is known of it");
  resolve->add_option("--outcome", flags->outcome, "what it was")->check(CLI::IsMember(Outcomes()));
  dismiss->add_option("--outcome", flags->outcome, "why it was not real (false unless said)")
      ->check(CLI::IsMember({"false", "data-fault"}));
  outcome->add_option("--outcome", flags->outcome, "what it was")
      ->check(CLI::IsMember(Outcomes()))
      ->required();
  auto* record =
      AddClientVerb(app, run, flags, "record", "How often each rule was right in each district",
                    Spoken<Flags, ShowRecord>);
  record->add_option("--district", flags->district, "only of this district");
  record->add_option("--rule", flags->rule, "only of this rule");

  auto* follow =
      AddClientVerb(app, run, flags, "follow", "Print each alert event as it comes, and confirm it",
                    Spoken<Flags, Follow>);
  follow->add_option("--subscriber", flags->follow.subscriber, "stream receiver to follow as")
      ->capture_default_str();
  follow->add_option("--district", flags->follow.districts, "only of these districts");
  follow->add_option("--after", flags->follow.after,
                     "begin after this event, not after the last confirmed one");
  follow->add_flag("--once", flags->follow.once, "end once what was waiting has been shown");

  AddAlertRules(app, run);
  AddAlertsNotice(app, run);
  AddAlertsCap(app, run);
  AddAlertsChanges(app, run);
  AddClientVerb(app, run, flags, "dead-letters", "List deliveries that were given up",
                Spoken<Flags, ShowDeadLetters>);
}

}  // namespace belgrand::cli
