#include "services/compliance/compliance_role.h"

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "compliance/case_book.h"
#include "compliance/erasure_ledger.h"
#include "compliance/holds.h"
#include "compliance/identity_book.h"
#include "compliance/key_check.h"
#include "compliance/keyring.h"
#include "compliance/keyring_file.h"
#include "platform/base/file.h"
#include "platform/base/log.h"
#include "platform/base/mutex.h"
#include "services/compliance/audit_entries.h"
#include "services/compliance/audit_part.h"
#include "services/compliance/audit_shards.h"
#include "services/compliance/audit_steward.h"
#include "services/compliance/case_keeper.h"
#include "services/compliance/certificate_shelf.h"
#include "services/compliance/compliance_metrics.h"
#include "services/compliance/compliance_service.h"
#include "services/compliance/cosigner.h"
#include "services/compliance/eraser.h"
#include "services/compliance/erasure_service.h"
#include "services/compliance/hold_service.h"
#include "services/compliance/identity_holder.h"
#include "services/compliance/identity_service.h"
#include "services/compliance/log_pages.h"
#include "services/compliance/retention_runner.h"
#include "services/compliance/rights.h"
#include "services/compliance/rights_service.h"
#include "services/compliance/subject_export.h"

namespace belgrand::compliance {
namespace {

constexpr std::chrono::seconds kCheckpointInterval(10);

base::Status MakePrivateDirectory(const std::filesystem::path& directory) {
  std::error_code error;
  const bool fresh = std::filesystem::create_directories(directory, error);
  if (error) {
    return base::Unavailable("cannot create {}: {}", directory.string(), error.message());
  }
  if (fresh) ::chmod(directory.c_str(), 0700);
  return base::OkStatus();
}

// This role's own records, beside those that other roles answer for.
template <typename Book>
class BookSteward final : public Steward {
 public:
  explicit BookSteward(Book& book) : book_(book) {}
  std::string_view name() const override { return "compliance"; }
  base::StatusOr<std::vector<v1::ExpiryLine>> Plan(base::Instant now,
                                                   const HoldScopes& holds) override {
    return book_.PlanExpiry(now, holds);
  }
  base::StatusOr<std::vector<v1::ExpiryLine>> Apply(base::Instant now,
                                                    const HoldScopes& holds) override {
    return book_.ApplyExpiry(now, holds);
  }

 private:
  Book& book_;
};

class ComplianceRole final : public shared::Role {
 public:
  ComplianceRole(const shared::Runtime& runtime, const config::v1::Config& config,
                 ErasurePlaces places, std::unique_ptr<AuditEntries> entries,
                 std::unique_ptr<AuditShards> log, std::unique_ptr<Cosigner> cosigner,
                 std::unique_ptr<Keyring> keyring, std::unique_ptr<ErasureLedger> ledger,
                 std::unique_ptr<CertificateShelf> certificates,
                 std::unique_ptr<IdentityBook> identities, std::unique_ptr<HoldBook> holds,
                 std::unique_ptr<CaseBook> cases, const crypto::Key256& name_key)
      : clock_(runtime.clock),
        peers_(runtime.peers),
        metrics_(runtime.metrics),
        places_(std::move(places)),
        entries_(std::move(entries)),
        log_(std::move(log)),
        cosigner_(std::move(cosigner)),
        keyring_(std::move(keyring)),
        ledger_(std::move(ledger)),
        certificates_(std::move(certificates)),
        identities_(std::move(identities)),
        holds_(std::move(holds)),
        two_person_above_(config.compliance().two_person_above()),
        callers_(config.access(), *identities_, runtime.clock),
        cases_(std::move(cases)),
        name_key_(name_key),
        service_(runtime.clock, runtime.guard, metrics_, *log_, *cosigner_, *entries_, *keyring_,
                 callers_),
        erasures_(runtime.guard, runtime.metrics,
                  [this](const v1::AuditEvent& event) {
                    return service_.Append({&event, 1}).status();
                  }),
        identity_service_(runtime.clock, runtime.guard, *identities_, callers_, withheld_owners_),
        hold_service_(runtime.clock, runtime.guard, *holds_),
        rights_calls_(runtime.guard,
                      [this](const v1::AuditEvent& event) {
                        return service_.Append({&event, 1}).status();
                      }),
        checkpoint_at_us_(base::ToMicros(runtime.clock.Now())) {
    AddGauges(runtime.metrics);
  }

  ~ComplianceRole() override { Stop(); }

  std::string_view name() const override { return "compliance"; }
  std::vector<grpc::Service*> services() override {
    return {&service_, &erasures_, &identity_service_, &hold_service_, &rights_calls_};
  }
  shared::ComplianceAccess* compliance_access() override { return &service_; }

  std::vector<http::Route> http_routes() override {
    return {{http::Route::Method::kGet, kLogPagesPrefix, [this](const http::Request& request) {
               return LogPage(*log_, *cosigner_, request.path);
             }}};
  }

  base::Status Start() override {
    RETURN_IF_ERROR(ConnectParts());
    RETURN_IF_ERROR(BeginHalfYear());
    v1::AuditEvent started;
    started.set_actor("service:compliance");
    started.set_role(privacy::v1::INTERNAL_SERVICE);
    started.set_method("start");
    started.set_purpose(privacy::v1::OPERATION);
    started.set_decision(v1::ALLOWED);
    started.set_object_kind("service");
    started.set_object_ref("compliance");
    RETURN_IF_ERROR(service_.Append({&started, 1}).status());
    MakeCheckpoint();
    if (cosigner_->has_witnesses()) {
      const base::Status asked = cosigner_->Ask();
      if (asked.code() == base::StatusCode::kDataLoss) return asked;
      if (!asked.ok()) {
        base::Log(base::LogLevel::kError, "cosigning_failed", {{"reason", asked}});
      }
    }
    RETURN_IF_ERROR(CatchUpErasures());
    timer_ = std::thread([this] { RunTimer(); });
    cosigner_->Start();
    return base::OkStatus();
  }

  // Ends the timer only: calls that are still under way in other roles need the log until the
  // server has drained. The log writes its last checkpoint when the role is destroyed.
  void Stop() override {
    {
      const base::MutexLock lock(mutex_);
      stopping_ = true;
      wake_.NotifyAll();
    }
    if (timer_.joinable()) timer_.join();
    cosigner_->Stop();
    if (eraser_) eraser_->Stop();
    if (rights_) rights_->Stop();
  }

  base::Status Ready() override {
    const base::Status status = service_.WriteStatus();
    if (!status.ok()) return base::Annotate(status, "the audit log cannot be written");
    const base::MutexLock lock(mutex_);
    return checkpoint_;
  }

  base::Status StoreStatus() override { return Ready(); }

  base::Status BackUp(backup::Sink& sink) override {
    RETURN_IF_ERROR(AddAuditLog(*log_->open(), places_.audit_log, sink));
    RETURN_IF_ERROR(AddClosedLogs(places_.closed_logs, sink));
    RETURN_IF_ERROR(AddKeyCheck(sink));
    ASSIGN_OR_RETURN(const auto certificates, certificates_->All());
    for (const std::filesystem::path& path : certificates) {
      ASSIGN_OR_RETURN(const std::string note, base::ReadFile(path, kMaxNoteBytes));
      sink.Announce(note.size());
      RETURN_IF_ERROR(sink.AddBytes("certificates/" + path.filename().string(), note));
    }
    ASSIGN_OR_RETURN(const std::string book, EncodeCaseBook(cases_->Read()));
    sink.Announce(book.size());
    return sink.AddBytes(kCaseBookFile, book);
  }

 private:
  // What needs the other roles.
  base::Status ConnectParts() {
    ASSIGN_OR_RETURN(auto stewards, ConnectStewards(peers_));
    stewards.push_back(std::make_unique<BookSteward<IdentityBook>>(*identities_));
    stewards.push_back(std::make_unique<BookSteward<HoldBook>>(*holds_));
    stewards.push_back(std::make_unique<AuditSteward>(*log_, clock_));
    stewards.push_back(MakeCaseSteward(*cases_));
    retention_ = std::make_unique<RetentionRunner>(
        clock_, std::move(stewards), *holds_,
        TwoPersonRule{two_person_above_,
                      [this](const std::string& actor) { return identities_->OwnerOf(actor); }});
    ASSIGN_OR_RETURN(auto holders, ConnectHolders());
    eraser_ = std::make_unique<Eraser>(
        clock_, *keyring_, *ledger_, *certificates_, places_, std::move(holders),
        [this](const std::string& erasure) { return ReplacementOf(*cases_, *keyring_, erasure); },
        [this] { rights_->TellRoles(); });
    ASSIGN_OR_RETURN(auto told, ConnectHolders());
    rights_ = std::make_unique<Rights>(
        clock_, *keyring_, *cases_, name_key_, std::move(told),
        [this](const std::string& erasure) { return eraser_->StateOf(erasure); });
    exporter_ = std::make_unique<SubjectExport>(*keyring_, *log_, rights_->holders());
    service_.Connect(retention_.get(), [this] { return rights_->RestrictedReferences(); });
    erasures_.Connect(eraser_.get(), rights_.get());
    hold_service_.Connect(retention_.get());
    rights_calls_.Connect(rights_.get(), eraser_.get(), exporter_.get());
    return base::OkStatus();
  }

  // Everything that holds persons.
  base::StatusOr<std::vector<std::unique_ptr<PersonHolder>>> ConnectHolders() {
    ASSIGN_OR_RETURN(auto holders, ConnectPersonHolders(peers_));
    holders.push_back(
        std::make_unique<IdentityHolder>(*identities_, *holds_, clock_, withheld_owners_));
    holders.push_back(MakeCaseHolder(*cases_, *keyring_, name_key_));
    return holders;
  }

  // Before the roles of this process open: a database that came back from a backup loses whom it
  // should not know. A role in another process that is not there yet is told when it is; until
  // then nothing opens what it has sealed.
  base::Status CatchUpErasures() {
    const base::Status status = eraser_->CatchUp();
    if (!status.ok() && status.code() != base::StatusCode::kUnavailable) return status;
    if (!status.ok()) {
      base::Log(base::LogLevel::kWarning, "erasures_not_caught_up", {{"reason", status}});
    }
    eraser_->Start();
    rights_->Follow();
    rights_->Start();
    return base::OkStatus();
  }

  void AddGauges(metrics::Registry& registry) {
    gauges_.push_back(registry.AddGaugeFunction(
        "belgrand_compliance_audit_log_entries", "Entries in the open audit log.",
        [this] { return static_cast<double>(log_->open()->size()); }));
    gauges_.push_back(registry.AddGaugeFunction(
        "belgrand_compliance_checkpoint_age_seconds",
        "Time since the audit log was last covered by a signed checkpoint.", [this] {
          return static_cast<double>(base::ToMicros(clock_.Now()) - checkpoint_at_us_) / 1e6;
        }));
    if (cosigner_->has_witnesses()) {
      gauges_.push_back(registry.AddGaugeFunction(
          "belgrand_compliance_cosigned_age_seconds",
          "Time since a witness last cosigned a checkpoint of the audit log.",
          [this] { return cosigner_->AgeSeconds(); }));
    }
    gauges_.push_back(registry.AddGaugeFunction(
        "belgrand_compliance_holds", "Legal holds in force.",
        [this] { return static_cast<double>(holds_->InForce().size()); }));
    gauges_.push_back(registry.AddGaugeFunction(
        "belgrand_compliance_holds_overdue", "Legal holds in force whose review is overdue.",
        [this] { return static_cast<double>(holds_->Overdue(clock_.Now())); }));
    gauges_.push_back(registry.AddGaugeFunction(
        "belgrand_compliance_keyring_persons", "Persons whose key is in the keyring.",
        [this] { return static_cast<double>(keyring_->size()); }));
    AddCaseGauges(registry);
  }

  void AddCaseGauges(metrics::Registry& registry) {
    const auto add = [&](const char* name, const char* help, const auto& value) {
      gauges_.push_back(registry.AddGaugeFunction(name, help, [this, value] {
        return rights_ ? static_cast<double>(value(rights_->Count())) : 0.0;
      }));
    };
    using Depth = Rights::Depth;
    add("belgrand_compliance_cases_open", "Requests of persons that wait for a decision.",
        [](const Depth& depth) { return depth.open; });
    add("belgrand_compliance_cases_due_soon", "Of these, due within seven days.",
        [](const Depth& depth) { return depth.due_soon; });
    add("belgrand_compliance_cases_overdue", "Of these, past the time of Article 12(3).",
        [](const Depth& depth) { return depth.overdue; });
    add("belgrand_compliance_cases_restricting", "Cases that withhold a person from readers.",
        [](const Depth& depth) { return depth.restricting; });
    add("belgrand_compliance_orders_pending", "Orders that a laboratory has not acknowledged.",
        [](const Depth& depth) { return depth.orders_pending; });
    add("belgrand_compliance_order_oldest_seconds", "How long the oldest of these has waited.",
        [](const Depth& depth) { return depth.oldest_order.count() / 1'000'000; });
  }

  // So that a restore without the keyring is noticed.
  base::Status AddKeyCheck(backup::Sink& sink) const {
    const std::filesystem::path file = places_.audit_log.parent_path() / kKeyCheckFile;
    ASSIGN_OR_RETURN(const std::string text, base::ReadFile(file));
    sink.Announce(text.size());
    return sink.AddBytes(kKeyCheckFile, text);
  }

  // At the start and whenever a half-year has ended.
  base::Status BeginHalfYear() {
    ASSIGN_OR_RETURN(const bool begun, log_->RollIfDue());
    if (begun) cosigner_->Follow(log_->open());
    return base::OkStatus();
  }

  void MakeCheckpoint() {
    base::Status begun = BeginHalfYear();
    const auto checkpoint =
        begun.ok() ? log_->open()->Checkpoint() : base::StatusOr<std::string>(std::move(begun));
    {
      const base::MutexLock lock(mutex_);
      checkpoint_ = base::Annotate(checkpoint.status(), "the audit log cannot be signed");
    }
    if (checkpoint.ok()) {
      checkpoint_at_us_ = base::ToMicros(clock_.Now());
    } else {
      base::Log(base::LogLevel::kError, "audit_checkpoint_failed",
                {{"reason", checkpoint.status()}});
    }
  }

  void RunTimer() {
    while (true) {
      {
        const base::MutexLock lock(mutex_);
        if (!stopping_) wake_.WaitFor(mutex_, kCheckpointInterval);
        if (stopping_) return;
      }
      MakeCheckpoint();
      RemindOfHolds();
    }
  }

  // Once a day while somebody should look at one.
  void RemindOfHolds() {
    const base::Instant now = clock_.Now();
    if (now < remind_at_) return;
    const std::size_t overdue = holds_->Overdue(now);
    if (overdue == 0) return;
    remind_at_ = now + std::chrono::hours(24);
    base::Log(base::LogLevel::kWarning, "hold_reviews_overdue", {{"holds", overdue}});
  }

  const base::Clock& clock_;
  const shared::Peers& peers_;
  ComplianceMetrics metrics_;
  const ErasurePlaces places_;
  const std::unique_ptr<AuditEntries> entries_;
  const std::unique_ptr<AuditShards> log_;
  const std::unique_ptr<Cosigner> cosigner_;
  const std::unique_ptr<Keyring> keyring_;
  const std::unique_ptr<ErasureLedger> ledger_;
  const std::unique_ptr<CertificateShelf> certificates_;
  const std::unique_ptr<IdentityBook> identities_;
  const std::unique_ptr<HoldBook> holds_;
  const std::uint64_t two_person_above_;
  const CallerCheck callers_;
  WithheldOwners withheld_owners_;
  const std::unique_ptr<CaseBook> cases_;
  const crypto::Key256 name_key_;
  std::unique_ptr<RetentionRunner> retention_;
  std::unique_ptr<Eraser> eraser_;
  std::unique_ptr<Rights> rights_;
  std::unique_ptr<SubjectExport> exporter_;
  ComplianceServiceImpl service_;
  ErasureServiceImpl erasures_;
  IdentityServiceImpl identity_service_;
  HoldServiceImpl hold_service_;
  RightsServiceImpl rights_calls_;
  std::atomic<std::int64_t> checkpoint_at_us_;
  base::Mutex mutex_;
  base::CondVar wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  base::Status checkpoint_ GUARDED_BY(mutex_);  // how the last one went
  base::Instant remind_at_;                     // the timer's alone
  std::thread timer_;
  // Last: no scrape may reach a member that is gone.
  std::vector<std::shared_ptr<void>> gauges_;
};

// Of the digests of restricted persons, which roles keep: not that of the ledger, which they do
// not.
base::StatusOr<crypto::Key256> OpenNameKey(const std::filesystem::path& path) {
  auto key = ReadKeyFile(path);
  if (key.status().code() == base::StatusCode::kNotFound) return CreateKeyFile(path);
  return key;
}

base::StatusOr<std::vector<WitnessPeer>> WitnessesOf(const config::v1::Compliance& config) {
  std::vector<WitnessPeer> peers;
  for (const config::v1::AuditWitness& witness : config.witnesses()) {
    ASSIGN_OR_RETURN(NoteVerifier verifier, NoteVerifier::Parse(witness.verifier_key()));
    WitnessPeer peer{witness.url(), std::move(verifier), {}};
    if (witness.has_tls()) {
      peer.client.tls = base::TlsFiles{witness.tls().certificate_file(),
                                       witness.tls().private_key_file(), witness.tls().ca_file()};
    }
    peers.push_back(std::move(peer));
  }
  return peers;
}

}  // namespace

base::StatusOr<std::unique_ptr<shared::Role>> CreateComplianceRole(const config::v1::Config& config,
                                                                   const shared::Runtime& runtime) {
  const std::filesystem::path home = runtime.data_dir / "compliance";
  const std::filesystem::path keyring_dir = config.compliance().keyring_dir();
  RETURN_IF_ERROR(MakePrivateDirectory(home / "audit"));
  RETURN_IF_ERROR(MakePrivateDirectory(keyring_dir));

  // Before anything that would make a key where there is none.
  RETURN_IF_ERROR(CheckKeys(home / kKeyCheckFile, keyring_dir));
  ASSIGN_OR_RETURN(AuditEntries opened, AuditEntries::Open(keyring_dir / "audit_actor.key"));
  auto entries = std::make_unique<AuditEntries>(std::move(opened));
  AuditShardsOptions options;
  options.log.directory = home / "audit";
  options.log.origin = config.compliance().audit_origin();
  options.log.seed_path = home / "audit_log.seed";
  options.log.checkpoint_interval = kCheckpointInterval;
  options.closed = home / kClosedLogsDirectory;
  options.anchor = keyring_dir / kAnchorFile;
  ASSIGN_OR_RETURN(auto log, AuditShards::Open(options, runtime.clock, *entries));
  ASSIGN_OR_RETURN(auto witnesses, WitnessesOf(config.compliance()));
  auto cosigner = std::make_unique<Cosigner>(log->open(), std::move(witnesses), options.anchor,
                                             runtime.clock, runtime.metrics);
  RETURN_IF_ERROR(cosigner->CheckHistory());
  ASSIGN_OR_RETURN(auto keyring, Keyring::OpenDirectory({keyring_dir}));
  ASSIGN_OR_RETURN(auto ledger, ErasureLedger::Open(keyring_dir));
  ASSIGN_OR_RETURN(auto certificates,
                   CertificateShelf::Open(home / "certificates", keyring_dir / "certificates.seed",
                                          config.compliance().audit_origin() + "/erasures"));
  ASSIGN_OR_RETURN(auto identities, IdentityBook::Open(keyring_dir / "identities.bin"));
  ASSIGN_OR_RETURN(auto holds, HoldBook::Open(keyring_dir / "holds.bin"));
  ASSIGN_OR_RETURN(auto cases, CaseBook::Open(home / kCaseBookFile));
  ASSIGN_OR_RETURN(const crypto::Key256 name_key, OpenNameKey(keyring_dir / kRightsKeyFile));
  RETURN_IF_ERROR(RecordKeys(home / kKeyCheckFile, keyring_dir));
  ErasurePlaces places{keyring_dir, home / "audit", options.closed, config.backup().directory(),
                       home / "search"};
  return std::make_unique<ComplianceRole>(
      runtime, config, std::move(places), std::move(entries), std::move(log), std::move(cosigner),
      std::move(keyring), std::move(ledger), std::move(certificates), std::move(identities),
      std::move(holds), std::move(cases), name_key);
}

}  // namespace belgrand::compliance
