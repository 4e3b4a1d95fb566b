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
Record FirstVersion(const storage::Store& store) {
  Record record;
  EXPECT_TRUE(record.ParseFromString(FirstValue(store, kSeriesFamily)));
  return record;
}
// The mark that the moved row left.
std::string MarkKey(const storage::Store& store) {
  for (storage::Cursor c = store.Scan(kSeriesFamily, "", ""); c.Valid(); c.Next()) {
    Record record;
    EXPECT_TRUE(record.ParseFromString(std::string(c.value())));
    if (record.moved_away()) return std::string(c.key());
  }
  return {};
}

class FsckTest : public SampleStoreTest, public ::testing::WithParamInterface<Damage> {
 protected:
  FsckTest() {
    Append(Row("s1", "shieldhall", "2021-01-04", 1));
    Append(Row("s2", "seafield", "2021-01-04", 2));
    Append(Row("s2", "seafield", "2021-01-04", 3, "typo"));
    Append(Row("s3", "shieldhall", "2021-01-03", 4));
    Append(Row("s3", "seafield", "2021-01-03", 4, "wrong site"));
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
                         ::testing::Values(Damage{"FeedGap",
                                                  [](const storage::Store&, storage::Batch& b) {
                                                    b.Delete(kFeedFamily, FeedKey(2));
                                                  },
                                                  "number 3 comes where 2 is due"},
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
                                           Damage{"FeedEnd",
                                                  [](const storage::Store&, storage::Batch& b) {
                                                    b.Put(kMetaFamily, kNewestFeedKey,
                                                          MetaNumber(9));
                                                  },
                                                  "the feed ends at 5"},
                                           Damage{"FeedPointsElsewhere",
                                                  [](const storage::Store& s, storage::Batch& b) {
                                                    b.Put(kFeedFamily, FeedKey(2),
                                                          FirstValue(s, kFeedFamily));
                                                  },
                                                  "points to a version with number 1"},
                                           Damage{"FeedEntryBlank",
                                                  [](const storage::Store&, storage::Batch& b) {
                                                    b.Put(kFeedFamily, FeedKey(1), "");
                                                  },
                                                  "is not what feed number 1 names"},
                                           Damage{"VersionLost",
                                                  [](const storage::Store& s, storage::Batch& b) {
                                                    b.Delete(kSeriesFamily,
                                                             FirstValue(s, kFeedFamily));
                                                  },
                                                  "points to no version"},
                                           Damage{"VersionMisplaced",
                                                  [](const storage::Store& s, storage::Batch& b) {
                                                    Record record = FirstVersion(s);
                                                    record.set_collected_at_us(
                                                        record.collected_at_us() + 1);
                                                    b.Put(kSeriesFamily, FirstKey(s, kSeriesFamily),
                                                          record.SerializeAsString());
                                                  },
                                                  "does not lie where its content says"},
                                           Damage{"VersionUnreadable",
                                                  [](const storage::Store& s, storage::Batch& b) {
                                                    b.Put(kSeriesFamily, FirstKey(s, kSeriesFamily),
                                                          "\xff\xff");
                                                  },
                                                  "cannot be read"},
                                           Damage{"VersionDuplicatedOutsideTheIndexes",
                                                  [](const storage::Store& s, storage::Batch& b) {
                                                    Record record = FirstVersion(s);
                                                    record.set_version(7);
                                                    b.Put(kSeriesFamily, SeriesKey(record),
                                                          record.SerializeAsString());
                                                  },
                                                  "is not listed in its row"},
                                           Damage{"RecordedOutOfOrder",
                                                  [](const storage::Store& s, storage::Batch& b) {
                                                    const std::string key =
                                                        *s.Get(kFeedFamily, FeedKey(3)).value();
                                                    Record record;
                                                    EXPECT_TRUE(record.ParseFromString(
                                                        *s.Get(kSeriesFamily, key).value()));
                                                    record.set_recorded_at_us(1);
                                                    b.Put(kSeriesFamily, key,
                                                          record.SerializeAsString());
                                                  },
                                                  "was recorded before"},
                                           Damage{"RecordedAfterTheLast",
                                                  [](const storage::Store&, storage::Batch& b) {
                                                    b.Put(kMetaFamily, kLastRecordedKey,
                                                          MetaNumber(5));
                                                  },
                                                  "a version was recorded at"},
                                           Damage{"HeadLost",
                                                  [](const storage::Store& s, storage::Batch& b) {
                                                    b.Delete(kRowsFamily, FirstKey(s, kRowsFamily));
                                                  },
                                                  "is not listed in its row"},
                                           Damage{"HeadHashWrong",
                                                  [](const storage::Store& s, storage::Batch& b) {
                                                    storage::v1::RowHead head;
                                                    EXPECT_TRUE(head.ParseFromString(
                                                        FirstValue(s, kRowsFamily)));
                                                    head.set_content_hash("other");
                                                    b.Put(kRowsFamily, FirstKey(s, kRowsFamily),
                                                          head.SerializeAsString());
                                                  },
                                                  "content hash"},
                                           Damage{"HeadVersionWrong",
                                                  [](const storage::Store& s, storage::Batch& b) {
                                                    storage::v1::RowHead head;
                                                    EXPECT_TRUE(head.ParseFromString(
                                                        FirstValue(s, kRowsFamily)));
                                                    head.set_version(4);
                                                    b.Put(kRowsFamily, FirstKey(s, kRowsFamily),
                                                          head.SerializeAsString());
                                                  },
                                                  "is at version 4"},
                                           Damage{"MarkLost",
                                                  [](const storage::Store& s, storage::Batch& b) {
                                                    b.Delete(kSeriesFamily, MarkKey(s));
                                                  },
                                                  "moved away is missing"},
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
                                           Damage{"FormatUnknown",
                                                  [](const storage::Store&, storage::Batch& b) {
                                                    b.Put(kMetaFamily, kFormatKey, MetaNumber(2));
                                                  },
                                                  "is 2, not 1"},
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
