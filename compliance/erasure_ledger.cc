#include "compliance/erasure_ledger.h"

#include <utility>

#include "belgrand/storage/v1/erasure.pb.h"
#include "compliance/frames.h"
#include "compliance/keyring_file.h"
#include "compliance/sealed_field.h"
#include "platform/base/file.h"
#include "platform/base/log.h"
#include "platform/crypto/hash.h"

namespace belgrand::compliance {
namespace {

constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kDigestBytes = 32;

std::string Digest(std::string_view payload) {
  return std::string(crypto::View(crypto::Sha256(payload)));
}

void AppendBigEndian32(std::string& bytes, std::size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
}

// The ledger's key. A ledger without it cannot be held against names in clear any more.
base::StatusOr<crypto::Key256> OpenKey(const std::filesystem::path& directory) {
  std::error_code error;
  auto key = ReadKeyFile(directory / kErasureKeyFile);
  if (key.status().code() != base::StatusCode::kNotFound) return key;
  if (std::filesystem::exists(directory / kErasureLedgerFile, error)) {
    return base::FailedPrecondition("{} is missing: restore it, the erasure ledger needs it",
                                    (directory / kErasureKeyFile).string());
  }
  return CreateKeyFile(directory / kErasureKeyFile);
}

ErasureRecord* FindIn(std::vector<ErasureRecord>& records, std::string_view id) {
  for (ErasureRecord& record : records) {
    if (record.id == id) return &record;
  }
  return nullptr;
}

base::Status ReadHeader(std::string_view payload, LedgerContent& content) {
  storage::v1::ErasureLedgerHeader header;
  if (!header.ParseFromArray(payload.data(), static_cast<int>(payload.size())) ||
      header.ledger_id().size() != kErasureIdBytes) {
    return base::DataLoss("the ledger's header is damaged");
  }
  if (header.format() != kFormat) {
    return base::FailedPrecondition("the ledger has format {}, this release reads {}",
                                    header.format(), kFormat);
  }
  content.ledger_id = header.ledger_id();
  return base::OkStatus();
}

base::Status ReadEntry(std::string_view payload, std::size_t number, LedgerContent& content) {
  storage::v1::ErasureEntry entry;
  if (!entry.ParseFromArray(payload.data(), static_cast<int>(payload.size())) ||
      entry.erasure_id().size() != kErasureIdBytes) {
    return base::DataLoss("ledger frame {} is not an entry", number);
  }
  if (entry.previous() != content.last_digest) {
    return base::DataLoss(
        "ledger frame {} does not follow the one before: a line was taken out or altered", number);
  }
  ErasureRecord* const known = FindIn(content.records, entry.erasure_id());
  if (entry.finished()) {
    if (known == nullptr) return base::DataLoss("ledger frame {} ends what never began", number);
    if (!known->finished) known->finished = base::FromMicros(entry.at_us());
    known->clean = entry.clean();
    return base::OkStatus();
  }
  if (known != nullptr || entry.sequence() != content.records.size() + 1) {
    return base::DataLoss("ledger frame {} is out of order", number);
  }
  ErasureRecord& record = content.records.emplace_back();
  record.sequence = entry.sequence();
  record.id = entry.erasure_id();
  record.person = {entry.subject(), entry.subject_ref(), entry.name_digest(), entry.rectified()};
  record.begun = base::FromMicros(entry.at_us());
  return base::OkStatus();
}

base::Status MakeLedger(const std::filesystem::path& path) {
  storage::v1::ErasureLedgerHeader header;
  header.set_format(kFormat);
  header.set_ledger_id(crypto::RandomBytes(kErasureIdBytes));
  return base::WriteFileAtomically(path, EncodeFrame(header.SerializeAsString()), 0600);
}

}  // namespace

base::StatusOr<LedgerContent> ParseLedger(std::string_view bytes) {
  LedgerContent content;
  for (std::size_t number = 0;; ++number) {
    ASSIGN_OR_RETURN(const auto payload,
                     NextFrame(bytes.substr(content.whole_bytes), "ledger", number));
    if (!payload) {
      if (number == 0) return base::DataLoss("the ledger has no header: the file is damaged");
      return content;
    }
    RETURN_IF_ERROR(number == 0 ? ReadHeader(*payload, content)
                                : ReadEntry(*payload, number, content));
    content.last_digest = Digest(*payload);
    content.whole_bytes += kFrameHeaderBytes + payload->size();
  }
}

std::string NameDigest(const crypto::Key256& key, std::int32_t subject, std::string_view tenant,
                       std::string_view name) {
  std::string person;
  AppendBigEndian32(person, static_cast<std::uint32_t>(subject));
  AppendBigEndian32(person, tenant.size());
  person.append(tenant).append(name);
  std::string digest(crypto::View(crypto::HmacSha256(key.view(), person)));
  crypto::Cleanse(person);
  return digest;
}

base::StatusOr<std::unique_ptr<ErasureLedger>> ErasureLedger::Open(
    const std::filesystem::path& directory, base::SyncFunction sync) {
  RETURN_IF_ERROR(base::MakeDirectories({}, directory));
  ASSIGN_OR_RETURN(const crypto::Key256 key, OpenKey(directory));
  const std::filesystem::path path = directory / kErasureLedgerFile;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) RETURN_IF_ERROR(MakeLedger(path));
  std::unique_ptr<ErasureLedger> ledger(new ErasureLedger(key, sync));
  const base::MutexLock lock(ledger->mutex_);
  RETURN_IF_ERROR(base::Annotate(ledger->Load(path), path.string()));
  return ledger;
}

base::Status ErasureLedger::Load(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const std::string bytes, base::ReadFile(path));
  ASSIGN_OR_RETURN(LedgerContent content, ParseLedger(bytes));
  ledger_id_ = std::move(content.ledger_id);
  last_digest_ = std::move(content.last_digest);
  records_ = std::move(content.records);
  ASSIGN_OR_RETURN(file_, base::AppendFile::Open(path, sync_));
  if (file_.size() == content.whole_bytes) return base::OkStatus();
  // An erasure that was never begun: nothing was dropped for it.
  base::Log(base::LogLevel::kWarning, "erasure_ledger_torn_tail_dropped",
            {{"bytes", file_.size() - content.whole_bytes}});
  RETURN_IF_ERROR(file_.Truncate(content.whole_bytes));
  return file_.Sync();
}

ErasureRecord* ErasureLedger::Look(std::string_view id) { return FindIn(records_, id); }

base::Status ErasureLedger::Append(const std::string& payload) {
  RETURN_IF_ERROR(refused_);
  const std::uint64_t before = file_.size();
  base::Status status = file_.Append(EncodeFrame(payload));
  if (status.ok()) status = file_.Sync();
  if (status.ok()) {
    last_digest_ = Digest(payload);
    return status;
  }
  // A full disk is forgiven once the torn part is back off the file; a failed sync never is.
  if (!file_.Truncate(before).ok() || status.code() != base::StatusCode::kResourceExhausted) {
    refused_ = base::Unavailable(
        "the erasure ledger refuses entries since an earlier failure ({}): mend the disk and "
        "restart",
        base::Message(status));
  }
  return status;
}

base::StatusOr<std::uint64_t> ErasureLedger::Begin(std::string_view id, const ErasedPerson& person,
                                                   base::Instant now) {
  const base::MutexLock lock(mutex_);
  if (id.size() != kErasureIdBytes || Look(id) != nullptr) {
    return base::InvalidArgument("an erasure needs a new id of {} bytes", kErasureIdBytes);
  }
  const bool sized =
      (person.subject_ref.empty() || person.subject_ref.size() == kSubjectRefBytes) &&
      (person.name_digest.empty() || person.name_digest.size() == kDigestBytes);
  if (!sized || (person.subject_ref.empty() && person.name_digest.empty())) {
    return base::InvalidArgument("an erasure needs a reference of {} bytes or a digest of {}",
                                 kSubjectRefBytes, kDigestBytes);
  }
  storage::v1::ErasureEntry entry;
  entry.set_previous(last_digest_);
  entry.set_at_us(base::ToMicros(now));
  entry.set_erasure_id(std::string(id));
  entry.set_sequence(records_.size() + 1);
  entry.set_subject(person.subject);
  entry.set_subject_ref(person.subject_ref);
  entry.set_name_digest(person.name_digest);
  entry.set_rectified(person.rectified);
  RETURN_IF_ERROR(Append(entry.SerializeAsString()));
  ErasureRecord& record = records_.emplace_back();
  record.sequence = entry.sequence();
  record.id = entry.erasure_id();
  record.person = person;
  record.begun = base::FromMicros(entry.at_us());
  return record.sequence;
}

base::Status ErasureLedger::Finish(std::string_view id, bool clean, base::Instant now) {
  const base::MutexLock lock(mutex_);
  ErasureRecord* const record = Look(id);
  if (record == nullptr) return base::NotFound("no such erasure in the ledger");
  storage::v1::ErasureEntry entry;
  entry.set_previous(last_digest_);
  entry.set_at_us(base::ToMicros(now));
  entry.set_erasure_id(std::string(id));
  entry.set_finished(true);
  entry.set_clean(clean);
  RETURN_IF_ERROR(Append(entry.SerializeAsString()));
  if (!record->finished) record->finished = base::FromMicros(entry.at_us());
  record->clean = clean;
  return base::OkStatus();
}

std::vector<ErasureRecord> ErasureLedger::Records() const {
  const base::MutexLock lock(mutex_);
  return records_;
}

std::optional<ErasureRecord> ErasureLedger::Find(std::string_view id) const {
  const base::MutexLock lock(mutex_);
  for (const ErasureRecord& record : records_) {
    if (record.id == id) return record;
  }
  return std::nullopt;
}

std::uint64_t ErasureLedger::newest() const {
  const base::MutexLock lock(mutex_);
  return records_.size();
}

}  // namespace belgrand::compliance
