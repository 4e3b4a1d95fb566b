// The load of intake_bench: rows as laboratories send them, and the streams that carry them.
//
// Every row is new: its sample_id is unique within a run. The same rows go to the service and to
// the baseline, so that the ratio of the two is the price of what the service does with them.
#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "belgrand/ingest/v1/ingest.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.pb.h"

namespace belgrand::bench {

inline constexpr int kSites = 500;
inline constexpr char kLaboratory[] = "laboratory-1";

std::string SiteId(int site);
std::vector<timeseries::v1::Site> Sites();

// Makes batches whose rows differ from all that were made before with other numbers.
class RowSource {
 public:
  // `stream` tells sources of one run apart.
  RowSource(int run, int stream, int rows_per_batch);
  // The next rows, in place: only what changes from batch to batch is written.
  void Refill(google::protobuf::RepeatedPtrField<ingest::v1::Sample>& samples);

 private:
  const std::string prefix_;
  const int rows_per_batch_;
  std::uint64_t next_ = 0;
  std::uint64_t random_;
};

struct LoadResult {
  std::uint64_t rows = 0;
  double seconds = 0;
  double cpu_seconds = 0;            // of the whole process, clients included
  std::vector<double> latencies_ms;  // of batches, sorted

  double rate() const { return seconds > 0 ? static_cast<double>(rows) / seconds : 0; }
  // Says the same on a busy machine as on a quiet one, which a rate does not.
  double cpu_us_per_row() const {
    return rows > 0 ? 1e6 * cpu_seconds / static_cast<double>(rows) : 0;
  }
  double latency(double quantile) const;
};

enum class Expect { kVerdicts, kAcknowledgement };

// `streams` bidirectional streams send batches for `seconds`, each waiting for the acknowledgement
// of a batch before it sends the next. Aborts when a row is not stored.
using ChannelMaker = std::function<std::shared_ptr<grpc::Channel>()>;
LoadResult StreamLoad(const ChannelMaker& connect, int streams, int rows_per_batch, double seconds,
                      int run, Expect expect);
// `clients` threads submit one row a call.
LoadResult UnaryLoad(const ChannelMaker& connect, int clients, double seconds, int run);

}  // namespace belgrand::bench
