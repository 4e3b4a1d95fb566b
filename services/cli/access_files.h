// What a person is handed who asks what is kept of them: the same as JSON, as CSV and as a page to
// read, in English and French.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "belgrand/compliance/v1/rights.pb.h"
#include "compliance/register.h"
#include "platform/base/time.h"

namespace belgrand::cli {

// A whole export.
struct SubjectData {
  compliance::v1::Case of_case;
  std::vector<compliance::v1::ProcessingPurpose> purposes;
  std::vector<compliance::v1::HeldRecord> records;
  std::vector<compliance::v1::DataRecipient> recipients;
  // Of the audit log: entries read, since when there are any, and closed logs that were not read.
  std::uint64_t audit_entries = 0;
  std::optional<base::Instant> audit_since = {};
  std::uint32_t audit_logs_expired = 0;
  std::uint32_t audit_logs_damaged = 0;
  base::Instant made_at;
};

std::string AccessJson(const SubjectData& data);
// One line a field, RFC 4180.
std::string AccessCsv(const SubjectData& data);
// One HTML document that needs nothing beside it.
std::string AccessPage(const SubjectData& data, compliance::Language language);

}  // namespace belgrand::cli
