// How a store hands itself over to a backup.
//
// Thread safety: safe; the store is read and written meanwhile.
#pragma once

#include <string>

#include "platform/base/error.h"
#include "platform/storage/store.h"
#include "services/backup/sink.h"

namespace belgrand::backup {

// The mark of every store: the number of its last write.
inline constexpr char kWritesMark[] = "writes";

// The store as it is at one instant after the call: everything that was written before is in it.
base::Status AddStore(storage::Store& store, Sink& sink);

}  // namespace belgrand::backup
