#include "compliance/expiry_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"

namespace belgrand::compliance {
namespace {

google::protobuf::Timestamp ToTimestamp(base::Instant instant) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(instant);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds.time_since_epoch().count());
  timestamp.set_nanos(static_cast<int>((instant - seconds).count()) * 1000);
  return timestamp;
}

bool Before(const google::protobuf::Timestamp& a, const google::protobuf::Timestamp& b) {
  return std::make_pair(a.seconds(), a.nanos()) < std::make_pair(b.seconds(), b.nanos());
}

std::string TimeText(const google::protobuf::Timestamp& timestamp) {
  return fmt::format("{}.{:09}", timestamp.seconds(), timestamp.nanos());
}

}  // namespace

ExpiryTally::ExpiryTally(const google::protobuf::Descriptor& record, base::Instant now,
                         HoldMatcher holds)
    : policies_(RetentionPolicies(record)),
      now_(now),
      holds_(std::move(holds)),
      lines_(policies_.size()) {}

ExpiryTally::Verdict ExpiryTally::Count(const google::protobuf::Message& record,
                                        std::string_view site_id) {
  return Count(record, site_id, nullptr);
}

ExpiryTally::Verdict ExpiryTally::Count(const google::protobuf::Message& record,
                                        const IsHeld& is_held) {
  return Count(record, {}, &is_held);
}

bool ExpiryTally::IsKept(const google::protobuf::Message& record, std::string_view site_id,
                         const IsHeld* is_held) const {
  if (is_held != nullptr) return (*is_held)(record);
  if (holds_.empty()) return false;
  RetentionPolicy whole = policies_.front();
  whole.clock_field = whole.record_clock_field;
  return holds_.Keeps(record, RetentionClock(whole, record), site_id);
}

ExpiryTally::Verdict ExpiryTally::Count(const google::protobuf::Message& record,
                                        std::string_view site_id, const IsHeld* is_held) {
  Verdict verdict = Verdict::kKeep;
  // Of the record as a whole, so that its parts share its fate; looked up when something expires.
  std::optional<bool> kept;
  std::string bytes;
  for (std::size_t i = 0; i < policies_.size(); ++i) {
    const RetentionPolicy& policy = policies_[i];
    if (!HoldsValue(policy, record)) continue;
    Line& line = lines_[i];
    ++line.held;
    if (verdict == Verdict::kDeleteRecord) continue;
    if (!IsExpired(policy, record, now_)) {
      if (IsArchived(policy, record, now_)) ++line.archived;
      continue;
    }
    if (!kept) kept = IsKept(record, site_id, is_held);
    if (*kept) {
      ++line.blocked;
      continue;
    }
    const base::Instant at = *RetentionClock(policy, record);
    line.oldest = line.expired == 0 ? at : std::min(line.oldest, at);
    line.newest = line.expired == 0 ? at : std::max(line.newest, at);
    ++line.expired;
    if (bytes.empty()) bytes = record.SerializeAsString();
    AddDigest(crypto::View(crypto::Sha256({policy.field, "\n", bytes})), line.digest);
    verdict = policy.field.empty() ? Verdict::kDeleteRecord : Verdict::kClearFields;
  }
  return verdict;
}

std::vector<v1::ExpiryLine> ExpiryTally::Lines() const {
  std::vector<v1::ExpiryLine> lines;
  for (std::size_t i = 0; i < policies_.size(); ++i) {
    v1::ExpiryLine& line = lines.emplace_back();
    line.set_record(policies_[i].message);
    line.set_field(policies_[i].field);
    line.set_retention(policies_[i].text);
    line.set_held(lines_[i].held);
    line.set_expired(lines_[i].expired);
    line.set_blocked(lines_[i].blocked);
    line.set_archived(lines_[i].archived);
    if (lines_[i].expired == 0) continue;
    *line.mutable_oldest() = ToTimestamp(lines_[i].oldest);
    *line.mutable_newest() = ToTimestamp(lines_[i].newest);
    line.set_digest(lines_[i].digest);
  }
  return lines;
}

std::vector<v1::ExpiryLine> MergeLines(const std::vector<v1::ExpiryLine>& lines) {
  std::map<std::tuple<std::string, std::string, std::string>, v1::ExpiryLine> merged;
  for (const v1::ExpiryLine& line : lines) {
    const auto [it, fresh] =
        merged.try_emplace(std::tuple(line.record(), line.field(), line.retention()), line);
    if (fresh) continue;
    v1::ExpiryLine& sum = it->second;
    sum.set_held(sum.held() + line.held());
    sum.set_expired(sum.expired() + line.expired());
    sum.set_blocked(sum.blocked() + line.blocked());
    sum.set_archived(sum.archived() + line.archived());
    if (!line.digest().empty()) AddDigest(line.digest(), *sum.mutable_digest());
    if (line.has_oldest() && (!sum.has_oldest() || Before(line.oldest(), sum.oldest()))) {
      *sum.mutable_oldest() = line.oldest();
    }
    if (line.has_newest() && (!sum.has_newest() || Before(sum.newest(), line.newest()))) {
      *sum.mutable_newest() = line.newest();
    }
  }
  std::vector<v1::ExpiryLine> result;
  for (auto& [key, line] : merged) result.push_back(std::move(line));
  return result;
}

void AddDigest(std::string_view digest, std::string& sum) {
  sum.resize(crypto::Digest().size(), '\0');
  unsigned carry = 0;
  for (std::size_t i = std::min(sum.size(), digest.size()); i-- > 0;) {
    carry += static_cast<unsigned char>(sum[i]);
    carry += static_cast<unsigned char>(digest[i]);
    sum[i] = static_cast<char>(static_cast<unsigned char>(carry & 0xffU));
    carry >>= 8U;
  }
}

std::string PlanHash(const std::vector<v1::ExpiryLine>& lines, base::Instant now,
                     const HoldScopes& holds) {
  std::string text =
      fmt::format("belgrand retention plan v2\nnow {}\n", TimeText(ToTimestamp(now)));
  std::vector<std::string> scopes;
  for (const v1::HoldScope& hold : holds) {
    scopes.push_back(crypto::ToHex(crypto::View(crypto::Sha256(hold.SerializeAsString()))));
  }
  std::sort(scopes.begin(), scopes.end());
  for (const std::string& scope : scopes) text += fmt::format("hold\t{}\n", scope);
  for (const v1::ExpiryLine& line : MergeLines(lines)) {
    if (line.expired() == 0) continue;
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", line.record(), line.field(),
                        line.retention(), line.expired(), TimeText(line.oldest()),
                        TimeText(line.newest()), crypto::ToHex(line.digest()));
  }
  return crypto::ToHex(crypto::View(crypto::Sha256(text)));
}

}  // namespace belgrand::compliance
