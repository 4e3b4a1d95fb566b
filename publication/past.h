// All that was ever released, in the numbering of a plan.
//
// A contribution that the plan knows counts with its value of today also where it was published
// before: the attacker is given the composition of old numbers, and assumes that nothing was
// amended since.
//
// Thread safety: externally synchronised.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "publication/plan.h"
#include "publication/record.h"

namespace belgrand::publication {

class Past {
 public:
  Past(const std::vector<Record>& records, const Plan& plan);

  // Of the plan first, in its numbering.
  const std::vector<UnknownKey>& keys() const { return keys_; }
  const std::vector<Unknown>& unknowns() const { return unknowns_; }
  const std::vector<Equation>& equations() const { return equations_; }
  // As the newest record that holds it.
  const Contribution* Find(const UnknownKey& key) const;
  // Whether the same number, of the same contributions and under the same value, is released.
  bool Holds(const PublishedCell& cell) const;

 private:
  std::uint32_t NumberOf(const UnknownKey& key);

  std::map<UnknownKey, Contribution> contributions_;
  std::map<UnknownKey, std::uint32_t> numbers_;
  std::map<std::string, std::uint32_t> sites_;
  std::vector<UnknownKey> keys_;
  std::vector<Unknown> unknowns_;
  std::vector<Equation> equations_;
  std::set<std::string> cells_;
};

// Contributions that some record protects by their class.
std::vector<UnknownKey> ProtectedBefore(const std::vector<Record>& records);

}  // namespace belgrand::publication
