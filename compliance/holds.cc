#include "compliance/holds.h"

#include <algorithm>
#include <utility>

#include "compliance/expiry_plan.h"
#include "compliance/policy.h"
#include "compliance/record_file.h"
#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/secret.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;
using Record = storage::v1::HoldRecord;
using Ids = pb::RepeatedPtrField<std::string>;

constexpr std::string_view kName = "holds";
constexpr std::size_t kMaxFileBytes = std::size_t{256} << 20;
constexpr std::size_t kMaxAuthorityBytes = 200;
constexpr std::size_t kMaxReasonBytes = 1'000;
constexpr int kMaxIds = 1'000;
constexpr int kMaxDepth = 3;

base::Instant ToInstant(const pb::Timestamp& timestamp) {
  return base::Instant(std::chrono::seconds(timestamp.seconds())) +
         base::Duration(timestamp.nanos() / 1000);
}

bool Names(const Ids& ids, std::string_view id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// The text of the first field of this name, in the message or in one that it holds once; empty
// when it is not set, nullopt when the type has no such field.
std::optional<std::string> TextOf(const pb::Message& message, const std::string& name,
                                  int depth = kMaxDepth) {
  const pb::Descriptor& type = *message.GetDescriptor();
  const pb::Reflection& reflection = *message.GetReflection();
  const pb::FieldDescriptor* const field = type.FindFieldByName(name);
  if (field != nullptr && !field->is_repeated() &&
      field->cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING) {
    return reflection.GetString(message, field);
  }
  for (int i = 0; depth > 0 && i < type.field_count(); ++i) {
    const pb::FieldDescriptor& part = *type.field(i);
    if (part.is_repeated() || part.message_type() == nullptr) continue;
    if (auto text = TextOf(reflection.GetMessage(message, &part), name, depth - 1)) return text;
  }
  return std::nullopt;
}

bool IsStoredRecord(const std::string& name) {
  const auto messages = AllMessages(SchemaFiles());
  return std::any_of(messages.begin(), messages.end(), [&](const pb::Descriptor* message) {
    return message->full_name() == name && RecordPolicyOf(*message) != nullptr;
  });
}

base::Status CheckScope(const v1::HoldScope& scope) {
  if (scope.records().empty() && scope.laboratory_ids().empty() && scope.site_ids().empty() &&
      scope.district_ids().empty() && !scope.has_from() && !scope.has_to()) {
    return base::InvalidArgument(
        "the hold names nothing: name records, laboratories, sites, districts or a time");
  }
  for (const Ids* ids :
       {&scope.records(), &scope.laboratory_ids(), &scope.site_ids(), &scope.district_ids()}) {
    if (ids->size() > kMaxIds) {
      return base::InvalidArgument("the hold names {} of one kind, and the limit is {}",
                                   ids->size(), kMaxIds);
    }
  }
  for (const std::string& name : scope.records()) {
    if (!IsStoredRecord(name)) {
      return base::InvalidArgument(
          "no stored record is named so: use names as belgrand retention plan prints them");
    }
  }
  if (scope.has_from() && scope.has_to() && ToInstant(scope.from()) >= ToInstant(scope.to())) {
    return base::InvalidArgument("the hold's time ends before it begins");
  }
  return base::OkStatus();
}

base::Status CheckReview(base::Instant review_by, base::Instant now) {
  if (review_by <= now || review_by > now + HoldBook::kLongestReview) {
    return base::InvalidArgument(
        "the review is on {}: it has to come within six months from now, so that nothing is kept "
        "because it was forgotten",
        base::FormatInstant(review_by));
  }
  return base::OkStatus();
}

}  // namespace

HoldMatcher::HoldMatcher(const pb::Descriptor& record, const HoldScopes& holds,
                         DistrictsOf districts)
    : districts_(std::move(districts)) {
  for (const v1::HoldScope& hold : holds) {
    if (hold.records().empty() || Names(hold.records(), record.full_name())) {
      holds_.push_back(hold);
    }
  }
}

bool HoldMatcher::Keeps(const pb::Message& record, std::optional<base::Instant> clock,
                        std::string_view site_id) const {
  if (holds_.empty()) return false;
  std::optional<std::string> site = TextOf(record, "site_id");
  if (!site && !site_id.empty()) site = std::string(site_id);
  const std::optional<std::string> laboratory = TextOf(record, "laboratory_id");
  // What should say it and does not (the row that takes another back has no site) is kept rather
  // than lost: without it the other would count again.
  const auto within = [](const Ids& ids, const std::optional<std::string>& id) {
    return ids.empty() || (id && (id->empty() || Names(ids, *id)));
  };
  return std::any_of(holds_.begin(), holds_.end(), [&](const v1::HoldScope& hold) {
    // The same for what cannot be dated.
    if (clock && hold.has_from() && *clock < ToInstant(hold.from())) return false;
    if (clock && hold.has_to() && *clock >= ToInstant(hold.to())) return false;
    return within(hold.laboratory_ids(), laboratory) && within(hold.site_ids(), site) &&
           IsInDistrict(hold, record, site);
  });
}

bool HoldMatcher::IsInDistrict(const v1::HoldScope& hold, const pb::Message& record,
                               const std::optional<std::string>& site) const {
  if (hold.district_ids().empty()) return true;
  if (const auto district = TextOf(record, "district_id")) {
    return district->empty() || Names(hold.district_ids(), *district);
  }
  if (!site) return false;
  if (site->empty()) return true;
  if (districts_ == nullptr) return false;
  const std::vector<std::string> districts = districts_(*site);
  return std::any_of(districts.begin(), districts.end(), [&](const std::string& district) {
    return Names(hold.district_ids(), district);
  });
}

base::StatusOr<std::vector<Record>> HoldBook::ReadStored() const {
  std::vector<Record> records;
  const auto bytes = base::ReadFile(file_, kMaxFileBytes);
  if (bytes.status().code() == base::StatusCode::kNotFound) return records;
  RETURN_IF_ERROR(bytes.status());
  const auto frames = DecodeFrames(kName, *bytes);
  if (!frames.ok()) return base::Annotate(frames.status(), file_.string());
  for (const std::string& frame : *frames) {
    Record& record = records.emplace_back();
    if (!record.ParseFromString(frame) || record.hold_id().empty()) {
      return base::DataLoss("{}: a hold cannot be read", file_.string());
    }
  }
  return records;
}

base::StatusOr<std::unique_ptr<HoldBook>> HoldBook::Open(std::filesystem::path file) {
  std::unique_ptr<HoldBook> book(new HoldBook(std::move(file)));
  ASSIGN_OR_RETURN(auto records, book->ReadStored());
  const base::MutexLock lock(book->mutex_);
  for (Record& record : records) {
    std::string id = record.hold_id();
    book->records_.insert_or_assign(std::move(id), std::move(record));
  }
  return book;
}

base::Status HoldBook::Store(Records records) {
  std::vector<std::string> frames;
  for (const auto& [id, record] : records) frames.push_back(record.SerializeAsString());
  RETURN_IF_ERROR(base::WriteFileAtomically(file_, EncodeFrames(kName, frames), 0600));
  records_ = std::move(records);
  return base::OkStatus();
}

base::StatusOr<Record> HoldBook::Find(std::string_view hold_id) const {
  const auto found = records_.find(hold_id);
  if (found == records_.end()) {
    return base::NotFound("no hold is named so: see belgrand retention hold list");
  }
  return found->second;
}

base::StatusOr<Record> HoldBook::Place(const v1::PlaceHoldRequest& request, base::Instant now) {
  if (request.authority().empty() || request.authority().size() > kMaxAuthorityBytes) {
    return base::InvalidArgument("authority has {} bytes: say in 1 to {} who demands the hold",
                                 request.authority().size(), kMaxAuthorityBytes);
  }
  if (request.reason().empty() || request.reason().size() > kMaxReasonBytes) {
    return base::InvalidArgument("reason has {} bytes: say in 1 to {} why", request.reason().size(),
                                 kMaxReasonBytes);
  }
  if (!request.has_review_by()) {
    return base::InvalidArgument("review_by is missing: say when somebody looks at it again");
  }
  const base::Instant review_by = ToInstant(request.review_by());
  RETURN_IF_ERROR(CheckReview(review_by, now));
  RETURN_IF_ERROR(CheckScope(request.scope()));
  Record record;
  record.set_hold_id(crypto::ToHex(crypto::RandomBytes(8)));
  record.set_authority(request.authority());
  record.set_reason(request.reason());
  *record.mutable_scope() = request.scope();
  record.set_opened_us(base::ToMicros(now));
  record.set_review_us(base::ToMicros(review_by));
  const base::MutexLock lock(mutex_);
  if (records_.size() >= kMaxHolds) {
    return base::ResourceExhausted("{} holds are in the list, which is the limit", records_.size());
  }
  Records next = records_;
  next.emplace(record.hold_id(), record);
  RETURN_IF_ERROR(Store(std::move(next)));
  return record;
}

base::StatusOr<Record> HoldBook::Review(std::string_view hold_id, base::Instant review_by,
                                        base::Instant now) {
  RETURN_IF_ERROR(CheckReview(review_by, now));
  const base::MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(Record record, Find(hold_id));
  if (record.released_us() != 0) {
    return base::FailedPrecondition("the hold was released: place a new one");
  }
  record.set_review_us(base::ToMicros(review_by));
  Records next = records_;
  next.insert_or_assign(record.hold_id(), record);
  RETURN_IF_ERROR(Store(std::move(next)));
  return record;
}

base::StatusOr<Record> HoldBook::Release(std::string_view hold_id, base::Instant now) {
  const base::MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(Record record, Find(hold_id));
  if (record.released_us() != 0) return record;
  record.set_released_us(std::max<std::int64_t>(base::ToMicros(now), 1));
  Records next = records_;
  next.insert_or_assign(record.hold_id(), record);
  RETURN_IF_ERROR(Store(std::move(next)));
  return record;
}

std::vector<Record> HoldBook::List() const {
  std::vector<Record> all;
  {
    const base::MutexLock lock(mutex_);
    for (const auto& [id, record] : records_) all.push_back(record);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Record& a, const Record& b) { return a.opened_us() < b.opened_us(); });
  return all;
}

HoldScopes HoldBook::InForce() const {
  HoldScopes scopes;
  const base::MutexLock lock(mutex_);
  for (const auto& [id, record] : records_) {
    if (record.released_us() == 0) scopes.push_back(record.scope());
  }
  return scopes;
}

std::size_t HoldBook::Overdue(base::Instant now) const {
  const base::MutexLock lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(records_.begin(), records_.end(), [&](const auto& entry) {
        return entry.second.released_us() == 0 && entry.second.review_us() <= base::ToMicros(now);
      }));
}

base::StatusOr<std::uint64_t> HoldBook::ReplaceReasons(const Rewording& rewording) {
  const base::MutexLock lock(mutex_);
  Records next = records_;
  std::uint64_t count = 0;
  for (auto& [id, record] : next) {
    if (record.reason().empty()) continue;
    auto reason = rewording(record);
    if (!reason) continue;
    record.set_reason(*std::move(reason));
    ++count;
  }
  if (count > 0) RETURN_IF_ERROR(Store(std::move(next)));
  return count;
}

base::StatusOr<std::vector<v1::ExpiryLine>> HoldBook::PlanExpiry(base::Instant now,
                                                                 const HoldScopes& holds) const {
  ExpiryTally tally(*Record::descriptor(), now, HoldMatcher(*Record::descriptor(), holds));
  const base::MutexLock lock(mutex_);
  for (const auto& [id, record] : records_) tally.Count(record);
  return tally.Lines();
}

base::StatusOr<std::vector<v1::ExpiryLine>> HoldBook::ApplyExpiry(base::Instant now,
                                                                  const HoldScopes& holds) {
  ExpiryTally tally(*Record::descriptor(), now, HoldMatcher(*Record::descriptor(), holds));
  const base::MutexLock lock(mutex_);
  Records kept;
  for (const auto& [id, record] : records_) {
    if (tally.Count(record) != ExpiryTally::Verdict::kDeleteRecord) kept.emplace(id, record);
  }
  if (kept.size() < records_.size()) RETURN_IF_ERROR(Store(std::move(kept)));
  std::vector<v1::ExpiryLine> lines = tally.Lines();
  return lines;
}

}  // namespace belgrand::compliance
