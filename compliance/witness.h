// A witness: cosigns a checkpoint of a log only when it continues the last one it cosigned, so that
// the log cannot show one history to some and another to others, nor go back.
//
// The protocol is C2SP tlog-witness v1.0.0: the answers here are its HTTP answers. For each log one
// file holds the last cosigned checkpoint with the cosignature (docs/formats/witness.md). It is on
// disk before the cosignature leaves, under one lock with the checks, so that two requests cannot
// take the record back. A record that does not verify refuses the start: a witness that forgot
// would help to fork.
//
// Thread safety: safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compliance/checkpoint.h"
#include "compliance/note.h"
#include "platform/base/append_file.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"

namespace belgrand::compliance {

struct WitnessOptions {
  // Of the records; owned by this witness alone.
  std::filesystem::path directory;
  // Keys (type 1) of the logs. The key named "x" also counts, under the name "x/y", for the log
  // with origin "x/y".
  std::vector<NoteVerifier> logs;
};

struct WitnessAnswer {
  int code = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// What a request and its answer were about, for metrics: closed set.
enum class WitnessOutcome {
  kCosigned,
  kMalformed,
  kUnknownLog,
  kNotSigned,
  kStale,
  kContradiction,
  kNotStored
};

class Witness {
 public:
  // DataLoss: a record does not verify under the keys of its log and of this witness, or is of a
  // log that is not among the options'. FailedPrecondition: another process has the directory.
  // InvalidArgument: `key` is not of type 4, or a log's not of type 1. `clock` must outlive it.
  static base::StatusOr<std::unique_ptr<Witness>> Open(WitnessOptions options, NoteSigner key,
                                                       const base::Clock& clock);

  // The answer to add-checkpoint with this body: 200 and the cosignature, or 400, 403, 404, 409,
  // 422 as the specification says, or 500 when the record cannot be stored.
  WitnessAnswer AddCheckpoint(std::string_view body, WitnessOutcome* outcome = nullptr)
      EXCLUDES_LOCK(mutex_);

  // The last checkpoint cosigned of the log whose origin has this SHA-256 (hex), with the log's
  // signature and the cosignature; 404 where there is none.
  WitnessAnswer Latest(std::string_view origin_hash) const EXCLUDES_LOCK(mutex_);

  const NoteVerifier& verifier() const { return key_.verifier(); }

 private:
  struct Record {
    Checkpoint checkpoint;
    std::string note;
  };

  Witness(WitnessOptions options, NoteSigner key, const base::Clock& clock,
          base::DirectoryLock lock)
      : options_(std::move(options)), key_(std::move(key)), clock_(clock), lock_(std::move(lock)) {}
  base::Status Load() REQUIRES_LOCK(mutex_);
  base::Status LoadRecord(const std::filesystem::path& file) REQUIRES_LOCK(mutex_);
  // The keys that may have signed for this origin, under its name.
  std::vector<NoteVerifier> KeysOf(std::string_view origin) const;
  WitnessAnswer Judge(std::string_view body, WitnessOutcome& outcome) EXCLUDES_LOCK(mutex_);
  WitnessAnswer Cosign(const OpenedCheckpoint& opened, const std::string& text,
                       WitnessOutcome& outcome) REQUIRES_LOCK(mutex_);

  const WitnessOptions options_;
  const NoteSigner key_;
  const base::Clock& clock_;
  const base::DirectoryLock lock_;
  mutable base::Mutex mutex_;
  // By the hex SHA-256 of the origin.
  std::map<std::string, Record, std::less<>> records_ GUARDED_BY(mutex_);
};

// Hex SHA-256: names the record of a log.
std::string OriginHash(std::string_view origin);

}  // namespace belgrand::compliance
