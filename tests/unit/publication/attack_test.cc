// The attacker against an oracle that works otherwise: every basic solution, in floating point,
// without merging anything.
#include "publication/attack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <set>

#include "publication/suppress.h"

namespace belgrand::publication {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto kProtected = Protection::kProtected;
constexpr auto kOpen = Protection::kOpen;

std::vector<Unknown> Sites(const std::vector<std::int64_t>& values,
                           Protection protection = kProtected) {
  std::vector<Unknown> unknowns;
  for (const std::int64_t value : values) {
    unknowns.push_back({static_cast<std::uint32_t>(unknowns.size()), value, protection});
  }
  return unknowns;
}

Equation Sum(std::initializer_list<std::uint32_t> unknowns) {
  Equation equation;
  for (const std::uint32_t unknown : unknowns) equation.push_back({unknown, 1});
  return equation;
}

std::set<std::uint32_t> Won(const std::vector<Unknown>& unknowns,
                            const std::vector<Equation>& equations, int percent = 25) {
  std::vector<const Equation*> pointers;
  for (const Equation& equation : equations) pointers.push_back(&equation);
  AttackOptions options;
  options.protection_percent = percent;
  std::set<std::uint32_t> won;
  for (const Disclosure& disclosure : Attack(unknowns, pointers, options)) {
    won.insert(disclosure.unknowns.begin(), disclosure.unknowns.end());
  }
  return won;
}

TEST(AttackTest, WinsTheOneSiteThatTotalAndDistrictsLeave) {
  const auto unknowns = Sites({50, 60, 70, 40, 30, 20, 10});
  const std::vector<Equation> published = {Sum({0, 1, 2, 3, 4, 5, 6}), Sum({0, 1, 2}),
                                           Sum({3, 4, 5})};
  EXPECT_THAT(Won(unknowns, published), ElementsAre(6));
}

TEST(AttackTest, IsHelpedByTheOtherSiteOfTwo) {
  EXPECT_THAT(Won(Sites({50, 60}), {Sum({0, 1})}), ElementsAre(0, 1));
  EXPECT_THAT(Won(Sites({50, 60, 55}), {Sum({0, 1, 2})}), IsEmpty());
}

TEST(AttackTest, EstimatesTheSiteThatDominates) {
  // Who has the 60 knows that the largest has 1,010 at most; who has the 1,000, that the second has
  // 70 at most.
  EXPECT_THAT(Won(Sites({1'000, 60, 10}), {Sum({0, 1, 2})}), ElementsAre(0, 1));
  EXPECT_THAT(Won(Sites({1'000, 60, 10}), {Sum({0, 1, 2})}, 1), IsEmpty());
}

TEST(AttackTest, SubtractsAnEarlierReleaseFromALaterOne) {
  const auto unknowns = Sites({50, 60, 55, 40});
  EXPECT_THAT(Won(unknowns, {Sum({0, 1, 2}), Sum({0, 1, 2, 3})}), ElementsAre(3));
  // Another weight of one site is enough: a corrected population.
  Equation corrected = Sum({0, 1, 2, 3});
  corrected[0].weight = 2;
  EXPECT_THAT(Won(unknowns, {Sum({0, 1, 2, 3}), corrected}), ElementsAre(0));
}

TEST(AttackTest, SolvesWhatNoSingleNumberTells) {
  // Three sums of pairs of districts of three sites each determine every district, and so d, which
  // holds one site.
  const auto unknowns = Sites({50, 60, 55, 40, 45, 52, 33});
  const std::vector<Equation> published = {Sum({0, 1, 2, 3, 4, 5}), Sum({3, 4, 5, 6}),
                                           Sum({0, 1, 2, 6})};
  EXPECT_THAT(Won(unknowns, published), ElementsAre(6));
}

TEST(AttackTest, ProtectsOnlyWhatIsProtected) {
  EXPECT_THAT(Won(Sites({50, 60}, kOpen), {Sum({0}), Sum({0, 1})}), IsEmpty());
}

TEST(AttackTest, WinsWhatItCannotCompute) {
  const auto unknowns = Sites({INT64_MAX, INT64_MAX, INT64_MAX});
  Equation huge = Sum({0, 1, 2});
  for (Term& term : huge) term.weight = INT64_MAX - term.unknown;
  Equation other = Sum({0, 1, 2});
  EXPECT_THAT(Won(unknowns, {huge, other}), SizeIs(3));
}

// Every basic solution of A x = b, x >= 0: its least and greatest x[goal]. The rows are few.
struct Ends {
  double low = INFINITY;
  double high = -INFINITY;
};

using Matrix = std::vector<std::vector<double>>;

// Reduces the rows in place; the pivot columns.
std::vector<std::size_t> Eliminate(Matrix& rows, std::size_t columns) {
  std::vector<std::size_t> pivots;
  for (std::size_t c = 0; c < columns && pivots.size() < rows.size(); ++c) {
    std::size_t best = pivots.size();
    for (std::size_t r = best; r < rows.size(); ++r) {
      if (std::abs(rows[r][c]) > std::abs(rows[best][c])) best = r;
    }
    if (std::abs(rows[best][c]) < 1e-9) continue;
    std::swap(rows[best], rows[pivots.size()]);
    auto& pivot = rows[pivots.size()];
    const double factor = pivot[c];
    for (double& entry : pivot) entry /= factor;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (r == pivots.size()) continue;
      const double times = rows[r][c];
      for (std::size_t j = 0; j < pivot.size(); ++j) rows[r][j] -= times * pivot[j];
    }
    pivots.push_back(c);
  }
  return pivots;
}

Ends EndsOf(Matrix rows, std::size_t variables, std::size_t goal) {
  const std::size_t rank = Eliminate(rows, variables).size();
  rows.resize(rank);
  Ends ends;
  for (unsigned mask = 0; mask < (1U << variables); ++mask) {
    if (static_cast<std::size_t>(__builtin_popcount(mask)) != rank) continue;
    Matrix basis;
    for (const auto& row : rows) {
      std::vector<double> part;
      for (std::size_t j = 0; j < variables; ++j) {
        if ((mask >> j & 1U) != 0) part.push_back(row[j]);
      }
      part.push_back(row.back());
      basis.push_back(std::move(part));
    }
    if (Eliminate(basis, rank).size() != rank) continue;
    if (std::any_of(basis.begin(), basis.end(), [](auto& row) { return row.back() < -1e-7; })) {
      continue;
    }
    double value = 0;
    std::size_t at = 0;
    for (std::size_t j = 0; j < variables; ++j) {
      if ((mask >> j & 1U) == 0) continue;
      if (j == goal) value = basis[at].back();
      ++at;
    }
    ends.low = std::min(ends.low, value);
    ends.high = std::max(ends.high, value);
  }
  return ends;
}

// nullopt: too near to the edge to say in floating point.
std::optional<bool> Discloses(const std::vector<Unknown>& unknowns,
                              const std::vector<Equation>& published, std::size_t goal,
                              double percent) {
  bool unsure = false;
  for (std::size_t insider = 0; insider <= unknowns.size(); ++insider) {
    if (insider == goal) continue;
    Matrix rows;
    for (const Equation& equation : published) {
      std::vector<double> row(unknowns.size() + 1, 0);
      for (const Term& term : equation) {
        const double weight = static_cast<double>(term.weight);
        const double part = weight * static_cast<double>(unknowns[term.unknown].value);
        row.back() += part;
        if (term.unknown == insider) {
          row.back() -= part;
        } else {
          row[term.unknown] = weight;
        }
      }
      rows.push_back(std::move(row));
    }
    Matrix reduced = rows;
    const auto pivots = Eliminate(reduced, unknowns.size());
    for (std::size_t r = 0; r < pivots.size(); ++r) {
      if (pivots[r] != goal) continue;
      double others = 0;
      for (std::size_t j = 0; j < unknowns.size(); ++j) {
        if (j != goal) others += std::abs(reduced[r][j]);
      }
      if (others < 1e-9) return true;
    }
    const Ends ends = EndsOf(rows, unknowns.size(), goal);
    const double value = static_cast<double>(unknowns[goal].value);
    const double above = ends.high - value * (1 + percent / 100);
    const double below = value * (1 - percent / 100) - ends.low;
    if (above < -1e-6 || below < -1e-6) return true;
    unsure = unsure || (value > 0 && (above < 1e-6 || below < 1e-6));
  }
  if (unsure) return std::nullopt;
  return false;
}

TEST(AttackTest, WinsExactlyWhatEveryBasicSolutionTells) {
  int won = 0;
  int safe = 0;
  int unsure = 0;
  for (unsigned seed = 1; seed <= 600; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const auto below = [&random](unsigned limit) {
      return static_cast<unsigned>(random()) % limit;
    };
    const std::size_t count = 3 + below(6);
    std::vector<std::int64_t> values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(below(8) == 0 ? 0 : 1 + below(40));
    const auto unknowns = Sites(values);
    std::vector<Equation> published;
    for (unsigned i = 0, n = 1 + below(4); i < n; ++i) {
      Equation equation;
      for (std::uint32_t u = 0; u < count; ++u) {
        if (below(3) > 0) equation.push_back({u, below(4) == 0 ? 2 : 1});
      }
      if (!equation.empty()) published.push_back(std::move(equation));
    }
    std::set<std::uint32_t> named;
    for (const Equation& equation : published) {
      for (const Term& term : equation) named.insert(term.unknown);
    }
    const auto found = Won(unknowns, published);
    for (const std::uint32_t goal : named) {
      const auto expected = Discloses(unknowns, published, goal, 25);
      if (!expected.has_value()) {
        ++unsure;
        continue;
      }
      EXPECT_EQ(found.contains(goal), *expected) << "unknown " << goal;
      ++(*expected ? won : safe);
    }
  }
  std::cout << "contributions won " << won << ", safe " << safe << ", on the edge " << unsure
            << "\n";
  EXPECT_GT(won, 300);
  EXPECT_GT(safe, 300);
}

TEST(SelectTest, LeavesOutNoMoreThanItMust) {
  // Site 9 is alone in its district: one more district has to go, and the smallest is enough.
  const auto unknowns = Sites({90, 80, 85, 50, 45, 40, 30, 35, 25, 10});
  const std::vector<Equation> wanted = {Sum({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}), Sum({0, 1, 2}),
                                        Sum({3, 4, 5}), Sum({6, 7, 8})};
  const Selection selection = Select(unknowns, {}, wanted, 25);
  EXPECT_THAT(selection.released, ElementsAre(true, true, true, false));
}

TEST(SelectTest, KnowsThePast) {
  const auto unknowns = Sites({90, 80, 85, 50});
  const Selection selection = Select(unknowns, {Sum({0, 1, 2})}, {Sum({0, 1, 2, 3})}, 25);
  EXPECT_THAT(selection.released, ElementsAre(false));
  EXPECT_EQ(selection.frozen, 0U);
}

TEST(SelectTest, AddsNothingWhereThePastAlreadyDiscloses) {
  const auto unknowns = Sites({90, 80, 85, 50, 40});
  const Selection selection =
      Select(unknowns, {Sum({0, 1})}, {Sum({0, 1, 2, 3, 4}), Sum({2, 3, 4})}, 25);
  EXPECT_THAT(selection.released, ElementsAre(false, false));
  EXPECT_EQ(selection.frozen, 2U);
}

TEST(SelectTest, CallsPublicWhatStoodAlone) {
  const auto unknowns = Sites({90, 80, 85, 50});
  const Selection selection = Select(unknowns, {Sum({3})}, {Sum({0, 1, 2, 3})}, 25);
  EXPECT_THAT(selection.already_public, ElementsAre(3));
  EXPECT_THAT(selection.released, ElementsAre(true));
}

}  // namespace
}  // namespace belgrand::publication
