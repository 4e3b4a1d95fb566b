// The files of a keyring directory and the frames in them; compliance/keyring.h gives them meaning.
//
//   index.key            32 bytes, HMAC key by which a person seen before is found
//   epoch.<n>.key        32 bytes, wraps the person keys of epoch n
//   keyring.<n>          frames: KeyringHeader, then one PersonKey per person
//
// The highest n with a keyring.<n> is current: renaming that file into place is the instant at
// which an epoch changes. A frame is u32 big-endian length || first 4 bytes of SHA-256(payload) ||
// payload. docs/formats/keyring.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "platform/crypto/secret.h"

namespace belgrand::compliance {

// A person as the file holds it.
struct StoredPerson {
  std::string subject_ref;
  std::string wrapped;
};

struct KeyringContent {
  std::vector<StoredPerson> persons;
  // Bytes of whole frames; what follows in the file is an unfinished append.
  std::uint64_t whole_bytes = 0;
};

// Epochs for which `directory` has a keyring file and those for which it has a key, ascending.
struct KeyringEpochs {
  std::vector<std::uint32_t> keyrings;
  std::vector<std::uint32_t> keys;
};
base::StatusOr<KeyringEpochs> ListEpochs(const std::filesystem::path& directory);

std::filesystem::path IndexKeyPath(const std::filesystem::path& directory);
std::filesystem::path EpochKeyPath(const std::filesystem::path& directory, std::uint32_t epoch);
std::filesystem::path KeyringPath(const std::filesystem::path& directory, std::uint32_t epoch);

// Reads a 32-byte key file. NotFound, or DataLoss for another length.
base::StatusOr<crypto::Key256> ReadKeyFile(const std::filesystem::path& path);
// Makes a random key, durable with mode 0600.
base::StatusOr<crypto::Key256> CreateKeyFile(const std::filesystem::path& path);
// Overwrites the key, syncs, unlinks, syncs the directory. OK when there is none. On copy-on-write
// filesystems and flash the overwritten block may survive below the file system.
base::Status DestroyKeyFile(const std::filesystem::path& path);

std::string HeaderFrame(std::uint32_t epoch);
std::string PersonFrame(const StoredPerson& person);

// DataLoss names the frame that is damaged; a cut last frame, or zeros after the last one, is an
// unfinished append and not damage.
base::StatusOr<KeyringContent> ParseKeyring(std::string_view bytes, std::uint32_t epoch);

}  // namespace belgrand::compliance
