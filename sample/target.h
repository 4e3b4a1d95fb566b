// The targets Belgrand knows: their one code, and the many ways in which laboratories write them.
//
// Codes are the pcr_target spellings of the NWSS dictionary where it has one. A target written as a
// gene (N1, N2, covN1 of PHES-ODM) is read as its pathogen, whose series it is, and that gene.
// Spelling is compared without case, spaces, '-' and '_'.
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
  std::string_view french_name;
  // That it is there at all is news, whatever its level.
  bool rare = false;
};

// Every known target, in the order of the documentation.
std::span<const Target> KnownTargets();

// Of a code; false for one that is not known.
bool IsRareTarget(std::string_view code);

// The code for any known spelling; nullopt for an unknown one.
std::optional<std::string_view> CanonicalTarget(std::string_view text);

// The gene that a spelling names ("n1" for N1, covN1, SARS-N1); empty where it names none.
std::string_view GeneOfTarget(std::string_view text);

// The code whose spelling comes nearest to an unknown text; empty when none is near.
std::string_view NearestTarget(std::string_view text);

// "sars-cov-2, fluav, ...": for messages.
std::string TargetList();

}  // namespace belgrand::sample
