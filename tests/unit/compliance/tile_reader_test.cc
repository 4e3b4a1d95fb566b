#include "compliance/tile_reader.h"

#include <gtest/gtest.h>

#include "compliance/checkpoint.h"
#include "compliance/tile.h"
#include "tests/unit/compliance/audit_fixture.h"
#include "tests/unit/compliance/vectors.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;
using ::testing::_;

class TileReaderTest : public AuditFixture {};

TEST_F(TileReaderTest, ServesTheResourcesOfTheSpecificationByteForByte) {
  const auto log = Open();
  ASSERT_OK(log->Append(Numbered(0, 400)));  // more than is served
  const auto digest = [&](const char* path) {
    return Hex(crypto::Sha256(ReadLogResource(File(""), 300, path).value()));
  };
  EXPECT_EQ(digest("tile/0/000"), Vectors()["tile/0/000 sha256"]);
  EXPECT_EQ(digest("tile/0/001.p/44"), Vectors()["tile/0/001.p/44 (size 300) sha256"]);
  EXPECT_EQ(digest("tile/entries/000"), Vectors()["tile/entries/000 sha256"]);
  EXPECT_EQ(crypto::ToHex(ReadLogResource(File(""), 300, "tile/1/000.p/1").value()),
            Vectors()["tile/1/000.p/1 (size 300) hex"]);
}

TEST_F(TileReaderTest, AClientRecomputesTheSignedRootFromTheEntriesAlone) {
  const auto log = Open();
  ASSERT_OK(log->Append(Numbered(0, 700)));
  ASSERT_OK(log->Checkpoint());
  const std::string note = ReadLogResource(File(""), 700, "checkpoint").value();
  const auto checkpoint = ParseCheckpoint(std::string_view(note).substr(0, note.find("\n\n") + 1));
  ASSERT_OK(checkpoint);
  Frontier frontier;
  while (frontier.size() < checkpoint->size) {
    const std::uint64_t width = std::min(kTileWidth, checkpoint->size - frontier.size());
    const auto bundle =
        ReadLogResource(File(""), checkpoint->size,
                        TilePath({TileName::kEntries, frontier.size() / kTileWidth, width}));
    ASSERT_OK(bundle);
    const BundleContent content = ReadBundle(*bundle);
    ASSERT_EQ(content.entries.size(), width);
    ASSERT_EQ(content.whole_bytes, bundle->size());
    for (const std::string_view entry : content.entries) frontier.Append(LeafHash(entry));
  }
  EXPECT_EQ(frontier.Root(), checkpoint->root);
}

TEST_F(TileReaderTest, RefusesWhatIsPastTheLogAndPathsThatAreNone) {
  const auto log = Open();
  ASSERT_OK(log->Append(Numbered(0, 300)));
  for (const char* path :
       {"tile/0/001", "tile/0/001.p/45", "tile/entries/001.p/45", "tile/0/002.p/1", "tile/1/000",
        "tile/1/000.p/2", "tile/2/000.p/1", "tile/0/x018/x446/x744/x073/x709/x551/615"}) {
    EXPECT_THAT(ReadLogResource(File(""), 300, path), StatusIs(base::StatusCode::kNotFound, _))
        << path;
  }
  for (const char* path : {"", "../log.seed", "log.vkey", "tile/0/../../log.seed", "tile/0/000/"}) {
    EXPECT_THAT(ReadLogResource(File(""), 300, path),
                StatusIs(base::StatusCode::kInvalidArgument, _))
        << path;
  }
}

}  // namespace
}  // namespace belgrand::compliance
