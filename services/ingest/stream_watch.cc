#include "services/ingest/stream_watch.h"

#include "platform/base/log.h"

namespace belgrand::ingest {
namespace {

constexpr std::chrono::milliseconds kInterval{100};

}  // namespace

StreamWatch::StreamWatch(const Limits& limits, const base::Clock& clock, IngestMetrics& metrics)
    : limits_(limits), clock_(clock), metrics_(metrics), thread_([this] { Run(); }) {}

StreamWatch::~StreamWatch() {
  {
    const base::MutexLock lock(mutex_);
    ended_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

bool StreamWatch::Begin(grpc::ServerContext& context, For what) {
  const base::MutexLock lock(mutex_);
  if (stopping_ && what == For::kBatch) return false;
  const base::Duration patience =
      what == For::kBatch ? limits_.stream_idle_timeout : limits_.acknowledgement_timeout;
  waits_[&context] = {what, clock_.Now() + patience};
  return true;
}

void StreamWatch::End(grpc::ServerContext& context) {
  const base::MutexLock lock(mutex_);
  waits_.erase(&context);
}

void StreamWatch::Stop() {
  const base::MutexLock lock(mutex_);
  stopping_ = true;
  for (const auto& [context, wait] : waits_) {
    if (wait.what == For::kBatch) context->TryCancel();
  }
}

void StreamWatch::Sweep() {
  const base::MutexLock lock(mutex_);
  const base::Instant now = clock_.Now();
  for (auto it = waits_.begin(); it != waits_.end();) {
    if (now < it->second.until) {
      ++it;
      continue;
    }
    const bool idle = it->second.what == For::kBatch;
    metrics_.Refused(idle ? "stream_idle" : "slow_reader");
    base::Log(base::LogLevel::kInfo, "stream_cut_off",
              {{"reason", idle ? "no batch came" : "an acknowledgement was not read"}});
    it->first->TryCancel();
    it = waits_.erase(it);
  }
}

void StreamWatch::Run() {
  for (;;) {
    {
      const base::MutexLock lock(mutex_);
      if (!ended_) changed_.WaitFor(mutex_, kInterval);
      if (ended_) return;
    }
    Sweep();
  }
}

}  // namespace belgrand::ingest
