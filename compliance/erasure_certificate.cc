#include "compliance/erasure_certificate.h"

#include <algorithm>
#include <charconv>

#include "platform/crypto/encoding.h"

namespace belgrand::compliance {
namespace {

constexpr std::string_view kTitle = "belgrand.erasure/v1";

std::uint64_t ExactHits(const std::vector<v1::SearchLine>& lines) {
  std::uint64_t hits = 0;
  for (const v1::SearchLine& line : lines) hits += line.exact_hits();
  return hits;
}

std::uint64_t LooseHits(const std::vector<v1::SearchLine>& lines) {
  std::uint64_t hits = 0;
  for (const v1::SearchLine& line : lines) hits += line.loose_hits();
  return hits;
}

void AddSearch(std::string& text, std::string_view verb, const v1::SearchLine& line) {
  text += fmt::format("{} \"{}\" {}: {} files, {} bytes, person {} times, letters {} times\n", verb,
                      line.store(), line.part(), line.files(), line.bytes(), line.exact_hits(),
                      line.loose_hits());
}

void AddBackups(std::string& text, const ErasureFacts& facts) {
  if (!facts.backups_known) {
    text += "backups unknown: the process that searched has no backup folder\n";
    return;
  }
  for (const BackupFact& backup : facts.backups) {
    if (backup.damaged) {
      text += fmt::format("backup {}: damaged, not searched\n", backup.id);
      continue;
    }
    text += fmt::format("backup {} of {}: {}\n", backup.id, base::FormatInstant(backup.created),
                        backup.before     ? "remains, made before the end of the erasure"
                        : backup.searched ? "searched, made since"
                                          : "not searched, made since");
  }
  if (std::none_of(facts.backups.begin(), facts.backups.end(),
                   [](const BackupFact& backup) { return backup.before || backup.damaged; })) {
    text += "backups: none from before the end of the erasure is left\n";
  }
}

std::string Verdict(const ErasureFacts& facts) {
  if (!facts.searchable) {
    return "verdict: NOT SEARCHED, the name is too short to be told from chance; its fields were "
           "cleared\n";
  }
  if (!IsClean(facts.searched)) {
    return fmt::format("verdict: NOT CLEAN, the person was found {} times\n",
                       ExactHits(facts.searched));
  }
  const std::uint64_t letters = LooseHits(facts.searched);
  if (letters == 0) return "verdict: clean\n";
  return fmt::format(
      "verdict: clean, but the letters of the name still occur {} times, by themselves or in a "
      "longer word\n",
      letters);
}

// The text behind `prefix` up to the end of its line; nothing when no line begins so.
std::optional<std::string_view> Line(std::string_view text, std::string_view prefix) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(prefix)) return line.substr(prefix.size());
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return std::nullopt;
}

}  // namespace

bool IsClean(const std::vector<v1::SearchLine>& searched) {
  return !searched.empty() && ExactHits(searched) == 0;
}

base::Status CheckControl(const std::vector<v1::ErasureLine>& held,
                          const std::vector<v1::SearchLine>& control, std::string_view store) {
  const bool holds = std::any_of(held.begin(), held.end(),
                                 [](const v1::ErasureLine& line) { return line.count() > 0; });
  if (!holds) return base::OkStatus();
  std::uint64_t found = 0;
  for (const v1::SearchLine& line : control) {
    // The files alone would not do: what is packed hides there.
    if (line.store() == store && line.part() != "files") {
      found += line.exact_hits() + line.loose_hits();
    }
  }
  if (found > 0) return base::OkStatus();
  return base::Internal(
      "the search does not find the person in {}, which holds them: it would prove nothing", store);
}

std::string CertificateText(const ErasureFacts& facts) {
  const ErasureRecord& erasure = facts.erasure;
  std::string text = fmt::format(
      "{}\nerasure {}\nledger {} number {}\nkind {}\nbegun {}\nsearched {}\n", kTitle,
      crypto::ToHex(erasure.id), crypto::ToHex(facts.ledger_id), erasure.sequence,
      privacy::v1::Subject_IsValid(erasure.person.subject)
          ? privacy::v1::Subject_Name(static_cast<privacy::v1::Subject>(erasure.person.subject))
          : "UNKNOWN",
      base::FormatInstant(erasure.begun), base::FormatInstant(facts.searched_at));
  text += erasure.person.subject_ref.empty()
              ? "key: the person had none\n"
              : fmt::format("key: dropped; the keyring is at epoch {}\n", facts.keyring_epoch);
  if (erasure.person.rectified) {
    text += "rectified: where the person's name stood, the correct one stands instead\n";
  }
  for (const v1::ErasureLine& line : facts.cleared) {
    text += fmt::format("cleared {}.{} {}\n", line.record(), line.field(), line.count());
  }
  if (facts.repeated) {
    text += "before: see the first certificate of this erasure; this is a later search\n";
  } else if (facts.control) {
    for (const v1::SearchLine& line : *facts.control) AddSearch(text, "before", line);
  } else {
    text += "before: not known, the erasure was interrupted and finished later\n";
  }
  for (const v1::SearchLine& line : facts.searched) AddSearch(text, "after", line);
  AddBackups(text, facts);
  for (const std::string& limit : facts.limits) text += fmt::format("limit: {}\n", limit);
  return text + Verdict(facts);
}

base::StatusOr<Certificate> ParseCertificate(std::string_view text) {
  const auto id = Line(text, "erasure ");
  const auto verdict = Line(text, "verdict: ");
  if (!text.starts_with(kTitle) || !id || !verdict || id->size() != 2 * kErasureIdBytes ||
      !crypto::FromHex(*id).ok()) {
    return base::InvalidArgument("this is not the certificate of an erasure ({})", kTitle);
  }
  Certificate certificate;
  certificate.erasure_id = *id;
  certificate.clean = verdict->starts_with("clean");
  certificate.control = Line(text, "before \"").has_value();
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::uint64_t number = 0;
    if (!line.starts_with("backup ") || line.find(": remains") == line.npos) continue;
    const auto parsed = std::from_chars(line.data() + 7, line.data() + line.size(), number);
    if (parsed.ec == std::errc()) certificate.remaining_backups.push_back(number);
  }
  return certificate;
}

}  // namespace belgrand::compliance
