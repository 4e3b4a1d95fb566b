#include "platform/crypto/ed25519.h"

#include <gtest/gtest.h>

#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"
#include "tests/support/status_matchers.h"

namespace belgrand::crypto {
namespace {

std::string Raw(std::string_view hex) { return FromHex(hex).value(); }

struct Vector {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};

// RFC 8032 section 7.1, tests 1 to 3.
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
     "b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
     "c6594a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(Ed25519Test, MatchesRfc8032) {
  for (const Vector& vector : kVectors) {
    const auto key = Ed25519PrivateKey::FromSeed(Raw(vector.seed));
    ASSERT_OK(key);
    EXPECT_EQ(ToHex(View(key->public_key())), vector.public_key);
    const std::string message = Raw(vector.message);
    EXPECT_EQ(ToHex(View(key->Sign(message))), vector.signature);
    EXPECT_TRUE(Ed25519Verify(key->public_key(), message, Raw(vector.signature)));
  }
}

TEST(Ed25519Test, RefusesEverySingleBitFlip) {
  const auto key = Ed25519PrivateKey::FromSeed(std::string(32, '\x01'));
  ASSERT_OK(key);
  const std::string message = "checkpoint";
  const std::string signature(View(key->Sign(message)));
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    std::string altered = signature;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(Ed25519Verify(key->public_key(), message, altered)) << "bit " << bit;
  }
  EXPECT_FALSE(Ed25519Verify(key->public_key(), "checkpoinu", signature));
  EXPECT_FALSE(Ed25519Verify(key->public_key(), message, signature.substr(1)));
  EXPECT_FALSE(Ed25519Verify(key->public_key(), message, ""));
}

TEST(Ed25519Test, RefusesASeedOfTheWrongLength) {
  EXPECT_FALSE(Ed25519PrivateKey::FromSeed("short").ok());
}

}  // namespace
}  // namespace belgrand::crypto
