#include "platform/crypto/aead.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "platform/crypto/encoding.h"
#include "tests/support/status_matchers.h"

namespace belgrand::crypto {
namespace {

using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;

std::string Raw(std::string_view hex) { return FromHex(hex).value(); }

GcmNonce Nonce(std::string_view hex) {
  const std::string bytes = Raw(hex);
  GcmNonce nonce;
  std::copy(bytes.begin(), bytes.end(), nonce.begin());
  return nonce;
}

struct Vector {
  std::string key, nonce, associated_data, plaintext, ciphertext, tag;
};

// Test cases 13, 14 and 16 of the GCM specification (McGrew and Viega).
const Vector kVectors[] = {
    {std::string(64, '0'), std::string(24, '0'), "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {std::string(64, '0'), std::string(24, '0'), "", std::string(32, '0'),
     "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
     "b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105682"
     "8838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

TEST(AesGcmTest, MatchesTheSpecification) {
  for (const Vector& vector : kVectors) {
    const Key256 key = Key256::FromBytes(Raw(vector.key)).value();
    const std::string data = Raw(vector.associated_data);
    const std::string sealed = AesGcmSeal(key, Nonce(vector.nonce), data, Raw(vector.plaintext));
    EXPECT_EQ(ToHex(sealed), vector.ciphertext + vector.tag);
    EXPECT_THAT(AesGcmOpen(key, Nonce(vector.nonce), data, sealed),
                IsOkAndHolds(Raw(vector.plaintext)));
  }
}

TEST(AesGcmTest, RefusesEveryFlippedBitAndOtherAssociatedData) {
  const Key256 key = Key256::Random();
  const GcmNonce nonce = Nonce("000000000000000000000001");
  const std::string sealed = AesGcmSeal(key, nonce, "place", "a technician");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string altered = sealed;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ 1 << bit % 8);
    EXPECT_THAT(AesGcmOpen(key, nonce, "place", altered),
                StatusIs(base::StatusCode::kDataLoss, ::testing::_));
  }
  EXPECT_FALSE(AesGcmOpen(key, nonce, "plac", sealed).ok());
  EXPECT_FALSE(AesGcmOpen(key, nonce, "", sealed).ok());
  EXPECT_FALSE(AesGcmOpen(Key256::Random(), nonce, "place", sealed).ok());
  EXPECT_FALSE(AesGcmOpen(key, Nonce("000000000000000000000002"), "place", sealed).ok());
  for (std::size_t n = 0; n < sealed.size(); ++n) {
    EXPECT_FALSE(AesGcmOpen(key, nonce, "place", sealed.substr(0, n)).ok()) << n;
  }
  EXPECT_THAT(AesGcmOpen(key, nonce, "place", sealed), IsOkAndHolds("a technician"))
      << "a refusal leaves no state behind";
}

}  // namespace
}  // namespace belgrand::crypto
