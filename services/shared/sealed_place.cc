#include "services/shared/sealed_place.h"

namespace belgrand::shared {
namespace {

void AppendPart(std::string& place, std::string_view part) {
  place.push_back('/');
  for (const char c : part) {
    if (c == '/' || c == '%') {
      place += c == '/' ? "%2F" : "%25";
    } else {
      place.push_back(c);
    }
  }
}

}  // namespace

std::string SealedPlace(std::string_view field, std::string_view laboratory_id,
                        std::string_view request_id) {
  std::string place = "SampleRecord.";
  place += field;
  AppendPart(place, laboratory_id);
  AppendPart(place, request_id);
  return place;
}

std::string SealedPlaceOfRow(std::string_view field, std::string_view laboratory_id,
                             std::string_view sample_id, std::string_view target,
                             std::string_view gene) {
  std::string place = "SampleRecord.";
  place += field;
  AppendPart(place, laboratory_id);
  AppendPart(place, sample_id);
  AppendPart(place, target);
  if (!gene.empty()) AppendPart(place, gene);
  return place;
}

}  // namespace belgrand::shared
