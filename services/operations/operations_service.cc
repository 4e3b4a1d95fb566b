#include "services/operations/operations_service.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "belgrand/operations/v1/operations.grpc.pb.h"
#include "platform/base/log.h"
#include "platform/base/mutex.h"
#include "platform/base/version.h"
#include "services/backup/folder.h"
#include "services/shared/timestamp.h"

namespace belgrand::operations {
namespace {

using shared::Caller;
using shared::CallReport;
using shared::Role;

constexpr char kCreateBackup[] = "belgrand.operations.v1.OperationsService.CreateBackup";
constexpr std::array<std::string_view, 5> kOrder = {"detection", "timeseries", "sensors",
                                                    "alerting", "compliance"};
// A response for every so many bytes; a caller on a slow line is not drowned.
constexpr std::uint64_t kBytesPerResponse = std::uint64_t{8} << 20;

std::vector<Role*> InOrder(const std::vector<Role*>& roles) {
  std::vector<Role*> ordered;
  for (const std::string_view name : kOrder) {
    const auto found = std::find_if(roles.begin(), roles.end(),
                                    [&](const Role* role) { return role->name() == name; });
    if (found != roles.end()) ordered.push_back(*found);
  }
  return ordered;
}

v1::Backup ToBackup(const storage::v1::BackupSet& set) {
  v1::Backup backup;
  backup.set_id(set.id());
  *backup.mutable_created_at() = shared::ToTimestamp(base::FromMicros(set.created_us()));
  const backup::SetSize size = backup::SizeOf(set);
  backup.set_files(size.files);
  backup.set_bytes(size.bytes);
  for (const auto& part : set.parts()) backup.add_roles(part.role());
  return backup;
}

class Service final : public Operations, public v1::OperationsService::Service {
 public:
  Service(const config::v1::Backup& config, std::vector<Role*> roles, const base::Clock& clock,
          metrics::Registry& metrics, shared::Guard& guard)
      : config_(config),
        roles_(InOrder(roles)),
        clock_(clock),
        guard_(guard),
        failures_(metrics.AddCounter("belgrand_backup_failures_total",
                                     "Backups that ended without a result.")),
        made_at_(metrics.AddGauge("belgrand_backup_last_success_timestamp_seconds",
                                  "When the last backup of this process was made; 0: none since "
                                  "it started.")) {}

  grpc::Service& service() override { return *this; }
  void Stop() override { stopping_ = true; }

  grpc::Status CreateBackup(grpc::ServerContext* context, const v1::CreateBackupRequest*,
                            grpc::ServerWriter<v1::CreateBackupResponse>* writer) override {
    CallReport report;
    report.object_kind = "backup";
    return guard_.Stream(*context, kCreateBackup, report, [&](const Caller&) -> base::Status {
      if (config_.directory().empty()) {
        return base::FailedPrecondition(
            "this process has no backup folder: set backup.directory in its configuration");
      }
      if (roles_.empty()) {
        return base::FailedPrecondition("the roles of this process store nothing");
      }
      if (busy_.exchange(true)) return base::Aborted("another backup is being made");
      const base::Status made = Make(*context, *writer);
      busy_ = false;
      if (!made.ok()) {
        failures_.Increment();
        base::Log(base::LogLevel::kError, "backup_failed", {{"reason", made}});
      }
      return made;
    });
  }

 private:
  base::Status Make(grpc::ServerContext& context,
                    grpc::ServerWriter<v1::CreateBackupResponse>& writer) {
    std::uint64_t told = 0;
    const auto tell = [&](const backup::Progress& progress) -> base::Status {
      if (stopping_) return base::Unavailable("the service is stopping: no backup was made");
      if (context.IsCancelled()) {
        return base::MakeStatus(base::StatusCode::kCancelled,
                                "the caller left: no backup was made");
      }
      if (progress.bytes_done < told + kBytesPerResponse) return base::OkStatus();
      told = progress.bytes_done;
      v1::CreateBackupResponse response;
      response.set_role(progress.role);
      response.set_bytes_done(progress.bytes_done);
      response.set_bytes_total(progress.bytes_total);
      writer.Write(response);
      return base::OkStatus();
    };
    ASSIGN_OR_RETURN(const auto maker, backup::Maker::Open(config_.directory(), tell));
    for (Role* const role : roles_) {
      maker->BeginPart(std::string(role->name()));
      const base::Status copied = role->BackUp(*maker);
      if (!copied.ok()) return base::Annotate(copied, role->name());
    }
    ASSIGN_OR_RETURN(const auto set, maker->Finish(clock_.Now(), base::kVersion));
    v1::CreateBackupResponse last;
    *last.mutable_backup() = ToBackup(set);
    last.mutable_backup()->set_fresh_bytes(maker->fresh_bytes());
    made_at_.Set(static_cast<double>(set.created_us()) / 1e6);
    base::Log(base::LogLevel::kInfo, "backup_made",
              {{"id", set.id()},
               {"bytes", last.backup().bytes()},
               {"fresh_bytes", maker->fresh_bytes()}});
    // The backup stands; what cannot be forgotten is told, for it may hold what should be gone.
    const auto forgotten = maker->Prune(config_.keep());
    if (!forgotten.ok()) return base::Annotate(forgotten.status(), "forgetting older backups");
    last.mutable_backup()->mutable_forgotten()->Assign(forgotten->begin(), forgotten->end());
    writer.Write(last);
    return base::OkStatus();
  }

  const config::v1::Backup config_;
  const std::vector<Role*> roles_;
  const base::Clock& clock_;
  shared::Guard& guard_;
  metrics::Counter& failures_;
  metrics::Gauge& made_at_;
  std::atomic<bool> busy_ = false;
  std::atomic<bool> stopping_ = false;
};

}  // namespace

std::unique_ptr<Operations> CreateOperations(const config::v1::Backup& config,
                                             std::vector<Role*> roles, const base::Clock& clock,
                                             metrics::Registry& metrics, shared::Guard& guard) {
  return std::make_unique<Service>(config, std::move(roles), clock, metrics, guard);
}

}  // namespace belgrand::operations
