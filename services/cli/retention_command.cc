#include "services/cli/retention_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "platform/base/time.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/client_flags.h"
#include "services/cli/hold_command.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

// A walk over every stored record, twice when applying.
constexpr base::Duration kTimeout = std::chrono::minutes(30);

struct RetentionFlags {
  ClientFlags client;
  std::string now;
  std::string plan_hash;
};

int Fail(const base::Status& status) {
  std::cerr << base::Message(status) << "\n";
  return kExitRuntime;
}

std::string DayOrDash(bool present, const google::protobuf::Timestamp& timestamp) {
  return present ? base::FormatDay(base::DayOf(shared::ToInstant(timestamp))) : "-";
}

template <typename Lines>
void PrintLines(const Lines& lines, const char* verb) {
  std::size_t width = 6;
  const auto name = [](const compliance::v1::ExpiryLine& line) {
    return line.field().empty() ? line.record() : line.record() + "." + line.field();
  };
  for (const auto& line : lines) width = std::max(width, name(line).size());
  std::cout << fmt::format("{:<{}}  {:>6}  {:>10}  {:>10}  {:>10}  {:>10}  {:<10}  {:<10}\n",
                           "record or field", width, "keep", "held", "archived", "on hold", verb,
                           "oldest", "newest");
  for (const auto& line : lines) {
    std::cout << fmt::format(
        "{:<{}}  {:>6}  {:>10}  {:>10}  {:>10}  {:>10}  {:<10}  {:<10}\n", name(line), width,
        line.retention(), line.held(), line.archived(), line.blocked(), line.expired(),
        DayOrDash(line.has_oldest(), line.oldest()), DayOrDash(line.has_newest(), line.newest()));
  }
}

int Plan(const RetentionFlags& flags) {
  compliance::v1::PlanRetentionRequest request;
  if (!flags.now.empty()) {
    const auto now = base::ParseInstant(flags.now);
    if (!now.ok()) {
      std::cerr << "--now: " << base::Message(now.status()) << "\n";
      return kExitUsage;
    }
    *request.mutable_now() = shared::ToTimestamp(*now);
  }
  const auto channel = Connect(flags.client);
  if (!channel.ok()) return Fail(channel.status());
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  compliance::v1::PlanRetentionResponse response;
  const grpc::Status status = compliance::v1::ComplianceService::NewStub(*channel)->PlanRetention(
      &context, request, &response);
  if (!status.ok()) return Fail(rpc::FromGrpc(status));
  PrintLines(response.lines(), "to delete");
  if (!response.holds().empty()) std::cout << "legal holds in force:\n";
  for (const auto& hold : response.holds()) std::cout << HoldText(hold);
  const std::string now = base::FormatInstant(shared::ToInstant(response.now()));
  std::cout << fmt::format(
      "as of {}; nothing was changed\nto delete exactly this: belgrand retention apply --plan {} "
      "--now {}\n",
      now, response.plan_hash(), now);
  if (response.needs_approval()) {
    std::cout << fmt::format(
        "so much needs two people; another one approves it first: belgrand retention approve "
        "--plan {} --now {}\n",
        response.plan_hash(), now);
  }
  return kExitOk;
}

int Apply(const RetentionFlags& flags) {
  const auto now = base::ParseInstant(flags.now);
  if (!now.ok()) {
    std::cerr << "--now: " << base::Message(now.status()) << "\n";
    return kExitUsage;
  }
  const auto channel = Connect(flags.client);
  if (!channel.ok()) return Fail(channel.status());
  compliance::v1::ApplyRetentionRequest request;
  request.set_plan_hash(flags.plan_hash);
  *request.mutable_now() = shared::ToTimestamp(*now);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  compliance::v1::ApplyRetentionResponse response;
  const grpc::Status status = compliance::v1::ComplianceService::NewStub(*channel)->ApplyRetention(
      &context, request, &response);
  if (!status.ok()) return Fail(rpc::FromGrpc(status));
  PrintLines(response.lines(), "deleted");
  return kExitOk;
}

}  // namespace

void AddRetention(CLI::App& app, RunSlot& run) {
  app.require_subcommand(1);
  AddHoldCommands(app, run);

  auto* plan = app.add_subcommand("plan", "Print what would be deleted; changes nothing");
  auto plan_flags = std::make_shared<RetentionFlags>();
  AddClientFlags(*plan, plan_flags->client);
  plan->add_option("--now", plan_flags->now,
                   "Plan as if it were this day or time (ISO 8601); default: now");
  plan->callback([plan_flags, &run] { run = [plan_flags] { return Plan(*plan_flags); }; });

  auto* apply = app.add_subcommand("apply", "Carry out a plan that is still true");
  auto apply_flags = std::make_shared<RetentionFlags>();
  AddClientFlags(*apply, apply_flags->client);
  apply->add_option("--plan", apply_flags->plan_hash, "Hash that `plan` printed")->required();
  apply->add_option("--now", apply_flags->now, "Instant that `plan` printed")->required();
  apply->callback([apply_flags, &run] { run = [apply_flags] { return Apply(*apply_flags); }; });
}

}  // namespace belgrand::cli
