// Erases persons over all roles, and proves it.
//
// Order: the search must find the person (or it would prove nothing) -> the ledger says that it
// begins -> the key is dropped, from which instant nothing opens the sealed values, in backups
// neither -> every role clears its fields and rewrites its files -> the search must find nothing ->
// certificate -> the ledger says that it is done. Whatever is broken off is taken up by CatchUp: at
// the next start, and whenever a role lacks an erasure because its database came back from a
// backup.
//
// Thread safety: safe. One erasure at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "compliance/erasure_certificate.h"
#include "compliance/erasure_ledger.h"
#include "compliance/keyring.h"
#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "services/compliance/certificate_shelf.h"
#include "services/compliance/person_stewards.h"
#include "services/shared/person_matcher.h"

namespace belgrand::compliance {

// InvalidArgument: the selector names nobody by kind, laboratory and name, or an unusable one.
base::Status CheckNamed(const v1::SubjectSelector& selector);
inline constexpr std::size_t kMaxNameBytes = 320;

struct ErasurePlaces {
  std::filesystem::path keyring;
  std::filesystem::path audit_log;
  std::filesystem::path closed_logs;
  std::filesystem::path backups;  // empty: this process has none
  std::filesystem::path scratch;  // does not exist; room for a backup
};

enum class ErasureState { kUnknown, kBegun, kFinished };

class Eraser {
 public:
  // What a rectification, by its id in hexadecimal, puts in the place of the old name; empty: that
  // is not known any more.
  using ReplacementOf = std::function<std::string(const std::string&)>;

  // Called when every role has cleared its fields: whom they withhold must not name who is gone.
  using AfterPass = std::function<void()>;

  // Borrows all but the holders. `replacement_of` null: nothing is ever rectified; `after_pass`
  // null: nobody is ever withheld.
  Eraser(const base::Clock& clock, Keyring& keyring, ErasureLedger& ledger,
         CertificateShelf& certificates, ErasurePlaces places,
         std::vector<std::unique_ptr<PersonHolder>> holders, ReplacementOf replacement_of = nullptr,
         AfterPass after_pass = nullptr)
      : clock_(clock),
        keyring_(keyring),
        ledger_(ledger),
        certificates_(certificates),
        places_(std::move(places)),
        holders_(std::move(holders)),
        replacement_of_(std::move(replacement_of)),
        after_pass_(std::move(after_pass)) {}
  ~Eraser() { Stop(); }

  // NotFound: nobody of that name. InvalidArgument: the selector names nobody. Unavailable: a role
  // does not answer.
  base::StatusOr<v1::PlanErasureResponse> Plan(const v1::SubjectSelector& selector);

  static std::string NewId();
  // `id` of NewId. As Plan; Aborted: another one is under way. An error after the beginning says
  // so: then it is finished later.
  // `replacement`: the correct name, which is written where the old one stood, and which
  // ReplacementOf must give from now on; empty: nothing is.
  base::StatusOr<v1::EraseSubjectResponse> Erase(const std::string& id,
                                                 const v1::SubjectSelector& selector,
                                                 const std::string& replacement = {});
  // By its id in hexadecimal.
  ErasureState StateOf(const std::string& id_hex) const;

  v1::ListErasuresResponse List() const;

  // NotFound: no such erasure, or no certificate of it. InvalidArgument: a search needs the name,
  // or another was given.
  base::StatusOr<v1::CertifyErasureResponse> Certify(const v1::CertifyErasureRequest& request);

  // Finishes what was broken off and tells roles of erasures they missed. Cheap when there is
  // nothing to do.
  base::Status CatchUp();
  // CatchUp every so often until Stop.
  void Start();
  void Stop();

 private:
  struct Findings {
    std::vector<v1::ErasureLine> lines;
    std::vector<v1::SearchLine> searched;
  };
  // Holds the one turn there is.
  class Turn;

  base::StatusOr<v1::PersonToErase> Resolve(const v1::SubjectSelector& selector) const;
  enum class Search { kNo, kAgain };
  v1::PersonToErase PersonOf(const ErasureRecord& record) const;
  // With the name, where the databases knew the person by it.
  base::StatusOr<v1::PersonToErase> PersonAgain(const ErasureRecord& record,
                                                const v1::CertifyErasureRequest& request) const;
  base::StatusOr<Findings> FindEverywhere(const v1::PersonToErase& person, Search search);
  base::Status SearchOwnFiles(const shared::PersonMatcher& matcher,
                              std::vector<v1::SearchLine>& lines) const;
  base::StatusOr<Findings> Prove(const v1::PersonToErase& person);
  base::Status CatchUpInTurn();
  base::Status DropKeys();
  base::Status TellHolder(PersonHolder& holder, std::uint64_t through);
  // The erasure after its beginning.
  base::StatusOr<v1::EraseSubjectResponse> CarryOut(
      const ErasureRecord& record, const v1::PersonToErase& person,
      const std::optional<std::vector<v1::SearchLine>>& control);
  base::StatusOr<std::string> Certificate(const ErasureRecord& record, ErasureFacts facts,
                                          base::Instant gone, const shared::PersonMatcher& matcher);
  v1::Erasure Describe(const ErasureRecord& record) const;
  void Run();

  const base::Clock& clock_;
  Keyring& keyring_;
  ErasureLedger& ledger_;
  CertificateShelf& certificates_;
  const ErasurePlaces places_;
  const std::vector<std::unique_ptr<PersonHolder>> holders_;
  const ReplacementOf replacement_of_;
  const AfterPass after_pass_;
  base::Mutex mutex_;
  base::CondVar wake_;
  bool busy_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread follower_;
};

}  // namespace belgrand::compliance
