#include "compliance/key_check.h"

#include <array>
#include <string>
#include <string_view>

#include "compliance/case_book.h"
#include "compliance/erasure_ledger.h"
#include "compliance/keyring_file.h"
#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"

namespace belgrand::compliance {
namespace {

constexpr std::string_view kTitle = "belgrand keyring check v1";
constexpr std::size_t kMaxFileBytes = 4096;
constexpr std::size_t kCheckBytes = 16;

enum class WhenMissing { kRefuse, kMadeAnew };

struct Kept {
  std::string_view name;
  WhenMissing when_missing;
};

// Epoch keys change, and what they wrap shows whether they are right.
constexpr std::array kKept = {
    Kept{"index.key", WhenMissing::kRefuse}, Kept{kErasureKeyFile, WhenMissing::kRefuse},
    Kept{kErasureLedgerFile, WhenMissing::kRefuse}, Kept{"certificates.seed", WhenMissing::kRefuse},
    Kept{kRightsKeyFile, WhenMissing::kRefuse},
    // Destroying it cuts the references of the audit log loose, on purpose.
    Kept{"audit_actor.key", WhenMissing::kMadeAnew}};

// What the file says of one of them. NotFound: it is not there.
base::StatusOr<std::string> CheckOf(const std::filesystem::path& directory, std::string_view name) {
  const std::filesystem::path path = directory / name;
  if (name == kErasureLedgerFile) {
    ASSIGN_OR_RETURN(const std::string bytes, base::ReadFile(path));
    const auto content = ParseLedger(bytes);
    if (!content.ok()) return base::Annotate(content.status(), path.string());
    return crypto::ToHex(content->ledger_id);
  }
  ASSIGN_OR_RETURN(const crypto::Key256 key, ReadKeyFile(path));
  return crypto::ToHex(
      crypto::View(crypto::HmacSha256(key.view(), fmt::format("{}\n{}", kTitle, name)))
          .substr(0, kCheckBytes));
}

// Of a line "<name> <check>"; empty: the file says nothing of it.
std::string_view Recorded(std::string_view text, std::string_view name) {
  const std::string begin = fmt::format("\n{} ", name);
  const std::size_t at = text.find(begin);
  if (at == text.npos) return {};
  const std::string_view rest = text.substr(at + begin.size());
  return rest.substr(0, rest.find('\n'));
}

base::Status Compare(const Kept& kept, std::string_view recorded, const std::filesystem::path& file,
                     const std::filesystem::path& directory) {
  const auto found = CheckOf(directory, kept.name);
  const std::string path = (directory / kept.name).string();
  if (found.status().code() == base::StatusCode::kNotFound) {
    if (kept.when_missing == WhenMissing::kMadeAnew) return base::OkStatus();
    return base::FailedPrecondition(
        "{} is missing, and this data was written with it: mount or restore the keyring directory "
        "that belongs to it. If it is lost for good, nothing that was sealed can be opened and no "
        "erasure is remembered: only then move {} away, and record why",
        path, file.string());
  }
  RETURN_IF_ERROR(found.status());
  if (*found == recorded) return base::OkStatus();
  return base::DataLoss(
      "{} is not the one that this data was written with: it was damaged, or is of another "
      "installation. Restore the keyring directory that belongs to {}",
      path, file.parent_path().string());
}

}  // namespace

base::Status CheckKeys(const std::filesystem::path& file,
                       const std::filesystem::path& keyring_dir) {
  const auto text = base::ReadFile(file, kMaxFileBytes);
  if (text.status().code() == base::StatusCode::kNotFound) return base::OkStatus();
  RETURN_IF_ERROR(text.status());
  if (!text->starts_with(fmt::format("{}\n", kTitle))) {
    return base::DataLoss("{} does not begin with '{}': restore it", file.string(), kTitle);
  }
  for (const Kept& kept : kKept) {
    const std::string_view recorded = Recorded(*text, kept.name);
    if (recorded.empty()) continue;
    RETURN_IF_ERROR(Compare(kept, recorded, file, keyring_dir));
  }
  return base::OkStatus();
}

base::Status RecordKeys(const std::filesystem::path& file,
                        const std::filesystem::path& keyring_dir) {
  std::string text = fmt::format("{}\n", kTitle);
  for (const Kept& kept : kKept) {
    const auto check = CheckOf(keyring_dir, kept.name);
    if (check.status().code() == base::StatusCode::kNotFound) continue;
    RETURN_IF_ERROR(check.status());
    text += fmt::format("{} {}\n", kept.name, *check);
  }
  const auto old = base::ReadFile(file, kMaxFileBytes);
  if (old.ok() && *old == text) return base::OkStatus();
  return base::WriteFileAtomically(file, text, 0600);
}

}  // namespace belgrand::compliance
