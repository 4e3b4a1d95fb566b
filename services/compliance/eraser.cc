#include "services/compliance/eraser.h"

#include <algorithm>

#include "platform/base/log.h"
#include "platform/crypto/encoding.h"
#include "services/compliance/backup_search.h"
#include "services/shared/timestamp.h"

namespace belgrand::compliance {
namespace {

constexpr base::Duration kCatchUpInterval = std::chrono::seconds(10);
// A batch that was sealed before the key went may be stored after the walk; and who is withheld is
// named by that until the first pass has ended.
constexpr int kMaxPasses = 3;

void AddLines(const google::protobuf::RepeatedPtrField<v1::ErasureLine>& from,
              std::vector<v1::ErasureLine>& to) {
  for (const v1::ErasureLine& line : from) {
    const auto same = std::find_if(to.begin(), to.end(), [&](const v1::ErasureLine& known) {
      return known.record() == line.record() && known.field() == line.field();
    });
    if (same == to.end()) {
      to.push_back(line);
    } else {
      same->set_count(same->count() + line.count());
    }
  }
}

std::uint64_t Total(const std::vector<v1::ErasureLine>& lines) {
  std::uint64_t total = 0;
  for (const v1::ErasureLine& line : lines) total += line.count();
  return total;
}

base::Status CheckKnown(const v1::PersonToErase& person,
                        const std::vector<v1::ErasureLine>& lines) {
  if (!person.subject_ref().empty() || Total(lines) > 0) return base::OkStatus();
  return base::NotFound(
      "nobody of that kind, laboratory and name is known: they are compared byte for byte");
}

std::vector<std::string> Limits(const ErasureRecord& record, const ErasureFacts& facts) {
  std::vector<std::string> limits;
  const bool older = std::any_of(facts.backups.begin(), facts.backups.end(),
                                 [](const BackupFact& backup) { return backup.before; });
  if (older && !record.person.name_digest.empty()) {
    limits.push_back(
        "backups from before hold the name in clear until they are forgotten; a database restored "
        "from one loses it again before it is served");
  }
  if (older && !record.person.subject_ref.empty()) {
    limits.push_back(
        "backups from before hold sealed bytes that nothing opens, and any text that mentions the "
        "name, until they are forgotten");
  }
  if (!record.person.subject_ref.empty()) {
    limits.push_back(
        "the epoch key was held by software: who copied it with the keyring before the erasure can "
        "still open what was sealed for the person");
  }
  limits.push_back(
      "not reached: mails and webhooks already sent, exported files, spools at laboratories, logs "
      "and configuration outside of the databases");
  limits.push_back(
      "not seen: what flash, snapshots and copy-on-write file systems keep of overwritten blocks");
  return limits;
}

}  // namespace

base::Status CheckNamed(const v1::SubjectSelector& selector) {
  const bool laboratory =
      selector.subject() == privacy::v1::SAMPLER || selector.subject() == privacy::v1::LAB_STAFF;
  if (!laboratory && selector.subject() != privacy::v1::OFFICIAL &&
      selector.subject() != privacy::v1::OPERATOR) {
    return base::InvalidArgument("subject is {}: name a SAMPLER, LAB_STAFF, OFFICIAL or OPERATOR",
                                 static_cast<int>(selector.subject()));
  }
  if (selector.value().empty() || selector.value().size() > kMaxNameBytes) {
    return base::InvalidArgument("value has {} bytes: send 1 to {}, as they were submitted",
                                 selector.value().size(), kMaxNameBytes);
  }
  if (laboratory && selector.tenant().empty()) {
    return base::InvalidArgument("tenant is missing: name the laboratory of the person");
  }
  if (!laboratory && !selector.tenant().empty()) {
    return base::InvalidArgument(
        "tenant is given, but officials and operators belong to no laboratory");
  }
  return base::OkStatus();
}

class Eraser::Turn {
 public:
  explicit Turn(Eraser& eraser) : eraser_(eraser) {
    const base::MutexLock lock(eraser_.mutex_);
    taken_ = !eraser_.busy_;
    if (taken_) eraser_.busy_ = true;
  }
  ~Turn() {
    if (!taken_) return;
    const base::MutexLock lock(eraser_.mutex_);
    eraser_.busy_ = false;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  base::Status status() const {
    return taken_ ? base::OkStatus()
                  : base::Aborted("an erasure is under way: wait until it has ended");
  }

 private:
  Eraser& eraser_;
  bool taken_ = false;
};

std::string Eraser::NewId() { return crypto::RandomBytes(kErasureIdBytes); }

base::StatusOr<v1::PersonToErase> Eraser::Resolve(const v1::SubjectSelector& selector) const {
  v1::PersonToErase person;
  *person.mutable_stored_until() = shared::ToTimestamp(clock_.Now());
  if (!selector.subject_ref().empty()) {
    if (!selector.value().empty()) {
      return base::InvalidArgument("name the person by value or by subject_ref, not by both");
    }
    if (!keyring_.Holds(selector.subject_ref())) {
      return base::NotFound("the keyring holds nobody under this reference");
    }
    person.set_subject_ref(selector.subject_ref());
    return person;
  }
  RETURN_IF_ERROR(CheckNamed(selector));
  person.set_subject(selector.subject());
  person.set_tenant(selector.tenant());
  person.set_value(selector.value());
  auto reference = keyring_.FindSubject(selector.subject(), selector.tenant(), selector.value());
  if (reference.ok()) {
    person.set_subject_ref(*std::move(reference));
  } else if (reference.status().code() != base::StatusCode::kNotFound) {
    return reference.status();
  }
  // Of an official or operator, the name stands in clear. Of others who have no key (any more),
  // texts may still mention it.
  if (selector.tenant().empty() || person.subject_ref().empty()) {
    person.set_name_digest(
        NameDigest(ledger_.name_key(), selector.subject(), selector.tenant(), selector.value()));
  }
  return person;
}

v1::PersonToErase Eraser::PersonOf(const ErasureRecord& record) const {
  v1::PersonToErase person;
  person.set_subject(static_cast<privacy::v1::Subject>(record.person.subject));
  person.set_subject_ref(record.person.subject_ref);
  person.set_name_digest(record.person.name_digest);
  *person.mutable_stored_until() = shared::ToTimestamp(record.begun);
  if (record.person.rectified && replacement_of_) {
    person.set_replacement(replacement_of_(crypto::ToHex(record.id)));
  }
  return person;
}

base::Status Eraser::SearchOwnFiles(const shared::PersonMatcher& matcher,
                                    std::vector<v1::SearchLine>& lines) const {
  const std::vector<std::string> sought = shared::Sought(matcher);
  storage::SearchCount keyring;
  std::error_code error;
  for (std::filesystem::directory_iterator it(places_.keyring, error), end; !error && it != end;
       it.increment(error)) {
    // Not the ledger: that it holds the reference is what it is for.
    if (!it->path().filename().string().starts_with("keyring.")) continue;
    RETURN_IF_ERROR(storage::SearchFile(it->path(), sought, keyring));
  }
  if (error) {
    return base::Unavailable("cannot list {}: {}", places_.keyring.string(), error.message());
  }
  lines.push_back(shared::ToLine("keyring", "files", keyring, matcher));
  storage::SearchCount audit;
  RETURN_IF_ERROR(storage::SearchTree(places_.audit_log, sought, audit));
  if (std::filesystem::exists(places_.closed_logs, error)) {
    RETURN_IF_ERROR(storage::SearchTree(places_.closed_logs, sought, audit));
  }
  lines.push_back(shared::ToLine("audit log", "files", audit, matcher));
  return base::OkStatus();
}

base::StatusOr<Eraser::Findings> Eraser::FindEverywhere(const v1::PersonToErase& person,
                                                        Search search) {
  v1::FindPersonsRequest request;
  *request.add_persons() = person;
  request.set_name_key(std::string(ledger_.name_key().view()));
  request.set_search_files(search == Search::kAgain);
  Findings findings;
  for (const auto& holder : holders_) {
    ASSIGN_OR_RETURN(const v1::FindPersonsResponse response, holder->Find(request));
    AddLines(response.lines(), findings.lines);
    findings.searched.insert(findings.searched.end(), response.searched().begin(),
                             response.searched().end());
  }
  if (search == Search::kNo) return findings;
  ASSIGN_OR_RETURN(const auto matcher, shared::PersonMatcher::Make(request));
  RETURN_IF_ERROR(SearchOwnFiles(matcher, findings.searched));
  return findings;
}

// That the search finds whom the roles hold; what it found.
base::StatusOr<Eraser::Findings> Eraser::Prove(const v1::PersonToErase& person) {
  v1::FindPersonsRequest request;
  *request.add_persons() = person;
  request.set_name_key(std::string(ledger_.name_key().view()));
  request.set_search_files(true);
  ASSIGN_OR_RETURN(const auto matcher, shared::PersonMatcher::Make(request));
  Findings findings;
  for (const auto& holder : holders_) {
    ASSIGN_OR_RETURN(const v1::FindPersonsResponse response, holder->Find(request));
    const std::vector<v1::SearchLine> searched(response.searched().begin(),
                                               response.searched().end());
    if (!matcher.exact().empty()) {
      RETURN_IF_ERROR(CheckControl({response.lines().begin(), response.lines().end()}, searched,
                                   holder->name()));
    }
    AddLines(response.lines(), findings.lines);
    findings.searched.insert(findings.searched.end(), searched.begin(), searched.end());
  }
  RETURN_IF_ERROR(SearchOwnFiles(matcher, findings.searched));
  return findings;
}

base::StatusOr<v1::PlanErasureResponse> Eraser::Plan(const v1::SubjectSelector& selector) {
  ASSIGN_OR_RETURN(const v1::PersonToErase person, Resolve(selector));
  ASSIGN_OR_RETURN(const Findings findings, FindEverywhere(person, Search::kNo));
  RETURN_IF_ERROR(CheckKnown(person, findings.lines));
  v1::PlanErasureResponse response;
  response.mutable_lines()->Assign(findings.lines.begin(), findings.lines.end());
  response.set_has_key(!person.subject_ref().empty());
  if (!places_.backups.empty()) {
    ASSIGN_OR_RETURN(const auto backups, ListBackups(places_.backups, clock_.Now()));
    response.set_backups(static_cast<std::uint32_t>(backups.size()));
  }
  return response;
}

base::StatusOr<v1::EraseSubjectResponse> Eraser::Erase(const std::string& id,
                                                       const v1::SubjectSelector& selector,
                                                       const std::string& replacement) {
  const Turn turn(*this);
  RETURN_IF_ERROR(turn.status());
  RETURN_IF_ERROR(CatchUpInTurn());
  ASSIGN_OR_RETURN(v1::PersonToErase person, Resolve(selector));
  person.set_replacement(replacement);
  ASSIGN_OR_RETURN(const Findings before, Prove(person));
  RETURN_IF_ERROR(CheckKnown(person, before.lines));
  const ErasedPerson erased{person.subject(), person.subject_ref(), person.name_digest(),
                            !replacement.empty()};
  RETURN_IF_ERROR(ledger_.Begin(id, erased, clock_.Now()).status());
  auto carried_out = CarryOut(*ledger_.Find(id), person, before.searched);
  if (!carried_out.ok()) {
    return base::Annotate(carried_out.status(),
                          fmt::format("erasure {} has begun and is not finished; the service goes "
                                      "on with it by itself",
                                      crypto::ToHex(id)));
  }
  return carried_out;
}

base::StatusOr<v1::EraseSubjectResponse> Eraser::CarryOut(
    const ErasureRecord& record, const v1::PersonToErase& person,
    const std::optional<std::vector<v1::SearchLine>>& control) {
  if (!person.subject_ref().empty() && keyring_.Holds(person.subject_ref())) {
    RETURN_IF_ERROR(keyring_.Drop(person.subject_ref()));
  }
  v1::ErasePersonsRequest request;
  *request.add_persons() = person;
  request.set_name_key(std::string(ledger_.name_key().view()));
  request.set_ledger_id(ledger_.ledger_id());
  request.set_erased_through(record.sequence);
  ErasureFacts facts;
  facts.control = control;
  for (int pass = 0; pass < kMaxPasses && !IsClean(facts.searched); ++pass) {
    for (const auto& holder : holders_) {
      ASSIGN_OR_RETURN(const v1::ErasePersonsResponse response, holder->Erase(request));
      AddLines(response.lines(), facts.cleared);
    }
    if (after_pass_) after_pass_();
    ASSIGN_OR_RETURN(Findings after, FindEverywhere(person, Search::kAgain));
    facts.searched = std::move(after.searched);
  }
  ASSIGN_OR_RETURN(const auto matcher, shared::PersonMatcher::Make(request));
  v1::EraseSubjectResponse response;
  response.mutable_lines()->Assign(facts.cleared.begin(), facts.cleared.end());
  ASSIGN_OR_RETURN(*response.mutable_certificate(),
                   Certificate(record, std::move(facts), clock_.Now(), matcher));
  response.set_verifier_key(certificates_.verifier_key());
  *response.mutable_erasure() = Describe(*ledger_.Find(record.id));
  return response;
}

base::StatusOr<std::string> Eraser::Certificate(const ErasureRecord& record, ErasureFacts facts,
                                                base::Instant gone,
                                                const shared::PersonMatcher& matcher) {
  facts.erasure = record;
  facts.ledger_id = ledger_.ledger_id();
  facts.keyring_epoch = keyring_.epoch();
  facts.searched_at = clock_.Now();
  facts.searchable = !matcher.exact().empty();
  facts.backups_known = !places_.backups.empty();
  if (facts.backups_known) {
    ASSIGN_OR_RETURN(facts.backups, ListBackups(places_.backups, gone));
    ASSIGN_OR_RETURN(const auto lines,
                     SearchBackups(places_.backups, places_.scratch, matcher, facts.backups));
    facts.searched.insert(facts.searched.end(), lines.begin(), lines.end());
  }
  facts.limits = Limits(record, facts);
  ASSIGN_OR_RETURN(const std::string note,
                   certificates_.Add(crypto::ToHex(record.id), CertificateText(facts)));
  RETURN_IF_ERROR(
      ledger_.Finish(record.id, facts.searchable && IsClean(facts.searched), clock_.Now()));
  return note;
}

base::StatusOr<v1::PersonToErase> Eraser::PersonAgain(
    const ErasureRecord& record, const v1::CertifyErasureRequest& request) const {
  v1::PersonToErase person = PersonOf(record);
  if (request.value().empty()) {
    if (!person.subject_ref().empty()) return person;
    return base::InvalidArgument(
        "value is empty: the databases knew this person by name alone, which is kept nowhere; say "
        "it once more, or the search has nothing to look for");
  }
  if (NameDigest(ledger_.name_key(), person.subject(), request.tenant(), request.value()) !=
      person.name_digest()) {
    return base::InvalidArgument(
        "value (and tenant '{}') is not the name that this erasure was of: letters and spaces must "
        "be as they were",
        request.tenant());
  }
  person.set_value(request.value());
  person.set_tenant(request.tenant());
  return person;
}

base::StatusOr<v1::CertifyErasureResponse> Eraser::Certify(
    const v1::CertifyErasureRequest& request) {
  const std::string& id_hex = request.erasure_id();
  const auto id = crypto::FromHex(id_hex);
  const auto record = id.ok() ? ledger_.Find(*id) : std::nullopt;
  if (!record) return base::NotFound("there is no erasure '{}'", id_hex);
  v1::CertifyErasureResponse response;
  if (request.search_again()) {
    const Turn turn(*this);
    RETURN_IF_ERROR(turn.status());
    if (!record->finished) {
      return base::FailedPrecondition("erasure {} is not finished yet", id_hex);
    }
    ASSIGN_OR_RETURN(const v1::PersonToErase person, PersonAgain(*record, request));
    ASSIGN_OR_RETURN(Findings after, FindEverywhere(person, Search::kAgain));
    ASSIGN_OR_RETURN(const auto matcher,
                     shared::PersonMatcher::Make({person}, ledger_.name_key().view()));
    ErasureFacts facts;
    facts.searched = std::move(after.searched);
    facts.repeated = true;
    RETURN_IF_ERROR(Certificate(*record, std::move(facts), *record->finished, matcher).status());
  }
  ASSIGN_OR_RETURN(*response.mutable_certificate(), certificates_.Newest(id_hex));
  response.set_verifier_key(certificates_.verifier_key());
  *response.mutable_erasure() = Describe(*ledger_.Find(*id));
  return response;
}

v1::Erasure Eraser::Describe(const ErasureRecord& record) const {
  v1::Erasure erasure;
  erasure.set_id(crypto::ToHex(record.id));
  erasure.set_sequence(record.sequence);
  erasure.set_subject(static_cast<privacy::v1::Subject>(record.person.subject));
  *erasure.mutable_begun_at() = shared::ToTimestamp(record.begun);
  if (record.finished) *erasure.mutable_finished_at() = shared::ToTimestamp(*record.finished);
  erasure.set_clean(record.clean);
  erasure.set_rectified(record.person.rectified);
  return erasure;
}

ErasureState Eraser::StateOf(const std::string& id_hex) const {
  const auto id = crypto::FromHex(id_hex);
  const auto record = id.ok() ? ledger_.Find(*id) : std::nullopt;
  if (!record) return ErasureState::kUnknown;
  return record->finished ? ErasureState::kFinished : ErasureState::kBegun;
}

v1::ListErasuresResponse Eraser::List() const {
  v1::ListErasuresResponse response;
  for (const ErasureRecord& record : ledger_.Records()) {
    *response.add_erasures() = Describe(record);
  }
  return response;
}

base::Status Eraser::DropKeys() {
  std::vector<std::string> references;
  for (const ErasureRecord& record : ledger_.Records()) {
    const std::string& reference = record.person.subject_ref;
    if (!reference.empty() && keyring_.Holds(reference)) references.push_back(reference);
  }
  return keyring_.Drop(references);
}

// Every erasure up to a number that the role has not carried out, in one walk.
base::Status Eraser::TellHolder(PersonHolder& holder, std::uint64_t through) {
  ASSIGN_OR_RETURN(const v1::FindPersonsResponse known, holder.Find({}));
  if (known.ledger_id() == ledger_.ledger_id() &&
      known.erased_through() > ledger_.Records().size()) {
    return base::DataLoss(
        "{} has carried out erasure {}, and the ledger in {} knows {}: an older copy of it was put "
        "in its place. Restore the newest, or persons who were erased can come back",
        holder.name(), known.erased_through(), places_.keyring.string(), ledger_.Records().size());
  }
  const std::uint64_t done = known.ledger_id() == ledger_.ledger_id() ? known.erased_through() : 0;
  if (done >= through) return base::OkStatus();
  v1::ErasePersonsRequest request;
  request.set_name_key(std::string(ledger_.name_key().view()));
  request.set_ledger_id(ledger_.ledger_id());
  request.set_erased_through(through);
  for (const ErasureRecord& record : ledger_.Records()) {
    if (record.sequence > done && record.sequence <= through) {
      *request.add_persons() = PersonOf(record);
    }
  }
  ASSIGN_OR_RETURN(const v1::ErasePersonsResponse response, holder.Erase(request));
  std::uint64_t cleared = 0;
  for (const v1::ErasureLine& line : response.lines()) cleared += line.count();
  base::Log(
      base::LogLevel::kWarning, "erasures_repeated",
      {{"role", holder.name()}, {"erasures", request.persons_size()}, {"fields_cleared", cleared}});
  return base::OkStatus();
}

base::Status Eraser::CatchUpInTurn() {
  const std::vector<ErasureRecord> records = ledger_.Records();
  if (records.empty()) {
    // Even then: a database may know of erasures that this ledger has forgotten.
    for (const auto& holder : holders_) {
      base::Status told = TellHolder(*holder, 0);
      if (told.code() == base::StatusCode::kDataLoss) return told;
    }
    return base::OkStatus();
  }
  RETURN_IF_ERROR(DropKeys());
  // One at a time is begun, so only the newest can be unfinished.
  const ErasureRecord& newest = records.back();
  for (const auto& holder : holders_) {
    RETURN_IF_ERROR(TellHolder(*holder, newest.finished ? newest.sequence : newest.sequence - 1));
  }
  if (newest.finished) return base::OkStatus();
  RETURN_IF_ERROR(CarryOut(newest, PersonOf(newest), std::nullopt).status());
  base::Log(base::LogLevel::kWarning, "erasure_finished_later",
            {{"erasure", crypto::ToHex(newest.id)}});
  return base::OkStatus();
}

base::Status Eraser::CatchUp() {
  const Turn turn(*this);
  if (!turn.status().ok()) return base::OkStatus();  // whoever has the turn does it first
  return CatchUpInTurn();
}

void Eraser::Start() {
  follower_ = std::thread([this] { Run(); });
}

void Eraser::Stop() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (follower_.joinable()) follower_.join();
}

void Eraser::Run() {
  while (true) {
    {
      const base::MutexLock lock(mutex_);
      if (!stopping_) wake_.WaitFor(mutex_, kCatchUpInterval);
      if (stopping_) return;
    }
    const base::Status status = CatchUp();
    if (!status.ok()) {
      base::Log(base::LogLevel::kError, "erasures_not_caught_up", {{"reason", status}});
    }
  }
}

}  // namespace belgrand::compliance
