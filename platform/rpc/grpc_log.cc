#include "platform/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include <chrono>
#include <optional>
#include <utility>

#include "platform/base/log.h"
#include "platform/base/mutex.h"

namespace belgrand::rpc {
namespace {

// How many lines may be written in a minute.
class LineBudget {
 public:
  // Nullopt: not this one. Else how many were left out before it.
  std::optional<int> Take() {
    const base::MutexLock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - minute_ >= std::chrono::minutes(1)) {
      minute_ = now;
      written_ = 0;
    }
    if (written_ >= kLinesPerMinute) {
      ++left_out_;
      return std::nullopt;
    }
    ++written_;
    return std::exchange(left_out_, 0);
  }

 private:
  static constexpr int kLinesPerMinute = 30;
  base::Mutex mutex_;
  std::chrono::steady_clock::time_point minute_ GUARDED_BY(mutex_);
  int written_ GUARDED_BY(mutex_) = 0;
  int left_out_ GUARDED_BY(mutex_) = 0;
};

void Write(gpr_log_func_args* report) {
  static LineBudget budget;
  const std::optional<int> left_out = budget.Take();
  if (!left_out) return;
  // An error of gRPC is one call's or one connection's: the service goes on.
  const base::LogLevel level =
      report->severity == GPR_LOG_SEVERITY_ERROR ? base::LogLevel::kWarning : base::LogLevel::kInfo;
  if (*left_out > 0) {
    base::Log(level, "grpc", {{"report", report->message}, {"left_out_before", *left_out}});
  } else {
    base::Log(level, "grpc", {{"report", report->message}});
  }
}

}  // namespace

void TakeOverGrpcLog() { gpr_set_log_function(Write); }

}  // namespace belgrand::rpc
