// The silences of AlertBook.
#include <algorithm>
#include <utility>

#include "alerting/book.h"
#include "alerting/book_draft.h"
#include "alerting/no_alert.h"
#include "alerting/records.h"
#include "alerting/silence.h"

namespace belgrand::alerting {

using storage::v1::AlertRecord;
using storage::v1::SilenceRecord;

base::StatusOr<std::vector<SilenceRecord>> AlertBook::Silences() const {
  std::vector<SilenceRecord> silences;
  auto cursor = store_.Scan(kSilences, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(auto silence, ParseRecord<SilenceRecord>("silence", cursor.value()));
    silences.push_back(std::move(silence));
  }
  RETURN_IF_ERROR(cursor.status());
  return silences;
}

base::StatusOr<SilenceRecord> AlertBook::CreateSilence(SilenceRecord silence) {
  base::MutexLock lock(mutex_);
  const base::Instant now = clock_.Now();
  if (silence.starts_at_us() == 0) silence.set_starts_at_us(base::ToMicros(now));
  RETURN_IF_ERROR(CheckSilence(silence, now));
  std::erase_if(silences_, [&](const auto& s) { return s.ends_at_us() <= base::ToMicros(now); });
  if (silences_.size() >= kMaxSilences) {
    return base::ResourceExhausted("{} silences are active or to come: at most {}; end some",
                                   silences_.size(), kMaxSilences);
  }
  ASSIGN_OR_RETURN(const auto next, store_.Get(kMeta, NextSilenceMetaKey()));
  std::uint64_t number = 1;
  if (next) {
    ASSIGN_OR_RETURN(number, DecodeNumber(NextSilenceMetaKey(), *next));
  }
  silence.set_silence_id(number);
  silence.set_created_at_us(base::ToMicros(now));
  silence.clear_ended_by();
  silence.clear_consented_by();
  silence.clear_consented_at_us();
  silence.set_needs_consent(NeedsConsent(silence));
  // Kept only as long as somebody else's must differ from it.
  if (!silence.needs_consent()) silence.clear_made_by_identity();
  storage::Batch batch;
  batch.Put(kSilences, SilenceKey(number), silence.SerializeAsString());
  batch.Put(kMeta, NextSilenceMetaKey(), EncodeNumber(number + 1));
  RETURN_IF_ERROR(store_.Write(batch));
  silences_.push_back(silence);
  return silence;
}

bool AlertBook::NeedsConsent(const SilenceRecord& silence) const {
  return IsBroad(silence, silence_districts_alone_);
}

base::StatusOr<SilenceRecord> AlertBook::ConsentToSilence(std::uint64_t silence_id,
                                                          const Person& who) {
  RETURN_IF_ERROR(CheckPerson(who.name, "comment", ""));
  base::MutexLock lock(mutex_);
  const base::Instant now = clock_.Now();
  ASSIGN_OR_RETURN(const auto value, store_.Get(kSilences, SilenceKey(silence_id)));
  if (!value) return NoSilence(silence_id);
  ASSIGN_OR_RETURN(auto silence, ParseRecord<SilenceRecord>("silence", *value));
  if (silence.ends_at_us() <= base::ToMicros(now)) {
    return base::FailedPrecondition("silence {} ended at {}", silence_id,
                                    base::FormatInstant(base::FromMicros(silence.ends_at_us())));
  }
  if (!silence.needs_consent()) {
    return base::FailedPrecondition("silence {} needs no consent: it mutes already", silence_id);
  }
  if (!AwaitsConsent(silence)) return silence;
  if (silence.owner().empty()) {
    return base::FailedPrecondition(
        "the owner of silence {} was erased and cannot be told from who consents: end it and make "
        "another",
        silence_id);
  }
  if (IsSamePerson({silence.owner(), silence.made_by_identity()}, who)) {
    return base::PermissionDenied(
        "silence {} was made by the same person or over the same identity: another person must "
        "consent",
        silence_id);
  }
  silence.set_consented_by(std::string(who.name));
  silence.set_consented_at_us(base::ToMicros(now));
  silence.clear_made_by_identity();
  storage::Batch batch;
  batch.Put(kSilences, SilenceKey(silence_id), silence.SerializeAsString());
  RETURN_IF_ERROR(store_.Write(batch));
  const auto kept =
      std::ranges::find(silences_, silence_id, &storage::v1::SilenceRecord::silence_id);
  if (kept != silences_.end()) *kept = silence;
  return silence;
}

base::StatusOr<SilenceRecord> AlertBook::EndSilence(std::uint64_t silence_id, std::string_view by) {
  RETURN_IF_ERROR(CheckPerson(by, "comment", ""));
  base::MutexLock lock(mutex_);
  const std::int64_t now_us = base::ToMicros(clock_.Now());
  ASSIGN_OR_RETURN(const auto value, store_.Get(kSilences, SilenceKey(silence_id)));
  if (!value) return NoSilence(silence_id);
  ASSIGN_OR_RETURN(auto silence, ParseRecord<SilenceRecord>("silence", *value));
  if (silence.ends_at_us() <= now_us) {
    return base::FailedPrecondition("silence {} ended at {}", silence_id,
                                    base::FormatInstant(base::FromMicros(silence.ends_at_us())));
  }
  silence.set_ends_at_us(now_us);
  silence.set_ended_by(std::string(by));
  silence.clear_made_by_identity();
  storage::Batch batch;
  batch.Put(kSilences, SilenceKey(silence_id), silence.SerializeAsString());
  RETURN_IF_ERROR(store_.Write(batch));
  std::erase_if(silences_, [&](const auto& s) { return s.silence_id() == silence_id; });
  return silence;
}

base::StatusOr<std::vector<AlertRecord>> AlertBook::PreviewSilence(
    const SilenceRecord& silence) const {
  RETURN_IF_ERROR(CheckSilenceMatch(silence));
  ASSIGN_OR_RETURN(auto alerts, List({}));
  std::erase_if(alerts, [&](const AlertRecord& alert) {
    return !Stands(alert.state()) || !Mutes(silence, FactsOf(alert));
  });
  return alerts;
}

std::string AlertBook::MutedBy(const AlertFacts& facts, std::string_view alert_id,
                               base::Instant at) const {
  base::MutexLock lock(mutex_);
  return MutedByLocked(nullptr, facts, alert_id, at);
}

std::string AlertBook::MutedByLocked(const Draft* draft, const AlertFacts& facts,
                                     std::string_view alert_id, base::Instant at) const {
  for (const SilenceRecord& silence : silences_) {
    if (IsActive(silence, at) && Mutes(silence, facts)) {
      return fmt::format("silence {}", silence.silence_id());
    }
  }
  if (!policy_.HasInhibitions()) return "";
  const auto by = [&](const AlertFacts& source, const std::string& source_id) -> std::string {
    if (source_id == alert_id) return "";
    const auto rule = policy_.Inhibits(source, facts, at);
    return rule ? fmt::format("inhibition {} ({})", *rule, source_id) : "";
  };
  if (draft != nullptr) {
    for (const auto& [key, alert] : draft->alerts) {
      if (!Stands(alert.state())) continue;
      if (auto reason = by(FactsOf(alert), alert.alert_id()); !reason.empty()) return reason;
    }
  }
  for (const auto& [key, watch] : watched_) {
    if (!watch.stands || (draft != nullptr && draft->alerts.contains(key))) continue;
    if (auto reason = by(watch.facts, watch.alert_id); !reason.empty()) return reason;
  }
  return "";
}

}  // namespace belgrand::alerting
