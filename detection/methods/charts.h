// Control charts over numbers that should scatter around zero: CUSUM, EWMA, likelihood ratios.
//
// Each function reads a whole series and returns one value per position, so that a re-read past
// gives what reading it in order would have given. REQUIRES everywhere: finite input, except that
// RossiScore, the Poisson ratios and CUSUM take counts >= 0 and a mean > 0.
// Thread safety: pure functions.
// Sources: Page 1954 (CUSUM); Rossi, Lampugnani & Marchi 1999 (score); Roberts 1959 and
// Montgomery (EWMA); Hoehle & Paul 2008 (Poisson likelihood ratios); Lai 1995 (window-limited
// generalised likelihood ratio of a mean shift).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace belgrand::detection {

struct CusumRule {
  double k = 1.04;  // half the shift to be found, standard deviations
  double h = 2.26;  // alarm at or above
};
// S(t) = max(0, S(t-1) + z(t) - k), from 0; not reset after an alarm.
std::vector<double> Cusum(std::span<const double> z, const CusumRule& rule);
// The count made normal: (x - 3 m + 2 sqrt(x m)) / (2 sqrt m).
double RossiScore(double count, double mean);

struct EwmaRule {
  double lambda = 0.4;
  double limit_sd = 3;
};
struct EwmaPoint {
  double z = 0;
  double limit = 0;  // of |z|, for input of unit variance
};
std::vector<EwmaPoint> Ewma(std::span<const double> d, const EwmaRule& rule);

// Largest log likelihood ratio of "the mean rose at some k <= n" against "it did not". An alarm
// (value >= limit) starts the search anew with the next position.
std::vector<double> PoissonGlr(std::span<const double> counts, double mean, double limit);
// The same for a known rise by the factor e^theta; an alarm is value > limit.
std::vector<double> PoissonLr(std::span<const double> counts, double mean, double theta,
                              double limit);
// For z of unit variance: max over k of (sum of z(k..n))^2 / (2 (n-k+1)), the sum taken as 0 when
// negative; the search goes back at most `most` positions and does not start anew.
std::vector<double> GaussianGlr(std::span<const double> z, std::size_t most);
// Its last value only: O(most).
double GaussianGlrNow(std::span<const double> z, std::size_t most);

}  // namespace belgrand::detection
