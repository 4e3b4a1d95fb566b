#include "alerting/notice.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "alerting/convert.h"
#include "alerting/exercise.h"
#include "alerting/lifecycle.h"
#include "alerting/notice_steps.h"
#include "alerting/render_facts.h"

namespace belgrand::alerting {
namespace {

using storage::v1::AlertEventRecord;
using storage::v1::AlertRecord;
using storage::v1::NoticeDraftRecord;
using storage::v1::NoticeRecord;

base::Duration ToDuration(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) +
         std::chrono::microseconds(duration.nanos() / 1'000);
}

CapType ToCap(v1::NoticeType type) {
  switch (type) {
    case v1::NOTICE_UPDATE:
      return CapType::kUpdate;
    case v1::NOTICE_CANCEL:
      return CapType::kCancel;
    default:
      return CapType::kAlert;
  }
}

std::string References(const NoticeRecord& notice) {
  std::string references;
  for (const auto& release : notice.releases()) {
    if (!references.empty()) references += ' ';
    references += CapReference(release.sender(), release.identifier(),
                               base::FromMicros(release.composed_at_us()));
  }
  return references;
}

// It was said, for this episode, that nothing of this severity is to be out.
bool WasTurnedDown(const NoticeRecord& notice, const AlertRecord& alert) {
  const bool turned_down = notice.state() == v1::NOTICE_REFUSED ||
                           (notice.state() == v1::NOTICE_CANCELLED && !notice.alert_over());
  return turned_down && notice.episode() == alert.episode() &&
         alert.severity() <= notice.severity();
}

// Of what is released now; 0: nothing is.
std::int64_t ReleasedUntil(const NoticeRecord& notice) {
  return notice.releases().empty() ? 0 : notice.releases().rbegin()->expires_at_us();
}

NoticeChange End(NoticeRecord notice, std::string_view cause, base::Instant now) {
  AddStep(notice, v1::NOTICE_ENDED, now, {.cause = cause});
  notice.set_state(v1::NOTICE_LAPSED);
  DropDraft(notice);
  return {.notice = std::move(notice), .changed = true};
}

}  // namespace

NoticeRules::NoticeRules(const config::v1::Notices& config, std::string instance_id)
    : config_(config),
      instance_id_(std::move(instance_id)),
      expires_after_(config.has_expires_after() ? ToDuration(config.expires_after())
                                                : kDefaultNoticeExpiry),
      decide_within_(config.has_decide_within() ? ToDuration(config.decide_within())
                                                : kDefaultDecideWithin) {}

bool NoticeRules::Proposes(const AlertRecord& alert) const {
  if (alert.rule() == kExerciseRule || !Stands(alert.state())) return false;
  if (ToWire(alert).alert_class() != v1::DETECTION) return false;
  return std::ranges::any_of(config_.propose(),
                             [&](const auto& match) { return HoldsFor(match, FactsOf(alert)); });
}

CapOptions NoticeRules::OptionsFor(const std::string& district_id) const {
  CapOptions options{.sender = config_.sender(),
                     .sender_name = config_.sender_name(),
                     .contact = config_.contact(),
                     .status = CapOptions::Status::kActual,
                     .expires_after = expires_after_,
                     .instruction = config_.instruction(),
                     .instruction_fr = config_.instruction_fr()};
  for (const auto& area : config_.areas()) {
    if (area.district_id() != district_id) continue;
    options.area_name = area.name();
    options.area_name_fr = area.name_fr();
    for (const std::string& polygon : area.polygons()) {
      options.polygons.push_back(ParseCapPolygon(polygon).value_or(std::vector<CapPosition>()));
    }
  }
  return options;
}

base::Status NoticeRules::Compose(NoticeRecord& notice, v1::NoticeType type,
                                  const AlertEventRecord& event, CapMessage::End end,
                                  std::string_view cause, base::Instant now) const {
  const bool anew = notice.has_draft();
  const bool was_approved = anew && ApprovalsOf(notice.draft()) > 0;
  const std::int64_t waiting_since = anew && !was_approved ? notice.draft().waiting_since_us() : 0;
  const base::Instant composed = std::chrono::floor<std::chrono::seconds>(now);
  const CapOptions options = OptionsFor(notice.district_id());
  notice.set_texts(notice.texts() + 1);
  NoticeDraftRecord draft;
  draft.set_type(type);
  draft.set_identifier(
      fmt::format("belgrand.{}.{}.{}", instance_id_, notice.notice_id(), notice.texts()));
  draft.set_sender(options.sender);
  const v1::AlertEvent told = ToWire(event, Repeat::kNo);
  ASSIGN_OR_RETURN(*draft.mutable_text(), ComposeCapMessage(told,
                                                            {.type = ToCap(type),
                                                             .identifier = draft.identifier(),
                                                             .sent = composed,
                                                             .references = References(notice),
                                                             .end = end},
                                                            options));
  draft.set_headline(Headline(told, Language::kEnglish));
  draft.set_headline_fr(Headline(told, Language::kFrench));
  draft.set_composed_at_us(base::ToMicros(composed));
  draft.set_expires_at_us(base::ToMicros(composed + expires_after_));
  draft.set_waiting_since_us(waiting_since != 0 ? waiting_since : base::ToMicros(now));
  *notice.mutable_draft() = std::move(draft);
  notice.set_event_sequence(event.sequence());
  notice.set_severity(event.alert().severity());
  notice.set_episode(event.alert().episode());
  AddStep(notice, anew ? v1::DRAFT_CHANGED : v1::DRAFT_PROPOSED, now,
          {.digest = NoticeDigest(notice.draft()), .cause = cause});
  return base::OkStatus();
}

base::StatusOr<NoticeChange> NoticeRules::Follow(const NoticeRecord* newest,
                                                 const AlertEventRecord& event,
                                                 std::uint64_t next_number,
                                                 base::Instant now) const {
  const auto type = CapTypeOf(static_cast<v1::EventKind>(event.kind()));
  if (!type) return NoticeChange{};
  const AlertRecord& alert = event.alert();
  const bool over = *type == CapType::kCancel;
  const std::string cause = fmt::format("event {} of the alert", event.sequence());
  NoticeChange change;
  change.changed = true;
  if (newest == nullptr || !IsLive(*newest)) {
    if (over || !Proposes(alert)) return NoticeChange{};
    if (newest != nullptr && WasTurnedDown(*newest, alert)) return NoticeChange{};
    change.notice.set_notice_id(next_number);
    change.notice.set_district_id(alert.district_id());
    change.notice.set_target(alert.target());
    change.notice.set_rule(alert.rule());
    change.notice.set_state(v1::NOTICE_PROPOSED);
    RETURN_IF_ERROR(
        Compose(change.notice, v1::NOTICE_ALERT, event, CapMessage::End::kOver, cause, now));
    return change;
  }
  change.notice = *newest;
  if (newest->state() == v1::NOTICE_PROPOSED) {
    if (over) return End(*newest, cause + ": it ended before anything was released", now);
    if (!Proposes(alert)) return End(*newest, cause + ": it asks for no notice any more", now);
    RETURN_IF_ERROR(
        Compose(change.notice, v1::NOTICE_ALERT, event, CapMessage::End::kOver, cause, now));
    return change;
  }
  change.notice.set_alert_over(over);
  RETURN_IF_ERROR(Compose(change.notice, over ? v1::NOTICE_CANCEL : v1::NOTICE_UPDATE, event,
                          CapMessage::End::kOver, cause, now));
  return change;
}

bool NoticeRules::IsStuck(const NoticeRecord& notice, base::Instant now) const {
  return IsLive(notice) && notice.has_draft() && !notice.waiting_told() &&
         now >= base::FromMicros(notice.draft().waiting_since_us()) + decide_within_;
}

bool NoticeRules::IsDue(const NoticeRecord& notice, base::Instant now) const {
  if (!IsLive(notice)) return false;
  const std::int64_t now_us = base::ToMicros(now);
  if (IsStuck(notice, now)) return true;
  if (notice.has_draft() && notice.draft().expires_at_us() <= now_us) return true;
  const std::int64_t until = ReleasedUntil(notice);
  if (until == 0) return false;
  if (notice.alert_over()) return until <= now_us;
  const base::Duration lead = std::min<base::Duration>(std::chrono::days(1), expires_after_ / 4);
  return !notice.has_draft() && notice.prolonged_us() != until &&
         base::FromMicros(until) - lead <= now;
}

base::StatusOr<NoticeChange> NoticeRules::Expire(const NoticeRecord& notice,
                                                 const AlertEventRecord& event,
                                                 base::Instant now) const {
  const std::int64_t now_us = base::ToMicros(now);
  const std::int64_t until = ReleasedUntil(notice);
  NoticeChange change{.notice = notice};
  if (until != 0 && notice.alert_over() && until <= now_us) {
    return End(notice, "the alert is over and what was released has expired", now);
  }
  if (notice.has_draft()) {
    if (notice.draft().expires_at_us() > now_us) return change;
    change.changed = true;
    RETURN_IF_ERROR(Compose(change.notice, static_cast<v1::NoticeType>(notice.draft().type()),
                            event, CapMessage::End::kOver, "the text before has expired", now));
    return change;
  }
  if (!IsDue(notice, now)) return change;
  change.changed = true;
  change.notice.set_prolonged_us(until);
  RETURN_IF_ERROR(Compose(change.notice, v1::NOTICE_UPDATE, event, CapMessage::End::kOver,
                          fmt::format("the alert stands and what was released ends at {}",
                                      base::FormatInstant(base::FromMicros(until))),
                          now));
  return change;
}

base::StatusOr<NoticeChange> NoticeRules::Withdraw(const NoticeRecord& notice,
                                                   const AlertEventRecord& event,
                                                   std::string_view by, std::string_view reason,
                                                   base::Instant now) const {
  RETURN_IF_ERROR(CheckNoticeReason(by, reason, "the notice is taken back"));
  if (notice.state() != v1::NOTICE_RELEASED) {
    return base::FailedPrecondition(
        "notice {} is {}: only what is released can be withdrawn; refuse a draft",
        notice.notice_id(), NoticeStateName(notice.state()));
  }
  NoticeChange change{.notice = notice, .changed = true};
  DropDraft(change.notice);
  AddStep(change.notice, v1::NOTICE_WITHDRAWN, now, {.by = by, .comment = reason});
  RETURN_IF_ERROR(
      Compose(change.notice, v1::NOTICE_CANCEL, event,
              notice.alert_over() ? CapMessage::End::kOver : CapMessage::End::kWithdrawn, "", now));
  change.release = Release(change.notice, now);
  return change;
}

}  // namespace belgrand::alerting
