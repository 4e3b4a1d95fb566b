#include "compliance/expiry_plan.h"

#include <gmock/gmock.h>

#include <random>

#include "belgrand/storage/v1/sample_record.pb.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"

namespace belgrand::compliance {
namespace {

using ::testing::SizeIs;
using Verdict = ExpiryTally::Verdict;

base::Instant At(std::string_view text) { return base::ParseInstant(text).value(); }

storage::v1::SampleRecord Record(std::string_view recorded_at, std::string_view person) {
  storage::v1::SampleRecord record;
  record.set_recorded_at_us(base::ToMicros(At(recorded_at)));
  record.set_sampled_by_sealed(std::string(person));
  return record;
}

// The line of a field; the whole record's has the empty name. Fails the test where there is none.
const v1::ExpiryLine& LineOf(const std::vector<v1::ExpiryLine>& lines, std::string_view field) {
  static const v1::ExpiryLine none;
  const auto line =
      std::find_if(lines.begin(), lines.end(), [&](const auto& l) { return l.field() == field; });
  EXPECT_NE(line, lines.end()) << field;
  return line == lines.end() ? none : *line;
}

TEST(ExpiryTallyTest, SaysWhatHappensToEachRecordAndCountsIt) {
  ExpiryTally tally(*storage::v1::SampleRecord::descriptor(), At("2031-06-01"));
  EXPECT_EQ(tally.Count(Record("2021-01-01", "p")), Verdict::kDeleteRecord);
  EXPECT_EQ(tally.Count(Record("2025-01-01", "p")), Verdict::kClearFields);
  EXPECT_EQ(tally.Count(Record("2024-01-01", "p")), Verdict::kClearFields);
  EXPECT_EQ(tally.Count(Record("2024-01-01", "")), Verdict::kKeep);
  EXPECT_EQ(tally.Count(Record("2031-01-01", "p")), Verdict::kKeep);
  const auto lines = tally.Lines();
  EXPECT_EQ(lines[0].record(), "belgrand.storage.v1.SampleRecord");
  EXPECT_EQ(lines[0].field(), "");
  EXPECT_EQ(lines[0].retention(), "P10Y");
  EXPECT_EQ(lines[0].held(), 5U);
  EXPECT_EQ(lines[0].expired(), 1U);
  const v1::ExpiryLine& person = LineOf(lines, "sampled_by_sealed");
  EXPECT_EQ(person.held(), 4U);
  EXPECT_EQ(person.expired(), 2U);                   // not the one that goes with its record
  EXPECT_EQ(person.oldest().seconds(), 1704067200);  // 2024-01-01
  EXPECT_EQ(person.newest().seconds(), 1735689600);  // 2025-01-01
  const v1::ExpiryLine& unset = LineOf(lines, "analysed_by_sealed");
  EXPECT_EQ(unset.expired(), 0U);
  EXPECT_FALSE(unset.has_oldest());
}

TEST(ExpiryTallyTest, FindsNothingLeftAfterItsVerdictsWereCarriedOut) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::vector<storage::v1::SampleRecord> records;
  for (int i = 0; i < 500; ++i) {
    auto record = Record("2015-01-01", i % 3 == 0 ? "" : "p");
    record.set_recorded_at_us(record.recorded_at_us() +
                              std::int64_t{86'400'000'000} * static_cast<int>(random() % 6000));
    if (i % 5 == 0) record.set_amendment_reason("r");
    records.push_back(record);
  }
  const base::Instant now = At("2031-01-01");
  ExpiryTally plan(*storage::v1::SampleRecord::descriptor(), now);
  for (const auto& record : records) plan.Count(record);
  std::vector<storage::v1::SampleRecord> kept;
  for (auto& record : records) {
    ExpiryTally one(*storage::v1::SampleRecord::descriptor(), now);
    const Verdict verdict = one.Count(record);
    if (verdict == Verdict::kDeleteRecord) continue;
    const auto cleared = ClearExpiredFields(one.policies(), &record, one.now());
    EXPECT_EQ(cleared.empty(), verdict == Verdict::kKeep);
    kept.push_back(record);
  }
  EXPECT_EQ(records.size() - kept.size(), plan.Lines()[0].expired());
  EXPECT_GT(plan.Lines()[0].expired(), 0U);
  ExpiryTally after(*storage::v1::SampleRecord::descriptor(), now);
  for (const auto& record : kept) EXPECT_EQ(after.Count(record), Verdict::kKeep);
}

std::vector<v1::ExpiryLine> SomeLines() {
  ExpiryTally tally(*storage::v1::SampleRecord::descriptor(), At("2031-06-01"));
  tally.Count(Record("2021-01-01", "p"));
  tally.Count(Record("2025-01-01T10:00:00.25Z", "p"));
  return tally.Lines();
}

TEST(PlanHashTest, IsTheDocumentedText) {
  const auto digest = [](const char* field, std::string_view recorded_at) {
    const std::string record = Record(recorded_at, "p").SerializeAsString();
    return crypto::ToHex(crypto::View(crypto::Sha256(field + std::string("\n") + record)));
  };
  const std::string text =
      "belgrand retention plan v2\nnow 1938038400.000000000\n"
      "belgrand.storage.v1.SampleRecord\t\tP10Y\t1\t1609459200.000000000\t"
      "1609459200.000000000\t" +
      digest("", "2021-01-01") +
      "\nbelgrand.storage.v1.SampleRecord\tsampled_by_sealed\tP1Y\t1\t1735725600.250000000\t"
      "1735725600.250000000\t" +
      digest("sampled_by_sealed", "2025-01-01T10:00:00.25Z") + "\n";
  EXPECT_EQ(PlanHash(SomeLines(), At("2031-06-01")),
            crypto::ToHex(crypto::View(crypto::Sha256(text))));
}

TEST(PlanHashTest, DependsOnWhatIsDeletedAndNotOnOrderOrOnWhatIsKept) {
  const base::Instant now = At("2031-06-01");
  auto lines = SomeLines();
  const std::string hash = PlanHash(lines, now);
  std::reverse(lines.begin(), lines.end());
  EXPECT_EQ(PlanHash(lines, now), hash);
  lines[0].set_held(99);
  EXPECT_EQ(PlanHash(lines, now), hash);
  EXPECT_NE(PlanHash(lines, At("2031-06-02")), hash);
  const auto changed = [&](const std::function<void(v1::ExpiryLine&)>& edit) {
    auto edited = SomeLines();
    edit(edited[1]);
    return PlanHash(edited, now);
  };
  EXPECT_NE(changed([](auto& line) { line.set_expired(2); }), hash);
  EXPECT_NE(changed([](auto& line) { line.set_retention("P2Y"); }), hash);
  EXPECT_NE(changed([](auto& line) { line.set_field("other"); }), hash);
  EXPECT_NE(changed([](auto& line) { line.mutable_oldest()->set_seconds(1); }), hash);
  EXPECT_NE(changed([](auto& line) { line.mutable_newest()->set_nanos(1); }), hash);
  EXPECT_NE(changed([](auto& line) { (*line.mutable_digest())[0] ^= 1; }), hash);
}

TEST(PlanHashTest, NoticesAnotherRecordOfTheSameDates) {
  const base::Instant now = At("2031-06-01");
  const auto hash = [&](std::initializer_list<const char*> persons) {
    ExpiryTally tally(*storage::v1::SampleRecord::descriptor(), now);
    for (const char* person : persons) tally.Count(Record("2021-01-01", person));
    return PlanHash(tally.Lines(), now);
  };
  EXPECT_EQ(hash({"p", "q"}), hash({"q", "p"}));
  EXPECT_NE(hash({"p", "q"}), hash({"p", "r"}));
  EXPECT_NE(hash({"p", "p"}), hash({"q", "q"})) << "a sum, not an exclusive or";
}

TEST(AddDigestTest, IsASumModulo2To256) {
  std::string sum;
  AddDigest(std::string(31, '\0') + '\xff', sum);
  EXPECT_EQ(sum, std::string(31, '\0') + '\xff');
  AddDigest(std::string(31, '\0') + '\x01', sum);
  EXPECT_EQ(sum, std::string(30, '\0') + '\x01' + '\0');
  AddDigest(std::string(32, '\xff'), sum);
  EXPECT_EQ(sum, std::string(31, '\0') + '\xff') << "minus one";
}

TEST(MergeLinesTest, AddsUpTheStewardsThatHoldTheSameRecord) {
  auto lines = SomeLines();
  ExpiryTally other(*storage::v1::SampleRecord::descriptor(), At("2031-06-01"));
  other.Count(Record("2020-01-01", "p"));
  for (const auto& line : other.Lines()) lines.push_back(line);
  const auto merged = MergeLines(lines);
  ASSERT_THAT(merged, SizeIs(other.Lines().size()));
  EXPECT_EQ(merged[0].expired(), 2U);
  EXPECT_EQ(merged[0].held(), 3U);
  EXPECT_EQ(merged[0].oldest().seconds(), 1577836800);
  EXPECT_EQ(merged[0].newest().seconds(), 1609459200);
}

}  // namespace
}  // namespace belgrand::compliance
