// Searches what a store keeps for given bytes: the proof that something is, or is no longer, there.
//
// A search of the files alone would be a false proof, for the engine compresses what it sorts; so
// every key and value is searched unpacked, older versions of a key included, records of the
// write-ahead log and of the manifest put together, and then every file byte for byte.
//
// Thread safety: functions are safe; a store is read and written meanwhile, and what is written
// after the search passed is not seen.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "platform/storage/store.h"

namespace belgrand::storage {

// What was looked through, and how often each of the sought occurs; in the order of the sought.
struct SearchCount {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::vector<std::uint64_t> hits;
};

struct SearchFacts {
  SearchCount values;     // keys and values, of sorted files and of memory
  SearchCount logs;       // write-ahead logs
  SearchCount manifests;  // what names the sorted files, and their first and last keys
  SearchCount raw;        // every file as it lies there, the above included
};

// Of a store that nobody has open, as Inspect; changes nothing.
base::StatusOr<SearchFacts> Search(const std::filesystem::path& directory,
                                   const std::vector<std::string>& sought);
// Of an open one, through a second reader of its files, which are kept meanwhile: as a copy, it
// waits for CompactAll and is waited for, and what is in memory is put into sorted files first.
base::StatusOr<SearchFacts> Search(const Store& store, const std::vector<std::string>& sought);

// Adds one file, byte for byte. OK when it is gone: files of an open store come and go.
base::Status SearchFile(const std::filesystem::path& path, const std::vector<std::string>& sought,
                        SearchCount& count);
// Adds every file below a directory; OK when there is none.
base::Status SearchTree(const std::filesystem::path& directory,
                        const std::vector<std::string>& sought, SearchCount& count);

}  // namespace belgrand::storage
