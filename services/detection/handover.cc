#include "services/detection/handover.h"

#include "platform/base/log.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"

namespace belgrand::detection {
namespace {
constexpr std::size_t kMostSignals = 100;
// Looked at again even without a wake-up.
constexpr auto kIdle = std::chrono::seconds(30);
}  // namespace

base::StatusOr<bool> Handover::SendOldest(alerting::v1::AlertingService::StubInterface& alerting) {
  ASSIGN_OR_RETURN(auto entries, outbox_.Oldest(kMostSignals));
  if (entries.empty()) return false;
  // One generation at a time: alerting then never hears an old one again after a new one.
  const std::uint64_t generation = entries.front().signal.generation();
  std::erase_if(entries,
                [&](const auto& entry) { return entry.signal.generation() != generation; });
  alerting::v1::ReportSignalsRequest request;
  for (const SignalOutbox::Entry& entry : entries) *request.add_signals() = entry.signal;
  grpc::ClientContext context;
  rpc::SetTimeout(context, std::chrono::seconds(30));
  const StopSignal::Call call(stop_, context);
  alerting::v1::ReportSignalsResponse response;
  RETURN_IF_ERROR(rpc::FromGrpc(alerting.ReportSignals(&context, request, &response)));
  RETURN_IF_ERROR(outbox_.Remove(entries));
  return true;
}

void Handover::Run(alerting::v1::AlertingService::StubInterface& alerting) {
  Backoff backoff(std::chrono::milliseconds(100), std::chrono::seconds(10));
  while (!stop_.stopped()) {
    const auto sent = SendOldest(alerting);
    const auto depth = outbox_.Depth();
    if (depth.ok()) metrics_.outbox_depth.Set(static_cast<double>(*depth));
    if (sent.ok()) {
      backoff.Reset();
      if (!*sent) stop_.Rest(kIdle);
      continue;
    }
    if (stop_.stopped()) return;
    metrics_.handover_failures.Increment();
    const base::Duration wait = backoff.Next();
    base::Log(base::LogLevel::kWarning, "detection_handover_failed",
              {{"status", sent.status()}, {"retry_in_ms", wait.count() / 1000}});
    stop_.Pause(wait);
  }
}

}  // namespace belgrand::detection
