// The worked examples of docs/formats, byte for byte: the page and the code say the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "compliance/checkpoint.h"
#include "compliance/erasure_ledger.h"
#include "compliance/keyring.h"
#include "compliance/merkle.h"
#include "compliance/note.h"
#include "compliance/tile.h"
#include "platform/base/check.h"
#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::IsOkAndHolds;
using ::testing::HasSubstr;

std::string Page(const std::string& name) {
  const char* const source = std::getenv("BELGRAND_SOURCE_DIR");
  BELGRAND_CHECK(source != nullptr);
  return base::ReadFile(std::string(source) + "/docs/formats/" + name).value();
}

std::string WithoutSpace(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  return text;
}

TEST(FormatDocsTest, AuditLogExampleHolds) {
  const std::string page = Page("audit_log.md");
  std::string bundle;
  Frontier frontier;
  std::string tile;
  for (const char* entry : {"leaf 0", "leaf 1"}) {
    AppendToBundle(bundle, entry);
    frontier.Append(LeafHash(entry));
    tile += crypto::ToHex(crypto::View(LeafHash(entry)));
  }
  EXPECT_THAT(WithoutSpace(page), HasSubstr(crypto::ToHex(bundle)));
  EXPECT_THAT(WithoutSpace(page), HasSubstr(tile));
  EXPECT_THAT(page, HasSubstr(crypto::ToHex(crypto::View(frontier.Root()))));
  const auto signer = NoteSigner::FromSeed("audit.belgrand.example/log1", std::string(32, '\x01'));
  ASSERT_OK(signer);
  EXPECT_THAT(page, HasSubstr(signer->verifier().Encode()));
  const auto note =
      SignNote(FormatCheckpoint({"audit.belgrand.example/log1", 2, frontier.Root()}), *signer);
  ASSERT_OK(note);
  EXPECT_THAT(page, HasSubstr(*note));
}

TEST(FormatDocsTest, KeyringExampleOpens) {
  const std::string header = "000000048fe546ef08011001";
  const std::string person =
      "0000007041d305290a1003030303030303030303030303030303125c0202020202020202020202022ee1e35be8"
      "0b1a1d0fbcd7613e5fbb9f795a24d41737c85dafdd1a97dcf986ee352aed55f7eb5ca09e30636188a41ec3b170"
      "b8172e7234c5ea2df0b21e531ade5d9e6f6fc1b6c45d2fca940fd078d98d";
  EXPECT_THAT(WithoutSpace(Page("keyring.md")), HasSubstr(header + person));
  const testing::TempDir dir;
  const auto write = [&](const char* name, const std::string& bytes) {
    ASSERT_OK(base::WriteFileAtomically(dir.path() / name, bytes));
  };
  write("index.key", std::string(32, '\x0a'));
  write("epoch.1.key", std::string(32, '\x0b'));
  write("keyring.1", crypto::FromHex(header + person).value());
  const auto keyring = Keyring::OpenDirectory({dir.path()});
  ASSERT_OK(keyring);
  const std::string ref(16, '\x03');
  EXPECT_THAT((*keyring)->FindSubject(1, "lab-a", "J. Snow"), IsOkAndHolds(ref));
  // Sealed by another implementation under the person key of 32 bytes 0x0c.
  EXPECT_THAT(
      (*keyring)->Open(crypto::FromHex("0103030303030303030303030303030303020202020202020202"
                                       "020202a14c146aadba34eeafaebcf5aa3d801195c911e71e6d"
                                       "07")
                           .value(),
                       "belgrand.ingest.v1.Sample.collected_by/lab-a/S-1"),
      IsOkAndHolds("J. Snow"));
}

TEST(FormatDocsTest, ErasureLedgerExampleOpens) {
  const std::string header = "0000001463ea1722080112100a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
  const std::string begin =
      "000000632543f6e10a2063ea1722671410f76f8983df84e328a3dd0e543873785f99acabd34166a1f6d410808081"
      "b184e991031a100c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c200128033a20927a554d758fae7fe616aca7e588896475"
      "8f983e04c4e034f62612605e43f7d9";
  const std::string end =
      "0000004116ff44870a202543f6e1c6e807b4aae0922f7242e8e051907c83cae0e06872ab14db1079bdc510c084be"
      "b184e991031a100c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c40014801";
  const std::string page = WithoutSpace(Page("erasure.md"));
  for (const std::string& frame : {header, begin, end}) EXPECT_THAT(page, HasSubstr(frame));
  const testing::TempDir dir;
  ASSERT_OK(base::WriteFileAtomically(dir.path() / kErasureKeyFile, std::string(32, '\x0b')));
  ASSERT_OK(base::WriteFileAtomically(dir.path() / kErasureLedgerFile,
                                      crypto::FromHex(header + begin + end).value()));
  const auto ledger = ErasureLedger::Open(dir.path());
  ASSERT_OK(ledger);
  EXPECT_EQ((*ledger)->ledger_id(), std::string(16, '\x0a'));
  const auto record = (*ledger)->Find(std::string(16, '\x0c'));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->person.name_digest, NameDigest((*ledger)->name_key(), 3, "", "F. Nightingale"));
  EXPECT_EQ(base::FormatInstant(record->begun), "2026-01-01T00:00:00Z");
  EXPECT_EQ(base::FormatInstant(*record->finished), "2026-01-01T00:00:01Z");
  EXPECT_TRUE(record->clean);
}

TEST(FormatDocsTest, SealedFieldExampleIsTheOneTested) {
  EXPECT_THAT(WithoutSpace(Page("sealed_field.md")),
              HasSubstr("01030303030303030303030303030303030202020202020202020202024df8e91a2438b63e"
                        "8bcdf33e3c013f2e6c8fa18a49efee"));
}

}  // namespace
}  // namespace belgrand::compliance
