#include "services/compliance/person_stewards.h"

#include "belgrand/compliance/v1/erasure.grpc.pb.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"

namespace belgrand::compliance {
namespace {

// A walk over every record of a role, a rewrite of its files, and a search of them.
constexpr base::Duration kTimeout = std::chrono::hours(2);
constexpr base::Duration kRestrictTimeout = std::chrono::seconds(10);

template <typename Service>
class HolderClient final : public PersonHolder {
 public:
  HolderClient(shared::RoleName role, const std::shared_ptr<grpc::Channel>& channel)
      : role_(role), stub_(Service::NewStub(channel)) {}

  std::string_view name() const override { return shared::Name(role_); }

  base::StatusOr<v1::FindPersonsResponse> Find(const v1::FindPersonsRequest& request) override {
    grpc::ClientContext context;
    rpc::SetTimeout(context, kTimeout);
    v1::FindPersonsResponse response;
    const grpc::Status status = stub_->FindPersons(&context, request, &response);
    if (!status.ok()) return base::Annotate(rpc::FromGrpc(status), name());
    return response;
  }

  base::StatusOr<v1::ErasePersonsResponse> Erase(const v1::ErasePersonsRequest& request) override {
    grpc::ClientContext context;
    rpc::SetTimeout(context, kTimeout);
    v1::ErasePersonsResponse response;
    const grpc::Status status = stub_->ErasePersons(&context, request, &response);
    if (!status.ok()) return base::Annotate(rpc::FromGrpc(status), name());
    return response;
  }

  base::Status Collect(const v1::CollectPersonsRequest& request, const Take& take) override {
    grpc::ClientContext context;
    rpc::SetTimeout(context, kTimeout);
    const auto reader = stub_->CollectPersons(&context, request);
    v1::CollectPersonsResponse page;
    while (reader->Read(&page)) {
      for (v1::HeldRecord& record : *page.mutable_records()) {
        const base::Status taken = take(std::move(record));
        if (taken.ok()) continue;
        context.TryCancel();
        static_cast<void>(reader->Finish());
        return taken;
      }
    }
    return base::Annotate(rpc::FromGrpc(reader->Finish()), name());
  }

  base::Status Restrict(const v1::SetRestrictionsRequest& request) override {
    grpc::ClientContext context;
    rpc::SetTimeout(context, kRestrictTimeout);
    v1::SetRestrictionsResponse response;
    return base::Annotate(rpc::FromGrpc(stub_->SetRestrictions(&context, request, &response)),
                          name());
  }

 private:
  const shared::RoleName role_;
  const std::unique_ptr<typename Service::Stub> stub_;
};

}  // namespace

base::StatusOr<std::vector<std::unique_ptr<PersonHolder>>> ConnectPersonHolders(
    const shared::Peers& peers) {
  for (const auto role : {shared::RoleName::kTimeseries, shared::RoleName::kAlerting}) {
    if (!peers.Has(role)) {
      return base::FailedPrecondition("no way to the {0} role, which holds persons: set peers.{0}",
                                      shared::Name(role));
    }
  }
  std::vector<std::unique_ptr<PersonHolder>> holders;
  holders.push_back(std::make_unique<HolderClient<v1::TimeseriesPersonsService>>(
      shared::RoleName::kTimeseries, peers.Channel(shared::RoleName::kTimeseries)));
  holders.push_back(std::make_unique<HolderClient<v1::AlertingPersonsService>>(
      shared::RoleName::kAlerting, peers.Channel(shared::RoleName::kAlerting)));
  return holders;
}

}  // namespace belgrand::compliance
