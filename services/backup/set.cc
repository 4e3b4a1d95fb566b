#include "services/backup/set.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"

namespace belgrand::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "BELGRAND BACKUP 1\n";
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kDigestLine = 65;  // hex and a line feed
constexpr std::string_view kSuffix = ".set";
constexpr std::size_t kMaxSetBytes = std::size_t{1} << 30;

bool StaysInside(const std::string& name) {
  const fs::path path(name);
  return !name.empty() && path.is_relative() &&
         std::none_of(path.begin(), path.end(),
                      [](const fs::path& part) { return part == ".." || part.empty(); });
}

base::Status CheckContent(const storage::v1::BackupSet& set) {
  if (set.format() != kFormat) {
    return base::FailedPrecondition(
        "the backup has format {} and this version of Belgrand reads {}: use the version that "
        "wrote it, or a newer one",
        set.format(), kFormat);
  }
  for (const auto& part : set.parts()) {
    if (!StaysInside(part.role())) return base::DataLoss("'{}' is no role", part.role());
    for (const auto& file : part.files()) {
      if (!StaysInside(file.name()) || file.sha256().size() != sizeof(crypto::Digest)) {
        return base::DataLoss("the entry '{}' of {} is damaged", file.name(), part.role());
      }
    }
  }
  return base::OkStatus();
}

}  // namespace

std::string EncodeSet(const storage::v1::BackupSet& set) {
  const std::string body = set.SerializeAsString();
  std::string bytes(kMagic);
  bytes += crypto::ToHex(crypto::View(crypto::Sha256(body)));
  bytes += '\n';
  bytes += body;
  return bytes;
}

base::StatusOr<storage::v1::BackupSet> DecodeSet(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) {
    return base::DataLoss("it does not begin as a backup set does: not one, or damaged");
  }
  bytes.remove_prefix(kMagic.size());
  if (bytes.size() < kDigestLine) return base::DataLoss("it is cut off in its first lines");
  const std::string_view digest = bytes.substr(0, kDigestLine - 1);
  const std::string_view body = bytes.substr(kDigestLine);
  if (digest != crypto::ToHex(crypto::View(crypto::Sha256(body))) ||
      bytes[kDigestLine - 1] != '\n') {
    return base::DataLoss("its checksum is wrong: cut off or altered");
  }
  storage::v1::BackupSet set;
  if (!set.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return base::DataLoss("it cannot be parsed though its checksum is right");
  }
  RETURN_IF_ERROR(CheckContent(set));
  return set;
}

fs::path SetPath(const fs::path& folder, std::uint64_t id) {
  return folder / "sets" / fmt::format("{:08}{}", id, kSuffix);
}

base::StatusOr<std::vector<std::uint64_t>> SetIds(const fs::path& folder) {
  std::vector<std::uint64_t> ids;
  std::error_code error;
  for (fs::directory_iterator it(folder / "sets", error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::uint64_t id = 0;
    const auto [rest, bad] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (bad == std::errc() && std::string_view(rest) == kSuffix) ids.push_back(id);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return base::Unavailable("cannot list {}: {}", folder.string(), error.message());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

base::StatusOr<storage::v1::BackupSet> ReadSet(const fs::path& folder, std::uint64_t id) {
  const auto bytes = base::ReadFile(SetPath(folder, id), kMaxSetBytes);
  if (bytes.status().code() == base::StatusCode::kNotFound) {
    ASSIGN_OR_RETURN(const std::vector<std::uint64_t> ids, SetIds(folder));
    return base::NotFound("{} has no backup {}; it has {}", folder.string(), id,
                          ids.empty() ? "none" : fmt::format("{}", fmt::join(ids, ", ")));
  }
  if (!bytes.ok()) return bytes.status();
  auto set = DecodeSet(*bytes);
  if (!set.ok()) return base::Annotate(set.status(), SetPath(folder, id).string());
  if (set->id() != id) {
    return base::DataLoss("{} is backup {} under another name", SetPath(folder, id).string(),
                          set->id());
  }
  return set;
}

SetSize SizeOf(const storage::v1::BackupSet& set) {
  SetSize size;
  for (const auto& part : set.parts()) {
    size.files += static_cast<std::uint64_t>(part.files_size());
    for (const auto& file : part.files()) size.bytes += file.size();
  }
  return size;
}

}  // namespace belgrand::backup
