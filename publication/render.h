// What the public sees of a release: a table of numbers, a table of counts with noise, and the
// metadata that says how they were made and what they do not say.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "publication/release.h"

namespace belgrand::publication {

// One line a number: released, suppressed or delayed; the last two without a value, without the
// number of sites and without the reason, which would say something about the sites. Sites that are
// never published alone do not occur.
std::string ReleaseCsv(const Release& release, const ReleaseOptions& options);
// One line a count; only the header where there are none.
std::string CountsCsv(const Release& release, const ReleaseOptions& options);

struct MetadataFacts {
  std::uint32_t number = 0;
  std::string record_sha256;
  std::string csv_name;
  std::string csv_sha256;
  // Empty: no counts.
  std::string counts_name;
  std::string counts_sha256;
  std::string title;
};
// JSON.
std::string ReleaseMetadata(const Release& release, const ReleaseOptions& options,
                            const MetadataFacts& facts);

}  // namespace belgrand::publication
