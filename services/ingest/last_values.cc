#include "services/ingest/last_values.h"

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

void NamePlace(const sample::Measurement& row, std::string& place) {
  place = row.site_id;
  place += '\n';
  place += row.target;
}

// Of a Measurement or of a stored value.
template <typename Row>
void NameSeries(const Row& row, std::string& name) {
  name.clear();
  for (const std::string* part : {&row.site_id, &row.target, &row.gene, &row.laboratory_id,
                                  &row.method_id, &row.method_version}) {
    name += *part;
    name += '\n';
  }
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

void LastValues::Put(std::unordered_map<std::string, Last>& series, const std::string& name,
                     Last last) {
  const auto [known, fresh] = series.try_emplace(name, last);
  if (!fresh && last.collected_at >= known->second.collected_at) known->second = last;
}

void LastValues::Prepare(const std::vector<const sample::Measurement*>& rows) {
  timeseries::v1::ReadLatestValuesRequest request;
  std::unordered_set<std::string> wanted;
  std::string place;
  {
    const base::MutexLock lock(mutex_);
    for (const sample::Measurement* row : rows) {
      NamePlace(*row, place);
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
  std::string name;
  const base::MutexLock lock(mutex_);
  if (by_series_.size() + asked_.size() >= kMaxSeries) {
    by_series_.clear();
    asked_.clear();
  }
  asked_.merge(wanted);
  for (const auto& value : response.values()) {
    const Stored stored{value.site_id(),       value.target(),    value.gene(),
                        value.laboratory_id(), value.method_id(), value.method_version()};
    NameSeries(stored, name);
    Put(by_series_, name, {shared::ToInstant(value.collected_at()), value.value()});
  }
}

std::optional<sample::Violation> LastValues::Batch::Compare(const sample::Measurement& m) {
  if (!IsQuantified(m)) return std::nullopt;
  NameSeries(m, name_);
  std::optional<Last> last;
  const Last here{m.collected_at, *m.value};
  const auto [newer, fresh] = newer_.try_emplace(name_, here);
  if (fresh) {
    const base::MutexLock lock(values_.mutex_);
    const auto stored = values_.by_series_.find(name_);
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
  for (const auto& [name, last] : newer_) Put(values_.by_series_, name, last);
}

}  // namespace belgrand::ingest
