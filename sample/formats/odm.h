// PHES-ODM: what its versions and layouts have in common. docs/formats/odm.md.
//
// Every layout (v2 long and wide, v1 long and wide) is read as a list of single measures; the
// assembler puts those of one sample, laboratory and target together as a Row: the mean or single
// value, its replicates, its limits, controls and normalisers.
//
// Thread safety: the tables are immutable; OdmAssembler is externally synchronised.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sample/row.h"
#include "sample/table_mapper.h"

namespace belgrand::sample {

// One value of the measures table; every field as written.
struct OdmMeasure {
  std::size_t line = 0;
  std::string report_id;
  std::string sample_id;
  std::string site_id;
  std::string laboratory_id;
  std::string set_id;
  std::string measure;
  std::string unit;
  std::string aggregation;
  std::string index;
  std::string value;
  std::string known_on;
  std::string fraction;
  std::string protocol_id;
  std::string protocol_version;
  // Codes separated by spaces.
  std::string flags;
};

// A line of another table by its headers.
using OdmRecord = std::map<std::string, std::string, std::less<>>;

// What is read of a line of sites and of samples.
inline constexpr std::array<std::string_view, 4> kOdmSiteFields = {"siteID", "name", "healthRegion",
                                                                   "popServ"};
inline constexpr std::array<std::string_view, 11> kOdmSampleFields = {
    "sampleID", "siteID",     "organizationID", "collDT",  "collDTStart", "collDTEnd",
    "recDate",  "saMaterial", "collType",       "collPer", "qualityFlag"};

struct OdmTarget {
  std::string target;
  std::string gene;
};

// The target that a measure code of PHES-ODM (v1 or v2) stands for; empty target: none, the measure
// is of another kind. "target.gene" is the project's own way to write what ODM has no code for.
OdmTarget TargetOfOdmMeasure(std::string_view measure);
std::string OdmMeasureOf(std::string_view target, std::string_view gene);

// Measures beside the target. The last five are the project's own: ODM has no part for them.
inline constexpr std::string_view kOdmLod = "lod";
inline constexpr std::string_view kOdmLoq = "loq";
inline constexpr std::string_view kOdmRecovery = "percRec";
inline constexpr std::string_view kOdmFlow = "floRate";
inline constexpr std::string_view kOdmAmmonium = "nH4N";
inline constexpr std::string_view kOdmPmmov = "ppmv";
inline constexpr std::string_view kOdmArrivalTemperature = "arTemp";
inline constexpr std::string_view kOdmHoldTime = "preExtractTime";
inline constexpr std::string_view kOdmInhibition = "inhibMe";
inline constexpr std::string_view kOdmPopulation = "belgrandPopulation";
inline constexpr std::string_view kOdmControl = "belgrandNtc";
inline constexpr std::string_view kOdmBlank = "belgrandExtBlank";
// PMMoV beside a row whose target is PMMoV.
inline constexpr std::string_view kOdmOwnPmmov = "belgrandPmmov";
inline constexpr std::string_view kOdmRetestOf = "belgrandRetestOf";

class OdmAssembler {
 public:
  // `record` holds kOdmSiteFields.
  void PutSite(const OdmRecord& record);
  // `record` holds kOdmSampleFields.
  void PutSample(OdmRecord record);
  // A quality flag of a measure report or of a sample.
  void AddFlag(std::string_view report_or_sample_id, std::string_view flag);
  void Add(OdmMeasure measure);

  // In the order in which targets came. Measures that become part of no row are counted in `notes`.
  void Finish(std::vector<FileRow>& out, FileNotes& notes);

 private:
  struct Group;

  FileRow Assemble(const Group& group, const std::vector<const OdmMeasure*>& beside,
                   FileNotes& notes) const;
  void ReadSample(const OdmMeasure& first, FileRow& out) const;
  void ReadValues(const Group& group, Row& row, FileNotes& notes) const;
  std::string FlagsOf(const OdmMeasure& measure) const;

  std::unordered_map<std::string, Site> sites_;
  std::unordered_map<std::string, OdmRecord> samples_;
  std::unordered_map<std::string, std::string> flags_;
  std::vector<OdmMeasure> measures_;
};

}  // namespace belgrand::sample
