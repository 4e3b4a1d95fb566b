#include "services/shared/witness_check.h"

#include <set>

#include "compliance/note.h"
#include "platform/http/client.h"

namespace belgrand::shared {
namespace {

using compliance::NoteKeyType;
using compliance::NoteVerifier;

constexpr int kMaxWitnesses = 16;
constexpr int kMaxLogs = 1000;

class Checker {
 public:
  std::vector<std::string> Run(const config::v1::Config& config) {
    const auto& witnesses = config.compliance().witnesses();
    if (witnesses.size() > kMaxWitnesses) {
      Report("compliance.witnesses", fmt::format("are more than {}", kMaxWitnesses));
    }
    for (int i = 0; i < witnesses.size(); ++i) {
      CheckOne(fmt::format("compliance.witnesses[{}]", i), witnesses[i]);
    }
    if (config.has_witness()) CheckRole(config.witness());
    return std::move(problems_);
  }

 private:
  void Report(const std::string& field, const std::string& what) {
    problems_.push_back(fmt::format("{}: {}", field, what));
  }

  void CheckKey(const std::string& field, const std::string& text, NoteKeyType type) {
    const auto key = NoteVerifier::Parse(text);
    if (!key.ok()) {
      Report(field, base::Message(key.status()));
    } else if (key->type != type) {
      Report(field, fmt::format("is of type {}; {} has type {}", static_cast<int>(key->type),
                                type == NoteKeyType::kEd25519 ? "the key of a log" : "a witness's",
                                static_cast<int>(type)));
    } else if (!keys_.insert(text).second) {
      Report(field, fmt::format("{} stands there twice; name each once", key->name));
    }
  }

  void CheckOne(const std::string& field, const config::v1::AuditWitness& witness) {
    if (const auto url = http::CheckUrl(witness.url()); !url.ok()) {
      Report(field + ".url", base::Message(url));
    }
    CheckKey(field + ".verifier_key", witness.verifier_key(), NoteKeyType::kCosignatureV1);
    if (!witness.has_tls()) return;
    if (witness.tls().ca_file().empty()) {
      Report(field + ".tls.ca_file", "is missing; name the authorities of the witness");
    }
    if (witness.tls().certificate_file().empty() != witness.tls().private_key_file().empty()) {
      Report(field + ".tls",
             "certificate_file and private_key_file go together; give both or none");
    }
  }

  void CheckRole(const config::v1::Witness& witness) {
    if (!compliance::NoteSigner::FromSeed(witness.name(), std::string(32, '\0')).ok() ||
        witness.name().size() > 200) {
      Report("witness.name",
             fmt::format("'{}' must be 1 to 200 bytes of UTF-8 without spaces and '+'",
                         witness.name().substr(0, 200)));
    }
    if (witness.log_verifier_keys().empty() || witness.log_verifier_keys_size() > kMaxLogs) {
      Report("witness.log_verifier_keys", fmt::format("{} logs; give the keys of 1 to {}",
                                                      witness.log_verifier_keys_size(), kMaxLogs));
    }
    for (int i = 0; i < witness.log_verifier_keys_size(); ++i) {
      CheckKey(fmt::format("witness.log_verifier_keys[{}]", i), witness.log_verifier_keys(i),
               NoteKeyType::kEd25519);
    }
  }

  std::vector<std::string> problems_;
  std::set<std::string> keys_;
};

}  // namespace

std::vector<std::string> CheckWitnesses(const config::v1::Config& config) {
  return Checker().Run(config);
}

}  // namespace belgrand::shared
