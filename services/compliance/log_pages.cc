#include "services/compliance/log_pages.h"

#include "belgrand/storage/v1/audit_entry.pb.h"
#include "compliance/policy.h"
#include "compliance/proof_text.h"
#include "compliance/tile_reader.h"
#include "platform/base/file.h"

namespace belgrand::compliance {
namespace {

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr std::string_view kEntries = "tile/entries/";
constexpr std::string_view kClosed = "closed/";

http::Response Refusal(int code, std::string_view why) {
  return {code, kText, fmt::format("{}\n", why), "no-store"};
}

http::Response NoSuchResource() { return Refusal(404, "no such resource"); }

// Of the log in `directory`, of which `size` entries may be served.
http::Response Resource(const std::filesystem::path& directory, std::uint64_t size,
                        std::string_view path) {
  if (path.starts_with(kEntries) && !EntriesArePublic()) {
    return Refusal(403,
                   "entries refer to persons and are not public: a data-protection officer reads "
                   "them with ReadAudit");
  }
  if (path == kPruneMarkFile) {
    auto mark = base::ReadFile(directory / kPruneMarkFile, kMaxNoteBytes);
    if (!mark.ok()) return NoSuchResource();
    return {200, kText, *std::move(mark), "max-age=5"};
  }
  auto bytes = ReadLogResource(directory, size, path);
  if (bytes.ok()) {
    if (path == kCheckpointFile) return {200, kText, *std::move(bytes), "max-age=5"};
    return {200, "application/octet-stream", *std::move(bytes),
            "public, max-age=31536000, immutable"};
  }
  const bool none = bytes.status().code() == base::StatusCode::kInvalidArgument ||
                    bytes.status().code() == base::StatusCode::kNotFound;
  return none ? NoSuchResource() : Refusal(500, "the log cannot be read");
}

}  // namespace

bool EntriesArePublic() {
  const auto* const entry = storage::v1::AuditEntry::descriptor();
  for (int i = 0; i < entry->field_count(); ++i) {
    if (CategoryOf(*entry->field(i)) != privacy::v1::NOT_PERSONAL) return false;
  }
  return true;
}

http::Response LogPage(const AuditShards& shards, const Cosigner& cosigner,
                       const std::string& path) {
  if (path.starts_with(kClosed)) {
    const std::string_view rest = std::string_view(path).substr(kClosed.size());
    const std::size_t slash = rest.find('/');
    const auto number = ParseDecimal(rest.substr(0, slash));
    if (slash == rest.npos || !number.ok() || *number > UINT32_MAX) return NoSuchResource();
    const auto log = shards.FindClosed(static_cast<std::uint32_t>(*number));
    if (!log.ok() || !log->state.ok()) return NoSuchResource();
    return Resource(log->directory, log->checkpoint.size, rest.substr(slash + 1));
  }
  if (path == kCheckpointFile) {
    // Whoever follows the log wants the one that witnesses saw.
    if (std::string cosigned = cosigner.cosigned(); !cosigned.empty()) {
      return {200, kText, std::move(cosigned), "max-age=5"};
    }
  }
  return Resource(shards.options().log.directory, shards.open()->size(), path);
}

}  // namespace belgrand::compliance
