// Sends what a spool holds, oldest first, and leaves a verdict file for every input it finishes.
//
// Every verdict is durable in the spool before the next rows are sent; a row that was judged, also
// one that was rejected, is never sent again. When the service cannot be reached the drain stops
// where it is: order is kept, and the next drain goes on from there. A damaged input is reported
// and passed over.
//
// Thread safety: externally synchronised.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "services/cli/import_client.h"
#include "services/cli/sample_sender.h"
#include "services/spool/spool.h"

namespace belgrand::cli {

struct DrainedInput {
  std::uint64_t id = 0;
  std::string name;
  ImportTotals totals;
  std::filesystem::path verdict_file;
  // The first few rejected rows: line and verdict.
  std::vector<std::pair<std::uint64_t, ingest::v1::Verdict>> rejections;
};

struct DrainOptions {
  ingest::v1::Language language = ingest::v1::LANGUAGE_UNSPECIFIED;
  std::size_t batch_rows = 500;
  std::chrono::milliseconds patience = std::chrono::seconds(10);
};

struct DrainReport {
  std::size_t finished = 0;
  std::size_t rejected_rows = 0;
  // OK: the queue was emptied, but for the damaged inputs.
  base::Status stopped;
  std::vector<base::Status> damaged;
};

DrainReport DrainSpool(spool::Spool::Drain& drain, const spool::Spool& spool, SampleSender& sender,
                       const DrainOptions& options,
                       const std::function<void(const DrainedInput&)>& on_finished);

// A spooled row as the verdict file and the terminal show it; persons are left out.
sample::Row DescribeRow(const spool::v1::Row& row);

}  // namespace belgrand::cli
