// How intake hands rows to the time series, whether they live in one process or in two. In one
// process nothing is serialised, and rows are made in the form in which they are stored.
//
// Thread safety: safe.
#pragma once

#include <vector>

#include "belgrand/storage/v1/sample_record.pb.h"
#include "belgrand/timeseries/v1/timeseries.pb.h"
#include "platform/base/error.h"

namespace belgrand::shared {

class SampleAppender {
 public:
  enum class Mode { kCommit, kDryRun };

  virtual ~SampleAppender() = default;
  // As TimeseriesService.AppendSamples, which a caller in another process uses.
  virtual base::StatusOr<timeseries::v1::AppendSamplesResponse> Append(
      timeseries::v1::AppendSamplesRequest request) = 0;
  // The same with derived_hashes, for rows that have everything but the store's own fields.
  virtual base::StatusOr<timeseries::v1::AppendSamplesResponse> AppendRows(
      std::vector<storage::v1::SampleRecord> rows, Mode mode) = 0;
};

}  // namespace belgrand::shared
