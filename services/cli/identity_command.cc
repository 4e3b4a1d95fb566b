#include "services/cli/identity_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <memory>

#include "belgrand/compliance/v1/identity.grpc.pb.h"
#include "compliance/identity_book.h"
#include "platform/base/time.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/client_verb.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

namespace v1 = compliance::v1;
using Stub = v1::IdentityService::Stub;

constexpr auto kTimeout = std::chrono::seconds(30);

struct Flags {
  ClientFlags client;
  std::string owner;
  std::string role;
  std::string certificate;
  std::vector<std::string> laboratories;
  std::vector<std::string> sites;
  std::vector<std::string> districts;
  bool everything = false;
  int hours = 30 * 24;
  std::string actor;
};

template <typename Request, typename Response>
base::StatusOr<Response> Call(const Flags& flags,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              const Request& request) {
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  const auto stub = v1::IdentityService::NewStub(channel);
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

std::string ScopeText(const v1::AccessScope& scope) {
  if (scope.everything()) return "everything";
  std::string text;
  for (const auto& [name, ids] :
       {std::pair("laboratory", &scope.laboratory_ids()), std::pair("site", &scope.site_ids()),
        std::pair("district", &scope.district_ids())}) {
    if (ids->empty()) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", name, fmt::join(*ids, ", "));
  }
  return text.empty() ? "-" : text;
}

std::string StateText(const v1::Identity& identity) {
  if (identity.has_revoked_at()) return "revoked " + When(identity.revoked_at());
  if (identity.has_expires_at()) return "expires " + When(identity.expires_at());
  return "in force";
}

base::Status Create(const Flags& flags) {
  v1::CreateIdentityRequest request;
  request.set_owner(flags.owner);
  if (flags.certificate.empty()) {
    request.set_kind(v1::Identity::TOKEN);
    request.set_role(compliance::ParseRoleWord(flags.role));
    request.mutable_lifetime()->set_seconds(std::int64_t{flags.hours} * 3600);
  } else {
    request.set_kind(v1::Identity::CERTIFICATE);
    request.set_certificate(flags.certificate);
  }
  auto& scope = *request.mutable_scope();
  scope.set_everything(flags.everything);
  scope.mutable_laboratory_ids()->Assign(flags.laboratories.begin(), flags.laboratories.end());
  scope.mutable_site_ids()->Assign(flags.sites.begin(), flags.sites.end());
  scope.mutable_district_ids()->Assign(flags.districts.begin(), flags.districts.end());
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::CreateIdentity, request));
  const v1::Identity& identity = response.identity();
  std::cerr << fmt::format("{}  {}  {}\n", identity.actor(), ScopeText(identity.scope()),
                           StateText(identity));
  if (!response.token().empty()) {
    std::cerr << "the token follows; it is shown this once, and stored nowhere\n";
    std::cout << response.token() << "\n";
  }
  return base::OkStatus();
}

base::Status List(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto response,
                   Call(flags, &Stub::ListIdentities, v1::ListIdentitiesRequest()));
  for (const v1::Identity& identity : response.identities()) {
    std::cout << fmt::format(
        "{}\t{}\t{}\t{}\t{}\n", identity.actor(), identity.owner().empty() ? "-" : identity.owner(),
        ScopeText(identity.scope()), When(identity.created_at()), StateText(identity));
  }
  return base::OkStatus();
}

base::Status Revoke(const Flags& flags) {
  v1::RevokeIdentityRequest request;
  request.set_actor(flags.actor);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::RevokeIdentity, request));
  std::cout << fmt::format("{}  {}\n", response.identity().actor(), StateText(response.identity()));
  return base::OkStatus();
}

}  // namespace

void AddIdentity(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  app.require_subcommand(1);

  auto* create = AddClientVerb(app, run, flags, "create",
                               "Issue a token to a person, or limit a certificate", Create);
  create->add_option("--owner", flags->owner, "whose it is: one person, or one machine")
      ->required();
  auto* certificate =
      create->add_option("--certificate", flags->certificate,
                         "limit the certificate with this <role>/<id> instead of issuing a token");
  create->add_option("--role", flags->role, "of a token: laboratory, official, dpo or operator")
      ->check(CLI::IsMember({"laboratory", "official", "dpo", "operator"}))
      ->excludes(certificate);
  create->add_option("--laboratory", flags->laboratories, "only rows of this laboratory");
  create->add_option("--site", flags->sites, "only this site");
  create->add_option("--district", flags->districts, "only this district");
  create->add_flag("--everything", flags->everything, "no limit");
  create->add_option("--hours", flags->hours, "how long a token lives, at most 2160 (90 days)")
      ->check(CLI::Range(1, 2160))
      ->capture_default_str();

  AddClientVerb(app, run, flags, "list",
                "List identities, also those that ended: actor, owner, scope, created, state",
                List);

  auto* revoke =
      AddClientVerb(app, run, flags, "revoke", "Refuse an identity from now on, for ever", Revoke);
  revoke
      ->add_option("actor", flags->actor,
                   "as listed; of any certificate <role>:<id>, of an issuer's person "
                   "<issuer>/<subject>")
      ->required();
}

}  // namespace belgrand::cli
