#include "publication/suppress.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace belgrand::publication {
namespace {

// What hangs together: indices of equations.
struct Part {
  std::vector<std::size_t> past;
  std::vector<std::size_t> wanted;
};

class Components {
 public:
  explicit Components(std::size_t count) : leader_(count) {
    std::iota(leader_.begin(), leader_.end(), std::size_t{0});
  }
  std::size_t Find(std::size_t i) {
    while (leader_[i] != i) i = leader_[i] = leader_[leader_[i]];
    return i;
  }
  void Join(const Equation& equation) {
    for (const Term& term : equation) {
      leader_[Find(term.unknown)] = Find(equation.front().unknown);
    }
  }

 private:
  std::vector<std::size_t> leader_;
};

std::vector<Part> Split(std::size_t unknowns, const std::vector<Equation>& past,
                        const std::vector<Equation>& wanted) {
  Components components(unknowns);
  for (const Equation& equation : past) components.Join(equation);
  for (const Equation& equation : wanted) components.Join(equation);
  std::map<std::size_t, Part> parts;
  const auto add = [&](const std::vector<Equation>& equations,
                       std::vector<std::size_t> Part::*list) {
    for (std::size_t i = 0; i < equations.size(); ++i) {
      if (equations[i].empty()) continue;
      (parts[components.Find(equations[i].front().unknown)].*list).push_back(i);
    }
  };
  add(past, &Part::past);
  add(wanted, &Part::wanted);
  std::vector<Part> result;
  for (auto& [root, part] : parts) result.push_back(std::move(part));
  return result;
}

// One part, with its own numbering of the unknowns.
class PartSelector {
 public:
  PartSelector(const Part& part, const std::vector<Unknown>& unknowns,
               const std::vector<Equation>& past, const std::vector<Equation>& wanted,
               int protection_percent, Selection& selection)
      : part_(part), selection_(selection) {
    options_.protection_percent = protection_percent;
    for (const std::size_t i : part.past) Number(past[i]);
    for (const std::size_t i : part.wanted) Number(wanted[i]);
    for (auto& [global, local] : local_) {
      local = static_cast<std::uint32_t>(unknowns_.size());
      unknowns_.push_back(unknowns[global]);
      global_.push_back(global);
    }
    for (const std::size_t i : part.past) past_.push_back(Local(past[i]));
    for (const std::size_t i : part.wanted) wanted_.push_back(Local(wanted[i]));
  }

  void Run() {
    OpenPublic();
    std::vector<const Equation*> kept = Pointers(past_);
    if (!past_.empty() && !Safe(kept)) {
      selection_.frozen += wanted_.size();
      return;
    }
    std::size_t next = 0;
    std::size_t step = wanted_.size();
    while (next < wanted_.size()) {
      step = std::min(step, wanted_.size() - next);
      std::vector<const Equation*> tried = kept;
      for (std::size_t i = next; i < next + step; ++i) tried.push_back(&wanted_[i]);
      if (Safe(tried)) {
        for (std::size_t i = next; i < next + step; ++i) {
          selection_.released[part_.wanted[i]] = true;
        }
        kept = std::move(tried);
        next += step;
        // After a refusal a shorter run is likely to be refused again: grow slowly.
        step = std::max<std::size_t>(1, step * 2);
      } else if (step == 1) {
        ++next;
        step = wanted_.size();
      } else {
        step /= 2;
      }
    }
  }

 private:
  void Number(const Equation& equation) {
    for (const Term& term : equation) local_.try_emplace(term.unknown, 0);
  }

  // Keeps the order of the unknowns.
  Equation Local(const Equation& equation) const {
    Equation local;
    for (const Term& term : equation) local.push_back({local_.at(term.unknown), term.weight});
    return local;
  }

  static std::vector<const Equation*> Pointers(const std::vector<Equation>& equations) {
    std::vector<const Equation*> pointers;
    for (const Equation& equation : equations) pointers.push_back(&equation);
    return pointers;
  }

  // What once stood alone is public: leaving out the new does not protect it.
  void OpenPublic() {
    for (const Equation& equation : past_) {
      if (equation.size() != 1) continue;
      const std::uint32_t local = equation.front().unknown;
      if (unknowns_[local].protection == Protection::kOpen) continue;
      unknowns_[local].protection = Protection::kOpen;
      selection_.already_public.push_back(global_[local]);
    }
  }

  bool Safe(const std::vector<const Equation*>& published) {
    ++selection_.attacks;
    options_.stop = AttackOptions::Stop::kAtFirst;
    return Attack(unknowns_, published, options_).empty();
  }

  const Part& part_;
  Selection& selection_;
  AttackOptions options_;
  std::map<std::uint32_t, std::uint32_t> local_;
  std::vector<std::uint32_t> global_;
  std::vector<Unknown> unknowns_;
  std::vector<Equation> past_;
  std::vector<Equation> wanted_;
};

}  // namespace

Selection Select(const std::vector<Unknown>& unknowns, const std::vector<Equation>& past,
                 const std::vector<Equation>& wanted, int protection_percent) {
  Selection selection;
  selection.released.assign(wanted.size(), false);
  for (const Part& part : Split(unknowns.size(), past, wanted)) {
    PartSelector(part, unknowns, past, wanted, protection_percent, selection).Run();
  }
  std::sort(selection.already_public.begin(), selection.already_public.end());
  const auto last = std::unique(selection.already_public.begin(), selection.already_public.end());
  selection.already_public.erase(last, selection.already_public.end());
  return selection;
}

}  // namespace belgrand::publication
