#include "alerting/atom.h"

#include <fmt/format.h>

#include <chrono>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "platform/base/html.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"

namespace belgrand::alerting {
namespace {

using storage::v1::NoticeReleaseRecord;

// Whole seconds, "2026-01-05T09:12:00Z".
std::string AtomTime(base::Instant at) {
  return base::FormatInstant(std::chrono::floor<std::chrono::seconds>(at));
}

// A UUID of version 8, variant 10, of 122 bits of SHA-256.
std::string Urn(std::string_view instance, std::string_view what) {
  crypto::Digest digest = crypto::Sha256({"belgrand notice feed\n", instance, "\n", what});
  digest[6] = static_cast<std::uint8_t>((digest[6] & 0x0F) | 0x80);
  digest[8] = static_cast<std::uint8_t>((digest[8] & 0x3F) | 0x80);
  const std::string hex = crypto::ToHex(crypto::View(digest).substr(0, 16));
  return fmt::format("urn:uuid:{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4),
                     hex.substr(12, 4), hex.substr(16, 4), hex.substr(20, 12));
}

std::string_view TypeName(int type) {
  return type == v1::NOTICE_ALERT ? "Alert" : type == v1::NOTICE_UPDATE ? "Update" : "Cancel";
}

std::string TypeWords(int type, Language language) {
  switch (type) {
    case v1::NOTICE_ALERT:
      return std::string(Pick(language, "New notice", "Nouvel avis"));
    case v1::NOTICE_UPDATE:
      return std::string(Pick(language, "Update of a notice", "Mise à jour d'un avis"));
    default:
      return std::string(Pick(language, "End of a notice", "Fin d'un avis"));
  }
}

std::string Entry(const NoticeReleaseRecord& release, const FeedOptions& options) {
  const std::string at = AtomTime(base::FromMicros(release.released_at_us()));
  const Language language = options.language;
  const std::string title =
      fmt::format("{}{} {}", TypeWords(release.type(), language), Pick(language, ":", "\u00a0:"),
                  Pick(language, release.headline(), release.headline_fr()));
  return fmt::format(
      "  <entry>\n"
      "    <id>{}</id>\n"
      "    <title>{}</title>\n"
      "    <published>{}</published>\n"
      "    <updated>{}</updated>\n"
      "    <category term=\"{}\"/>\n"
      "    <link rel=\"alternate\" type=\"application/cap+xml\" href=\"{}\"/>\n"
      "    <summary>{}</summary>\n"
      "  </entry>\n",
      Urn(options.instance_id, std::to_string(release.release_id())), base::EscapeHtml(title), at,
      at, TypeName(release.type()),
      base::EscapeHtml(
          fmt::format("{}{}{}", options.base_url, kNoticePath, MessageName(release.release_id()))),
      base::EscapeHtml(Say(language, "Valid until {} at most. Whole text: {}.",
                           "Valable jusqu'au {} au plus. Texte entier\u00a0: {}.",
                           AtomTime(base::FromMicros(release.expires_at_us())),
                           release.identifier())));
}

}  // namespace

std::string FeedName(Language language) {
  return language == Language::kFrench ? "feed.fr.xml" : "feed.xml";
}

std::string MessageName(std::uint64_t release_id) { return fmt::format("{}.xml", release_id); }

base::Instant FeedUpdated(std::span<const NoticeReleaseRecord> newest_first) {
  return newest_first.empty() ? base::Instant{}
                              : base::FromMicros(newest_first.front().released_at_us());
}

std::string RenderFeed(std::span<const NoticeReleaseRecord> newest_first,
                       const FeedOptions& options) {
  const Language language = options.language;
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">\n"
      "  <id>{}</id>\n"
      "  <title>{}</title>\n"
      "  <updated>{}</updated>\n"
      "  <author><name>{}</name></author>\n"
      "  <generator>Belgrand</generator>\n",
      Pick(language, "en", "fr"),
      Urn(options.instance_id, fmt::format("feed {}", FeedName(language))),
      Pick(language, "Public notices on signals in wastewater",
           "Avis au public sur les signaux dans les eaux usées"),
      AtomTime(FeedUpdated(newest_first)), base::EscapeHtml(options.sender_name));
  for (const Language each : {Language::kEnglish, Language::kFrench}) {
    out += fmt::format(
        "  <link rel=\"{}\" type=\"application/atom+xml\" hreflang=\"{}\" href=\"{}\"/>\n",
        each == language ? "self" : "alternate", Pick(each, "en", "fr"),
        base::EscapeHtml(fmt::format("{}{}{}", options.base_url, kNoticePath, FeedName(each))));
  }
  for (const NoticeReleaseRecord& release : newest_first) out += Entry(release, options);
  return out + "</feed>\n";
}

}  // namespace belgrand::alerting
