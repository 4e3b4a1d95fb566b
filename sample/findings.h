// Internal to sample: collects violations and warnings while a row is checked.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sample/row.h"
#include "sample/text.h"

namespace belgrand::sample {

// The shortest text that reads back as the same number.
inline std::string NumberText(double number) { return fmt::format("{}", number); }

struct Findings {
  std::vector<Violation> violations;
  std::vector<Violation> warnings;

  void Reject(std::string_view field, std::string_view value, Rule rule, std::string message,
              std::string remedy) {
    violations.push_back(
        {std::string(field), Printable(value), rule, std::move(message), std::move(remedy)});
  }
  void Warn(std::string_view field, std::string_view value, Rule rule, std::string message,
            std::string remedy) {
    warnings.push_back(
        {std::string(field), Printable(value), rule, std::move(message), std::move(remedy)});
  }
};

// Value, limits, flow and population; fills the numbers of `out`. REQUIRES: the unit's factor to
// gc/L.
void CheckNumbers(const Row& row, double factor, Findings& findings, Measurement& out);

}  // namespace belgrand::sample
