// Retention of AlertBook: removes what a policy of the schema says is past its time.
#include <string>
#include <utility>

#include "alerting/book.h"
#include "alerting/records.h"
#include "platform/storage/keys.h"

namespace belgrand::alerting {
namespace {

using storage::v1::AlertEventRecord;
using storage::v1::AlertRecord;
using storage::v1::DeliveryRecord;
using storage::v1::LinkUseRecord;
using storage::v1::NoticeRecord;
using storage::v1::NoticeReleaseRecord;
using storage::v1::OutcomeRecord;
using storage::v1::SilenceRecord;

// Records looked at under one lock and changed in one batch.
constexpr std::size_t kPageRecords = 256;

void DeleteIndexes(const AlertRecord&, storage::Batch&) {}
void DeleteIndexes(const OutcomeRecord&, storage::Batch&) {}
void DeleteIndexes(const SilenceRecord&, storage::Batch&) {}
void DeleteIndexes(const NoticeRecord&, storage::Batch&) {}
void DeleteIndexes(const NoticeReleaseRecord&, storage::Batch&) {}
// Expires long after its link did.
void DeleteIndexes(const LinkUseRecord&, storage::Batch&) {}
void DeleteIndexes(const AlertEventRecord& event, storage::Batch& batch) {
  const AlertRecord& alert = event.alert();
  batch.Delete(kHistory,
               HistoryKey(AlertRecordKey({alert.district_id(), alert.target(), alert.rule()}),
                          event.sequence()));
}
// A dispatcher that is at work on it finds its event gone as well and gives it up.
void DeleteIndexes(const DeliveryRecord& delivery, storage::Batch& batch) {
  const std::string key = QueueKey(delivery.receiver(), delivery.event_sequence());
  batch.Delete(kPending, key);
  batch.Delete(kDead, key);
}

// The first key after `key`.
std::string After(std::string_view key) { return std::string(key) + '\0'; }

}  // namespace

template <typename Record>
base::Status AlertBook::SweepFamily(storage::Family family, const ExpiryJudge& judge,
                                    SweepMode mode) {
  std::string from;
  for (bool more = true; more;) {
    base::MutexLock lock(mutex_);
    storage::Batch batch;
    auto cursor = store_.Scan(family, from, "");
    for (std::size_t n = 0; cursor.Valid() && n < kPageRecords; ++n, cursor.Next()) {
      ASSIGN_OR_RETURN(Record record, ParseRecord<Record>("record", cursor.value()));
      from = After(cursor.key());
      const ExpiryVerdict verdict = judge(record);
      if (mode == SweepMode::kPlan || verdict == ExpiryVerdict::kKeep) continue;
      if (verdict == ExpiryVerdict::kStore) {
        batch.Put(family, cursor.key(), record.SerializeAsString());
      } else {
        batch.Delete(family, cursor.key());
        DeleteIndexes(record, batch);
      }
    }
    RETURN_IF_ERROR(cursor.status());
    more = cursor.Valid();
    if (batch.empty()) continue;
    batch.Put(kMeta, CompactionDueMetaKey(), "");
    RETURN_IF_ERROR(store_.Write(batch));
  }
  return base::OkStatus();
}

base::Status AlertBook::Sweep(const google::protobuf::Descriptor& record, const ExpiryJudge& judge,
                              SweepMode mode) {
  if (&record == AlertEventRecord::descriptor()) {
    return SweepFamily<AlertEventRecord>(kEvents, judge, mode);
  }
  if (&record == DeliveryRecord::descriptor()) {
    return SweepFamily<DeliveryRecord>(kDeliveries, judge, mode);
  }
  if (&record == OutcomeRecord::descriptor()) {
    return SweepFamily<OutcomeRecord>(kOutcomes, judge, mode);
  }
  if (&record == LinkUseRecord::descriptor()) {
    return SweepFamily<LinkUseRecord>(kLinkUses, judge, mode);
  }
  if (&record == NoticeReleaseRecord::descriptor()) {
    return SweepFamily<NoticeReleaseRecord>(kNoticeReleases, judge, mode);
  }
  if (&record == NoticeRecord::descriptor()) {
    RETURN_IF_ERROR(SweepFamily<NoticeRecord>(kNotices, judge, mode));
  } else if (&record == SilenceRecord::descriptor()) {
    RETURN_IF_ERROR(SweepFamily<SilenceRecord>(kSilences, judge, mode));
  } else if (&record == AlertRecord::descriptor()) {
    RETURN_IF_ERROR(SweepFamily<AlertRecord>(kAlerts, judge, mode));
  } else {
    return base::InvalidArgument("the alerting database holds no '{}'", record.full_name());
  }
  // These are also held in memory.
  if (mode == SweepMode::kPlan) return base::OkStatus();
  base::MutexLock lock(mutex_);
  return Index();
}

base::Status AlertBook::FinishSweeps() {
  ASSIGN_OR_RETURN(const auto due, store_.Get(kMeta, CompactionDueMetaKey()));
  if (!due) return base::OkStatus();
  RETURN_IF_ERROR(store_.CompactAll());
  storage::Batch done;
  done.Delete(kMeta, CompactionDueMetaKey());
  return store_.Write(done);
}

}  // namespace belgrand::alerting
