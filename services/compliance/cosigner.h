// Shows the audit log's checkpoints to its witnesses, collects their cosignatures, and believes
// them against the disk: a log that is behind what they cosigned was rolled back.
//
// The newest cosigned checkpoint is kept in a file outside the log's directory and outside backups
// (Options::anchor), so that restoring the data alone is noticed even where no witness answers. A
// witness is believed only when it shows a checkpoint that this log's own key signed: it can refuse
// its cosignature, it cannot stop the log by a lie. A witness that does not answer stops nothing;
// the age of the last cosignature shows it.
//
// Thread safety: safe. One thread of its own between Start and Stop. Decisions:
// docs/adr/0012-audit-witnesses.md.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "compliance/audit_log.h"
#include "compliance/checkpoint.h"
#include "compliance/note.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/http/client.h"
#include "platform/metrics/registry.h"

namespace belgrand::compliance {

// Of the anchor in the directory of the keyring.
inline constexpr char kAnchorFile[] = "audit_cosigned";

struct WitnessPeer {
  std::string url;  // without a final '/'
  NoteVerifier verifier;
  http::ClientOptions client;
};

class Cosigner {
 public:
  // `clock` outlives it.
  Cosigner(std::shared_ptr<AuditLog> log, std::vector<WitnessPeer> witnesses,
           std::filesystem::path anchor, const base::Clock& clock, metrics::Registry& metrics);
  ~Cosigner() { Stop(); }

  // Compares the log with the anchor and with what every witness that answers has cosigned.
  // DataLoss: the log does not continue it; names both sizes. Blocks for answers, at most the
  // clients' timeouts.
  base::Status CheckHistory() EXCLUDES_LOCK(mutex_);

  // Asks every witness to cosign a fresh checkpoint; blocks as CheckHistory. The error is the
  // log's: it cannot sign, or a witness proved that it was rolled back or forked.
  base::Status Ask() EXCLUDES_LOCK(mutex_);

  // Goes on with the log that follows; waits for a round that is under way.
  void Follow(std::shared_ptr<AuditLog> next) EXCLUDES_LOCK(mutex_);

  // Asks every ten seconds when there is something new, at least every five minutes otherwise.
  void Start();
  void Stop();

  bool has_witnesses() const { return !witnesses_.empty(); }
  // The newest checkpoint with cosignatures; empty: there is none.
  std::string cosigned() const EXCLUDES_LOCK(mutex_);
  // Why the log must not grow any further; OK while nothing was proven against it.
  base::Status verdict() const EXCLUDES_LOCK(mutex_);
  // Since the last round in which a witness cosigned; since the start before the first.
  double AgeSeconds() const;

 private:
  struct State {
    WitnessPeer peer;
    std::uint64_t size = 0;  // that the witness cosigned last, as far as is known
    std::uint64_t asked_size = 0;
    base::Instant cosigned_at;
  };
  // Closed set of the label "outcome".
  void Count(const char* outcome);
  base::StatusOr<NoteSignature> AskOne(State& state, const std::string& note,
                                       const Checkpoint& checkpoint);
  base::StatusOr<http::Response> Send(const State& state, const std::string& note,
                                      const Checkpoint& checkpoint);
  // The last checkpoint that the witness cosigned of this log. NotFound: none.
  base::StatusOr<Checkpoint> Latest(const State& state) const;
  // DataLoss when the log does not continue `seen`.
  base::Status CheckContinues(const Checkpoint& seen, std::string_view by) const;
  // What the witness has against this log, if it can show it: sets the verdict.
  base::Status Confront(const State& state) EXCLUDES_LOCK(mutex_);
  base::Status Keep(const std::string& note, const std::vector<NoteSignature>& signatures)
      EXCLUDES_LOCK(mutex_);
  bool IsDue() const;
  void Run();

  // Changed under both locks, so either lets it be read.
  std::shared_ptr<AuditLog> log_;
  const std::filesystem::path anchor_;
  const base::Clock& clock_;
  metrics::Registry& metrics_;
  // One round at a time.
  base::Mutex round_mutex_;
  std::vector<State> witnesses_;
  std::atomic<std::int64_t> cosigned_at_us_;
  mutable base::Mutex mutex_;
  base::CondVar wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::string cosigned_ GUARDED_BY(mutex_);
  base::Status verdict_ GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace belgrand::compliance
