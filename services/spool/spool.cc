#include "services/spool/spool.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "platform/base/file.h"

namespace belgrand::spool {
namespace {

namespace fs = std::filesystem;

constexpr char kQueue[] = "queue";
constexpr char kVerdicts[] = "verdicts";
constexpr char kIncoming[] = "incoming";
constexpr char kSequence[] = "last_id";
constexpr char kKey[] = "key";
constexpr std::string_view kSuffix = ".spool";
constexpr std::size_t kKeyBytes = 32;
// Another process that adds needs milliseconds.
constexpr int kLockAttempts = 500;
constexpr std::chrono::milliseconds kLockWait{20};

std::string IdText(std::uint64_t id) { return fmt::format("{:08}", id); }

// The number that `text` starts with.
std::optional<std::uint64_t> LeadingId(const std::string& text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return id;
}

std::string SafeName(const std::string& name) {
  std::string safe;
  for (const char c : name.substr(0, 80)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_';
    safe.push_back(plain ? c : '_');
  }
  return safe;
}

base::Status CheckPrivate(const fs::path& path, const char* remedy_mode) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return base::NotFound("{} cannot be read: check the path", path.string());
  }
  if ((info.st_mode & 077U) == 0) return base::OkStatus();
  return base::FailedPrecondition(
      "{} has mode {:04o}, which lets other users read laboratory data: chmod {} {}", path.string(),
      info.st_mode & 0777U, remedy_mode, path.string());
}

base::Status MakeFolder(const fs::path& folder) {
  std::error_code error;
  if (fs::create_directory(folder, error)) {
    ::chmod(folder.c_str(), 0700);
    return base::SyncDirectory(folder.has_parent_path() ? folder.parent_path() : ".");
  }
  if (error) return base::Unavailable("cannot create {}: {}", folder.string(), error.message());
  return base::OkStatus();
}

base::StatusOr<std::vector<fs::path>> Files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    files.push_back(it->path());
  }
  if (error) return base::Unavailable("cannot read {}: {}", folder.string(), error.message());
  std::sort(files.begin(), files.end());
  return files;
}

base::StatusOr<base::DirectoryLock> LockPatiently(const fs::path& folder) {
  for (int attempt = 0;; ++attempt) {
    auto lock = base::DirectoryLock::Acquire(folder);
    if (lock.status().code() != base::StatusCode::kFailedPrecondition || attempt >= kLockAttempts) {
      return lock;
    }
    std::this_thread::sleep_for(kLockWait);
  }
}

}  // namespace

fs::path Spool::QueueFile(std::uint64_t id) const {
  return Folder(kQueue) / (IdText(id) + std::string(kSuffix));
}

base::StatusOr<std::unique_ptr<Spool>> Spool::Open(const SpoolOptions& options,
                                                   const base::Clock& clock) {
  std::unique_ptr<Spool> spool(new Spool(options, clock));
  std::error_code error;
  if (options.missing == SpoolOptions::Missing::kRefuse &&
      !fs::is_directory(spool->Folder(kQueue), error)) {
    return base::NotFound("{}: there is no spool here; `belgrand submit --spool` makes one",
                          options.directory.string());
  }
  RETURN_IF_ERROR(MakeFolder(options.directory));
  RETURN_IF_ERROR(CheckPrivate(options.directory, "700"));
  for (const char* folder : {kQueue, kVerdicts, kIncoming}) {
    RETURN_IF_ERROR(MakeFolder(spool->Folder(folder)));
  }
  RETURN_IF_ERROR(spool->LoadKey());
  return spool;
}

base::Status Spool::LoadKey() {
  fs::path path = options_.key_file;
  if (path.empty()) {
    path = Folder(kKey);
    // Two first calls must not make two keys.
    ASSIGN_OR_RETURN(const auto lock, LockPatiently(Folder(kIncoming)));
    std::error_code error;
    if (!fs::exists(path, error)) {
      ASSIGN_OR_RETURN(const auto queue, Queue());
      if (!queue.empty()) {
        return base::FailedPrecondition(
            "{} is missing and {} inputs are sealed under it: restore it, or give the --key-file "
            "they were spooled with",
            path.string(), queue.size());
      }
      RETURN_IF_ERROR(base::WriteFileAtomically(path, crypto::RandomBytes(kKeyBytes)));
    }
  }
  RETURN_IF_ERROR(CheckPrivate(path, "600"));
  ASSIGN_OR_RETURN(std::string bytes, base::ReadFile(path, 4096));
  auto key = crypto::Key256::FromBytes(bytes);
  const std::size_t size = bytes.size();
  crypto::Cleanse(bytes);
  if (!key.ok()) {
    return base::InvalidArgument("{} has {} bytes; a key has {}: head -c {} /dev/urandom makes one",
                                 path.string(), size, kKeyBytes, kKeyBytes);
  }
  key_ = *key;
  return base::OkStatus();
}

base::StatusOr<std::uint64_t> Spool::NextId() const {
  std::uint64_t last = 0;
  for (const char* folder : {kQueue, kVerdicts}) {
    ASSIGN_OR_RETURN(const auto files, Files(Folder(folder)));
    for (const fs::path& file : files) {
      last = std::max(last, LeadingId(file.filename().string()).value_or(0));
    }
  }
  const auto noted = base::ReadFile(Folder(kIncoming) / kSequence, 64);
  if (noted.ok()) last = std::max(last, LeadingId(*noted).value_or(0));
  return last + 1;
}

base::StatusOr<std::uint64_t> Spool::QueueBytes() const {
  ASSIGN_OR_RETURN(const auto files, Files(Folder(kQueue)));
  std::uint64_t bytes = 0;
  for (const fs::path& file : files) {
    std::error_code gone;  // drained meanwhile
    const auto size = fs::file_size(file, gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

base::StatusOr<std::uint64_t> Spool::Add(const std::string& name, std::span<const v1::Row> rows) {
  v1::InputHeader header;
  header.set_name(name);
  header.set_rows(rows.size());
  header.set_spooled_at(base::ToMicros(clock_.Now()));
  ASSIGN_OR_RETURN(const std::string bytes, InputFile::Encode(key_, header, rows));
  const fs::path incoming = Folder(kIncoming);
  ASSIGN_OR_RETURN(const auto lock, LockPatiently(incoming));
  // What a crash left half written was never acknowledged.
  ASSIGN_OR_RETURN(const auto leftovers, Files(incoming));
  std::error_code ignored;
  for (const fs::path& file : leftovers) {
    if (file.extension() == ".part") fs::remove(file, ignored);
  }
  ASSIGN_OR_RETURN(const std::uint64_t held, QueueBytes());
  if (held + bytes.size() > options_.limit_bytes) {
    return base::ResourceExhausted(
        "the spool {} holds {} of at most {} bytes and {} needs {}: drain it, or raise the limit; "
        "nothing of this file was spooled",
        options_.directory.string(), held, options_.limit_bytes, name, bytes.size());
  }
  ASSIGN_OR_RETURN(const std::uint64_t id, NextId());
  RETURN_IF_ERROR(base::WriteFileAtomically(incoming / kSequence, std::to_string(id)));
  const fs::path part = incoming / (IdText(id) + ".part");
  const auto write = [&]() -> base::Status {
    ASSIGN_OR_RETURN(base::AppendFile file, base::AppendFile::Open(part, options_.sync));
    RETURN_IF_ERROR(file.Append(bytes));
    RETURN_IF_ERROR(file.Sync());
    std::error_code error;
    fs::rename(part, QueueFile(id), error);
    if (error) return base::Unavailable("cannot move {}: {}", part.string(), error.message());
    RETURN_IF_ERROR(base::SyncDirectory(Folder(kQueue)));
    return base::OkStatus();
  };
  if (const base::Status status = write(); !status.ok()) {
    fs::remove(part, ignored);
    fs::remove(QueueFile(id), ignored);
    return status;
  }
  return id;
}

base::StatusOr<std::vector<std::uint64_t>> Spool::Queue() const {
  ASSIGN_OR_RETURN(const auto files, Files(Folder(kQueue)));
  std::vector<std::uint64_t> ids;
  for (const fs::path& file : files) {
    const auto id = LeadingId(file.filename().string());
    if (!id || file.extension() != kSuffix) continue;
    const auto preamble = base::ReadFileRange(file, 0, kPreambleBytes);
    if (preamble.status().code() == base::StatusCode::kNotFound) continue;
    if (preamble.ok() && IsDestroyed(*preamble)) continue;
    ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

base::StatusOr<InputFile> Spool::Read(std::uint64_t id) const {
  return InputFile::Open(QueueFile(id), key_, InputFile::Access::kRead);
}

base::StatusOr<InputInfo> Spool::Describe(std::uint64_t id) const {
  InputInfo info;
  info.id = id;
  const auto input = Read(id);
  if (input.status().code() == base::StatusCode::kNotFound) return input.status();
  if (!input.ok()) {
    info.status = input.status();
    return info;
  }
  // A damaged row shows only when it is read.
  info.status = input->ForEach([](const v1::Row&, const ingest::v1::Verdict*) {});
  if (info.status.code() == base::StatusCode::kNotFound) return info.status;
  info.name = input->header().name();
  info.rows = input->header().rows();
  info.judged = input->judged();
  info.bytes = input->bytes();
  info.spooled_at = base::FromMicros(input->header().spooled_at());
  return info;
}

base::StatusOr<std::vector<fs::path>> Spool::VerdictFiles() const {
  ASSIGN_OR_RETURN(auto files, Files(Folder(kVerdicts)));
  std::erase_if(files, [](const fs::path& file) { return file.extension() != ".csv"; });
  return files;
}

base::StatusOr<fs::path> Spool::VerdictFile(std::uint64_t id) const {
  ASSIGN_OR_RETURN(const auto files, VerdictFiles());
  for (const fs::path& file : files) {
    if (LeadingId(file.filename().string()) == id) return file;
  }
  return base::NotFound(
      "input {} has no verdict file in {}: `belgrand spool list` shows what is "
      "there",
      id, options_.directory.string());
}

base::Status Spool::RemoveVerdictFile(std::uint64_t id) {
  ASSIGN_OR_RETURN(const fs::path file, VerdictFile(id));
  std::error_code error;
  fs::remove(file, error);
  if (error) return base::Unavailable("cannot remove {}: {}", file.string(), error.message());
  return base::SyncDirectory(Folder(kVerdicts));
}

base::Status Spool::Destroy(std::uint64_t id) {
  const fs::path path = QueueFile(id);
  {
    ASSIGN_OR_RETURN(base::AppendFile file, base::AppendFile::Open(path, options_.sync));
    if (file.size() >= kPreambleBytes) {
      RETURN_IF_ERROR(file.Overwrite(DestroyedPreamble()));
      RETURN_IF_ERROR(file.Sync());
    }
  }
  std::error_code error;
  fs::remove(path, error);
  if (error) return base::Unavailable("cannot remove {}: {}", path.string(), error.message());
  return base::SyncDirectory(Folder(kQueue));
}

base::StatusOr<Spool::Drain> Spool::BeginDrain() {
  ASSIGN_OR_RETURN(auto lock, base::DirectoryLock::Acquire(Folder(kQueue)));
  // Finished inputs whose removal was cut off.
  ASSIGN_OR_RETURN(const auto files, Files(Folder(kQueue)));
  for (const fs::path& file : files) {
    const auto preamble = base::ReadFileRange(file, 0, kPreambleBytes);
    std::error_code ignored;
    if (preamble.ok() && IsDestroyed(*preamble)) fs::remove(file, ignored);
  }
  return Drain(*this, std::move(lock));
}

base::StatusOr<InputFile> Spool::Drain::Open(std::uint64_t id) const {
  return InputFile::Open(spool_->QueueFile(id), spool_->key_, InputFile::Access::kAppend,
                         spool_->options_.sync);
}

base::StatusOr<fs::path> Spool::Drain::Finish(std::uint64_t id, const std::string& name,
                                              std::string_view verdicts_csv) {
  const std::string stem = name.ends_with(".csv") ? name.substr(0, name.size() - 4) : name;
  fs::path file = spool_->Folder(kVerdicts) / fmt::format("{}-{}.csv", IdText(id), SafeName(stem));
  RETURN_IF_ERROR(base::WriteFileAtomically(file, verdicts_csv));
  RETURN_IF_ERROR(spool_->Destroy(id));
  return file;
}

base::Status Spool::Drain::Drop(std::uint64_t id) {
  std::error_code error;
  if (!fs::exists(spool_->QueueFile(id), error)) {
    return base::NotFound(
        "there is no input {} in the queue of {}: `belgrand spool list` shows "
        "what is there",
        id, spool_->options_.directory.string());
  }
  return spool_->Destroy(id);
}

}  // namespace belgrand::spool
