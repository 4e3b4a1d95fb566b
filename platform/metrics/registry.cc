#include "platform/metrics/registry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cstdint>

#include "platform/base/mutex.h"

namespace belgrand::metrics {
namespace {

class PrometheusCounter final : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
  void Increment(double by) override { counter_.Increment(by); }
  double Value() const override { return counter_.Value(); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge final : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void Set(double value) override { gauge_.Set(value); }
  double Value() const override { return gauge_.Value(); }

 private:
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram final : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void Observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

using MetricKey = std::pair<std::string, Labels>;

}  // namespace

const std::vector<double>& LatencyBuckets() {
  static const std::vector<double> buckets = {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03,
                                              0.1,    0.3,    1,     3,     10};
  return buckets;
}

struct Registry::Impl {
  prometheus::Registry registry;
  base::Mutex mutex;
  std::map<MetricKey, std::unique_ptr<Counter>> counters GUARDED_BY(mutex);
  std::map<MetricKey, std::unique_ptr<Gauge>> gauges GUARDED_BY(mutex);
  std::map<MetricKey, std::unique_ptr<Histogram>> histograms GUARDED_BY(mutex);
  struct Function {
    prometheus::Gauge* gauge;
    std::function<double()> read;
  };
  std::uint64_t next_function GUARDED_BY(mutex) = 0;
  std::map<std::uint64_t, Function> functions GUARDED_BY(mutex);
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter& Registry::AddCounter(std::string_view name, std::string_view help, const Labels& labels) {
  const base::MutexLock lock(impl_->mutex);
  auto& slot = impl_->counters[{std::string(name), labels}];
  if (!slot) {
    auto& family = prometheus::BuildCounter()
                       .Name(std::string(name))
                       .Help(std::string(help))
                       .Register(impl_->registry);
    slot = std::make_unique<PrometheusCounter>(family.Add(labels));
  }
  return *slot;
}

Gauge& Registry::AddGauge(std::string_view name, std::string_view help, const Labels& labels) {
  const base::MutexLock lock(impl_->mutex);
  auto& slot = impl_->gauges[{std::string(name), labels}];
  if (!slot) {
    auto& family = prometheus::BuildGauge()
                       .Name(std::string(name))
                       .Help(std::string(help))
                       .Register(impl_->registry);
    slot = std::make_unique<PrometheusGauge>(family.Add(labels));
  }
  return *slot;
}

Histogram& Registry::AddHistogram(std::string_view name, std::string_view help,
                                  const std::vector<double>& buckets, const Labels& labels) {
  const base::MutexLock lock(impl_->mutex);
  auto& slot = impl_->histograms[{std::string(name), labels}];
  if (!slot) {
    auto& family = prometheus::BuildHistogram()
                       .Name(std::string(name))
                       .Help(std::string(help))
                       .Register(impl_->registry);
    slot = std::make_unique<PrometheusHistogram>(family.Add(labels, buckets));
  }
  return *slot;
}

std::shared_ptr<void> Registry::AddGaugeFunction(std::string_view name, std::string_view help,
                                                 std::function<double()> read,
                                                 const Labels& labels) {
  const base::MutexLock lock(impl_->mutex);
  auto& family = prometheus::BuildGauge()
                     .Name(std::string(name))
                     .Help(std::string(help))
                     .Register(impl_->registry);
  const std::uint64_t id = impl_->next_function++;
  impl_->functions[id] = {&family.Add(labels), std::move(read)};
  // The handle's deleter removes the function under the lock, so no scrape calls it afterwards.
  return std::shared_ptr<void>(static_cast<void*>(this), [this, id](void*) {
    const base::MutexLock removal(impl_->mutex);
    impl_->functions.erase(id);
  });
}

std::string Registry::Text() {
  const base::MutexLock lock(impl_->mutex);
  for (auto& [id, function] : impl_->functions) function.gauge->Set(function.read());
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace belgrand::metrics
