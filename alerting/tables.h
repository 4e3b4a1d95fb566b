// Families and keys of the alerting database: docs/formats/alerting.md, in code.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/alert_id.h"
#include "platform/storage/store.h"

namespace belgrand::alerting {

// Numbers are indexes into FamilyNames() and follow its order.
inline constexpr storage::Family kAlerts = 0;
inline constexpr storage::Family kEvents = 1;
inline constexpr storage::Family kHistory = 2;
inline constexpr storage::Family kDeliveries = 3;
inline constexpr storage::Family kPending = 4;
inline constexpr storage::Family kDead = 5;
inline constexpr storage::Family kMeta = 6;
inline constexpr storage::Family kOutcomes = 7;
inline constexpr storage::Family kSilences = 8;
inline constexpr storage::Family kLinkUses = 9;
inline constexpr storage::Family kNotices = 10;
inline constexpr storage::Family kNoticeReleases = 11;

std::vector<std::string> FamilyNames();

// alerts: text(district) text(target) text(rule).
std::string AlertRecordKey(const AlertKey& key);
// events: uint64(sequence).
std::string EventKey(std::uint64_t sequence);
// history: the alert's key, uint64(sequence).
std::string HistoryKey(std::string_view alert_record_key, std::uint64_t sequence);
std::optional<std::uint64_t> SequenceOfHistoryKey(std::string_view key);
// deliveries: uint64(event sequence) text(receiver).
std::string DeliveryKey(std::uint64_t sequence, std::string_view receiver);

// Keys of `pending` and `dead`: text(receiver) uint64(event sequence).
struct QueueEntry {
  std::string receiver;
  std::uint64_t sequence = 0;
};
std::string QueueKey(std::string_view receiver, std::uint64_t sequence);
std::string QueuePrefix(std::string_view receiver);
std::optional<QueueEntry> ParseQueueKey(std::string_view key);

// outcomes: text(district) text(rule) text(target) uint64(episode).
std::string OutcomeKey(const AlertKey& key, std::uint64_t episode);
// Of every outcome of a district; of a rule in it.
std::string OutcomePrefix(std::string_view district_id);
std::string OutcomePrefix(std::string_view district_id, std::string_view rule);
// link_uses: SHA-256 of the token.
std::string LinkUseKey(std::string_view token);

// silences: uint64(number).
std::string SilenceKey(std::uint64_t silence_id);
// notices, notice_releases: uint64(number).
std::string NoticeKey(std::uint64_t notice_id);
std::string ReleaseKey(std::uint64_t release_id);

// Keys of `meta`.
std::string FormatMetaKey();
std::string InstanceMetaKey();
std::string NextSequenceMetaKey();
std::string NextSilenceMetaKey();
std::string NextNoticeMetaKey();
std::string NextReleaseMetaKey();
// Present while something that retention removed may still be in the files.
std::string CompactionDueMetaKey();
// Value: uint64(sent up to) uint64(confirmed up to).
std::string SubscriberMetaKey(std::string_view subscriber);

std::string EncodeNumber(std::uint64_t value);
// DataLoss: `value` is not a number that EncodeNumber made.
base::StatusOr<std::uint64_t> DecodeNumber(std::string_view what, std::string_view value);

}  // namespace belgrand::alerting
