// What protection costs: durable appends to the audit log, alone and in company, and sealing.
//
// The audited path waits for one sync a call; group commit is what makes that bearable under load.
// The ratio of the two append rates is printed as the counter "speedup" of the concurrent run. A
// disk is measured here, so the figures are of the machine and the temporary directory (TMPDIR)
// they ran on.
#include <benchmark/benchmark.h>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "compliance/audit_log.h"
#include "compliance/keyring.h"
#include "platform/base/check.h"
#include "platform/base/clock.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {
namespace {

constexpr std::size_t kEntryBytes = 200;  // about what an AuditEntry takes

struct Log {
  testing::TempDir dir;
  std::unique_ptr<AuditLog> log;
  Log() {
    AuditLogOptions options;
    options.directory = dir.path() / "log";
    options.origin = "audit.belgrand.example/bench";
    options.seed_path = dir.path() / "seed";
    auto opened = AuditLog::Open(options, base::Clock::System());
    BELGRAND_CHECK(opened.ok());
    log = *std::move(opened);
  }
};

std::optional<Log> shared_log;
double single_rate = 0;

void AppendDurably(benchmark::State& state) {
  const std::vector<std::string> entry = {std::string(kEntryBytes, 'e')};
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) {
    BELGRAND_CHECK(shared_log->log->Append(entry).ok());
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (state.thread_index() != 0) return;
  const double rate = static_cast<double>(state.iterations()) * state.threads() / took.count();
  state.counters["appends/s"] = rate;
  if (state.threads() == 1) {
    single_rate = rate;
  } else if (single_rate > 0) {
    state.counters["speedup"] = rate / single_rate;
  }
}
void OpenLog(const benchmark::State&) { shared_log.emplace(); }
void CloseLog(const benchmark::State&) { shared_log.reset(); }
BENCHMARK(AppendDurably)->Setup(OpenLog)->Teardown(CloseLog)->UseRealTime()->Threads(1);
BENCHMARK(AppendDurably)->Setup(OpenLog)->Teardown(CloseLog)->UseRealTime()->Threads(32);

void AppendBatchOf500(benchmark::State& state) {
  const Log log;
  const std::vector<std::string> entries(500, std::string(kEntryBytes, 'e'));
  for (auto _ : state) BELGRAND_CHECK(log.log->Append(entries).ok());
  state.SetItemsProcessed(state.iterations() * 500);
}
BENCHMARK(AppendBatchOf500)->UseRealTime();

std::unique_ptr<Keyring> NewKeyring(const testing::TempDir& dir) {
  auto keyring = Keyring::OpenDirectory({dir.path() / "keyring"});
  BELGRAND_CHECK(keyring.ok());
  return *std::move(keyring);
}

std::vector<PlainValue> Persons(int count) {
  std::vector<PlainValue> values;
  for (int i = 0; i < count; ++i) {
    values.push_back({1, "lab-a", fmt::format("technician {}", i), fmt::format("field/{}", i)});
  }
  return values;
}

void SealKnownPersons(benchmark::State& state) {
  const testing::TempDir dir;
  const auto keyring = NewKeyring(dir);
  const std::vector<PlainValue> values = Persons(100);
  BELGRAND_CHECK(keyring->Seal(values).ok());
  for (auto _ : state) BELGRAND_CHECK(keyring->Seal(values).ok());
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(SealKnownPersons);

void OpenSealedValues(benchmark::State& state) {
  const testing::TempDir dir;
  const auto keyring = NewKeyring(dir);
  const std::vector<PlainValue> values = Persons(1);
  const auto sealed = keyring->Seal(values);
  BELGRAND_CHECK(sealed.ok());
  for (auto _ : state) {
    BELGRAND_CHECK(keyring->Open(sealed->front().sealed, values[0].place).ok());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(OpenSealedValues);

// Erasing one person rewraps all the others.
void DropOneOf(benchmark::State& state) {
  const testing::TempDir dir;
  const auto keyring = NewKeyring(dir);
  const auto sealed = keyring->Seal(Persons(static_cast<int>(state.range(0))));
  BELGRAND_CHECK(sealed.ok());
  std::size_t next = 0;
  for (auto _ : state) {
    BELGRAND_CHECK(keyring->Drop((*sealed)[next++ % sealed->size()].subject_ref).ok());
  }
}
BENCHMARK(DropOneOf)
    ->Arg(1000)
    ->Arg(100000)
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace belgrand::compliance

BENCHMARK_MAIN();
