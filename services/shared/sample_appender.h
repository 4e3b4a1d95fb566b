// How intake hands rows to the time series: the same call whether they live in one process or in
// two. In one process nothing is serialised and the rows are moved.
//
// Thread safety: safe.
#pragma once

#include "belgrand/timeseries/v1/timeseries.pb.h"
#include "platform/base/error.h"

namespace belgrand::shared {

class SampleAppender {
 public:
  virtual ~SampleAppender() = default;
  // As TimeseriesService.AppendSamples, which a caller in another process uses.
  virtual base::StatusOr<timeseries::v1::AppendSamplesResponse> Append(
      timeseries::v1::AppendSamplesRequest request) = 0;
};

}  // namespace belgrand::shared
