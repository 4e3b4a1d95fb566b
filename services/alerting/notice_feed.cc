#include "services/alerting/notice_feed.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"
#include "platform/http/conditional.h"
#include "services/alerting/public_address.h"

namespace belgrand::alerting {
namespace {

constexpr std::string_view kDefaultListen = "127.0.0.1:7482";
constexpr std::uint32_t kDefaultEntries = 50;
constexpr std::uint32_t kMostEntries = 500;

std::string ListenOf(const config::v1::NoticeFeed& feed) {
  return feed.listen().empty() ? std::string(kDefaultListen) : feed.listen();
}

// "17.xml".
std::optional<std::uint64_t> NumberOf(std::string_view file) {
  constexpr std::string_view kEnd = ".xml";
  if (!file.ends_with(kEnd)) return std::nullopt;
  file.remove_suffix(kEnd.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), number);
  if (error != std::errc() || end != file.data() + file.size() || file.starts_with('0')) {
    return std::nullopt;
  }
  return number;
}

metrics::Counter& CountOf(metrics::Registry& metrics, const char* outcome) {
  return metrics.AddCounter("belgrand_alerting_feed_requests_total",
                            "Requests of the public for notices and their feed, by outcome.",
                            {{"outcome", outcome}});
}

}  // namespace

std::vector<std::string> CheckNoticeFeed(const config::v1::NoticeFeed& feed) {
  std::vector<std::string> problems;
  CheckPublicAddress({.section = "notices.feed",
                      .who = "the public",
                      .public_url = feed.public_url(),
                      .listen = ListenOf(feed),
                      .certificate_file = feed.certificate_file(),
                      .private_key_file = feed.private_key_file()},
                     problems);
  if (feed.max_entries() > kMostEntries) {
    problems.push_back(
        fmt::format("notices.feed.max_entries: {} is above {}", feed.max_entries(), kMostEntries));
  }
  return problems;
}

NoticeFeed::NoticeFeed(const AlertBook& book, const config::v1::Notices& notices,
                       metrics::Registry& metrics)
    : book_(book),
      notices_(notices),
      full_(CountOf(metrics, "full")),
      unchanged_(CountOf(metrics, "unchanged")),
      missing_(CountOf(metrics, "missing")) {}

base::StatusOr<http::Response> NoticeFeed::Answer(const http::PageRequest& request) const {
  http::Response response;
  base::Instant modified{};
  std::optional<Language> language;
  for (const Language each : {Language::kEnglish, Language::kFrench}) {
    if (request.rest == FeedName(each)) language = each;
  }
  if (language) {
    const std::uint32_t limit =
        notices_.feed().max_entries() == 0 ? kDefaultEntries : notices_.feed().max_entries();
    ASSIGN_OR_RETURN(const auto releases, book_.NewestReleases(limit));
    response.content_type = "application/atom+xml; charset=utf-8";
    response.body = RenderFeed(
        releases,
        {.base_url = WithoutSlash(notices_.feed().public_url()),
         .instance_id = book_.instance_id(),
         .sender_name = notices_.sender_name().empty() ? notices_.sender() : notices_.sender_name(),
         .language = *language});
    response.cache_control = "public, max-age=60";
    modified = FeedUpdated(releases);
  } else {
    const auto number = NumberOf(request.rest);
    if (!number) return base::NotFound("no such page");
    ASSIGN_OR_RETURN(const auto release, book_.GetRelease(*number));
    response.content_type = "application/cap+xml; charset=utf-8";
    response.body = release.text();
    // What is out never changes.
    response.cache_control = "public, max-age=86400";
    modified = base::FromMicros(release.released_at_us());
  }
  response.headers = {{"X-Content-Type-Options", "nosniff"}, {"Access-Control-Allow-Origin", "*"}};
  const std::string etag = crypto::ToHex(crypto::View(crypto::Sha256(response.body)).substr(0, 16));
  return http::Conditional(request, std::move(response), etag, modified);
}

http::Response NoticeFeed::Handle(const http::PageRequest& request) const {
  auto response = Answer(request);
  if (!response.ok()) {
    missing_.Increment();
    if (response.status().code() == base::StatusCode::kNotFound) {
      return {.code = 404, .body = "There is no such notice.\n"};
    }
    return {.code = 503, .body = "Notices cannot be read now.\n"};
  }
  (response->code == 304 ? unchanged_ : full_).Increment();
  return *std::move(response);
}

http::Pages NoticeFeed::Serve() const {
  return {.address = ListenOf(notices_.feed()),
          .certificate = notices_.feed().certificate_file(),
          .private_key = notices_.feed().private_key_file(),
          .prefix = std::string(kNoticePath),
          .kind = http::Pages::Kind::kFiles,
          .handler = [this](const http::PageRequest& request) { return Handle(request); }};
}

}  // namespace belgrand::alerting
