#include "services/cli/hold_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "belgrand/compliance/v1/hold.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/base/time.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/client_flags.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

namespace v1 = compliance::v1;
using Stub = v1::HoldService::Stub;

// An approval walks over every stored record.
constexpr base::Duration kTimeout = std::chrono::minutes(30);

struct HoldFlags {
  ClientFlags client;
  std::string hold_id;
  std::string authority;
  std::string reason;
  std::string review_by;
  std::vector<std::string> records;
  std::vector<std::string> laboratories;
  std::vector<std::string> sites;
  std::vector<std::string> districts;
  std::string from;
  std::string to;
  std::string plan_hash;
  std::string now;
};

template <typename Request, typename Response>
base::StatusOr<Response> Call(const HoldFlags& flags,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              const Request& request) {
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  Response response;
  const auto stub = v1::HoldService::NewStub(channel);
  RETURN_IF_ERROR(rpc::FromGrpc((stub.get()->*method)(&context, request, &response)));
  return response;
}

base::Status SetInstant(const char* flag, const std::string& text,
                        google::protobuf::Timestamp* timestamp) {
  const auto instant = base::ParseInstant(text);
  if (!instant.ok()) return base::Annotate(instant.status(), flag);
  *timestamp = shared::ToTimestamp(*instant);
  return base::OkStatus();
}

std::string Day(const google::protobuf::Timestamp& timestamp) {
  return base::FormatDay(base::DayOf(shared::ToInstant(timestamp)));
}

void AddNames(const char* what, const google::protobuf::RepeatedPtrField<std::string>& names,
              std::string& text) {
  if (!names.empty()) text += fmt::format(" {}={}", what, fmt::join(names, ","));
}

}  // namespace

std::string HoldText(const v1::Hold& hold) {
  std::string scope;
  AddNames("record", hold.scope().records(), scope);
  AddNames("laboratory", hold.scope().laboratory_ids(), scope);
  AddNames("site", hold.scope().site_ids(), scope);
  AddNames("district", hold.scope().district_ids(), scope);
  if (hold.scope().has_from()) scope += " from=" + Day(hold.scope().from());
  if (hold.scope().has_to()) scope += " to=" + Day(hold.scope().to());
  std::string state = fmt::format("review by {}", Day(hold.review_by()));
  if (hold.has_released_at()) {
    state = fmt::format("released {}", Day(hold.released_at()));
  } else if (shared::ToInstant(hold.review_by()) <= base::Clock::System().Now()) {
    state += ", OVERDUE";
  }
  return fmt::format("{}  since {}  {}  {}:{}  {}\n", hold.hold_id(), Day(hold.opened_at()), state,
                     hold.authority(), scope,
                     hold.reason().empty() ? "(no reason kept)" : hold.reason());
}

namespace {

void Print(const v1::Hold& hold) { std::cout << HoldText(hold); }

base::Status Place(const HoldFlags& flags) {
  v1::PlaceHoldRequest request;
  request.set_authority(flags.authority);
  request.set_reason(flags.reason);
  RETURN_IF_ERROR(SetInstant("--review-by", flags.review_by, request.mutable_review_by()));
  auto& scope = *request.mutable_scope();
  scope.mutable_records()->Assign(flags.records.begin(), flags.records.end());
  scope.mutable_laboratory_ids()->Assign(flags.laboratories.begin(), flags.laboratories.end());
  scope.mutable_site_ids()->Assign(flags.sites.begin(), flags.sites.end());
  scope.mutable_district_ids()->Assign(flags.districts.begin(), flags.districts.end());
  if (!flags.from.empty()) {
    RETURN_IF_ERROR(SetInstant("--from", flags.from, scope.mutable_from()));
  }
  if (!flags.to.empty()) RETURN_IF_ERROR(SetInstant("--to", flags.to, scope.mutable_to()));
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::PlaceHold, request));
  Print(response.hold());
  return base::OkStatus();
}

base::Status Review(const HoldFlags& flags) {
  v1::ReviewHoldRequest request;
  request.set_hold_id(flags.hold_id);
  RETURN_IF_ERROR(SetInstant("--review-by", flags.review_by, request.mutable_review_by()));
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::ReviewHold, request));
  Print(response.hold());
  return base::OkStatus();
}

base::Status Release(const HoldFlags& flags) {
  v1::ReleaseHoldRequest request;
  request.set_hold_id(flags.hold_id);
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::ReleaseHold, request));
  Print(response.hold());
  return base::OkStatus();
}

base::Status List(const HoldFlags& flags) {
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::ListHolds, v1::ListHoldsRequest()));
  if (response.holds().empty()) std::cout << "no holds\n";
  for (const auto& hold : response.holds()) Print(hold);
  return base::OkStatus();
}

base::Status Approve(const HoldFlags& flags) {
  v1::ApproveRetentionRequest request;
  request.set_plan_hash(flags.plan_hash);
  RETURN_IF_ERROR(SetInstant("--now", flags.now, request.mutable_now()));
  ASSIGN_OR_RETURN(const auto response, Call(flags, &Stub::ApproveRetention, request));
  std::cout << fmt::format("approved until {}; another person applies it\n",
                           base::FormatInstant(shared::ToInstant(response.expires_at())));
  return base::OkStatus();
}

using Action = base::Status (*)(const HoldFlags&);

std::shared_ptr<HoldFlags> Add(CLI::App& app, const char* name, const char* text, Action action,
                               RunSlot& run, CLI::App*& command) {
  command = app.add_subcommand(name, text);
  auto flags = std::make_shared<HoldFlags>();
  AddClientFlags(*command, flags->client);
  command->callback([flags, action, &run] {
    run = [flags, action] {
      const base::Status status = action(*flags);
      if (status.ok()) return kExitOk;
      std::cerr << base::Message(status) << "\n";
      return kExitRuntime;
    };
  });
  return flags;
}

}  // namespace

void AddHoldCommands(CLI::App& retention, RunSlot& run) {
  auto* hold = retention.add_subcommand("hold", "Legal holds: what retention must not delete");
  hold->require_subcommand(1);
  CLI::App* command = nullptr;
  auto flags = Add(*hold, "place", "Keep records until the hold is released", Place, run, command);
  command->add_option("--authority", flags->authority, "who demands it")->required();
  command->add_option("--reason", flags->reason, "why; names nobody if it can")->required();
  command->add_option("--review-by", flags->review_by, "day of its review, within six months")
      ->required();
  command->add_option("--record", flags->records,
                      "stored message, as `plan` prints it; repeatable");
  command->add_option("--laboratory", flags->laboratories, "repeatable");
  command->add_option("--site", flags->sites, "repeatable");
  command->add_option("--district", flags->districts, "repeatable");
  command->add_option("--from", flags->from, "records from this day or time on");
  command->add_option("--to", flags->to, "records before this day or time");
  flags = Add(*hold, "review", "Set the next review", Review, run, command);
  command->add_option("hold", flags->hold_id, "as `list` prints it")->required();
  command->add_option("--review-by", flags->review_by, "day, within six months")->required();
  flags = Add(*hold, "release", "End a hold", Release, run, command);
  command->add_option("hold", flags->hold_id, "as `list` prints it")->required();
  Add(*hold, "list", "Print every hold", List, run, command);

  flags = Add(retention, "approve", "Approve a large plan that another person applies", Approve,
              run, command);
  command->add_option("--plan", flags->plan_hash, "Hash that `plan` printed")->required();
  command->add_option("--now", flags->now, "Instant that `plan` printed")->required();
}

}  // namespace belgrand::cli
