// How intake hands rows to the time series, whether they live in one process or in two. In one
// process nothing is serialised, and rows are made in the form in which they are stored: on an
// arena of the caller, as the answer may be, so that a batch is one allocation and not a dozen a
// row.
//
// Thread safety: safe.
#pragma once

#include <span>

#include "belgrand/storage/v1/sample_record.pb.h"
#include "belgrand/timeseries/v1/timeseries.pb.h"
#include "platform/base/error.h"

namespace belgrand::shared {

class SampleAppender {
 public:
  enum class Mode { kCommit, kDryRun };

  virtual ~SampleAppender() = default;
  // As TimeseriesService.AppendSamples, which a caller in another process uses.
  virtual base::Status Append(timeseries::v1::AppendSamplesRequest request,
                              timeseries::v1::AppendSamplesResponse& response) = 0;
  // The same with derived_hashes, for rows that have everything but the store's own fields, which
  // are set in them.
  virtual base::Status AppendRows(std::span<storage::v1::SampleRecord* const> rows, Mode mode,
                                  timeseries::v1::AppendSamplesResponse& response) = 0;
};

}  // namespace belgrand::shared
