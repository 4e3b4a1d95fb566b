// Secondary suppression: which numbers may be published beside one another and beside everything
// that was published before.
//
// Numbers are taken in the order in which they are wanted; one that would let the attacker
// (attack.h) win is left out. More numbers never help the attacked, so a run of wanted numbers is
// tried whole and halved where it fails; the outcome is what trying one after the other would give,
// and nothing that was left out could be put back. Parts without a contribution in common are
// judged apart.
//
// Thread safety: pure function.
#pragma once

#include <cstddef>
#include <vector>

#include "publication/attack.h"

namespace belgrand::publication {

struct Selection {
  // Of each wanted number.
  std::vector<bool> released;
  // Protected contributions that once were published alone (their site was large enough then):
  // they are public, and leaving out numbers does not protect them any more. Ascending.
  std::vector<std::uint32_t> already_public;
  // Wanted numbers left out because the past alone lets the attacker win where they belong.
  std::size_t frozen = 0;
  std::size_t attacks = 0;
};

// `past` and `wanted` index `unknowns`.
Selection Select(const std::vector<Unknown>& unknowns, const std::vector<Equation>& past,
                 const std::vector<Equation>& wanted, int protection_percent);

}  // namespace belgrand::publication
