// Any bytes as a proof file or as a request to a witness: nothing may crash, what is read would be
// written the same way, and what nobody signed proves nothing and is not cosigned.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "compliance/tlog_proof.h"
#include "compliance/witness.h"
#include "platform/base/check.h"
#include "platform/base/clock.h"
#include "platform/http/client.h"

namespace belgrand::compliance {
namespace {

const NoteSigner& Log() {
  static const NoteSigner signer =
      *NoteSigner::FromSeed("audit.belgrand.example/log1", std::string(32, 's'));
  return signer;
}

const base::Clock& Clock() {
  static const base::FakeClock clock{base::Instant{}};
  return clock;
}

Witness& TheWitness() {
  static Witness* const witness = [] {
    const auto directory =
        std::filesystem::temp_directory_path() / fmt::format("belgrand.proof_fuzz.{}", ::getpid());
    auto key = NoteSigner::FromSeed("w", std::string(32, 'w'), NoteKeyType::kCosignatureV1);
    auto opened = Witness::Open({directory, {Log().verifier()}}, *std::move(key), Clock());
    BELGRAND_CHECK(opened.ok());
    return opened->release();
  }();
  return *witness;
}

void CheckProof(std::string_view bytes) {
  const auto proof = ParseTlogProof(bytes);
  if (!proof.ok()) return;
  BELGRAND_CHECK(FormatTlogProof(*proof) == bytes);
  BELGRAND_CHECK(!VerifyTlogProof(*proof, "entry", Log().verifier(), {}).ok());
}

void CheckRequest(std::string_view bytes) {
  BELGRAND_CHECK(TheWitness().AddCheckpoint(bytes).code != 200);
  const auto request = ParseAddCheckpoint(bytes);
  if (!request.ok()) return;
  BELGRAND_CHECK(FormatAddCheckpoint(*request) == bytes);
}

void CheckUrl(std::string_view bytes) {
  const std::string url(bytes);
  if (http::CheckUrl(url).ok()) {
    BELGRAND_CHECK(url.starts_with("https://") || url.starts_with("http://"));
    BELGRAND_CHECK(url.find_first_of("@?#\r\n ") == std::string::npos);
  }
}

}  // namespace
}  // namespace belgrand::compliance

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace belgrand::compliance;  // NOLINT: the entry point has no namespace of its own
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckProof(bytes);
  CheckRequest(bytes);
  CheckUrl(bytes);
  return 0;
}
