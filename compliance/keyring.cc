#include "compliance/keyring.h"

#include <algorithm>
#include <utility>

#include "compliance/sealed_field.h"
#include "platform/base/file.h"
#include "platform/base/log.h"
#include "platform/crypto/aead.h"
#include "platform/crypto/hash.h"

namespace belgrand::compliance {
namespace {

constexpr std::size_t kKeyBytes = 32;

std::string BigEndian32(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

std::string WrapContext(std::uint32_t epoch, std::string_view subject_ref) {
  return std::string("belgrand keyring v1").append(BigEndian32(epoch)).append(subject_ref);
}

std::string Wrap(const crypto::Key256& epoch_key, std::uint32_t epoch, std::string_view subject_ref,
                 std::string_view person_key, std::string_view lookup) {
  const auto nonce = crypto::RandomArray<crypto::kGcmNonceBytes>();
  std::string plain = std::string(person_key).append(lookup);
  std::string wrapped(crypto::View(nonce));
  wrapped += crypto::AesGcmSeal(epoch_key, nonce, WrapContext(epoch, subject_ref), plain);
  crypto::Cleanse(plain);
  return wrapped;
}

base::Status CheckValues(std::span<const PlainValue> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const PlainValue& value = values[i];
    if (value.value.empty() || value.value.size() > kMaxPersonalValueBytes) {
      return base::InvalidArgument("personal value {} has {} bytes: 1 to {} are taken", i,
                                   value.value.size(), kMaxPersonalValueBytes);
    }
    if (value.place.empty() || value.place.size() > kMaxPlaceBytes) {
      return base::InvalidArgument("place of personal value {} has {} bytes: 1 to {} are taken", i,
                                   value.place.size(), kMaxPlaceBytes);
    }
  }
  return base::OkStatus();
}

// The epoch to open. A directory without a keyring is new, unless a later epoch's key says
// otherwise.
base::StatusOr<std::uint32_t> CurrentEpoch(const std::filesystem::path& directory,
                                           const KeyringEpochs& epochs) {
  if (!epochs.keyrings.empty()) return epochs.keyrings.back();
  if (!epochs.keys.empty() && epochs.keys.back() > 1) {
    return base::FailedPrecondition(
        "{} is missing but {} exists: restore the keyring, or move the key away to start afresh "
        "(every person sealed before is then erased)",
        KeyringPath(directory, epochs.keys.back()).string(),
        EpochKeyPath(directory, epochs.keys.back()).string());
  }
  // A key of epoch 1 alone is left by a crash while creating: it is used, not replaced.
  if (epochs.keys.empty()) RETURN_IF_ERROR(CreateKeyFile(EpochKeyPath(directory, 1)).status());
  RETURN_IF_ERROR(base::WriteFileAtomically(KeyringPath(directory, 1), HeaderFrame(1), 0600));
  return std::uint32_t{1};
}

// Removes what an interrupted Drop left: keyrings and keys of other epochs than the current one.
base::Status DestroyOtherEpochs(const std::filesystem::path& directory, const KeyringEpochs& epochs,
                                std::uint32_t current) {
  for (const std::uint32_t epoch : epochs.keys) {
    if (epoch != current) RETURN_IF_ERROR(DestroyKeyFile(EpochKeyPath(directory, epoch)));
  }
  for (const std::uint32_t epoch : epochs.keyrings) {
    if (epoch == current) continue;
    std::error_code error;
    std::filesystem::remove(KeyringPath(directory, epoch), error);
    if (error) {
      return base::Unavailable("cannot remove {}: {}", KeyringPath(directory, epoch).string(),
                               error.message());
    }
  }
  return base::SyncDirectory(directory);
}

}  // namespace

base::StatusOr<std::unique_ptr<Keyring>> Keyring::OpenDirectory(KeyringOptions options) {
  const std::filesystem::path directory = options.directory;
  RETURN_IF_ERROR(base::MakeDirectories({}, directory));
  ASSIGN_OR_RETURN(base::DirectoryLock lock, base::DirectoryLock::Acquire(directory));
  ASSIGN_OR_RETURN(const KeyringEpochs epochs, ListEpochs(directory));
  auto index_key = ReadKeyFile(IndexKeyPath(directory));
  if (index_key.status().code() == base::StatusCode::kNotFound) {
    if (!epochs.keyrings.empty()) {
      return base::FailedPrecondition("{} is missing: restore it, persons are found by it",
                                      IndexKeyPath(directory).string());
    }
    index_key = CreateKeyFile(IndexKeyPath(directory));
  }
  if (!index_key.ok()) return index_key.status();
  ASSIGN_OR_RETURN(const std::uint32_t epoch, CurrentEpoch(directory, epochs));
  std::unique_ptr<Keyring> keyring(new Keyring(std::move(options), std::move(lock), *index_key));
  base::MutexLock hold(keyring->mutex_);
  RETURN_IF_ERROR(keyring->Load(epoch));
  RETURN_IF_ERROR(DestroyOtherEpochs(directory, epochs, epoch));
  return keyring;
}

base::StatusOr<Keyring::Files> Keyring::ReadFiles(const std::filesystem::path& directory,
                                                  std::uint32_t epoch) {
  const std::filesystem::path path = KeyringPath(directory, epoch);
  auto epoch_key = ReadKeyFile(EpochKeyPath(directory, epoch));
  if (epoch_key.status().code() == base::StatusCode::kNotFound) {
    return base::FailedPrecondition("{} is missing: without it {} cannot be opened",
                                    EpochKeyPath(directory, epoch).string(), path.string());
  }
  if (!epoch_key.ok()) return epoch_key.status();
  ASSIGN_OR_RETURN(const std::string bytes, base::ReadFile(path));
  auto content = ParseKeyring(bytes, epoch);
  if (!content.ok()) return base::Annotate(content.status(), path.string());
  return Files{*epoch_key, *std::move(content)};
}

base::StatusOr<std::uint64_t> Keyring::Inspect(const std::filesystem::path& directory) {
  ASSIGN_OR_RETURN(const KeyringEpochs epochs, ListEpochs(directory));
  if (epochs.keyrings.empty()) {
    return base::NotFound("there is no keyring in {}", directory.string());
  }
  const std::uint32_t epoch = epochs.keyrings.back();
  ASSIGN_OR_RETURN(const Files files, ReadFiles(directory, epoch));
  for (const StoredPerson& person : files.content.persons) {
    RETURN_IF_ERROR(UnwrapWith(files.epoch_key, epoch, person).status());
  }
  return files.content.persons.size();
}

base::Status Keyring::Load(std::uint32_t epoch) {
  ASSIGN_OR_RETURN(const Files files, ReadFiles(options_.directory, epoch));
  epoch_ = epoch;
  epoch_key_ = files.epoch_key;
  for (const StoredPerson& person : files.content.persons) {
    ASSIGN_OR_RETURN(Secrets secrets, Unwrap(person));
    refs_[std::move(secrets.lookup)] = person.subject_ref;
    wrapped_[person.subject_ref] = person.wrapped;
  }
  ASSIGN_OR_RETURN(file_,
                   base::AppendFile::Open(KeyringPath(options_.directory, epoch), options_.sync));
  const std::uint64_t whole = files.content.whole_bytes;
  if (file_.size() == whole) return base::OkStatus();
  // Keys of a call that never returned: nothing was sealed with them.
  base::Log(base::LogLevel::kWarning, "keyring_torn_tail_dropped",
            {{"bytes", file_.size() - whole}});
  RETURN_IF_ERROR(file_.Truncate(whole));
  return file_.Sync();
}

std::string Keyring::Lookup(std::int32_t subject, std::string_view tenant,
                            std::string_view value) const {
  const std::string person = BigEndian32(static_cast<std::uint32_t>(subject))
                                 .append(BigEndian32(static_cast<std::uint32_t>(tenant.size())))
                                 .append(tenant)
                                 .append(value);
  return std::string(crypto::View(crypto::HmacSha256(index_key_.view(), person)));
}

base::StatusOr<Keyring::Secrets> Keyring::Unwrap(const StoredPerson& person) const {
  return UnwrapWith(epoch_key_, epoch_, person);
}

base::StatusOr<Keyring::Secrets> Keyring::UnwrapWith(const crypto::Key256& epoch_key,
                                                     std::uint32_t epoch,
                                                     const StoredPerson& person) {
  crypto::GcmNonce nonce;
  if (person.wrapped.size() < nonce.size()) return base::DataLoss("a wrapped key is truncated");
  std::copy_n(person.wrapped.begin(), nonce.size(), nonce.begin());
  auto plain = crypto::AesGcmOpen(epoch_key, nonce, WrapContext(epoch, person.subject_ref),
                                  std::string_view(person.wrapped).substr(nonce.size()));
  if (!plain.ok() || plain->size() != 2 * kKeyBytes) {
    return base::DataLoss(
        "a person's key does not open under the key of epoch {}: the keyring was altered, or is a "
        "copy of another epoch",
        epoch);
  }
  Secrets secrets;
  ASSIGN_OR_RETURN(secrets.key, crypto::Key256::FromBytes(plain->substr(0, kKeyBytes)));
  secrets.lookup = plain->substr(kKeyBytes);
  crypto::Cleanse(*plain);
  return secrets;
}

base::StatusOr<crypto::Key256> Keyring::KeyOf(const std::string& subject_ref) const {
  const auto wrapped = wrapped_.find(subject_ref);
  if (wrapped == wrapped_.end()) {
    return base::NotFound("the person's key is not in the keyring: it was dropped, or never was");
  }
  ASSIGN_OR_RETURN(const Secrets secrets, Unwrap({subject_ref, wrapped->second}));
  return secrets.key;
}

base::StatusOr<std::vector<SealedValue>> Keyring::Seal(std::span<const PlainValue> values) {
  RETURN_IF_ERROR(CheckValues(values));
  std::vector<SealedValue> sealed(values.size());
  std::vector<crypto::Key256> keys(values.size());
  {
    base::MutexLock lock(mutex_);
    std::unordered_map<std::string, std::string> new_refs;
    std::vector<StoredPerson> new_persons;
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::string lookup = Lookup(values[i].subject, values[i].tenant, values[i].value);
      std::string& ref = sealed[i].subject_ref;
      if (const auto known = refs_.find(lookup); known != refs_.end()) {
        ref = known->second;
      } else if (const auto added = new_refs.find(lookup); added != new_refs.end()) {
        ref = added->second;
      } else {
        ref = crypto::RandomBytes(kSubjectRefBytes);
        const crypto::Key256 key = crypto::Key256::Random();
        new_persons.push_back({ref, Wrap(epoch_key_, epoch_, ref, key.view(), lookup)});
        new_refs.emplace(std::move(lookup), ref);
      }
    }
    if (!new_persons.empty()) RETURN_IF_ERROR(AddPersons(new_persons));
    for (StoredPerson& person : new_persons) {
      wrapped_[std::move(person.subject_ref)] = std::move(person.wrapped);
    }
    refs_.merge(new_refs);
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSIGN_OR_RETURN(keys[i], KeyOf(sealed[i].subject_ref));
    }
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    sealed[i].sealed = SealField(keys[i], sealed[i].subject_ref, values[i].place, values[i].value);
  }
  return sealed;
}

base::Status Keyring::AddPersons(const std::vector<StoredPerson>& persons) {
  RETURN_IF_ERROR(refused_);
  std::string frames;
  for (const StoredPerson& person : persons) frames += PersonFrame(person);
  const std::uint64_t before = file_.size();
  base::Status status = file_.Append(frames);
  if (status.ok()) status = file_.Sync();
  if (status.ok()) return status;
  // A full disk is forgiven once the torn part is back off the file; a failed sync never is.
  if (!file_.Truncate(before).ok() || status.code() != base::StatusCode::kResourceExhausted) {
    refused_ = base::Unavailable(
        "the keyring refuses changes since an earlier failure ({}): mend the disk and restart",
        base::Message(status));
  }
  return status;
}

base::StatusOr<std::string> Keyring::SealFor(std::string_view subject_ref, std::string_view place,
                                             std::string_view value) const {
  crypto::Key256 key;
  {
    base::MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(key, KeyOf(std::string(subject_ref)));
  }
  return SealField(key, subject_ref, place, value);
}

base::StatusOr<std::string> Keyring::Open(std::string_view sealed, std::string_view place) const {
  ASSIGN_OR_RETURN(const std::string subject_ref, SubjectRefOf(sealed));
  crypto::Key256 key;
  {
    base::MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(key, KeyOf(subject_ref));
  }
  return OpenField(key, place, sealed);
}

base::StatusOr<std::string> Keyring::FindSubject(std::int32_t subject, std::string_view tenant,
                                                 std::string_view value) const {
  const std::string lookup = Lookup(subject, tenant, value);
  base::MutexLock lock(mutex_);
  const auto ref = refs_.find(lookup);
  if (ref == refs_.end()) return base::NotFound("no such person in the keyring");
  return ref->second;
}

bool Keyring::Holds(std::string_view subject_ref) const {
  base::MutexLock lock(mutex_);
  return wrapped_.contains(std::string(subject_ref));
}

std::size_t Keyring::size() const {
  base::MutexLock lock(mutex_);
  return wrapped_.size();
}

std::uint32_t Keyring::epoch() const {
  base::MutexLock lock(mutex_);
  return epoch_;
}

base::Status Keyring::Drop(std::string_view subject_ref) {
  const std::string ref(subject_ref);
  return Drop(std::span(&ref, 1));
}

base::Status Keyring::Drop(std::span<const std::string> subject_refs) {
  if (subject_refs.empty()) return base::OkStatus();
  base::MutexLock lock(mutex_);
  RETURN_IF_ERROR(refused_);
  const std::unordered_set<std::string> dropped(subject_refs.begin(), subject_refs.end());
  for (const std::string& ref : dropped) {
    if (!wrapped_.contains(ref)) {
      return base::NotFound(
          "a person to drop is not in the keyring: dropped before, or never there");
    }
  }
  const std::uint32_t old_epoch = epoch_;
  RETURN_IF_ERROR(StartNextEpoch(dropped));
  // From here on the persons are gone from every later start; what is left is to burn the old key.
  KeyringEpochs old;
  old.keys = {old_epoch};
  old.keyrings = {old_epoch};
  return DestroyOtherEpochs(options_.directory, old, epoch_);
}

base::Status Keyring::StartNextEpoch(const std::unordered_set<std::string>& dropped) {
  const std::uint32_t next = epoch_ + 1;
  const std::filesystem::path key_path = EpochKeyPath(options_.directory, next);
  const std::filesystem::path path = KeyringPath(options_.directory, next);
  ASSIGN_OR_RETURN(const crypto::Key256 next_key, CreateKeyFile(key_path));
  std::unordered_map<std::string, std::string> wrapped;
  std::unordered_map<std::string, std::string> refs;
  std::string content = HeaderFrame(next);
  for (const auto& [ref, old_wrapped] : wrapped_) {
    if (dropped.contains(ref)) continue;
    ASSIGN_OR_RETURN(const Secrets secrets, Unwrap({ref, old_wrapped}));
    StoredPerson person{ref, Wrap(next_key, next, ref, secrets.key.view(), secrets.lookup)};
    content += PersonFrame(person);
    refs[secrets.lookup] = ref;
    wrapped[ref] = std::move(person.wrapped);
  }
  base::Status opened = base::WriteFileAtomically(path, content, 0600);
  if (opened.ok()) {
    auto file = base::AppendFile::Open(path, options_.sync);
    opened = file.status();
    if (file.ok()) file_ = std::move(*file);
  }
  if (std::error_code error; !opened.ok() && std::filesystem::exists(path, error)) {
    // The failure came after the rename: the disk is at the next epoch, this object is not.
    refused_ = base::Unavailable(
        "the keyring refuses changes since its epoch change failed ({}): mend the disk and restart",
        base::Message(opened));
  }
  RETURN_IF_ERROR(opened);
  epoch_ = next;
  epoch_key_ = next_key;
  wrapped_ = std::move(wrapped);
  refs_ = std::move(refs);
  return base::OkStatus();
}

}  // namespace belgrand::compliance
