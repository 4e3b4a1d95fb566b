// Public notices: what an alert and officials make of a message to the public.
//
// A notice is one chain of CAP messages about one alert, from its first draft to its Cancel. Rules:
//   (1) An alert of detection that the configuration names gets a draft when it opens, opens again
//       or changes its severity. Events of the alert that the public would be told of compose the
//       draft anew; evidence alone does not, so that people can approve what stands still.
//   (2) The text is the message, byte by byte, as it will be released; approvals are of its
//   SHA-256.
//       A draft that is composed anew is another text, and approvals of the one before are void.
//   (3) An Alert and an Update need two people: two names, and two identities where connections say
//       who calls. A Cancel needs one, for it only takes back: a notice that is wrong or over must
//       not stay out because a second person sleeps. Withdrawing is a Cancel that is released by
//       the act itself.
//   (4) A draft that nobody approved when its alert ends, or stops asking for a notice, lapses.
//   What
//       was refused (or withdrawn while the alert stood) is proposed again only in another episode
//       of the alert, or when it is more severe than the text that was refused.
//   (5) A text has an end. A draft that reaches its own is composed anew; shortly before the end of
//       what is released, while the alert stands, an Update is proposed; what is released and whose
//       alert is over lapses at the end of its text, cancelled or not.
// Steps are only ever added.
//
// Pure functions and an immutable class; thread safety: safe. Errors as in the contract
// (proto/belgrand/alerting/v1/alerting.proto).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/cap.h"
#include "alerting/policy/policy.h"
#include "belgrand/config/v1/config.pb.h"
#include "belgrand/storage/v1/alert_record.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::alerting {

// Who acts: the name that was typed, and the identity of the caller, empty where the connection
// does not prove one.
struct Person {
  std::string_view name;
  std::string_view identity = {};
};
// By name (case and blanks aside) or by identity.
bool IsSamePerson(const Person& one, const Person& other);

struct NoticeChange {
  storage::v1::NoticeRecord notice;
  // False: nothing need be written.
  bool changed = false;
  // What goes out; its release_id is still to be given.
  std::optional<storage::v1::NoticeReleaseRecord> release = std::nullopt;
};

inline constexpr base::Duration kDefaultNoticeExpiry = std::chrono::days(7);
inline constexpr base::Duration kDefaultDecideWithin = std::chrono::hours(2);

// Everything that is wrong with the section, one problem a line; not its feed's addresses.
std::vector<std::string> CheckNotices(const config::v1::Notices& config);

// Nothing is released, or more may be.
bool IsLive(const storage::v1::NoticeRecord& notice);
std::string NoticeDigest(const storage::v1::NoticeDraftRecord& draft);
std::uint32_t ApprovalsNeeded(const storage::v1::NoticeDraftRecord& draft);
// 0 or 1: with the last one it is released.
std::uint32_t ApprovalsOf(const storage::v1::NoticeDraftRecord& draft);
// With status Draft: what is shown before the release cannot be taken for a notice.
std::string DraftText(const storage::v1::NoticeDraftRecord& draft);

class NoticeRules {
 public:
  // `instance_id` names the database in identifiers. REQUIRES: CheckNotices found nothing.
  NoticeRules(const config::v1::Notices& config, std::string instance_id);

  // The alert's class, rule, kind and severity ask for a notice.
  bool Proposes(const storage::v1::AlertRecord& alert) const;
  base::Duration decide_within() const { return decide_within_; }
  const std::string& owner() const { return config_.owner(); }

  // What an event of the alert makes of its newest notice; `newest` is null when there is none.
  // `next_number`: of a new notice. Fails where the text cannot be composed.
  base::StatusOr<NoticeChange> Follow(const storage::v1::NoticeRecord* newest,
                                      const storage::v1::AlertEventRecord& event,
                                      std::uint64_t next_number, base::Instant now) const;
  // Time alone: whether Expire or Wait would change it.
  bool IsDue(const storage::v1::NoticeRecord& notice, base::Instant now) const;
  // Rule (5). `event`: the one that the newest text is about.
  base::StatusOr<NoticeChange> Expire(const storage::v1::NoticeRecord& notice,
                                      const storage::v1::AlertEventRecord& event,
                                      base::Instant now) const;
  // Whether it has waited too long and nobody was told of that.
  bool IsStuck(const storage::v1::NoticeRecord& notice, base::Instant now) const;

  base::StatusOr<NoticeChange> Withdraw(const storage::v1::NoticeRecord& notice,
                                        const storage::v1::AlertEventRecord& event,
                                        std::string_view by, std::string_view reason,
                                        base::Instant now) const;

 private:
  base::Status Compose(storage::v1::NoticeRecord& notice, v1::NoticeType type,
                       const storage::v1::AlertEventRecord& event, CapMessage::End end,
                       std::string_view cause, base::Instant now) const;
  CapOptions OptionsFor(const std::string& district_id) const;

  const config::v1::Notices config_;
  const std::string instance_id_;
  const base::Duration expires_after_;
  const base::Duration decide_within_;
};

base::StatusOr<NoticeChange> ApproveNotice(const storage::v1::NoticeRecord& notice,
                                           std::string_view digest, const Person& who,
                                           std::string_view comment, base::Instant now);
base::StatusOr<NoticeChange> RefuseNotice(const storage::v1::NoticeRecord& notice,
                                          std::string_view digest, std::string_view by,
                                          std::string_view reason, base::Instant now);

}  // namespace belgrand::alerting
