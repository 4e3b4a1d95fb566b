#include "services/alerting/expiry.h"

#include <vector>

#include "compliance/expiry_plan.h"

namespace belgrand::alerting {
namespace {

using compliance::v1::ExpiryLine;
using Verdict = compliance::ExpiryTally::Verdict;

base::StatusOr<std::vector<ExpiryLine>> SweepAll(AlertBook& book, base::Instant now,
                                                 const compliance::HoldScopes& holds,
                                                 SweepMode mode) {
  std::vector<ExpiryLine> lines;
  // Deliveries before events: a receipt never outlives what it is a receipt of for long. Alerts
  // before events: an event that is written meanwhile cannot copy what has expired.
  for (const auto* record :
       {storage::v1::DeliveryRecord::descriptor(), storage::v1::AlertRecord::descriptor(),
        storage::v1::AlertEventRecord::descriptor(), storage::v1::OutcomeRecord::descriptor(),
        storage::v1::SilenceRecord::descriptor(), storage::v1::LinkUseRecord::descriptor(),
        storage::v1::NoticeRecord::descriptor(), storage::v1::NoticeReleaseRecord::descriptor()}) {
    compliance::ExpiryTally tally(*record, now, compliance::HoldMatcher(*record, holds));
    RETURN_IF_ERROR(book.Sweep(
        *record,
        [&](google::protobuf::Message& message) {
          switch (tally.Count(message)) {
            case Verdict::kDeleteRecord:
              return ExpiryVerdict::kDelete;
            case Verdict::kClearFields:
              compliance::ClearExpiredFields(tally.policies(), &message, now);
              return ExpiryVerdict::kStore;
            default:
              return ExpiryVerdict::kKeep;
          }
        },
        mode));
    for (ExpiryLine& line : tally.Lines()) lines.push_back(std::move(line));
  }
  if (mode == SweepMode::kApply) RETURN_IF_ERROR(book.FinishSweeps());
  return lines;
}

}  // namespace

shared::Stewardship StewardshipOf(AlertBook& book) {
  return {"alert",
          [&book](base::Instant now, const compliance::HoldScopes& holds) {
            return SweepAll(book, now, holds, SweepMode::kPlan);
          },
          [&book](base::Instant now, const compliance::HoldScopes& holds) {
            return SweepAll(book, now, holds, SweepMode::kApply);
          }};
}

}  // namespace belgrand::alerting
