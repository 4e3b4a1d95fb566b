#include "services/compliance/log_pages.h"

#include "belgrand/storage/v1/audit_entry.pb.h"
#include "compliance/policy.h"
#include "compliance/tile_reader.h"

namespace belgrand::compliance {
namespace {

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr std::string_view kEntries = "tile/entries/";

http::Response Refusal(int code, std::string_view why) {
  return {code, kText, fmt::format("{}\n", why), "no-store"};
}

}  // namespace

bool EntriesArePublic() {
  const auto* const entry = storage::v1::AuditEntry::descriptor();
  for (int i = 0; i < entry->field_count(); ++i) {
    if (CategoryOf(*entry->field(i)) != privacy::v1::NOT_PERSONAL) return false;
  }
  return true;
}

http::Response LogPage(const AuditLog& log, const std::filesystem::path& directory,
                       const Cosigner& cosigner, const std::string& path) {
  if (path == kCheckpointFile) {
    // Whoever follows the log wants the one that witnesses saw.
    if (std::string cosigned = cosigner.cosigned(); !cosigned.empty()) {
      return {200, kText, std::move(cosigned), "max-age=5"};
    }
  } else if (path.starts_with(kEntries) && !EntriesArePublic()) {
    return Refusal(403,
                   "entries refer to persons and are not public: a data-protection officer reads "
                   "them with ReadAudit");
  }
  auto bytes = ReadLogResource(directory, log.size(), path);
  if (bytes.ok()) {
    if (path == kCheckpointFile) return {200, kText, *std::move(bytes), "max-age=5"};
    return {200, "application/octet-stream", *std::move(bytes),
            "public, max-age=31536000, immutable"};
  }
  const bool none = bytes.status().code() == base::StatusCode::kInvalidArgument ||
                    bytes.status().code() == base::StatusCode::kNotFound;
  return Refusal(none ? 404 : 500, none ? "no such resource" : "the log cannot be read");
}

}  // namespace belgrand::compliance
