// The attacker that has to fail before anything is published.
//
// He knows every number ever published without its rounding, which sites stand in it and with which
// weight, that no contribution is negative, and, as an insider, every contribution of one site. He
// does not know the contributions of the other sites. He wins when
//   exact      equations alone give away the contribution of a protected site, to anybody or to the
//              only other site behind a number, or
//   bounds     the interval that is left to him (its ends found by exact linear programming) holds
//              the contribution of a protected site within the protection percentage, above or
//              below, or
//   undecided  the arithmetic overflows or the system is larger than kMaxSystem: told as his win.
//
// Contributions that appear in the same numbers with proportional weights cannot be told apart by
// them: they are merged into one atom, and what is left is a small system (docs/publication.md).
//
// Limits: one insider, not a coalition; nothing known of a site from elsewhere; a number that is
// zero says zero of every site behind it, which is allowed. A site whose periods lie in different
// atoms is protected in each of them, not in their sum.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "publication/exact.h"

namespace belgrand::publication {

enum class Protection : std::uint8_t { kOpen = 0, kProtected = 1 };

// What one site contributes in one week; known to nobody but the site.
struct Unknown {
  std::uint32_t site = 0;
  // In whole units; not negative.
  std::int64_t value = 0;
  Protection protection = Protection::kOpen;
};

struct Term {
  std::uint32_t unknown = 0;
  // Greater than zero.
  std::int64_t weight = 0;

  friend bool operator==(const Term&, const Term&) = default;
};

// A published number: the sum of weight * value. Each unknown once, ascending.
using Equation = std::vector<Term>;

enum class Finding : std::uint8_t { kExact = 1, kBounds = 2, kUndecided = 3 };
std::string_view NameOf(Finding finding);

struct Disclosure {
  Finding finding = Finding::kExact;
  // The contributions that are disclosed, one or (of one site) their sum.
  std::vector<std::uint32_t> unknowns;
};

struct AttackOptions {
  // An estimate that is nearer than this to a protected contribution discloses it.
  int protection_percent = 25;
  enum class Stop : std::uint8_t { kAtFirst, kNever } stop = Stop::kNever;
};

// Of one part that could not be merged further: atoms and equations.
inline constexpr std::size_t kMaxSystem = 120;

std::vector<Disclosure> Attack(const std::vector<Unknown>& unknowns,
                               const std::vector<const Equation*>& published,
                               const AttackOptions& options);

}  // namespace belgrand::publication
