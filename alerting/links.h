// Links in a mail that acknowledge or dismiss an alert.
//
// A link ends in a token: what is asked (action), of which alert, because of which event, by whom
// and until when, under HMAC-SHA256 of a secret that only this service has. The person is named by
// a keyed reference, so that no address stands in a URL that proxies write down. The same event,
// person and action give the same token: a repeated mail carries the same links, and one use spends
// them all. Layout: docs/formats/links.md.
//
// Thread safety: safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::alerting {

// Written into tokens: numbers stay.
enum class LinkAction : std::uint8_t { kAcknowledge = 1, kDismiss = 2 };

struct LinkClaim {
  LinkAction action = LinkAction::kAcknowledge;
  std::uint64_t event_sequence = 0;
  base::Instant expires{};
  // LinkSigner::PersonOf of the mail address.
  std::string person;
  std::string alert_id;

  friend bool operator==(const LinkClaim&, const LinkClaim&) = default;
};

struct LinkOptions {
  // "https://alerts.city.example", without a slash at its end.
  std::string public_url;
  base::Duration valid_for = std::chrono::hours(72);
  // At least 32 bytes.
  std::string secret;
  // Of the database: a token of another one is not taken for ours.
  std::string instance_id;
};

// The path below which tokens are served.
inline constexpr std::string_view kLinkPrefix = "/act/";

class LinkSigner {
 public:
  explicit LinkSigner(LinkOptions options);
  ~LinkSigner();

  // 16 hex digits that stand for a mail address.
  std::string PersonOf(std::string_view address) const;
  base::Instant ExpiryOf(const v1::AlertEvent& event) const;
  std::string Url(const v1::AlertEvent& event, LinkAction action, std::string_view address) const;

  std::string Token(const LinkClaim& claim) const;
  // PermissionDenied: not a token of ours; the message does not show it. Does not look at the time.
  base::StatusOr<LinkClaim> Open(std::string_view token) const;

 private:
  LinkOptions options_;
  std::string token_key_;
  std::string person_key_;
};

}  // namespace belgrand::alerting
