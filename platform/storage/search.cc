#include "platform/storage/search.h"

#include <rocksdb/utilities/debug.h>
#include <string.h>

#include <algorithm>
#include <fstream>

#include "platform/base/file.h"
#include "platform/storage/engine.h"
#include "platform/storage/search_engine.h"

namespace belgrand::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPage = 32;
constexpr std::size_t kPiece = std::size_t{4} << 20;
// The engine's record format: blocks of this size, records behind a header of checksum, length and
// type.
constexpr std::size_t kBlock = std::size_t{32} << 10;
constexpr std::size_t kHeader = 7;
constexpr std::size_t kRecyclableHeader = 11;

std::uint64_t Occurrences(std::string_view text, std::string_view sought) {
  std::uint64_t found = 0;
  while (!sought.empty() && text.size() >= sought.size()) {
    const void* at = ::memmem(text.data(), text.size(), sought.data(), sought.size());
    if (at == nullptr) break;
    ++found;
    text.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(at) - text.data()) + 1);
  }
  return found;
}

void Look(std::string_view text, const std::vector<std::string>& sought, SearchCount& count) {
  count.hits.resize(sought.size());
  count.bytes += text.size();
  for (std::size_t i = 0; i < sought.size(); ++i) count.hits[i] += Occurrences(text, sought[i]);
}

// Every version of every key of a family, page by page.
base::Status SearchFamily(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                          const std::vector<std::string>& sought, SearchCount& count) {
  std::string from;
  std::size_t page = kPage;
  while (true) {
    std::vector<rocksdb::KeyVersion> versions;
    RETURN_IF_ERROR(
        FromEngine(rocksdb::GetAllKeyVersions(&db, family, from, rocksdb::Slice(), page, &versions),
                   "cannot search family " + family->GetName()));
    const bool last = versions.size() < page;
    // The versions of the last key may go on beyond the page: it is left for the next one.
    std::string next;
    if (!last) {
      next = versions.back().user_key;
      if (versions.front().user_key == next) {
        page *= 2;
        continue;
      }
      std::erase_if(versions, [&](const auto& version) { return version.user_key == next; });
    }
    for (const rocksdb::KeyVersion& version : versions) {
      Look(version.user_key, sought, count);
      Look(version.value, sought, count);
    }
    if (last) return base::OkStatus();
    from = std::move(next);
    page = kPage;
  }
}

// What the records of a log hold, one after the other; up to the first that is not one.
std::string Records(std::string_view file) {
  std::string records;
  for (std::size_t block = 0; block < file.size(); block += kBlock) {
    std::string_view rest = file.substr(block, kBlock);
    while (rest.size() >= kHeader) {
      const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(rest[at]); };
      const std::size_t length = byte(4) | static_cast<std::size_t>(byte(5)) << 8;
      const unsigned type = byte(6);
      if (type == 0 && length == 0) break;  // the rest of the block is padding
      const std::size_t header = type >= 5 && type <= 8 ? kRecyclableHeader : kHeader;
      if (rest.size() < header + length) break;
      records += rest.substr(header, length);
      rest.remove_prefix(header + length);
    }
  }
  return records;
}

base::Status SearchRecords(const fs::path& path, const std::vector<std::string>& sought,
                           SearchCount& count) {
  const auto bytes = base::ReadFile(path, std::size_t{4} << 30);
  if (bytes.status().code() == base::StatusCode::kNotFound) return base::OkStatus();
  RETURN_IF_ERROR(bytes.status());
  ++count.files;
  Look(Records(*bytes), sought, count);
  return base::OkStatus();
}

}  // namespace

base::Status SearchFile(const fs::path& path, const std::vector<std::string>& sought,
                        SearchCount& count) {
  count.hits.resize(sought.size());
  std::error_code error;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (!fs::exists(path, error)) return base::OkStatus();
    return base::Unavailable("cannot read {}", path.string());
  }
  std::size_t overlap = 0;
  for (const std::string& one : sought) overlap = std::max(overlap, one.size());
  ++count.files;
  // Pieces share what may lie across their border; an occurrence counts in the piece it ends in.
  std::string piece;
  while (file) {
    const std::size_t kept = piece.size();
    piece.resize(kept + kPiece);
    file.read(piece.data() + kept, kPiece);
    piece.resize(kept + static_cast<std::size_t>(file.gcount()));
    count.bytes += static_cast<std::uint64_t>(file.gcount());
    for (std::size_t i = 0; i < sought.size(); ++i) {
      const std::size_t seen = std::min(kept, sought[i].empty() ? 0 : sought[i].size() - 1);
      count.hits[i] += Occurrences(std::string_view(piece).substr(kept - seen), sought[i]);
    }
    piece.erase(0, piece.size() - std::min(piece.size(), overlap));
  }
  if (file.bad()) return base::Unavailable("cannot read {}", path.string());
  return base::OkStatus();
}

base::Status SearchTree(const fs::path& directory, const std::vector<std::string>& sought,
                        SearchCount& count) {
  count.hits.resize(sought.size());
  std::error_code error;
  if (!fs::exists(directory, error)) return base::OkStatus();
  for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code gone;
    if (it->is_regular_file(gone)) RETURN_IF_ERROR(SearchFile(it->path(), sought, count));
  }
  if (error) return base::Unavailable("cannot list {}: {}", directory.string(), error.message());
  return base::OkStatus();
}

base::StatusOr<SearchFacts> SearchDatabase(
    rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& families,
    const fs::path& directory, const std::vector<std::string>& sought) {
  SearchFacts facts;
  for (SearchCount* count : {&facts.values, &facts.logs, &facts.manifests, &facts.raw}) {
    count->hits.resize(sought.size());
  }
  std::vector<rocksdb::LiveFileMetaData> tables;
  db.GetLiveFilesMetaData(&tables);
  facts.values.files = tables.size();
  for (rocksdb::ColumnFamilyHandle* family : families) {
    RETURN_IF_ERROR(SearchFamily(db, family, sought, facts.values));
  }
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    files.push_back(it->path());
  }
  if (error) return base::Unavailable("cannot list {}: {}", directory.string(), error.message());
  for (const fs::path& path : files) {
    if (path.extension() == ".log") RETURN_IF_ERROR(SearchRecords(path, sought, facts.logs));
    if (path.filename().string().starts_with("MANIFEST-")) {
      RETURN_IF_ERROR(SearchRecords(path, sought, facts.manifests));
    }
  }
  RETURN_IF_ERROR(SearchTree(directory, sought, facts.raw));
  return facts;
}

base::StatusOr<SearchFacts> Search(const fs::path& directory,
                                   const std::vector<std::string>& sought) {
  ASSIGN_OR_RETURN(const ReadOnlyStore store, OpenReadOnly(directory));
  return SearchDatabase(*store.db, store.families, directory, sought);
}

base::StatusOr<SearchFacts> Search(const Store& store, const std::vector<std::string>& sought) {
  base::StatusOr<SearchFacts> facts = base::Internal("the store has no files");
  RETURN_IF_ERROR(store.CopyFiles([&](const std::vector<Store::LiveFile>& files) -> base::Status {
    if (files.empty()) return base::OkStatus();
    const fs::path directory = files.front().path.parent_path();
    ASSIGN_OR_RETURN(const ReadOnlyStore reader, OpenReadOnlyShared(directory));
    facts = SearchDatabase(*reader.db, reader.families, directory, sought);
    return base::OkStatus();
  }));
  return facts;
}

}  // namespace belgrand::storage
