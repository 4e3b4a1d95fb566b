#include "services/detection/wire.h"

#include "services/shared/timestamp.h"

namespace belgrand::detection {
namespace {

void Fill(const sample::Normalised& normalised, sample::Censoring censoring,
          v1::NormalisedValue& out) {
  out.set_normalisation(static_cast<v1::Normalisation>(normalised.normalisation));
  if (normalised.value && censoring == sample::Censoring::kNone) out.set_value(*normalised.value);
  if (normalised.lod) out.set_lod(*normalised.lod);
  if (normalised.loq) out.set_loq(*normalised.loq);
  for (const sample::MissingInput missing : normalised.missing) {
    out.add_missing(static_cast<v1::MissingInput>(missing));
  }
}

void Fill(const EvidenceSample& sample, v1::EvidenceSample& out) {
  const sample::Measurement& m = sample.measurement;
  out.set_laboratory_id(m.laboratory_id);
  out.set_sample_id(m.sample_id);
  out.set_site_id(m.site_id);
  *out.mutable_collected_at() = shared::ToTimestamp(m.collected_at);
  // A censored value is kept by the row, but it is not a measurement.
  if (m.value && m.censoring == sample::Censoring::kNone) out.set_value(*m.value);
  out.set_censoring(static_cast<ingest::v1::Censoring>(m.censoring));
  if (m.lod) out.set_lod(*m.lod);
  if (m.loq) out.set_loq(*m.loq);
  out.set_expected_log10(sample.expected_log10);
  out.set_residual(sample.residual);
  for (const sample::Doubt doubt : sample.doubts) out.add_doubts(static_cast<v1::Doubt>(doubt));
  for (const sample::Normalised& normalised : sample.normalised) {
    Fill(normalised, m.censoring, *out.add_normalised());
  }
}

void Fill(const Seam& seam, v1::Seam& out) {
  out.set_site_id(seam.site_id);
  *out.mutable_at() = shared::ToTimestamp(seam.at);
  for (const SeamChange change : seam.changes) {
    out.add_changes(static_cast<v1::Seam::Change>(change));
  }
  out.set_before(seam.before);
  out.set_after(seam.after);
  if (seam.offset_log10) out.set_offset_log10(*seam.offset_log10);
  if (seam.sd_log10) out.set_sd_log10(*seam.sd_log10);
}

void Fill(const Evidence& evidence, v1::Evidence& out) {
  out.set_score(evidence.score);
  out.set_limit(evidence.limit);
  out.set_baseline_log10(evidence.baseline_log10);
  out.set_estimate_log10(evidence.estimate_log10);
  out.set_lower_log10(evidence.lower_log10);
  out.set_upper_log10(evidence.upper_log10);
  out.set_growth_per_day(evidence.growth_per_day);
  out.set_probability_rising(evidence.probability_rising);
  if (evidence.probability_spike) out.set_probability_spike(*evidence.probability_spike);
  for (const EvidenceSample& sample : evidence.samples) Fill(sample, *out.add_samples());
  for (const SiteContribution& site : evidence.sites) {
    v1::SiteContribution& contribution = *out.add_sites();
    contribution.set_site_id(site.site_id);
    contribution.set_weight(site.weight);
    contribution.set_estimate_log10(site.estimate_log10);
    contribution.set_growth_per_day(site.growth_per_day);
  }
  out.set_explanation(evidence.explanation);
  out.set_explanation_fr(evidence.explanation_fr);
  out.set_verify(evidence.verify);
  if (evidence.few_samples) out.set_few_samples(*evidence.few_samples);
  for (const Seam& seam : evidence.seams) Fill(seam, *out.add_seams());
}

}  // namespace

v1::Signal ToProto(const SignalChange& change) {
  v1::Signal signal;
  signal.set_signal_key(change.signal_key);
  signal.set_feed_sequence(change.feed_sequence);
  signal.set_phase(static_cast<v1::Signal::Phase>(change.phase));
  signal.set_level(static_cast<v1::AreaLevel>(change.level));
  signal.set_area_id(change.area_id);
  signal.set_district_id(change.district_id);
  signal.set_target(change.target);
  signal.set_kind(static_cast<v1::SignalKind>(change.kind));
  signal.set_severity(static_cast<v1::Severity>(change.severity));
  signal.set_detector(change.detector);
  signal.set_detector_version(change.detector_version);
  *signal.mutable_observed_at() = shared::ToTimestamp(change.observed_at);
  *signal.mutable_known_at() = shared::ToTimestamp(change.known_at);
  Fill(change.evidence, *signal.mutable_evidence());
  return signal;
}

v1::AreaState ToProto(const AreaState& state) {
  v1::AreaState out;
  out.set_level(static_cast<v1::AreaLevel>(state.level));
  out.set_area_id(state.area_id);
  out.set_district_id(state.district_id);
  out.set_target(state.target);
  *out.mutable_observed_at() = shared::ToTimestamp(state.observed_at);
  out.set_sample_count(state.sample_count);
  out.set_estimate_log10(state.estimate_log10);
  out.set_lower_log10(state.lower_log10);
  out.set_upper_log10(state.upper_log10);
  out.set_growth_per_day(state.growth_per_day);
  out.set_probability_rising(state.probability_rising);
  for (const std::string& name : state.active_detectors) out.add_active_detectors(name);
  for (const std::string& name : state.detectors_to_verify) out.add_detectors_to_verify(name);
  return out;
}

v1::ListDetectorsResponse::Detector ToProto(const DetectorInfo& info) {
  v1::ListDetectorsResponse::Detector out;
  out.set_name(info.name);
  out.set_version(info.version);
  out.set_level(static_cast<v1::AreaLevel>(info.level));
  out.set_kind(static_cast<v1::SignalKind>(info.kind));
  out.set_meaning(info.meaning);
  out.set_threshold(info.threshold);
  return out;
}

}  // namespace belgrand::detection
