// Released notices as an Atom feed (RFC 4287): one entry a message, newest first.
//
// Ids are made of the database's name and the message's number (a UUID of version 8, RFC 9562), so
// that they stay when the address changes. The same releases give the same bytes. Thread safety:
// pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "alerting/language.h"
#include "belgrand/storage/v1/alert_record.pb.h"
#include "platform/base/time.h"

namespace belgrand::alerting {

struct FeedOptions {
  // Without a slash at its end; the feed and the messages lie below it.
  std::string base_url;
  std::string instance_id;
  // Who speaks: author of the feed.
  std::string sender_name;
  Language language = Language::kEnglish;
};

// Below base_url: "/notices/feed.xml", "/notices/feed.fr.xml", "/notices/17.xml".
inline constexpr std::string_view kNoticePath = "/notices/";
std::string FeedName(Language language);
std::string MessageName(std::uint64_t release_id);

// When the feed last changed; the epoch when nothing was ever released.
base::Instant FeedUpdated(std::span<const storage::v1::NoticeReleaseRecord> newest_first);
std::string RenderFeed(std::span<const storage::v1::NoticeReleaseRecord> newest_first,
                       const FeedOptions& options);

}  // namespace belgrand::alerting
