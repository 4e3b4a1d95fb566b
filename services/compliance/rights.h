// What the data-protection officer does for persons who ask: the cases and their clock, whom roles
// withhold, and what laboratories are told to do in their own files.
//
// A name is kept sealed under its person's key, so that it goes dark when the person is erased. An
// order must name the person to the laboratory after that, too: it is sealed under a key of its
// own, which is dropped when the laboratory has acknowledged it.
//
// Whom roles withhold follows from the cases alone, and is said to every role again and again: one
// that was away, or came back from a backup, is right within ten seconds.
//
// Thread safety: safe. Borrows all but the holders. Errors of every call: NotFound for a case or
// order that is not there; those of compliance/case_rules.h and of the book.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "belgrand/compliance/v1/rights.pb.h"
#include "compliance/case_book.h"
#include "compliance/case_rules.h"
#include "compliance/keyring.h"
#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "platform/crypto/secret.h"
#include "services/compliance/eraser.h"
#include "services/compliance/person_stewards.h"

namespace belgrand::compliance {

// There is none, or none for the caller.
base::Status NoOrder(const std::string& order_id);

class Rights {
 public:
  // How far an erasure is, by its id in hexadecimal.
  using ErasureStateOf = std::function<ErasureState(const std::string&)>;

  Rights(const base::Clock& clock, Keyring& keyring, CaseBook& book, const crypto::Key256& name_key,
         std::vector<std::unique_ptr<PersonHolder>> holders, ErasureStateOf state_of)
      : clock_(clock),
        keyring_(keyring),
        book_(book),
        name_key_(name_key),
        holders_(std::move(holders)),
        state_of_(std::move(state_of)) {}
  ~Rights() { Stop(); }

  base::StatusOr<v1::OpenCaseResponse> Open(const v1::OpenCaseRequest& request);
  v1::ListCasesResponse List(bool open_only) const;
  base::StatusOr<v1::Case> Extend(const v1::ExtendCaseRequest& request);
  base::StatusOr<v1::Case> Decide(const v1::DecideCaseRequest& request);
  base::StatusOr<v1::Case> Lift(const v1::LiftRestrictionRequest& request);

  // The person of an open case of this kind. FailedPrecondition: another kind, decided, or the
  // person is erased.
  base::StatusOr<v1::SubjectSelector> PersonOf(const std::string& case_id, v1::CaseKind kind) const;
  base::StatusOr<v1::Case> Find(const std::string& case_id) const;
  base::Status NoteExport(const std::string& case_id);
  v1::CollectPersonsRequest CollectRequest(const v1::SubjectSelector& person) const;
  const std::vector<std::unique_ptr<PersonHolder>>& holders() const { return holders_; }

  // What an erasure leaves behind: before anything is dropped, its case (the open one of the
  // person, or a new one) and the order to the laboratory.
  struct Prepared {
    std::string case_id;
    std::vector<std::string> order_ids;
  };
  // Aborted: an earlier try has begun, and the service goes on with it by itself.
  base::StatusOr<Prepared> PrepareErasure(const v1::SubjectSelector& person,
                                          const std::string& erasure_id);
  // Besides, the correct name, sealed, from which the erasure can be repeated (ReplacementOf).
  base::StatusOr<v1::SubjectSelector> PrepareRectification(const v1::RectifySubjectRequest& request,
                                                           const std::string& erasure_id);
  // Grants the case that an erasure was for; OK when there is none.
  base::Status Complete(const std::string& erasure_id);

  // Those of laboratories that `shown` holds.
  using Laboratories = std::function<bool(const std::string&)>;
  v1::ListOrdersResponse Orders(const Laboratories& shown, bool pending_only) const;
  base::StatusOr<std::string> LaboratoryOfOrder(const std::string& order_id) const;
  base::StatusOr<v1::Order> Acknowledge(const v1::AcknowledgeOrderRequest& request);

  // The references of all who are withheld.
  std::set<std::string, std::less<>> RestrictedReferences() const;
  // Says to every role whom it withholds; the names of those that did not answer.
  std::vector<std::string> TellRoles();

  struct Depth {
    std::uint64_t open = 0;
    std::uint64_t due_soon = 0;
    std::uint64_t overdue = 0;
    std::uint64_t restricting = 0;
    std::uint64_t orders_pending = 0;
    base::Duration oldest_order{0};
  };
  Depth Count() const;

  // Tells roles, ends cases whose erasure ended later, and reminds, every so often until Stop.
  void Start();
  void Stop();
  // One round of that.
  void Follow();

 private:
  using CaseChange = std::function<base::Status(storage::v1::CaseRecord&, CaseBookContent&)>;
  base::StatusOr<v1::Case> Change(const std::string& case_id, const CaseChange& change);
  base::StatusOr<storage::v1::CaseRecord> NewCase(v1::CaseKind kind,
                                                  const v1::SubjectSelector& person,
                                                  base::Instant received) const;
  base::StatusOr<std::vector<std::string>> AddOrder(CaseBookContent& content,
                                                    const storage::v1::CaseRecord& of_case,
                                                    const std::string& name,
                                                    const std::string& corrected) const;
  base::Status Correct(storage::v1::OrderRecord& order, const std::string& corrected) const;
  base::Status CheckNotBegun(const storage::v1::CaseRecord& record) const;
  v1::Case ToWire(const storage::v1::CaseRecord& record) const;
  v1::Order ToWire(const storage::v1::OrderRecord& record) const;
  v1::SetRestrictionsRequest Restricted() const;
  void Remind();
  void Run();

  const base::Clock& clock_;
  Keyring& keyring_;
  CaseBook& book_;
  const crypto::Key256 name_key_;
  const std::vector<std::unique_ptr<PersonHolder>> holders_;
  const ErasureStateOf state_of_;
  base::Mutex telling_;  // the last that is said is the newest
  base::Mutex mutex_;
  base::CondVar wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  // By case: what was last reminded of.
  std::map<std::string, Urgency> reminded_ GUARDED_BY(mutex_);
  std::thread follower_;
};

}  // namespace belgrand::compliance
