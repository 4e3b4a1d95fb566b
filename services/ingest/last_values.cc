#include "services/ingest/last_values.h"

#include <absl/hash/hash.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "platform/rpc/channel.h"
#include "sample/validate.h"
#include "services/shared/timestamp.h"

namespace belgrand::ingest {
namespace {

constexpr base::Duration kMaxGap = std::chrono::days(35);
constexpr base::Duration kTimeout = std::chrono::seconds(5);
constexpr int kPlacesPerCall = 500;

// Keys are hashes of 64 bits, seeded anew by each process: that two of 100,000 series share one is
// less likely than one in 10^9, and would cost one warning.
std::uint64_t PlaceOf(const sample::Measurement& row) {
  return absl::HashOf(row.site_id, row.target);
}

// Of a Measurement or of a stored value.
template <typename Row>
std::uint64_t SeriesOf(const Row& row) {
  return absl::HashOf(row.site_id, row.target, row.gene, row.laboratory_id, row.method_id,
                      row.method_version);
}

bool IsQuantified(const sample::Measurement& m) {
  return m.censoring == sample::Censoring::kNone && m.value.has_value();
}

struct Stored {
  const std::string& site_id;
  const std::string& target;
  const std::string& gene;
  const std::string& laboratory_id;
  const std::string& method_id;
  const std::string& method_version;
};

}  // namespace

void LastValues::Put(BySeries& series, std::uint64_t key, Last last) {
  const auto [known, fresh] = series.try_emplace(key, last);
  if (!fresh && last.collected_at >= known->second.collected_at) known->second = last;
}

void LastValues::Prepare(const std::vector<const sample::Measurement*>& rows) {
  timeseries::v1::ReadLatestValuesRequest request;
  std::unordered_set<std::uint64_t> wanted;
  {
    const base::MutexLock lock(mutex_);
    for (const sample::Measurement* row : rows) {
      const std::uint64_t place = PlaceOf(*row);
      if (asked_.contains(place) || request.places_size() == kPlacesPerCall) continue;
      if (!wanted.insert(place).second) continue;
      auto& asked = *request.add_places();
      asked.set_site_id(row->site_id);
      asked.set_target(row->target);
      *asked.mutable_from() = shared::ToTimestamp(row->collected_at - kMaxGap);
    }
  }
  if (wanted.empty()) return;
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  timeseries::v1::ReadLatestValuesResponse response;
  if (!timeseries_.ReadLatestValues(&context, request, &response).ok()) return;
  const base::MutexLock lock(mutex_);
  if (by_series_.size() + asked_.size() >= kMaxSeries) {
    by_series_.clear();
    asked_.clear();
  }
  asked_.merge(wanted);
  for (const auto& value : response.values()) {
    const Stored stored{value.site_id(),       value.target(),    value.gene(),
                        value.laboratory_id(), value.method_id(), value.method_version()};
    Put(by_series_, SeriesOf(stored), {shared::ToInstant(value.collected_at()), value.value()});
  }
}

std::optional<sample::Violation> LastValues::Batch::Compare(const sample::Measurement& m) {
  if (!IsQuantified(m)) return std::nullopt;
  const std::uint64_t key = SeriesOf(m);
  std::optional<Last> last;
  const Last here{m.collected_at, *m.value};
  const auto [newer, fresh] = newer_.try_emplace(key, here);
  if (fresh) {
    const base::MutexLock lock(values_.mutex_);
    const auto stored = values_.by_series_.find(key);
    if (stored != values_.by_series_.end()) last = stored->second;
  } else {
    last = newer->second;
  }
  // The newest value known stays the newest, whatever comes late.
  newer->second = last.has_value() && last->collected_at > here.collected_at ? *last : here;
  if (!last.has_value()) return std::nullopt;
  const base::Duration gap = m.collected_at - last->collected_at;
  if (gap <= base::Duration::zero() || gap > kMaxGap) return std::nullopt;
  return sample::TenfoldJump(m, last->value);
}

void LastValues::Batch::Commit() {
  const base::MutexLock lock(values_.mutex_);
  for (const auto& [key, last] : newer_) Put(values_.by_series_, key, last);
}

}  // namespace belgrand::ingest
