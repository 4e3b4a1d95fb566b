#include "publication/past.h"

#include <algorithm>

namespace belgrand::publication {
namespace {

// A text that two numbers share exactly when they are the same.
std::string Signature(const PublishedCell& cell) {
  std::string text =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", static_cast<int>(cell.level), cell.area_id, cell.target,
                  base::FormatDay(cell.period_start), cell.period_weeks, cell.value);
  for (const PublishedTerm& term : cell.terms) {
    text +=
        fmt::format("\n{}\n{}\n{}", term.key.site_id, base::FormatDay(term.key.week), term.weight);
  }
  return text;
}

}  // namespace

Past::Past(const std::vector<Record>& records, const Plan& plan) {
  for (const Record& record : records) {
    for (const Contribution& entry : record.contributions) {
      const auto [at, fresh] = contributions_.try_emplace(entry.key, entry);
      if (fresh) continue;
      at->second.milli_gc_per_l = entry.milli_gc_per_l;
      if (entry.protection == Protection::kProtected) at->second.protection = entry.protection;
    }
  }
  for (std::uint32_t i = 0; i < plan.keys.size(); ++i) {
    numbers_[plan.keys[i]] = i;
    sites_[plan.keys[i].site_id] = plan.unknowns[i].site;
  }
  keys_ = plan.keys;
  unknowns_ = plan.unknowns;
  std::set<std::vector<std::pair<std::uint32_t, std::int64_t>>> seen;
  for (const Record& record : records) {
    for (const PublishedCell& cell : record.cells) {
      cells_.insert(Signature(cell));
      std::vector<std::pair<std::uint32_t, std::int64_t>> terms;
      for (const PublishedTerm& term : cell.terms) {
        terms.emplace_back(NumberOf(term.key), term.weight);
      }
      std::sort(terms.begin(), terms.end());
      if (!seen.insert(terms).second) continue;
      Equation& equation = equations_.emplace_back();
      for (const auto& [unknown, weight] : terms) equation.push_back({unknown, weight});
    }
  }
}

std::uint32_t Past::NumberOf(const UnknownKey& key) {
  const auto [at, fresh] = numbers_.try_emplace(key, static_cast<std::uint32_t>(keys_.size()));
  if (!fresh) return at->second;
  const auto site =
      sites_.try_emplace(key.site_id, static_cast<std::uint32_t>(sites_.size())).first->second;
  const Contribution* known = Find(key);
  keys_.push_back(key);
  // A number whose contribution no record tells is protected: nothing is known in its favour.
  unknowns_.push_back({site, known == nullptr ? 0 : known->milli_gc_per_l,
                       known == nullptr ? Protection::kProtected : known->protection});
  return at->second;
}

const Contribution* Past::Find(const UnknownKey& key) const {
  const auto at = contributions_.find(key);
  return at == contributions_.end() ? nullptr : &at->second;
}

bool Past::Holds(const PublishedCell& cell) const { return cells_.contains(Signature(cell)); }

std::vector<UnknownKey> ProtectedBefore(const std::vector<Record>& records) {
  std::set<UnknownKey> keys;
  for (const Record& record : records) {
    for (const Contribution& entry : record.contributions) {
      if (entry.protection == Protection::kProtected) keys.insert(entry.key);
    }
  }
  return {keys.begin(), keys.end()};
}

}  // namespace belgrand::publication
