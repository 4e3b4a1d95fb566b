#include "alerting/book.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <utility>

#include "alerting/book_draft.h"
#include "alerting/escalation.h"
#include "alerting/no_alert.h"
#include "alerting/records.h"
#include "alerting/silence.h"
#include "platform/storage/keys.h"

namespace belgrand::alerting {
namespace {

using storage::v1::AlertEventRecord;
using storage::v1::AlertRecord;
using storage::v1::DeliveryRecord;

// 2: outcomes, and states 4 to 6. 3: notices, and silences that await consent. What older formats
// wrote reads the same.
constexpr std::uint64_t kFormat = 3;
constexpr std::uint64_t kOldestFormat = 1;

// Is in the history, and nobody is sent it.
bool InHistoryOnly(v1::EventKind kind) {
  return kind == v1::OUTCOME_RECORDED || kind == v1::BECAME_PENDING || kind == v1::PENDING_ENDED ||
         kind == v1::UNANSWERED;
}

base::StatusOr<std::optional<std::uint64_t>> GetNumber(const storage::Store& store,
                                                       const std::string& key) {
  ASSIGN_OR_RETURN(const auto value, store.Get(kMeta, key));
  if (!value) return std::optional<std::uint64_t>();
  ASSIGN_OR_RETURN(const std::uint64_t number, DecodeNumber(key, *value));
  return std::optional<std::uint64_t>(number);
}

void Remember(const std::vector<Destination>& recipients, AlertRecord& alert) {
  for (const Destination& to : recipients) {
    const bool known = std::ranges::find(alert.told(), to.receiver) != alert.told().end();
    if (!known) alert.add_told(to.receiver);
  }
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

AlertBook::AlertBook(storage::Store& store, const base::Clock& clock, BookOptions options,
                     std::string instance_id, std::uint64_t next_sequence)
    : store_(store),
      clock_(clock),
      policy_(options.rules, std::move(options.routes)),
      instance_id_(std::move(instance_id)),
      notice_rules_(
          options.rules.has_notices()
              ? std::optional<NoticeRules>(std::in_place, options.rules.notices(), instance_id_)
              : std::nullopt),
      silence_districts_alone_(options.rules.silence_districts_alone() == 0
                                   ? kDefaultDistrictsAlone
                                   : options.rules.silence_districts_alone()),
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
      new AlertBook(store, clock, std::move(options), *instance, *next));
  base::MutexLock lock(book->mutex_);
  RETURN_IF_ERROR(book->Index());
  return book;
}

base::Status AlertBook::Index() {
  by_state_ = {};
  watched_.clear();
  auto cursor = store_.Scan(kAlerts, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(const auto alert, ParseRecord<AlertRecord>("alert", cursor.value()));
    if (IsShown(alert)) ++by_state_.at(static_cast<std::size_t>(alert.state()));
    WatchAlert(KeyOf(alert), alert);
  }
  RETURN_IF_ERROR(cursor.status());
  ASSIGN_OR_RETURN(silences_, Silences());
  std::erase_if(silences_, [now = base::ToMicros(clock_.Now())](const auto& silence) {
    return silence.ends_at_us() <= now;
  });
  return IndexNotices();
}

void AlertBook::WatchAlert(const AlertKey& key, const AlertRecord& alert) {
  const bool stands = Stands(alert.state());
  if (!stands && alert.state() != v1::PENDING && alert.muted_by().empty()) {
    watched_.erase(key);
    return;
  }
  watched_[key] = {FactsOf(alert), alert.alert_id(), NextDueMicros(alert, policy_.open_after()),
                   stands, !alert.muted_by().empty()};
}

base::StatusOr<std::optional<AlertRecord>> AlertBook::Find(const AlertKey& key) const {
  ASSIGN_OR_RETURN(const auto value, store_.Get(kAlerts, AlertRecordKey(key)));
  if (!value) return std::optional<AlertRecord>();
  ASSIGN_OR_RETURN(auto alert, ParseRecord<AlertRecord>("alert", *value));
  return std::optional<AlertRecord>(std::move(alert));
}

std::vector<Destination> AlertBook::Recipients(const AlertRecord& alert, const NewEvent& event,
                                               base::Instant at) const {
  std::vector<Destination> recipients = policy_.Destinations(FactsOf(alert), at);
  // The night of those whom the tree leads to is the night of the others too.
  std::optional<Destination> held;
  for (const Destination& to : recipients) {
    if (to.held_until) held = to;
  }
  const auto add = [&](const std::string& receiver) {
    if (std::ranges::find(recipients, receiver, &Destination::receiver) != recipients.end()) return;
    Destination to{
        .receiver = receiver, .stream = policy_.IsStream(receiver), .way = "told before"};
    if (!to.stream && held) {
      to.quiet_hours = held->quiet_hours;
      to.held_until = held->held_until;
    }
    recipients.push_back(std::move(to));
  };
  if (event.only_to != nullptr) {
    std::erase_if(recipients, [](const Destination& to) { return !to.stream; });
    for (const std::string& receiver : *event.only_to) add(receiver);
  } else {
    for (const std::string& receiver : alert.told()) {
      if (policy_.IsConfigured(receiver)) add(receiver);
    }
  }
  std::erase_if(recipients, [&](const Destination& to) { return to.receiver == event.not_to; });
  return recipients;
}

AlertEventRecord AlertBook::AddEvent(Draft& draft, const NewEvent& told, const AlertRecord& alert) {
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
  if (InHistoryOnly(told.kind)) return event;
  for (const Destination& to : Recipients(alert, told, draft.now)) {
    DeliveryRecord delivery;
    delivery.set_event_sequence(event.sequence());
    delivery.set_alert_id(alert.alert_id());
    delivery.set_receiver(to.receiver);
    delivery.set_created_at_us(event.at_us());
    if (!to.stream && !told.muted_by.empty()) {
      delivery.set_state(v1::MUTED);
      delivery.set_last_result(fmt::format("muted by {}", told.muted_by));
    } else {
      delivery.set_state(v1::QUEUED);
      delivery.set_next_attempt_at_us(event.at_us());
      if (to.held_until) {
        delivery.set_next_attempt_at_us(base::ToMicros(*to.held_until));
        delivery.set_last_result(fmt::format("held by quiet hours '{}' until {}", to.quiet_hours,
                                             base::FormatInstant(*to.held_until)));
      }
      draft.batch.Put(kPending, QueueKey(to.receiver, event.sequence()), "");
    }
    draft.batch.Put(kDeliveries, DeliveryKey(event.sequence(), to.receiver),
                    delivery.SerializeAsString());
  }
  return event;
}

base::Status AlertBook::AddChange(Draft& draft, Change change, std::string_view by,
                                  std::string_view comment,
                                  const std::vector<std::string>* only_to) {
  AlertRecord& alert = change.alert;
  draft.old_states.try_emplace(KeyOf(alert), change.state_before);
  if (!change.event) {
    draft.alerts[KeyOf(alert)] = alert;
    return base::OkStatus();
  }
  const AlertFacts facts = FactsOf(alert);
  FollowEvent(alert, *change.event, policy_.PlanFor(facts, draft.now), draft.now);
  const bool answered = alert.unanswered() && !NeedsPerson(alert.state());
  if (answered) alert.clear_unanswered();
  const std::string muted_by = MutedByLocked(&draft, facts, alert.alert_id(), draft.now);
  const NewEvent event{.kind = *change.event,
                       .state_before = change.state_before,
                       .by = by,
                       .comment = comment,
                       .cause = change.cause,
                       .only_to = only_to,
                       .muted_by = muted_by};
  if (event.kind == v1::OPENED || event.kind == v1::REOPENED) alert.clear_told();
  if (!InHistoryOnly(event.kind)) {
    // What is told without being muted makes up for what was.
    alert.set_muted_by(muted_by);
    if (muted_by.empty()) Remember(Recipients(alert, event, draft.now), alert);
  }
  const AlertEventRecord written = AddEvent(draft, event, alert);
  draft.alerts[KeyOf(alert)] = alert;
  RETURN_IF_ERROR(FollowNotice(draft, written));
  if (answered) return TellUnanswered(draft, alert, detection::v1::Signal::CLEARED);
  return base::OkStatus();
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
    if (IsShown(alert)) ++by_state_.at(static_cast<std::size_t>(alert.state()));
    WatchAlert(key, alert);
  }
  for (auto& [key, notice] : draft.notices) notices_[key] = std::move(notice);
  next_notice_ += draft.new_notices;
  next_release_ += draft.new_releases;
  event_written_.NotifyAll();
  return base::OkStatus();
}

base::StatusOr<std::optional<AlertRecord>> AlertBook::FindIn(const Draft& draft,
                                                             const AlertKey& key) const {
  const auto drafted = draft.alerts.find(key);
  if (drafted != draft.alerts.end()) return std::optional<AlertRecord>(drafted->second);
  return Find(key);
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
    ASSIGN_OR_RETURN(const auto current, FindIn(draft, key));
    Change change =
        ApplySignal(current ? &*current : nullptr, *signal, draft.now, policy_.open_after());
    if (!change.changed) continue;
    if (change.event == v1::OPENED || change.event == v1::REOPENED) {
      RETURN_IF_ERROR(AddTrackRecord(change.alert));
    }
    RETURN_IF_ERROR(AddChange(draft, std::move(change), "", ""));
    ++applied;
  }
  RETURN_IF_ERROR(Commit(draft));
  return applied;
}

base::StatusOr<AlertRecord> AlertBook::Get(std::string_view alert_id) const {
  ASSIGN_OR_RETURN(const AlertKey key, ParseAlertId(alert_id));
  ASSIGN_OR_RETURN(auto alert, Find(key));
  if (!alert || !IsShown(*alert)) {
    return NoAlert(alert_id);
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
    if (IsShown(alert) && Passes(filter, alert)) alerts.push_back(std::move(alert));
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
