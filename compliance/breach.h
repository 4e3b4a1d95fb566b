// The file of a breach (Art. 33 GDPR), computed from the audit log: what a credential that fell
// into wrong hands did, which personal fields it was shown, of how many persons at most, and the
// clocks that run since the controller became aware.
//
// What the log shows is counted exactly; persons are bounded from above, for entries name none. A
// call that was refused showed nothing. A stream is written down before it flows, so its records
// are not counted ("unbounded").
//
// Thread safety: pure functions; BreachScoper none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/storage/v1/audit_entry.pb.h"
#include "compliance/register.h"
#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::compliance {

// What the credential did with one method.
struct MethodUse {
  std::string method;
  std::uint64_t answered = 0;
  std::uint64_t refused = 0;
  // Answered calls that say no number of records: streams, and methods that touch none.
  std::uint64_t unbounded = 0;
  std::uint64_t records = 0;
  base::Instant first{};
  base::Instant last{};
  // "site/target", alert ids; the first kMaxObjects of them.
  std::set<std::string> objects;
  std::uint64_t more_objects = 0;
  // Full names of the personal fields that an answer shows; empty: none.
  std::vector<std::string> fields;
};

struct PersonsBound {
  privacy::v1::Subject subject = privacy::v1::SUBJECT_UNSPECIFIED;
  std::uint64_t at_most = 0;
  // The fields of them that were shown, each with its method before it.
  std::vector<ShownField> fields;
};

struct BreachScope {
  static constexpr std::size_t kMaxObjects = 100;

  std::string credential;
  base::Instant from{};
  base::Instant until{};
  // Of the log in the window, of anybody.
  std::uint64_t entries = 0;
  std::uint64_t unreadable = 0;
  // In order of their names.
  std::vector<MethodUse> uses;
  std::vector<PersonsBound> persons;
  // Origins of logs of the window whose entries were deleted when their time had come.
  std::vector<std::string> pruned;

  bool used() const { return !uses.empty(); }
  bool showed_personal_fields() const { return !persons.empty(); }
};

// Fed with every entry of the window's logs, in any order.
class BreachScoper {
 public:
  // `actor_ref`: the keyed reference of the credential. Borrows the register.
  BreachScoper(std::string actor_ref, const Register& processing, base::Instant from,
               base::Instant until);

  void Take(const std::string& entry_bytes);
  // `sealed_persons`: how many persons the keyring holds.
  BreachScope Done(std::string credential, std::uint64_t sealed_persons) const;

 private:
  void Count(const storage::v1::AuditEntry& entry);
  std::vector<PersonsBound> Persons(std::uint64_t sealed_persons) const;

  const std::string actor_ref_;
  const Register& processing_;
  const base::Instant from_;
  const base::Instant until_;
  std::uint64_t entries_ = 0;
  std::uint64_t unreadable_ = 0;
  std::map<std::string, MethodUse> uses_;
  // Everybody whom the log has seen in the role: references, no names.
  std::map<privacy::v1::Role, std::set<std::string>> actors_;
};

// What runs since the controller became aware: Art. 33(1) GDPR (72 hours to the authority), and
// Art. 23(4) of Directive (EU) 2022/2555 for operators that it names (24 hours, 72 hours, a month).
struct BreachClock {
  std::string what;  // "gdpr_authority", "nis2_early_warning", "nis2_notification", "nis2_report"
  base::Instant due{};
};
std::vector<BreachClock> BreachClocks(base::Instant aware_at);

// A breach file as it is kept: its scope, and when the controller became aware.
struct BreachFile {
  BreachScope scope;
  base::Instant aware_at{};
  base::Instant made_at{};
};

// The same file always gives the same bytes.
std::string BreachJson(const BreachFile& file);
std::string BreachMarkdown(const BreachFile& file, const Declaration& declaration,
                           Language language);
// Since when the clocks of a breach file run. InvalidArgument: the text is none.
base::StatusOr<base::Instant> BreachAwareAt(std::string_view json);

// When it is due, what is left of it ("55 h 12 min left") and what it is.
std::string ClockText(const BreachClock& clock, base::Instant now, Language language);

}  // namespace belgrand::compliance
