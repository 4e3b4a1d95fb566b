// What an attacker can tell apart: contributions merged where no published number separates them,
// and the atoms that published numbers give away one after the other.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "publication/attack.h"

namespace belgrand::publication {

// One site inside an atom.
struct Member {
  std::uint32_t site = 0;
  Int128 value = 0;
  Protection protection = Protection::kOpen;
  std::vector<std::uint32_t> unknowns;
};

// A sum that published numbers hold only as a whole.
struct Atom {
  // Largest value first; each site once.
  std::vector<Member> members;
  Int128 sum = 0;
  bool determined = false;
};

// A published number over atoms that are not determined.
struct AtomEquation {
  std::vector<std::pair<std::size_t, Int128>> terms;
  Int128 right = 0;
};

struct Atoms {
  std::vector<Atom> atoms;
  std::vector<AtomEquation> equations;
};

// nullopt: an overflow.
std::optional<Atoms> MergeAtoms(const std::vector<Unknown>& unknowns,
                                const std::vector<const Equation*>& published);

}  // namespace belgrand::publication
