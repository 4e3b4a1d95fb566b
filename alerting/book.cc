#include "alerting/book.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <utility>

#include "alerting/book_draft.h"
#include "alerting/records.h"
#include "platform/storage/keys.h"

namespace belgrand::alerting {
namespace {

using storage::v1::AlertEventRecord;
using storage::v1::AlertRecord;
using storage::v1::DeliveryRecord;

// 2: outcomes, and states 4 to 6. What format 1 wrote reads the same.
constexpr std::uint64_t kFormat = 2;
constexpr std::uint64_t kOldestFormat = 1;

bool Concerns(const Route& route, const std::string& district_id) {
  return route.district_ids.empty() || route.district_ids.contains(district_id);
}

base::StatusOr<std::optional<std::uint64_t>> GetNumber(const storage::Store& store,
                                                       const std::string& key) {
  ASSIGN_OR_RETURN(const auto value, store.Get(kMeta, key));
  if (!value) return std::optional<std::uint64_t>();
  ASSIGN_OR_RETURN(const std::uint64_t number, DecodeNumber(key, *value));
  return std::optional<std::uint64_t>(number);
}

// Writes the identity of a new database; checks that of an existing one.
base::Status Prepare(storage::Store& store, const std::string& new_instance_id) {
  ASSIGN_OR_RETURN(const auto format, GetNumber(store, FormatMetaKey()));
  if (!format) {
    if (new_instance_id.empty()) {
      return base::InvalidArgument("new_instance_id is empty: a new database needs a random name");
    }
    storage::Batch batch;
    batch.Put(kMeta, FormatMetaKey(), EncodeNumber(kFormat));
    batch.Put(kMeta, InstanceMetaKey(), new_instance_id);
    batch.Put(kMeta, NextSequenceMetaKey(), EncodeNumber(1));
    return store.Write(batch);
  }
  if (*format < kOldestFormat || *format > kFormat) {
    return base::FailedPrecondition(
        "alerting database has format {}, this program knows {} to {}: run the version that wrote "
        "it",
        *format, kOldestFormat, kFormat);
  }
  if (*format == kFormat) return base::OkStatus();
  storage::Batch batch;
  batch.Put(kMeta, FormatMetaKey(), EncodeNumber(kFormat));
  return store.Write(batch);
}

}  // namespace

base::StatusOr<std::unique_ptr<storage::Store>> OpenAlertStore(
    const std::filesystem::path& directory) {
  storage::StoreOptions options;
  options.directory = directory;
  options.families = FamilyNames();
  return storage::Store::Open(options);
}

AlertBook::AlertBook(storage::Store& store, const base::Clock& clock, std::vector<Route> routes,
                     std::string instance_id, std::uint64_t next_sequence)
    : store_(store),
      clock_(clock),
      routes_(std::move(routes)),
      instance_id_(std::move(instance_id)),
      next_sequence_(next_sequence) {}

base::StatusOr<std::unique_ptr<AlertBook>> AlertBook::Open(storage::Store& store,
                                                           const base::Clock& clock,
                                                           BookOptions options) {
  RETURN_IF_ERROR(Prepare(store, options.new_instance_id));
  ASSIGN_OR_RETURN(const auto instance, store.Get(kMeta, InstanceMetaKey()));
  ASSIGN_OR_RETURN(const auto next, GetNumber(store, NextSequenceMetaKey()));
  if (!instance || !next) {
    return base::DataLoss("alerting database lacks its '{}' entry: restore the backup",
                          instance ? NextSequenceMetaKey() : InstanceMetaKey());
  }
  std::unique_ptr<AlertBook> book(
      new AlertBook(store, clock, std::move(options.routes), *instance, *next));
  base::MutexLock lock(book->mutex_);
  RETURN_IF_ERROR(book->CountStates());
  return book;
}

base::Status AlertBook::CountStates() {
  by_state_ = {};
  auto cursor = store_.Scan(kAlerts, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(const auto alert, ParseRecord<AlertRecord>("alert", cursor.value()));
    if (WasOpened(alert)) ++by_state_.at(static_cast<std::size_t>(alert.state()));
  }
  return cursor.status();
}

base::StatusOr<std::optional<AlertRecord>> AlertBook::Find(const AlertKey& key) const {
  ASSIGN_OR_RETURN(const auto value, store_.Get(kAlerts, AlertRecordKey(key)));
  if (!value) return std::optional<AlertRecord>();
  ASSIGN_OR_RETURN(auto alert, ParseRecord<AlertRecord>("alert", *value));
  return std::optional<AlertRecord>(std::move(alert));
}

void AlertBook::AddEvent(Draft& draft, const NewEvent& told, const AlertRecord& alert) {
  AlertEventRecord event;
  event.set_sequence(draft.next_sequence++);
  event.set_kind(told.kind);
  event.set_at_us(base::ToMicros(draft.now));
  *event.mutable_alert() = alert;
  event.set_by(std::string(told.by));
  event.set_comment(std::string(told.comment));
  event.set_cause(std::string(told.cause));
  event.set_state_before(told.state_before);
  draft.batch.Put(kEvents, EventKey(event.sequence()), event.SerializeAsString());
  draft.batch.Put(kHistory, HistoryKey(AlertRecordKey(KeyOf(alert)), event.sequence()), "");
  if (told.kind == v1::OUTCOME_RECORDED) return;  // in the history only
  for (const Route& route : routes_) {
    if (route.receiver == told.not_to || !Concerns(route, alert.district_id())) continue;
    DeliveryRecord delivery;
    delivery.set_event_sequence(event.sequence());
    delivery.set_alert_id(alert.alert_id());
    delivery.set_receiver(route.receiver);
    delivery.set_state(v1::QUEUED);
    delivery.set_created_at_us(event.at_us());
    delivery.set_next_attempt_at_us(event.at_us());
    draft.batch.Put(kDeliveries, DeliveryKey(event.sequence(), route.receiver),
                    delivery.SerializeAsString());
    draft.batch.Put(kPending, QueueKey(route.receiver, event.sequence()), "");
  }
}

void AlertBook::AddChange(Draft& draft, const Change& change, std::string_view by,
                          std::string_view comment) {
  if (change.event) {
    AddEvent(draft,
             {.kind = *change.event,
              .state_before = change.state_before,
              .by = by,
              .comment = comment,
              .cause = change.cause},
             change.alert);
  }
  draft.alerts[KeyOf(change.alert)] = change.alert;
}

base::Status AlertBook::Commit(Draft& draft) {
  for (const auto& [key, alert] : draft.alerts) {
    draft.batch.Put(kAlerts, AlertRecordKey(key), alert.SerializeAsString());
  }
  if (draft.next_sequence != next_sequence_) {
    draft.batch.Put(kMeta, NextSequenceMetaKey(), EncodeNumber(draft.next_sequence));
  }
  if (draft.batch.empty()) return base::OkStatus();
  RETURN_IF_ERROR(store_.Write(draft.batch));
  next_sequence_ = draft.next_sequence;
  for (const auto& [key, alert] : draft.alerts) {
    if (const auto old = draft.old_states.find(key);
        old != draft.old_states.end() && old->second != 0) {
      --by_state_.at(static_cast<std::size_t>(old->second));
    }
    if (WasOpened(alert)) ++by_state_.at(static_cast<std::size_t>(alert.state()));
  }
  event_written_.NotifyAll();
  return base::OkStatus();
}

base::StatusOr<std::uint32_t> AlertBook::Apply(
    std::span<const detection::v1::Signal* const> signals) {
  std::size_t index = 0;
  for (const detection::v1::Signal* signal : signals) {
    RETURN_IF_ERROR(base::Annotate(CheckSignal(*signal), fmt::format("signals[{}]", index++)));
  }
  base::MutexLock lock(mutex_);
  Draft draft(next_sequence_, clock_.Now());
  std::uint32_t applied = 0;
  for (const detection::v1::Signal* signal : signals) {
    const AlertKey key{signal->district_id(), signal->target(), signal->detector()};
    const AlertRecord* current = nullptr;
    std::optional<AlertRecord> stored;
    if (const auto drafted = draft.alerts.find(key); drafted != draft.alerts.end()) {
      current = &drafted->second;
    } else {
      ASSIGN_OR_RETURN(stored, Find(key));
      if (stored) current = &*stored;
    }
    Change change = ApplySignal(current, *signal, draft.now);
    if (!change.changed) continue;
    if (change.event == v1::OPENED || change.event == v1::REOPENED) {
      RETURN_IF_ERROR(AddTrackRecord(change.alert));
    }
    draft.old_states.try_emplace(key, current == nullptr ? 0 : current->state());
    AddChange(draft, change, "", "");
    ++applied;
  }
  RETURN_IF_ERROR(Commit(draft));
  return applied;
}

base::StatusOr<AlertRecord> AlertBook::Get(std::string_view alert_id) const {
  ASSIGN_OR_RETURN(const AlertKey key, ParseAlertId(alert_id));
  ASSIGN_OR_RETURN(auto alert, Find(key));
  if (!alert || !WasOpened(*alert)) {
    return base::NotFound("no alert '{}': copy the id from a list of alerts", alert_id);
  }
  return *std::move(alert);
}

base::StatusOr<std::vector<AlertRecord>> AlertBook::List(const AlertFilter& filter) const {
  if (filter.as_of) return ListAsOf(filter);
  std::string from;
  if (!filter.district_id.empty()) storage::AppendText(from, filter.district_id);
  std::vector<AlertRecord> alerts;
  auto cursor = store_.Scan(kAlerts, from, from.empty() ? "" : storage::PrefixEnd(from));
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(auto alert, ParseRecord<AlertRecord>("alert", cursor.value()));
    if (WasOpened(alert) && Passes(filter, alert)) alerts.push_back(std::move(alert));
  }
  RETURN_IF_ERROR(cursor.status());
  SortNewestFirst(alerts);
  return alerts;
}

base::StatusOr<AlertEventRecord> AlertBook::Event(std::uint64_t sequence) const {
  ASSIGN_OR_RETURN(const auto value, store_.Get(kEvents, EventKey(sequence)));
  if (!value)
    return base::NotFound("no event {}: past its retention, or not written yet", sequence);
  return ParseRecord<AlertEventRecord>("event", *value);
}

base::StatusOr<std::vector<AlertEventRecord>> AlertBook::EventsAfter(std::uint64_t sequence,
                                                                     std::size_t limit) const {
  std::vector<AlertEventRecord> events;
  if (sequence == std::numeric_limits<std::uint64_t>::max()) return events;
  auto cursor = store_.Scan(kEvents, EventKey(sequence + 1), "");
  for (; cursor.Valid() && events.size() < limit; cursor.Next()) {
    ASSIGN_OR_RETURN(auto event, ParseRecord<AlertEventRecord>("event", cursor.value()));
    events.push_back(std::move(event));
  }
  RETURN_IF_ERROR(cursor.status());
  return events;
}

std::uint64_t AlertBook::newest_sequence() const {
  base::MutexLock lock(mutex_);
  return next_sequence_ - 1;
}

StateCounts AlertBook::CountByState() const {
  base::MutexLock lock(mutex_);
  return by_state_;
}

void AlertBook::WaitForEvents(std::uint64_t sequence, base::Duration timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  base::MutexLock lock(mutex_);
  const std::uint64_t wakes = wakes_;
  while (next_sequence_ - 1 <= sequence && wakes_ == wakes) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= std::chrono::steady_clock::duration::zero()) return;
    event_written_.WaitFor(mutex_, left);
  }
}

void AlertBook::Wake() const {
  base::MutexLock lock(mutex_);
  ++wakes_;
  event_written_.NotifyAll();
}

}  // namespace belgrand::alerting
