// How the audit log hands itself over to a backup: the files under one signed checkpoint.
//
// Neither the signing seed nor any other key is among them. Thread safety: safe; the log is
// appended to meanwhile.
#pragma once

#include <filesystem>

#include "compliance/audit_log.h"
#include "platform/base/error.h"
#include "services/backup/sink.h"

namespace belgrand::compliance {

inline constexpr char kEntriesMark[] = "audit entries";

// Every entry that was durable before the call is in it. `directory` is the log's.
base::Status AddAuditLog(AuditLog& log, const std::filesystem::path& directory, backup::Sink& sink);

// The closed logs below `root`, as they are: a log may have been closed because it was damaged.
base::Status AddClosedLogs(const std::filesystem::path& root, backup::Sink& sink);

}  // namespace belgrand::compliance
