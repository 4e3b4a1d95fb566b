// The book of alerts: every alert, its history, its silences and each delivery of it, on disk.
//
// Why one class: an alert, the event that tells of it and the deliveries of that event are one
// fact, and are written in ONE batch, so that no delivery is ever tried of an alert that a crash
// could take back (and none forgotten). Layout: docs/formats/alerting.md.
//
// Thread safety: safe. Changes of alerts are serial; reads never wait for them.
// Ownership: borrows `store` and `clock`, which must outlive it. One book per store.
// Invariants: (1) events are numbered from 1 without a gap, in the order of their batches;
//   (2) an event and one delivery for each receiver it concerns appear together or not at all
//   (of a receiver that is not to hear of it now, a MUTED one);
//   (3) a delivery is in `pending` exactly while it is QUEUED or RETRYING, in `dead` exactly while
//   DEAD; (4) receipts stay when the receiver leaves the configuration.
#pragma once

#include <google/protobuf/message.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/alert_id.h"
#include "alerting/lifecycle.h"
#include "alerting/notice.h"
#include "alerting/policy/policy.h"
#include "alerting/tables.h"
#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/detection/v1/detection.pb.h"
#include "belgrand/storage/v1/alert_record.pb.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/storage/store.h"

namespace belgrand::alerting {

struct BookOptions {
  // All receivers.
  std::vector<Route> routes;
  // Names the database in ids of messages sent out, so that number 7 of another database is not
  // taken for ours. Used when the database is new; afterwards the stored one stays.
  std::string new_instance_id;
  // Routing, escalation and the rest. REQUIRES: CheckPolicy found nothing.
  config::v1::Alerting rules = {};
};

struct AlertFilter {
  // Empty: all.
  std::string district_id;
  // Empty: all.
  std::set<int> states = {};
  // Each alert as its newest event up to this instant left it, instead of as it is.
  std::optional<base::Instant> as_of = {};
  // Only closed ones of which nobody has said what they were.
  bool awaiting_outcome = false;
};

// What officials said of the alerts of one rule in one district.
struct RuleRecord {
  std::string district_id;
  std::string rule;
  storage::v1::TrackRecordCounts counts;
};

// Alerts by number of AlertState.
using StateCounts = std::array<std::uint64_t, v1::AlertState_ARRAYSIZE>;

// How far a stream subscriber is.
struct SubscriberPosition {
  std::uint64_t sent = 0;
  std::uint64_t confirmed = 0;
};

struct Confirmation {
  SubscriberPosition position;
  // Deliveries that became DELIVERED.
  std::uint64_t deliveries = 0;
};

// Who has not been told yet.
struct OutboxDepth {
  std::string receiver;
  std::uint64_t pending = 0;
  // When the oldest of them was written; absent when none is pending.
  std::optional<base::Instant> oldest;
};

// What a retention policy says of one stored record; on kStore the judge has changed it.
enum class ExpiryVerdict { kKeep, kStore, kDelete };
using ExpiryJudge = std::function<ExpiryVerdict(google::protobuf::Message& record)>;
enum class SweepMode { kPlan, kApply };

class AlertBook {
 public:
  // DataLoss: the database is damaged. FailedPrecondition: written by a newer format.
  static base::StatusOr<std::unique_ptr<AlertBook>> Open(storage::Store& store,
                                                         const base::Clock& clock,
                                                         BookOptions options);

  // Applies signals in their order, all in one batch; returns how many changed an alert.
  // InvalidArgument names the index of an unusable signal; then none is applied.
  base::StatusOr<std::uint32_t> Apply(std::span<const detection::v1::Signal* const> signals);
  // NotFound: no such alert; otherwise as the lifecycle says.
  base::StatusOr<storage::v1::AlertRecord> Acknowledge(std::string_view alert_id,
                                                       std::string_view by,
                                                       std::string_view comment);
  base::StatusOr<storage::v1::AlertRecord> Escalate(std::string_view alert_id, std::string_view by,
                                                    std::string_view reason);
  base::StatusOr<storage::v1::AlertRecord> Close(
      std::string_view alert_id, Closing closing, std::string_view by, std::string_view reason,
      v1::AlertOutcome outcome = v1::OUTCOME_UNSPECIFIED);
  base::StatusOr<storage::v1::AlertRecord> Reopen(std::string_view alert_id, std::string_view by,
                                                  std::string_view reason);
  // Writes an event that is in the history and that no receiver is sent.
  base::StatusOr<storage::v1::AlertRecord> RecordOutcome(std::string_view alert_id,
                                                         std::string_view by,
                                                         v1::AlertOutcome outcome,
                                                         std::string_view comment);

  // Silences. Their number is counted from 1.
  //
  // InvalidArgument: as CheckSilence says. ResourceExhausted: too many are active or to come.
  base::StatusOr<storage::v1::SilenceRecord> CreateSilence(storage::v1::SilenceRecord silence)
      EXCLUDES_LOCK(mutex_);
  bool NeedsConsent(const storage::v1::SilenceRecord& silence) const;
  // Of a broad one, by another person than its owner; errors as in the contract.
  base::StatusOr<storage::v1::SilenceRecord> ConsentToSilence(std::uint64_t silence_id,
                                                              const Person& who)
      EXCLUDES_LOCK(mutex_);
  // NotFound. FailedPrecondition: it has ended.
  base::StatusOr<storage::v1::SilenceRecord> EndSilence(std::uint64_t silence_id,
                                                        std::string_view by) EXCLUDES_LOCK(mutex_);
  base::StatusOr<std::vector<storage::v1::SilenceRecord>> Silences() const;
  // Alerts that stand and that its conditions hold for, newest change first.
  base::StatusOr<std::vector<storage::v1::AlertRecord>> PreviewSilence(
      const storage::v1::SilenceRecord& silence) const;
  // What would mute notifications of such an alert at an instant; empty: nothing.
  std::string MutedBy(const AlertFacts& facts, std::string_view alert_id, base::Instant at) const
      EXCLUDES_LOCK(mutex_);

  // Public notices: rules in alerting/notice.h. They follow the events of their alerts.
  //
  // Newest first, those that are over included.
  base::StatusOr<std::vector<storage::v1::NoticeRecord>> Notices() const;
  base::StatusOr<storage::v1::NoticeRecord> GetNotice(std::uint64_t notice_id) const;
  base::StatusOr<storage::v1::NoticeRecord> ApproveNotice(std::uint64_t notice_id,
                                                          std::string_view digest,
                                                          const Person& who,
                                                          std::string_view comment)
      EXCLUDES_LOCK(mutex_);
  base::StatusOr<storage::v1::NoticeRecord> RefuseNotice(std::uint64_t notice_id,
                                                         std::string_view digest,
                                                         std::string_view by,
                                                         std::string_view reason)
      EXCLUDES_LOCK(mutex_);
  base::StatusOr<storage::v1::NoticeRecord> WithdrawNotice(std::uint64_t notice_id,
                                                           std::string_view by,
                                                           std::string_view reason)
      EXCLUDES_LOCK(mutex_);
  // What the public may read: the messages that are out, newest first.
  base::StatusOr<std::vector<storage::v1::NoticeReleaseRecord>> NewestReleases(
      std::size_t limit) const EXCLUDES_LOCK(mutex_);
  base::StatusOr<storage::v1::NoticeReleaseRecord> GetRelease(std::uint64_t release_id) const;

  // Does what time alone brings: opens what was pending, takes steps of escalations, reminds, tells
  // of what is not muted any more, and of notices that wait. Each alert's in a batch of its own, on
  // disk before anybody is told. Returns how many alerts changed.
  base::StatusOr<std::uint64_t> Tick() EXCLUDES_LOCK(mutex_);

  // NotFound, or InvalidArgument when it is no alert id.
  base::StatusOr<storage::v1::AlertRecord> Get(std::string_view alert_id) const;
  // As its newest event up to `as_of` left it. NotFound also when there was none yet.
  base::StatusOr<storage::v1::AlertRecord> GetAsOf(std::string_view alert_id,
                                                   base::Instant as_of) const;
  // Newest change first.
  base::StatusOr<std::vector<storage::v1::AlertRecord>> List(const AlertFilter& filter) const;
  // Oldest first.
  base::StatusOr<std::vector<storage::v1::AlertEventRecord>> History(
      std::string_view alert_id) const;
  // By district, then rule; empty texts: all.
  base::StatusOr<std::vector<RuleRecord>> TrackRecords(std::string_view district_id,
                                                       std::string_view rule) const;
  // Of every event of the alert, oldest first; also for receivers no longer configured.
  base::StatusOr<std::vector<storage::v1::DeliveryRecord>> Deliveries(
      std::string_view alert_id) const;
  // NotFound: not written yet, or past its retention.
  base::StatusOr<storage::v1::AlertEventRecord> Event(std::uint64_t sequence) const;
  // At most `limit` events after a number, ascending.
  base::StatusOr<std::vector<storage::v1::AlertEventRecord>> EventsAfter(std::uint64_t sequence,
                                                                         std::size_t limit) const;
  // 0: none yet.
  std::uint64_t newest_sequence() const EXCLUDES_LOCK(mutex_);
  const std::string& instance_id() const { return instance_id_; }
  const std::vector<Route>& routes() const { return policy_.receivers(); }
  const AlertPolicy& policy() const { return policy_; }
  // Those that have been opened.
  StateCounts CountByState() const EXCLUDES_LOCK(mutex_);

  // Blocks until an event after `sequence` exists, the timeout passes, or Wake() is called.
  void WaitForEvents(std::uint64_t sequence, base::Duration timeout) const EXCLUDES_LOCK(mutex_);
  void Wake() const EXCLUDES_LOCK(mutex_);

  // The outbox. Deliveries of one receiver are changed by one dispatcher at a time.
  //
  // Pending ones of a receiver with event numbers above `after`, ascending.
  base::StatusOr<std::vector<storage::v1::DeliveryRecord>> Pending(std::string_view receiver,
                                                                   std::uint64_t after) const;
  // Replaces a pending delivery by a record that is pending, or DELIVERED.
  base::Status Save(const storage::v1::DeliveryRecord& delivery);
  // Gives a delivery up and, unless it told of a failed delivery itself, tells the other receivers
  // by a DELIVERY_FAILED event: never the one that failed, never in a circle.
  base::Status Bury(storage::v1::DeliveryRecord delivery);
  // Gives up what has been pending for a stream's subscriber since `queued_by` or before, with one
  // DELIVERY_FAILED event for each alert concerned; the events stay in the stream. Returns how many
  // deliveries that were. Broken off and repeated, it does the rest.
  base::StatusOr<std::uint64_t> GiveUpStream(std::string_view subscriber, base::Instant queued_by);
  // Gives up what is pending for receivers that are not configured any more, with one
  // DELIVERY_FAILED event for each alert concerned. Returns how many deliveries that were.
  base::StatusOr<std::uint64_t> RetireReceivers();
  // By receiver, then event number.
  base::StatusOr<std::vector<storage::v1::DeliveryRecord>> DeadLetters() const;
  base::StatusOr<std::vector<OutboxDepth>> Depths() const;

  // Stream subscribers.
  //
  // {0, 0} for one that is new.
  base::StatusOr<SubscriberPosition> Position(std::string_view subscriber) const;
  // Notes, before they are sent, that events up to a number are on their way: never moves back.
  base::Status MarkSent(std::string_view subscriber, std::uint64_t up_to);
  // Makes the subscriber's deliveries up to a number DELIVERED, those that were given up meanwhile
  // included, and returns the position, which never moves back. InvalidArgument: beyond what was
  // sent to it.
  base::StatusOr<Confirmation> Confirm(std::string_view subscriber, std::uint64_t up_to);

  // Retention: shows every stored record of a type to the judge and, with kApply, does what it
  // says. AlertRecord, AlertEventRecord, DeliveryRecord, OutcomeRecord, SilenceRecord,
  // LinkUseRecord, NoticeRecord and NoticeReleaseRecord are stored (others: InvalidArgument).
  // Broken off and repeated, it does the rest. Deleting an event or a delivery takes its index
  // entries along.
  base::Status Sweep(const google::protobuf::Descriptor& record, const ExpiryJudge& judge,
                     SweepMode mode) EXCLUDES_LOCK(mutex_);
  // Makes what sweeps removed leave the files. Blocks for as long as that takes; does nothing when
  // nothing was removed since the last time.
  base::Status FinishSweeps();

 private:
  struct Draft;
  struct NewEvent;
  // What Tick and inhibitions must know of an alert that stands or is pending.
  struct Watch {
    AlertFacts facts;
    std::string alert_id;
    // When time alone changes it; 0: never.
    std::int64_t due_us = 0;
    bool stands = false;
    bool muted = false;
  };
  AlertBook(storage::Store& store, const base::Clock& clock, BookOptions options,
            std::string instance_id, std::uint64_t next_sequence);

  // Counts and watches all alerts, and reads the silences that have not ended.
  base::Status Index() REQUIRES_LOCK(mutex_);
  void WatchAlert(const AlertKey& key, const storage::v1::AlertRecord& alert) REQUIRES_LOCK(mutex_);
  base::StatusOr<std::optional<storage::v1::AlertRecord>> Find(const AlertKey& key) const;
  // `only_to`: the receivers of a step; null: those that the tree says.
  base::Status AddChange(Draft& draft, Change change, std::string_view by, std::string_view comment,
                         const std::vector<std::string>* only_to = nullptr) REQUIRES_LOCK(mutex_);
  std::string MutedByLocked(const Draft* draft, const AlertFacts& facts, std::string_view alert_id,
                            base::Instant at) const REQUIRES_LOCK(mutex_);
  // The alert as the draft leaves it, or as it is stored.
  base::StatusOr<std::optional<storage::v1::AlertRecord>> FindIn(const Draft& draft,
                                                                 const AlertKey& key) const;
  // Raises the operations alert that says that nobody answers an alert, or takes it back.
  base::Status TellUnanswered(Draft& draft, const storage::v1::AlertRecord& alert,
                              detection::v1::Signal::Phase phase) REQUIRES_LOCK(mutex_);
  base::Status Advance(Draft& draft, const storage::v1::AlertRecord& alert) REQUIRES_LOCK(mutex_);
  base::Status TakeDueStep(Draft& draft, Change change, const Plan* plan) REQUIRES_LOCK(mutex_);
  // Notices.
  base::Status IndexNotices() REQUIRES_LOCK(mutex_);
  // Null: the alert never had one. Valid until the draft or the book changes.
  const storage::v1::NoticeRecord* NewestNotice(const Draft& draft, const AlertKey& key) const
      REQUIRES_LOCK(mutex_);
  base::Status AddNotice(Draft& draft, NoticeChange change) REQUIRES_LOCK(mutex_);
  base::Status FollowNotice(Draft& draft, const storage::v1::AlertEventRecord& event)
      REQUIRES_LOCK(mutex_);
  base::Status TellNoticeWaits(Draft& draft, const storage::v1::NoticeRecord& notice,
                               detection::v1::Signal::Phase phase) REQUIRES_LOCK(mutex_);
  base::StatusOr<std::uint64_t> TickNotices(base::Instant now) REQUIRES_LOCK(mutex_);
  // Of alerts that stood before the configuration named them; once.
  base::StatusOr<std::uint64_t> ProposeMissing() REQUIRES_LOCK(mutex_);
  base::StatusOr<storage::v1::NoticeRecord> CommitNotice(NoticeChange change) REQUIRES_LOCK(mutex_);
  // Who is told of an event of an alert: who the tree says now, and who was told of the episode.
  std::vector<Destination> Recipients(const storage::v1::AlertRecord& alert, const NewEvent& event,
                                      base::Instant at) const;
  // When quiet hours that hold back every message of an alert end; 0: they do not.
  std::int64_t HeldUntil(const AlertFacts& facts, base::Instant at) const;
  storage::v1::AlertEventRecord AddEvent(Draft& draft, const NewEvent& event,
                                         const storage::v1::AlertRecord& alert);
  // Puts the rule's record into an alert that opens.
  base::Status AddTrackRecord(storage::v1::AlertRecord& alert) const;
  base::StatusOr<std::vector<std::uint64_t>> Sequences(const AlertKey& key) const;
  // The alert as the newest of these events up to `as_of` left it.
  base::StatusOr<std::optional<storage::v1::AlertRecord>> NewestUpTo(
      std::span<const std::uint64_t> sequences, base::Instant as_of) const;
  base::StatusOr<std::vector<storage::v1::AlertRecord>> ListAsOf(const AlertFilter& filter) const;
  base::Status Commit(Draft& draft) REQUIRES_LOCK(mutex_);
  base::StatusOr<storage::v1::AlertRecord> CommitOne(const storage::v1::AlertRecord& before,
                                                     const Change& change, std::string_view by,
                                                     std::string_view comment)
      REQUIRES_LOCK(mutex_);
  // Makes what a queue holds for a subscriber up to a number DELIVERED; returns how many.
  base::StatusOr<std::uint64_t> EndQueued(storage::Family queue, std::string_view subscriber,
                                          std::uint64_t up_to) REQUIRES_LOCK(mutex_);
  void BuryInto(Draft& draft, storage::v1::DeliveryRecord delivery) const;
  // Buries a pending delivery and, once for each alert, tells the other receivers.
  base::Status BuryUntold(Draft& draft, storage::v1::DeliveryRecord delivery,
                          std::string_view comment, std::set<std::string>& told);
  base::StatusOr<storage::v1::DeliveryRecord> ReadDelivery(std::uint64_t sequence,
                                                           std::string_view receiver) const;
  // The alert whose officials must hear that the delivery of this event failed; absent when the
  // event itself told of a failed delivery, or is past its retention.
  base::StatusOr<std::optional<storage::v1::AlertRecord>> AlertToReport(
      std::uint64_t sequence) const;
  template <typename Record>
  base::Status SweepFamily(storage::Family family, const ExpiryJudge& judge, SweepMode mode)
      EXCLUDES_LOCK(mutex_);

  storage::Store& store_;
  const base::Clock& clock_;
  const AlertPolicy policy_;
  const std::string instance_id_;
  // Absent: no notices are proposed.
  const std::optional<NoticeRules> notice_rules_;
  const std::uint32_t silence_districts_alone_;

  // Serialises changes of alerts; held over their write.
  mutable base::Mutex mutex_;
  mutable base::CondVar event_written_;
  std::uint64_t next_sequence_ GUARDED_BY(mutex_);
  mutable std::uint64_t wakes_ GUARDED_BY(mutex_) = 0;
  StateCounts by_state_ GUARDED_BY(mutex_) = {};
  std::map<AlertKey, Watch> watched_ GUARDED_BY(mutex_);
  std::vector<storage::v1::SilenceRecord> silences_ GUARDED_BY(mutex_);
  // The newest of each alert.
  std::map<AlertKey, storage::v1::NoticeRecord> notices_ GUARDED_BY(mutex_);
  std::uint64_t next_notice_ GUARDED_BY(mutex_) = 1;
  std::uint64_t next_release_ GUARDED_BY(mutex_) = 1;
  bool proposed_missing_ GUARDED_BY(mutex_) = false;
};

// Opens the store of the alerting role with the families of this version.
base::StatusOr<std::unique_ptr<storage::Store>> OpenAlertStore(
    const std::filesystem::path& directory);

}  // namespace belgrand::alerting
