// The recent samples of one area in order of collection, and the filter that has read them.
//
// Samples arrive as they become known, which is not the order in which they were collected, and
// some are amended later. The track keeps the rows of the last kWindowDays and filter states from
// before chosen days; a row that lands in the past (or leaves it) restores the last state before it
// and reads on from there. The result is exactly what reading all the kept rows in order would
// give, whatever the order of arrival.
//
// Limits: a row more than about kWindowDays older than the newest is refused (Put returns false):
// what was older is baked into the filter. Time resolution is the day. With Past::kKeep the values
// that leave the window stay for kPastDays, in single precision and out of reach of amendments: 16
// bytes a sample, for methods that compare with earlier years. Thread safety: none; one owner.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "detection/observation.h"
#include "detection/trend_filter.h"
#include "sample/quality.h"

namespace belgrand::detection {

// One row that detection uses.
struct Row {
  sample::Measurement measurement;
  LogValue value;
  std::vector<sample::Doubt> doubts = {};
  // Served by the site on that day; 0: unknown.
  double population = 0;
};

// Rows of one day and stream count as one sample.
struct GroupKey {
  std::int64_t day = 0;
  std::string stream;
  auto operator<=>(const GroupKey&) const = default;
};

struct SampleGroup {
  std::string site_id;
  double population = 0;
  // By (laboratory, sample).
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const Row>> rows;
  Step step;
};

// A sample that has left the window, log10 gc/L; low < high: between, either may be infinite.
struct PastSample {
  std::int32_t day = 0;
  std::uint32_t stream = 0;  // position in Track::past_streams()
  float low = 0;
  float high = 0;
};

struct PastStream {
  std::string stream;
  std::string site_id;
};

enum class Past { kForget, kKeep };

class Track {
 public:
  static constexpr std::int64_t kWindowDays = 120;
  static constexpr std::int64_t kPastDays = 5 * 366;

  explicit Track(const TrendParameters& parameters, Past past = Past::kForget);

  // False: too old, nothing changed.
  bool Put(const GroupKey& key, const std::string& site_id, double population,
           std::shared_ptr<const Row> row);
  // False: not there (it may have left the window).
  bool Remove(const GroupKey& key, const std::string& laboratory_id, const std::string& sample_id);

  const TrendFilter& filter() const { return filter_; }
  bool empty() const { return groups_.empty(); }
  // Groups of the window in order of collection, with their steps.
  const std::map<GroupKey, SampleGroup>& groups() const { return groups_; }
  // Samples older than the window, in order of day; empty with Past::kForget.
  const std::vector<PastSample>& past() const { return past_; }
  const std::vector<PastStream>& past_streams() const { return past_streams_; }
  // Oldest day that Put still takes.
  std::int64_t oldest_day() const { return checkpoints_.begin()->first; }

 private:
  void Read(const GroupKey& key, SampleGroup& group);
  void ReadFrom(std::int64_t day);
  void Thin();
  void KeepPast(const GroupKey& key, const SampleGroup& group);

  TrendFilter filter_;
  std::map<GroupKey, SampleGroup> groups_;
  // The filter as it was before the groups of a day; never empty, the first is the window's start.
  std::map<std::int64_t, TrendFilter> checkpoints_;
  Past keep_;
  std::vector<PastSample> past_;
  std::vector<PastStream> past_streams_;
};

}  // namespace belgrand::detection
