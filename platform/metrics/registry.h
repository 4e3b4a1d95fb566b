// Metrics of one process in the Prometheus text format. The only owner of prometheus/.
//
// Names are belgrand_<role>_<noun>_<unit>[_total] and answer a question; labels come from closed
// sets, never from input. Every metric is created at start-up, in one struct per role, so that a
// bad name can only stop a start.
//
// Thread safety: safe. References live as long as the registry.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace belgrand::metrics {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Increment(double by = 1) = 0;
  virtual double Value() const = 0;
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void Set(double value) = 0;
  virtual double Value() const = 0;
};

class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
};

// Seconds, from 100 microseconds to 10 s: for anything a caller waits for.
const std::vector<double>& LatencyBuckets();

class Registry {
 public:
  Registry();
  ~Registry();
  // Asking again for the same name and labels returns the same metric. An invalid name aborts.
  Counter& AddCounter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& AddGauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& AddHistogram(std::string_view name, std::string_view help,
                          const std::vector<double>& buckets, const Labels& labels = {});
  // A gauge that is computed when it is scraped. `read` must be cheap, safe from any thread, and
  // valid until the returned handle is destroyed.
  [[nodiscard]] std::shared_ptr<void> AddGaugeFunction(std::string_view name, std::string_view help,
                                                       std::function<double()> read,
                                                       const Labels& labels = {});
  // Everything, in the Prometheus text exposition format 0.0.4.
  std::string Text();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace belgrand::metrics
