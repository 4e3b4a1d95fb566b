#include "services/shared/person_steward.h"

#include "platform/storage/keys.h"

namespace belgrand::shared {
namespace {

constexpr std::size_t kLedgerIdBytes = 16;
// A message of a stream has at most so many records: far from any limit of a message.
constexpr int kRecordsPerMessage = 500;

}  // namespace

std::string EncodeMark(const ErasureMark& mark) {
  std::string bytes = mark.ledger_id;
  storage::AppendUint64(bytes, mark.through);
  return bytes;
}

base::StatusOr<ErasureMark> DecodeMark(const std::optional<std::string>& bytes) {
  if (!bytes) return ErasureMark();
  std::string_view rest = *bytes;
  ErasureMark mark;
  if (rest.size() == kLedgerIdBytes + sizeof(std::uint64_t)) {
    mark.ledger_id = rest.substr(0, kLedgerIdBytes);
    rest.remove_prefix(kLedgerIdBytes);
    mark.through = storage::TakeUint64(rest).value_or(0);
    return mark;
  }
  return base::DataLoss("the mark of erasures has {} bytes: it is damaged", bytes->size());
}

grpc::Status PersonSteward::FindPersons(grpc::ServerContext& context,
                                        const compliance::v1::FindPersonsRequest& request,
                                        compliance::v1::FindPersonsResponse& response) {
  return guard_.Unary(context, service_ + ".FindPersons",
                      [&](const Caller&, CallReport& report) -> base::Status {
                        report.object_kind = "erasure";
                        ASSIGN_OR_RETURN(const PersonMatcher matcher, PersonMatcher::Make(request));
                        ASSIGN_OR_RETURN(const ErasureMark mark, stewardship_.mark());
                        response.set_erased_through(mark.through);
                        response.set_ledger_id(mark.ledger_id);
                        if (request.persons().empty()) return base::OkStatus();
                        ASSIGN_OR_RETURN(const auto lines, stewardship_.find(matcher));
                        for (const auto& line : lines) *response.add_lines() = line;
                        if (!request.search_files()) return base::OkStatus();
                        ASSIGN_OR_RETURN(const auto facts, stewardship_.search(Sought(matcher)));
                        for (auto& line : ToLines(stewardship_.store, facts, matcher)) {
                          *response.add_searched() = std::move(line);
                        }
                        return base::OkStatus();
                      });
}

grpc::Status PersonSteward::ErasePersons(grpc::ServerContext& context,
                                         const compliance::v1::ErasePersonsRequest& request,
                                         compliance::v1::ErasePersonsResponse& response) {
  return guard_.Unary(
      context, service_ + ".ErasePersons", [&](const Caller&, CallReport& report) -> base::Status {
        report.object_kind = "erasure";
        if (request.ledger_id().size() != kLedgerIdBytes) {
          return base::InvalidArgument("ledger_id has {} bytes: {} are needed",
                                       request.ledger_id().size(), kLedgerIdBytes);
        }
        ASSIGN_OR_RETURN(const PersonMatcher matcher, PersonMatcher::Make(request));
        const base::MutexLock lock(one_at_a_time_);
        ASSIGN_OR_RETURN(const auto lines, stewardship_.erase(matcher));
        for (const auto& line : lines) *response.add_lines() = line;
        // Last: what comes before is repeated when it was broken off.
        return stewardship_.set_mark({request.ledger_id(), request.erased_through()});
      });
}

grpc::Status PersonSteward::CollectPersons(
    grpc::ServerContext& context, const compliance::v1::CollectPersonsRequest& request,
    grpc::ServerWriter<compliance::v1::CollectPersonsResponse>& writer) {
  return guard_.Stream(
      context, service_ + ".CollectPersons", {}, [&](const Caller&) -> base::Status {
        ASSIGN_OR_RETURN(const PersonMatcher matcher,
                         PersonMatcher::Make({request.person()}, request.name_key()));
        compliance::v1::CollectPersonsResponse page;
        const auto send = [&]() -> base::Status {
          if (page.records().empty() || writer.Write(page)) {
            page.Clear();
            return base::OkStatus();
          }
          return base::MakeStatus(base::StatusCode::kCancelled, "the caller went away");
        };
        RETURN_IF_ERROR(
            stewardship_.collect(matcher, [&](compliance::v1::HeldRecord record) -> base::Status {
              *page.add_records() = std::move(record);
              return page.records_size() < kRecordsPerMessage ? base::OkStatus() : send();
            }));
        return send();
      });
}

grpc::Status PersonSteward::SetRestrictions(grpc::ServerContext& context,
                                            const compliance::v1::SetRestrictionsRequest& request) {
  return guard_.Unary(context, service_ + ".SetRestrictions",
                      [&](const Caller&, CallReport& report) -> base::Status {
                        report.object_kind = "case";
                        storage::v1::RestrictionsRecord record;
                        record.set_name_key(request.name_key());
                        for (const auto& person : request.persons()) {
                          auto& restricted = *record.add_persons();
                          restricted.set_subject(person.subject());
                          restricted.set_tenant(person.tenant());
                          restricted.set_subject_ref(person.subject_ref());
                          restricted.set_name_digest(person.name_digest());
                          restricted.set_name_bytes(person.name_bytes());
                        }
                        return stewardship_.restrict_to(record);
                      });
}

}  // namespace belgrand::shared
