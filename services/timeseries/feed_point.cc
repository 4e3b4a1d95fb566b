#include "services/timeseries/feed_point.h"

#include "platform/crypto/hash.h"
#include "platform/crypto/secret.h"
#include "platform/storage/keys.h"
#include "services/timeseries/convert.h"
#include "services/timeseries/sample_store.h"

namespace belgrand::timeseries {
namespace {

constexpr std::size_t kDigestBytes = 16;

base::Status Foreign(std::string_view what) {
  return base::MakeStatus(base::StatusCode::kOutOfRange,
                          fmt::format("{}: start again from 0", what));
}

}  // namespace

base::StatusOr<std::string> EnsureFeedId(storage::Store& store) {
  ASSIGN_OR_RETURN(const auto stored, store.Get(kMetaFamily, kFeedIdKey));
  if (stored && stored->size() != kFeedIdBytes) {
    return base::DataLoss("meta '{}' has {} bytes, not {}: run fsck, restore a backup", kFeedIdKey,
                          stored->size(), kFeedIdBytes);
  }
  if (stored) return *stored;
  std::string id = crypto::RandomBytes(kFeedIdBytes);
  storage::Batch batch;
  batch.Put(kMetaFamily, kFeedIdKey, id);
  RETURN_IF_ERROR(store.Write(batch));
  return id;
}

v1::FeedPoint PointOf(const std::string& feed_id, const Record& record) {
  const std::string content_hash = ContentHashOf(record);
  std::string entry;
  storage::AppendUint64(entry, record.feed_sequence());
  storage::AppendInt64(entry, record.recorded_at_us());
  storage::AppendUint32(entry, record.version());
  for (const std::string* text :
       {&record.laboratory_id(), &record.sample_id(), &record.target(), &content_hash}) {
    storage::AppendText(entry, *text);
  }
  v1::FeedPoint point;
  point.set_feed_id(feed_id);
  point.set_sequence(record.feed_sequence());
  const crypto::Digest digest = crypto::Sha256(entry);
  point.set_digest(std::string(crypto::View(digest).substr(0, kDigestBytes)));
  return point;
}

base::Status CheckPoint(const SampleStore& store, const v1::FeedPoint& point) {
  if (!point.feed_id().empty() && point.feed_id() != store.feed_id()) {
    return Foreign("the follower has followed the feed of another database");
  }
  if (const std::uint64_t newest = store.NewestFeed(); point.sequence() > newest) {
    return Foreign(fmt::format(
        "the follower has handled number {}, the feed ends at {}: the database is another or an "
        "older copy",
        point.sequence(), newest));
  }
  if (point.sequence() == 0 || point.digest().empty()) return base::OkStatus();
  ASSIGN_OR_RETURN(const FeedPage page, store.ReadFeed(point.sequence() - 1, 1));
  if (page.records.empty() || page.records.front().feed_sequence() != point.sequence()) {
    return base::OkStatus();  // expired
  }
  if (PointOf(store.feed_id(), page.records.front()).digest() != point.digest()) {
    return Foreign(fmt::format(
        "number {} is not the entry that the follower has handled: the database was restored from "
        "an older copy and has grown since",
        point.sequence()));
  }
  return base::OkStatus();
}

}  // namespace belgrand::timeseries
