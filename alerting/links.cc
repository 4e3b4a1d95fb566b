#include "alerting/links.h"

#include <algorithm>
#include <utility>

#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/secret.h"
#include "platform/storage/keys.h"

namespace belgrand::alerting {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kPersonBytes = 8;
constexpr std::size_t kMaxTokenCharacters = 2048;

// RFC 4648 section 5, without padding.
std::string ToUrlBase64(std::string_view bytes) {
  std::string out = crypto::ToBase64(bytes);
  while (out.ends_with('=')) out.pop_back();
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

base::StatusOr<std::string> FromUrlBase64(std::string_view text) {
  std::string padded(text);
  if (padded.find_first_of("+/=") != std::string::npos) {
    return base::InvalidArgument("not base64url");
  }
  std::ranges::replace(padded, '-', '+');
  std::ranges::replace(padded, '_', '/');
  padded.append((4 - padded.size() % 4) % 4, '=');
  return crypto::FromBase64(padded);
}

base::Status NotOurs() { return base::PermissionDenied("the link is not one of ours"); }

}  // namespace

LinkSigner::LinkSigner(LinkOptions options)
    : options_(std::move(options)),
      token_key_(crypto::HkdfSha256(options_.secret, options_.instance_id,
                                    "belgrand alert link v1 token", 32)),
      person_key_(crypto::HkdfSha256(options_.secret, options_.instance_id,
                                     "belgrand alert link v1 person", 32)) {
  crypto::Cleanse(options_.secret);
}

LinkSigner::~LinkSigner() {
  crypto::Cleanse(token_key_);
  crypto::Cleanse(person_key_);
}

std::string LinkSigner::PersonOf(std::string_view address) const {
  const crypto::Digest digest = crypto::HmacSha256(person_key_, address);
  return crypto::ToHex(crypto::View(digest).substr(0, kPersonBytes));
}

base::Instant LinkSigner::ExpiryOf(const v1::AlertEvent& event) const {
  return std::chrono::floor<std::chrono::seconds>(
      base::FromMicros(event.at().seconds() * 1'000'000) + options_.valid_for);
}

std::string LinkSigner::Url(const v1::AlertEvent& event, LinkAction action,
                            std::string_view address) const {
  return options_.public_url + std::string(kLinkPrefix) +
         Token({.action = action,
                .event_sequence = event.sequence(),
                .expires = ExpiryOf(event),
                .person = PersonOf(address),
                .alert_id = event.alert().alert_id()});
}

std::string LinkSigner::Token(const LinkClaim& claim) const {
  std::string bytes(1, kVersion);
  bytes += static_cast<char>(claim.action);
  storage::AppendUint64(bytes, claim.event_sequence);
  storage::AppendInt64(
      bytes, std::chrono::floor<std::chrono::seconds>(claim.expires).time_since_epoch().count());
  bytes += crypto::FromHex(claim.person).value_or(std::string(kPersonBytes, '\0'));
  bytes += claim.alert_id;
  const crypto::Digest mac = crypto::HmacSha256(token_key_, bytes);
  return ToUrlBase64(bytes + std::string(crypto::View(mac)));
}

base::StatusOr<LinkClaim> LinkSigner::Open(std::string_view token) const {
  constexpr std::size_t kHeadBytes = 2 + 8 + 8 + kPersonBytes;
  if (token.size() > kMaxTokenCharacters) return NotOurs();
  const auto bytes = FromUrlBase64(token);
  if (!bytes.ok() || bytes->size() <= kHeadBytes + kMacBytes) return NotOurs();
  const std::string_view whole = *bytes;
  std::string_view body = whole.substr(0, whole.size() - kMacBytes);
  const crypto::Digest mac = crypto::HmacSha256(token_key_, body);
  if (!crypto::ConstantTimeEqual(crypto::View(mac), whole.substr(body.size()))) return NotOurs();
  const char version = body[0];
  LinkClaim claim;
  claim.action = static_cast<LinkAction>(body[1]);
  body.remove_prefix(2);
  claim.event_sequence = storage::TakeUint64(body).value_or(0);
  claim.expires = base::FromMicros(storage::TakeInt64(body).value_or(0) * 1'000'000);
  claim.person = crypto::ToHex(body.substr(0, kPersonBytes));
  claim.alert_id = std::string(body.substr(kPersonBytes));
  // Signed by us, so by another version of the program.
  if (version != kVersion ||
      (claim.action != LinkAction::kAcknowledge && claim.action != LinkAction::kDismiss)) {
    return NotOurs();
  }
  return claim;
}

}  // namespace belgrand::alerting
