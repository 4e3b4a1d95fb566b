// Internal to intake: findings that arise beside other rows, and findings on their way out.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "belgrand/ingest/v1/ingest.pb.h"
#include "belgrand/timeseries/v1/timeseries.pb.h"
#include "compliance/access_scope.h"
#include "sample/violation.h"

namespace belgrand::ingest {

// The row is stored with other content and came without a reason; or stands in this batch before.
sample::Violation ReasonRequired(const timeseries::v1::SampleVersion& stored,
                                 const timeseries::v1::SampleVersion& sent,
                                 const std::string& request_id);
sample::Violation TooManyVersions(const timeseries::v1::SampleVersion& stored,
                                  const timeseries::v1::SampleVersion& sent);
sample::Violation OtherLaboratory(const std::string& laboratory_id,
                                  const compliance::AccessScope& scope);
sample::Violation UnknownRow(const timeseries::v1::SampleVersion& sent);

sample::Language LanguageOf(v1::Language language);

// Writes findings in words. `budget` is what the whole answer may still hold, in bytes; beyond it a
// finding keeps field and rule only, so that the answer to a batch in which everything is wrong
// still fits into a message.
void AddFindings(const std::vector<sample::Violation>& findings, sample::Language language,
                 std::size_t& budget, google::protobuf::RepeatedPtrField<v1::Violation>* out);

}  // namespace belgrand::ingest
