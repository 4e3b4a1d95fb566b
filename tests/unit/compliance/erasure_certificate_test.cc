#include "compliance/erasure_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compliance/note.h"
#include "tests/support/status_matchers.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

v1::SearchLine Found(const std::string& store, const std::string& part, std::uint64_t exact,
                     std::uint64_t loose = 0) {
  v1::SearchLine line;
  line.set_store(store);
  line.set_part(part);
  line.set_files(3);
  line.set_bytes(4096);
  line.set_exact_hits(exact);
  line.set_loose_hits(loose);
  return line;
}

ErasureFacts Facts() {
  ErasureFacts facts;
  facts.erasure.id = std::string(kErasureIdBytes, '\x01');
  facts.erasure.sequence = 7;
  facts.erasure.person = {privacy::v1::SAMPLER, std::string(16, '\x02'), ""};
  facts.erasure.begun = base::ParseInstant("2031-06-01T12:00:00Z").value();
  facts.ledger_id = std::string(16, '\x03');
  facts.searched_at = base::ParseInstant("2031-06-01T12:00:09Z").value();
  facts.keyring_epoch = 4;
  auto& line = facts.cleared.emplace_back();
  line.set_record("belgrand.storage.v1.SampleRecord");
  line.set_field("sampled_by_sealed");
  line.set_count(12);
  facts.control = {Found("timeseries", "values", 12)};
  facts.searched = {Found("timeseries", "values", 0), Found("alerting", "files", 0)};
  facts.backups = {{.id = 3, .created = facts.erasure.begun, .before = true},
                   {.id = 4, .created = facts.searched_at, .searched = true}};
  facts.limits = {"a limit"};
  return facts;
}

TEST(ErasureCertificateTest, SaysWhatWasClearedFoundBeforeAndAfterAndWhatRemains) {
  EXPECT_EQ(CertificateText(Facts()),
            "belgrand.erasure/v1\n"
            "erasure 01010101010101010101010101010101\n"
            "ledger 03030303030303030303030303030303 number 7\n"
            "kind SAMPLER\n"
            "begun 2031-06-01T12:00:00Z\n"
            "searched 2031-06-01T12:00:09Z\n"
            "key: dropped; the keyring is at epoch 4\n"
            "cleared belgrand.storage.v1.SampleRecord.sampled_by_sealed 12\n"
            "before \"timeseries\" values: 3 files, 4096 bytes, person 12 times, letters 0 times\n"
            "after \"timeseries\" values: 3 files, 4096 bytes, person 0 times, letters 0 times\n"
            "after \"alerting\" files: 3 files, 4096 bytes, person 0 times, letters 0 times\n"
            "backup 3 of 2031-06-01T12:00:00Z: remains, made before the end of the erasure\n"
            "backup 4 of 2031-06-01T12:00:09Z: searched, made since\n"
            "limit: a limit\n"
            "verdict: clean\n");
}

TEST(ErasureCertificateTest, IsReadBackAndCanBeSigned) {
  const std::string text = CertificateText(Facts());
  const auto certificate = ParseCertificate(text);
  ASSERT_OK(certificate);
  EXPECT_EQ(certificate->erasure_id, "01010101010101010101010101010101");
  EXPECT_TRUE(certificate->clean);
  EXPECT_TRUE(certificate->control);
  EXPECT_THAT(certificate->remaining_backups, ElementsAre(3));

  const auto signer = NoteSigner::FromSeed("log/erasures", std::string(32, 's'));
  ASSERT_OK(signer);
  const auto note = SignNote(text, *signer);
  ASSERT_OK(note);
  const NoteVerifier key = signer->verifier();
  EXPECT_OK(OpenNote(*note, std::span(&key, 1)));
  // Any edited letter of the text breaks it.
  int edits = 0;
  for (std::size_t at = 0; at + 1 < text.size(); at += 7, ++edits) {
    std::string edited = *note;
    edited[at] = static_cast<char>(edited[at] ^ 1);
    EXPECT_FALSE(OpenNote(edited, std::span(&key, 1)).ok()) << at;
  }
  EXPECT_GT(edits, 50);
}

TEST(ErasureCertificateTest, TheVerdictFollowsWhatWasFound) {
  ErasureFacts facts = Facts();
  facts.searched.push_back(Found("backup 4/timeseries", "values", 2));
  EXPECT_THAT(CertificateText(facts),
              HasSubstr("verdict: NOT CLEAN, the person was found 2 times"));
  EXPECT_FALSE(ParseCertificate(CertificateText(facts))->clean);
  facts.searched.back() = Found("alerting", "values", 0, 5);
  EXPECT_THAT(CertificateText(facts), HasSubstr("verdict: clean, but the letters of the name still "
                                                "occur 5 times"));
  facts.searchable = false;
  EXPECT_THAT(CertificateText(facts), HasSubstr("verdict: NOT SEARCHED"));
  EXPECT_FALSE(ParseCertificate(CertificateText(facts))->clean);
  facts.searched.clear();
  EXPECT_FALSE(IsClean(facts.searched)) << "nothing searched is not clean";
}

TEST(ErasureCertificateTest, SaysWhatIsNotKnown) {
  ErasureFacts facts = Facts();
  facts.control.reset();
  facts.backups_known = false;
  const std::string text = CertificateText(facts);
  EXPECT_THAT(text, HasSubstr("before: not known"));
  EXPECT_THAT(text, HasSubstr("backups unknown"));
  EXPECT_FALSE(ParseCertificate(text)->control);
  facts.repeated = true;
  EXPECT_THAT(CertificateText(facts), HasSubstr("this is a later search"));
  facts = Facts();
  facts.backups[0].before = false;
  EXPECT_THAT(CertificateText(facts), HasSubstr("none from before the end of the erasure is left"));
  facts.backups.push_back({.id = 5, .created = {}, .damaged = true});
  EXPECT_THAT(CertificateText(facts), HasSubstr("backup 5: damaged, not searched"));
  EXPECT_THAT(CertificateText(facts), Not(HasSubstr("none from before")));
  facts.erasure.person.subject_ref.clear();
  EXPECT_THAT(CertificateText(facts), HasSubstr("key: the person had none"));
}

TEST(ErasureCertificateTest, RefusesOtherTexts) {
  const auto refused = StatusIs(base::StatusCode::kInvalidArgument, _);
  EXPECT_THAT(ParseCertificate(""), refused);
  EXPECT_THAT(ParseCertificate("audit.example/log\n12\nroot\n"), refused);
  std::string text = CertificateText(Facts());
  EXPECT_THAT(ParseCertificate(text.substr(0, text.find("verdict"))), refused);
  text.replace(text.find("erasure 01"), 10, "erasure zz");
  EXPECT_THAT(ParseCertificate(text), refused);
}

TEST(ErasureControlTest, ASearchThatMissesWhatIsThereProvesNothing) {
  std::vector<v1::ErasureLine> held(1);
  held[0].set_count(3);
  EXPECT_OK(CheckControl(held, {Found("timeseries", "values", 3)}, "timeseries"));
  EXPECT_OK(CheckControl(held, {Found("timeseries", "write-ahead log", 0, 1)}, "timeseries"));
  const auto refused = StatusIs(base::StatusCode::kInternal, HasSubstr("timeseries"));
  EXPECT_THAT(CheckControl(held, {Found("timeseries", "values", 0)}, "timeseries"), refused);
  EXPECT_THAT(CheckControl(held, {Found("timeseries", "files", 3)}, "timeseries"), refused)
      << "the files alone would miss what is packed";
  EXPECT_THAT(CheckControl(held, {Found("alerting", "values", 3)}, "timeseries"), refused);
  held[0].set_count(0);
  EXPECT_OK(CheckControl(held, {}, "timeseries")) << "nothing to find";
}

}  // namespace
}  // namespace belgrand::compliance
