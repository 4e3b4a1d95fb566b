#include "publication/atoms.h"

#include <algorithm>
#include <deque>
#include <map>
#include <numeric>
#include <set>
#include <utility>

namespace belgrand::publication {
namespace {

// In which equations an unknown stands, and with which weight.
using Column = std::vector<std::pair<std::size_t, std::int64_t>>;

std::int64_t ReduceColumn(Column& column) {
  std::int64_t divisor = 0;
  for (const auto& [equation, weight] : column) divisor = std::gcd(divisor, weight);
  for (auto& [equation, weight] : column) weight /= divisor;
  return divisor;
}

// Adds an unknown, `scale` times, to the member of its site. REQUIRES: called site after site.
bool AddMember(const Unknown& unknown, std::uint32_t index, std::int64_t scale, Atom& atom) {
  const auto value = Times(unknown.value, scale);
  if (!value.has_value()) return false;
  const auto sum = Plus(atom.sum, *value);
  if (!sum.has_value()) return false;
  atom.sum = *sum;
  if (atom.members.empty() || atom.members.back().site != unknown.site) {
    atom.members.push_back({unknown.site, 0, Protection::kOpen, {}});
  }
  Member* at = &atom.members.back();
  at->value += *value;
  at->unknowns.push_back(index);
  if (unknown.protection == Protection::kProtected) at->protection = Protection::kProtected;
  return true;
}

// The unknowns that stand anywhere, site after site.
std::vector<std::uint32_t> BySite(const std::vector<Unknown>& unknowns,
                                  const std::vector<Column>& columns) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < unknowns.size(); ++i) {
    if (!columns[i].empty()) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return unknowns[a].site < unknowns[b].site;
  });
  return order;
}

// An equation over one atom determines it; its sum is taken out of the others, and so on.
void Peel(Atoms& atoms) {
  std::vector<std::vector<std::size_t>> where(atoms.atoms.size());
  std::deque<std::size_t> single;
  for (std::size_t i = 0; i < atoms.equations.size(); ++i) {
    for (const auto& [atom, weight] : atoms.equations[i].terms) where[atom].push_back(i);
    if (atoms.equations[i].terms.size() == 1) single.push_back(i);
  }
  while (!single.empty()) {
    const AtomEquation& found = atoms.equations[single.front()];
    single.pop_front();
    if (found.terms.empty()) continue;
    const std::size_t atom = found.terms.front().first;
    atoms.atoms[atom].determined = true;
    for (const std::size_t i : where[atom]) {
      AtomEquation& equation = atoms.equations[i];
      for (std::size_t t = 0; t < equation.terms.size(); ++t) {
        if (equation.terms[t].first != atom) continue;
        equation.right -= equation.terms[t].second * atoms.atoms[atom].sum;
        equation.terms.erase(equation.terms.begin() + static_cast<std::ptrdiff_t>(t));
        if (equation.terms.size() == 1) single.push_back(i);
        break;
      }
    }
  }
  std::erase_if(atoms.equations, [](const AtomEquation& e) { return e.terms.empty(); });
}

// Each equation once, divided by what its weights have in common.
bool AddEquation(std::map<std::size_t, Int128> terms, const std::vector<Atom>& atoms,
                 std::set<std::vector<std::pair<std::size_t, Int128>>>& seen,
                 std::vector<AtomEquation>& equations) {
  AtomEquation equation;
  equation.terms.assign(terms.begin(), terms.end());
  Int128 divisor = 0;
  for (const auto& [atom, weight] : equation.terms) {
    Int128 a = divisor;
    Int128 b = weight;
    while (b != 0) a = std::exchange(b, a % b);
    divisor = a;
  }
  for (auto& [atom, weight] : equation.terms) {
    weight /= divisor;
    const auto part = Times(weight, atoms[atom].sum);
    if (!part.has_value()) return false;
    const auto right = Plus(equation.right, *part);
    if (!right.has_value()) return false;
    equation.right = *right;
  }
  if (seen.insert(equation.terms).second) equations.push_back(std::move(equation));
  return true;
}

}  // namespace

std::optional<Atoms> MergeAtoms(const std::vector<Unknown>& unknowns,
                                const std::vector<const Equation*>& published) {
  std::vector<Column> columns(unknowns.size());
  for (std::size_t i = 0; i < published.size(); ++i) {
    for (const Term& term : *published[i]) columns[term.unknown].emplace_back(i, term.weight);
  }
  Atoms result;
  std::map<Column, std::size_t> known;
  std::vector<std::size_t> atom_of(unknowns.size(), 0);
  for (const std::uint32_t i : BySite(unknowns, columns)) {
    const std::int64_t scale = ReduceColumn(columns[i]);
    const auto [at, fresh] = known.try_emplace(columns[i], result.atoms.size());
    if (fresh) result.atoms.emplace_back();
    atom_of[i] = at->second;
    if (!AddMember(unknowns[i], i, scale, result.atoms[at->second])) return std::nullopt;
  }
  for (Atom& atom : result.atoms) {
    std::stable_sort(atom.members.begin(), atom.members.end(),
                     [](const Member& a, const Member& b) { return a.value > b.value; });
  }
  std::set<std::vector<std::pair<std::size_t, Int128>>> seen;
  for (std::size_t i = 0; i < published.size(); ++i) {
    std::map<std::size_t, Int128> terms;
    for (const Term& term : *published[i]) {
      const Column& column = columns[term.unknown];
      const auto at = std::lower_bound(column.begin(), column.end(), std::pair(i, INT64_MIN));
      terms[atom_of[term.unknown]] = at->second;
    }
    if (!AddEquation(std::move(terms), result.atoms, seen, result.equations)) return std::nullopt;
  }
  Peel(result);
  // In an order of their own, so that a part is worked on alone as it is in the whole.
  std::sort(result.equations.begin(), result.equations.end(),
            [](const AtomEquation& a, const AtomEquation& b) { return a.terms < b.terms; });
  return result;
}

}  // namespace belgrand::publication
