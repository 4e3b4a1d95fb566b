#include "platform/crypto/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace belgrand::crypto {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio Reader(std::string_view pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
}

// A key that wants a passphrase is refused instead of asking the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

Certificate FirstCertificate(std::string_view pem) {
  const Bio bio = Reader(pem);
  return Certificate(PEM_read_bio_X509_AUX(bio.get(), nullptr, NoPassphrase, nullptr), X509_free);
}

base::Status Check(std::string_view certificate_pem, std::string_view private_key_pem,
                   std::string_view authorities_pem) {
  const Certificate certificate = FirstCertificate(certificate_pem);
  if (certificate == nullptr) return base::InvalidArgument("there is no PEM certificate in it");
  const Bio key_bio = Reader(private_key_pem);
  const Key key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, NoPassphrase, nullptr),
                EVP_PKEY_free);
  if (key == nullptr) {
    return base::InvalidArgument("the private key is no PEM key without a passphrase");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return base::InvalidArgument("the private key is not that of the certificate");
  }
  if (FirstCertificate(authorities_pem) == nullptr) {
    return base::InvalidArgument("the authorities hold no PEM certificate");
  }
  return base::OkStatus();
}

}  // namespace

base::Status CheckTlsIdentity(std::string_view certificate_pem, std::string_view private_key_pem,
                              std::string_view authorities_pem) {
  base::Status status = Check(certificate_pem, private_key_pem, authorities_pem);
  ERR_clear_error();
  return status;
}

base::StatusOr<std::string> UriOfPeer(const void* connection) {
  const auto refused = [](std::string_view why) {
    return base::MakeStatus(base::StatusCode::kUnauthenticated, why);
  };
  const Certificate certificate(SSL_get1_peer_certificate(static_cast<const SSL*>(connection)),
                                X509_free);
  if (certificate == nullptr) return refused("the client shows no certificate");
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  std::string uri;
  int uris = 0;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    ++uris;
    const ASN1_IA5STRING* const text = name->d.uniformResourceIdentifier;
    uri.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
               static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  if (uris != 1) return refused("the client's certificate has no URI, or several");
  return uri;
}

}  // namespace belgrand::crypto
