#include "services/compliance/cosigner.h"

#include <utility>

#include "compliance/proof_text.h"
#include "compliance/tlog_proof.h"
#include "compliance/witness.h"
#include "platform/base/file.h"
#include "platform/base/log.h"

namespace belgrand::compliance {
namespace {

constexpr std::chrono::seconds kPause(10);
// Even an idle log shows that it is still the same, and when.
constexpr std::chrono::minutes kRefresh(5);

// The anchor of a log that nobody cosigned yet has the log's own signature alone.
bool IsCosigned(const std::string& note, const NoteVerifier& log) {
  const auto opened = OpenNote(note, std::span(&log, 1));
  return opened.ok() && !opened->unknown.empty();
}

std::string TextOf(const std::string& note) { return note.substr(0, note.rfind("\n\n") + 1); }

}  // namespace

Cosigner::Cosigner(std::shared_ptr<AuditLog> log, std::vector<WitnessPeer> witnesses,
                   std::filesystem::path anchor, const base::Clock& clock,
                   metrics::Registry& metrics)
    : log_(std::move(log)),
      anchor_(std::move(anchor)),
      clock_(clock),
      metrics_(metrics),
      cosigned_at_us_(base::ToMicros(clock.Now())) {
  for (WitnessPeer& peer : witnesses) {
    while (peer.url.ends_with('/')) peer.url.pop_back();
    witnesses_.push_back({std::move(peer), 0, 0, {}});
  }
}

void Cosigner::Count(const char* outcome) {
  metrics_
      .AddCounter("belgrand_compliance_witness_answers_total",
                  "Answers of witnesses to the audit log's checkpoints.", {{"outcome", outcome}})
      .Increment();
}

base::Status Cosigner::CheckContinues(const Checkpoint& seen, std::string_view by) const {
  constexpr std::string_view kRemedy =
      "put the newer copy back; where it is lost, keep this log aside and begin a new one with "
      "belgrand audit begin-anew";
  if (seen.size > log_->size()) {
    return base::DataLoss(
        "the audit log has {} entries, and {} vouches for {}: an older copy was put in its place. "
        "{}",
        log_->size(), by, seen.size, kRemedy);
  }
  ASSIGN_OR_RETURN(const Hash root, log_->RootAt(seen.size));
  if (root == seen.root) return base::OkStatus();
  return base::DataLoss(
      "the first {} entries of the audit log are not those that {} vouches for: it was rewritten. "
      "{}",
      seen.size, by, kRemedy);
}

base::StatusOr<Checkpoint> Cosigner::Latest(const State& state) const {
  const std::string url =
      fmt::format("{}/{}/checkpoint", state.peer.url, OriginHash(log_->verifier().name));
  ASSIGN_OR_RETURN(const http::Response response, http::Get(url, state.peer.client));
  if (response.code == 404) return base::NotFound("{} has cosigned nothing of this log", url);
  if (response.code != 200) return base::Unavailable("{} answered {}", url, response.code);
  ASSIGN_OR_RETURN(
      const OpenedCheckpoint opened,
      OpenCheckpoint(response.body, log_->verifier(), std::span(&state.peer.verifier, 1)));
  if (opened.cosignatures.empty()) {
    return base::Unavailable("{} shows a checkpoint without its cosignature", url);
  }
  return opened.checkpoint;
}

base::Status Cosigner::Confront(const State& state) {
  const auto latest = Latest(state);
  if (!latest.ok()) {
    base::Log(base::LogLevel::kError, "witness_contradicts_without_proof",
              {{"witness", state.peer.verifier.name}, {"reason", latest.status()}});
    return base::OkStatus();
  }
  base::Status verdict =
      CheckContinues(*latest, fmt::format("the witness {}", state.peer.verifier.name));
  if (verdict.code() != base::StatusCode::kDataLoss) return base::OkStatus();
  base::Log(base::LogLevel::kError, "audit_log_contradicted", {{"reason", verdict}});
  const base::MutexLock lock(mutex_);
  verdict_ = verdict;
  return verdict;
}

base::Status Cosigner::CheckHistory() {
  auto anchor = base::ReadFile(anchor_, kMaxNoteBytes);
  if (anchor.ok()) {
    const auto opened = OpenCheckpoint(*anchor, log_->verifier());
    if (!opened.ok()) {
      return base::DataLoss("{}, the last cosigned checkpoint, is not one of the log {}: {}",
                            anchor_.string(), log_->verifier().name,
                            base::Message(opened.status()));
    }
    RETURN_IF_ERROR(CheckContinues(opened->checkpoint, anchor_.string()));
    const base::MutexLock lock(mutex_);
    if (IsCosigned(*anchor, log_->verifier())) cosigned_ = *std::move(anchor);
  } else if (anchor.status().code() != base::StatusCode::kNotFound) {
    return anchor.status();
  }
  for (State& state : witnesses_) {
    const auto latest = Latest(state);
    if (latest.ok()) {
      RETURN_IF_ERROR(
          CheckContinues(*latest, fmt::format("the witness {}", state.peer.verifier.name)));
      state.size = latest->size;
    } else if (latest.status().code() != base::StatusCode::kNotFound) {
      base::Log(base::LogLevel::kWarning, "witness_not_asked",
                {{"witness", state.peer.verifier.name}, {"reason", latest.status()}});
    }
  }
  return base::OkStatus();
}

base::StatusOr<http::Response> Cosigner::Send(const State& state, const std::string& note,
                                              const Checkpoint& checkpoint) {
  AddCheckpoint request{state.size, {}, note};
  if (state.size > 0) {
    ASSIGN_OR_RETURN(request.hashes, log_->ProveConsistency(state.size, checkpoint.size));
  }
  return http::Post(state.peer.url + "/add-checkpoint", FormatAddCheckpoint(request),
                    "text/plain; charset=utf-8", state.peer.client);
}

base::StatusOr<NoteSignature> Cosigner::AskOne(State& state, const std::string& note,
                                               const Checkpoint& checkpoint) {
  auto response = Send(state, note, checkpoint);
  if (response.ok() && response->code == 409) {
    // It says where it stands: after a restart of ours, or when somebody else asked it.
    std::string_view body = response->body;
    while (body.ends_with('\n')) body.remove_suffix(1);
    const auto size = ParseDecimal(body);
    if (!size.ok() || *size == state.size) {
      Count("malformed");
      return base::Unavailable("answered 409 without the size it knows");
    }
    if (*size > checkpoint.size) {
      Count("contradiction");
      RETURN_IF_ERROR(Confront(state));
      return base::Unavailable("knows {} entries of {}, and does not show them", *size,
                               checkpoint.size);
    }
    state.size = *size;
    response = Send(state, note, checkpoint);
  }
  if (!response.ok()) {
    Count("unreachable");
    return response.status();
  }
  if (response->code == 422 || response->code == 409) {
    Count("contradiction");
    RETURN_IF_ERROR(Confront(state));
  } else if (response->code != 200) {
    Count("refused");
  }
  if (response->code != 200) {
    return base::Unavailable("answered {}: {}", response->code, response->body.substr(0, 200));
  }
  const auto opened = OpenNote(note + response->body, std::span(&state.peer.verifier, 1));
  if (!opened.ok()) {
    Count("malformed");
    return base::Unavailable("its cosignature does not verify: {}", base::Message(opened.status()));
  }
  Count("cosigned");
  state.size = checkpoint.size;
  state.cosigned_at = clock_.Now();
  return opened->verified.front();
}

base::Status Cosigner::Keep(const std::string& note, const std::vector<NoteSignature>& signatures) {
  std::string cosigned = note;
  for (const NoteSignature& signature : signatures) cosigned += FormatSignatureLine(signature);
  const base::Status kept = base::WriteFileAtomically(anchor_, cosigned, 0600);
  {
    const base::MutexLock lock(mutex_);
    cosigned_ = std::move(cosigned);
  }
  cosigned_at_us_ = base::ToMicros(clock_.Now());
  return base::Annotate(kept, "the cosigned checkpoint is not kept");
}

base::Status Cosigner::Ask() {
  const base::MutexLock round(round_mutex_);
  RETURN_IF_ERROR(verdict());
  ASSIGN_OR_RETURN(const std::string note, log_->Checkpoint());
  ASSIGN_OR_RETURN(const Checkpoint checkpoint, ParseCheckpoint(TextOf(note)));
  std::vector<NoteSignature> signatures;
  for (State& state : witnesses_) {
    state.asked_size = checkpoint.size;
    auto signature = AskOne(state, note, checkpoint);
    RETURN_IF_ERROR(verdict());
    if (signature.ok()) {
      signatures.push_back(*std::move(signature));
    } else {
      base::Log(base::LogLevel::kWarning, "witness_did_not_cosign",
                {{"witness", state.peer.verifier.name}, {"reason", signature.status()}});
    }
  }
  return signatures.empty() ? base::OkStatus() : Keep(note, signatures);
}

void Cosigner::Follow(std::shared_ptr<AuditLog> next) {
  const base::MutexLock round(round_mutex_);
  for (State& state : witnesses_) state.size = state.asked_size = 0;
  // Before anybody cosigned the new log: putting the one before it back must be noticed.
  const auto note = next->Checkpoint();
  const base::Status kept = note.ok() && has_witnesses()
                                ? base::WriteFileAtomically(anchor_, *note, 0600)
                                : note.status();
  if (!kept.ok()) base::Log(base::LogLevel::kError, "audit_anchor_not_kept", {{"reason", kept}});
  const base::MutexLock lock(mutex_);
  log_ = std::move(next);
  cosigned_.clear();
}

bool Cosigner::IsDue() const {
  const std::uint64_t size = log_->size();
  for (const State& state : witnesses_) {
    if (state.asked_size != size || clock_.Now() - state.cosigned_at >= kRefresh) return true;
  }
  return false;
}

void Cosigner::Start() {
  if (has_witnesses()) thread_ = std::thread([this] { Run(); });
}

void Cosigner::Run() {
  while (true) {
    {
      const base::MutexLock lock(mutex_);
      if (!stopping_) wake_.WaitFor(mutex_, kPause);
      if (stopping_) return;
    }
    bool due = false;
    {
      const base::MutexLock round(round_mutex_);
      due = IsDue();
    }
    if (!due) continue;
    if (const base::Status asked = Ask(); !asked.ok()) {
      base::Log(base::LogLevel::kError, "cosigning_failed", {{"reason", asked}});
    }
  }
}

void Cosigner::Stop() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

std::string Cosigner::cosigned() const {
  const base::MutexLock lock(mutex_);
  return cosigned_;
}

base::Status Cosigner::verdict() const {
  const base::MutexLock lock(mutex_);
  return verdict_;
}

double Cosigner::AgeSeconds() const {
  return static_cast<double>(base::ToMicros(clock_.Now()) - cosigned_at_us_) / 1e6;
}

}  // namespace belgrand::compliance
