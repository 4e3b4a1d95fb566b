#include "services/cli/fiche_evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "compliance/audit_verify.h"
#include "compliance/policy.h"
#include "compliance/schema_check.h"
#include "platform/base/address.h"
#include "publication/ledger.h"
#include "publication/release.h"
#include "publication/rules.h"
#include "services/backup/set.h"

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;
namespace privacy = privacy::v1;

constexpr auto kBackupAge = std::chrono::days(8);

bool IsPlaceOrName(privacy::Category category) {
  return category == privacy::IDENTITY || category == privacy::CONTACT ||
         category == privacy::FREE_TEXT;
}

Finding SchemaClassified(const Living&) {
  const auto problems = compliance::CheckSchema(compliance::SchemaFiles());
  if (!problems.empty()) return {false, fmt::format("{} problems", problems.size())};
  int fields = 0;
  const auto messages = compliance::AllMessages(compliance::SchemaFiles());
  for (const auto* message : messages) fields += message->field_count();
  return {true, fmt::format("{} fields of {} messages carry a class", fields, messages.size())};
}

Finding SchemaBasis(const Living& living) {
  std::set<std::string> bases;
  for (const compliance::Activity& activity : living.processing.activities) {
    bases.insert(activity.legal_bases.begin(), activity.legal_bases.end());
  }
  const bool whole = !bases.empty() && !bases.contains("");
  return {whole, fmt::format("Art. {}", fmt::join(bases, ", "))};
}

// Names of those who take and analyse samples lie under their own keys.
Finding SchemaSealed(const Living& living) {
  int sealed = 0;
  int open = 0;
  for (const compliance::Activity& activity : living.processing.activities) {
    for (const compliance::PersonalField& field : activity.fields) {
      const bool staff = field.subject == privacy::SAMPLER || field.subject == privacy::LAB_STAFF;
      if (staff && field.category == privacy::IDENTITY) ++(field.sealed ? sealed : open);
    }
  }
  return {sealed > 0 && open == 0, fmt::format("{} fields sealed, {} not", sealed, open)};
}

Finding SchemaRetention(const Living& living) {
  int ended = 0;
  int endless = 0;
  for (const compliance::Activity& activity : living.processing.activities) {
    for (const compliance::PersonalField& field : activity.fields) {
      if (IsPlaceOrName(field.category)) ++(field.retention.empty() ? endless : ended);
    }
  }
  return {ended > 0 && endless == 0,
          fmt::format("{} fields with an end, {} without", ended, endless)};
}

Finding SchemaAccess(const Living& living) {
  std::size_t unaudited = 0;
  std::size_t nobody = 0;
  for (const compliance::Disclosure& disclosure : living.processing.disclosures) {
    const bool internal = disclosure.roles == std::set{privacy::INTERNAL_SERVICE};
    unaudited += !disclosure.audited && !internal;
    nobody += disclosure.roles.empty();
  }
  return {unaudited == 0 && nobody == 0,
          fmt::format("{} methods show personal fields, {} of them without an audit entry",
                      living.processing.disclosures.size(), unaudited)};
}

Finding ConfigTransport(const Living& living) {
  if (living.config.has_tls()) return {true, "mutual TLS"};
  const auto address = base::ParseAddress(living.config.listen());
  const bool loopback = address.ok() && base::IsLoopback(*address);
  return {loopback, loopback ? "loopback only" : "no TLS"};
}

Finding ConfigReflection(const Living& living) {
  return {!living.config.reflection(), living.config.reflection() ? "served" : "not served"};
}

Finding ConfigReceivers(const Living& living) {
  int streams = 0;
  int mails = 0;
  int webhooks = 0;
  for (const config::v1::Receiver& receiver : living.config.alerting().receivers()) {
    streams += receiver.has_stream();
    mails += receiver.has_mail();
    webhooks += receiver.has_webhook();
  }
  return {streams + mails + webhooks > 0,
          fmt::format("{} by stream, {} by mail, {} by webhook", streams, mails, webhooks)};
}

Finding KeyringApart(const Living& living) {
  const fs::path keyring = living.config.compliance().keyring_dir();
  std::error_code ignored;
  if (!fs::is_directory(keyring, ignored)) return {false, "no keyring there yet"};
  const std::string backup = living.config.backup().directory();
  if (backup.empty()) return {true, "a folder of its own; no backups configured"};
  const fs::path inside = fs::weakly_canonical(keyring, ignored)
                              .lexically_relative(fs::weakly_canonical(backup, ignored));
  const bool apart = inside.empty() || *inside.begin() == "..";
  return {apart, apart ? "outside the folder of backups" : "inside the folder of backups"};
}

Finding AuditIntact(const Living& living) {
  const fs::path log = fs::path(living.config.data_dir()) / "compliance/audit";
  const auto report = compliance::VerifyAuditLog(log, "");
  if (!report.ok()) return {false, "no audit log there"};
  if (!report->ok()) return {false, fmt::format("{} problems", report->problem_count)};
  return {true, fmt::format("{} entries, root {}", report->signed_entries, report->root)};
}

Finding BackupRecent(const Living& living) {
  const std::string folder = living.config.backup().directory();
  if (folder.empty()) return {false, "no backups configured"};
  const auto ids = backup::SetIds(folder);
  if (!ids.ok() || ids->empty()) return {false, "no backup there"};
  const auto set = backup::ReadSet(folder, ids->back());
  if (!set.ok()) return {false, "the newest backup cannot be read"};
  const base::Instant made = base::FromMicros(set->created_us());
  return {living.now - made <= kBackupAge, fmt::format("newest of {}", base::FormatInstant(made))};
}

// Asks the rules themselves: a looser one must be refused.
Finding PublicationRules(const Living&) {
  publication::Rules looser;
  --looser.minimum_population;
  const bool small =
      publication::Classify(looser.minimum_population, publication::InstitutionKind::kNone, {}) ==
      publication::SiteClass::kProtected;
  return {small && !publication::CheckRules(looser).ok(),
          fmt::format("{} persons, {} sites, {} %", publication::Rules().minimum_population,
                      publication::Rules().minimum_sites, publication::Rules().protection_percent)};
}

Finding PublicationAttack(const Living& living) {
  if (living.ledger.empty()) return {false, "no ledger of releases was named"};
  if (!fs::is_directory(living.ledger)) return {false, "no ledger there"};
  const auto ledger = publication::Ledger::Open(living.ledger);
  if (!ledger.ok()) return {false, "the ledger cannot be read whole"};
  const auto won =
      publication::Reattack(ledger->records(), publication::Rules().protection_percent);
  return {won.empty(),
          fmt::format("{} releases, the attacker wins {}", ledger->records().size(), won.size())};
}

template <std::string compliance::Declaration::*kField>
Finding Declared(const Living& living) {
  const bool said = !(living.declaration.*kField).empty();
  return {said, said ? "declared" : "not declared"};
}

using compliance::Declaration;
constexpr Evidence kEvidence[] = {
    {"schema.classified", SchemaClassified},
    {"schema.basis", SchemaBasis},
    {"schema.sealed", SchemaSealed},
    {"schema.retention", SchemaRetention},
    {"schema.access", SchemaAccess},
    {"config.transport", ConfigTransport},
    {"config.reflection", ConfigReflection},
    {"config.receivers", ConfigReceivers},
    {"keyring.apart", KeyringApart},
    {"audit.intact", AuditIntact},
    {"backup.recent", BackupRecent},
    {"publication.rules", PublicationRules},
    {"publication.attack", PublicationAttack},
    {"declared.controller", Declared<&Declaration::controller>},
    {"declared.contact", Declared<&Declaration::contact>},
    {"declared.officer", Declared<&Declaration::data_protection_officer>},
    {"declared.processor", Declared<&Declaration::processor>},
    {"declared.hosting", Declared<&Declaration::hosting>},
    {"declared.transfers", Declared<&Declaration::transfers>},
    {"declared.benefit", Declared<&Declaration::benefit>},
    {"declared.alternatives", Declared<&Declaration::alternatives>},
    {"declared.incident", Declared<&Declaration::incident_contact>},
    {"declared.signatory", Declared<&Declaration::signatory>},
};

}  // namespace

std::span<const Evidence> AllEvidence() { return kEvidence; }

Finding CheckEvidence(std::string_view id, const Living& living) {
  const auto at = std::find_if(std::begin(kEvidence), std::end(kEvidence),
                               [&](const Evidence& evidence) { return evidence.id == id; });
  if (at == std::end(kEvidence)) return {false, "no such evidence in this release"};
  return at->check(living);
}

}  // namespace belgrand::cli
