#include "sample/institution.h"

#include <array>

#include "sample/text.h"

namespace belgrand::sample {
namespace {

constexpr std::array<std::string_view, kInstitutions> kNames = {"",
                                                                "not institution specific",
                                                                "correctional",
                                                                "long term care nursing home",
                                                                "long term care assisted living",
                                                                "other long term care",
                                                                "short stay acute care hospital",
                                                                "long term acute care hospital",
                                                                "child day care",
                                                                "k12",
                                                                "higher ed dorm",
                                                                "higher ed other",
                                                                "social services shelter",
                                                                "other residential building",
                                                                "ship",
                                                                "airplane",
                                                                "other worksite",
                                                                "airport"};

std::string Folded(std::string_view text) {
  std::string folded;
  for (const char c : Lower(Trim(text))) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) folded.push_back(c);
  }
  return folded;
}

}  // namespace

std::string_view InstitutionName(Institution institution) {
  return kNames[static_cast<std::size_t>(institution)];
}

std::optional<Institution> ParseInstitution(std::string_view text) {
  const std::string folded = Folded(text);
  for (int i = 1; i < kInstitutions; ++i) {
    if (Folded(kNames[static_cast<std::size_t>(i)]) == folded) return static_cast<Institution>(i);
  }
  return std::nullopt;
}

std::string InstitutionList() {
  std::string list;
  for (std::size_t i = 1; i < kNames.size(); ++i) {
    list += (list.empty() ? "" : ", ") + std::string(kNames[i]);
  }
  return list;
}

}  // namespace belgrand::sample
