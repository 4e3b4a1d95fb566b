#include "services/cli/spool_drain.h"

#include <sstream>
#include <utility>

#include "services/cli/import_report.h"
#include "services/cli/verdicts_csv.h"
#include "services/shared/sample_convert.h"

namespace belgrand::cli {
namespace {

using ingest::v1::Verdict;

base::StatusOr<Verdicts> Judge(const std::vector<spool::v1::Row>& rows, SampleSender& sender,
                               const DrainOptions& options) {
  std::vector<ingest::v1::Sample> samples;
  for (const spool::v1::Row& row : rows) {
    if (row.has_sample()) samples.push_back(row.sample());
  }
  SampleSender::Options sending;
  sending.patience = options.patience;
  sending.language = options.language;
  ASSIGN_OR_RETURN(Verdicts answers, sender.Send(samples, sending));
  Verdicts verdicts;
  int next = 0;
  for (const spool::v1::Row& row : rows) {
    *verdicts.Add() = row.has_sample() ? std::move(answers[next++]) : row.judged_here().verdict();
  }
  return verdicts;
}

base::StatusOr<DrainedInput> Finish(spool::Spool::Drain& drain, const spool::InputFile& input,
                                    std::uint64_t id) {
  DrainedInput drained;
  drained.id = id;
  drained.name = input.header().name();
  std::ostringstream text;
  VerdictsCsv csv(text);
  bool whole = true;
  RETURN_IF_ERROR(input.ForEach([&](const spool::v1::Row& row, const Verdict* verdict) {
    whole = whole && verdict != nullptr;
    if (verdict == nullptr) return;
    csv.Write(DescribeRow(row), *verdict);
    drained.totals.Add(*verdict);
    if (verdict->outcome() == Verdict::REJECTED && drained.rejections.size() < kShownRejections) {
      drained.rejections.emplace_back(row.line(), *verdict);
    }
  }));
  if (!whole) return base::Internal("input {} has rows without a verdict", id);
  ASSIGN_OR_RETURN(drained.verdict_file, drain.Finish(id, drained.name, text.str()));
  return drained;
}

base::StatusOr<DrainedInput> DrainInput(spool::Spool::Drain& drain, std::uint64_t id,
                                        SampleSender& sender, const DrainOptions& options) {
  ASSIGN_OR_RETURN(spool::InputFile input, drain.Open(id));
  for (;;) {
    ASSIGN_OR_RETURN(const auto rows, input.Pending(options.batch_rows));
    if (rows.empty()) return Finish(drain, input, id);
    auto verdicts = Judge(rows, sender, options);
    if (!verdicts.ok()) {
      return base::Annotate(verdicts.status(), fmt::format("input {} ({}), {} of {} rows judged",
                                                           id, input.header().name(),
                                                           input.judged(), input.header().rows()));
    }
    RETURN_IF_ERROR(input.AppendVerdicts(*verdicts));
  }
}

}  // namespace

sample::Row DescribeRow(const spool::v1::Row& row) {
  sample::Row described;
  if (row.has_sample()) {
    described.sample_id = row.sample().sample_id();
    described.site_id = row.sample().site_id();
    described.target = row.sample().target();
  } else {
    described.sample_id = row.judged_here().sample_id();
    described.site_id = row.judged_here().site_id();
    described.target = row.judged_here().target();
  }
  described.line = row.line();
  return described;
}

DrainReport DrainSpool(spool::Spool::Drain& drain, const spool::Spool& spool, SampleSender& sender,
                       const DrainOptions& options,
                       const std::function<void(const DrainedInput&)>& on_finished) {
  DrainReport report;
  const auto queue = spool.Queue();
  if (!queue.ok()) {
    report.stopped = queue.status();
    return report;
  }
  for (const std::uint64_t id : *queue) {
    const auto drained = DrainInput(drain, id, sender, options);
    if (drained.ok()) {
      ++report.finished;
      report.rejected_rows += drained->totals.rejected;
      if (on_finished) on_finished(*drained);
    } else if (drained.status().code() == base::StatusCode::kDataLoss) {
      report.damaged.push_back(drained.status());
    } else {
      report.stopped = drained.status();
      return report;
    }
  }
  return report;
}

}  // namespace belgrand::cli
