// What a link in a mail may do: at most once, by its person, while it is valid.
//
// Order of a use: checked, done in the book (the same code as the gRPC call), witnessed (audited),
// marked as used on disk, answered. A crash between two steps leaves the link usable; using it
// again then does what is done already, which changes nothing. No order loses an acknowledgement
// that a person was shown as made. A look (GET) changes nothing, whoever looks.
//
// Thread safety: safe; uses are serial. Borrows everything it is given.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "alerting/book.h"
#include "alerting/language.h"
#include "alerting/links.h"
#include "belgrand/storage/v1/alert_record.pb.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/storage/store.h"

namespace belgrand::alerting {

// Whom a link can speak for: somebody who stands in the configuration now.
struct LinkPerson {
  std::string address;
  Language language = Language::kEnglish;
};

enum class LinkVerdict {
  kUsable,       // a look: a use would be accepted
  kDone,         // a use: it is done
  kInvalid,      // not a link of ours
  kUnknown,      // its person is not in the configuration any more
  kExpired,      // past its time, or its event is past its retention
  kUsedBefore,   // spent
  kTaken,        // a use: somebody else has acknowledged the alert and keeps it; the link is spent
  kOutdated,     // the alert was opened again since, or cannot be changed in this way any more
  kNeedsReason,  // a dismissal without a reason; the link stays usable
  kUnavailable,  // the disk or the audit log did not take it; the link stays usable
};

struct LinkAnswer {
  LinkVerdict verdict = LinkVerdict::kInvalid;
  // Absent for kInvalid.
  std::optional<LinkClaim> claim;
  // Whose link it is; English and empty when that is not known.
  LinkPerson person;
  // The alert as it is now, where there is one.
  std::optional<storage::v1::AlertRecord> alert;
  // Of kUsedBefore.
  base::Instant used_at{};
};

class LinkDesk {
 public:
  // By LinkSigner::PersonOf.
  using Persons = std::map<std::string, LinkPerson>;
  // Told of every use of a link of ours, allowed or not, before its person is answered; a failure
  // makes the answer kUnavailable.
  using Witness = std::function<base::Status(const LinkClaim& claim, const base::Status& outcome)>;

  LinkDesk(AlertBook& book, storage::Store& store, const base::Clock& clock,
           const LinkSigner& signer, Persons persons);

  LinkAnswer Look(std::string_view token) const;
  // `words`: what the person wrote; required to dismiss.
  LinkAnswer Use(std::string_view token, std::string_view words, const Witness& witness)
      EXCLUDES_LOCK(mutex_);

 private:
  // kDone or kTaken; or why not.
  base::StatusOr<LinkVerdict> Act(const LinkAnswer& answer, std::string_view words);
  base::Status Mark(std::string_view token, const LinkClaim& claim);

  AlertBook& book_;
  storage::Store& store_;
  const base::Clock& clock_;
  const LinkSigner& signer_;
  const Persons persons_;
  base::Mutex mutex_;
};

}  // namespace belgrand::alerting
