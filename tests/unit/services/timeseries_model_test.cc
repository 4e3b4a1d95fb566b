// Random operations on SampleStore against a plain model in memory, with reopening, moves, expiry
// under legal holds, backup and restore.
//
// The model keeps every version in a list and answers each question by walking it; the store must
// give the same answers, and fsck must find nothing, after thousands of operations.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <tuple>

#include "compliance/retention.h"
#include "services/backup/folder.h"
#include "services/shared/timestamp.h"
#include "services/timeseries/feed_point.h"
#include "tests/unit/services/timeseries_fixture.h"

namespace belgrand::timeseries {
namespace {

constexpr int kOperations = 2500;

struct ModelVersion {
  Record record;
  bool moved = false;  // left a mark at the place of the version before it
  bool deleted = false;
};

class Model {
 public:
  std::vector<ModelVersion> versions;  // in order of the feed

  // The living versions of a row, oldest first.
  std::vector<std::size_t> Row(const Record& like) const {
    std::vector<std::size_t> row;
    for (std::size_t i = 0; i < versions.size(); ++i) {
      const Record& record = versions[i].record;
      if (!versions[i].deleted && record.laboratory_id() == like.laboratory_id() &&
          record.sample_id() == like.sample_id() && record.target() == like.target() &&
          record.gene() == like.gene()) {
        row.push_back(i);
      }
    }
    return row;
  }

  static auto Place(const Record& r) {
    return std::tuple(r.site_id(), r.target(), r.collected_at_us(), r.laboratory_id(),
                      r.sample_id(), r.gene());
  }

  // What the append must answer; the row is added when it is to be stored.
  Outcome Append(Record row, bool known_site) {
    const std::vector<std::size_t> before = Row(row);
    if (row.voided()) {
      if (before.empty()) return Outcome::kUnknownRow;
      const Record& place = versions[before.back()].record;
      if (place.voided()) return Outcome::kDuplicate;
      row.set_site_id(place.site_id());
      row.set_collected_at_us(place.collected_at_us());
    } else if (!known_site) {
      return Outcome::kUnknownSite;
    }
    if (before.empty()) {
      row.set_version(1);
      Add(row, nullptr);
      return Outcome::kStored;
    }
    const Record newest = versions[before.back()].record;
    if (newest.content_hash() == row.content_hash()) return Outcome::kDuplicate;
    for (const std::size_t i : before) {
      const Record& earlier = versions[i].record;
      if (earlier.content_hash() == row.content_hash() &&
          earlier.amendment_reason() == row.amendment_reason()) {
        return Outcome::kDuplicate;  // a late resend of what was amended since
      }
    }
    if (row.amendment_reason().empty()) return Outcome::kReasonMissing;
    row.set_version(newest.version() + 1);
    Add(row, &newest);
    return Outcome::kAmended;
  }

  std::vector<Record> Read(const SeriesQuery& query) const {
    // The newest version known by then of each row, wherever it lies; then the place decides.
    std::map<std::tuple<std::string, std::string, std::string, std::string>, const Record*> newest;
    for (const ModelVersion& version : versions) {
      const Record& r = version.record;
      if (version.deleted || (query.as_of && base::FromMicros(r.recorded_at_us()) > *query.as_of)) {
        continue;
      }
      newest[{r.laboratory_id(), r.sample_id(), r.target(), r.gene()}] = &r;
    }
    std::vector<Record> rows;
    for (const auto& [identity, record] : newest) {
      const base::Instant at = base::FromMicros(record->collected_at_us());
      if (!record->voided() && record->site_id() == query.site_id &&
          record->target() == query.target && (!query.from || at >= *query.from) &&
          (!query.to || at < *query.to)) {
        rows.push_back(*record);
      }
    }
    std::sort(rows.begin(), rows.end(),
              [](const Record& a, const Record& b) { return Place(a) < Place(b); });
    return rows;
  }

  // Whether a hold matches the version or an earlier one of its row.
  bool IsHeld(const ModelVersion& version, const compliance::HoldScopes& holds) const {
    for (const std::size_t i : Row(version.record)) {
      const Record& record = versions[i].record;
      if (record.version() > version.record.version()) break;
      for (const compliance::v1::HoldScope& hold : holds) {
        const std::int64_t at = record.recorded_at_us();
        const bool all =
            (hold.laboratory_ids().empty() || hold.laboratory_ids(0) == record.laboratory_id()) &&
            (hold.site_ids().empty() || hold.site_ids(0) == record.site_id()) &&
            (hold.district_ids().empty() ||
             (hold.district_ids(0) == "lothian") == (record.site_id() == "seafield")) &&
            (!hold.has_from() || at >= base::ToMicros(shared::ToInstant(hold.from()))) &&
            (!hold.has_to() || at < base::ToMicros(shared::ToInstant(hold.to())));
        if (all) return true;
      }
    }
    return false;
  }

  // Carries retention out by the periods of the schema; returns {records deleted, names cleared}.
  std::pair<std::uint64_t, std::uint64_t> Expire(base::Instant now,
                                                 const compliance::HoldScopes& holds) {
    std::uint64_t records = 0;
    std::uint64_t names = 0;
    const auto past = [&](const Record& record, int years) {
      const base::Instant end = compliance::AddDuration(
          base::FromMicros(record.recorded_at_us()), {.months = 12 * years, .days = 0, .time = {}});
      return end <= now;
    };
    for (ModelVersion& version : versions) {
      if (version.deleted) continue;
      Record& record = version.record;
      if (IsHeld(version, holds)) continue;
      if (past(record, 10)) {
        version.deleted = true;
        records += version.moved ? 2 : 1;
        continue;
      }
      if (past(record, 1) && !record.sampled_by_sealed().empty()) {
        record.clear_sampled_by_sealed();
        ++names;
      }
      if (past(record, 5)) record.clear_amendment_reason();
    }
    return {records, names};
  }

 private:
  void Add(const Record& row, const Record* before) {
    ModelVersion& version = versions.emplace_back();
    version.record = row;
    version.record.set_feed_sequence(versions.size());
    if (before != nullptr && Place(*before) != Place(row)) {
      version.moved = true;
    }
  }
};

class SampleStoreModelTest : public SampleStoreTest, public ::testing::WithParamInterface<int> {
 protected:
  SampleStoreModelTest() {
    seed_ = std::random_device()() + static_cast<unsigned>(GetParam());
    std::printf("seed %u\n", seed_);
    random_.seed(seed_);
    // Small, so that rows are settled and merged all the time.
    limits_.settle_rows = 1 + Roll(60);
    Reopen();
  }

  std::uint64_t Roll(std::uint64_t sides) { return random_() % sides; }
  base::Instant Day() { return At("2021-01-01") + std::chrono::days(Roll(8)); }
  std::string SiteId() {
    static const char* const kSites[] = {"shieldhall", "seafield", "nowhere"};
    return kSites[Roll(20) == 0 ? 2 : Roll(2)];
  }

  Record RandomRow() {
    Record row;
    row.set_laboratory_id(Roll(2) == 0 ? "lab" : "lab 2");
    row.set_sample_id(fmt::format("s{}", Roll(40)));
    row.set_target(Roll(3) == 0 ? "fluav" : "sars-cov-2");
    if (Roll(3) == 0) row.set_gene(Roll(2) == 0 ? "n1" : "n2");
    row.set_site_id(SiteId());
    row.set_collected_at_us(base::ToMicros(Day()));
    row.set_value(static_cast<double>(Roll(3)));
    row.set_censoring(1);
    if (Roll(2) == 0) row.set_amendment_reason("because");
    if (Roll(3) == 0) row.set_sampled_by_sealed("sealed");
    row.set_request_id(fmt::format("r{}", Roll(1000000)));
    return WithHash(row);
  }
  static Record WithHash(Record row) {
    row.set_content_hash(
        fmt::format("{}|{}|{}", row.site_id(), row.collected_at_us(), row.value()));
    return row;
  }
  // Of a stored row, or of one that is not.
  Record VoidRow() {
    const Record like = model_.versions.empty() || Roll(10) == 0
                            ? RandomRow()
                            : model_.versions[Roll(model_.versions.size())].record;
    Record row;
    row.set_laboratory_id(like.laboratory_id());
    row.set_sample_id(like.sample_id());
    row.set_target(like.target());
    row.set_gene(like.gene());
    row.set_voided(true);
    if (Roll(5) != 0) row.set_amendment_reason(fmt::format("void {}", Roll(3)));
    row.set_content_hash("void");
    return row;
  }
  // A resend, an amendment in place or a move of what is stored; else a new row.
  Record NextRow() {
    if (model_.versions.empty() || Roll(3) == 0) return RandomRow();
    if (Roll(6) == 0) return VoidRow();
    Record row = model_.versions[Roll(model_.versions.size())].record;
    row.clear_version();
    row.clear_recorded_at_us();
    row.clear_feed_sequence();
    if (Roll(3) == 0) return row;
    if (row.voided()) row.set_censoring(1);
    row.clear_voided();
    row.set_amendment_reason(Roll(4) == 0 ? "" : "mended");
    if (Roll(2) == 0) row.set_value(static_cast<double>(Roll(3)));
    if (Roll(4) == 0) row.set_site_id(SiteId());
    if (Roll(4) == 0) row.set_collected_at_us(base::ToMicros(Day()));
    return WithHash(row);
  }

  void AppendRandom() {
    std::vector<Record> rows;
    for (std::uint64_t n = 1 + Roll(12); n > 0; --n) rows.push_back(NextRow());
    if (Roll(10) == 0) {
      ASSERT_OK(store_->Append(rows, AppendMode::kDryRun));
      ASSERT_EQ(store_->NewestFeed(), model_.versions.size());
    }
    const std::size_t known = model_.versions.size();
    const auto results = store_->Append(rows);
    ASSERT_OK(results);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ((*results)[i].outcome, model_.Append(rows[i], rows[i].site_id() != "nowhere")) << i;
    }
    if (model_.versions.size() == known) return;
    // The instant is the store's to choose: one for the request, later than all before.
    const auto stored = store_->ReadFeed(known, 1);
    ASSERT_OK(stored);
    const std::int64_t recorded = stored->records.at(0).recorded_at_us();
    ASSERT_GE(recorded, base::ToMicros(clock_.Now()));
    ASSERT_GT(recorded, last_recorded_);
    last_recorded_ = recorded;
    for (std::size_t i = known; i < model_.versions.size(); ++i) {
      model_.versions[i].record.set_recorded_at_us(recorded);
      points_.push_back(PointOf(store_->feed_id(), model_.versions[i].record));
    }
  }

  static void ExpectSame(const std::vector<Record>& actual, const std::vector<Record>& expected) {
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
      ASSERT_EQ(actual[i].SerializeAsString(), expected[i].SerializeAsString()) << i;
    }
  }

  void CheckRead() {
    SeriesQuery query;
    query.site_id = Roll(2) == 0 ? "shieldhall" : "seafield";
    query.target = Roll(3) == 0 ? "fluav" : "sars-cov-2";
    if (Roll(2) == 0) query.from = Day();
    if (Roll(2) == 0) query.to = Day();
    if (Roll(3) != 0 && !model_.versions.empty()) {
      const auto& pivot = model_.versions[Roll(model_.versions.size())].record;
      query.as_of = base::FromMicros(pivot.recorded_at_us()) - base::Duration(Roll(2));
    }
    ExpectSame(Read(query, 1 + Roll(20)), model_.Read(query));
  }

  void CheckHistory() {
    const Record like = NextRow();
    const auto history =
        store_->History(like.laboratory_id(), like.sample_id(), like.target(), like.gene());
    std::vector<Record> expected;
    for (const std::size_t i : model_.Row(like)) expected.push_back(model_.versions[i].record);
    if (expected.empty()) {
      ASSERT_EQ(history.status().code(), base::StatusCode::kNotFound);
      return;
    }
    ASSERT_OK(history);
    ExpectSame(*history, expected);
  }

  void CheckFeed() {
    std::uint64_t position = Roll(model_.versions.size() + 1);
    std::vector<Record> expected;
    for (std::size_t i = position; i < model_.versions.size(); ++i) {
      if (!model_.versions[i].deleted) expected.push_back(model_.versions[i].record);
    }
    std::vector<Record> actual;
    while (position < store_->NewestFeed()) {
      const auto page = store_->ReadFeed(position, 1 + Roll(50));
      ASSERT_OK(page);
      ASSERT_GT(page->last_read, position);
      position = page->last_read;
      actual.insert(actual.end(), page->records.begin(), page->records.end());
    }
    ExpectSame(actual, expected);
    if (points_.empty()) return;
    // A follower that was here once is let in, whatever was amended or has expired since.
    v1::FeedPoint point = points_[Roll(points_.size())];
    ASSERT_OK(CheckPoint(*store_, point));
    if (model_.versions[point.sequence() - 1].deleted) return;
    point.set_digest(points_[Roll(points_.size())].digest());
    ASSERT_EQ(CheckPoint(*store_, point).ok(),
              point.digest() == points_[point.sequence() - 1].digest());
  }

  compliance::HoldScopes RandomHolds() {
    compliance::HoldScopes holds(Roll(2) == 0 ? 0 : 1 + Roll(2));
    for (compliance::v1::HoldScope& hold : holds) {
      if (Roll(2) == 0) hold.add_laboratory_ids(Roll(2) == 0 ? "lab" : "lab 2");
      if (Roll(2) == 0) hold.add_site_ids(Roll(2) == 0 ? "shieldhall" : "seafield");
      if (Roll(3) == 0) hold.add_district_ids(Roll(2) == 0 ? "glasgow" : "lothian");
      if (model_.versions.empty() || Roll(2) == 0) continue;
      const auto at = [&] {
        return base::FromMicros(
            model_.versions[Roll(model_.versions.size())].record.recorded_at_us());
      };
      if (Roll(2) == 0) *hold.mutable_from() = shared::ToTimestamp(at());
      if (Roll(2) == 0) *hold.mutable_to() = shared::ToTimestamp(at());
    }
    return holds;
  }

  void Expire() {
    // Each time others: those of before are released.
    const compliance::HoldScopes holds = RandomHolds();
    const auto planned = store_->PlanExpiry(clock_.Now(), holds);
    const auto applied = store_->ApplyExpiry(clock_.Now(), holds);
    ASSERT_OK(planned);
    ASSERT_OK(applied);
    const auto [records, names] = model_.Expire(clock_.Now(), holds);
    for (std::size_t i = 0; i < applied->size(); ++i) {
      ASSERT_EQ((*planned)[i].SerializeAsString(), (*applied)[i].SerializeAsString());
      if ((*applied)[i].field().empty()) {
        ASSERT_EQ((*applied)[i].expired(), records);
      }
      if ((*applied)[i].field() == "sampled_by_sealed") {
        ASSERT_EQ((*applied)[i].expired(), names);
      }
    }
  }

  void MoveClock() {
    if (Roll(50) == 0) {
      clock_.Advance(std::chrono::days(Roll(900)));
    } else if (Roll(20) == 0) {
      clock_.Advance(-std::chrono::duration_cast<base::Duration>(std::chrono::hours(Roll(48))));
    } else {
      clock_.Advance(base::Duration(static_cast<std::int64_t>(Roll(3))));
    }
  }

  void ReopenAndFsck() {
    const FsckReport report = CloseAndFsck();
    ASSERT_TRUE(report.clean()) << report.problems.at(0);
    std::uint64_t living = 0;
    for (const ModelVersion& version : model_.versions) living += version.deleted ? 0 : 1;
    ASSERT_EQ(report.versions, living);
    ASSERT_EQ(report.feed_entries, model_.versions.size());
    Reopen();
  }

  // Goes on from a backup that was made while the store was open.
  void BackUpAndRestore() {
    const auto folder = directory_.path() / "backups";
    {
      const auto maker = backup::Maker::Open(folder, {});
      ASSERT_OK(maker);
      (*maker)->BeginPart("timeseries");
      ASSERT_OK(store_->BackUp(**maker));
      const auto set = (*maker)->Finish(clock_.Now(), "test");
      ASSERT_OK(set);
      ASSERT_OK((*maker)->Prune(2));
      const auto& feed = set->parts(0).marks(1);
      ASSERT_EQ(feed.at_least(), model_.versions.size());
      ASSERT_EQ(feed.at_most(), model_.versions.size());
      store_.reset();
      std::filesystem::remove_all(Options().directory);
      const auto target = directory_.path() / "restored";
      ASSERT_OK(backup::Restore(folder, *set, target, {}));
      std::filesystem::rename(target / "timeseries", Options().directory);
      std::filesystem::remove_all(target);
    }
    Reopen();
    ReopenAndFsck();
  }

  unsigned seed_ = 0;
  std::mt19937_64 random_;
  Model model_;
  std::int64_t last_recorded_ = 0;
  std::vector<v1::FeedPoint> points_;  // of every number
};

TEST_P(SampleStoreModelTest, AnswersAsThePlainModelDoes) {
  for (int i = 0; i < kOperations && !HasFatalFailure(); ++i) {
    SCOPED_TRACE(fmt::format("seed {}, operation {}", seed_, i));
    MoveClock();
    const std::uint64_t kind = Roll(1000);
    if (kind < 350) {
      AppendRandom();
    } else if (kind < 700) {
      CheckRead();
    } else if (kind < 900) {
      CheckHistory();
    } else if (kind < 985) {
      CheckFeed();
    } else if (kind < 987) {
      ASSERT_OK(store_->Compact());
    } else if (kind < 990) {
      ASSERT_OK(store_->Settle());
    } else if (kind < 993) {
      ReopenAndFsck();
    } else if (kind < 995) {
      BackUpAndRestore();
    } else {
      Expire();
    }
  }
  if (!HasFatalFailure()) ReopenAndFsck();
}

INSTANTIATE_TEST_SUITE_P(Seeds, SampleStoreModelTest, ::testing::Range(0, 4));

}  // namespace
}  // namespace belgrand::timeseries
