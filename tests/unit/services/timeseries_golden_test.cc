// The bytes on disk are those of tests/golden/timeseries_v2.txt, and databases made of them, and of
// those of the format before (timeseries_v1.txt), are read.
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

std::filesystem::path GoldenPath(std::string_view format) {
  const char* source = std::getenv("BELGRAND_SOURCE_DIR");
  return std::filesystem::path(source ? source : ".") /
         fmt::format("tests/golden/timeseries_{}.txt", format);
}

class GoldenTest : public SampleStoreTest {
 protected:
  GoldenTest() {
    // The key of the identities is random otherwise.
    store_.reset();
    auto raw = storage::Store::Open(Options());
    EXPECT_OK(raw);
    storage::Batch batch;
    batch.Put(kMetaFamily, kIdentityKeyKey, "0123456789abcdef");
    EXPECT_OK((*raw)->Write(batch));
    raw->reset();
    Reopen();
  }

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

  // A database of these bytes.
  void Restore(std::string_view format) {
    store_.reset();
    std::filesystem::remove_all(Options().directory);
    auto raw = storage::Store::Open(Options());
    ASSERT_OK(raw);
    storage::Batch batch;
    std::ifstream file(GoldenPath(format));
    storage::Family family = 0;
    std::string key;
    std::string value;
    while (file >> family >> key >> value) batch.Put(family, Bytes(key), Bytes(value));
    ASSERT_FALSE(batch.empty()) << "no golden file at " << GoldenPath(format);
    ASSERT_OK((*raw)->Write(batch));
  }

  void CheckContent() {
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

  std::string Dump() {
    store_.reset();
    auto raw = storage::Store::Open(Options());
    EXPECT_OK(raw);
    std::string text;
    for (storage::Family family = 0; family < Options().families.size(); ++family) {
      for (storage::Cursor c = (*raw)->Scan(family, "", ""); c.Valid(); c.Next()) {
        // Random. The file has none, as the databases of the first versions.
        if (family == kMetaFamily && c.key() == kFeedIdKey) continue;
        text += fmt::format("{} {} {}\n", family, Hex(c.key()), Hex(c.value()));
      }
    }
    return text;
  }
};

TEST_F(GoldenTest, BytesOnDiskAreThoseOfFormat2) {
  Scenario();
  const std::string actual = Dump();
  if (std::getenv("BELGRAND_WRITE_GOLDEN") != nullptr) std::ofstream(GoldenPath("v2")) << actual;
  std::ifstream file(GoldenPath("v2"));
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(actual, golden.str());
}

TEST_F(GoldenTest, DatabaseOfFormat2IsRead) {
  Restore("v2");
  CheckContent();
}

TEST_F(GoldenTest, DatabaseOfFormat1IsBroughtToThisFormat) {
  Restore("v1");
  CheckContent();
  store_.reset();
  auto raw = storage::Store::Open(Options());
  ASSERT_OK(raw);
  EXPECT_EQ(*(*raw)->Get(kMetaFamily, kFormatKey).value(), MetaNumber(2));
  for (const storage::Family old : {kOldSeriesFamily, kOldRowsFamily, kOldFeedFamily}) {
    EXPECT_FALSE((*raw)->Scan(old, "", "").Valid());
  }
}

TEST_F(GoldenTest, InterruptedChangeOfFormatIsFinished) {
  Restore("v1");
  Reopen();
  store_.reset();
  std::string log;
  {
    auto raw = storage::Store::Open(Options());
    ASSERT_OK(raw);
    log = (*raw)->Scan(kLogFamily, "", "").value();
  }
  Restore("v1");
  {
    // What a crash leaves: values of the log, and the old families whole.
    auto raw = storage::Store::Open(Options());
    ASSERT_OK(raw);
    std::vector<Record> rows = RowsOf(log);
    rows.resize(2);
    storage::Batch batch;
    batch.Put(kLogFamily, FeedKey(2), ChunkOf(rows));
    ASSERT_OK((*raw)->Write(batch));
  }
  CheckContent();
}

}  // namespace
}  // namespace belgrand::timeseries
