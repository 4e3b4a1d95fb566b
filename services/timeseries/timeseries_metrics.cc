#include "services/timeseries/timeseries_metrics.h"

#include <array>

namespace belgrand::timeseries {

TimeseriesMetrics::TimeseriesMetrics(metrics::Registry& registry, const SampleStore& store,
                                     const FollowerSet& followers)
    : append_seconds_(registry.AddHistogram("belgrand_timeseries_append_seconds",
                                            "How long an append takes until its rows are on disk.",
                                            metrics::LatencyBuckets())) {
  const std::pair<Outcome, const char*> outcomes[] = {
      {Outcome::kStored, "stored"},
      {Outcome::kDuplicate, "duplicate"},
      {Outcome::kAmended, "amended"},
      {Outcome::kReasonMissing, "reason_missing"},
      {Outcome::kUnknownSite, "unknown_site"},
      {Outcome::kTooManyVersions, "too_many_versions"},
      {Outcome::kUnknownRow, "unknown_row"}};
  for (const auto& [outcome, label] : outcomes) {
    rows_[outcome] = &registry.AddCounter("belgrand_timeseries_rows_total",
                                          "What became of the rows offered.", {{"outcome", label}});
  }
  const auto gauge = [&](std::string_view name, std::string_view help,
                         std::function<double()> read) {
    gauges_.push_back(registry.AddGaugeFunction(name, help, std::move(read)));
  };
  gauge("belgrand_timeseries_newest_feed_number", "How many versions have ever been stored.",
        [&store] { return static_cast<double>(store.NewestFeed()); });
  gauge("belgrand_timeseries_disk_bytes", "Bytes of the database on disk.",
        [&store] { return static_cast<double>(store.Statistics().disk_bytes); });
  gauge("belgrand_timeseries_pending_compaction_bytes",
        "Bytes the engine still has to rewrite; grows when it cannot keep up.",
        [&store] { return static_cast<double>(store.Statistics().pending_compaction_bytes); });
  gauge("belgrand_timeseries_followers", "How many followers read the feed now.",
        [&followers] { return static_cast<double>(followers.size()); });
  gauge("belgrand_timeseries_follower_lag_entries",
        "How many feed entries the slowest follower has not been sent.", [&store, &followers] {
          return static_cast<double>(followers.LargestLag(store.NewestFeed()));
        });
}

void TimeseriesMetrics::CountRows(const std::vector<AppendResult>& results) {
  std::array<int, 8> counts{};  // by number
  for (const AppendResult& result : results) ++counts.at(static_cast<std::size_t>(result.outcome));
  for (const auto& [outcome, counter] : rows_) {
    const int count = counts.at(static_cast<std::size_t>(outcome));
    if (count > 0) counter->Increment(count);
  }
}

void TimeseriesMetrics::ObserveAppend(base::Duration elapsed) {
  append_seconds_.Observe(std::chrono::duration<double>(elapsed).count());
}

}  // namespace belgrand::timeseries
