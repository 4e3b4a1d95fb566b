#include "compliance/expiry_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
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

ExpiryTally::ExpiryTally(const google::protobuf::Descriptor& record, base::Instant now)
    : policies_(RetentionPolicies(record)), now_(now), lines_(policies_.size()) {}

ExpiryTally::Verdict ExpiryTally::Count(const google::protobuf::Message& record) {
  Verdict verdict = Verdict::kKeep;
  for (std::size_t i = 0; i < policies_.size(); ++i) {
    const RetentionPolicy& policy = policies_[i];
    if (!HoldsValue(policy, record)) continue;
    Line& line = lines_[i];
    ++line.held;
    if (verdict == Verdict::kDeleteRecord || !IsExpired(policy, record, now_)) continue;
    const base::Instant at = *RetentionClock(policy, record);
    line.oldest = line.expired == 0 ? at : std::min(line.oldest, at);
    line.newest = line.expired == 0 ? at : std::max(line.newest, at);
    ++line.expired;
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
    if (lines_[i].expired == 0) continue;
    *line.mutable_oldest() = ToTimestamp(lines_[i].oldest);
    *line.mutable_newest() = ToTimestamp(lines_[i].newest);
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

std::string PlanHash(const std::vector<v1::ExpiryLine>& lines, base::Instant now) {
  std::string text =
      fmt::format("belgrand retention plan v1\nnow {}\n", TimeText(ToTimestamp(now)));
  for (const v1::ExpiryLine& line : MergeLines(lines)) {
    if (line.expired() == 0) continue;
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", line.record(), line.field(), line.retention(),
                        line.expired(), TimeText(line.oldest()), TimeText(line.newest()));
  }
  return crypto::ToHex(crypto::View(crypto::Sha256(text)));
}

}  // namespace belgrand::compliance
