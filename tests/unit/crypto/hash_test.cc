#include "platform/crypto/hash.h"

#include <gtest/gtest.h>

#include "platform/crypto/encoding.h"

namespace belgrand::crypto {
namespace {

std::string Hex(const Digest& digest) { return ToHex(View(digest)); }
std::string Raw(std::string_view hex) { return FromHex(hex).value(); }

TEST(Sha256Test, MatchesThePublishedDigests) {  // FIPS 180-4 examples
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256Test, PartsAndStreamEqualTheWholeAtEverySplit) {
  const std::string text = "the way of a sample: from the sewer to the official who must act";
  const Digest whole = Sha256(text);
  Sha256Stream stream;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const std::string_view head = std::string_view(text).substr(0, i);
    const std::string_view tail = std::string_view(text).substr(i);
    EXPECT_EQ(Sha256({head, tail}), whole);
    stream.Update(head);
    stream.Update(tail);
    EXPECT_EQ(stream.Finish(), whole) << "a finished stream starts afresh";
  }
}

TEST(HmacSha256Test, MatchesRfc4231) {
  EXPECT_EQ(Hex(HmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Hex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // Case 6: a key longer than the block.
  EXPECT_EQ(Hex(HmacSha256(std::string(131, '\xaa'),
                           "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HkdfSha256Test, MatchesRfc5869) {
  EXPECT_EQ(ToHex(HkdfSha256(std::string(22, '\x0b'), Raw("000102030405060708090a0b0c"),
                             Raw("f0f1f2f3f4f5f6f7f8f9"), 42)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  // Case 3: no salt, no info.
  EXPECT_EQ(ToHex(HkdfSha256(std::string(22, '\x0b'), "", "", 42)),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

}  // namespace
}  // namespace belgrand::crypto
