// The client side of intake: sends rows in batches and hands back a verdict for every one.
//
// Used by `belgrand import` and by the demonstration. Sending again is sample_sender.h's matter. A
// row that the wire cannot carry (a value that is not a number) is judged here, by the same rules;
// whether its site is known is then not said.
//
// Thread safety: externally synchronised.
#pragma once

#include <grpcpp/channel.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "sample/row.h"
#include "services/cli/sample_sender.h"

namespace belgrand::cli {

struct ImportTotals {
  std::size_t accepted = 0;
  std::size_t duplicate = 0;
  std::size_t amended = 0;
  std::size_t voided = 0;
  std::size_t rejected = 0;
  // Of the rows above: stored, but asked about.
  std::size_t warned = 0;
  // Rows by rule; a row that breaks two rules counts under both.
  std::map<std::string, std::size_t> rejected_by_rule;
  std::map<std::string, std::size_t> warned_by_rule;

  std::size_t rows() const { return accepted + duplicate + amended + voided + rejected; }
  void Add(const ingest::v1::Verdict& verdict);
};

struct ImportOptions {
  std::size_t batch_rows = 500;
  Persistence persistence = Persistence::kStore;
  ingest::v1::Language language = ingest::v1::LANGUAGE_UNSPECIFIED;
  // Told before each wait for a service that does not answer, and why. May be empty.
  std::function<void(const base::Status& status, std::chrono::milliseconds wait)> on_wait;
  // Waiting for a service that does not answer, at most this long for each batch.
  std::chrono::milliseconds patience = std::chrono::seconds(60);
};

struct ImportCallbacks {
  // In the order of the rows, after the acknowledgement. May be empty.
  std::function<void(const sample::Row&, const ingest::v1::Verdict&)> on_verdict;
  // Rows judged so far, after every batch. May be empty.
  std::function<void(std::size_t done, std::size_t total)> on_progress;
};

class ImportClient {
 public:
  // Borrows the clock. `sites`: the role timeseries, where it is a process of its own; null: asked
  // over `channel`.
  ImportClient(const std::shared_ptr<grpc::Channel>& channel, const base::Clock& clock,
               const std::shared_ptr<grpc::Channel>& sites = nullptr);

  // Adds or replaces the sites; returns how many were new or changed. Unimplemented: they are kept
  // by another process.
  base::StatusOr<std::size_t> RegisterSites(std::span<const sample::Site> sites);

  // The status of the service when it refused for good, or Unavailable when patience ran out; the
  // verdicts given until then stand.
  base::StatusOr<ImportTotals> Send(std::span<const sample::Row> rows, const ImportOptions& options,
                                    const ImportCallbacks& callbacks);

 private:
  base::StatusOr<Verdicts> Judge(std::span<const sample::Row> rows, const ImportOptions& options);

  const base::Clock& clock_;
  const std::unique_ptr<timeseries::v1::SiteService::Stub> sites_;
  SampleSender sender_;
};

// A row as it travels, or the verdict on one that the wire cannot carry.
std::variant<ingest::v1::Sample, ingest::v1::Verdict> PrepareRow(
    const sample::Row& row, base::Instant now,
    ingest::v1::Language language = ingest::v1::LANGUAGE_UNSPECIFIED);

}  // namespace belgrand::cli
