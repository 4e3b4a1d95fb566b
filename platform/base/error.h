// The one error type of the project: absl::Status, built from fmt format strings.
//
// Every module edge returns Status or StatusOr; exceptions never cross one. Messages say what, the
// value, why, and what to do about it. Only this header touches absl's text types: Debian builds
// absl with its own string_view, so the rest of the code keeps std::string_view. docs/errors.md
// says what each code means here and whether a client may retry.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace belgrand::base {

using Status = absl::Status;
template <typename T>
using StatusOr = absl::StatusOr<T>;
using StatusCode = absl::StatusCode;

inline Status OkStatus() { return absl::OkStatus(); }

inline Status MakeStatus(StatusCode code, std::string_view message) {
  return Status(code, absl::string_view(message.data(), message.size()));
}

inline std::string Message(const Status& status) {
  return std::string(status.message().data(), status.message().size());
}

#define BELGRAND_STATUS_MAKER(Name, Code)                                      \
  template <typename... Args>                                                  \
  Status Name(fmt::format_string<Args...> format, Args&&... args) {            \
    return MakeStatus(Code, fmt::format(format, std::forward<Args>(args)...)); \
  }
BELGRAND_STATUS_MAKER(InvalidArgument, StatusCode::kInvalidArgument)
BELGRAND_STATUS_MAKER(NotFound, StatusCode::kNotFound)
BELGRAND_STATUS_MAKER(AlreadyExists, StatusCode::kAlreadyExists)
BELGRAND_STATUS_MAKER(FailedPrecondition, StatusCode::kFailedPrecondition)
BELGRAND_STATUS_MAKER(PermissionDenied, StatusCode::kPermissionDenied)
BELGRAND_STATUS_MAKER(ResourceExhausted, StatusCode::kResourceExhausted)
BELGRAND_STATUS_MAKER(Unavailable, StatusCode::kUnavailable)
BELGRAND_STATUS_MAKER(DeadlineExceeded, StatusCode::kDeadlineExceeded)
BELGRAND_STATUS_MAKER(Aborted, StatusCode::kAborted)
BELGRAND_STATUS_MAKER(DataLoss, StatusCode::kDataLoss)
BELGRAND_STATUS_MAKER(Internal, StatusCode::kInternal)
#undef BELGRAND_STATUS_MAKER

// The same status with "context: " put before its message; OK stays OK.
Status Annotate(const Status& status, std::string_view context);

}  // namespace belgrand::base

// Evaluates `expr` (a Status); returns it from the enclosing function when it is not OK.
#define RETURN_IF_ERROR(expr)                                                            \
  do {                                                                                   \
    if (auto belgrand_status_ = (expr); !belgrand_status_.ok()) return belgrand_status_; \
  } while (false)

#define BELGRAND_CONCAT_INNER(a, b) a##b
#define BELGRAND_CONCAT(a, b) BELGRAND_CONCAT_INNER(a, b)
// Evaluates `expr` (a StatusOr); assigns its value to `lhs` (which may declare) or returns its
// status.
#define ASSIGN_OR_RETURN(lhs, expr) \
  BELGRAND_ASSIGN_OR_RETURN_IMPL(BELGRAND_CONCAT(belgrand_or_, __LINE__), lhs, expr)
#define BELGRAND_ASSIGN_OR_RETURN_IMPL(var, lhs, expr) \
  auto var = (expr);                                   \
  if (!var.ok()) return var.status();                  \
  lhs = std::move(var).value()
