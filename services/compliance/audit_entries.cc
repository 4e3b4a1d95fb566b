#include "services/compliance/audit_entries.h"

#include "belgrand/storage/v1/audit_entry.pb.h"
#include "platform/base/file.h"
#include "platform/base/utf8.h"
#include "platform/crypto/hash.h"
#include "services/shared/timestamp.h"

namespace belgrand::compliance {
namespace {

constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kActorRefBytes = 16;
// A method name or reference that is longer says no more.
constexpr std::size_t kMaxText = 512;

// At most kMaxText bytes of whole characters; invalid bytes end the text, since protobuf stores
// UTF-8.
std::string Clip(std::string_view text) {
  if (text.size() <= kMaxText && base::IsUtf8(text)) return std::string(text);
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t size = base::Utf8CharacterSize(text.substr(end));
    if (size == 0 || end + size > kMaxText - 3) break;
    end += size;
  }
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace

base::StatusOr<AuditEntries> AuditEntries::Open(const std::filesystem::path& key_file) {
  base::StatusOr<std::string> bytes = base::ReadFile(key_file, 1024);
  if (bytes.status().code() == base::StatusCode::kNotFound) {
    const crypto::Key256 key = crypto::Key256::Random();
    RETURN_IF_ERROR(base::WriteFileAtomically(key_file, key.view(), 0600));
    return AuditEntries(key);
  }
  RETURN_IF_ERROR(bytes.status());
  const base::StatusOr<crypto::Key256> key = crypto::Key256::FromBytes(*bytes);
  crypto::Cleanse(*bytes);
  if (!key.ok()) {
    return base::DataLoss(
        "{} is not a key of 32 bytes: restore it, or move it away to start with new references",
        key_file.string());
  }
  return AuditEntries(*key);
}

std::string AuditEntries::ActorRef(std::string_view actor) const {
  return std::string(
      crypto::View(crypto::HmacSha256(key_.view(), actor)).substr(0, kActorRefBytes));
}

base::StatusOr<std::string> AuditEntries::Encode(const v1::AuditEvent& event,
                                                 base::Instant now) const {
  if (event.actor().empty() || event.method().empty() ||
      event.decision() == v1::DECISION_UNSPECIFIED) {
    return base::InvalidArgument(
        "an audit event needs actor, method and decision; this one has {}actor, {}method, "
        "decision {}",
        event.actor().empty() ? "no " : "an ", event.method().empty() ? "no " : "a ",
        static_cast<int>(event.decision()));
  }
  storage::v1::AuditEntry entry;
  entry.set_format(kFormat);
  entry.set_at_us(base::ToMicros(event.has_at() ? shared::ToInstant(event.at()) : now));
  entry.set_actor_ref(ActorRef(event.actor()));
  entry.set_role(event.role());
  entry.set_method(Clip(event.method()));
  entry.set_decision(event.decision());
  entry.set_status_code(event.status_code());
  entry.set_request_id(Clip(event.request_id()));
  entry.set_object_kind(Clip(event.object_kind()));
  entry.set_object_ref(Clip(event.object_ref()));
  entry.set_record_count(event.record_count());
  entry.set_purpose(event.purpose());
  std::string bytes;
  if (!entry.SerializeToString(&bytes))
    return base::Internal("an audit entry cannot be serialised");
  return bytes;
}

}  // namespace belgrand::compliance
