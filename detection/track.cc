#include "detection/track.h"

#include <iterator>
#include <limits>

namespace belgrand::detection {
namespace {

// Checkpoints of every sampled day back to here, of one day in seven before.
constexpr std::int64_t kDailyCheckpointDays = 21;

LogValue ValueOf(const SampleGroup& group) {
  std::vector<LogValue> values;
  values.reserve(group.rows.size());
  for (const auto& [id, row] : group.rows) values.push_back(row->value);
  return CombineReplicates(std::move(values));
}

}  // namespace

Track::Track(const TrendParameters& parameters, Past past) : filter_(parameters), keep_(past) {
  checkpoints_.emplace(std::numeric_limits<std::int64_t>::min(), filter_);
}

bool Track::Put(const GroupKey& key, const std::string& site_id, double population,
                std::shared_ptr<const Row> row) {
  if (key.day < oldest_day()) return false;
  const auto [place, is_new] = groups_.try_emplace(key);
  SampleGroup& group = place->second;
  group.site_id = site_id;
  group.population = population;
  group.rows[{row->measurement.laboratory_id, row->measurement.sample_id}] = std::move(row);
  if (is_new && std::next(place) == groups_.end()) {
    Read(key, group);
  } else {
    ReadFrom(key.day);
  }
  Thin();
  return true;
}

bool Track::Remove(const GroupKey& key, const std::string& laboratory_id,
                   const std::string& sample_id) {
  const auto place = groups_.find(key);
  if (place == groups_.end() || key.day < oldest_day()) return false;
  if (place->second.rows.erase({laboratory_id, sample_id}) == 0) return false;
  if (place->second.rows.empty()) groups_.erase(place);
  ReadFrom(key.day);
  return true;
}

void Track::Read(const GroupKey& key, SampleGroup& group) {
  // Only the first group of a day finds its key free, so the state kept is that of the day's
  // beginning.
  checkpoints_.try_emplace(key.day, filter_);
  group.step = filter_.Observe(static_cast<double>(key.day), group.site_id, key.stream,
                               group.population, ValueOf(group));
}

void Track::ReadFrom(std::int64_t day) {
  const auto start = std::prev(checkpoints_.upper_bound(day));
  filter_ = start->second;
  const std::int64_t first = start->first;
  checkpoints_.erase(std::next(start), checkpoints_.end());
  for (auto it = groups_.lower_bound(GroupKey{first, ""}); it != groups_.end(); ++it) {
    Read(it->first, it->second);
  }
}

void Track::Thin() {
  const std::int64_t newest = groups_.rbegin()->first.day;
  for (auto it = std::next(checkpoints_.begin()); it != checkpoints_.end();) {
    const auto after = std::next(it);
    if (after == checkpoints_.end() || newest - it->first <= kDailyCheckpointDays) break;
    // Between a kept neighbour on each side within the same seven days it adds nothing.
    const bool redundant = after->first / 7 == std::prev(it)->first / 7;
    it = redundant ? checkpoints_.erase(it) : after;
  }
  // The window starts at the last checkpoint that is at least kWindowDays old.
  while (checkpoints_.size() > 1 &&
         std::next(checkpoints_.begin())->first <= newest - kWindowDays) {
    checkpoints_.erase(checkpoints_.begin());
  }
  const auto end = groups_.lower_bound(GroupKey{oldest_day(), ""});
  if (keep_ == Past::kKeep) {
    for (auto it = groups_.begin(); it != end; ++it) KeepPast(it->first, it->second);
    const std::int64_t oldest = newest - kPastDays;
    // Taking off the front moves all that follows: not for every sample.
    if (!past_.empty() && past_.front().day < oldest - kWindowDays) {
      std::erase_if(past_, [oldest](const PastSample& s) { return s.day < oldest; });
    }
  }
  groups_.erase(groups_.begin(), end);
}

void Track::KeepPast(const GroupKey& key, const SampleGroup& group) {
  std::size_t stream = 0;
  while (stream < past_streams_.size() && past_streams_[stream].stream != key.stream) ++stream;
  if (stream == past_streams_.size()) past_streams_.push_back({key.stream, group.site_id});
  past_.push_back({static_cast<std::int32_t>(key.day), static_cast<std::uint32_t>(stream),
                   static_cast<float>(group.step.value.low),
                   static_cast<float>(group.step.value.high)});
}

}  // namespace belgrand::detection
