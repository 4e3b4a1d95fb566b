#include "services/ingest/verdict_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "sample/text.h"
#include "services/ingest/amendment.h"
#include "services/shared/sample_convert.h"

namespace belgrand::ingest {
namespace {

using sample::Text;
using sample::Violation;
using timeseries::v1::SampleVersion;

std::string NameOf(const SampleVersion& row) {
  std::string name = fmt::format("({}, {}, {}", row.laboratory_id(), row.sample_id(), row.target());
  if (!row.gene().empty()) name += ", " + row.gene();
  return name + ")";
}

}  // namespace

Violation ReasonRequired(const SampleVersion& stored, const SampleVersion& sent,
                         const std::string& request_id) {
  std::string difference = DescribeDifference(stored, sent);
  // What a stored version does not show.
  if (difference.empty()) difference = "sampled_by, analysed_by, comment";
  if (stored.request_id() == request_id) {
    return {"sample_id", sent.sample_id(), Text::kDuplicateInBatch, {NameOf(sent), difference}};
  }
  return {"amendment_reason",
          "",
          Text::kAmendmentReasonRequired,
          {NameOf(sent), std::to_string(stored.version()), difference}};
}

Violation TooManyVersions(const SampleVersion& stored, const SampleVersion& sent) {
  return {"sample_id",
          sent.sample_id(),
          Text::kTooManyVersions,
          {NameOf(sent), std::to_string(stored.version())}};
}

Violation OtherLaboratory(const std::string& laboratory_id, const compliance::AccessScope& scope) {
  return {"laboratory_id",
          sample::Printable(laboratory_id),
          Text::kOtherLaboratory,
          {fmt::format("{}", fmt::join(scope.proto().laboratory_ids(), ", "))}};
}

Violation UnknownRow(const SampleVersion& sent) {
  return {"sample_id", sent.sample_id(), Text::kUnknownRow, {NameOf(sent)}};
}

sample::Language LanguageOf(v1::Language language) {
  return language == v1::FRENCH ? sample::Language::kFrench : sample::Language::kEnglish;
}

void AddFindings(const std::vector<Violation>& findings, sample::Language language,
                 std::size_t& budget, google::protobuf::RepeatedPtrField<v1::Violation>* out) {
  for (const Violation& finding : findings) {
    v1::Violation proto = shared::ToProto(finding, language);
    const std::size_t size = proto.ByteSizeLong();
    if (size > budget) {
      proto.clear_value();
      proto.clear_allowed();
      proto.clear_remedy();
      proto.set_message(std::string(sample::TooManyFindings(language)));
    } else {
      budget -= size;
    }
    *out->Add() = std::move(proto);
  }
}

}  // namespace belgrand::ingest
