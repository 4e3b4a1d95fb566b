// Brings a store of format 1 (a key for each version, head and feed entry) to the present format.
//
// Thread safety: before the store serves anybody.
#pragma once

#include "platform/base/error.h"
#include "platform/storage/store.h"

namespace belgrand::timeseries {

// Writes the log from the old families, value by value, then drops them and sets the format, in one
// batch. A crash before that is made good by the next call, which goes on where the log ends.
// Progress is logged. DataLoss: the old families contradict each other; nothing of them is deleted.
base::Status MigrateFromFormat1(storage::Store& store);

}  // namespace belgrand::timeseries
