// How a role answers for the persons in what it stores: counted, searched for, erased or rectified,
// collected and withheld, for compliance. The role gives what its store does; this gives the rest.
//
// Thread safety: safe when the functions are; erasing runs one at a time. Borrows the guard.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "belgrand/compliance/v1/erasure.grpc.pb.h"
#include "belgrand/storage/v1/case_record.pb.h"
#include "platform/base/mutex.h"
#include "platform/storage/search.h"
#include "services/shared/guard.h"
#include "services/shared/person_matcher.h"

namespace belgrand::shared {

// Up to which erasure of which ledger a store has carried all out.
struct ErasureMark {
  std::string ledger_id;  // 16 bytes; empty: none yet
  std::uint64_t through = 0;
};
// The form in which stores keep it: the id, then the number, big-endian.
std::string EncodeMark(const ErasureMark& mark);
// Of nothing: no mark. DataLoss when it is none that EncodeMark made.
base::StatusOr<ErasureMark> DecodeMark(const std::optional<std::string>& bytes);

struct PersonStewardship {
  using Lines = base::StatusOr<std::vector<compliance::v1::ErasureLine>>;
  std::string store;                                 // as certificates call it
  std::function<Lines(const PersonMatcher&)> find;   // changes nothing
  std::function<Lines(const PersonMatcher&)> erase;  // the bytes have left the files
  std::function<base::StatusOr<storage::SearchFacts>(const std::vector<std::string>&)> search;
  std::function<base::StatusOr<ErasureMark>()> mark;
  std::function<base::Status(const ErasureMark&)> set_mark;
  // Gives every record that holds the one person of the matcher.
  using Give = std::function<base::Status(compliance::v1::HeldRecord)>;
  std::function<base::Status(const PersonMatcher&, const Give&)> collect;
  // Withholds these persons, and nobody else, from readers; after a restart too.
  std::function<base::Status(const storage::v1::RestrictionsRecord&)> restrict_to;
};

class PersonSteward {
 public:
  PersonSteward(std::string service, PersonStewardship stewardship, Guard& guard)
      : service_(std::move(service)), stewardship_(std::move(stewardship)), guard_(guard) {}

  grpc::Status FindPersons(grpc::ServerContext& context,
                           const compliance::v1::FindPersonsRequest& request,
                           compliance::v1::FindPersonsResponse& response);
  grpc::Status ErasePersons(grpc::ServerContext& context,
                            const compliance::v1::ErasePersonsRequest& request,
                            compliance::v1::ErasePersonsResponse& response);
  grpc::Status CollectPersons(grpc::ServerContext& context,
                              const compliance::v1::CollectPersonsRequest& request,
                              grpc::ServerWriter<compliance::v1::CollectPersonsResponse>& writer);
  grpc::Status SetRestrictions(grpc::ServerContext& context,
                               const compliance::v1::SetRestrictionsRequest& request);

 private:
  const std::string service_;
  const PersonStewardship stewardship_;
  Guard& guard_;
  base::Mutex one_at_a_time_;
};

// `Contract`: the generated service, for example compliance::v1::TimeseriesPersonsService.
template <typename Contract>
class PersonsService final : public Contract::Service {
 public:
  PersonsService(PersonStewardship stewardship, Guard& guard)
      : steward_(Contract::service_full_name(), std::move(stewardship), guard) {}

  grpc::Status FindPersons(grpc::ServerContext* context,
                           const compliance::v1::FindPersonsRequest* request,
                           compliance::v1::FindPersonsResponse* response) override {
    return steward_.FindPersons(*context, *request, *response);
  }
  grpc::Status ErasePersons(grpc::ServerContext* context,
                            const compliance::v1::ErasePersonsRequest* request,
                            compliance::v1::ErasePersonsResponse* response) override {
    return steward_.ErasePersons(*context, *request, *response);
  }
  grpc::Status CollectPersons(
      grpc::ServerContext* context, const compliance::v1::CollectPersonsRequest* request,
      grpc::ServerWriter<compliance::v1::CollectPersonsResponse>* writer) override {
    return steward_.CollectPersons(*context, *request, *writer);
  }
  grpc::Status SetRestrictions(grpc::ServerContext* context,
                               const compliance::v1::SetRestrictionsRequest* request,
                               compliance::v1::SetRestrictionsResponse*) override {
    return steward_.SetRestrictions(*context, *request);
  }

 private:
  PersonSteward steward_;
};

}  // namespace belgrand::shared
