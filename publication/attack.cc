#include "publication/attack.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "publication/atoms.h"

namespace belgrand::publication {
namespace {

// A part of the atoms that no equation joins to the rest.
struct System {
  std::vector<std::size_t> atoms;
  Equalities equalities;
};

class Attacker {
 public:
  Attacker(Atoms atoms, const AttackOptions& options)
      : atoms_(std::move(atoms)), options_(options) {}

  std::vector<Disclosure> Run() {
    for (const Atom& atom : atoms_.atoms) {
      if (!atom.determined) continue;
      TryDetermined(atom);
      if (Enough()) return std::move(found_);
    }
    for (const System& system : Split()) {
      TrySystem(system);
      if (Enough()) break;
    }
    return std::move(found_);
  }

 private:
  bool Enough() const { return options_.stop == AttackOptions::Stop::kAtFirst && !found_.empty(); }

  void Found(Finding finding, const Member& member) {
    found_.push_back({finding, member.unknowns});
  }

  // Whether an upper end of `num`/`den` stays far enough above `value`; undecided is no.
  bool FarAbove(Fraction end, Int128 value) const {
    const auto scaled = Times(value, end.den);
    if (!scaled.has_value()) return false;
    const auto room = Times(end.num - *scaled, 100);
    const auto wanted = Times(*scaled, options_.protection_percent);
    return room.has_value() && wanted.has_value() && *room >= *wanted;
  }
  bool FarBelow(Fraction end, Int128 value) const {
    const auto scaled = Times(value, end.den);
    if (!scaled.has_value()) return false;
    const auto room = Times(*scaled - end.num, 100);
    const auto wanted = Times(*scaled, options_.protection_percent);
    return room.has_value() && wanted.has_value() && *room >= *wanted;
  }

  // The sum is known. One or two sites: it gives away one of them, to everybody or to the other.
  // More: the p% rule; the largest other site is the insider who comes nearest.
  void TryDetermined(const Atom& atom) {
    if (atom.members.size() < 3) {
      for (const Member& member : atom.members) {
        if (member.protection == Protection::kProtected) Found(Finding::kExact, member);
      }
      return;
    }
    for (const Member& member : atom.members) {
      if (member.protection != Protection::kProtected) continue;
      // Members come in order of their values: the first that is safe makes all others safe.
      if (HidesInside(atom, member)) return;
      Found(Finding::kBounds, member);
    }
  }

  // Whether the other sites of the atom, without the largest of them (the insider), hold enough to
  // stand in for the site: whatever else is known, what it has may as well be theirs.
  bool HidesInside(const Atom& atom, const Member& member) const {
    if (atom.members.size() < 3) return false;
    const bool largest = atom.members.front().site == member.site;
    const Int128 insider = atom.members[largest ? 1 : 0].value;
    return FarAbove({atom.sum - insider, 1}, member.value);
  }

  // What is not determined, in parts that do not touch one another.
  std::vector<System> Split() const {
    std::vector<std::size_t> leader(atoms_.atoms.size());
    std::iota(leader.begin(), leader.end(), std::size_t{0});
    const auto find = [&leader](std::size_t i) {
      while (leader[i] != i) i = leader[i] = leader[leader[i]];
      return i;
    };
    for (const AtomEquation& equation : atoms_.equations) {
      for (const auto& [atom, weight] : equation.terms) {
        leader[find(atom)] = find(equation.terms.front().first);
      }
    }
    std::vector<System> systems;
    std::vector<std::size_t> system_of(leader.size(), SIZE_MAX);
    std::vector<std::size_t> place(leader.size(), 0);
    for (const AtomEquation& equation : atoms_.equations) {
      const std::size_t root = find(equation.terms.front().first);
      if (system_of[root] == SIZE_MAX) {
        system_of[root] = systems.size();
        systems.emplace_back();
        for (std::size_t i = 0; i < leader.size(); ++i) {
          if (atoms_.atoms[i].determined || find(i) != root) continue;
          place[i] = systems.back().atoms.size();
          systems.back().atoms.push_back(i);
        }
      }
      System& system = systems[system_of[root]];
      std::vector<Int128> row(system.atoms.size(), 0);
      for (const auto& [atom, weight] : equation.terms) row[place[atom]] = weight;
      system.equalities.rows.push_back(std::move(row));
      system.equalities.right.push_back(equation.right);
    }
    return systems;
  }

  void TrySystem(const System& system) {
    const bool large =
        system.atoms.size() > kMaxSystem || system.equalities.rows.size() > kMaxSystem;
    for (std::size_t a = 0; a < system.atoms.size(); ++a) {
      const Atom& atom = atoms_.atoms[system.atoms[a]];
      for (const Member& member : atom.members) {
        if (member.protection != Protection::kProtected) continue;
        if (large) {
          Found(Finding::kUndecided, member);
        } else if (!TryMember(system, a, member) && atom.members.size() > 2) {
          break;  // behind the same sum, a smaller one is safer
        }
        if (Enough()) return;
      }
    }
  }

  // What somebody knows beyond the published numbers: of each atom of a system, a part of its sum,
  // which is a floor under it, or all of it.
  struct Knowledge {
    std::vector<Int128> part;
    std::vector<bool> whole;
    // The attacked site is all that is left unknown of its atom.
    bool single = false;
  };

  // Most sites are safe from all insiders at once, which is quickly shown; the others are tried
  // without help and then, of each atom, with the help of the site that says most: the largest.
  bool TryMember(const System& system, std::size_t a, const Member& member) {
    if (HidesInside(atoms_.atoms[system.atoms[a]], member)) return false;
    if (!Wins(system, a, member, Everybody(system, a, member)).has_value()) return false;
    if (Take(Wins(system, a, member, Insider(system, a, member, nullptr)), member)) return true;
    for (const std::size_t index : system.atoms) {
      const Atom& atom = atoms_.atoms[index];
      const Member* insider = LargestBut(atom, member.site);
      if (insider == nullptr) continue;
      if (Take(Wins(system, a, member, Insider(system, a, member, insider)), member)) return true;
    }
    return false;
  }

  bool Take(std::optional<Finding> finding, const Member& member) {
    if (finding.has_value()) Found(*finding, member);
    return finding.has_value();
  }

  static const Member* LargestBut(const Atom& atom, std::uint32_t site) {
    for (const Member& member : atom.members) {
      if (member.site != site) return &member;
    }
    return nullptr;
  }

  Knowledge Insider(const System& system, std::size_t a, const Member& member,
                    const Member* insider) const {
    Knowledge knowledge{std::vector<Int128>(system.atoms.size(), 0),
                        std::vector<bool>(system.atoms.size(), false), false};
    for (std::size_t b = 0; b < system.atoms.size() && insider != nullptr; ++b) {
      for (const Member& other : atoms_.atoms[system.atoms[b]].members) {
        if (other.site == insider->site) Know(system, b, other, knowledge);
      }
    }
    const auto& members = atoms_.atoms[system.atoms[a]].members;
    knowledge.single = std::all_of(members.begin(), members.end(), [&](const Member& other) {
      return other.site == member.site || (insider != nullptr && other.site == insider->site);
    });
    return knowledge;
  }

  // The largest other site of every atom: knows at least what each insider that is tried knows.
  Knowledge Everybody(const System& system, std::size_t a, const Member& member) const {
    Knowledge knowledge{std::vector<Int128>(system.atoms.size(), 0),
                        std::vector<bool>(system.atoms.size(), false), false};
    for (std::size_t b = 0; b < system.atoms.size(); ++b) {
      const Member* other = LargestBut(atoms_.atoms[system.atoms[b]], member.site);
      if (other != nullptr) Know(system, b, *other, knowledge);
    }
    knowledge.single = atoms_.atoms[system.atoms[a]].members.size() <= 2;
    return knowledge;
  }

  void Know(const System& system, std::size_t b, const Member& member, Knowledge& knowledge) const {
    knowledge.part[b] = member.value;
    knowledge.whole[b] = atoms_.atoms[system.atoms[b]].members.size() == 1;
  }

  std::optional<Finding> Wins(const System& system, std::size_t a, const Member& member,
                              const Knowledge& knowledge) const {
    Equalities left = system.equalities;
    for (std::size_t b = 0; b < system.atoms.size(); ++b) {
      for (std::size_t i = 0; i < left.rows.size(); ++i) {
        if (left.rows[i][b] == 0) continue;
        const auto part = Times(left.rows[i][b], knowledge.part[b]);
        if (!part.has_value()) return Finding::kUndecided;
        left.right[i] -= *part;
        if (knowledge.whole[b]) left.rows[i][b] = 0;
      }
    }
    std::vector<int> goal(system.atoms.size(), 0);
    goal[a] = 1;
    if (knowledge.single) {
      const auto determined = Determined(left.rows, goal.size());
      if (!determined.has_value()) return Finding::kUndecided;
      if ((*determined)[a]) return Finding::kExact;
      const auto least = Minimum(left, goal);
      if (!least.has_value()) return Finding::kUndecided;
      if (!FarBelow(*least, member.value)) return Finding::kBounds;
    }
    const auto most = Maximum(left, goal);
    if (!most.has_value()) return Finding::kUndecided;
    return FarAbove(*most, member.value) ? std::nullopt : std::optional(Finding::kBounds);
  }

  Atoms atoms_;
  AttackOptions options_;
  std::vector<Disclosure> found_;
};

}  // namespace

std::string_view NameOf(Finding finding) {
  switch (finding) {
    case Finding::kExact:
      return "exact";
    case Finding::kBounds:
      return "bounds";
    case Finding::kUndecided:
      return "undecided";
  }
  return "";
}

std::vector<Disclosure> Attack(const std::vector<Unknown>& unknowns,
                               const std::vector<const Equation*>& published,
                               const AttackOptions& options) {
  auto atoms = MergeAtoms(unknowns, published);
  if (atoms.has_value()) return Attacker(*std::move(atoms), options).Run();
  std::vector<Disclosure> all;
  for (std::uint32_t i = 0; i < unknowns.size(); ++i) {
    if (unknowns[i].protection != Protection::kProtected) continue;
    all.push_back({Finding::kUndecided, {i}});
    if (options.stop == AttackOptions::Stop::kAtFirst) break;
  }
  return all;
}

}  // namespace belgrand::publication
