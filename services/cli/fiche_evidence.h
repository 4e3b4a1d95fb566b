// What the sentences of a fiche stand on: each evidence is a check that runs against the system as
// it is now, and says what it found.
//
// Thread safety: const calls only; the checks read the disk.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "belgrand/config/v1/config.pb.h"
#include "compliance/register.h"
#include "platform/base/time.h"

namespace belgrand::cli {

// The system that a fiche is about.
struct Living {
  config::v1::Config config;
  compliance::Declaration declaration;
  compliance::Register processing;
  // Folder of the ledger of releases; empty: nothing is published.
  std::string ledger;
  base::Instant now{};
};

struct Finding {
  bool demonstrated = false;
  // What was found, in English; holds no personal value.
  std::string value;
};

struct Evidence {
  std::string_view id;
  Finding (*check)(const Living& living);
};

std::span<const Evidence> AllEvidence();
// Not demonstrated where no such evidence is known.
Finding CheckEvidence(std::string_view id, const Living& living);

}  // namespace belgrand::cli
