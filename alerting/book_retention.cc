// Retention of AlertBook: counts and removes what a policy of the schema says is past its time.
#include <algorithm>
#include <type_traits>
#include <utility>

#include "alerting/book.h"
#include "alerting/records.h"
#include "platform/storage/keys.h"

namespace belgrand::alerting {
namespace {

using storage::v1::AlertEventRecord;
using storage::v1::AlertRecord;
using storage::v1::DeliveryRecord;

// Records changed in one batch.
constexpr std::size_t kExpiryChunk = 500;

base::Instant ClockOf(const AlertRecord& record) {
  return base::FromMicros(record.changed_at_us());
}
base::Instant ClockOf(const AlertEventRecord& record) { return base::FromMicros(record.at_us()); }
base::Instant ClockOf(const DeliveryRecord& record) {
  return base::FromMicros(record.created_at_us());
}

// A delivery that has not ended is not taken away from its dispatcher.
bool IsHeld(const DeliveryRecord& record) {
  return record.state() == v1::QUEUED || record.state() == v1::RETRYING;
}
template <typename Record>
bool IsHeld(const Record&) {
  return false;
}

void Note(ExpiryTally& tally, base::Instant at) {
  ++tally.expired;
  tally.oldest = tally.oldest ? std::min(*tally.oldest, at) : at;
  tally.newest = tally.newest ? std::max(*tally.newest, at) : at;
}

void DeleteIndexes(const AlertRecord&, storage::Batch&) {}
void DeleteIndexes(const AlertEventRecord& event, storage::Batch& batch) {
  const AlertRecord& alert = event.alert();
  batch.Delete(kHistory,
               HistoryKey(AlertRecordKey({alert.district_id(), alert.target(), alert.rule()}),
                          event.sequence()));
}
void DeleteIndexes(const DeliveryRecord& delivery, storage::Batch& batch) {
  batch.Delete(kDead, QueueKey(delivery.receiver(), delivery.event_sequence()));
}

// Clears `field` of the record itself when it is set and past its time; true when it did.
template <typename Record>
bool ClearField(Record& record, const google::protobuf::FieldDescriptor& field,
                base::Instant before, ExpiryTally& tally) {
  const auto* reflection = record.GetReflection();
  const bool set = field.is_repeated() ? reflection->FieldSize(record, &field) > 0
                                       : reflection->HasField(record, &field);
  if (!set) return false;
  ++tally.held;
  if (ClockOf(record) >= before) return false;
  Note(tally, ClockOf(record));
  reflection->ClearField(&record, &field);
  return true;
}

}  // namespace

// Whole records when `field` is empty.
template <typename Record>
base::StatusOr<ExpiryTally> AlertBook::ExpireRecords(storage::Family family, std::string_view field,
                                                     base::Instant before, ExpiryMode mode) {
  const google::protobuf::FieldDescriptor* descriptor = nullptr;
  if (!field.empty()) {
    descriptor = Record::descriptor()->FindFieldByName(std::string(field));
    if (descriptor == nullptr) {
      return base::InvalidArgument("{} has no field '{}'", Record::descriptor()->full_name(),
                                   field);
    }
  }
  ExpiryTally tally;
  storage::Batch batch;
  std::size_t changes = 0;
  auto cursor = store_.Scan(family, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(auto record, ParseRecord<Record>("record", cursor.value()));
    if (descriptor != nullptr) {
      if (!ClearField(record, *descriptor, before, tally) || mode == ExpiryMode::kPlan) continue;
      batch.Put(family, cursor.key(), record.SerializeAsString());
    } else {
      ++tally.held;
      if (ClockOf(record) >= before || IsHeld(record)) continue;
      Note(tally, ClockOf(record));
      if (mode == ExpiryMode::kPlan) continue;
      batch.Delete(family, cursor.key());
      DeleteIndexes(record, batch);
    }
    if (++changes % kExpiryChunk == 0) {
      RETURN_IF_ERROR(store_.Write(batch));
      batch = {};
    }
  }
  RETURN_IF_ERROR(cursor.status());
  if (!batch.empty()) RETURN_IF_ERROR(store_.Write(batch));
  return tally;
}

// Copies of an alert inside events are under the alert's own policy.
base::StatusOr<ExpiryTally> AlertBook::ExpireCopies(std::string_view field, base::Instant before,
                                                    ExpiryMode mode) {
  const auto* descriptor = AlertRecord::descriptor()->FindFieldByName(std::string(field));
  ExpiryTally tally;
  storage::Batch batch;
  std::size_t changes = 0;
  auto cursor = store_.Scan(kEvents, "", "");
  for (; descriptor != nullptr && cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(auto event, ParseRecord<AlertEventRecord>("event", cursor.value()));
    if (!ClearField(*event.mutable_alert(), *descriptor, before, tally)) continue;
    if (mode == ExpiryMode::kPlan) continue;
    batch.Put(kEvents, cursor.key(), event.SerializeAsString());
    if (++changes % kExpiryChunk == 0) {
      RETURN_IF_ERROR(store_.Write(batch));
      batch = {};
    }
  }
  RETURN_IF_ERROR(cursor.status());
  if (!batch.empty()) RETURN_IF_ERROR(store_.Write(batch));
  return tally;
}

base::StatusOr<ExpiryTally> AlertBook::Expire(std::string_view record, std::string_view field,
                                              base::Instant before, ExpiryMode mode) {
  base::MutexLock lock(mutex_);
  if (record == AlertEventRecord::descriptor()->full_name()) {
    return ExpireRecords<AlertEventRecord>(kEvents, field, before, mode);
  }
  if (record == DeliveryRecord::descriptor()->full_name()) {
    return ExpireRecords<DeliveryRecord>(kDeliveries, field, before, mode);
  }
  if (record != AlertRecord::descriptor()->full_name()) {
    return base::InvalidArgument("the alerting database holds no record '{}'", record);
  }
  ASSIGN_OR_RETURN(ExpiryTally tally, ExpireRecords<AlertRecord>(kAlerts, field, before, mode));
  if (field.empty()) {
    if (mode == ExpiryMode::kApply) RETURN_IF_ERROR(CountStates());
    return tally;
  }
  ASSIGN_OR_RETURN(const ExpiryTally copies, ExpireCopies(field, before, mode));
  tally.held += copies.held;
  tally.expired += copies.expired;
  if (copies.oldest)
    tally.oldest = tally.oldest ? std::min(*tally.oldest, *copies.oldest) : copies.oldest;
  if (copies.newest)
    tally.newest = tally.newest ? std::max(*tally.newest, *copies.newest) : copies.newest;
  return tally;
}

}  // namespace belgrand::alerting
