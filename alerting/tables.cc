#include "alerting/tables.h"

#include "platform/crypto/hash.h"
#include "platform/storage/keys.h"

namespace belgrand::alerting {

std::vector<std::string> FamilyNames() {
  return {"alerts", "events",   "history",  "deliveries", "pending", "dead",
          "meta",   "outcomes", "silences", "link_uses",  "notices", "notice_releases"};
}

std::string AlertRecordKey(const AlertKey& key) {
  std::string out;
  storage::AppendText(out, key.district_id);
  storage::AppendText(out, key.target);
  storage::AppendText(out, key.rule);
  return out;
}

std::string EventKey(std::uint64_t sequence) { return EncodeNumber(sequence); }

std::string HistoryKey(std::string_view alert_record_key, std::uint64_t sequence) {
  std::string out(alert_record_key);
  storage::AppendUint64(out, sequence);
  return out;
}

std::optional<std::uint64_t> SequenceOfHistoryKey(std::string_view key) {
  if (key.size() < sizeof(std::uint64_t)) return std::nullopt;
  std::string_view tail = key.substr(key.size() - sizeof(std::uint64_t));
  return storage::TakeUint64(tail);
}

std::string DeliveryKey(std::uint64_t sequence, std::string_view receiver) {
  std::string out = EncodeNumber(sequence);
  storage::AppendText(out, receiver);
  return out;
}

std::string QueuePrefix(std::string_view receiver) {
  std::string out;
  storage::AppendText(out, receiver);
  return out;
}

std::string QueueKey(std::string_view receiver, std::uint64_t sequence) {
  std::string out = QueuePrefix(receiver);
  storage::AppendUint64(out, sequence);
  return out;
}

std::optional<QueueEntry> ParseQueueKey(std::string_view key) {
  auto receiver = storage::TakeText(key);
  const auto sequence = storage::TakeUint64(key);
  if (!receiver || !sequence || !key.empty()) return std::nullopt;
  return QueueEntry{*std::move(receiver), *sequence};
}

std::string OutcomePrefix(std::string_view district_id) {
  std::string out;
  storage::AppendText(out, district_id);
  return out;
}

std::string OutcomePrefix(std::string_view district_id, std::string_view rule) {
  std::string out = OutcomePrefix(district_id);
  storage::AppendText(out, rule);
  return out;
}

std::string OutcomeKey(const AlertKey& key, std::uint64_t episode) {
  std::string out = OutcomePrefix(key.district_id, key.rule);
  storage::AppendText(out, key.target);
  storage::AppendUint64(out, episode);
  return out;
}

std::string SilenceKey(std::uint64_t silence_id) { return EncodeNumber(silence_id); }

std::string NoticeKey(std::uint64_t notice_id) { return EncodeNumber(notice_id); }
std::string ReleaseKey(std::uint64_t release_id) { return EncodeNumber(release_id); }

std::string LinkUseKey(std::string_view token) {
  const crypto::Digest digest = crypto::Sha256(token);
  return std::string(crypto::View(digest));
}

std::string FormatMetaKey() { return "format"; }
std::string InstanceMetaKey() { return "instance"; }
std::string NextSequenceMetaKey() { return "next_sequence"; }
std::string NextSilenceMetaKey() { return "next_silence"; }
std::string NextNoticeMetaKey() { return "next_notice"; }
std::string NextReleaseMetaKey() { return "next_release"; }
std::string CompactionDueMetaKey() { return "compaction_due"; }

std::string SubscriberMetaKey(std::string_view subscriber) {
  std::string out = "subscriber/";
  storage::AppendText(out, subscriber);
  return out;
}

std::string EncodeNumber(std::uint64_t value) {
  std::string out;
  storage::AppendUint64(out, value);
  return out;
}

base::StatusOr<std::uint64_t> DecodeNumber(std::string_view what, std::string_view value) {
  const auto number = storage::TakeUint64(value);
  if (!number || !value.empty()) {
    return base::DataLoss("{} of the alerting database is not a number: restore the backup", what);
  }
  return *number;
}

}  // namespace belgrand::alerting
