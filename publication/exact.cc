#include "publication/exact.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>

namespace belgrand::publication {
namespace {

using Row = std::vector<Int128>;

Int128 Absolute(Int128 value) { return value < 0 ? -value : value; }

Int128 CommonDivisor(Int128 a, Int128 b) {
  a = Absolute(a);
  b = Absolute(b);
  while (b != 0) {
    // Most entries are small: 64-bit division is ten times as fast.
    if (a <= INT64_MAX && b <= INT64_MAX) {
      return std::gcd(static_cast<std::int64_t>(a), static_cast<std::int64_t>(b));
    }
    a = std::exchange(b, a % b);
  }
  return a;
}

void Reduce(Row& row) {
  Int128 divisor = 0;
  for (const Int128 entry : row) {
    if (entry != 0) divisor = CommonDivisor(divisor, entry);
    if (divisor == 1) return;
  }
  if (divisor == 0) return;
  for (Int128& entry : row) entry /= divisor;
}

// Takes `column` out of `row` with the help of `pivot`, whose entry there is greater than zero; the
// row keeps its sign. false: an overflow.
bool Eliminate(const Row& pivot, std::size_t column, Row& row) {
  if (row[column] == 0) return true;
  const Int128 divisor = CommonDivisor(pivot[column], row[column]);
  const Int128 keep = pivot[column] / divisor;
  const Int128 take = row[column] / divisor;
  for (std::size_t j = 0; j < row.size(); ++j) {
    if (row[j] == 0 && pivot[j] == 0) continue;
    Int128 kept = 0;
    Int128 taken = 0;
    if (__builtin_mul_overflow(row[j], keep, &kept) ||
        __builtin_mul_overflow(pivot[j], take, &taken) ||
        __builtin_sub_overflow(kept, taken, &row[j])) {
      return false;
    }
  }
  if (keep != 1 || take != 1) Reduce(row);
  return true;
}

// Makes `column` basic in `row`: its entry there is positive, and zero in all other rows.
bool Pivot(std::size_t row, std::size_t column, std::vector<Row>& rows) {
  if (rows[row][column] < 0) {
    for (Int128& entry : rows[row]) entry = -entry;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i != row && !Eliminate(rows[row], column, rows[i])) return false;
  }
  return true;
}

// A basic solution of equations, improved step by step. Each row stands for itself: its basic
// variable has a positive entry, which need not be 1. Columns: the variables, the artificial ones,
// the scale (of the objective row only: the row may be multiplied), the right side.
class Simplex {
 public:
  Simplex(const Equalities& equalities, std::size_t variables)
      : variables_(variables),
        count_(equalities.rows.size()),
        scale_(variables + count_),
        right_(variables + count_ + 1) {
    for (std::size_t i = 0; i < count_; ++i) {
      Row row = equalities.rows[i];
      row.resize(right_ + 1, 0);
      row[variables + i] = 1;
      row[right_] = equalities.right[i];
      rows_.push_back(std::move(row));
      basis_.push_back(variables + i);
    }
  }

  // Finds a solution: the artificial variables leave. false: an overflow, or there is none.
  bool Solve() {
    Row cost(right_ + 1, 0);
    for (const Row& row : rows_) {
      for (std::size_t j = 0; j <= right_; ++j) {
        if (j >= variables_ && j < right_) continue;
        if (__builtin_sub_overflow(cost[j], row[j], &cost[j])) return false;
      }
    }
    cost[scale_] = 1;
    rows_.push_back(std::move(cost));
    if (!Improve() || rows_.back()[right_] != 0) return false;
    rows_.pop_back();
    return DropArtificials();
  }

  std::optional<Fraction> Maximise(const std::vector<int>& goal) {
    Row cost(right_ + 1, 0);
    for (std::size_t j = 0; j < variables_; ++j) cost[j] = -goal[j];
    cost[scale_] = 1;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (!Eliminate(rows_[i], basis_[i], cost)) return std::nullopt;
    }
    rows_.push_back(std::move(cost));
    if (!Improve()) return std::nullopt;
    return Fraction{rows_.back()[right_], rows_.back()[scale_]};
  }

 private:
  // The last row is the objective; an artificial variable does not come back.
  bool Improve() {
    for (;;) {
      std::size_t entering = 0;
      while (entering < variables_ && rows_.back()[entering] >= 0) ++entering;
      if (entering == variables_) return true;
      const auto leaving = Leaving(entering);
      if (!leaving.has_value() || !Pivot(*leaving, entering, rows_)) return false;
      basis_[*leaving] = entering;
    }
  }

  // The row that bounds the entering variable first; ties by the smallest basic variable.
  // nullopt: unbounded, or an overflow.
  std::optional<std::size_t> Leaving(std::size_t entering) const {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i + 1 < rows_.size(); ++i) {
      if (rows_[i][entering] <= 0) continue;
      if (!best.has_value()) {
        best = i;
        continue;
      }
      const auto mine = Times(rows_[i][right_], rows_[*best][entering]);
      const auto other = Times(rows_[*best][right_], rows_[i][entering]);
      if (!mine.has_value() || !other.has_value()) return std::nullopt;
      if (*mine < *other || (*mine == *other && basis_[i] < basis_[*best])) best = i;
    }
    return best;
  }

  bool DropArtificials() {
    for (std::size_t i = 0; i < rows_.size();) {
      if (basis_[i] < variables_) {
        ++i;
        continue;
      }
      std::size_t column = 0;
      while (column < variables_ && rows_[i][column] == 0) ++column;
      if (column == variables_) {  // says nothing that other rows do not say
        rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(i));
        basis_.erase(basis_.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
      if (!Pivot(i, column, rows_)) return false;
      basis_[i] = column;
      ++i;
    }
    return true;
  }

  std::size_t variables_;
  std::size_t count_;
  std::size_t scale_;
  std::size_t right_;
  std::vector<Row> rows_;
  std::vector<std::size_t> basis_;
};

}  // namespace

std::optional<Int128> Times(Int128 a, Int128 b) {
  Int128 product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

std::optional<Int128> Plus(Int128 a, Int128 b) {
  Int128 sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

std::optional<Fraction> Maximum(const Equalities& equalities, const std::vector<int>& goal) {
  Simplex simplex(equalities, goal.size());
  if (simplex.Solve()) {
    if (const auto found = simplex.Maximise(goal); found.has_value()) return found;
  }
  // On another way to the same end the numbers may stay small enough.
  Equalities turned = equalities;
  for (Row& row : turned.rows) std::reverse(row.begin(), row.end());
  std::reverse(turned.rows.begin(), turned.rows.end());
  std::reverse(turned.right.begin(), turned.right.end());
  Simplex other(turned, goal.size());
  if (!other.Solve()) return std::nullopt;
  return other.Maximise({goal.rbegin(), goal.rend()});
}

std::optional<Fraction> Minimum(const Equalities& equalities, const std::vector<int>& goal) {
  std::vector<int> negated = goal;
  for (int& weight : negated) weight = -weight;
  auto result = Maximum(equalities, negated);
  if (result.has_value()) result->num = -result->num;
  return result;
}

std::optional<std::vector<bool>> Determined(std::vector<std::vector<Int128>> rows,
                                            std::size_t variables) {
  std::vector<bool> pivot_column(variables, false);
  std::vector<std::size_t> pivots;
  for (std::size_t column = 0; column < variables && pivots.size() < rows.size(); ++column) {
    std::size_t row = pivots.size();
    while (row < rows.size() && rows[row][column] == 0) ++row;
    if (row == rows.size()) continue;
    std::swap(rows[row], rows[pivots.size()]);
    if (!Pivot(pivots.size(), column, rows)) return std::nullopt;
    pivots.push_back(column);
    pivot_column[column] = true;
  }
  std::vector<bool> determined(variables, false);
  for (std::size_t row = 0; row < pivots.size(); ++row) {
    bool alone = true;
    for (std::size_t j = 0; j < variables; ++j) {
      alone = alone && (pivot_column[j] || rows[row][j] == 0);
    }
    determined[pivots[row]] = alone;
  }
  return determined;
}

}  // namespace belgrand::publication
