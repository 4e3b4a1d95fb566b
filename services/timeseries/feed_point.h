// By what a follower of the feed recognises it: the database's random id, and a digest of one
// entry.
//
// Why both: the id tells another database; it does not tell an older copy of the same one that was
// restored and has grown since, whose numbers are taken by other entries. recorded_at never repeats
// in a database, so the entries of two histories differ from the fork on.
//
// An entry that retention removed cannot be compared any more: then the id and the number decide.
// Thread safety: pure functions of the store, safe.
#pragma once

#include <string>

#include "belgrand/timeseries/v1/timeseries.pb.h"
#include "platform/base/error.h"
#include "platform/storage/store.h"
#include "services/timeseries/layout.h"

namespace belgrand::timeseries {

class SampleStore;

// The stored id; a database without one gets it, durably. DataLoss: what is stored is none.
base::StatusOr<std::string> EnsureFeedId(storage::Store& store);

// The place of a version in the feed of that id.
v1::FeedPoint PointOf(const std::string& feed_id, const Record& record);

// OutOfRange: the feed of `store` does not hold `point`; the message says in what they differ.
base::Status CheckPoint(const SampleStore& store, const v1::FeedPoint& point);

}  // namespace belgrand::timeseries
