// The audit log over HTTP as C2SP tlog-tiles: checkpoint and hash tiles, for monitors that Belgrand
// did not write.
//
// Entry bundles are served only where the schema says that an entry holds nothing personal. Today
// it holds references to persons and what they did when, so they are refused with 403 and the
// data-protection officer reads them with ReadAudit. The hashes give nothing away: each is over an
// entry with a random request id or a keyed reference, which nobody can guess.
//
// Thread safety: safe.
#pragma once

#include <string>

#include "platform/http/server.h"
#include "services/compliance/audit_shards.h"
#include "services/compliance/cosigner.h"

namespace belgrand::compliance {

inline constexpr char kLogPagesPrefix[] = "/audit/";

// Whether the schema lets everybody read an entry of the log.
bool EntriesArePublic();

// The answer to GET of kLogPagesPrefix + `path`. "closed/<number>/..." are the closed logs, each
// with the mark "pruned" where it has one.
http::Response LogPage(const AuditShards& shards, const Cosigner& cosigner,
                       const std::string& path);

}  // namespace belgrand::compliance
