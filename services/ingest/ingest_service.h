// The intake service on the wire, and the role that carries it.
//
// Contract: proto/belgrand/ingest/v1/ingest.proto. Limits come from config.v1.Ingest and are said
// in the error that refuses what is over them.
#pragma once

#include <memory>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/error.h"
#include "services/shared/role.h"
#include "services/shared/runtime.h"

namespace belgrand::ingest {

// Rows that the time series store takes in one request; max_batch_rows cannot be set higher.
inline constexpr std::uint32_t kMaxBatchRows = 10'000;

// InvalidArgument: the configuration's limits are out of range; all of them are named.
base::StatusOr<std::unique_ptr<shared::Role>> CreateIngestRole(const config::v1::Config& config,
                                                               const shared::Runtime& runtime);

}  // namespace belgrand::ingest
