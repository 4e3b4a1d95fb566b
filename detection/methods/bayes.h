// A count against the predictive distribution of the counts before it (R: algo.bayes).
//
// With a Jeffreys prior on a Poisson mean, n past counts of sum s predict a negative binomial of
// size s + 1/2 and probability n / (n + 1). Alarm: the count exceeds its 1 - alpha quantile.
// Source: Riebler 2004; Hoehle 2007. Thread safety: pure function.
#pragma once

#include <span>

namespace belgrand::detection {

// REQUIRES: `past` not empty, counts >= 0.
double BayesUpper(std::span<const double> past, double alpha);

}  // namespace belgrand::detection
