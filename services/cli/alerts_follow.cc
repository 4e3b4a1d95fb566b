#include "services/cli/alerts_follow.h"

#include <chrono>
#include <thread>

#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "platform/base/mutex.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"

namespace belgrand::cli {
namespace {

using alerting::v1::AlertingService;
using SteadyClock = std::chrono::steady_clock;

constexpr auto kConfirmEvery = std::chrono::milliseconds(100);
constexpr auto kQuiet = std::chrono::seconds(1);
constexpr auto kConfirmTimeout = std::chrono::seconds(30);

// Confirms what was shown, beside the stream, so that a long backlog is not confirmed one by one;
// ends a stream that should end when nothing comes any more.
class Confirmer {
 public:
  Confirmer(AlertingService::Stub& stub, const FollowOptions& options,
            grpc::ClientContext& stream_context)
      : stub_(stub),
        options_(options),
        stream_context_(stream_context),
        thread_([this] { Run(); }) {}

  void Shown(std::uint64_t sequence) {
    base::MutexLock lock(mutex_);
    shown_ = sequence;
    last_ = SteadyClock::now();
  }
  void Admitted() {
    base::MutexLock lock(mutex_);
    admitted_ = true;
    last_ = SteadyClock::now();
  }
  // Confirms the rest; whether it ended the stream itself.
  base::StatusOr<bool> Finish() {
    {
      base::MutexLock lock(mutex_);
      done_ = true;
      changed_.NotifyAll();
    }
    thread_.join();
    base::MutexLock lock(mutex_);
    if (!status_.ok()) return status_;
    return quiet_;
  }

 private:
  void Run() {
    std::uint64_t confirmed = 0;
    bool may_confirm = true;
    for (bool done = false; !done;) {
      std::uint64_t shown = 0;
      {
        base::MutexLock lock(mutex_);
        if (!done_) changed_.WaitFor(mutex_, kConfirmEvery);
        done = done_;
        shown = shown_;
        if (options_.once && admitted_ && !quiet_ && SteadyClock::now() - last_ > kQuiet) {
          quiet_ = true;
          stream_context_.TryCancel();
        }
      }
      // A view of some districts, or from a chosen place, is no receipt for what it leaves out.
      if (!may_confirm || shown == confirmed || !options_.districts.empty() || options_.after) {
        continue;
      }
      const base::Status status = Confirm(shown);
      confirmed = shown;
      if (status.ok()) continue;
      // So does one who may not see all that the receiver is told: they look, and go on looking.
      if (status.code() == base::StatusCode::kPermissionDenied) {
        may_confirm = false;
        continue;
      }
      base::MutexLock lock(mutex_);
      status_ = status;
      stream_context_.TryCancel();
      return;
    }
  }

  base::Status Confirm(std::uint64_t sequence) {
    grpc::ClientContext context;
    rpc::SetTimeout(context, kConfirmTimeout);
    alerting::v1::ConfirmEventsRequest request;
    request.set_subscriber(options_.subscriber);
    request.set_up_to_sequence(sequence);
    alerting::v1::ConfirmEventsResponse response;
    return rpc::FromGrpc(stub_.ConfirmEvents(&context, request, &response));
  }

  AlertingService::Stub& stub_;
  const FollowOptions& options_;
  grpc::ClientContext& stream_context_;
  base::Mutex mutex_;
  base::CondVar changed_;
  bool admitted_ GUARDED_BY(mutex_) = false;
  bool quiet_ GUARDED_BY(mutex_) = false;
  bool done_ GUARDED_BY(mutex_) = false;
  std::uint64_t shown_ GUARDED_BY(mutex_) = 0;
  SteadyClock::time_point last_ GUARDED_BY(mutex_);
  base::Status status_ GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace

base::Status FollowAlerts(const std::shared_ptr<grpc::Channel>& channel,
                          const FollowOptions& options, const ShowEvent& show) {
  const auto stub = AlertingService::NewStub(channel);
  alerting::v1::FollowAlertsRequest request;
  request.set_subscriber(options.subscriber);
  for (const std::string& district : options.districts) request.add_district_ids(district);
  if (options.after) request.set_after_sequence(*options.after);
  grpc::ClientContext context;
  const auto stream = stub->FollowAlerts(&context, request);
  Confirmer confirmer(*stub, options, context);
  stream->WaitForInitialMetadata();
  confirmer.Admitted();
  alerting::v1::AlertEvent event;
  while (stream->Read(&event)) {
    show(event);
    confirmer.Shown(event.sequence());
  }
  const grpc::Status ended = stream->Finish();
  const auto quiet = confirmer.Finish();
  if (!quiet.ok()) return quiet.status();
  return *quiet ? base::OkStatus() : rpc::FromGrpc(ended);
}

}  // namespace belgrand::cli
