// fsck finds what is broken: each damage is planted behind the back of the service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/services/timeseries_fixture.h"

namespace belgrand::timeseries {
namespace {

using belgrand::testing::StatusIs;
using ::testing::HasSubstr;

struct Damage {
  std::string name;
  std::function<void(const storage::Store&, storage::Batch&)> plant;
  std::string expected;
};
void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

std::string FirstKey(const storage::Store& store, storage::Family family) {
  return std::string(store.Scan(family, "", "").key());
}
std::string FirstValue(const storage::Store& store, storage::Family family) {
  return std::string(store.Scan(family, "", "").value());
}
// Changes the rows of a value where it lies.
void Edit(const storage::Store& store, storage::Batch& batch, storage::Family family,
          const std::string& key, const std::function<void(std::vector<Record>&)>& change) {
  std::vector<Record> rows = RowsOf(store.Get(family, key).value().value());
  change(rows);
  batch.Put(family, key, ChunkOf(rows));
}

class FsckTest : public SampleStoreTest, public ::testing::WithParamInterface<Damage> {
 protected:
  FsckTest() {
    Append(Row("s1", "shieldhall", "2021-01-04", 1));
    Append(Row("s2", "seafield", "2021-01-04", 2));
    Append(Row("s2", "seafield", "2021-01-04", 3, "typo"));
    Append(Row("s3", "shieldhall", "2021-01-03", 4));
    EXPECT_OK(store_->Settle());
    Append(Row("s3", "seafield", "2021-01-03", 4, "wrong site"));
    EXPECT_OK(store_->Settle());
    Append(Row("s4", "seafield", "2021-01-05", 5));
    store_.reset();
  }
};

TEST_P(FsckTest, FindsPlantedDamage) {
  {
    auto raw = storage::Store::Open(Options());
    ASSERT_OK(raw);
    ASSERT_TRUE(Fsck(**raw)->clean()) << "control: clean before the damage";
    storage::Batch batch;
    GetParam().plant(**raw, batch);
    ASSERT_OK((*raw)->Write(batch));
  }
  auto report = Fsck(Options().directory);
  ASSERT_OK(report);
  EXPECT_FALSE(report->clean());
  EXPECT_THAT(report->problems, ::testing::Contains(HasSubstr(GetParam().expected)));
}

INSTANTIATE_TEST_SUITE_P(Damages, FsckTest,
                         ::testing::
                             Values(Damage{"LogGap",
                                           [](const storage::Store&, storage::Batch& b) {
                                             b.Delete(kLogFamily, FeedKey(5));
                                           },
                                           "log 6: comes where 5 is due"},
                                    Damage{"LogEnd",
                                           [](const storage::Store&, storage::Batch& b) {
                                             b.Put(kMetaFamily, kNewestFeedKey, MetaNumber(9));
                                           },
                                           "the log ends at 6"},
                                    Damage{"LogUnreadable",
                                           [](const storage::Store&, storage::Batch& b) {
                                             b.Put(kLogFamily, FeedKey(4), "\xff\xff");
                                           },
                                           "cannot be read"},
                                    Damage{"LogShort",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             Edit(s, b, kLogFamily, FeedKey(4),
                                                  [](auto& rows) { rows.pop_back(); });
                                           },
                                           "damaged at 1"},
                                    Damage{"NumberWrong",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             Edit(s, b, kLogFamily, FeedKey(4),
                                                  [](auto& rows) { rows[1].set_feed_sequence(7); });
                                           },
                                           "log 2: a version has the number 7"},
                                    Damage{"VersionBlank",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             Edit(s, b, kLogFamily, FeedKey(4), [](auto& rows) {
                                               rows[0].Clear();
                                               rows[0].set_feed_sequence(1);
                                             });
                                           },
                                           "number 1 is not as in the log"},
                                    Damage{"HalfExpired",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             Edit(s, b, kLogFamily, FeedKey(4),
                                                  [](auto& rows) { rows[0].clear_version(); });
                                           },
                                           "something of it is left"},
                                    Damage{"RecordedOutOfOrder",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             Edit(s, b, kLogFamily, FeedKey(4), [](auto& rows) {
                                               rows[2].set_recorded_at_us(1);
                                             });
                                           },
                                           "log 3: was recorded before"},
                                    Damage{"RecordedAfterTheLast",
                                           [](const storage::Store&, storage::Batch& b) {
                                             b.Put(kMetaFamily, kLastRecordedKey, MetaNumber(5));
                                           },
                                           "a version was recorded at"},
                                    Damage{"VersionSkipped",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             Edit(s, b, kLogFamily, FeedKey(4),
                                                  [](auto& rows) { rows[2].set_version(5); });
                                           },
                                           "version 5 follows version 1"},
                                    Damage{"FirstVersionAmended",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             Edit(s, b, kLogFamily, FeedKey(4),
                                                  [](auto& rows) { rows[0].set_version(2); });
                                           },
                                           "log 1: is not version 1"},
                                    Damage{"HashLost",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             Edit(s, b, kLogFamily, FeedKey(4), [](auto& rows) {
                                               rows[0].clear_content_hash();
                                               rows[0].clear_censoring();
                                             });
                                           },
                                           "has no content hash"},
                                    Damage{"MarkLost",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             Edit(s, b, kLogFamily, FeedKey(5),
                                                  [](auto& rows) { rows.pop_back(); });
                                           },
                                           "moved away is missing"},
                                    Damage{"MarkElsewhere",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             Edit(s, b, kLogFamily, FeedKey(5), [](auto& rows) {
                                               rows[1].set_site_id("seafield");
                                             });
                                           },
                                           "a mark that does not belong to it"},
                                    Damage{"SeriesLost",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             b.Delete(kSeriesFamily, FirstKey(s, kSeriesFamily));
                                           },
                                           "is in no series"},
                                    Damage{"SeriesDiffers",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             Edit(s, b, kSeriesFamily, FirstKey(s, kSeriesFamily),
                                                  [](auto& rows) { rows[0].set_value(77); });
                                           },
                                           "is not as in the log"},
                                    Damage{"SeriesMisplaced",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             Edit(s, b, kSeriesFamily, FirstKey(s, kSeriesFamily),
                                                  [](auto& rows) {
                                                    rows[0].set_collected_at_us(
                                                        rows[0].collected_at_us() -
                                                        (std::int64_t{1} << 45));
                                                  });
                                           },
                                           "does not lie where its content says"},
                                    Damage{"SeriesUnreadable",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             b.Put(kSeriesFamily, FirstKey(s, kSeriesFamily),
                                                   "\xff\xff");
                                           },
                                           "cannot be read"},
                                    Damage{"SeriesTwice",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             std::string key = FirstKey(s, kSeriesFamily);
                                             key.back() = 0;
                                             b.Put(kSeriesFamily, key,
                                                   FirstValue(s, kSeriesFamily));
                                           },
                                           "is there twice"},
                                    Damage{"SeriesBeyondSettled",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             Edit(s, b, kSeriesFamily, FirstKey(s, kSeriesFamily),
                                                  [](auto& rows) { rows[0].set_feed_sequence(6); });
                                           },
                                           "which is not settled"},
                                    Damage{"IdentityBlockLost",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             b.Delete(kIdentitiesFamily,
                                                      FirstKey(s, kIdentitiesFamily));
                                           },
                                           "the numbers 1 to 4 do not agree with the log"},
                                    Damage{"IdentityBlockOfAnotherRun",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             std::string last;
                                             for (auto c = s.Scan(kIdentitiesFamily, "", "");
                                                  c.Valid(); c.Next())
                                               last = c.value();
                                             b.Put(kIdentitiesFamily,
                                                   FirstKey(s, kIdentitiesFamily), last);
                                           },
                                           "do not agree with the log"},
                                    Damage{"RunsTorn",
                                           [](const storage::Store&, storage::Batch& b) {
                                             b.Put(kMetaFamily, kIdentityRunsKey, "x");
                                           },
                                           "does not cover the numbers 1 to 5"},
                                    Damage{"SettledWrong",
                                           [](const storage::Store&, storage::Batch& b) {
                                             b.Put(kMetaFamily, kSettledKey, MetaNumber(7));
                                           },
                                           "beyond the newest number 6"},
                                    Damage{"IdentityKeyLost",
                                           [](const storage::Store&, storage::Batch& b) {
                                             b.Delete(kMetaFamily, kIdentityKeyKey);
                                           },
                                           "meta 'identity_key': has 0 bytes"},
                                    Damage{"FeedIdLost",
                                           [](const storage::Store&, storage::Batch& b) {
                                             b.Delete(kMetaFamily, kFeedIdKey);
                                           },
                                           "meta 'feed_id': is missing"},
                                    Damage{"FeedIdShort",
                                           [](const storage::Store&, storage::Batch& b) {
                                             b.Put(kMetaFamily, kFeedIdKey, "short");
                                           },
                                           "meta 'feed_id': has 5 bytes, not 16"},
                                    Damage{"SiteLost",
                                           [](const storage::Store&, storage::Batch& b) {
                                             b.Delete(kSitesFamily, SiteKey("shieldhall"));
                                           },
                                           "not in the catalogue"},
                                    Damage{"SiteMisplaced",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             b.Put(kSitesFamily, SiteKey("zzz"),
                                                   FirstValue(s, kSitesFamily));
                                           },
                                           "holds site 'seafield'"},
                                    Damage{"SiteVersionTooMany",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             b.Put(kMetaFamily, SiteVersionKey("seafield", 1),
                                                   FirstValue(s, kSitesFamily));
                                           },
                                           "is version 1, and 1 older ones are stored"},
                                    Damage{"SiteVersionMisplaced",
                                           [](const storage::Store& s, storage::Batch& b) {
                                             b.Put(kMetaFamily, SiteVersionKey("seafield", 7),
                                                   FirstValue(s, kSitesFamily));
                                           },
                                           "where 1 is expected"},
                                    Damage{"FormatUnknown",
                                           [](const storage::Store&, storage::Batch& b) {
                                             b.Put(kMetaFamily, kFormatKey, MetaNumber(3));
                                           },
                                           "is 3, not 2"},
                                    Damage{"MetaTorn",
                                           [](const storage::Store&, storage::Batch& b) {
                                             b.Put(kMetaFamily, kNewestFeedKey, "x");
                                           },
                                           "has 1 bytes"}),
                         [](const auto& test) { return test.param.name; });

TEST_F(SampleStoreTest, FsckOfNothingIsNotFoundAndOfAnOpenStoreIsRefused) {
  EXPECT_THAT(Fsck(directory_.path() / "absent"),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("absent")));
  EXPECT_THAT(Fsck(Options().directory),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("in use")));
}

}  // namespace
}  // namespace belgrand::timeseries
