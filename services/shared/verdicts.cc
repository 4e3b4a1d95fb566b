#include "services/shared/verdicts.h"

namespace belgrand::shared {

using ingest::v1::Verdict;

base::StatusOr<google::protobuf::RepeatedPtrField<Verdict>> ExpandVerdicts(
    const ingest::v1::StreamSamplesRequest& request,
    const ingest::v1::StreamSamplesResponse& response) {
  const auto rows = static_cast<std::uint32_t>(request.samples_size());
  google::protobuf::RepeatedPtrField<Verdict> verdicts;
  auto told = response.verdicts().begin();
  auto range = response.stored().begin();
  for (std::uint32_t row = 0; row < rows; ++row) {
    if (told != response.verdicts().end() && told->row() == row) {
      *verdicts.Add() = *told++;
      continue;
    }
    if (range == response.stored().end() || row < range->first_row() ||
        row - range->first_row() >= range->count()) {
      return base::DataLoss("the answer says nothing of row {}", row);
    }
    Verdict& verdict = *verdicts.Add();
    verdict.set_row(row);
    verdict.set_sample_id(request.samples(static_cast<int>(row)).sample_id());
    verdict.set_outcome(Verdict::ACCEPTED);
    verdict.set_version(1);
    verdict.set_feed_sequence(range->first_feed_sequence() + (row - range->first_row()));
    if (row - range->first_row() + 1 == range->count()) ++range;
  }
  if (told != response.verdicts().end() || range != response.stored().end()) {
    return base::DataLoss("the answer tells of more than the {} rows that were sent", rows);
  }
  return verdicts;
}

}  // namespace belgrand::shared
