// What is exported and read again is the same measurement, field by field.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "sample/formats/formats.h"
#include "sample/formats/measurement_csv.h"
#include "sample/formats/odm_writer.h"
#include "sample/formats/site_table.h"
#include "sample/target.h"
#include "sample/validate.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sample/row_fixture.h"

namespace belgrand::sample {
namespace {

// Every field now and then absent; the seed is printed.
class RandomMeasurements {
 public:
  explicit RandomMeasurements(unsigned seed) : random_(seed) {}

  Measurement Next(std::size_t number) {
    Measurement m;
    m.laboratory_id = Pick(2) == 0 ? "lab-a" : "lab b";
    m.sample_id = "S " + std::to_string(number / 3);
    m.site_id = Pick(2) == 0 ? "Seafield" : "Shieldhall";
    const auto targets = KnownTargets();
    m.target = targets[Pick(targets.size())].code;
    if (Maybe()) m.gene = m.target == "sars-cov-2" ? "n1" : "gene-x";
    m.collected_at = At("2021-01-05") + std::chrono::minutes(Maybe() ? 0 : Pick(100000));
    if (Maybe()) m.known_at = m.collected_at + std::chrono::hours(Pick(400));
    ReadNumbers(m);
    if (Maybe()) m.flow_m3_per_day = Number();
    if (Maybe()) m.population_served = 40000.5;
    if (Maybe()) m.method_id = "qpcr 1";
    if (Maybe()) m.method_version = "v2";
    for (int flag = 1; flag <= 21; ++flag) {
      if (Pick(8) == 0) m.quality_flags.push_back(static_cast<QualityFlag>(flag));
    }
    std::erase(m.quality_flags, QualityFlag::kAnalysisFailed);
    ReadCollection(m);
    if (Maybe()) m.controls.recovery_percent = static_cast<double>(Pick(100)) + 0.5;
    m.controls.inhibition = static_cast<Inhibition>(Pick(5));
    m.controls.no_template_control = static_cast<Control>(Pick(4));
    m.controls.extraction_blank = static_cast<Control>(Pick(4));
    if (Maybe()) m.normalisers.ammonium_mg_n_per_l = 23.0625;
    if (Maybe()) m.normalisers.pmmov_gc_per_l = Number();
    if (Maybe()) m.retest_of = "S 9999";
    return m;
  }

 private:
  std::size_t Pick(std::size_t below) { return random_() % below; }
  bool Maybe() { return Pick(2) == 0; }
  double Number() { return std::uniform_real_distribution<double>(0.001, 1e9)(random_); }

  void ReadNumbers(Measurement& m) {
    m.censoring = static_cast<Censoring>(1 + Pick(4));
    m.lod = 1000.25;
    m.loq = 5000.125;
    if (m.censoring == Censoring::kNone) m.value = 6000 + Number();
    if (m.censoring == Censoring::kBelowLod && Maybe()) m.value = 999.5;
    if (m.censoring == Censoring::kBelowLoq && Maybe()) m.value = 2000.5;
    for (std::size_t i = Pick(4); i > 0; --i) {
      Replicate replicate;
      replicate.censoring = static_cast<Censoring>(1 + Pick(4));
      if (replicate.censoring == Censoring::kNone) replicate.value = 6000 + Number();
      if (replicate.censoring == Censoring::kBelowLod) replicate.value = 12.5;
      m.replicates.push_back(replicate);
    }
  }

  void ReadCollection(Measurement& m) {
    Collection& c = m.collection;
    c.sampling = static_cast<Sampling>(Pick(8));
    c.matrix = static_cast<Matrix>(Pick(9));
    c.fraction = static_cast<Fraction>(Pick(4));
    if (Maybe()) c.composite_hours = 24;
    if (Maybe()) c.started_at = m.collected_at - std::chrono::hours(24);
    if (Maybe()) c.received_at = m.collected_at + std::chrono::hours(3);
    if (Maybe()) c.received_celsius = 4.25;
    if (Maybe()) c.hold_hours = 30.5;
  }

  std::mt19937 random_;
};

void ExpectSame(const Measurement& sent, const Measurement& read) {
  EXPECT_EQ(read.laboratory_id, sent.laboratory_id);
  EXPECT_EQ(read.sample_id, sent.sample_id);
  EXPECT_EQ(read.site_id, sent.site_id);
  EXPECT_EQ(read.target, sent.target);
  EXPECT_EQ(read.gene, sent.gene);
  EXPECT_EQ(read.collected_at, sent.collected_at);
  EXPECT_EQ(read.known_at, sent.known_at);
  EXPECT_EQ(read.value, sent.value);
  EXPECT_EQ(read.censoring, sent.censoring);
  EXPECT_EQ(read.lod, sent.lod);
  EXPECT_EQ(read.loq, sent.loq);
  EXPECT_EQ(read.flow_m3_per_day, sent.flow_m3_per_day);
  EXPECT_EQ(read.population_served, sent.population_served);
  EXPECT_EQ(read.method_id, sent.method_id);
  EXPECT_EQ(read.method_version, sent.method_version);
  EXPECT_EQ(read.quality_flags, sent.quality_flags);
  EXPECT_TRUE(read.collection == sent.collection);
  EXPECT_TRUE(read.controls == sent.controls);
  EXPECT_TRUE(read.normalisers == sent.normalisers);
  EXPECT_TRUE(read.replicates == sent.replicates);
  EXPECT_EQ(read.retest_of, sent.retest_of);
  EXPECT_TRUE(read.reported.empty()) << "exports are in the units of the store";
}

void ExpectReadBack(const std::vector<Measurement>& sent, std::unique_ptr<RowSource> source,
                    ReadContext context, Profile expected) {
  const auto reader = SampleFileReader::Open(std::move(source), std::nullopt, std::move(context));
  ASSERT_OK(reader);
  EXPECT_EQ((*reader)->profile(), expected);
  FileRow row;
  for (const Measurement& m : sent) {
    const auto any = (*reader)->Next(row);
    ASSERT_OK(any);
    ASSERT_TRUE(*any);
    const Validated judged = Validate(row.row, nullptr, At("2026-08-01"));
    ASSERT_TRUE(judged.ok()) << ::testing::PrintToString(RulesOf(judged.violations));
    ExpectSame(m, *judged.measurement);
    ASSERT_TRUE(row.site.has_value());
    EXPECT_EQ(row.site->site_id, m.site_id);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_THAT((*reader)->Next(row), testing::IsOkAndHolds(false));
}

std::vector<Measurement> Many(unsigned seed) {
  RandomMeasurements random(seed);
  std::vector<Measurement> all;
  for (std::size_t i = 0; i < 300; ++i) {
    Measurement m = random.Next(i);
    // One identity, one row.
    const bool known = std::ranges::any_of(all, [&](const Measurement& other) {
      return other.laboratory_id == m.laboratory_id && other.sample_id == m.sample_id &&
             other.target == m.target && other.gene == m.gene;
    });
    if (!known) all.push_back(std::move(m));
  }
  return all;
}

class ExportTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(ExportTest, OdmTablesAreReadBackAsTheSameRows) {
  const std::vector<Measurement> all = Many(GetParam());
  std::ostringstream sites, samples, measures, quality;
  OdmWriter writer({sites, samples, measures, quality});
  const Catalogue catalogue = TwoSites();
  for (const auto& [id, site] : catalogue.sites()) writer.PutSite(site);
  for (const Measurement& m : all) writer.Write(m);
  ReadContext context;
  context.open_beside = [&](std::string_view name) -> base::StatusOr<std::unique_ptr<RowSource>> {
    const std::ostringstream& table = name == "sites.csv"     ? sites
                                      : name == "samples.csv" ? samples
                                                              : quality;
    return NewCsvSource(std::make_unique<std::istringstream>(table.str()));
  };
  ExpectReadBack(all, NewCsvSource(std::make_unique<std::istringstream>(measures.str())),
                 std::move(context), Profile::kOdmLong);
}

TEST_P(ExportTest, TheCsvOfThePackageIsReadBackAsTheSameRows) {
  const std::vector<Measurement> all = Many(GetParam());
  std::ostringstream measurements, sites;
  MeasurementCsvWriter writer(measurements, sites);
  const Catalogue catalogue = TwoSites();
  for (const auto& [id, site] : catalogue.sites()) writer.PutSite(site);
  for (const Measurement& m : all) writer.Write(m);
  const auto source = NewCsvSource(std::make_unique<std::istringstream>(sites.str()));
  const auto table = SiteTable::Read(*source);
  ASSERT_OK(table);
  ReadContext context;
  context.sites = &*table;
  ExpectReadBack(all, NewCsvSource(std::make_unique<std::istringstream>(measurements.str())),
                 std::move(context), Profile::kSampleCsv);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExportTest, ::testing::Range(1U, 11U));

}  // namespace
}  // namespace belgrand::sample
