// Chunks of rows, columns and the index of identities, for themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>

#include "services/timeseries/columns.h"
#include "services/timeseries/identity_index.h"
#include "services/timeseries/row_columns.h"
#include "tests/unit/services/timeseries_fixture.h"

namespace belgrand::timeseries {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::vector<std::int64_t> RoundTrip(const std::vector<std::int64_t>& values) {
  std::string bytes;
  AppendIntegers(bytes, values);
  std::string_view in = bytes;
  std::vector<std::int64_t> back;
  EXPECT_TRUE(TakeIntegers(in, values.size(), back));
  EXPECT_TRUE(in.empty());
  return back;
}

std::size_t SizeOf(const std::vector<std::int64_t>& values) {
  std::string bytes;
  AppendIntegers(bytes, values);
  return bytes.size();
}

TEST(ColumnsTest, IntegersOfEveryShapeComeBack) {
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  for (const std::vector<std::int64_t>& values :
       std::vector<std::vector<std::int64_t>>{{0},
                                              {-1, -1, -1},
                                              {kLeast, kMost},
                                              {kMost, kLeast, 0},
                                              {1, 2, 3, 4},
                                              {4, 3, 2, 1},
                                              {86'400, 172'800, 86'400},
                                              {7, 1'000'000'007, 3},
                                              {kLeast, kLeast, kMost, kLeast}}) {
    EXPECT_EQ(RoundTrip(values), values);
  }
}

TEST(ColumnsTest, EvenlySpacedIntegersTakeNoBytesEach) {
  std::vector<std::int64_t> values;
  for (int i = 0; i < 1000; ++i) values.push_back(1'700'000'000'000'000 + i * 86'400'000'000);
  EXPECT_LT(SizeOf(values), 32U);
  std::vector<std::int64_t> days;
  for (int i = 0; i < 1000; ++i) days.push_back((i * 7919 % 250) * 86'400'000'000);
  EXPECT_LT(SizeOf(days), 1050U);
}

TEST(ColumnsTest, DoublesComeBackBitForBit) {
  const std::vector<std::vector<double>> columns = {{1.5, 2.25, 1e6},
                                                    {0.1, 0.2, 0.3},
                                                    {-0.0, 0.0},
                                                    {std::nan(""), 1},
                                                    {std::numeric_limits<double>::infinity(), 2},
                                                    {5e-324, 1e308},
                                                    {123456.78, 0.01}};
  for (const std::vector<double>& values : columns) {
    std::string bytes;
    AppendDoubles(bytes, values);
    std::string_view in = bytes;
    std::vector<double> back;
    ASSERT_TRUE(TakeDoubles(in, values.size(), back));
    ASSERT_EQ(back.size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(std::bit_cast<std::uint64_t>(back[i]), std::bit_cast<std::uint64_t>(values[i]));
    }
  }
}

std::string TextBytes(const std::vector<std::string>& values) {
  std::string bytes;
  AppendTexts(bytes, std::vector<std::string_view>(values.begin(), values.end()));
  return bytes;
}

TEST(ColumnsTest, TextsComeBackWhateverTheyHaveInCommon) {
  const std::vector<std::vector<std::string>> columns = {
      {"one"},
      {"same", "same", "same"},
      {"15597988", "13953443", "15015959"},
      {"S-007", "S-010", "S-011"},
      {"007", "07", "7"},
      {"-1", "-2", "+3"},
      {"15597988", "site/2020-06-01", "00000001", "155", "", "15015959", "99999999", "13953443"},
      {"a1b", "a2b"},
      {"", "x"},
      {std::string(64, 'p') + "1", std::string(64, 'p') + "2"},
      {std::string(65, 'p') + "1", std::string(65, 'p') + "2"},
      {"000000000000000001", "999999999999999999"},
      {"0000000000000000001", "9999999999999999999"},
      {std::string("\0"
                   "1",
                   2),
       std::string("\0"
                   "2",
                   2)}};
  for (const std::vector<std::string>& values : columns) {
    const std::string bytes = TextBytes(values);
    std::string_view in = bytes;
    std::vector<std::string_view> back;
    std::string made;
    ASSERT_TRUE(TakeTexts(in, values.size(), back, made)) << values[0];
    EXPECT_TRUE(in.empty());
    EXPECT_EQ(std::vector<std::string>(back.begin(), back.end()), values);
  }
}

TEST(ColumnsTest, NumbersAmongOtherTextsTakeTheBytesOfNumbers) {
  std::vector<std::string> values;
  for (int i = 0; i < 1000; ++i) {
    values.push_back(i % 10 == 0 ? fmt::format("site/{}", i) : fmt::format("{}", 15'000'000 + i));
  }
  // 100 of 6 to 8 bytes and their lengths, a bit each, and 2 bytes for a number.
  EXPECT_LT(TextBytes(values).size(), 2900U);
}

TEST(ColumnsTest, NumberedTextsTakeTheBytesOfTheirNumbers) {
  std::vector<std::string> following;
  std::vector<std::string> mixed;
  for (int i = 0; i < 1000; ++i) {
    following.push_back(fmt::format("lab-2021-{:06}", i));
    mixed.push_back(fmt::format("{:08}", 13'000'000 + i * 7'919 % 65'000));
  }
  EXPECT_LT(TextBytes(following).size(), 40U);
  EXPECT_LT(TextBytes(mixed).size(), 2'050U);
}

// Sets every field, those of messages inside included, to something that depends on `seed`.
void Fill(Message& message, int seed) {
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    const int value = seed + i;
    for (int n = field->is_repeated() ? seed % 3 + 1 : 1; n > 0; --n) {
      const bool many = field->is_repeated();
      switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
          many ? reflection->AddInt32(&message, field, value + n)
               : reflection->SetInt32(&message, field, value);
          break;
        case FieldDescriptor::CPPTYPE_INT64:
          reflection->SetInt64(&message, field, -value);
          break;
        case FieldDescriptor::CPPTYPE_UINT32:
          reflection->SetUInt32(&message, field, static_cast<std::uint32_t>(value));
          break;
        case FieldDescriptor::CPPTYPE_UINT64:
          reflection->SetUInt64(&message, field, static_cast<std::uint64_t>(value));
          break;
        case FieldDescriptor::CPPTYPE_DOUBLE:
          reflection->SetDouble(&message, field, value / 7.0);
          break;
        case FieldDescriptor::CPPTYPE_BOOL:
          reflection->SetBool(&message, field, true);
          break;
        case FieldDescriptor::CPPTYPE_STRING:
          reflection->SetString(&message, field, fmt::format("text {}", value));
          break;
        case FieldDescriptor::CPPTYPE_MESSAGE:
          Fill(many ? *reflection->AddMessage(&message, field)
                    : *reflection->MutableMessage(&message, field),
               value + n);
          break;
        default:
          FAIL() << "a new kind of field: " << field->full_name();
      }
    }
  }
}

std::string RoundTripRow(const Record& record) {
  const std::vector<Record> rows = RowsOf(ChunkOf({record}));
  return rows.size() == 1 ? rows[0].SerializeAsString() : "";
}

TEST(RowChunkTest, EveryFieldOfTheRecordIsAColumn) {
  std::set<int> columns;
  for (const RowColumn& column : RowColumns()) {
    EXPECT_TRUE(columns.insert(column.number).second) << column.number;
    EXPECT_LT(column.number, 64) << "RowChunk has a bit for each";
  }
  const auto* descriptor = Record::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    EXPECT_TRUE(columns.contains(descriptor->field(i)->number()))
        << descriptor->field(i)->name() << ": add it to services/timeseries/row_columns.cc";
  }
  Record full;
  Fill(full, 1);
  EXPECT_EQ(RoundTripRow(full), full.SerializeAsString());
  // Each alone, so that no two are exchanged.
  for (int i = 0; i < descriptor->field_count(); ++i) {
    Record one = full;
    for (int j = 0; j < descriptor->field_count(); ++j) {
      if (j != i) one.GetReflection()->ClearField(&one, descriptor->field(j));
    }
    EXPECT_EQ(RoundTripRow(one), one.SerializeAsString()) << descriptor->field(i)->name();
  }
}

std::vector<Record> RandomRows(std::mt19937_64& random, std::size_t count) {
  std::vector<Record> rows(count);
  for (std::size_t i = 0; i < count; ++i) {
    Fill(rows[i], static_cast<int>(random() % 50));
    const auto* descriptor = Record::descriptor();
    for (int j = 0; j < descriptor->field_count(); ++j) {
      if (random() % 3 == 0) rows[i].GetReflection()->ClearField(&rows[i], descriptor->field(j));
    }
    rows[i].set_feed_sequence(i + 1);
  }
  return rows;
}

TEST(RowChunkTest, RowsWithAnyFieldsComeBack) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 50; ++round) {
    const std::vector<Record> rows = RandomRows(random, 1 + random() % 200);
    const std::string bytes = ChunkOf(rows);
    const std::vector<Record> back = RowsOf(bytes);
    ASSERT_EQ(back.size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(back[i].SerializeAsString(), rows[i].SerializeAsString()) << i;
    }
    // From the columns of another chunk: the same bytes.
    const auto chunk = RowChunk::Parse(bytes);
    ASSERT_OK(chunk);
    std::vector<RowPlace> places;
    for (std::size_t i = 0; i < rows.size(); ++i) places.push_back({chunk->get(), i});
    ASSERT_EQ(EncodeRows(places), bytes);
  }
}

TEST(RowChunkTest, DamagedBytesAreRefusedOrReadButNeverBeyondTheirEnd) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  const std::string good = ChunkOf(RandomRows(random, 40));
  for (int round = 0; round < 3000; ++round) {
    std::string bad = good.substr(0, round % 2 == 0 ? good.size() : random() % good.size());
    for (std::uint64_t n = random() % 4; n > 0 && !bad.empty(); --n) {
      bad[random() % bad.size()] = static_cast<char>(random());
    }
    const auto chunk = RowChunk::Parse(bad);
    for (std::size_t i = 0; chunk.ok() && i < (*chunk)->size(); ++i) (*chunk)->Get(i);
  }
  EXPECT_FALSE(RowChunk::Parse("").ok());
  EXPECT_FALSE(RowChunk::Parse(good.substr(0, good.size() / 2)).ok());
}

TEST(IdentityTest, SipHashGivesThePublishedValue) {
  // Appendix A of Aumasson and Bernstein: key 00..0f, message 00..0e.
  std::string message;
  for (int i = 0; i < 15; ++i) message.push_back(static_cast<char>(i));
  EXPECT_EQ(SipHash24(0x0706050403020100, 0x0f0e0d0c0b0a0908, message), 0xa129ca6149be45e5U);
}

TEST(IdentityTest, FilterNeverDeniesWhatWasAddedAndSeldomAffirmsTheRest) {
  const IdentityHasher hasher("0123456789abcdef");
  IdentityFilter filter(20'000);  // 16 bits each
  for (int i = 0; i < 10'000; ++i) filter.Add(hasher.Code(fmt::format("{}", i)));
  int wrong = 0;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(filter.MayHold(hasher.Code(fmt::format("{}", i))));
    wrong += filter.MayHold(hasher.Code(fmt::format("other {}", i))) ? 1 : 0;
  }
  EXPECT_LT(wrong, 60);
}

TEST(IdentityTest, RunsAreFoundMergedAndCleanedOfLeftovers) {
  belgrand::testing::TempDir directory;
  auto store = storage::Store::Open(LayoutOptions(directory.path() / "db"));
  ASSERT_OK(store);
  const IdentityHasher hasher("0123456789abcdef");
  const auto code = [&](std::uint64_t n) { return hasher.Code(fmt::format("{}", n)); };
  const auto never = [] { return false; };
  constexpr std::uint64_t kRun = 3'000;
  constexpr std::uint64_t kRuns = 9;
  {
    IdentityIndex index(**store, 1 << 16);
    ASSERT_OK(index.Load());
    for (std::uint64_t run = 0; run < kRuns; ++run) {
      std::vector<IdentityEntry> entries;
      for (std::uint64_t n = run * kRun + 1; n <= (run + 1) * kRun; ++n) {
        entries.push_back({code(n % 20'000), n});
      }
      storage::Batch batch;
      const IdentityRun added = index.Put(run * kRun + 1, (run + 1) * kRun, entries, batch);
      ASSERT_OK((*store)->Write(batch));
      index.Added(added, entries);
      ASSERT_OK(index.Merge(never));
      ASSERT_LT(index.runs().size(), 5u);
    }
  }
  // What a merge leaves that was interrupted.
  storage::Batch leftover;
  leftover.Put(kIdentitiesFamily, RunBlockKey({1, 99'999, 4}, 3), "x");
  ASSERT_OK((*store)->Write(leftover));
  IdentityIndex index(**store, 1 << 16);
  ASSERT_OK(index.Load());
  EXPECT_FALSE(*(*store)->Get(kIdentitiesFamily, RunBlockKey({1, 99'999, 4}, 3)));
  EXPECT_TRUE(index.MayHold(code(123'456))) << "not warm yet";
  ASSERT_OK(index.Warm(never));
  EXPECT_TRUE(index.MayRepeat(code(5))) << "number 20,005 has it too";
  EXPECT_THAT(*index.Find(code(5)), ::testing::Contains(5u));
  EXPECT_THAT(*index.Find(code(5)), ::testing::Contains(20'005u));
  int held = 0;
  for (std::uint64_t n = 100'000; n < 101'000; ++n) held += index.MayHold(code(n)) ? 1 : 0;
  EXPECT_LT(held, 50);
  ASSERT_OK(index.MergeAll());
  EXPECT_EQ(index.runs().size(), 1u);
  for (std::uint64_t n = 1; n <= kRuns * kRun; n += 97) {
    EXPECT_THAT(*index.Find(code(n % 20'000)), ::testing::Contains(n));
  }
}

TEST(RecentRowsTest, AGenerationWhoseSettlingFailedIsTheNextToSettle) {
  const auto chunk = [](std::uint64_t first, std::uint64_t last) {
    auto made = std::make_shared<LogChunk>();
    made->first = first;
    made->last = last;
    made->codes.assign(last - first + 1, first);
    return made;
  };
  RecentRows rows;
  rows.Add(chunk(1, 3));
  const auto generation = rows.Turn();
  ASSERT_NE(generation, nullptr);
  rows.Add(chunk(4, 5));
  EXPECT_EQ(rows.Turn(), generation);
  EXPECT_EQ(rows.settled(), 0u);
  rows.Drop();
  EXPECT_EQ(rows.settled(), 3u);
  EXPECT_EQ(rows.Turn()->first(), 4u);
}

}  // namespace
}  // namespace belgrand::timeseries
