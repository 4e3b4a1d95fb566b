#include "services/cli/check_keys.h"

#include <ostream>

#include "compliance/closed_logs.h"
#include "compliance/erasure_ledger.h"
#include "compliance/key_check.h"
#include "compliance/keyring.h"
#include "platform/base/file.h"

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;

bool Exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

base::Status CheckKeyring(const fs::path& directory, std::ostream& out) {
  const auto persons = compliance::Keyring::Inspect(directory);
  if (persons.status().code() == base::StatusCode::kNotFound) return base::OkStatus();
  RETURN_IF_ERROR(persons.status());
  out << fmt::format("keyring: {} persons, the key of each unwrapped\n", *persons);
  return base::OkStatus();
}

base::Status CheckLedger(const fs::path& directory, std::ostream& out) {
  const fs::path file = directory / compliance::kErasureLedgerFile;
  if (!Exists(file)) return base::OkStatus();
  ASSIGN_OR_RETURN(const std::string bytes, base::ReadFile(file));
  const auto content = compliance::ParseLedger(bytes);
  if (!content.ok()) return base::Annotate(content.status(), file.string());
  out << fmt::format("erasure ledger: {} erasures\n", content->records.size());
  return base::OkStatus();
}

base::Status CheckSeed(const fs::path& home) {
  const fs::path log = home / "audit";
  if (!Exists(log)) return base::OkStatus();
  ASSIGN_OR_RETURN(const auto stored, compliance::StoredVerifier(log));
  ASSIGN_OR_RETURN(const auto signer, compliance::LoadSigner(home / "audit_log.seed", stored.name));
  if (signer.verifier().key == stored.key) return base::OkStatus();
  return base::DataLoss("{} is not the seed of the log beside it: restore its own",
                        (home / "audit_log.seed").string());
}

}  // namespace

bool CheckKeyFiles(const fs::path& data_dir, const fs::path& keyring_dir, std::ostream& out) {
  const fs::path home = data_dir / "compliance";
  if (!Exists(home)) return true;
  bool sound = true;
  const auto settle = [&](const base::Status& status) {
    if (status.ok()) return;
    sound = false;
    out << "  " << base::Message(status) << "\n";
  };
  settle(CheckSeed(home));
  settle(compliance::CheckKeys(home / compliance::kKeyCheckFile, keyring_dir));
  settle(CheckKeyring(keyring_dir, out));
  settle(CheckLedger(keyring_dir, out));
  return sound;
}

}  // namespace belgrand::cli
