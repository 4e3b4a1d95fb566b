#include "alerting/notice_steps.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "alerting/lifecycle.h"
#include "alerting/notice.h"
#include "alerting/text.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"

namespace belgrand::alerting {
namespace {

using storage::v1::NoticeDraftRecord;
using storage::v1::NoticeRecord;
using storage::v1::NoticeReleaseRecord;

// In lower case (of ASCII), single blanks between words.
std::string Plain(std::string_view name) {
  std::string out;
  bool blank = false;
  for (char c : name) {
    if (c == ' ' || c == '\t' || c == '\n') {
      blank = !out.empty();
      continue;
    }
    if (blank) out += ' ';
    blank = false;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return out;
}

base::Status CheckDraft(const NoticeRecord& notice, std::string_view digest) {
  if (!notice.has_draft()) {
    return base::FailedPrecondition("notice {} is {} and nothing of it waits for approval",
                                    notice.notice_id(), NoticeStateName(notice.state()));
  }
  if (digest != NoticeDigest(notice.draft())) {
    return base::Aborted(
        "the text of notice {} is not the one of this digest: the alert changed, or the digest is "
        "not whole; read the notice again",
        notice.notice_id());
  }
  return base::OkStatus();
}

}  // namespace

bool IsSamePerson(const Person& one, const Person& other) {
  return Plain(one.name) == Plain(other.name) ||
         (!one.identity.empty() && one.identity == other.identity);
}

bool IsLive(const NoticeRecord& notice) {
  return notice.state() == v1::NOTICE_PROPOSED || notice.state() == v1::NOTICE_RELEASED;
}

std::string_view NoticeStateName(int state) {
  switch (state) {
    case v1::NOTICE_PROPOSED:
      return "proposed";
    case v1::NOTICE_RELEASED:
      return "released";
    case v1::NOTICE_CANCELLED:
      return "cancelled";
    case v1::NOTICE_REFUSED:
      return "refused";
    default:
      return "lapsed";
  }
}

std::string NoticeDigest(const NoticeDraftRecord& draft) {
  return crypto::ToHex(crypto::View(crypto::Sha256(draft.text())));
}

std::uint32_t ApprovalsNeeded(const NoticeDraftRecord& draft) {
  return draft.type() == v1::NOTICE_CANCEL ? 1 : 2;
}

std::uint32_t ApprovalsOf(const NoticeDraftRecord& draft) {
  // Who was erased cannot be told from the second person.
  return draft.first_approval().by().empty() ? 0 : 1;
}

std::string DraftText(const NoticeDraftRecord& draft) {
  constexpr std::string_view kActual = "<status>Actual</status>";
  std::string text = draft.text();
  if (const auto at = text.find(kActual); at != std::string::npos) {
    text.replace(at, kActual.size(), "<status>Draft</status>");
  }
  return text;
}

void AddStep(NoticeRecord& notice, v1::NoticeStepKind kind, base::Instant now,
             const StepWords& words) {
  auto& step = *notice.add_steps();
  step.set_kind(kind);
  step.set_at_us(base::ToMicros(now));
  step.set_by(std::string(words.by));
  step.set_comment(std::string(words.comment));
  step.set_digest(std::string(words.digest));
  step.set_cause(std::string(words.cause));
  notice.set_changed_at_us(base::ToMicros(now));
}

void DropDraft(NoticeRecord& notice) {
  notice.clear_draft();
  notice.clear_waiting_told();
}

NoticeReleaseRecord Release(NoticeRecord& notice, base::Instant now) {
  const NoticeDraftRecord& draft = notice.draft();
  NoticeReleaseRecord release;
  release.set_notice_id(notice.notice_id());
  release.set_type(draft.type());
  release.set_identifier(draft.identifier());
  release.set_sender(draft.sender());
  release.set_text(draft.text());
  release.set_digest(NoticeDigest(draft));
  release.set_headline(draft.headline());
  release.set_headline_fr(draft.headline_fr());
  release.set_composed_at_us(draft.composed_at_us());
  release.set_expires_at_us(draft.expires_at_us());
  release.set_released_at_us(base::ToMicros(now));
  AddStep(notice, v1::DRAFT_RELEASED, now, {.digest = release.digest()});
  notice.set_state(draft.type() == v1::NOTICE_CANCEL ? v1::NOTICE_CANCELLED : v1::NOTICE_RELEASED);
  DropDraft(notice);
  return release;
}

base::Status CheckNoticeReason(std::string_view by, std::string_view reason, std::string_view why) {
  RETURN_IF_ERROR(CheckPerson(by, "reason", reason));
  if (TrimmedEmpty(reason)) return base::InvalidArgument("reason is empty: say why {}", why);
  return base::OkStatus();
}

base::StatusOr<NoticeChange> ApproveNotice(const NoticeRecord& notice, std::string_view digest,
                                           const Person& who, std::string_view comment,
                                           base::Instant now) {
  RETURN_IF_ERROR(CheckPerson(who.name, "comment", comment));
  RETURN_IF_ERROR(CheckDraft(notice, digest));
  const NoticeDraftRecord& draft = notice.draft();
  if (draft.expires_at_us() <= base::ToMicros(now)) {
    return base::FailedPrecondition(
        "the text of notice {} expired at {}: a new one is composed; read it", notice.notice_id(),
        base::FormatInstant(base::FromMicros(draft.expires_at_us())));
  }
  const bool second = ApprovalsOf(draft) > 0;
  const auto& first = draft.first_approval();
  if (second && IsSamePerson({first.by(), first.identity()}, who)) {
    return base::PermissionDenied(
        "notice {} was approved by the same person or over the same identity before: another "
        "person must approve it",
        notice.notice_id());
  }
  NoticeChange change{.notice = notice, .changed = true};
  AddStep(change.notice, v1::DRAFT_APPROVED, now,
          {.by = who.name, .comment = comment, .digest = digest});
  change.notice.clear_waiting_told();
  if (second || ApprovalsNeeded(draft) == 1) {
    change.release = Release(change.notice, now);
    return change;
  }
  auto& approval = *change.notice.mutable_draft()->mutable_first_approval();
  approval.set_by(std::string(who.name));
  approval.set_identity(std::string(who.identity));
  approval.set_at_us(base::ToMicros(now));
  change.notice.mutable_draft()->set_waiting_since_us(base::ToMicros(now));
  return change;
}

base::StatusOr<NoticeChange> RefuseNotice(const NoticeRecord& notice, std::string_view digest,
                                          std::string_view by, std::string_view reason,
                                          base::Instant now) {
  RETURN_IF_ERROR(CheckNoticeReason(by, reason, "the public is not to read this"));
  RETURN_IF_ERROR(CheckDraft(notice, digest));
  NoticeChange change{.notice = notice, .changed = true};
  AddStep(change.notice, v1::DRAFT_REFUSED, now, {.by = by, .comment = reason, .digest = digest});
  if (notice.releases().empty()) change.notice.set_state(v1::NOTICE_REFUSED);
  DropDraft(change.notice);
  return change;
}

}  // namespace belgrand::alerting
