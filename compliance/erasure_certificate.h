// What is certified of an erasure: a text that a person can read and a program can check, to be
// signed as a note (compliance/note.h). Names nobody. Lines: docs/formats/erasure.md.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/compliance/v1/erasure.pb.h"
#include "compliance/erasure_ledger.h"
#include "platform/base/time.h"

namespace belgrand::compliance {

struct BackupFact {
  std::uint64_t id = 0;
  base::Instant created;
  bool before = false;    // made before the person was gone: holds what the databases then held
  bool searched = false;  // made since, and searched
  bool damaged = false;   // its list cannot be read: neither its time nor what it holds is known
};

struct ErasureFacts {
  ErasureRecord erasure;
  std::string ledger_id;
  base::Instant searched_at;
  std::uint32_t keyring_epoch = 0;
  std::vector<v1::ErasureLine> cleared;
  // The name is long enough to be told from chance, or the person has a reference.
  bool searchable = true;
  // A later search; what was cleared and found before stands in the first certificate.
  bool repeated = false;
  // Before anything was dropped; absent: the erasure was interrupted, and what was there before is
  // not known any more.
  std::optional<std::vector<v1::SearchLine>> control;
  std::vector<v1::SearchLine> searched;
  std::vector<BackupFact> backups;
  bool backups_known = true;  // this process has the backup folder
  std::vector<std::string> limits;
};

// Nothing is found that stands for the person alone.
bool IsClean(const std::vector<v1::SearchLine>& searched);
// The search that finds nothing now did find the person before: in every store in which a field was
// cleared. Internal names the store in which it did not: then a miss proves nothing.
base::Status CheckControl(const std::vector<v1::ErasureLine>& held,
                          const std::vector<v1::SearchLine>& control, std::string_view store);

std::string CertificateText(const ErasureFacts& facts);

// What a reader needs of a certificate.
struct Certificate {
  std::string erasure_id;  // hexadecimal
  bool clean = false;
  bool control = false;  // the search was proven before
  std::vector<std::uint64_t> remaining_backups;
};
// InvalidArgument: not the text of a certificate.
base::StatusOr<Certificate> ParseCertificate(std::string_view text);

}  // namespace belgrand::compliance
