// What backups keep of an erased person: those made before hold what the databases held then, those
// made since are searched.
//
// Thread safety: pure functions on files; a backup may be made meanwhile.
#pragma once

#include <filesystem>
#include <vector>

#include "compliance/erasure_certificate.h"
#include "platform/base/error.h"
#include "services/shared/person_matcher.h"

namespace belgrand::compliance {

// Ascending; those made at `gone` or before hold the person still.
base::StatusOr<std::vector<BackupFact>> ListBackups(const std::filesystem::path& folder,
                                                    base::Instant gone);

// Lays each backup that was made since out in `scratch`, which is removed again, and searches its
// databases; marks it as searched.
base::StatusOr<std::vector<v1::SearchLine>> SearchBackups(const std::filesystem::path& folder,
                                                          const std::filesystem::path& scratch,
                                                          const shared::PersonMatcher& matcher,
                                                          std::vector<BackupFact>& backups);

}  // namespace belgrand::compliance
