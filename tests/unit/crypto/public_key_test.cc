#include "platform/crypto/public_key.h"

#include <gtest/gtest.h>

#include <string>

#include "platform/crypto/base64url.h"
#include "tests/support/status_matchers.h"

namespace belgrand::crypto {
namespace {

struct Vector {
  base::StatusOr<PublicKey> key;
  std::string message;
  std::string signature;
};

std::string Raw(std::string_view text) { return FromBase64Url(text).value(); }

constexpr char kClaims[] =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";
constexpr char kModulus[] =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4"
    "QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdb"
    "BYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-D"
    "WNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

Vector Rs256() {  // RFC 7515, A.2
  return {
      PublicKey::Rsa(Raw(kModulus), Raw("AQAB")), std::string("eyJhbGciOiJSUzI1NiJ9.") + kClaims,
      Raw("cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
          "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIA"
          "RNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPq"
          "vhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77"
          "Rw")};
}

Vector Es256() {  // RFC 7515, A.3
  return {PublicKey::P256(Raw("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                          Raw("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")),
          std::string("eyJhbGciOiJFUzI1NiJ9.") + kClaims,
          Raw("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU"
              "1Q")};
}

Vector EdDsa() {  // RFC 8037, A.4
  return {PublicKey::Ed25519(Raw("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")),
          "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
          Raw("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0K"
              "Ag")};
}

TEST(PublicKeyTest, VerifiesThePublishedSignaturesAndNoneThatDiffersInABit) {
  for (const Vector& vector : {Rs256(), Es256(), EdDsa()}) {
    ASSERT_OK(vector.key);
    EXPECT_TRUE(vector.key->Verify(vector.message, vector.signature));
    EXPECT_FALSE(vector.key->Verify(vector.message + ".", vector.signature));
    EXPECT_FALSE(vector.key->Verify(vector.message, ""));
    EXPECT_FALSE(vector.key->Verify(vector.message, vector.signature + '\0'));
    EXPECT_FALSE(vector.key->Verify(
        vector.message, std::string_view(vector.signature).substr(0, vector.signature.size() - 1)));
    for (std::size_t i = 0; i < vector.signature.size(); ++i) {
      std::string other = vector.signature;
      other[i] = static_cast<char>(other[i] ^ 1 << i % 8);
      EXPECT_FALSE(vector.key->Verify(vector.message, other)) << "byte " << i;
    }
  }
}

TEST(PublicKeyTest, ASignatureOfZerosIsNone) {
  const Vector vector = Es256();
  EXPECT_FALSE(vector.key->Verify(vector.message, std::string(64, '\0')));
}

TEST(PublicKeyTest, RefusesWeakAndImpossibleKeys) {
  const std::string n = Raw(kModulus);
  EXPECT_FALSE(PublicKey::Rsa(n.substr(0, 128), Raw("AQAB")).ok()) << "1,024 bits";
  EXPECT_FALSE(PublicKey::Rsa(n, "\x01").ok()) << "a signature would be its message";
  EXPECT_FALSE(PublicKey::Rsa(n, "\x02").ok());
  EXPECT_FALSE(PublicKey::Rsa(n, "").ok());
  EXPECT_FALSE(PublicKey::Rsa("", "").ok());
  EXPECT_FALSE(PublicKey::Rsa(std::string(2000, '\xff'), Raw("AQAB")).ok());
  EXPECT_FALSE(PublicKey::P256(std::string(32, '\x01'), std::string(32, '\x02')).ok())
      << "not on the curve";
  EXPECT_FALSE(PublicKey::P256("", "").ok());
  EXPECT_FALSE(PublicKey::Ed25519(std::string(31, 'x')).ok());
}

TEST(Base64UrlTest, WritesAndReadsOneSpellingOnly) {
  for (const std::string bytes : {"", "a", "ab", "abc", "\xfb\xff\xfe"}) {
    EXPECT_EQ(FromBase64Url(ToBase64Url(bytes)).value(), bytes);
  }
  EXPECT_EQ(ToBase64Url("\xfb\xff\xfe"), "-__-");
  for (const char* wrong : {"+__-", "a", "YQ==", "YR", "Y Q", "YQ\n", "YWI="}) {
    EXPECT_FALSE(FromBase64Url(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace belgrand::crypto
