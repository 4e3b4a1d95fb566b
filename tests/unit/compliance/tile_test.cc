#include "compliance/tile.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/compliance/vectors.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::IsOkAndHolds;

TEST(TileTest, PathsMatchTheSpecification) {
  EXPECT_EQ(TilePath({0, 0, 256}), "tile/0/000");
  EXPECT_EQ(TilePath({3, 1234067, 256}), "tile/3/x001/x234/067");
  EXPECT_EQ(TilePath({0, 273, 112}), "tile/0/273.p/112");
  EXPECT_EQ(TilePath({1, 1, 17}), "tile/1/001.p/17");
  EXPECT_EQ(TilePath({2, 0, 1}), "tile/2/000.p/1");
  EXPECT_EQ(TilePath({TileName::kEntries, 1000, 256}), "tile/entries/x001/000");
}

TEST(TileTest, PathsRoundTrip) {
  for (const int level : {-1, 0, 1, 7}) {
    for (const std::uint64_t index :
         {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{999}, std::uint64_t{1000},
          std::uint64_t{1234067}, std::uint64_t{1'000'000'000}, std::uint64_t{1} << 56}) {
      for (const std::uint64_t width : {1U, 44U, 255U, 256U}) {
        const TileName name{level, index, width};
        EXPECT_THAT(ParseTilePath(TilePath(name)), IsOkAndHolds(name));
      }
    }
  }
}

TEST(TileTest, RefusesEveryOtherSpelling) {
  for (const char* bad : {"",
                          "tile",
                          "tile/",
                          "tile/0",
                          "tile/0/",
                          "tile/0/0",
                          "tile/0/00",
                          "tile/0/0000",
                          "tile/00/000",
                          "tile/8/000",
                          "tile/-1/000",
                          "tile/x/000",
                          "tile/0/x000",
                          "tile/0/x000/000",
                          "tile/0/000/000",
                          "tile/0/x001/",
                          "tile/0/x001",
                          "tile/0/001/x001",
                          "tile/0/000.p/0",
                          "tile/0/000.p/256",
                          "tile/0/000.p/01",
                          "tile/0/000.p/",
                          "tile/0/000.p",
                          "tile/0/ 00",
                          "tile/0/../000",
                          "/tile/0/000",
                          "tile/entries/x001/000.p/300",
                          "tile/entry/000",
                          "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999"}) {
    EXPECT_FALSE(ParseTilePath(bad).ok()) << bad;
  }
}

TEST(TileTest, BundlesMatchTheVectorsByteForByte) {
  std::string bundle;
  for (int i = 0; i < 256; ++i) AppendToBundle(bundle, fmt::format("leaf {}", i));
  EXPECT_EQ(bundle.size(), Vectors()["tile/entries/000 len"]);
  EXPECT_EQ(crypto::ToHex(bundle.substr(0, 24)), Vectors()["tile/entries/000 first 24 hex"]);
  EXPECT_EQ(Hex(crypto::Sha256(bundle)), Vectors()["tile/entries/000 sha256"]);
}

TEST(TileTest, BundleCutAnywhereYieldsTheWholeEntriesBeforeTheCut) {
  std::string bundle;
  std::vector<std::string> entries = {"first", "", std::string(kMaxEntryBytes, 'x'), "last"};
  std::vector<std::size_t> ends;
  for (const std::string& entry : entries) {
    AppendToBundle(bundle, entry);
    ends.push_back(bundle.size());
  }
  for (std::size_t cut = 0; cut <= bundle.size();
       cut += cut < 20 || cut + 20 > bundle.size() ? 1 : 97) {
    const BundleContent content = ReadBundle(std::string_view(bundle).substr(0, cut));
    const auto whole = static_cast<std::size_t>(
        std::count_if(ends.begin(), ends.end(), [cut](std::size_t end) { return end <= cut; }));
    ASSERT_EQ(content.entries.size(), whole) << cut;
    EXPECT_EQ(content.whole_bytes, whole == 0 ? 0 : ends[whole - 1]);
    for (std::size_t i = 0; i < whole; ++i) EXPECT_EQ(content.entries[i], entries[i]);
  }
}

TEST(TileTest, CountsHashesPerLevelAsTheSpecificationDoes) {
  EXPECT_EQ(HashesAtLevel(70000, 0), 273U * 256 + 112);
  EXPECT_EQ(HashesAtLevel(70000, 1), 256U + 17);
  EXPECT_EQ(HashesAtLevel(70000, 2), 1U);
  EXPECT_EQ(HashesAtLevel(70000, 3), 0U);
}

}  // namespace
}  // namespace belgrand::compliance
