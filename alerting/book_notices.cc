// The public notices of AlertBook: composed with the event that they are about, in its batch, and
// released with the approval that releases them.
#include <algorithm>
#include <utility>

#include "alerting/book.h"
#include "alerting/book_draft.h"
#include "alerting/no_alert.h"
#include "alerting/notice.h"
#include "alerting/records.h"
#include "platform/base/log.h"

namespace belgrand::alerting {

using detection::v1::Signal;
using storage::v1::AlertEventRecord;
using storage::v1::AlertRecord;
using storage::v1::NoticeRecord;
using storage::v1::NoticeReleaseRecord;

namespace {

constexpr std::string_view kWaitingRule = "notice-waiting";

}  // namespace

base::Status AlertBook::IndexNotices() {
  notices_.clear();
  auto cursor = store_.Scan(kNotices, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(auto notice, ParseRecord<NoticeRecord>("notice", cursor.value()));
    const AlertKey key = KeyOf(notice);
    notices_[key] = std::move(notice);  // in the order of their numbers: the newest stays
  }
  RETURN_IF_ERROR(cursor.status());
  for (const auto& [key, number] : {std::pair(NextNoticeMetaKey(), &next_notice_),
                                    std::pair(NextReleaseMetaKey(), &next_release_)}) {
    ASSIGN_OR_RETURN(const auto value, store_.Get(kMeta, key));
    *number = 1;
    if (value) {
      ASSIGN_OR_RETURN(*number, DecodeNumber(key, *value));
    }
  }
  return base::OkStatus();
}

const NoticeRecord* AlertBook::NewestNotice(const Draft& draft, const AlertKey& key) const {
  if (const auto drafted = draft.notices.find(key); drafted != draft.notices.end()) {
    return &drafted->second;
  }
  const auto stored = notices_.find(key);
  return stored == notices_.end() ? nullptr : &stored->second;
}

base::Status AlertBook::AddNotice(Draft& draft, NoticeChange change) {
  const AlertKey key = KeyOf(change.notice);
  const NoticeRecord* before = NewestNotice(draft, key);
  const bool was_told = before != nullptr && before->waiting_told();
  const std::uint64_t number = change.notice.notice_id();
  if (number >= next_notice_ + draft.new_notices) {
    ++draft.new_notices;
    draft.batch.Put(kMeta, NextNoticeMetaKey(), EncodeNumber(number + 1));
  }
  if (change.release) {
    NoticeReleaseRecord& release = *change.release;
    release.set_release_id(next_release_ + draft.new_releases++);
    draft.batch.Put(kNoticeReleases, ReleaseKey(release.release_id()), release.SerializeAsString());
    draft.batch.Put(kMeta, NextReleaseMetaKey(), EncodeNumber(release.release_id() + 1));
    NoticeReleaseRecord& kept = *change.notice.add_releases() = release;
    kept.clear_text();
  }
  draft.batch.Put(kNotices, NoticeKey(number), change.notice.SerializeAsString());
  const bool is_told = change.notice.waiting_told();
  draft.notices[key] = std::move(change.notice);
  if (was_told == is_told) return base::OkStatus();
  return TellNoticeWaits(draft, draft.notices[key], is_told ? Signal::RAISED : Signal::CLEARED);
}

base::Status AlertBook::FollowNotice(Draft& draft, const AlertEventRecord& event) {
  if (!notice_rules_) return base::OkStatus();
  auto change = notice_rules_->Follow(NewestNotice(draft, KeyOf(event.alert())), event,
                                      next_notice_ + draft.new_notices, draft.now);
  if (!change.ok()) {
    // The alert itself must reach officials all the same.
    base::Log(base::LogLevel::kError, "notice_not_composed",
              {{"event", event.sequence()}, {"error", change.status()}});
    return base::OkStatus();
  }
  if (!change->changed) return base::OkStatus();
  return AddNotice(draft, *std::move(change));
}

base::Status AlertBook::TellNoticeWaits(Draft& draft, const NoticeRecord& notice,
                                        Signal::Phase phase) {
  Signal signal;
  signal.set_level(detection::v1::DISTRICT);
  signal.set_area_id(fmt::format("notice {}", notice.notice_id()));
  signal.set_signal_key(fmt::format("operations/notice/{}", notice.notice_id()));
  signal.set_district_id(notice.district_id());
  signal.set_target(notice.target());
  signal.set_detector(std::string(kWaitingRule));
  signal.set_phase(phase);
  signal.set_severity(
      std::max(detection::v1::WARNING, static_cast<detection::v1::Severity>(notice.severity())));
  // Grows with every event: what comes later is applied.
  signal.set_feed_sequence(draft.next_sequence);
  signal.mutable_observed_at()->set_seconds(base::ToMicros(draft.now) / 1'000'000);
  std::string owner;
  if (notice_rules_ && !notice_rules_->owner().empty()) owner = notice_rules_->owner();
  signal.set_owner(owner);
  signal.mutable_evidence()->set_explanation(
      phase == Signal::CLEARED
          ? fmt::format("Public notice {} waits for nobody any more.", notice.notice_id())
          : fmt::format("Public notice {} waits for its {} approval since {}.{} Read it: belgrand "
                        "alerts notice show {}",
                        notice.notice_id(), ApprovalsOf(notice.draft()) == 0 ? "first" : "second",
                        base::FormatInstant(base::FromMicros(notice.draft().waiting_since_us())),
                        owner.empty() ? "" : fmt::format(" Who must act: {}.", owner),
                        notice.notice_id()));
  const AlertKey key{notice.district_id(), notice.target(), std::string(kWaitingRule)};
  ASSIGN_OR_RETURN(const auto current, FindIn(draft, key));
  Change change = ApplySignal(current ? &*current : nullptr, signal, draft.now);
  if (!change.changed) return base::OkStatus();
  change.alert.set_alert_class(v1::OPERATIONS);
  return AddChange(draft, std::move(change), "", "");
}

base::StatusOr<std::uint64_t> AlertBook::TickNotices(base::Instant now) {
  if (!notice_rules_) return 0;
  std::vector<AlertKey> due;
  for (const auto& [key, notice] : notices_) {
    if (notice_rules_->IsDue(notice, now)) due.push_back(key);
  }
  std::uint64_t changed = 0;
  for (const AlertKey& key : due) {
    const NoticeRecord& notice = notices_.at(key);
    Draft draft(next_sequence_, now);
    NoticeChange change{.notice = notice};
    const auto event = Event(notice.event_sequence());
    if (event.ok()) {
      ASSIGN_OR_RETURN(change, notice_rules_->Expire(notice, *event, now));
    } else if (event.status().code() != base::StatusCode::kNotFound) {
      return event.status();
    }
    if (notice_rules_->IsStuck(change.notice, now)) {
      change.notice.set_waiting_told(true);
      change.changed = true;
    }
    if (!change.changed) continue;
    RETURN_IF_ERROR(AddNotice(draft, std::move(change)));
    RETURN_IF_ERROR(Commit(draft));
    ++changed;
  }
  return changed;
}

base::StatusOr<std::uint64_t> AlertBook::ProposeMissing() {
  if (!notice_rules_ || proposed_missing_) return 0;
  std::uint64_t changed = 0;
  std::vector<AlertKey> standing;
  for (const auto& [key, watch] : watched_) {
    if (watch.stands && !notices_.contains(key)) standing.push_back(key);
  }
  for (const AlertKey& key : standing) {
    ASSIGN_OR_RETURN(const auto alert, Find(key));
    if (!alert || !notice_rules_->Proposes(*alert)) continue;
    ASSIGN_OR_RETURN(const auto history, History(alert->alert_id()));
    const auto told = std::find_if(history.rbegin(), history.rend(), [](const auto& event) {
      return CapTypeOf(static_cast<v1::EventKind>(event.kind())).has_value();
    });
    if (told == history.rend()) continue;
    Draft draft(next_sequence_, clock_.Now());
    RETURN_IF_ERROR(FollowNotice(draft, *told));
    if (draft.notices.empty()) continue;
    RETURN_IF_ERROR(Commit(draft));
    ++changed;
  }
  proposed_missing_ = true;
  return changed;
}

base::StatusOr<NoticeRecord> AlertBook::GetNotice(std::uint64_t notice_id) const {
  ASSIGN_OR_RETURN(const auto value, store_.Get(kNotices, NoticeKey(notice_id)));
  if (!value) return NoNotice(notice_id);
  return ParseRecord<NoticeRecord>("notice", *value);
}

base::StatusOr<std::vector<NoticeRecord>> AlertBook::Notices() const {
  std::vector<NoticeRecord> notices;
  auto cursor = store_.Scan(kNotices, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(auto notice, ParseRecord<NoticeRecord>("notice", cursor.value()));
    notices.push_back(std::move(notice));
  }
  RETURN_IF_ERROR(cursor.status());
  std::ranges::reverse(notices);
  return notices;
}

base::StatusOr<NoticeRecord> AlertBook::CommitNotice(NoticeChange change) {
  Draft draft(next_sequence_, base::FromMicros(change.notice.changed_at_us()));
  const AlertKey key = KeyOf(change.notice);
  RETURN_IF_ERROR(AddNotice(draft, std::move(change)));
  const NoticeRecord after = draft.notices.at(key);
  RETURN_IF_ERROR(Commit(draft));
  return after;
}

base::StatusOr<NoticeRecord> AlertBook::ApproveNotice(std::uint64_t notice_id,
                                                      std::string_view digest, const Person& who,
                                                      std::string_view comment) {
  base::MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const NoticeRecord notice, GetNotice(notice_id));
  ASSIGN_OR_RETURN(auto change,
                   alerting::ApproveNotice(notice, digest, who, comment, clock_.Now()));
  return CommitNotice(std::move(change));
}

base::StatusOr<NoticeRecord> AlertBook::RefuseNotice(std::uint64_t notice_id,
                                                     std::string_view digest, std::string_view by,
                                                     std::string_view reason) {
  base::MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const NoticeRecord notice, GetNotice(notice_id));
  ASSIGN_OR_RETURN(auto change, alerting::RefuseNotice(notice, digest, by, reason, clock_.Now()));
  return CommitNotice(std::move(change));
}

base::StatusOr<NoticeRecord> AlertBook::WithdrawNotice(std::uint64_t notice_id, std::string_view by,
                                                       std::string_view reason) {
  base::MutexLock lock(mutex_);
  if (!notice_rules_) {
    return base::FailedPrecondition(
        "alerting.notices is not configured: a Cancel needs its sender; configure it and restart");
  }
  ASSIGN_OR_RETURN(const NoticeRecord notice, GetNotice(notice_id));
  ASSIGN_OR_RETURN(const AlertEventRecord event, Event(notice.event_sequence()));
  ASSIGN_OR_RETURN(auto change, notice_rules_->Withdraw(notice, event, by, reason, clock_.Now()));
  return CommitNotice(std::move(change));
}

base::StatusOr<NoticeReleaseRecord> AlertBook::GetRelease(std::uint64_t release_id) const {
  ASSIGN_OR_RETURN(const auto value, store_.Get(kNoticeReleases, ReleaseKey(release_id)));
  if (!value) return base::NotFound("no released message {}", release_id);
  return ParseRecord<NoticeReleaseRecord>("released message", *value);
}

base::StatusOr<std::vector<NoticeReleaseRecord>> AlertBook::NewestReleases(
    std::size_t limit) const {
  std::uint64_t next = 0;
  {
    base::MutexLock lock(mutex_);
    next = next_release_;
  }
  const std::uint64_t first = next > limit ? next - limit : 1;
  std::vector<NoticeReleaseRecord> releases;
  auto cursor = store_.Scan(kNoticeReleases, ReleaseKey(first), ReleaseKey(next));
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(auto release,
                     ParseRecord<NoticeReleaseRecord>("released message", cursor.value()));
    releases.push_back(std::move(release));
  }
  RETURN_IF_ERROR(cursor.status());
  std::ranges::reverse(releases);
  return releases;
}

}  // namespace belgrand::alerting
