#include "platform/rpc/status.h"

#include <absl/strings/cord.h>

#include <algorithm>

#include "belgrand/error/v1/error.pb.h"

namespace belgrand::rpc {
namespace {

constexpr char kBadRequestType[] = "type.googleapis.com/google.rpc.BadRequest";
constexpr char kRetryInfoType[] = "type.googleapis.com/google.rpc.RetryInfo";

}  // namespace

base::Status WithFieldViolations(
    base::Status status, const std::vector<std::pair<std::string, std::string>>& violations) {
  error::v1::BadRequest details;
  for (const auto& [field, description] : violations) {
    auto* violation = details.add_field_violations();
    violation->set_field(field);
    violation->set_description(description);
  }
  status.SetPayload(kBadRequestType, absl::Cord(details.SerializeAsString()));
  return status;
}

std::vector<std::pair<std::string, std::string>> FieldViolations(const base::Status& status) {
  std::vector<std::pair<std::string, std::string>> violations;
  const auto payload = status.GetPayload(kBadRequestType);
  error::v1::BadRequest details;
  if (!payload || !details.ParseFromString(std::string(*payload))) return violations;
  for (const auto& violation : details.field_violations()) {
    violations.emplace_back(violation.field(), violation.description());
  }
  return violations;
}

base::Status WithRetryDelay(base::Status status, base::Duration delay) {
  error::v1::RetryInfo details;
  details.mutable_retry_delay()->set_seconds(delay.count() / 1'000'000);
  details.mutable_retry_delay()->set_nanos(static_cast<int>(delay.count() % 1'000'000) * 1000);
  status.SetPayload(kRetryInfoType, absl::Cord(details.SerializeAsString()));
  return status;
}

std::optional<base::Duration> RetryDelay(const base::Status& status) {
  const auto payload = status.GetPayload(kRetryInfoType);
  error::v1::RetryInfo details;
  if (!payload || !details.ParseFromString(std::string(*payload))) return std::nullopt;
  const auto& delay = details.retry_delay();
  // A server that asks for more than a day is not believed.
  const base::Duration asked =
      std::chrono::seconds(std::min<std::int64_t>(delay.seconds(), 86'400)) +
      base::Duration(delay.nanos() / 1000);
  return std::max(asked, base::Duration::zero());
}

grpc::Status ToGrpc(const base::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  error::v1::Status rich;
  rich.set_code(static_cast<int>(status.code()));
  rich.set_message(base::Message(status));
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    auto* detail = rich.add_details();
    detail->set_type_url(std::string(type.data(), type.size()));
    detail->set_value(std::string(payload));
  });
  const std::string details = rich.details_size() == 0 ? std::string() : rich.SerializeAsString();
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), base::Message(status), details);
}

base::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return base::OkStatus();
  base::Status result =
      base::MakeStatus(static_cast<base::StatusCode>(status.error_code()), status.error_message());
  error::v1::Status rich;
  if (!status.error_details().empty() && rich.ParseFromString(status.error_details())) {
    for (const auto& detail : rich.details()) {
      result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
    }
  }
  return result;
}

}  // namespace belgrand::rpc
