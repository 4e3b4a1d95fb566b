#include "services/cli/alerts_notice.h"

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string>

#include "alerting/causes.h"
#include "alerting/language.h"
#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/alerts_words.h"
#include "services/cli/client_verb.h"

namespace belgrand::cli {
namespace {

namespace v1 = alerting::v1;
using alerting::Language;
using alerting::Pick;
using alerting::Say;
using Stub = v1::AlertingService::Stub;

constexpr auto kTimeout = std::chrono::seconds(30);
// Of a digest that a person copies.
constexpr std::size_t kShortestDigest = 8;

struct Flags {
  ClientFlags client;
  std::uint64_t number = 0;
  std::string digest;
  std::string by;
  std::string text;
  bool all = false;
};

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

// Of the Common Alerting Protocol, whose words are English in every language.
std::string_view TypeWord(v1::NoticeType type) {
  return type == v1::NOTICE_ALERT ? "Alert" : type == v1::NOTICE_UPDATE ? "Update" : "Cancel";
}

std::string_view StateWord(v1::NoticeState state, Language language) {
  switch (state) {
    case v1::NOTICE_PROPOSED:
      return Pick(language, "proposed", "proposé");
    case v1::NOTICE_RELEASED:
      return Pick(language, "released", "publié");
    case v1::NOTICE_CANCELLED:
      return Pick(language, "cancelled", "annulé");
    case v1::NOTICE_REFUSED:
      return Pick(language, "refused", "refusé");
    default:
      return Pick(language, "lapsed", "caduc");
  }
}

std::string_view StepWord(v1::NoticeStepKind kind, Language language) {
  switch (kind) {
    case v1::DRAFT_PROPOSED:
      return Pick(language, "proposed", "proposé");
    case v1::DRAFT_CHANGED:
      return Pick(language, "text changed", "texte modifié");
    case v1::DRAFT_APPROVED:
      return Pick(language, "approved", "approuvé");
    case v1::DRAFT_RELEASED:
      return Pick(language, "released", "publié");
    case v1::DRAFT_REFUSED:
      return Pick(language, "refused", "refusé");
    case v1::NOTICE_WITHDRAWN:
      return Pick(language, "withdrawn", "retiré");
    default:
      return Pick(language, "over", "terminé");
  }
}

void PrintLine(const v1::Notice& notice, Language language) {
  std::cout << Say(language, "notice {}: {}  {}\n", "avis {}\u00a0: {}  {}\n", notice.notice_id(),
                   StateWord(notice.state(), language), notice.headline());
  std::cout << Say(language, "  of alert {}\n", "  de l'alerte {}\n", notice.alert_id());
  if (!notice.has_draft()) return;
  const v1::NoticeDraft& draft = notice.draft();
  std::cout << Say(language, "  {} waits since {}: {} of {} approvals, digest {}\n",
                   "  {} attend depuis le {}\u00a0: {} approbation(s) sur {}, empreinte {}\n",
                   TypeWord(draft.type()), When(draft.waiting_since()), draft.approvals(),
                   draft.approvals_needed(), draft.digest().substr(0, 2 * kShortestDigest));
}

std::string StepLine(const v1::NoticeStep& step, Language language) {
  std::string out = fmt::format("  {} {}", When(step.at()), StepWord(step.kind(), language));
  if (!step.by().empty()) out += Say(language, " by {}", " par {}", step.by());
  if (!step.comment().empty()) out += Say(language, ": {}", "\u00a0: {}", step.comment());
  if (!step.cause().empty()) {
    out += Say(language, ": {}", "\u00a0: {}", alerting::CauseWords(step.cause(), language));
  }
  return out + "\n";
}

void PrintWhole(const v1::Notice& notice, Language language) {
  PrintLine(notice, language);
  for (const auto& release : notice.releases()) {
    std::cout << Say(language, "  released {}: {} {} (message {}), valid until {}\n",
                     "  publié le {}\u00a0: {} {} (message {}), valable jusqu'au {}\n",
                     When(release.released_at()), TypeWord(release.type()), release.identifier(),
                     release.release_id(), When(release.expires_at()));
  }
  for (const auto& step : notice.steps()) std::cout << StepLine(step, language);
}

base::Status List(const Flags& flags) {
  v1::ListNoticesRequest request;
  request.set_include_ended(flags.all);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::ListNotices, request));
  const Language language = LanguageOf(flags.client);
  if (response.notices().empty()) std::cout << Pick(language, "no notices\n", "aucun avis\n");
  for (const v1::Notice& notice : response.notices()) PrintLine(notice, language);
  return base::OkStatus();
}

base::StatusOr<v1::Notice> Get(const Flags& flags) {
  v1::GetNoticeRequest request;
  request.set_notice_id(flags.number);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::GetNotice, request));
  return response.notice();
}

base::Status Show(const Flags& flags) {
  ASSIGN_OR_RETURN(const v1::Notice notice, Get(flags));
  const Language language = LanguageOf(flags.client);
  PrintWhole(notice, language);
  if (!notice.has_draft()) return base::OkStatus();
  std::cout << Say(
      language,
      "\nWhat waits (released with status Actual; otherwise exactly this):\n\n{}\ndigest {}\n",
      "\nCe qui attend (publié avec le statut Actual, et sinon exactement ceci)\u00a0:\n\n{}\n"
      "empreinte {}\n",
      notice.draft().text(), notice.draft().digest());
  return base::OkStatus();
}

// The whole digest of the text that the person read and named the beginning of.
base::StatusOr<std::string> DigestOf(const Flags& flags) {
  ASSIGN_OR_RETURN(const v1::Notice notice, Get(flags));
  const Language language = LanguageOf(flags.client);
  if (!notice.has_draft()) {
    return base::FailedPrecondition("{}", Say(language, "notice {} is {} and nothing of it waits",
                                              "l'avis {} est {} et rien n'en attend", flags.number,
                                              StateWord(notice.state(), language)));
  }
  if (flags.digest.size() < kShortestDigest ||
      notice.draft().digest().substr(0, flags.digest.size()) != flags.digest) {
    return base::Aborted(
        "{}",
        Say(language,
            "--digest {} is not the beginning (at least {} characters) of the digest of the text "
            "that waits: read it with `belgrand alerts notice show {}`",
            "--digest {} n'est pas le début (au moins {} caractères) de l'empreinte du texte qui "
            "attend\u00a0: lisez-le avec `belgrand alerts notice show {}`",
            flags.digest, kShortestDigest, flags.number));
  }
  return notice.draft().digest();
}

base::Status Approve(const Flags& flags) {
  v1::ApproveNoticeRequest request;
  request.set_notice_id(flags.number);
  ASSIGN_OR_RETURN(*request.mutable_digest(), DigestOf(flags));
  request.set_by(flags.by);
  request.set_comment(flags.text);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::ApproveNotice, request));
  const Language language = LanguageOf(flags.client);
  PrintWhole(response.notice(), language);
  if (response.notice().has_draft()) {
    std::cout << Pick(language, "another person must approve it too\n",
                      "une autre personne doit l'approuver aussi\n");
  }
  return base::OkStatus();
}

base::Status Refuse(const Flags& flags) {
  v1::RefuseNoticeRequest request;
  request.set_notice_id(flags.number);
  ASSIGN_OR_RETURN(*request.mutable_digest(), DigestOf(flags));
  request.set_by(flags.by);
  request.set_reason(flags.text);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::RefuseNotice, request));
  PrintWhole(response.notice(), LanguageOf(flags.client));
  return base::OkStatus();
}

base::Status Withdraw(const Flags& flags) {
  v1::WithdrawNoticeRequest request;
  request.set_notice_id(flags.number);
  request.set_by(flags.by);
  request.set_reason(flags.text);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::WithdrawNotice, request));
  PrintWhole(response.notice(), LanguageOf(flags.client));
  return base::OkStatus();
}

}  // namespace

void AddAlertsNotice(CLI::App& alerts, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  auto* notice =
      alerts.add_subcommand("notice", "Public notices (CAP 1.2), which two people release");
  notice->require_subcommand(1);
  auto* list = AddClientVerb(*notice, run, flags, "list", "Notices, newest first", List);
  list->add_flag("--all", flags->all, "those that are over too");
  auto* show = AddClientVerb(*notice, run, flags, "show",
                             "One notice, its steps, and the text that waits", Show);
  auto* approve = AddClientVerb(*notice, run, flags, "approve",
                                "Approve exactly the text that was shown", Approve);
  auto* refuse = AddClientVerb(*notice, run, flags, "refuse", "Drop the text that waits", Refuse);
  auto* withdraw = AddClientVerb(*notice, run, flags, "withdraw",
                                 "Take back at once what is released", Withdraw);
  for (auto* verb : {show, approve, refuse, withdraw}) {
    verb->add_option("number", flags->number, "number of the notice, as listed")->required();
  }
  for (auto* verb : {approve, refuse, withdraw}) {
    verb->add_option("--by", flags->by, "name of the official who acts")->required();
  }
  for (auto* verb : {approve, refuse}) {
    verb->add_option("--digest", flags->digest,
                     "of the text that was read, or its first characters (8 or more)")
        ->required();
  }
  approve->add_option("--comment", flags->text, "what was checked");
  refuse->add_option("--reason", flags->text, "why the public is not to read it")->required();
  withdraw->add_option("--reason", flags->text, "why it is taken back; not published")->required();
}

}  // namespace belgrand::cli
