#include "detection/track.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <vector>

namespace belgrand::detection {
namespace {

std::shared_ptr<const Row> MakeRow(const std::string& id, double log10_value) {
  Row row;
  row.measurement.laboratory_id = "lab";
  row.measurement.sample_id = id;
  row.value = {log10_value, log10_value};
  return std::make_shared<const Row>(row);
}

struct Input {
  GroupKey key;
  std::string id;
  double value;
};

std::vector<Input> RandomInputs(std::mt19937& random, int count, int days) {
  std::vector<Input> inputs;
  for (int i = 0; i < count; ++i) {
    const std::string stream(1, static_cast<char>('a' + random() % 4));
    inputs.push_back({{static_cast<std::int64_t>(random()) % days, stream},
                      std::to_string(i),
                      3 + static_cast<double>(random() % 300) / 100});
  }
  return inputs;
}

TEST(TrackTest, OrderOfArrivalWithinTheWindowDoesNotMatter) {
  const TrendParameters parameters;
  for (unsigned seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    std::vector<Input> inputs = RandomInputs(random, 150, 100);
    Track ordered(parameters);
    std::sort(inputs.begin(), inputs.end(),
              [](const Input& a, const Input& b) { return a.key < b.key; });
    for (const Input& in : inputs) {
      ASSERT_TRUE(ordered.Put(in.key, in.key.stream, 1000, MakeRow(in.id, in.value)));
    }
    std::shuffle(inputs.begin(), inputs.end(), random);
    Track shuffled(parameters);
    for (const Input& in : inputs) {
      ASSERT_TRUE(shuffled.Put(in.key, in.key.stream, 1000, MakeRow(in.id, in.value)));
    }
    EXPECT_EQ(ordered.filter().Level(60).mean, shuffled.filter().Level(60).mean);
    EXPECT_EQ(ordered.filter().Growth().sd, shuffled.filter().Growth().sd);
    EXPECT_EQ(ordered.filter().noise_sd(), shuffled.filter().noise_sd());
  }
}

TEST(TrackTest, RemovingARowIsAsIfItHadNeverCome) {
  const TrendParameters parameters;
  std::mt19937 random(7);
  const std::vector<Input> inputs = RandomInputs(random, 120, 90);
  Track without(parameters);
  Track with(parameters);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Input& in = inputs[i];
    with.Put(in.key, in.key.stream, 1000, MakeRow(in.id, in.value));
    if (i % 3 != 0) without.Put(in.key, in.key.stream, 1000, MakeRow(in.id, in.value));
  }
  for (std::size_t i = 0; i < inputs.size(); i += 3) {
    EXPECT_TRUE(with.Remove(inputs[i].key, "lab", inputs[i].id));
    EXPECT_FALSE(with.Remove(inputs[i].key, "lab", inputs[i].id)) << "gone already";
  }
  EXPECT_EQ(with.groups().size(), without.groups().size());
  EXPECT_EQ(with.filter().Level(60).mean, without.filter().Level(60).mean);
  EXPECT_EQ(with.filter().Level(60).sd, without.filter().Level(60).sd);
}

TEST(TrackTest, RefusesWhatIsOlderThanItsWindowAndStaysBounded) {
  const TrendParameters parameters;
  Track track(parameters);
  for (int day = 0; day < 1000; ++day) {
    ASSERT_TRUE(track.Put({day, "a"}, "a", 1000, MakeRow(std::to_string(day), 4)));
  }
  EXPECT_FALSE(track.Put({700, "a"}, "a", 1000, MakeRow("late", 9)));
  EXPECT_TRUE(track.Put({900, "a"}, "a", 1000, MakeRow("late", 4)));
  EXPECT_LE(track.groups().size(), static_cast<std::size_t>(Track::kWindowDays) + 14);
}

// Against a map of all that was ever taken: what has left the window is in the past, once, in order
// of day, until it is too old; the window holds the rest.
TEST(TrackTest, ThePastHoldsWhatLeftTheWindow) {
  const TrendParameters parameters;
  for (unsigned seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    Track track(parameters, Past::kKeep);
    Track forgetful(parameters);
    std::map<GroupKey, double> model;
    std::int64_t newest = 0;
    for (int i = 0; i < 1500; ++i) {
      newest += static_cast<std::int64_t>(random() % 5);
      if (random() % 200 == 0) newest += 300;
      const GroupKey key{newest - static_cast<std::int64_t>(random() % 150),
                         std::string(1, static_cast<char>('a' + random() % 3))};
      const double value = 3 + static_cast<double>(random() % 300) / 100;
      const auto held = track.groups().find(key);
      if (held != track.groups().end() && random() % 2 == 0) {
        const std::string id = held->second.rows.begin()->first.second;
        ASSERT_TRUE(track.Remove(key, "lab", id));
        ASSERT_TRUE(forgetful.Remove(key, "lab", id));
        model.erase(key);
      } else {
        // One row a group, so that its value is the row's.
        const std::string id = key.stream + std::to_string(key.day);
        if (track.Put(key, "site " + key.stream, 1000, MakeRow(id, value))) model[key] = value;
        forgetful.Put(key, "site " + key.stream, 1000, MakeRow(id, value));
      }
    }
    std::map<GroupKey, double> seen;
    std::int64_t before = std::numeric_limits<std::int64_t>::min();
    for (const PastSample& s : track.past()) {
      EXPECT_GE(s.day, before);
      EXPECT_LT(s.day, track.oldest_day());
      before = s.day;
      const PastStream& stream = track.past_streams()[s.stream];
      EXPECT_EQ(stream.site_id, "site " + stream.stream);
      EXPECT_TRUE(seen.emplace(GroupKey{s.day, stream.stream}, s.low).second) << "twice";
      EXPECT_EQ(s.low, s.high);
    }
    for (const auto& [key, group] : track.groups()) seen[key] = group.step.value.low;
    const std::int64_t newest_held = track.groups().rbegin()->first.day;
    for (const auto& [key, value] : model) {
      const auto found = seen.find(key);
      if (newest_held - key.day > Track::kPastDays) continue;
      ASSERT_TRUE(found != seen.end()) << key.day;
      EXPECT_NEAR(found->second, value, 1e-6);
    }
    for (const auto& [key, value] : seen) {
      EXPECT_TRUE(model.contains(key));
      EXPECT_LE(newest_held - key.day, Track::kPastDays + 2 * Track::kWindowDays + 400);
    }
    EXPECT_TRUE(forgetful.past().empty());
    EXPECT_EQ(forgetful.filter().Level(60).mean, track.filter().Level(60).mean);
  }
}

}  // namespace
}  // namespace belgrand::detection
