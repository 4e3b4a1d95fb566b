#include "compliance/sealed_field.h"

#include <gtest/gtest.h>

#include "platform/crypto/encoding.h"
#include "tests/support/status_matchers.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;

const std::string kRef = "0123456789abcdef";
const std::string kPlace = "belgrand.ingest.v1.Sample.collected_by/lab-a/S-1";

TEST(SealedFieldTest, BytesAreThoseOfTheDocumentedExample) {
  // The worked example of docs/formats/sealed_field.md.
  const crypto::Key256 key = crypto::Key256::FromBytes(std::string(32, '\x01')).value();
  crypto::GcmNonce nonce;
  nonce.fill(2);
  const std::string sealed =
      SealFieldWithNonce(key, std::string(16, '\x03'), kPlace, "J. Snow", nonce);
  EXPECT_EQ(crypto::ToHex(sealed),
            "01"
            "03030303030303030303030303030303"
            "020202020202020202020202"
            "4df8e91a2438b6"
            "3e8bcdf33e3c013f2e6c8fa18a49efee");
  EXPECT_THAT(OpenField(key, kPlace, sealed), IsOkAndHolds("J. Snow"));
}

TEST(SealedFieldTest, OpensOnlyAtItsPlaceUnderItsKeyForItsPerson) {
  const crypto::Key256 key = crypto::Key256::Random();
  const std::string sealed = SealField(key, kRef, kPlace, "a technician");
  EXPECT_EQ(sealed.size(), 12 + kSealedOverheadBytes);
  EXPECT_THAT(OpenField(key, kPlace, sealed), IsOkAndHolds("a technician"));
  EXPECT_THAT(SubjectRefOf(sealed), IsOkAndHolds(kRef));
  const auto refused = StatusIs(base::StatusCode::kDataLoss, HasSubstr("altered or moved"));
  for (const std::string& place :
       {std::string(), kPlace + "0", kPlace.substr(1), kPlace + kRef,
        std::string("belgrand.ingest.v1.Sample.analysed_by/lab-a/S-1"),
        std::string("belgrand.ingest.v1.Sample.collected_by/lab-b/S-1"),
        std::string("belgrand.ingest.v1.Sample.collected_by/lab-a/S-2")}) {
    EXPECT_THAT(OpenField(key, place, sealed), refused) << place;
  }
  EXPECT_THAT(OpenField(crypto::Key256::Random(), kPlace, sealed), refused);
}

TEST(SealedFieldTest, RefusesEveryFlippedBitAndEveryCut) {
  const crypto::Key256 key = crypto::Key256::Random();
  const std::string sealed = SealField(key, kRef, kPlace, "a technician");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string altered = sealed;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ 1 << bit % 8);
    EXPECT_THAT(OpenField(key, kPlace, altered), StatusIs(base::StatusCode::kDataLoss, _)) << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_THAT(OpenField(key, kPlace, sealed.substr(0, size)),
                StatusIs(base::StatusCode::kDataLoss, _));
  }
}

TEST(SealedFieldTest, SealingTwiceGivesDifferentBytes) {
  const crypto::Key256 key = crypto::Key256::Random();
  EXPECT_NE(SealField(key, kRef, kPlace, "same"), SealField(key, kRef, kPlace, "same"));
}

}  // namespace
}  // namespace belgrand::compliance
