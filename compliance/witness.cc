#include "compliance/witness.h"

#include <system_error>
#include <utility>

#include "compliance/merkle.h"
#include "compliance/tlog_proof.h"
#include "platform/base/file.h"
#include "platform/base/log.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"

namespace belgrand::compliance {
namespace {

WitnessAnswer Refusal(int code, std::string_view why) {
  return {code, "text/plain; charset=utf-8", fmt::format("{}\n", why)};
}

// The text that the signatures of a note stand under; empty where there are none.
std::string TextOf(std::string_view note) {
  const std::size_t split = note.rfind("\n\n");
  return split == note.npos ? std::string() : std::string(note.substr(0, split + 1));
}

}  // namespace

std::string OriginHash(std::string_view origin) {
  return crypto::ToHex(crypto::View(crypto::Sha256(origin)));
}

base::StatusOr<std::unique_ptr<Witness>> Witness::Open(WitnessOptions options, NoteSigner key,
                                                       const base::Clock& clock) {
  if (key.verifier().type != NoteKeyType::kCosignatureV1) {
    return base::InvalidArgument("the key of witness {} is not of type 4 (cosignature v1)",
                                 key.verifier().name);
  }
  for (const NoteVerifier& log : options.logs) {
    if (log.type == NoteKeyType::kEd25519) continue;
    return base::InvalidArgument("the key of log {} is of type {}: give the log's own, of type 1",
                                 log.name, static_cast<int>(log.type));
  }
  RETURN_IF_ERROR(base::MakeDirectories({}, options.directory));
  ASSIGN_OR_RETURN(base::DirectoryLock lock, base::DirectoryLock::Acquire(options.directory));
  std::unique_ptr<Witness> witness(
      new Witness(std::move(options), std::move(key), clock, std::move(lock)));
  const base::MutexLock guard(witness->mutex_);
  RETURN_IF_ERROR(witness->Load());
  return witness;
}

base::Status Witness::Load() {
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(options_.directory, error)) {
    // What an interrupted write left behind has another name.
    const std::string name = file.path().filename().string();
    if (name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos) {
      RETURN_IF_ERROR(LoadRecord(file.path()));
    }
  }
  if (!error) return base::OkStatus();
  return base::Unavailable("cannot read {}: {}", options_.directory.string(), error.message());
}

base::Status Witness::LoadRecord(const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(std::string note, base::ReadFile(file, kMaxNoteBytes));
  const auto refuse = [&](std::string_view why) {
    return base::DataLoss(
        "the witness's record {} {}: restore it; without it this witness would cosign a fork",
        file.string(), why);
  };
  const auto claimed = ParseCheckpoint(TextOf(note));
  if (!claimed.ok()) return refuse(base::Message(claimed.status()));
  if (OriginHash(claimed->origin) != file.filename().string()) {
    return refuse(fmt::format("is of another log, {}", claimed->origin));
  }
  std::vector<NoteVerifier> keys = KeysOf(claimed->origin);
  if (keys.empty()) {
    return refuse(fmt::format("is of the log {}, whose key is not configured", claimed->origin));
  }
  for (const NoteVerifier& log : keys) {
    const auto opened = OpenCheckpoint(note, log, std::span(&key_.verifier(), 1));
    if (!opened.ok() || opened->cosignatures.size() != 1) continue;
    records_[OriginHash(claimed->origin)] = {opened->checkpoint, std::move(note)};
    return base::OkStatus();
  }
  return refuse("does not verify under the log's key and this witness's");
}

std::vector<NoteVerifier> Witness::KeysOf(std::string_view origin) const {
  std::vector<NoteVerifier> keys;
  for (const NoteVerifier& log : options_.logs) {
    if (origin == log.name) {
      keys.push_back(log);
    } else if (origin.starts_with(log.name) && origin.substr(log.name.size()).starts_with('/')) {
      if (auto renamed = log.Renamed(origin); renamed.ok()) keys.push_back(*std::move(renamed));
    }
  }
  return keys;
}

WitnessAnswer Witness::AddCheckpoint(std::string_view body, WitnessOutcome* outcome) {
  WitnessOutcome judged = WitnessOutcome::kMalformed;
  WitnessAnswer answer = Judge(body, judged);
  if (outcome != nullptr) *outcome = judged;
  return answer;
}

WitnessAnswer Witness::Judge(std::string_view body, WitnessOutcome& outcome) {
  outcome = WitnessOutcome::kMalformed;
  const auto request = ParseAddCheckpoint(body);
  if (!request.ok()) return Refusal(400, base::Message(request.status()));
  const std::string text = TextOf(request->checkpoint);
  const auto claimed = ParseCheckpoint(text);
  if (!claimed.ok()) return Refusal(400, base::Message(claimed.status()));
  const std::vector<NoteVerifier> keys = KeysOf(claimed->origin);
  if (keys.empty()) {
    outcome = WitnessOutcome::kUnknownLog;
    return Refusal(404, "this witness does not know the log");
  }
  base::StatusOr<OpenedCheckpoint> opened = base::NotFound("no key");
  for (const NoteVerifier& key : keys) {
    opened = OpenCheckpoint(request->checkpoint, key);
    if (opened.ok()) break;
  }
  if (!opened.ok()) {
    const bool malformed = opened.status().code() == base::StatusCode::kInvalidArgument;
    if (!malformed) outcome = WitnessOutcome::kNotSigned;
    return Refusal(malformed ? 400 : 403, base::Message(opened.status()));
  }
  const Checkpoint& fresh = opened->checkpoint;
  if (request->old_size > fresh.size) {
    return Refusal(400, "the old size is larger than the checkpoint's");
  }

  const base::MutexLock lock(mutex_);
  const auto found = records_.find(OriginHash(fresh.origin));
  const Checkpoint known =
      found == records_.end() ? Checkpoint{fresh.origin, 0, EmptyRoot()} : found->second.checkpoint;
  if (request->old_size != known.size) {
    outcome = WitnessOutcome::kStale;
    return {409, "text/x.tlog.size", fmt::format("{}\n", known.size)};
  }
  outcome = WitnessOutcome::kContradiction;
  if (known.size == 0) {
    // RFC 6962 has no proof from the empty tree: every tree continues it.
    if (!request->hashes.empty()) return Refusal(422, "a proof from size 0 is empty");
    if (fresh.size == 0 && fresh.root != EmptyRoot()) {
      return Refusal(422, "the root is not that of the empty tree");
    }
  } else if (const base::Status grown =
                 VerifyConsistency(known.size, fresh.size, known.root, fresh.root, request->hashes);
             !grown.ok()) {
    base::Log(base::LogLevel::kError, "witness_contradiction",
              {{"log", fresh.origin}, {"known_size", known.size}, {"size", fresh.size}});
    return Refusal(422, base::Message(grown));
  }
  return Cosign(*opened, text, outcome);
}

WitnessAnswer Witness::Cosign(const OpenedCheckpoint& opened, const std::string& text,
                              WitnessOutcome& outcome) {
  const Checkpoint& checkpoint = opened.checkpoint;
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.Now().time_since_epoch());
  const auto line = CosignatureLine(text, key_, static_cast<std::uint64_t>(now.count()));
  if (!line.ok()) return Refusal(400, base::Message(line.status()));
  // Of the request only what verified is kept.
  std::string note = text + "\n" + FormatSignatureLine(opened.log_signature) + *line;
  const std::string name = OriginHash(checkpoint.origin);
  const base::Status stored = base::WriteFileAtomically(options_.directory / name, note, 0644);
  if (!stored.ok()) {
    outcome = WitnessOutcome::kNotStored;
    base::Log(base::LogLevel::kError, "witness_record_not_stored", {{"reason", stored}});
    return Refusal(500, "the record cannot be stored, so nothing is cosigned: try again");
  }
  records_[name] = {checkpoint, std::move(note)};
  outcome = WitnessOutcome::kCosigned;
  return {200, "text/plain; charset=utf-8", *line};
}

WitnessAnswer Witness::Latest(std::string_view origin_hash) const {
  const base::MutexLock lock(mutex_);
  const auto found = records_.find(origin_hash);
  if (found == records_.end()) return Refusal(404, "no checkpoint of this log was cosigned");
  return {200, "text/plain; charset=utf-8", found->second.note};
}

}  // namespace belgrand::compliance
