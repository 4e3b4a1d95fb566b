#include "services/compliance/certificate_shelf.h"

#include <algorithm>
#include <charconv>

#include "platform/base/append_file.h"
#include "platform/base/file.h"
#include "platform/crypto/secret.h"

namespace belgrand::compliance {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kSuffix = ".note";
constexpr std::size_t kSeedBytes = 32;

}  // namespace

base::StatusOr<std::unique_ptr<CertificateShelf>> CertificateShelf::Open(const fs::path& directory,
                                                                         const fs::path& seed_path,
                                                                         std::string_view name) {
  RETURN_IF_ERROR(base::MakeDirectories({}, directory));
  auto seed = base::ReadFile(seed_path, 1024);
  if (seed.status().code() == base::StatusCode::kNotFound) {
    seed = crypto::RandomBytes(kSeedBytes);
    RETURN_IF_ERROR(base::WriteFileAtomically(seed_path, *seed, 0600));
  }
  RETURN_IF_ERROR(seed.status());
  auto signer = NoteSigner::FromSeed(name, *seed);
  crypto::Cleanse(*seed);
  if (!signer.ok()) return base::Annotate(signer.status(), seed_path.string());
  return std::unique_ptr<CertificateShelf>(new CertificateShelf(directory, std::move(*signer)));
}

fs::path CertificateShelf::PathOf(const std::string& erasure_id, std::uint64_t number) const {
  return directory_ / fmt::format("{}-{:03}{}", erasure_id, number, kSuffix);
}

base::StatusOr<std::vector<fs::path>> CertificateShelf::All() const {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator it(directory_, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == kSuffix) paths.push_back(it->path());
  }
  if (error) return base::Unavailable("cannot list {}: {}", directory_.string(), error.message());
  std::sort(paths.begin(), paths.end());
  return paths;
}

base::StatusOr<std::vector<std::uint64_t>> CertificateShelf::Numbers(
    const std::string& erasure_id) const {
  ASSIGN_OR_RETURN(const auto paths, All());
  std::vector<std::uint64_t> numbers;
  for (const fs::path& path : paths) {
    const std::string name = path.stem().string();
    if (!name.starts_with(erasure_id + "-")) continue;
    std::uint64_t number = 0;
    const char* const end = name.data() + name.size();
    if (std::from_chars(name.data() + erasure_id.size() + 1, end, number).ptr == end) {
      numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

base::StatusOr<std::string> CertificateShelf::Add(const std::string& erasure_id,
                                                  std::string_view text) {
  ASSIGN_OR_RETURN(const std::string note, SignNote(text, signer_));
  const base::MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const auto numbers, Numbers(erasure_id));
  const std::uint64_t number = numbers.empty() ? 1 : numbers.back() + 1;
  RETURN_IF_ERROR(base::WriteFileAtomically(PathOf(erasure_id, number), note));
  return note;
}

base::StatusOr<std::string> CertificateShelf::Newest(const std::string& erasure_id) const {
  ASSIGN_OR_RETURN(const auto numbers, Numbers(erasure_id));
  if (numbers.empty()) return base::NotFound("there is no certificate of erasure {}", erasure_id);
  return base::ReadFile(PathOf(erasure_id, numbers.back()), kMaxNoteBytes);
}

}  // namespace belgrand::compliance
