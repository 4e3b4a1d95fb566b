// Exact linear programs in integers: the arithmetic that the attacker of a release stands on.
//
// An attacker knows A x = b and x >= 0. What he can say of a sum of some x lies between its minimum
// and its maximum under these, which a simplex finds. Floating point would find them nearly, and
// "nearly disclosed" is not an answer; so the rows of the tableau hold integers of 128 bits, each
// row divided by what its entries have in common, with every overflow noticed. What overflows is
// undecided, and a caller counts that as disclosed.
//
// Thread safety: pure functions. Bland's rule: no cycles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace belgrand::publication {

__extension__ typedef __int128 Int128;

// den > 0.
struct Fraction {
  Int128 num = 0;
  Int128 den = 1;
};

// a * b and a + b; nullopt on overflow.
std::optional<Int128> Times(Int128 a, Int128 b);
std::optional<Int128> Plus(Int128 a, Int128 b);

// The equations rows * x = right, each row as long as there are variables. REQUIRES: right >= 0.
struct Equalities {
  std::vector<std::vector<Int128>> rows;
  std::vector<Int128> right;
};

// The greatest (least) value of the sum of goal[j] * x[j] over x >= 0 that satisfy the equations.
// nullopt: an overflow, no solution, or no bound.
std::optional<Fraction> Maximum(const Equalities& equalities, const std::vector<int>& goal);
std::optional<Fraction> Minimum(const Equalities& equalities, const std::vector<int>& goal);

// Which variables the equations determine by themselves, without x >= 0. nullopt: an overflow.
std::optional<std::vector<bool>> Determined(std::vector<std::vector<Int128>> rows,
                                            std::size_t variables);

}  // namespace belgrand::publication
