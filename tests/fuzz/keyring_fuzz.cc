// Any bytes as a keyring file or a sealed field: nothing may crash, no damaged frame may be taken
// for a person, and no forged value may open.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "compliance/keyring_file.h"
#include "compliance/sealed_field.h"
#include "platform/base/check.h"

namespace belgrand::compliance {
namespace {

// What was read is exactly what would be written, up to an unfinished append.
void CheckKeyring(std::string_view bytes) {
  constexpr std::uint32_t kEpoch = 1;
  const auto content = ParseKeyring(bytes, kEpoch);
  if (!content.ok()) return;
  BELGRAND_CHECK(content->whole_bytes <= bytes.size());
  if (content->persons.empty()) return;
  std::string again = HeaderFrame(kEpoch);
  for (const StoredPerson& person : content->persons) again += PersonFrame(person);
  const auto reread = ParseKeyring(again, kEpoch);
  BELGRAND_CHECK(reread.ok() && reread->persons.size() == content->persons.size());
  for (std::size_t i = 0; i < reread->persons.size(); ++i) {
    BELGRAND_CHECK(reread->persons[i].subject_ref == content->persons[i].subject_ref);
    BELGRAND_CHECK(reread->persons[i].wrapped == content->persons[i].wrapped);
  }
}

void CheckSealed(std::string_view bytes) {
  crypto::Key256 key{};
  BELGRAND_CHECK(!OpenField(key, "sample", bytes).ok());
  const auto subject = SubjectRefOf(bytes);
  BELGRAND_CHECK(!subject.ok() || subject->size() == kSubjectRefBytes);
  const std::string sealed = SealField(key, std::string(kSubjectRefBytes, 'r'), "sample", bytes);
  const auto opened = OpenField(key, "sample", sealed);
  BELGRAND_CHECK(opened.ok() && *opened == bytes);
}

}  // namespace
}  // namespace belgrand::compliance

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  belgrand::compliance::CheckKeyring(bytes);
  // A first frame that fits, so that the rest of the input is read as persons.
  belgrand::compliance::CheckKeyring(belgrand::compliance::HeaderFrame(1) + std::string(bytes));
  belgrand::compliance::CheckSealed(bytes);
  return 0;
}
