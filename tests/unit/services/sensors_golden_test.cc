// The bytes on disk are those of tests/golden/sensors_v1.txt, and a database made of them is read.
//
// A line: family number, key, value; hex, "-" for nothing. A change of bytes needs a new format
// number and an upgrade; only then is the file written anew, with BELGRAND_WRITE_GOLDEN=1 in the
// environment.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "platform/crypto/encoding.h"
#include "sensor/chunk_codec.h"
#include "tests/unit/services/sensors_fixture.h"

namespace belgrand::sensors {
namespace {

std::filesystem::path GoldenPath() {
  const char* source = std::getenv("BELGRAND_SOURCE_DIR");
  return std::filesystem::path(source ? source : ".") / "tests/golden/sensors_v1.txt";
}

std::string Bytes(const std::string& hex) {
  std::string bytes;
  if (hex == "-") return bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

class SensorsGoldenTest : public SensorsTest {
 protected:
  // Each form of times and values, an island of numbers, two versions of limits, a missing reading.
  void Scenario() {
    Record flow = PhSensor("flow-1", "site-2");
    flow.set_quantity(static_cast<int>(sensor::Quantity::kFlow));
    flow.set_unit("L/s");
    flow.set_device_id("0101010101010101");
    flow.set_metric("water.flow");
    flow.set_gateway_id("gateway-1");
    Register({PhSensor("ph-1"), PhSensor("ph-2"), flow});
    sensor::Points decimals;
    sensor::Points odd;
    for (int i = 0; i < 30; ++i) {
      decimals.push_back(At(i, i == 7 ? 12 : 7 + 0.01 * (i * i % 11)));
      odd.push_back(At(3 * i, 7 + 1.0 / (i + 3)));
      odd.back().time_us += (i * 7919 % 100) * 1000;
    }
    decimals[12] = {decimals[12].time_us, 0, {sensor::Flag::kMissing, 0}};
    Send("ph-1", 1, 1, decimals);
    Send("ph-1", 7, 5, {At(40, 7.25), At(41, 7.5)});
    Send("ph-2", 1, 1, odd);
    Send("flow-1", 1, 1, {At(0, 44.424)});
    ASSERT_OK(store_->SealAll());
    Record narrow = PhSensor("ph-1");
    narrow.mutable_limits(0)->set_suspect_high(8);
    auto& season = *narrow.mutable_limits(0)->add_seasons();
    season.set_first_month(11);
    season.set_last_month(2);
    season.set_low(6);
    season.set_high(8);
    Register({narrow});
    Send("ph-1", 1, 31, {At(50, 9)});
  }

  std::string Dump() {
    store_.reset();
    auto raw = storage::Store::Open(LayoutOptions(directory_.path() / "sensors"));
    EXPECT_OK(raw);
    std::string text;
    for (const storage::Family family :
         {kSensorsFamily, kChunksFamily, kOpenFamily, kSeriesFamily, kMetaFamily}) {
      for (storage::Cursor c = (*raw)->Scan(family, "", ""); c.Valid(); c.Next()) {
        text += fmt::format("{} {} {}\n", family, crypto::ToHex(c.key()),
                            c.value().empty() ? "-" : crypto::ToHex(c.value()));
      }
    }
    return text;
  }
};

TEST_F(SensorsGoldenTest, WritesTheBytesOfTheFormat) {
  Scenario();
  const std::string text = Dump();
  if (std::getenv("BELGRAND_WRITE_GOLDEN") != nullptr) std::ofstream(GoldenPath()) << text;
  std::ifstream file(GoldenPath());
  ASSERT_TRUE(file.good()) << GoldenPath();
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str());
}

TEST_F(SensorsGoldenTest, ReadsTheBytesOfTheFormat) {
  Scenario();
  const auto expected = std::pair(ReadAll("ph-1"), ReadAll("ph-2"));
  store_.reset();
  std::filesystem::remove_all(directory_.path() / "sensors");
  {
    auto raw = storage::Store::Open(LayoutOptions(directory_.path() / "sensors"));
    ASSERT_OK(raw);
    std::ifstream file(GoldenPath());
    storage::Batch batch;
    storage::Family family = 0;
    std::string key;
    std::string value;
    while (file >> family >> key >> value) batch.Put(family, Bytes(key), Bytes(value));
    ASSERT_FALSE(batch.empty());
    ASSERT_OK((*raw)->Write(batch));
  }
  Reopen();
  EXPECT_EQ(std::pair(ReadAll("ph-1"), ReadAll("ph-2")), expected);
  ExpectClean();
}

// The worked example of docs/formats/sensors.md.
TEST(SensorsFormatTest, TheWorkedExampleIsTrue) {
  sensor::Points points = {{kStartUs, 7.25, {sensor::Flag::kGood, 0}},
                           {kStartUs + 60'000'000, 7.5, {sensor::Flag::kGood, 0}}};
  const auto bytes = sensor::Encode(points);
  ASSERT_OK(bytes);
  EXPECT_EQ(crypto::ToHex(*bytes),
            "01020201008080f28183898506"
            "808ece1c0001010201aa0b010132");
}

}  // namespace
}  // namespace belgrand::sensors
