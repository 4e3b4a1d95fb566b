#include <gmock/gmock.h>

#include <random>

#include "platform/base/file.h"
#include "tests/unit/services/sensors_fixture.h"

namespace belgrand::sensors {
namespace {

using sensor::Flag;
using sensor::Point;
using sensor::Points;
using ::testing::Contains;
using ::testing::HasSubstr;

TEST_F(SensorsTest, ReadingsComeBackInTheOrderOfTimeWithTheirFlags) {
  Register({PhSensor("ph-1")});
  const Receipt receipt = Send("ph-1", 1, 1, {At(2, 7.2), At(0, 7), At(1, 20), At(3, 7.1)});
  EXPECT_EQ(receipt.stored, 4U);
  EXPECT_EQ(receipt.acknowledged_through, 4U);
  EXPECT_EQ(receipt.by_flag[1], 3U);
  EXPECT_EQ(receipt.by_flag[4], 1U);
  const Points points = ReadAll("ph-1");
  ASSERT_EQ(points.size(), 4U);
  EXPECT_EQ(points[1].value, 20);
  EXPECT_EQ(points[1].mark.flag, Flag::kFail);
  EXPECT_EQ(points[1].mark.tests, sensor::kGrossRange | sensor::kSpike);
  ExpectClean();
  EXPECT_EQ(ReadAll("ph-1"), points) << "a restart changes nothing";
}

TEST_F(SensorsTest, ANumberOfAnEpochIsTakenOnce) {
  Register({PhSensor("ph-1")});
  Send("ph-1", 1, 1, {At(0, 7), At(1, 7.1)});
  const Receipt again = Send("ph-1", 1, 1, {At(0, 7), At(1, 7.1), At(2, 7.2)});
  EXPECT_EQ(again.duplicate, 2U);
  EXPECT_EQ(again.stored, 1U);
  EXPECT_EQ(again.acknowledged_through, 3U);
  const Receipt ahead = Send("ph-1", 1, 6, {At(6, 7)});
  EXPECT_EQ(ahead.acknowledged_through, 3U) << "4 and 5 are missing";
  Reopen();
  const Receipt between = Send("ph-1", 1, 4, {At(4, 7), At(5, 7)});
  EXPECT_EQ(between.acknowledged_through, 6U);
}

TEST_F(SensorsTest, TheSameInstantIsDuplicateOrConflictingAndTheFirstValueStands) {
  Register({PhSensor("ph-1")});
  Send("ph-1", 1, 1, {At(0, 7), At(1, 7.1)});
  const Receipt receipt = Send("ph-1", 2, 1, {At(0, 7), At(1, 7.5)});
  EXPECT_EQ(receipt.duplicate, 1U);
  EXPECT_EQ(receipt.conflicting, 1U);
  EXPECT_EQ(receipt.stored, 0U);
  EXPECT_EQ(receipt.acknowledged_through, 2U);
  EXPECT_EQ(ReadAll("ph-1")[1].value, 7.1);
}

TEST_F(SensorsTest, TooManyGapsInAnEpochAreRefusedUntilSomeAreFilled) {
  Register({PhSensor("ph-1")});
  for (std::uint64_t i = 0; i < 64; ++i) {
    EXPECT_FALSE(Send("ph-1", 1, 2 + 2 * i, {At(static_cast<int>(i), 7)}).too_many_gaps);
  }
  const Receipt refused = Send("ph-1", 1, 1000, {At(1000, 7)});
  EXPECT_TRUE(refused.too_many_gaps);
  EXPECT_EQ(refused.stored, 0U);
  Send("ph-1", 1, 1, {At(-1, 7)});
  EXPECT_FALSE(Send("ph-1", 1, 1000, {At(1000, 7)}).too_many_gaps);
}

TEST_F(SensorsTest, ALateReadingIsWovenIntoItsChunkAndItsNeighboursAreJudgedAgain) {
  Register({PhSensor("ph-1")});
  Points points;
  for (int i = 0; i < 10'000; ++i) {
    if (i != 5000) points.push_back(At(i, i == 5001 ? 8.0 : 7.0 + 0.01 * (i % 7)));
  }
  Send("ph-1", 1, 1, points);
  Point before = ReadSpan("ph-1", At(5001, 0).time_us, At(5002, 0).time_us).at(0);
  EXPECT_NE(before.mark.tests & sensor::kSpike, 0);
  // With 7.9 just before it, 8.0 is no spike any more.
  EXPECT_EQ(Send("ph-1", 2, 1, {At(5000, 7.9)}).stored, 1U);
  Point after = ReadSpan("ph-1", At(5001, 0).time_us, At(5002, 0).time_us).at(0);
  EXPECT_EQ(after.mark.tests & sensor::kSpike, 0);
  EXPECT_EQ(ReadAll("ph-1").size(), 10'000U);
  ExpectClean();
}

TEST_F(SensorsTest, LateReadingsThatReachTooFarAtOnceAreRefusedWhole) {
  Register({PhSensor("ph-1")});
  constexpr int kCount = 70 * static_cast<int>(kChunkPoints);
  Points points;
  for (int i = 0; i < kCount; ++i) {
    points.push_back(At(2 * i, 7.0 + 0.01 * (i % 7)));
    if (points.size() < 20'000 && i + 1 < kCount) continue;
    Send("ph-1", 1, static_cast<std::uint64_t>(i + 2) - points.size(), points);
    points.clear();
  }
  Arrival late;
  late.epoch = 2;
  for (int i = 0; i < 69; ++i) {
    late.readings.emplace_back(At(2 * i * static_cast<int>(kChunkPoints) + 1, 7));
  }
  std::vector<SensorStore::Request> requests = {{store_->Find("ph-1"), late, {}}};
  EXPECT_EQ(store_->Append(requests).code(), base::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadAll("ph-1").size(), static_cast<std::size_t>(kCount));
  late.readings.resize(60);
  requests = {{store_->Find("ph-1"), late, {}}};
  EXPECT_OK(store_->Append(requests));
  EXPECT_EQ(requests[0].receipt.stored, 60U);
  EXPECT_EQ(requests[0].receipt.acknowledged_through, 60U);
  EXPECT_EQ(ReadAll("ph-1").size(), static_cast<std::size_t>(kCount) + 60);
  ExpectClean();
}

TEST_F(SensorsTest, NewLimitsHoldForWhatIsMeasuredFromNowOn) {
  Register({PhSensor("ph-1")});
  Send("ph-1", 1, 1, {At(0, 9), At(1, 9.1)});
  Record narrow = PhSensor("ph-1");
  narrow.mutable_limits(0)->set_suspect_high(8);
  Register({narrow});
  Send("ph-1", 1, 3, {At(2, 9), At(3, 9.1)});
  std::vector<int> flags;
  for (const Point& point : ReadAll("ph-1")) flags.push_back(static_cast<int>(point.mark.flag));
  EXPECT_THAT(flags, ::testing::ElementsAre(1, 1, 3, 3));
  ExpectClean();
}

TEST_F(SensorsTest, TheCatalogueRefusesWhatWouldChangeTheMeaningOfStoredReadings) {
  Register({PhSensor("ph-1")});
  Record moved = PhSensor("ph-1", "site-2");
  Record other = PhSensor("ph-2");
  other.set_quantity(static_cast<int>(sensor::Quantity::kLevel));
  other.set_device_id("0101");
  Record same_source = PhSensor("ph-3");
  same_source.set_unit("m");
  same_source.mutable_limits(0)->set_max_gap_us(1);
  std::vector<std::pair<std::string, std::string>> violations;
  EXPECT_FALSE(store_->Put({moved, other, same_source}, violations).ok());
  std::vector<std::string> fields;
  for (const auto& [field, what] : violations) fields.push_back(field);
  EXPECT_THAT(fields,
              ::testing::ElementsAre("sensors[0].site_id", "sensors[1].metric", "sensors[1].unit",
                                     "sensors[2].unit", "sensors[2].limits.max_gap"));
  EXPECT_EQ(store_->sensor_count(), 1U) << "all or nothing";
}

TEST_F(SensorsTest, MemoryOverItsLimitIsGivenUpByWhoHoldsMost) {
  limits_.max_open_readings = 1'000;
  Reopen();
  std::vector<Record> sensors;
  for (int i = 0; i < 10; ++i) sensors.push_back(PhSensor(fmt::format("ph-{}", i)));
  Register(sensors);
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 10; ++i) {
      Points points;
      for (int j = 0; j < 5; ++j) points.push_back(At(round * 5 + j, 7.0 + 0.01 * j));
      Send(fmt::format("ph-{}", i), 1, static_cast<std::uint64_t>(round * 5 + 1), points);
    }
    EXPECT_LE(store_->open_readings(), 1'010U);
  }
  ExpectClean();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ReadAll(fmt::format("ph-{}", i)).size(), 500U);
}

TEST_F(SensorsTest, RetentionDeletesWholeChunksAndNothingElse) {
  Register({PhSensor("ph-1")});
  Points points;
  for (int i = 0; i < 9'000; ++i) points.push_back(At(i, 7.0 + 0.01 * (i % 7)));
  Send("ph-1", 1, 1, points);
  ASSERT_OK(store_->SealAll());
  // Ten years after the end of the first chunk.
  const base::Instant now = base::FromMicros(At(4200, 0).time_us) + std::chrono::days(3653);
  clock_.Set(now);
  const auto plan = store_->PlanExpiry(now);
  ASSERT_OK(plan);
  ASSERT_EQ(plan->size(), 1U);
  EXPECT_EQ(plan->at(0).expired(), 1U);
  EXPECT_EQ(plan->at(0).held(), 3U);
  ASSERT_OK(store_->ApplyExpiry(now));
  EXPECT_EQ(ReadAll("ph-1").size(), 9'000U - kChunkPoints);
  EXPECT_EQ(ReadAll("ph-1").front().time_us, points[kChunkPoints].time_us);
  ExpectClean();
  EXPECT_EQ(store_->PlanExpiry(now)->at(0).expired(), 0U);
}

TEST_F(SensorsTest, FsckFindsEachKindOfDamage) {
  Register({PhSensor("ph-1")});
  Points points;
  for (int i = 0; i < 5'000; ++i) points.push_back(At(i, 7.0 + 0.01 * (i % 7)));
  Send("ph-1", 1, 1, points);
  store_.reset();
  const std::string prefix = SeriesPrefix("site-1", "ph-1");
  const auto damage = [&](const std::function<void(storage::Store&, storage::Batch&)>& change) {
    const testing::TempDir copy;
    std::filesystem::copy(directory_.path() / "sensors", copy.path() / "db");
    {
      const auto store = storage::Store::Open(LayoutOptions(copy.path() / "db"));
      EXPECT_OK(store);
      storage::Batch batch;
      change(**store, batch);
      EXPECT_OK((*store)->Write(batch));
    }
    const auto report = Fsck(copy.path() / "db");
    EXPECT_OK(report);
    return report->problems;
  };
  const auto chunk_key = [&](storage::Store& store) {
    return std::string(ChunksFrom(store, prefix, 0).key());
  };
  EXPECT_THAT(damage([](auto&, auto&) {}), ::testing::IsEmpty());
  EXPECT_THAT(damage([&](auto& store, auto& batch) {
                Points chunk = *ParseChunk(ChunksFrom(store, prefix, 0).value());
                chunk[17].mark.flag = Flag::kSuspect;
                batch.Put(kChunksFamily, chunk_key(store), *ChunkValue(chunk));
              }),
              Contains(HasSubstr("is marked 3/0, not 1/0")));
  EXPECT_THAT(damage([&](auto& store, auto& batch) {
                batch.Put(kChunksFamily, chunk_key(store), "nothing of the kind");
              }),
              Contains(HasSubstr("cannot be read")));
  EXPECT_THAT(
      damage([&](auto& store, auto& batch) { batch.Delete(kChunksFamily, chunk_key(store)); }),
      Contains(HasSubstr("where the chunks end")));
  EXPECT_THAT(damage([&](auto& store, auto& batch) {
                batch.Put(kOpenFamily, OpenKey(prefix, 99), *OpenValue({At(0, 7)}));
                (void)store;
              }),
              Contains(HasSubstr("before the end of the chunks")));
  EXPECT_THAT(damage([&](auto&, auto& batch) { batch.Delete(kSensorsFamily, SensorKey("ph-1")); }),
              Contains(HasSubstr("belongs to no sensor")));
  EXPECT_THAT(damage([&](auto&, auto& batch) {
                storage::v1::SensorSeriesRecord state;
                state.set_sealed_through_us(At(4095, 0).time_us);
                auto& epoch = *state.add_epochs();
                epoch.set_through(10);
                epoch.add_spans(5);
                epoch.add_spans(7);
                batch.Put(kSeriesFamily, prefix, state.SerializeAsString());
              }),
              Contains(HasSubstr("do not fit together")));
}

}  // namespace
}  // namespace belgrand::sensors
