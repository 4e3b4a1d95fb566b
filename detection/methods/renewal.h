// From a growth rate to a reproduction number, by the renewal identity R = 1 / sum_s w_s e^(-r s).
//
// w is the distribution of the generation interval in whole days. Belgrand alerts on growth; R is
// for who wants to compare. Thread safety: pure functions. Source: Wallinga & Lipsitch 2007;
// discretisation (density at 1..days, brought to sum 1) and constants as in the R package ern.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace belgrand::detection {

// Density of a gamma distribution at 1, 2, ..., days, brought to sum 1. REQUIRES: all positive.
std::vector<double> DiscreteGamma(double mean, double shape, std::size_t days);

// `growth` natural log per day; weights[i] belongs to day i + 1. REQUIRES: weights sum to 1.
double ReproductionNumber(double growth, std::span<const double> weights);

}  // namespace belgrand::detection
