#include "detection/smooth/nelder_mead.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace belgrand::detection {
namespace {

struct Vertex {
  std::vector<double> x;
  double f = 0;
};

class Simplex {
 public:
  Simplex(const std::function<double(std::span<const double>)>& f, std::span<const double> start)
      : f_(f), n_(start.size()) {
    vertices_.push_back(Evaluate({start.begin(), start.end()}));
    for (std::size_t i = 0; i < n_; ++i) {
      std::vector<double> x(start.begin(), start.end());
      x[i] = x[i] != 0 ? 1.05 * x[i] : 0.00025;
      vertices_.push_back(Evaluate(std::move(x)));
    }
    Sort();
  }

  bool Within(const NelderMeadOptions& options) const {
    for (std::size_t v = 1; v < vertices_.size(); ++v) {
      if (!(std::abs(vertices_[v].f - vertices_[0].f) <= options.value_tolerance)) return false;
      for (std::size_t i = 0; i < n_; ++i) {
        if (std::abs(vertices_[v].x[i] - vertices_[0].x[i]) > options.argument_tolerance)
          return false;
      }
    }
    return true;
  }

  void Step() {
    const double n = static_cast<double>(n_);
    const double expand = 1 + 2 / n;
    const double contract = 0.75 - 1 / (2 * n);
    Vertex& worst = vertices_.back();
    Vertex reflected = Along(1);
    if (reflected.f < vertices_[0].f) {
      Vertex expanded = Along(expand);
      worst = expanded.f < reflected.f ? std::move(expanded) : std::move(reflected);
    } else if (reflected.f < vertices_[n_ - 1].f) {
      worst = std::move(reflected);
    } else {
      const bool outside = reflected.f < worst.f;
      Vertex contracted = Along(outside ? contract : -contract);
      if (outside ? contracted.f <= reflected.f : contracted.f < worst.f) {
        worst = std::move(contracted);
      } else {
        Shrink(1 - 1 / n);
      }
    }
    Sort();
  }

  const Vertex& best() const { return vertices_[0]; }
  int evaluations() const { return evaluations_; }

 private:
  Vertex Evaluate(std::vector<double> x) {
    ++evaluations_;
    const double f = f_(x);
    return {std::move(x), std::isfinite(f) ? f : std::numeric_limits<double>::max()};
  }
  // The worst vertex mirrored at the centre of the others, `distance` times as far.
  Vertex Along(double distance) {
    std::vector<double> x(n_, 0);
    for (std::size_t i = 0; i < n_; ++i) {
      double centre = 0;
      for (std::size_t v = 0; v < n_; ++v) centre += vertices_[v].x[i];
      centre /= static_cast<double>(n_);
      x[i] = (1 + distance) * centre - distance * vertices_[n_].x[i];
    }
    return Evaluate(std::move(x));
  }
  void Shrink(double factor) {
    for (std::size_t v = 1; v <= n_; ++v) {
      std::vector<double> x = vertices_[v].x;
      for (std::size_t i = 0; i < n_; ++i) {
        x[i] = vertices_[0].x[i] + factor * (x[i] - vertices_[0].x[i]);
      }
      vertices_[v] = Evaluate(std::move(x));
    }
  }
  void Sort() {
    std::stable_sort(vertices_.begin(), vertices_.end(),
                     [](const Vertex& a, const Vertex& b) { return a.f < b.f; });
  }

  const std::function<double(std::span<const double>)>& f_;
  std::size_t n_;
  int evaluations_ = 0;
  std::vector<Vertex> vertices_;
};

}  // namespace

Minimum Minimize(const std::function<double(std::span<const double>)>& f,
                 std::span<const double> start, const NelderMeadOptions& options) {
  Simplex simplex(f, start);
  Minimum minimum;
  minimum.iterations = 1;
  while (minimum.iterations < options.most_iterations) {
    minimum.converged = simplex.Within(options);
    if (minimum.converged) break;
    simplex.Step();
    ++minimum.iterations;
  }
  minimum.at = simplex.best().x;
  minimum.value = simplex.best().f;
  minimum.evaluations = simplex.evaluations();
  return minimum;
}

}  // namespace belgrand::detection
