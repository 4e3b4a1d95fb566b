#include "services/backup/store_part.h"

namespace belgrand::backup {

base::Status AddStore(storage::Store& store, Sink& sink) {
  const std::uint64_t before = store.LastWrite();
  const base::Status copied =
      store.CopyFiles([&sink](const std::vector<storage::Store::LiveFile>& files) -> base::Status {
        std::uint64_t bytes = 0;
        for (const auto& file : files) bytes += file.size;
        sink.Announce(bytes);
        for (const auto& file : files) {
          RETURN_IF_ERROR(file.content
                              ? sink.AddBytes(file.name, *file.content)
                              : sink.AddFile(file.name, file.path, file.size, file.identity));
        }
        return base::OkStatus();
      });
  RETURN_IF_ERROR(copied);
  sink.AddMark(kWritesMark, before, store.LastWrite());
  return base::OkStatus();
}

}  // namespace belgrand::backup
