#include "services/compliance/audit_part.h"

#include <algorithm>
#include <system_error>

#include "compliance/checkpoint.h"
#include "compliance/tile.h"
#include "compliance/tile_reader.h"
#include "platform/base/file.h"

namespace belgrand::compliance {
namespace {

constexpr char kFolder[] = "audit/";

// The tile's file as it was when the log had `size` entries.
base::Status AddTile(const std::filesystem::path& directory, std::uint64_t size,
                     const TileName& name, backup::Sink& sink) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadLogResource(directory, size, TilePath(name)));
  sink.Announce(bytes.size());
  return sink.AddBytes(kFolder + TilePath({name.level, name.index, kTileWidth}), bytes);
}

base::Status AddLevel(const std::filesystem::path& directory, std::uint64_t size, int level,
                      std::uint64_t held, backup::Sink& sink) {
  for (std::uint64_t at = 0; at < held; at += kTileWidth) {
    RETURN_IF_ERROR(
        AddTile(directory, size, {level, at / kTileWidth, std::min(kTileWidth, held - at)}, sink));
  }
  return base::OkStatus();
}

}  // namespace

base::Status AddAuditLog(AuditLog& log, const std::filesystem::path& directory,
                         backup::Sink& sink) {
  ASSIGN_OR_RETURN(const std::string note, log.Checkpoint());
  // A note of our own making: its text ends at the empty line.
  ASSIGN_OR_RETURN(const Checkpoint checkpoint,
                   ParseCheckpoint(note.substr(0, note.find("\n\n") + 1)));
  const std::uint64_t size = checkpoint.size;
  RETURN_IF_ERROR(AddLevel(directory, size, TileName::kEntries, size, sink));
  for (int level = 0; level <= kMaxTileLevel && HashesAtLevel(size, level) > 0; ++level) {
    RETURN_IF_ERROR(AddLevel(directory, size, level, HashesAtLevel(size, level), sink));
  }
  ASSIGN_OR_RETURN(const std::string key, base::ReadFile(directory / kVerifierKeyFile));
  sink.Announce(key.size() + note.size());
  RETURN_IF_ERROR(sink.AddBytes(std::string(kFolder) + kVerifierKeyFile, key));
  RETURN_IF_ERROR(sink.AddBytes(std::string(kFolder) + kCheckpointFile, note));
  sink.AddMark(kEntriesMark, size, size);
  return base::OkStatus();
}

base::Status AddClosedLogs(const std::filesystem::path& root, backup::Sink& sink) {
  std::error_code error;
  if (!std::filesystem::exists(root, error)) return base::OkStatus();
  std::filesystem::recursive_directory_iterator it(root, error);
  for (const std::filesystem::recursive_directory_iterator end; !error && it != end;
       it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    const std::string name = it->path().lexically_relative(root.parent_path()).generic_string();
    const std::uint64_t size = it->file_size(error);
    if (error) break;
    sink.Announce(size);
    RETURN_IF_ERROR(sink.AddFile(name, it->path(), size, ""));
  }
  if (error) return base::Unavailable("cannot read {}: {}", root.string(), error.message());
  return base::OkStatus();
}

}  // namespace belgrand::compliance
