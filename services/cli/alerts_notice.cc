#include "services/cli/alerts_notice.h"

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string>

#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "platform/base/time.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/client_verb.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

namespace v1 = alerting::v1;
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

std::string When(const google::protobuf::Timestamp& timestamp) {
  return base::FormatInstant(
      std::chrono::floor<std::chrono::seconds>(shared::ToInstant(timestamp)));
}

std::string_view TypeWord(v1::NoticeType type) {
  return type == v1::NOTICE_ALERT ? "Alert" : type == v1::NOTICE_UPDATE ? "Update" : "Cancel";
}

std::string_view StateWord(v1::NoticeState state) {
  switch (state) {
    case v1::NOTICE_PROPOSED:
      return "proposed";
    case v1::NOTICE_RELEASED:
      return "released";
    case v1::NOTICE_CANCELLED:
      return "cancelled";
    case v1::NOTICE_REFUSED:
      return "refused";
    default:
      return "lapsed";
  }
}

std::string_view StepWord(v1::NoticeStepKind kind) {
  switch (kind) {
    case v1::DRAFT_PROPOSED:
      return "proposed";
    case v1::DRAFT_CHANGED:
      return "text changed";
    case v1::DRAFT_APPROVED:
      return "approved";
    case v1::DRAFT_RELEASED:
      return "released";
    case v1::DRAFT_REFUSED:
      return "refused";
    case v1::NOTICE_WITHDRAWN:
      return "withdrawn";
    default:
      return "over";
  }
}

void PrintLine(const v1::Notice& notice) {
  std::cout << fmt::format("notice {}: {}  {}\n", notice.notice_id(), StateWord(notice.state()),
                           notice.headline());
  std::cout << fmt::format("  of alert {}\n", notice.alert_id());
  if (!notice.has_draft()) return;
  const v1::NoticeDraft& draft = notice.draft();
  std::cout << fmt::format("  {} waits since {}: {} of {} approvals, digest {}\n",
                           TypeWord(draft.type()), When(draft.waiting_since()), draft.approvals(),
                           draft.approvals_needed(), draft.digest().substr(0, 2 * kShortestDigest));
}

void PrintWhole(const v1::Notice& notice) {
  PrintLine(notice);
  for (const auto& release : notice.releases()) {
    std::cout << fmt::format("  released {}: {} {} (message {}), valid until {}\n",
                             When(release.released_at()), TypeWord(release.type()),
                             release.identifier(), release.release_id(),
                             When(release.expires_at()));
  }
  for (const auto& step : notice.steps()) {
    std::cout << fmt::format("  {} {}{}{}{}\n", When(step.at()), StepWord(step.kind()),
                             step.by().empty() ? "" : " by " + step.by(),
                             step.comment().empty() ? "" : ": " + step.comment(),
                             step.cause().empty() ? "" : ": " + step.cause());
  }
}

base::Status List(const Flags& flags) {
  v1::ListNoticesRequest request;
  request.set_include_ended(flags.all);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::ListNotices, request));
  if (response.notices().empty()) std::cout << "no notices\n";
  for (const v1::Notice& notice : response.notices()) PrintLine(notice);
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
  PrintWhole(notice);
  if (!notice.has_draft()) return base::OkStatus();
  std::cout << fmt::format(
      "\nWhat waits (released with status Actual; otherwise exactly this):\n\n{}\ndigest {}\n",
      notice.draft().text(), notice.draft().digest());
  return base::OkStatus();
}

// The whole digest of the text that the person read and named the beginning of.
base::StatusOr<std::string> DigestOf(const Flags& flags) {
  ASSIGN_OR_RETURN(const v1::Notice notice, Get(flags));
  if (!notice.has_draft()) {
    return base::FailedPrecondition("notice {} is {} and nothing of it waits", flags.number,
                                    StateWord(notice.state()));
  }
  if (flags.digest.size() < kShortestDigest ||
      notice.draft().digest().substr(0, flags.digest.size()) != flags.digest) {
    return base::Aborted(
        "--digest {} is not the beginning (at least {} characters) of the digest of the text that "
        "waits: read it with `belgrand alerts notice show {}`",
        flags.digest, kShortestDigest, flags.number);
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
  PrintWhole(response.notice());
  if (response.notice().has_draft()) std::cout << "another person must approve it too\n";
  return base::OkStatus();
}

base::Status Refuse(const Flags& flags) {
  v1::RefuseNoticeRequest request;
  request.set_notice_id(flags.number);
  ASSIGN_OR_RETURN(*request.mutable_digest(), DigestOf(flags));
  request.set_by(flags.by);
  request.set_reason(flags.text);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::RefuseNotice, request));
  PrintWhole(response.notice());
  return base::OkStatus();
}

base::Status Withdraw(const Flags& flags) {
  v1::WithdrawNoticeRequest request;
  request.set_notice_id(flags.number);
  request.set_by(flags.by);
  request.set_reason(flags.text);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::WithdrawNotice, request));
  PrintWhole(response.notice());
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
