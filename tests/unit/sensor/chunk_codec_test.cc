#include "sensor/chunk_codec.h"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "tests/support/status_matchers.h"
#include "tests/support/telemetry.h"

namespace belgrand::sensor {
namespace {

using testing::Shape3;
using testing::Telemetry;

// Equality of bits: 0.0 and -0.0 are not the same.
bool Same(const Points& a, const Points& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].time_us != b[i].time_us || !(a[i].mark == b[i].mark) ||
        std::bit_cast<std::uint64_t>(a[i].value) != std::bit_cast<std::uint64_t>(b[i].value)) {
      return false;
    }
  }
  return true;
}

void ExpectRoundTrip(const Points& points) {
  const auto bytes = Encode(points);
  ASSERT_OK(bytes);
  const auto back = Decode(*bytes);
  ASSERT_OK(back);
  EXPECT_TRUE(Same(points, *back));
}

Points WithValues(const std::vector<double>& values) {
  Points points;
  for (std::size_t i = 0; i < values.size(); ++i) {
    points.push_back({static_cast<std::int64_t>(i) * 1'000'000, values[i], {Flag::kGood, 0}});
  }
  return points;
}

double BytesAPoint(Shape3 shape, std::size_t chunk) {
  Telemetry source(shape, 7);
  std::size_t bytes = 0;
  constexpr std::size_t kChunks = 50;
  for (std::size_t i = 0; i < kChunks; ++i) bytes += Encode(source.Take(chunk))->size();
  return static_cast<double>(bytes) / static_cast<double>(kChunks * chunk);
}

TEST(ChunkCodecTest, GivesBackTheThreeShapesOfTelemetry) {
  for (const auto shape : {Shape3::kRegular, Shape3::kJittered, Shape3::kRawDoubles}) {
    for (const std::size_t count : {1U, 2U, 3U, 1000U, 2048U}) {
      ExpectRoundTrip(Telemetry(shape, count).Take(count));
    }
  }
}

// The goals; tests/bench/telemetry_bench measures the same with the store around it.
TEST(ChunkCodecTest, TakesFewBytesAPoint) {
  for (const std::size_t chunk : {1024U, 2048U, 4096U}) {
    fmt::print("{} points a chunk: regular {:.3f}, jittered {:.3f}, raw doubles {:.3f} bytes\n",
               chunk, BytesAPoint(Shape3::kRegular, chunk), BytesAPoint(Shape3::kJittered, chunk),
               BytesAPoint(Shape3::kRawDoubles, chunk));
  }
  EXPECT_LE(BytesAPoint(Shape3::kRegular, 2048), 0.6);
  EXPECT_LE(BytesAPoint(Shape3::kJittered, 2048), 2.4);
  EXPECT_LE(BytesAPoint(Shape3::kRawDoubles, 2048), 6.2);
}

TEST(ChunkCodecTest, GivesBackHugeTinyAndOddValues) {
  using Limits = std::numeric_limits<double>;
  ExpectRoundTrip(WithValues({0.0, -0.0, 1, -1}));
  ExpectRoundTrip(
      WithValues({Limits::max(), Limits::lowest(), Limits::min(), Limits::denorm_min()}));
  ExpectRoundTrip(WithValues({9007199254740992.0, -9007199254740993.0, 1e15, 0.1}));
  ExpectRoundTrip(WithValues({1e300, 1e-300, 0.1, 1.0 / 3}));
  ExpectRoundTrip(WithValues({7, 7, 7, 7}));
  ExpectRoundTrip(WithValues({0.1, 0.12, 0.123, 123456.789, -0.000000001}));
}

TEST(ChunkCodecTest, GivesBackTimesAtTheEndsOfTheirRange) {
  using Limits = std::numeric_limits<std::int64_t>;
  Points points = WithValues({1, 2, 3, 4});
  points[0].time_us = Limits::min();
  points[1].time_us = -1;
  points[2].time_us = 0;
  points[3].time_us = Limits::max();
  ExpectRoundTrip(points);
}

TEST(ChunkCodecTest, GivesBackMissingReadingsAndMarks) {
  Points points = WithValues({1.5, 0, 2.5, 0, 0});
  for (const std::size_t i : {1U, 3U, 4U}) points[i].mark = {Flag::kMissing, kGap};
  points[2].mark = {Flag::kFail, kGrossRange | kSpike};
  ExpectRoundTrip(points);
  for (Point& point : points) point = {point.time_us, 0, {Flag::kMissing, 0}};
  ExpectRoundTrip(points);
}

TEST(ChunkCodecTest, RefusesWhatIsNoNumberAndTimesThatDoNotRise) {
  for (const double value : {std::nan(""), std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(Encode(WithValues({1, value})).status().code(), base::StatusCode::kInvalidArgument);
  }
  Points points = WithValues({1, 2});
  std::swap(points[0], points[1]);
  EXPECT_FALSE(Encode(points).ok());
  points[1].time_us = points[0].time_us;
  EXPECT_FALSE(Encode(points).ok());
  points = WithValues({1});
  points[0].mark.flag = Flag::kMissing;
  EXPECT_FALSE(Encode(points).ok());
  EXPECT_FALSE(Encode({}).ok());
}

// Random series of every character, by a seed that is printed when one fails.
TEST(ChunkCodecTest, GivesBackRandomSeries) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Points points;
    auto time = static_cast<std::int64_t>(random() >> (random() % 40 + 8));
    double value = 20;
    const std::uint64_t character = random() % 6;
    const std::uint64_t step = std::uint64_t{1} << random() % 36;
    const double decimals = std::pow(10, static_cast<double>(random() % 10));
    for (auto n = random() % 300 + 1; n > 0; --n) {
      time += character % 2 == 0 ? static_cast<std::int64_t>(step)
                                 : static_cast<std::int64_t>(random() % step) + 1;
      if (character < 3) {
        value = std::nearbyint((value + static_cast<double>(random() % 100) - 50) * decimals) /
                decimals;
      } else if (character < 5) {
        value += std::normal_distribution<double>()(random);
      } else {
        do {
          value = std::bit_cast<double>(random());
        } while (!std::isfinite(value));
      }
      Point point{time,
                  value,
                  {Flag::kGood, static_cast<std::uint8_t>(random() % 8 == 0 ? random() % 64 : 0)}};
      if (random() % 20 == 0) point = {time, 0, {Flag::kMissing, 0}};
      points.push_back(point);
    }
    ExpectRoundTrip(points);
    if (HasFailure()) return;
  }
}

TEST(ChunkCodecTest, SurvivesEveryTruncationAndManyFlippedBytes) {
  for (const auto shape : {Shape3::kRegular, Shape3::kJittered, Shape3::kRawDoubles}) {
    const std::string bytes = *Encode(Telemetry(shape, 3).Take(200));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(Decode(std::string_view(bytes).substr(0, size)).status().code(),
                base::StatusCode::kDataLoss);
    }
    std::mt19937_64 random(1);
    for (int i = 0; i < 20'000; ++i) {
      std::string damaged = bytes;
      damaged[random() % damaged.size()] = static_cast<char>(random());
      const auto back = Decode(damaged);
      if (back.ok()) {
        EXPECT_OK(Encode(*back)) << "what is given back is always a series";
      }
    }
  }
}

}  // namespace
}  // namespace belgrand::sensor
