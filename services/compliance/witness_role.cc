#include "services/compliance/witness_role.h"

#include <sys/stat.h>

#include <system_error>
#include <utility>

#include "compliance/witness.h"
#include "platform/base/file.h"
#include "platform/base/log.h"
#include "platform/base/mutex.h"
#include "platform/crypto/secret.h"

namespace belgrand::compliance {
namespace {

constexpr char kSubmission[] = "add-checkpoint";
constexpr std::string_view kCheckpoint = "/checkpoint";
constexpr std::size_t kMaxSeedFileBytes = 4096;

const char* Name(WitnessOutcome outcome) {
  switch (outcome) {
    case WitnessOutcome::kCosigned:
      return "cosigned";
    case WitnessOutcome::kMalformed:
      return "malformed";
    case WitnessOutcome::kUnknownLog:
      return "unknown_log";
    case WitnessOutcome::kNotSigned:
      return "not_signed";
    case WitnessOutcome::kStale:
      return "stale";
    case WitnessOutcome::kContradiction:
      return "contradiction";
    case WitnessOutcome::kNotStored:
      return "not_stored";
  }
  return "unknown";
}

class WitnessRole final : public shared::Role {
 public:
  WitnessRole(const shared::Runtime& runtime, std::unique_ptr<Witness> witness)
      : metrics_(runtime.metrics), witness_(std::move(witness)) {}

  std::string_view name() const override { return "witness"; }
  std::vector<grpc::Service*> services() override { return {}; }
  base::Status Start() override {
    base::Log(base::LogLevel::kInfo, "witness_serves",
              {{"verifier_key", witness_->verifier().Encode()}});
    return base::OkStatus();
  }
  void Stop() override {}
  base::Status Ready() override {
    const base::MutexLock lock(mutex_);
    return stored_;
  }
  base::Status StoreStatus() override { return Ready(); }

  std::vector<http::Route> http_routes() override {
    using Method = http::Route::Method;
    return {{Method::kPost, "/witness/", [this](const http::Request& r) { return Add(r); }},
            {Method::kGet, "/witness/", [this](const http::Request& r) { return Show(r); }}};
  }

 private:
  http::Response Add(const http::Request& request) {
    if (request.path != kSubmission) return {404, "text/plain; charset=utf-8", "no such page\n"};
    WitnessOutcome outcome = WitnessOutcome::kMalformed;
    WitnessAnswer answer = witness_->AddCheckpoint(request.body, &outcome);
    metrics_
        .AddCounter("belgrand_witness_requests_total", "Checkpoints that logs sent, by answer.",
                    {{"outcome", Name(outcome)}})
        .Increment();
    {
      const base::MutexLock lock(mutex_);
      if (outcome == WitnessOutcome::kNotStored) {
        stored_ = base::Unavailable("the last record could not be stored: look at the disk");
      } else if (outcome == WitnessOutcome::kCosigned) {
        stored_ = base::OkStatus();
      }
    }
    return {answer.code, std::move(answer.content_type), std::move(answer.body), "no-store"};
  }

  http::Response Show(const http::Request& request) {
    std::string_view path = request.path;
    if (!path.ends_with(kCheckpoint)) return {404, "text/plain; charset=utf-8", "no such page\n"};
    path.remove_suffix(kCheckpoint.size());
    WitnessAnswer answer = witness_->Latest(path);
    return {answer.code, std::move(answer.content_type), std::move(answer.body), "no-store"};
  }

  metrics::Registry& metrics_;
  const std::unique_ptr<Witness> witness_;
  base::Mutex mutex_;
  base::Status stored_ GUARDED_BY(mutex_);
};

base::StatusOr<NoteSigner> LoadOrMakeKey(const std::filesystem::path& home,
                                         const std::string& name) {
  const std::filesystem::path file = home / "seed";
  auto seed = base::ReadFile(file, kMaxSeedFileBytes);
  if (seed.status().code() == base::StatusCode::kNotFound) {
    std::error_code error;
    if (!std::filesystem::is_empty(home / "records", error) && !error) {
      return base::FailedPrecondition(
          "{} holds records, and the key {} that made them is missing: restore the key",
          (home / "records").string(), file.string());
    }
    seed = crypto::RandomBytes(32);
    RETURN_IF_ERROR(base::WriteFileAtomically(file, *seed, 0600));
  }
  RETURN_IF_ERROR(seed.status());
  auto key = NoteSigner::FromSeed(name, *seed, NoteKeyType::kCosignatureV1);
  crypto::Cleanse(*seed);
  RETURN_IF_ERROR(base::Annotate(key.status(), file.string()));
  RETURN_IF_ERROR(
      base::WriteFileAtomically(home / "witness.vkey", key->verifier().Encode() + "\n", 0644));
  return key;
}

}  // namespace

base::StatusOr<std::unique_ptr<shared::Role>> CreateWitnessRole(const config::v1::Config& config,
                                                                const shared::Runtime& runtime) {
  if (!config.has_witness()) {
    return base::InvalidArgument(
        "the configuration has no witness section: name the witness and the keys of its logs");
  }
  const std::filesystem::path home = runtime.data_dir / "witness";
  std::error_code error;
  if (std::filesystem::create_directories(home, error)) ::chmod(home.c_str(), 0700);
  if (error) return base::Unavailable("cannot create {}: {}", home.string(), error.message());
  WitnessOptions options;
  options.directory = home / "records";
  for (const std::string& text : config.witness().log_verifier_keys()) {
    ASSIGN_OR_RETURN(options.logs.emplace_back(), NoteVerifier::Parse(text));
  }
  ASSIGN_OR_RETURN(NoteSigner key, LoadOrMakeKey(home, config.witness().name()));
  ASSIGN_OR_RETURN(auto witness, Witness::Open(std::move(options), std::move(key), runtime.clock));
  return std::unique_ptr<shared::Role>(new WitnessRole(runtime, std::move(witness)));
}

}  // namespace belgrand::compliance
