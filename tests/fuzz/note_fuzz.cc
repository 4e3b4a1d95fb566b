// Any bytes as a signed note, a checkpoint, a key, a tile path: nothing may crash, and nothing may
// be read that would not be written the same way.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compliance/checkpoint.h"
#include "compliance/note.h"
#include "compliance/tile.h"
#include "platform/base/check.h"

namespace belgrand::compliance {
namespace {

const NoteSigner& Signer() {
  static const NoteSigner signer = *NoteSigner::FromSeed("fuzz.example", std::string(32, 's'));
  return signer;
}

// A note that nobody signed never opens; what is signed opens to the same text.
void CheckNote(std::string_view bytes) {
  const std::vector<NoteVerifier> verifiers = {Signer().verifier()};
  BELGRAND_CHECK(!OpenNote(bytes, verifiers).ok());
  const auto note = SignNote(bytes, Signer());
  if (!note.ok()) return;
  const auto opened = OpenNote(*note, verifiers);
  BELGRAND_CHECK(opened.ok() && opened->text == bytes && opened->verified.size() == 1);
}

void CheckCheckpoint(std::string_view bytes) {
  const auto checkpoint = ParseCheckpoint(bytes);
  if (!checkpoint.ok()) return;
  // Extension lines are read over, so what is written again is the beginning of what was read.
  BELGRAND_CHECK(bytes.starts_with(FormatCheckpoint(*checkpoint)));
}

void CheckKeys(std::string_view bytes) {
  const auto verifier = NoteVerifier::Parse(bytes);
  if (verifier.ok()) {
    const auto again = NoteVerifier::Parse(verifier->Encode());
    BELGRAND_CHECK(again.ok() && again->key == verifier->key && again->name == verifier->name);
  }
  // A refused private key must not be repeated in the message. The fuzzer finds texts that the
  // message always holds; those prove nothing.
  static const std::string always = base::Message(NoteSigner::Parse("").status());
  const auto signer = NoteSigner::Parse(bytes);
  if (signer.ok() || bytes.size() < 32 || always.find(bytes) != std::string::npos) return;
  BELGRAND_CHECK(base::Message(signer.status()).find(bytes) == std::string::npos);
}

void CheckTilePath(std::string_view bytes) {
  const auto tile = ParseTilePath(bytes);
  if (tile.ok()) BELGRAND_CHECK(TilePath(*tile) == bytes);
}

void CheckBundle(std::string_view bytes) {
  const BundleContent content = ReadBundle(bytes);
  BELGRAND_CHECK(content.whole_bytes <= bytes.size());
  std::string again;
  for (const std::string_view entry : content.entries) AppendToBundle(again, entry);
  BELGRAND_CHECK(again == bytes.substr(0, content.whole_bytes));
}

}  // namespace
}  // namespace belgrand::compliance

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace belgrand::compliance;  // NOLINT: the entry point has no namespace of its own
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckNote(bytes);
  CheckCheckpoint(bytes);
  CheckKeys(bytes);
  CheckTilePath(bytes);
  CheckBundle(bytes);
  return 0;
}
