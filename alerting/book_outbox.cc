// The outbox and the subscribers of AlertBook.
#include <algorithm>
#include <map>
#include <utility>

#include "alerting/book.h"
#include "alerting/book_draft.h"
#include "alerting/records.h"
#include "platform/storage/keys.h"

namespace belgrand::alerting {
namespace {

using storage::v1::AlertEventRecord;
using storage::v1::AlertRecord;
using storage::v1::DeliveryRecord;

// Deliveries confirmed in one batch.
constexpr std::size_t kConfirmChunk = 1000;

void PutPosition(std::string_view subscriber, const SubscriberPosition& position,
                 storage::Batch& batch) {
  batch.Put(kMeta, SubscriberMetaKey(subscriber),
            EncodeNumber(position.sent) + EncodeNumber(position.confirmed));
}

}  // namespace

base::StatusOr<DeliveryRecord> AlertBook::ReadDelivery(std::uint64_t sequence,
                                                       std::string_view receiver) const {
  ASSIGN_OR_RETURN(const auto value, store_.Get(kDeliveries, DeliveryKey(sequence, receiver)));
  if (!value) {
    return base::DataLoss("delivery of event {} to '{}' is queued and not stored", sequence,
                          receiver);
  }
  return ParseRecord<DeliveryRecord>("delivery", *value);
}

base::StatusOr<std::vector<DeliveryRecord>> AlertBook::Deliveries(std::string_view alert_id) const {
  ASSIGN_OR_RETURN(const AlertKey key, ParseAlertId(alert_id));
  const std::string prefix = AlertRecordKey(key);
  std::vector<DeliveryRecord> deliveries;
  auto history = store_.Scan(kHistory, prefix, storage::PrefixEnd(prefix));
  for (; history.Valid(); history.Next()) {
    const auto sequence = SequenceOfHistoryKey(history.key());
    if (!sequence) continue;
    const std::string from = EncodeNumber(*sequence);
    auto cursor = store_.Scan(kDeliveries, from, storage::PrefixEnd(from));
    for (; cursor.Valid(); cursor.Next()) {
      ASSIGN_OR_RETURN(auto delivery, ParseRecord<DeliveryRecord>("delivery", cursor.value()));
      deliveries.push_back(std::move(delivery));
    }
    RETURN_IF_ERROR(cursor.status());
  }
  RETURN_IF_ERROR(history.status());
  return deliveries;
}

base::StatusOr<std::vector<DeliveryRecord>> AlertBook::Pending(std::string_view receiver,
                                                               std::uint64_t after) const {
  std::vector<DeliveryRecord> deliveries;
  auto cursor = store_.Scan(kPending, QueueKey(receiver, after + 1),
                            storage::PrefixEnd(QueuePrefix(receiver)));
  for (; cursor.Valid(); cursor.Next()) {
    const auto entry = ParseQueueKey(cursor.key());
    if (!entry) return base::DataLoss("a queue entry of the alerting database is damaged");
    ASSIGN_OR_RETURN(const auto value,
                     store_.Get(kDeliveries, DeliveryKey(entry->sequence, receiver)));
    if (!value) continue;  // removed by retention since the cursor was opened
    ASSIGN_OR_RETURN(auto delivery, ParseRecord<DeliveryRecord>("delivery", *value));
    // Ended since the cursor was opened.
    if (delivery.state() != v1::QUEUED && delivery.state() != v1::RETRYING) continue;
    deliveries.push_back(std::move(delivery));
  }
  RETURN_IF_ERROR(cursor.status());
  return deliveries;
}

base::Status AlertBook::Save(const DeliveryRecord& delivery) {
  storage::Batch batch;
  batch.Put(kDeliveries, DeliveryKey(delivery.event_sequence(), delivery.receiver()),
            delivery.SerializeAsString());
  if (delivery.state() == v1::DELIVERED) {
    batch.Delete(kPending, QueueKey(delivery.receiver(), delivery.event_sequence()));
  }
  return store_.Write(batch);
}

void AlertBook::BuryInto(Draft& draft, DeliveryRecord delivery) const {
  delivery.set_state(v1::DEAD);
  delivery.clear_next_attempt_at_us();
  const std::string queue_key = QueueKey(delivery.receiver(), delivery.event_sequence());
  draft.batch.Put(kDeliveries, DeliveryKey(delivery.event_sequence(), delivery.receiver()),
                  delivery.SerializeAsString());
  draft.batch.Delete(kPending, queue_key);
  draft.batch.Put(kDead, queue_key, "");
}

base::StatusOr<std::optional<AlertRecord>> AlertBook::AlertToReport(std::uint64_t sequence) const {
  const auto event = Event(sequence);
  if (event.status().code() == base::StatusCode::kNotFound) return std::optional<AlertRecord>();
  RETURN_IF_ERROR(event.status());
  if (event->kind() == v1::DELIVERY_FAILED) return std::optional<AlertRecord>();
  const AlertRecord& told = event->alert();
  // The news is about the alert as it is now.
  ASSIGN_OR_RETURN(auto now, Find({told.district_id(), told.target(), told.rule()}));
  return now ? std::move(now) : std::optional<AlertRecord>(told);
}

base::Status AlertBook::Bury(DeliveryRecord delivery) {
  base::MutexLock lock(mutex_);
  Draft draft(next_sequence_, clock_.Now());
  ASSIGN_OR_RETURN(const auto alert, AlertToReport(delivery.event_sequence()));
  if (alert) {
    const std::string comment = fmt::format(
        "Event {} did not reach receiver '{}' after {} attempts: {}", delivery.event_sequence(),
        delivery.receiver(), delivery.attempts(), delivery.last_result());
    AddEvent(draft,
             {.kind = v1::DELIVERY_FAILED,
              .state_before = alert->state(),
              .comment = comment,
              .not_to = delivery.receiver()},
             *alert);
  }
  BuryInto(draft, std::move(delivery));
  return Commit(draft);
}

base::Status AlertBook::BuryUntold(Draft& draft, DeliveryRecord delivery, std::string_view comment,
                                   std::set<std::string>& told) {
  const std::string receiver = delivery.receiver();
  ASSIGN_OR_RETURN(const auto alert, AlertToReport(delivery.event_sequence()));
  if (alert && told.insert(receiver + '\n' + alert->alert_id()).second) {
    AddEvent(draft,
             {.kind = v1::DELIVERY_FAILED,
              .state_before = alert->state(),
              .comment = comment,
              .not_to = receiver},
             *alert);
  }
  BuryInto(draft, std::move(delivery));
  return base::OkStatus();
}

base::StatusOr<std::uint64_t> AlertBook::GiveUpStream(std::string_view subscriber,
                                                      base::Instant queued_by) {
  base::MutexLock lock(mutex_);
  std::uint64_t given_up = 0;
  std::set<std::string> told;
  auto cursor =
      store_.Scan(kPending, QueuePrefix(subscriber), storage::PrefixEnd(QueuePrefix(subscriber)));
  for (bool more = true; more;) {
    Draft draft(next_sequence_, clock_.Now());
    more = false;
    for (std::size_t n = 0; cursor.Valid(); cursor.Next()) {
      const auto entry = ParseQueueKey(cursor.key());
      if (!entry) return base::DataLoss("a queue entry of the alerting database is damaged");
      ASSIGN_OR_RETURN(auto delivery, ReadDelivery(entry->sequence, subscriber));
      // Events are numbered in the order of their time: what follows is younger still.
      if (base::FromMicros(delivery.created_at_us()) > queued_by) break;
      if (n++ == kConfirmChunk) {
        more = true;
        break;
      }
      const std::string since = base::FormatInstant(base::FromMicros(delivery.created_at_us()));
      delivery.set_last_result("nobody confirmed it in time; the stream still carries it");
      RETURN_IF_ERROR(
          BuryUntold(draft, std::move(delivery),
                     fmt::format("Stream receiver '{}' has not confirmed event {} of {}",
                                 subscriber, entry->sequence, since),
                     told));
      ++given_up;
    }
    RETURN_IF_ERROR(cursor.status());
    RETURN_IF_ERROR(Commit(draft));
  }
  return given_up;
}

base::StatusOr<std::uint64_t> AlertBook::RetireReceivers() {
  base::MutexLock lock(mutex_);
  std::set<std::string> configured;
  for (const Route& route : routes()) configured.insert(route.receiver);
  Draft draft(next_sequence_, clock_.Now());
  std::uint64_t retired = 0;
  std::set<std::string> told;
  auto cursor = store_.Scan(kPending, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    const auto entry = ParseQueueKey(cursor.key());
    if (!entry) return base::DataLoss("a queue entry of the alerting database is damaged");
    if (configured.contains(entry->receiver)) continue;
    ASSIGN_OR_RETURN(auto delivery, ReadDelivery(entry->sequence, entry->receiver));
    delivery.set_last_result("the receiver is no longer in the configuration");
    RETURN_IF_ERROR(
        BuryUntold(draft, std::move(delivery),
                   fmt::format("Receiver '{}' is no longer in the configuration and was not told",
                               entry->receiver),
                   told));
    ++retired;
  }
  RETURN_IF_ERROR(cursor.status());
  RETURN_IF_ERROR(Commit(draft));
  return retired;
}

base::StatusOr<std::vector<DeliveryRecord>> AlertBook::DeadLetters() const {
  std::vector<DeliveryRecord> deliveries;
  auto cursor = store_.Scan(kDead, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    const auto entry = ParseQueueKey(cursor.key());
    if (!entry) return base::DataLoss("a dead letter of the alerting database is damaged");
    ASSIGN_OR_RETURN(auto delivery, ReadDelivery(entry->sequence, entry->receiver));
    deliveries.push_back(std::move(delivery));
  }
  RETURN_IF_ERROR(cursor.status());
  return deliveries;
}

base::StatusOr<std::vector<OutboxDepth>> AlertBook::Depths() const {
  std::map<std::string, OutboxDepth> depths;
  for (const Route& route : routes()) depths[route.receiver].receiver = route.receiver;
  auto cursor = store_.Scan(kPending, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    const auto entry = ParseQueueKey(cursor.key());
    if (!entry) return base::DataLoss("a queue entry of the alerting database is damaged");
    OutboxDepth& depth = depths[entry->receiver];
    depth.receiver = entry->receiver;
    if (depth.pending++ > 0) continue;
    ASSIGN_OR_RETURN(const auto delivery, ReadDelivery(entry->sequence, entry->receiver));
    depth.oldest = base::FromMicros(delivery.created_at_us());
  }
  RETURN_IF_ERROR(cursor.status());
  std::vector<OutboxDepth> out;
  for (auto& [receiver, depth] : depths) out.push_back(std::move(depth));
  return out;
}

base::StatusOr<SubscriberPosition> AlertBook::Position(std::string_view subscriber) const {
  ASSIGN_OR_RETURN(const auto value, store_.Get(kMeta, SubscriberMetaKey(subscriber)));
  if (!value) return SubscriberPosition();
  std::string_view rest = *value;
  const auto sent = storage::TakeUint64(rest);
  const auto confirmed = storage::TakeUint64(rest);
  if (!sent || !confirmed || !rest.empty()) {
    return base::DataLoss("the position of subscriber '{}' is damaged: restore the backup",
                          subscriber);
  }
  return SubscriberPosition{*sent, *confirmed};
}

base::Status AlertBook::MarkSent(std::string_view subscriber, std::uint64_t up_to) {
  base::MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(SubscriberPosition position, Position(subscriber));
  if (up_to <= position.sent) return base::OkStatus();
  position.sent = up_to;
  storage::Batch batch;
  PutPosition(subscriber, position, batch);
  return store_.Write(batch);
}

base::StatusOr<Confirmation> AlertBook::Confirm(std::string_view subscriber, std::uint64_t up_to) {
  base::MutexLock lock(mutex_);
  Confirmation result;
  ASSIGN_OR_RETURN(result.position, Position(subscriber));
  SubscriberPosition& position = result.position;
  if (up_to > position.sent) {
    return base::InvalidArgument(
        "up_to_sequence is {}: only events up to {} were sent to '{}'; confirm what arrived", up_to,
        position.sent, subscriber);
  }
  if (up_to <= position.confirmed) return result;
  for (const storage::Family queue : {kPending, kDead}) {
    ASSIGN_OR_RETURN(const std::uint64_t ended, EndQueued(queue, subscriber, up_to));
    result.deliveries += ended;
  }
  // The position moves when all deliveries have: a crash before leaves a part to confirm.
  position.confirmed = up_to;
  storage::Batch batch;
  PutPosition(subscriber, position, batch);
  RETURN_IF_ERROR(store_.Write(batch));
  return result;
}

base::StatusOr<std::uint64_t> AlertBook::EndQueued(storage::Family queue,
                                                   std::string_view subscriber,
                                                   std::uint64_t up_to) {
  const std::int64_t now_us = base::ToMicros(clock_.Now());
  std::uint64_t ended = 0;
  auto cursor = store_.Scan(queue, QueuePrefix(subscriber), QueueKey(subscriber, up_to + 1));
  while (cursor.Valid()) {
    storage::Batch batch;
    for (std::size_t n = 0; cursor.Valid() && n < kConfirmChunk; ++n, cursor.Next()) {
      const auto entry = ParseQueueKey(cursor.key());
      if (!entry) return base::DataLoss("a queue entry of the alerting database is damaged");
      ASSIGN_OR_RETURN(DeliveryRecord delivery, ReadDelivery(entry->sequence, subscriber));
      delivery.set_state(v1::DELIVERED);
      delivery.set_attempts(delivery.attempts() + 1);
      delivery.set_last_attempt_at_us(now_us);
      delivery.clear_next_attempt_at_us();
      delivery.set_last_result("confirmed by the subscriber");
      batch.Put(kDeliveries, DeliveryKey(entry->sequence, subscriber),
                delivery.SerializeAsString());
      batch.Delete(queue, cursor.key());
      ++ended;
    }
    RETURN_IF_ERROR(cursor.status());
    RETURN_IF_ERROR(store_.Write(batch));
  }
  RETURN_IF_ERROR(cursor.status());
  return ended;
}

}  // namespace belgrand::alerting
