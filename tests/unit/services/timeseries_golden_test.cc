// The bytes on disk are those of tests/golden/timeseries_v1.txt, and a database made of them is
// read.
//
// A line: family number, key, value; hex, "-" for nothing. A change of bytes needs a new format
// number and an upgrade; only then is the file written anew, with BELGRAND_WRITE_GOLDEN=1 in the
// environment.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/unit/services/timeseries_fixture.h"

namespace belgrand::timeseries {
namespace {

std::string Hex(std::string_view bytes) {
  if (bytes.empty()) return "-";
  std::string hex;
  for (const char byte : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}
std::string Bytes(const std::string& hex) {
  std::string bytes;
  if (hex == "-") return bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::filesystem::path GoldenPath() {
  const char* source = std::getenv("BELGRAND_SOURCE_DIR");
  return std::filesystem::path(source ? source : ".") / "tests/golden/timeseries_v1.txt";
}

class GoldenTest : public SampleStoreTest {
 protected:
  // A row with every field, amended, then moved; and one whose record has expired.
  void Scenario() {
    clock_.Set(At("2010-01-01"));
    Append(Row("old", "seafield", "2010-01-01", 1));
    clock_.Set(At("2021-01-05T12:00:00Z"));
    Record row = Row("s1", "shieldhall", "2021-01-04T08:00:00Z", 5000);
    row.set_known_at_us(base::ToMicros(At("2021-01-05")));
    row.set_loq(200);
    row.set_flow_m3_per_day(1234.5);
    row.set_population_served(99000);
    row.set_method_id("m1");
    row.add_quality_flags(4);
    row.add_quality_flags(5);
    row.set_sampled_by_sealed("sealed sampler");
    row.set_analysed_by_sealed("sealed analyst");
    row.set_request_id("r1");
    Append(row);
    row.set_value(6000);
    row.set_amendment_reason("dilution");
    row.set_content_hash("second");
    Append(row);
    row.set_site_id("seafield");
    row.set_content_hash("third");
    Append(row);
    ASSERT_OK(store_->ApplyExpiry(clock_.Now()));
  }

  std::string Dump() {
    store_.reset();
    auto raw = storage::Store::Open(Options());
    EXPECT_OK(raw);
    std::string text;
    for (storage::Family family = 0; family < kFamilyCount; ++family) {
      for (storage::Cursor c = (*raw)->Scan(family, "", ""); c.Valid(); c.Next()) {
        // Random. The file has none, as the databases of the first versions.
        if (family == kMetaFamily && c.key() == kFeedIdKey) continue;
        text += fmt::format("{} {} {}\n", family, Hex(c.key()), Hex(c.value()));
      }
    }
    return text;
  }
};

TEST_F(GoldenTest, BytesOnDiskAreThoseOfFormat1) {
  Scenario();
  const std::string actual = Dump();
  if (std::getenv("BELGRAND_WRITE_GOLDEN") != nullptr) std::ofstream(GoldenPath()) << actual;
  std::ifstream file(GoldenPath());
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(actual, golden.str());
}

TEST_F(GoldenTest, DatabaseOfFormat1IsRead) {
  store_.reset();
  std::filesystem::remove_all(Options().directory);
  {
    auto raw = storage::Store::Open(Options());
    ASSERT_OK(raw);
    storage::Batch batch;
    std::ifstream file(GoldenPath());
    storage::Family family = 0;
    std::string key;
    std::string value;
    while (file >> family >> key >> value) batch.Put(family, Bytes(key), Bytes(value));
    ASSERT_FALSE(batch.empty()) << "no golden file at " << GoldenPath();
    ASSERT_OK((*raw)->Write(batch));
  }
  Reopen();
  EXPECT_TRUE(CloseAndFsck().clean());
  Reopen();
  const auto history = store_->History("lab", "s1", "sars-cov-2");
  ASSERT_OK(history);
  ASSERT_EQ(history->size(), 3u);
  EXPECT_EQ(history->at(0).value(), 5000);
  EXPECT_EQ(history->at(2).site_id(), "seafield");
  EXPECT_EQ(history->at(2).recorded_at_us(), base::ToMicros(At("2021-01-05T12:00:03Z")));
  EXPECT_EQ(Read({.site_id = "seafield"}).size(), 1u);
  EXPECT_EQ(Read({.site_id = "shieldhall"}).size(), 0u);
  EXPECT_EQ(Read({.site_id = "shieldhall", .as_of = At("2021-01-05T12:00:02Z")}).size(), 1u);
  EXPECT_EQ(store_->NewestFeed(), 4u);
  EXPECT_EQ(store_->ReadFeed(0, 10)->records.size(), 3u);
  EXPECT_EQ(store_->sites().List("").catalogue_version, 1u);
}

}  // namespace
}  // namespace belgrand::timeseries
