// A verdict for every row, from the answer of a stream with compact_verdicts.
//
// Thread safety: pure functions.
#pragma once

#include "belgrand/ingest/v1/ingest.pb.h"
#include "platform/base/error.h"

namespace belgrand::shared {

// In the order of the request. DataLoss: the answer does not cover every row exactly once.
base::StatusOr<google::protobuf::RepeatedPtrField<ingest::v1::Verdict>> ExpandVerdicts(
    const ingest::v1::StreamSamplesRequest& request,
    const ingest::v1::StreamSamplesResponse& response);

}  // namespace belgrand::shared
