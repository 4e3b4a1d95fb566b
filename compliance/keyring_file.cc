#include "compliance/keyring_file.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "belgrand/storage/v1/keyring.pb.h"
#include "compliance/frames.h"
#include "compliance/sealed_field.h"
#include "platform/base/append_file.h"
#include "platform/base/file.h"
#include "platform/crypto/hash.h"

namespace belgrand::compliance {
namespace {

constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kMaxKeyFileBytes = 4096;
constexpr std::string_view kKeyringPrefix = "keyring.";
constexpr std::string_view kKeyPrefix = "epoch.";
constexpr std::string_view kKeySuffix = ".key";

// The number between prefix and suffix of a file name of ours.
std::optional<std::uint32_t> EpochOf(std::string_view name, std::string_view prefix,
                                     std::string_view suffix) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  name.remove_suffix(std::min(name.size(), suffix.size()));
  std::uint32_t epoch = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), epoch);
  if (name.empty() || error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return epoch;
}

std::string Frame(const google::protobuf::MessageLite& message) {
  return EncodeFrame(message.SerializeAsString());
}

base::Status CheckHeader(std::string_view payload, std::uint32_t epoch) {
  storage::v1::KeyringHeader header;
  if (!header.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return base::DataLoss("keyring header is damaged");
  }
  if (header.format() != kFormat) {
    return base::FailedPrecondition("keyring has format {}, this release reads {}", header.format(),
                                    kFormat);
  }
  if (header.epoch() != epoch) {
    return base::DataLoss("keyring of epoch {} lies under the name of epoch {}", header.epoch(),
                          epoch);
  }
  return base::OkStatus();
}

}  // namespace

base::StatusOr<KeyringEpochs> ListEpochs(const std::filesystem::path& directory) {
  KeyringEpochs epochs;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (const auto epoch = EpochOf(name, kKeyringPrefix, "")) epochs.keyrings.push_back(*epoch);
    if (const auto epoch = EpochOf(name, kKeyPrefix, kKeySuffix)) epochs.keys.push_back(*epoch);
  }
  if (error) return base::Unavailable("cannot list {}: {}", directory.string(), error.message());
  std::sort(epochs.keyrings.begin(), epochs.keyrings.end());
  std::sort(epochs.keys.begin(), epochs.keys.end());
  return epochs;
}

std::filesystem::path IndexKeyPath(const std::filesystem::path& directory) {
  return directory / "index.key";
}
std::filesystem::path EpochKeyPath(const std::filesystem::path& directory, std::uint32_t epoch) {
  return directory / fmt::format("{}{}{}", kKeyPrefix, epoch, kKeySuffix);
}
std::filesystem::path KeyringPath(const std::filesystem::path& directory, std::uint32_t epoch) {
  return directory / fmt::format("{}{}", kKeyringPrefix, epoch);
}

base::StatusOr<crypto::Key256> ReadKeyFile(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(std::string bytes, base::ReadFile(path, kMaxKeyFileBytes));
  auto key = crypto::Key256::FromBytes(bytes);
  crypto::Cleanse(bytes);
  if (!key.ok()) {
    return base::DataLoss("{}: {}", path.string(), base::Message(key.status()));
  }
  return key;
}

base::StatusOr<crypto::Key256> CreateKeyFile(const std::filesystem::path& path) {
  const crypto::Key256 key = crypto::Key256::Random();
  RETURN_IF_ERROR(base::WriteFileAtomically(path, key.view(), 0600));
  return key;
}

base::Status DestroyKeyFile(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return base::OkStatus();
  {
    ASSIGN_OR_RETURN(base::AppendFile file, base::AppendFile::Open(path));
    RETURN_IF_ERROR(file.Overwrite(
        crypto::RandomBytes(std::min<std::uint64_t>(file.size(), kMaxKeyFileBytes))));
    RETURN_IF_ERROR(file.Sync());
  }
  std::filesystem::remove(path, error);
  if (error) return base::Unavailable("cannot remove {}: {}", path.string(), error.message());
  return base::SyncDirectory(path.parent_path());
}

std::string HeaderFrame(std::uint32_t epoch) {
  storage::v1::KeyringHeader header;
  header.set_format(kFormat);
  header.set_epoch(epoch);
  return Frame(header);
}

std::string PersonFrame(const StoredPerson& person) {
  storage::v1::PersonKey key;
  key.set_subject_ref(person.subject_ref);
  key.set_wrapped_key(person.wrapped);
  return Frame(key);
}

base::StatusOr<KeyringContent> ParseKeyring(std::string_view bytes, std::uint32_t epoch) {
  KeyringContent content;
  for (std::size_t number = 0;; ++number) {
    ASSIGN_OR_RETURN(const std::optional<std::string_view> payload,
                     NextFrame(bytes.substr(content.whole_bytes), "keyring", number));
    if (!payload) {
      // The header came with the rename that made the file: it cannot be unfinished.
      if (number == 0) return base::DataLoss("keyring has no header: the file is damaged");
      return content;
    }
    if (number == 0) {
      RETURN_IF_ERROR(CheckHeader(*payload, epoch));
    } else {
      storage::v1::PersonKey person;
      if (!person.ParseFromArray(payload->data(), static_cast<int>(payload->size())) ||
          person.subject_ref().size() != kSubjectRefBytes) {
        return base::DataLoss("keyring frame {} is not a person's key", number);
      }
      content.persons.push_back({person.subject_ref(), person.wrapped_key()});
    }
    content.whole_bytes += kFrameHeaderBytes + payload->size();
  }
}

}  // namespace belgrand::compliance
