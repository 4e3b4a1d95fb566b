// The targets Belgrand knows: their one code, and the many ways in which laboratories write them.
//
// Codes are the pcr_target spellings of the NWSS dictionary where it has one. A gene target (N1,
// N2, covN1 of PHES-ODM) is read as its pathogen: the series is the pathogen's, the assay belongs
// into method_id. Spelling is compared without case, spaces, '-' and '_'.
//
// Thread safety: all functions are pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace belgrand::sample {

struct Target {
  // What is stored and shown in keys and interfaces.
  std::string_view code;
  // For people.
  std::string_view name;
};

// Every known target, in the order of the documentation.
std::span<const Target> KnownTargets();

// The code for any known spelling; nullopt for an unknown one.
std::optional<std::string_view> CanonicalTarget(std::string_view text);

// The code whose spelling comes nearest to an unknown text; empty when none is near.
std::string_view NearestTarget(std::string_view text);

// "sars-cov-2, fluav, ...": for messages.
std::string TargetList();

}  // namespace belgrand::sample
